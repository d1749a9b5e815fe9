-- The sign of the gap, derived from the rates and the direction of the indicator once more.
with
gaps as (
    select * from {{ ref('gaps') }}
    where gap_pp is not null and target_rate_pct is not null
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

final as (
    select
        gaps.indicator_id,
        indicators.higher_is_better,
        gaps.municipality_code,
        gaps.subarea_code,
        gaps.period,
        gaps.sex,
        gaps.age_group,
        gaps.target_group,
        gaps.reference_group,
        gaps.target_rate_pct,
        gaps.reference_rate_pct,
        gaps.gap_pp,
        gaps.gap_low_pp,
        gaps.gap_high_pp,
        gaps.is_clear
    from gaps
    inner join indicators on gaps.indicator_id = indicators.indicator_id
    where
        abs(
            gaps.gap_pp
            - if(
                indicators.higher_is_better,
                gaps.reference_rate_pct - gaps.target_rate_pct,
                gaps.target_rate_pct - gaps.reference_rate_pct
            )
        ) > 0.000001
        or not gaps.gap_pp between gaps.gap_low_pp and gaps.gap_high_pp
        or gaps.is_clear is distinct from (not 0 between gaps.gap_low_pp and gaps.gap_high_pp)
)

select * from final
