with
counts as (
    select * from {{ ref('int_gap__counts') }}
),

periods as (
    select
        municipality_code,
        subarea_code,
        indicator_id,
        {{ election_kind('period') }} as series_kind,
        period,
        min(period_start) as period_start,
        coalesce(bool_or(is_series_break), false) as is_series_break
    from counts
    group by all
),

-- A break that the first period of a series carries lies before everything: there is nothing to compare with.
final as (
    select
        municipality_code,
        subarea_code,
        indicator_id,
        series_kind,
        period,
        cast(1 + count_if(is_series_break) over series_so_far as integer) as segment,
        is_series_break,
        period_start
    from periods
    window
        series_so_far as (
            partition by municipality_code, subarea_code, indicator_id, series_kind
            order by period_start
            rows between unbounded preceding and current row
        )
)

select * from final
