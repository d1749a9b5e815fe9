with
indicators as (
    select * from {{ ref('indicators') }}
),

final as (
    select
        indicator_id,
        focus_area,
        label_da,
        label_en,
        definition_da,
        definition_en,
        unit,
        measurability,
        frequency,
        source_da,
        source_en,
        licence,
        citation,
        cast(smallest_base as integer) as smallest_base,
        cast(sort_order as integer) as sort_order,
        cast(higher_is_better as boolean) as higher_is_better,
        nullif(reason_da, '') as reason_da,
        nullif(reason_en, '') as reason_en,
        string_split(nullif(source_tables, ''), '|') as source_tables
    from indicators
)

select * from final
