-- RAS201 knows three labour-market statuses and no total: a fourth code would count in the population alone.
with
status_counts as (
    select * from {{ ref('int_employment__status_counts') }}
),

final as (
    select
        municipality_code,
        year,
        sex,
        age_group,
        part,
        employed,
        unemployed,
        outside,
        population
    from status_counts
    where not has_missing and employed + unemployed + outside is distinct from population
)

select * from final
