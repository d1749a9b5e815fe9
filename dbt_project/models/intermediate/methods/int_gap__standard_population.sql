with
strata as (
    select * from {{ ref('int_gap__strata') }}
),

base_periods as (
    select
        municipality_code,
        indicator_id,
        min(period_start) as period_start
    from strata
    group by all
),

-- All origins together. A stratum with a missing count has no weight, and nothing is standardised to it.
final as (
    select
        strata.municipality_code,
        strata.indicator_id,
        strata.period as base_period,
        strata.sex,
        strata.age_group,
        strata.age_from,
        {{ sum_known('strata.denominator') }} as persons
    from strata
    inner join base_periods
        on
            strata.municipality_code = base_periods.municipality_code
            and strata.indicator_id = base_periods.indicator_id
            and strata.period_start = base_periods.period_start
    group by all
)

select * from final
