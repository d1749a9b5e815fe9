with
status_counts as (
    select * from {{ ref('int_employment__status_counts') }}
),

final as (
    select
        municipality_code,
        'total' as subarea_code,
        'total' as subarea_name,
        'employment_rate' as indicator_id,
        year as period,
        {{ year_start('year') }} as period_start,
        'year' as frequency,
        sex,
        age_group,
        part,
        cast(employed as double) as numerator,
        cast(population as double) as denominator,
        has_missing,
        false as is_provisional,
        false as is_series_break,
        cast([] as varchar[]) as usage_warnings,
        ['RAS201'] as source_tables,
        load_ids
    from status_counts
)

select * from final
