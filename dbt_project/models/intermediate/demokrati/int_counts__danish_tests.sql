with
delivered as (
    select * from {{ ref('stg_inbox__danish_tests') }}
),

-- Hardly anybody of Danish origin takes these courses: `others` needs the western row, and takes the Danish
-- one where a file has it.
parts as (
    select
        municipality_code,
        year,
        if(origin = 'non_western', 'non_western', 'others') as part,
        {{ sum_known('passed_within_five_years') }} as passed,
        {{ sum_known('course_takers') }} as course_takers,
        list_sort(list(distinct load_id)) as load_ids,
        bool_or(origin in ('non_western', 'western')) as is_complete
    from delivered
    group by all
),

complete as (
    select * from parts
    where is_complete
),

final as (
    {{ count_rows(
        'complete', 'danish_tests', 'passed', 'course_takers', ['DANISH_TESTS'],
        sex="'total'", age_group="'total'"
    ) }}
)

select * from final
