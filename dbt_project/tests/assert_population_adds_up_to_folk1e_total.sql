-- The five groups are FOLK1E's own total, per area and quarter, as far as no count of the row is missing.
with
population as (
    select * from {{ ref('int_population__by_origin') }}
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'folk1e'
),

published as (
    select * from {{ ref('stg_statbank__folk1e') }}
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_sex_code': 'KØN', 'published_age_code': 'ALDER',
        'published_origin_code': 'HERKOMST',
    }) }}
),

sums as (
    select
        municipality_code,
        quarter,
        sum(persons) as persons,
        bool_or(persons is null) as has_missing
    from population
    group by all
),

totals as (
    select
        quarter,
        persons,
        area_code as municipality_code,
        persons is null as has_missing
    from decoded
    where sex_code = 'TOT' and age_code = 'IALT' and origin_code = 'TOT'
),

final as (
    select
        sums.persons as sum_of_groups,
        totals.persons as published_total,
        coalesce(sums.municipality_code, totals.municipality_code) as municipality_code,
        coalesce(sums.quarter, totals.quarter) as quarter
    from sums
    full outer join totals
        on sums.municipality_code = totals.municipality_code and sums.quarter = totals.quarter
    where
        not coalesce(sums.has_missing, false)
        and not coalesce(totals.has_missing, false)
        and coalesce(sums.persons, 0) <> coalesce(totals.persons, 0)
)

select * from final
