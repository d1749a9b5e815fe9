with
pupils as (
    select
        *,
        origin as part
    from {{ ref('int_education__grade9_pupils') }}
    where origin in ('danish', 'western', 'non_western')
),

-- Completed in year t (F) out of those in 9th grade on 1 October of year t - 1 (B): the same school year.
school_years as (
    select
        completed.municipality_code,
        completed.year,
        completed.sex,
        completed.part,
        completed.pupils as completed,
        enrolled.pupils as enrolled,
        list_sort(list_distinct([completed.load_id, enrolled.load_id])) as load_ids
    from pupils as completed
    inner join pupils as enrolled
        on
            completed.municipality_code = enrolled.municipality_code
            and cast(completed.year as integer) = cast(enrolled.year as integer) + 1
            and completed.sex = enrolled.sex
            and completed.part = enrolled.part
    where completed.pupil_status_code = 'F' and enrolled.pupil_status_code = 'B'
),

final as (
    {{ count_rows(
        'school_years', 'grade9_completion', 'completed', 'enrolled', ['UDDAKT20'], age_group="'total'"
    ) }}
)

select * from final
