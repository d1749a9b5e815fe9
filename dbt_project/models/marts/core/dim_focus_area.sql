with
focus_areas as (
    select * from {{ ref('focus_areas') }}
),

final as (
    select
        focus_area,
        label_da,
        label_en,
        description_da,
        description_en,
        cast(sort_order as integer) as sort_order
    from focus_areas
)

select * from final
