with
source as (
    {{ corrected('ras200') }}
),

final as (
    select
        load_id,
        "OMRÅDE" as published_area_code,
        herkomst as published_origin_code,
        alder as published_age_code,
        "KØN" as published_sex_code,
        beregning as published_rate_code,
        tid as year,
        cast(indhold as double) as rate_pct
    from source
)

select * from final
