-- Baseline and period lie in the same segment, wherever a change is published.
with
decomposition as (
    select
        'gap_decomposition' as object_name,
        municipality_code,
        indicator_id,
        baseline_period,
        period
    from {{ ref('gap_decomposition') }}
),

progress as (
    select
        'target_progress' as object_name,
        municipality_code,
        indicator_id,
        baseline_period,
        latest_period as period
    from {{ ref('target_progress') }}
    where
        achieved_reduction_pct is not null
        or status in ('reached', 'on_track', 'off_track', 'no_clear_change')
),

changes as (
    select * from decomposition
    union all
    select * from progress
),

series as (
    select * from {{ ref('int_series') }}
    where subarea_code = 'total'
),

final as (
    select
        changes.*,
        baseline.segment as baseline_segment,
        series.segment
    from changes
    inner join series
        on
            changes.municipality_code = series.municipality_code
            and changes.indicator_id = series.indicator_id
            and changes.period = series.period
    left join series as baseline
        on
            changes.municipality_code = baseline.municipality_code
            and changes.indicator_id = baseline.indicator_id
            and changes.baseline_period = baseline.period
    where
        baseline.segment is distinct from series.segment
        or baseline.series_kind is distinct from series.series_kind
)

select * from final
