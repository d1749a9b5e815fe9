with
origin_groups as (
    select * from {{ ref('origin_groups') }}
),

final as (
    select
        group_id,
        label_da,
        label_en,
        definition_da,
        definition_en,
        role as group_role,
        cast(sort_order as integer) as sort_order
    from origin_groups
)

select * from final
