with
source as (
    {{ corrected('folk1c') }}
),

final as (
    select
        load_id,
        "OMRÅDE" as published_area_code,
        "KØN" as published_sex_code,
        alder as published_age_code,
        herkomst as published_ancestry_code,
        ieland as published_country_code,
        tid as quarter,
        cast(indhold as bigint) as persons
    from source
)

select * from final
