-- Nothing observed without numbers, nothing else with one. The dissimilarity index has no rates; a ratio to a
-- rate of 0 and a standardised gap may be missing.
with
gaps as (
    select * from {{ ref('gaps') }}
),

counted as (
    select
        *,
        list_count([
            target_numerator,
            target_denominator,
            target_rate_pct,
            target_low_pct,
            target_high_pct,
            reference_numerator,
            reference_denominator,
            reference_rate_pct,
            reference_low_pct,
            reference_high_pct,
            gap_low_pp,
            gap_high_pp,
            persons_to_parity
        ]) as needed_numbers,
        list_count([gap_pp, rate_ratio, standardised_gap_pp]) as other_numbers
    from gaps
),

judged as (
    select
        *,
        value_status = 'observed' and (
            gap_pp is null
            or data_origin is null
            or (indicator_id <> 'residential_dissimilarity' and (needed_numbers < 13 or is_clear is null))
        ) as lacks_numbers,
        value_status <> 'observed' and (
            needed_numbers > 0 or other_numbers > 0 or is_clear is not null
        ) as has_numbers_too_many
    from counted
),

final as (
    select
        indicator_id,
        municipality_code,
        subarea_code,
        period,
        sex,
        age_group,
        target_group,
        reference_group,
        value_status,
        target_numerator,
        target_denominator,
        reference_numerator,
        reference_denominator,
        gap_pp,
        needed_numbers,
        lacks_numbers,
        has_numbers_too_many
    from judged
    where lacks_numbers or has_numbers_too_many
)

select * from final
