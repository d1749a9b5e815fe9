-- Kitagawa's parts sum to the gap and to its change. The parts come from counts by age band, the gap from
-- published totals: where a source rounds averages (KAS201) those differ, and so may the sums, by as much.
-- How far they differ is held by assert_strata_sum_to_the_counts.
with
decomposition as (
    select * from {{ ref('gap_decomposition') }}
),

age_effects as (
    select
        municipality_code,
        indicator_id,
        period,
        sex,
        age_group,
        target_group,
        reference_group,
        100 * strata_gap as strata_gap_pp
    from {{ ref('int_gap__age_effects') }}
),

compared as (
    select
        decomposition.municipality_code,
        decomposition.indicator_id,
        decomposition.period,
        decomposition.baseline_period,
        decomposition.sex,
        decomposition.age_group,
        decomposition.target_group,
        decomposition.reference_group,
        decomposition.gap_pp,
        decomposition.level_rate_effect_pp,
        decomposition.level_composition_effect_pp,
        decomposition.baseline_gap_pp,
        decomposition.gap_change_pp,
        decomposition.rate_effect_pp,
        decomposition.composition_effect_pp,
        abs(decomposition.gap_pp - age_effects.strata_gap_pp) as rounding_now,
        abs(decomposition.baseline_gap_pp - baseline_effects.strata_gap_pp) as rounding_then
    from decomposition
    inner join age_effects
        on
            decomposition.municipality_code = age_effects.municipality_code
            and decomposition.indicator_id = age_effects.indicator_id
            and decomposition.period = age_effects.period
            and decomposition.sex = age_effects.sex
            and decomposition.age_group = age_effects.age_group
            and decomposition.target_group = age_effects.target_group
            and decomposition.reference_group = age_effects.reference_group
    inner join age_effects as baseline_effects
        on
            decomposition.municipality_code = baseline_effects.municipality_code
            and decomposition.indicator_id = baseline_effects.indicator_id
            and decomposition.baseline_period = baseline_effects.period
            and decomposition.sex = baseline_effects.sex
            and decomposition.age_group = baseline_effects.age_group
            and decomposition.target_group = baseline_effects.target_group
            and decomposition.reference_group = baseline_effects.reference_group
),

final as (
    select * from compared
    where
        abs(level_rate_effect_pp + level_composition_effect_pp - gap_pp) > rounding_now + 1e-9
        or abs(rate_effect_pp + composition_effect_pp - gap_change_pp) > rounding_now + rounding_then + 1e-9
        or abs(gap_change_pp - (gap_pp - baseline_gap_pp)) > 1e-9
)

select * from final
