with
source as (
    {{ corrected('ligeub1') }}
),

final as (
    select
        load_id,
        bopomr as published_area_code,
        herkomst as published_origin_code,
        hfudd as published_education_code,
        alder as published_age_code,
        "KØN" as published_sex_code,
        tid as year,
        cast(indhold as bigint) as persons
    from source
)

select * from final
