{%- set series_keys = [
    'municipality_code', 'indicator_id', 'sex', 'age_group', 'target_group', 'reference_group',
] -%}
{%- set change_keys = [
    'municipality_code', 'indicator_id', 'sex', 'age_group', 'group_id', 'period', 'baseline_period',
] -%}

with
gaps as (
    select * from {{ ref('gaps') }}
    where subarea_code = 'total' and value_status = 'observed'
),

age_effects as (
    select * from {{ ref('int_gap__age_effects') }}
),

series as (
    select * from {{ ref('int_series') }}
    where subarea_code = 'total'
),

group_strata as (
    select * from {{ ref('int_gap__group_strata') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

sexes as (
    {{ sex_strata() }}
),

-- Gaps whose source has age bands.
with_effects as (
    select
        gaps.*,
        series.segment,
        age_effects.age_groups,
        age_effects.age_groups_reversed,
        age_effects.rate_effect as level_rate_effect,
        age_effects.composition_effect as level_composition_effect,
        age_effects.is_reversed_within_ages,
        if(indicators.higher_is_better, 1, -1) as direction
    from gaps
    inner join indicators on gaps.indicator_id = indicators.indicator_id
    inner join age_effects
        on
            gaps.period = age_effects.period
            {% for key in series_keys -%}
            and gaps.{{ key }} = age_effects.{{ key }}
            {% endfor %}
    left join series
        on
            gaps.municipality_code = series.municipality_code
            and gaps.indicator_id = series.indicator_id
            and gaps.period = series.period
),

-- Each with the first observed period since the last break.
with_baseline as (
    select
        *,
        first(period) over segment_periods as baseline_period,
        first(gap_pp) over segment_periods as baseline_gap_pp
    from with_effects
    window
        segment_periods as (
            partition by
                municipality_code,
                indicator_id,
                sex,
                age_group,
                target_group,
                reference_group,
                segment
            order by period_start
        )
),

changes as (
    {% for group in ['target_group', 'reference_group'] -%}
    select
        municipality_code,
        indicator_id,
        sex,
        age_group,
        {{ group }} as group_id,
        period,
        baseline_period
    from with_baseline
    {% if not loop.last %}
    union
    {% endif -%}
    {% endfor %}
),

-- One group twice: first at the baseline, second now. No standard population takes part.
strata_to_compare as (
    select
        changes.*,
        sexes.stratum_sex,
        now.age_from,
        baseline.numerator as first_numerator,
        baseline.denominator as first_denominator,
        now.numerator as second_numerator,
        now.denominator as second_denominator,
        cast(0 as double) as standard_persons,
        baseline.has_missing or now.has_missing as has_missing
    from changes
    inner join sexes on changes.sex = sexes.sex
    inner join group_strata as now
        on
            changes.municipality_code = now.municipality_code
            and changes.indicator_id = now.indicator_id
            and changes.period = now.period
            and changes.age_group = now.age_group
            and changes.group_id = now.group_id
            and sexes.stratum_sex = now.sex
    inner join group_strata as baseline
        on
            changes.municipality_code = baseline.municipality_code
            and changes.indicator_id = baseline.indicator_id
            and changes.baseline_period = baseline.period
            and changes.age_group = baseline.age_group
            and changes.group_id = baseline.group_id
            and sexes.stratum_sex = baseline.sex
            and now.age_from = baseline.age_from
),

merged_strata as (
    {{ merge_strata('strata_to_compare', change_keys) }}
),

group_effects as (
    {{ strata_effects('merged_strata', change_keys) }}
),

-- The gap falls by what the target group gains on the reference group.
with_changes as (
    select
        with_baseline.*,
        100 * with_baseline.level_rate_effect as level_rate_effect_pp,
        100 * with_baseline.level_composition_effect as level_composition_effect_pp,
        with_baseline.gap_pp - with_baseline.baseline_gap_pp as gap_change_pp,
        100 * with_baseline.direction
        * (reference_effects.rate_effect - target_effects.rate_effect) as rate_effect_pp,
        100 * with_baseline.direction
        * (reference_effects.composition_effect - target_effects.composition_effect) as composition_effect_pp,
        100 * target_effects.rate_effect as target_rate_effect_pp,
        100 * target_effects.composition_effect as target_composition_effect_pp,
        100 * reference_effects.rate_effect as reference_rate_effect_pp,
        100 * reference_effects.composition_effect as reference_composition_effect_pp
    from with_baseline
    {% for side in ['target', 'reference'] -%}
    left join group_effects as {{ side }}_effects
        on
            with_baseline.{{ side }}_group = {{ side }}_effects.group_id
            {% for key in change_keys if key != 'group_id' -%}
            and with_baseline.{{ key }} = {{ side }}_effects.{{ key }}
            {% endfor %}
    {% endfor %}
),

final as (
    select
        focus_area,
        indicator_id,
        municipality_code,
        municipality_name,
        period,
        period_start,
        frequency,
        sex,
        age_group,
        target_group,
        reference_group,
        baseline_period,
        gap_pp,
        standardised_gap_pp,
        level_rate_effect_pp,
        level_composition_effect_pp,
        baseline_gap_pp,
        gap_change_pp,
        rate_effect_pp,
        composition_effect_pp,
        target_rate_effect_pp,
        target_composition_effect_pp,
        reference_rate_effect_pp,
        reference_composition_effect_pp,
        age_groups,
        age_groups_reversed,
        is_reversed_within_ages,
        is_series_break,
        usage_warnings,
        data_origin
    from with_changes
)

select * from final
