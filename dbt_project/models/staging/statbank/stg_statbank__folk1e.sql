with
source as (
    {{ corrected('folk1e') }}
),

final as (
    select
        load_id,
        "OMRÅDE" as published_area_code,
        "KØN" as published_sex_code,
        alder as published_age_code,
        herkomst as published_origin_code,
        tid as quarter,
        cast(indhold as bigint) as persons
    from source
)

select * from final
