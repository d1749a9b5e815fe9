{%- set series_keys = [
    'municipality_code', 'indicator_id', 'sex', 'age_group', 'target_group', 'reference_group',
] -%}
{%- set target_columns = series_keys + ['baseline_period', 'reduction_pct', 'target_period'] -%}

with
targets as (
    select * from {{ ref('targets') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

gaps as (
    select * from {{ ref('gaps') }}
    where subarea_code = 'total' and value_status = 'observed'
),

series as (
    select * from {{ ref('int_series') }}
    where subarea_code = 'total'
),

reasons as (
    {{ progress_reasons() }}
),

-- The focus municipality has every indicator: one that the seed does not name for it is not set, with the age
-- group that the seed names elsewhere.
not_named as (
    select
        {{ focus_municipality() }} as municipality_code,
        indicators.indicator_id,
        'total' as sex,
        coalesce(min(targets.age_group), 'total') as age_group,
        'non_western' as target_group,
        'others' as reference_group,
        cast(null as varchar) as baseline_period,
        cast(null as double) as reduction_pct,
        cast(null as varchar) as target_period
    from indicators
    left join targets on indicators.indicator_id = targets.indicator_id
    group by indicators.indicator_id
    having not coalesce(bool_or(targets.municipality_code = {{ focus_municipality() }}), false)
),

all_targets as (
    select {{ target_columns | join(', ') }} from targets
    union all
    select {{ target_columns | join(', ') }} from not_named
),

written as (
    select
        targets.municipality_code,
        targets.indicator_id,
        targets.sex,
        targets.age_group,
        targets.target_group,
        targets.reference_group,
        targets.reduction_pct,
        indicators.focus_area,
        indicators.measurability,
        nullif(targets.baseline_period, '') as written_baseline_period,
        nullif(targets.target_period, '') as target_period,
        {{ first_day_of_period('targets.target_period') }} as target_day
    from all_targets as targets
    inner join indicators on targets.indicator_id = indicators.indicator_id
),

with_segment as (
    select
        gaps.*,
        coalesce(series.segment, 1) as segment,
        {{ election_kind('gaps.period') }} as series_kind,
        coalesce({{ first_day_of_period('gaps.period') }}, gaps.period_start) as period_day
    from gaps
    left join series
        on
            gaps.municipality_code = series.municipality_code
            and gaps.indicator_id = series.indicator_id
            and gaps.period = series.period
),

observed as (
    select
        *,
        last(series_kind) over whole_series as latest_kind
    from with_segment
    window
        whole_series as (
            partition by {{ series_keys | join(', ') }}
            order by period_start
            rows between unbounded preceding and unbounded following
        )
),

-- Local and general elections are series of their own; a target belongs to the kind it names, or the latest.
of_target as (
    select
        observed.*,
        written.written_baseline_period
    from written
    inner join observed
        on
            written.municipality_code = observed.municipality_code
            {% for key in series_keys if key != 'municipality_code' -%}
            and written.{{ key }} = observed.{{ key }}
            {% endfor -%}
            and coalesce(
                nullif({{ election_kind('written.written_baseline_period') }}, ''),
                nullif({{ election_kind('written.target_period') }}, ''),
                observed.latest_kind
            ) = observed.series_kind
),

latest as (
    select * from of_target
    qualify row_number() over (partition by {{ series_keys | join(', ') }} order by period_start desc) = 1
),

candidates as (
    select
        of_target.*,
        latest.segment as latest_segment
    from of_target
    inner join latest
        on
            of_target.municipality_code = latest.municipality_code
            {% for key in series_keys if key != 'municipality_code' -%}
            and of_target.{{ key }} = latest.{{ key }}
            {% endfor %}
),

-- What the target names; if it names nothing, the first observed period since the last break.
baselines as (
    select * from candidates
    where if(written_baseline_period is null, segment = latest_segment, period = written_baseline_period)
    qualify row_number() over (partition by {{ series_keys | join(', ') }} order by period_start) = 1
),

judged as (
    select
        written.*,
        coalesce(written.written_baseline_period, baselines.period) as baseline_period,
        baselines.gap_pp as baseline_gap_pp,
        baselines.period_day as baseline_day,
        latest.period as latest_period,
        latest.gap_pp as latest_gap_pp,
        latest.period_day as latest_day,
        coalesce(baselines.segment = latest.segment, false) as is_comparable,
        coalesce(baselines.gap_low_pp > 0, false) as has_clear_baseline,
        latest.gap_pp - baselines.gap_pp as change_pp,
        {{ change_low('latest.gap_pp', 'latest.gap_low_pp', 'baselines.gap_pp', 'baselines.gap_high_pp') }}
            as change_low_pp,
        {{ change_high('latest.gap_pp', 'latest.gap_high_pp', 'baselines.gap_pp', 'baselines.gap_low_pp') }}
            as change_high_pp,
        baselines.gap_pp * (1 - written.reduction_pct / 100) as target_gap_pp,
        -baselines.gap_pp * written.reduction_pct / 100
        * {{ share_due('latest.period_day', 'baselines.period_day', 'written.target_day') }} as change_due_pp
    from written
    left join latest
        on
            written.municipality_code = latest.municipality_code
            {% for key in series_keys if key != 'municipality_code' -%}
            and written.{{ key }} = latest.{{ key }}
            {% endfor %}
    left join baselines
        on
            written.municipality_code = baselines.municipality_code
            {% for key in series_keys if key != 'municipality_code' -%}
            and written.{{ key }} = baselines.{{ key }}
            {% endfor %}
),

-- The first obstacle that applies; null where the target can be judged.
with_obstacle as (
    select
        *,
        case
            when reduction_pct is null or target_period is null then 'not_set'
            when measurability = 'not_permitted' then 'not_permitted'
            when latest_period is null then 'nothing_observed'
            when baseline_gap_pp is null then 'baseline_not_observed'
            when not is_comparable then 'across_a_break'
            when change_low_pp is null or change_high_pp is null then 'no_interval'
            when not has_clear_baseline then 'baseline_not_clear'
            when target_day is null or target_day <= baseline_day then 'target_period_unusable'
            when latest_day <= baseline_day then 'no_later_period'
        end as obstacle,
        {{ progress_status(
            'change_pp', 'change_low_pp', 'change_high_pp', 'latest_gap_pp', 'target_gap_pp', 'change_due_pp'
        ) }} as judgement
    from judged
),

with_reason as (
    select
        *,
        case
            when obstacle is not null then obstacle
            when judgement = 'no_clear_change' and change_high_pp < 0 then 'narrowed_less_than_planned'
            else judgement
        end as reason_id,
        case
            when obstacle = 'not_set' then 'not_set'
            when obstacle is not null then 'not_measurable'
            else judgement
        end as status
    from with_obstacle
),

-- A reduction of a gap that is not clearly there, or across a break, is not a number.
with_achievement as (
    select
        with_reason.*,
        reasons.reason_da,
        reasons.reason_en,
        if(with_reason.has_clear_baseline, with_reason.target_gap_pp, null) as defined_target_gap_pp,
        if(
            with_reason.has_clear_baseline
            and with_reason.is_comparable
            and with_reason.latest_day > with_reason.baseline_day,
            100 * (with_reason.baseline_gap_pp - with_reason.latest_gap_pp) / with_reason.baseline_gap_pp,
            null
        ) as achieved_reduction_pct
    from with_reason
    left join reasons on with_reason.reason_id = reasons.reason_id
),

final as (
    select
        indicator_id,
        focus_area,
        municipality_code,
        baseline_period,
        baseline_gap_pp,
        reduction_pct,
        target_period,
        defined_target_gap_pp as target_gap_pp,
        latest_period,
        latest_gap_pp,
        achieved_reduction_pct,
        status,
        sex,
        age_group,
        target_group,
        reference_group,
        reason_da,
        reason_en
    from with_achievement
)

select * from final
