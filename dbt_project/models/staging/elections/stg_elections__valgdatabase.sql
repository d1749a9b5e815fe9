with
source as (
    {{ corrected('valgdatabase_background') }}
),

final as (
    select
        load_id,
        period,
        valgsted_id,
        municipality_code,
        group_code,
        label as published_label,
        topic,
        sex_age as published_sex_age,
        group_text as published_group_text,
        file_name,
        cast(area_number as integer) as area_number,
        cast(persons as double) as persons
    from source
)

select * from final
