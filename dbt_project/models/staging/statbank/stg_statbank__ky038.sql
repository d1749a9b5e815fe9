with
source as (
    {{ corrected('ky038') }}
),

final as (
    select
        load_id,
        "OMRÅDE" as published_area_code,
        ydelsestype as published_benefit_code,
        herkomst1 as published_origin_code,
        herkomst as published_ancestry_code,
        tid as year,
        cast(indhold as double) as full_year_recipients
    from source
)

select * from final
