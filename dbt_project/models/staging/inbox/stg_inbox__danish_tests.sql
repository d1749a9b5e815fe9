with
source as (
    select * from {{ source('raw', 'danish_tests') }}
),

final as (
    select
        load_id,
        year,
        municipality_code,
        origin,
        file_name,
        cast(course_takers as bigint) as course_takers,
        cast(passed_within_five_years as bigint) as passed_within_five_years
    from source
)

select * from final
