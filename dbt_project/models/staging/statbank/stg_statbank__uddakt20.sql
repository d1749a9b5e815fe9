with
source as (
    {{ corrected('uddakt20') }}
),

final as (
    select
        load_id,
        uddannelse as published_grade_code,
        alder as published_age_code,
        herkomst as published_ancestry_code,
        herkomst1 as published_origin_code,
        "KØN" as published_sex_code,
        grundskol as published_school_code,
        bopomr as published_area_code,
        fstatus as published_pupil_status_code,
        tid as year,
        cast(indhold as bigint) as pupils
    from source
)

select * from final
