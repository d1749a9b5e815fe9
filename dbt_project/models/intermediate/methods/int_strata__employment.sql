with
band_counts as (
    select * from {{ ref('int_employment__band_counts') }}
),

age_groups as (
    {{ working_age_bands() }}
),

-- One numerator and denominator an indicator, the same as in its counts model.
indicator_counts as (
    select
        *,
        'employment_rate' as indicator_id,
        employed as numerator,
        population as denominator
    from band_counts
    union all
    select
        *,
        'unemployment_share' as indicator_id,
        unemployed as numerator,
        employed + unemployed as denominator
    from band_counts
    union all
    select
        *,
        'outside_labour_force' as indicator_id,
        outside as numerator,
        population as denominator
    from band_counts
),

final as (
    select
        indicator_counts.municipality_code,
        indicator_counts.indicator_id,
        indicator_counts.year as period,
        {{ year_start('indicator_counts.year') }} as period_start,
        indicator_counts.sex,
        age_groups.age_group,
        indicator_counts.age_band,
        {{ age_from('indicator_counts.age_band') }} as age_from,
        indicator_counts.part,
        cast(indicator_counts.numerator as double) as numerator,
        cast(indicator_counts.denominator as double) as denominator,
        indicator_counts.has_missing
    from indicator_counts
    inner join age_groups on indicator_counts.age_band = age_groups.age_code
    where indicator_counts.indicator_id = 'employment_rate' or age_groups.age_group = '16-64'
)

select * from final
