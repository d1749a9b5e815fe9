with
areas as (
    select * from {{ ref('areas') }}
),

final as (
    select
        area_code as municipality_code,
        nullif(region_code, '') as region_code,
        name_da as label_da,
        name_en as label_en,
        level as area_level,
        area_code = {{ focus_municipality() }} as is_focus_municipality,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to
    from areas
)

select * from final
