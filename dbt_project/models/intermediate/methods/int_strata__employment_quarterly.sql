with
band_counts as (
    select * from {{ ref('int_employment__quarterly_band_counts') }}
),

age_groups as (
    {{ working_age_bands() }}
),

final as (
    select
        band_counts.municipality_code,
        'employment_rate_quarterly' as indicator_id,
        band_counts.quarter as period,
        {{ quarter_start('band_counts.quarter') }} as period_start,
        band_counts.sex,
        age_groups.age_group,
        band_counts.age_band,
        {{ age_from('band_counts.age_band') }} as age_from,
        band_counts.part,
        cast(band_counts.employed as double) as numerator,
        cast(band_counts.population as double) as denominator,
        band_counts.has_missing
    from band_counts
    inner join age_groups on band_counts.age_band = age_groups.age_code
)

select * from final
