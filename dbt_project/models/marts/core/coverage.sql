with
indicators as (
    select * from {{ ref('dim_indicator') }}
),

areas as (
    select * from {{ ref('dim_municipality') }}
    where area_level in ('country', 'region', 'municipality')
),

gaps as (
    select * from {{ ref('gaps') }}
),

source_periods as (
    select * from {{ ref('int_coverage__source_periods') }}
),

delivered as (
    select * from {{ ref('int_coverage__delivered') }}
),

area_periods as (
    select
        indicator_id,
        municipality_code,
        period,
        bool_or(value_status = 'observed') as is_observed,
        -- The reason that says most of why a figure is not there goes first.
        arg_min(value_status, list_position({{ statuses_by_weight() }}, value_status)) as value_status
    from gaps
    group by all
),

area_statuses as (
    select
        indicator_id,
        municipality_code,
        arg_min(value_status, list_position({{ statuses_by_weight() }}, value_status)) as value_status
    from area_periods
    group by all
),

periods as (
    select
        indicators.indicator_id,
        areas.municipality_code,
        source_periods.period,
        source_periods.period_start,
        coalesce(area_periods.is_observed, false) as is_observed
    from indicators
    cross join areas
    -- A period without such an area (a merged municipality, a region to come) is not missing there.
    inner join source_periods
        on
            indicators.indicator_id = source_periods.indicator_id
            and {{ area_existed('areas', 'source_periods.period_start') }}
    left join area_periods
        on
            indicators.indicator_id = area_periods.indicator_id
            and areas.municipality_code = area_periods.municipality_code
            and source_periods.period = area_periods.period
),

period_lists as (
    select
        indicator_id,
        municipality_code,
        cast(count(*) filter (where is_observed) as integer) as periods_present,
        arg_min(period, (period_start, period)) filter (where is_observed) as first_period,
        arg_max(period, (period_start, period)) filter (where is_observed) as last_period,
        coalesce(
            list(period order by period_start, period) filter (where not is_observed), []
        ) as periods_missing
    from periods
    group by all
),

statuses as (
    select
        indicators.indicator_id,
        indicators.focus_area,
        indicators.measurability,
        indicators.reason_da,
        indicators.reason_en,
        areas.municipality_code,
        areas.valid_to,
        case
            when area_statuses.value_status is not null then area_statuses.value_status
            when indicators.measurability in ('not_permitted', 'under_development')
                then indicators.measurability
            when delivered.is_own_data and areas.is_focus_municipality then 'not_delivered'
            when delivered.is_own_data then 'not_collected'
            when not delivered.is_delivered then 'not_delivered'
            when areas.area_level <> 'municipality' and not delivered.has_regions then 'not_collected'
            when list_contains(delivered.areas_left_out, areas.municipality_code) then 'not_collected'
            else 'not_delivered'
        end as value_status
    from indicators
    cross join areas
    inner join delivered on indicators.indicator_id = delivered.indicator_id
    left join area_statuses
        on
            indicators.indicator_id = area_statuses.indicator_id
            and areas.municipality_code = area_statuses.municipality_code
),

reasons as (
    {{ coverage_reasons() }}
),

explained as (
    select
        statuses.*,
        period_lists.first_period,
        period_lists.last_period,
        reasons.reason_da as status_reason_da,
        reasons.reason_en as status_reason_en,
        coalesce(period_lists.periods_present, 0) as periods_present,
        coalesce(period_lists.periods_missing, []) as periods_missing,
        statuses.value_status <> 'observed'
        or statuses.measurability <> 'measured' as has_reason_of_indicator,
        statuses.value_status = 'observed' and len(period_lists.periods_missing) > 0 as has_periods_missing
    from statuses
    left join period_lists
        on
            statuses.indicator_id = period_lists.indicator_id
            and statuses.municipality_code = period_lists.municipality_code
    left join reasons on statuses.value_status = reasons.value_status
),

final as (
    select
        indicator_id,
        focus_area,
        municipality_code,
        measurability,
        value_status,
        first_period,
        last_period,
        periods_present,
        periods_missing,
        nullif(concat_ws(
            ' ',
            status_reason_da,
            if(has_reason_of_indicator, reason_da, null),
            if(has_periods_missing, {{ periods_missing_reason('da') }}, null),
            {{ area_ended_reason('da') }}
        ), '') as reason_da,
        nullif(concat_ws(
            ' ',
            status_reason_en,
            if(has_reason_of_indicator, reason_en, null),
            if(has_periods_missing, {{ periods_missing_reason('en') }}, null),
            {{ area_ended_reason('en') }}
        ), '') as reason_en
    from explained
)

select * from final
