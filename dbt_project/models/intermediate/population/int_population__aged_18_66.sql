with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'folk1e'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'folk1e'
),

parts as (
    {{ origin_parts(ref('origin_codes'), 'FOLK1E') }}
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

asked_for as (
    {{ asked_for('period_owners', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_origin_code': 'HERKOMST',
    }) }}
),

-- KY038 does not tell immigrants from descendants, so neither does its population.
summed as (
    select
        decoded.load_id,
        decoded.quarter,
        decoded.area_code,
        {{ unsplit_part('parts.part') }} as part,
        sum(decoded.persons) as persons,
        bool_or(decoded.persons is null) as has_missing
    from decoded
    inner join parts on decoded.origin_code = parts.origin_code
    where decoded.sex_code = 'TOT' and try_cast(decoded.age_code as integer) between 18 and 66
    group by all
),

strata as (
    select distinct
        asked_for.load_id,
        asked_for.period as quarter,
        asked_for.area_code,
        {{ unsplit_part('parts.part') }} as part
    from asked_for
    inner join parts on asked_for.origin_code = parts.origin_code
),

-- The mean of a year needs all four quarters: fewer make no row.
final as (
    select
        strata.area_code as municipality_code,
        strata.part,
        left(strata.quarter, 4) as year,
        if(
            coalesce(bool_or(summed.has_missing), false), null, sum(coalesce(summed.persons, 0)) / 4.0
        ) as mean_persons,
        list_sort(list(distinct strata.load_id)) as load_ids
    from strata
    left join summed
        on
            strata.load_id = summed.load_id
            and strata.quarter = summed.quarter
            and strata.area_code = summed.area_code
            and strata.part = summed.part
    group by all
    having count(distinct strata.quarter) = 4
)

select * from final
