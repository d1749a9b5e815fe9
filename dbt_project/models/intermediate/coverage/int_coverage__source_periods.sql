with
gaps as (
    select * from {{ ref('gaps') }}
),

recipients as (
    select * from {{ ref('int_benefits__recipients') }}
),

polling_areas as (
    select * from {{ ref('int_elections__polling_areas') }}
    where municipality_code is not null
),

published as (
    select
        indicator_id,
        period,
        any_value(period_start) as period_start,
        any_value(frequency) as frequency
    from gaps
    group by indicator_id, period
),

-- What a source has, though no gap could be made of it: a year without four quarters of population, an
-- election whose areas have no background figures.
unused as (
    select distinct
        'cash_benefit_share' as indicator_id,
        year as period,
        {{ year_start('year') }} as period_start,
        'year' as frequency
    from recipients
    union all
    select distinct
        'turnout_by_area' as indicator_id,
        election_id as period,
        election_date as period_start,
        'election' as frequency
    from polling_areas
),

known as (
    select * from published
    union by name
    select * from unused
),

spans as (
    select
        indicator_id,
        frequency,
        min(period_start) as first_start,
        max(period_start) as last_start
    from known
    where frequency in ('year', 'quarter')
    group by all
),

-- No year and no quarter between the first and the last is passed over.
in_between as (
    select
        indicator_id,
        frequency,
        cast(
            unnest(generate_series(
                first_start,
                last_start,
                if(frequency = 'quarter', interval 3 month, interval 1 year)
            )) as date
        ) as period_start
    from spans
),

named as (
    select
        indicator_id,
        if(
            frequency = 'quarter',
            strftime(period_start, '%Y') || 'K' || quarter(period_start),
            strftime(period_start, '%Y')
        ) as period,
        period_start,
        frequency
    from in_between
),

final as (
    select * from known
    union by name
    select * from named
)

select * from final
