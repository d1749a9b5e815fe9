with
source as (
    {{ corrected('kas201') }}
),

final as (
    select
        load_id,
        "OMRÅDE" as published_area_code,
        socio as published_status_code,
        herkomst as published_origin_code,
        alder as published_age_code,
        "KØN" as published_sex_code,
        periode as published_part_of_year_code,
        tid as year,
        cast(indhold as bigint) as persons
    from source
)

select * from final
