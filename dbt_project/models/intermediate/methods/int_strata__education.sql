with
level_counts as (
    select * from {{ ref('int_education__level_counts') }}
    where sex in ('men', 'women') and age_group in ({{ age_bands(25, 64) }})
),

-- Of everybody whose education is known, as in the counts model.
final as (
    select
        municipality_code,
        'qualifying_education' as indicator_id,
        year as period,
        {{ year_start('year') }} as period_start,
        sex,
        '25-64' as age_group,
        age_group as age_band,
        {{ age_from('age_group') }} as age_from,
        part,
        cast(qualifying as double) as numerator,
        cast(basic_school + preparing + qualifying as double) as denominator,
        qualifying is null or basic_school is null or preparing is null as has_missing
    from level_counts
)

select * from final
