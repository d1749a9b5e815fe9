with
published as (
    select * from {{ ref('stg_education__grades') }}
),

-- Origins that the cube does not split into immigrants and descendants have no ancestry.
parts as (
    select
        *,
        right(school_year, 4) as year,
        {{ origin_part('origin', "coalesce(ancestry, 'total')") }} as part
    from published
),

summed as (
    select
        municipality_code,
        year,
        part,
        {{ sum_known('passed') }} as passed,
        {{ sum_known('pupils') }} as pupils,
        list_sort(list(distinct load_id)) as load_ids
    from parts
    where part is not null
    group by all
),

final as (
    {{ count_rows(
        'summed', 'grade9_grades', 'passed', 'pupils', ['UDDANNELSESSTATISTIK'],
        sex="'total'", age_group="'total'"
    ) }}
)

select * from final
