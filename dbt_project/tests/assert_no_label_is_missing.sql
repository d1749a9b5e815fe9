-- Every label that a person reads exists in Danish and in English.
with
labels as (
    select
        'dim_municipality' as object_name,
        municipality_code as label_key,
        label_da,
        label_en
    from {{ ref('dim_municipality') }}
    union all
    select
        'dim_focus_area' as object_name,
        focus_area as label_key,
        label_da,
        label_en
    from {{ ref('dim_focus_area') }}
    union all
    select
        'dim_indicator' as object_name,
        indicator_id as label_key,
        label_da,
        label_en
    from {{ ref('dim_indicator') }}
    union all
    select
        'dim_origin_group' as object_name,
        group_id as label_key,
        label_da,
        label_en
    from {{ ref('dim_origin_group') }}
    union all
    select
        'dim_country_of_origin' as object_name,
        country_id as label_key,
        label_da,
        label_en
    from {{ ref('dim_country_of_origin') }}
    union all
    select
        'value_statuses' as object_name,
        value_status as label_key,
        label_da,
        label_en
    from {{ ref('value_statuses') }}
    union all
    select
        'usage_warnings' as object_name,
        usage_warning as label_key,
        label_da,
        label_en
    from {{ ref('usage_warnings') }}
),

final as (
    select * from labels
    where coalesce(trim(label_da), '') = '' or coalesce(trim(label_en), '') = ''
)

select * from final
