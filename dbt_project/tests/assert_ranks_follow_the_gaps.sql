-- Rank 1 has the smallest gap, few persons take no rank, and the quartiles are in order.
with
comparison as (
    select * from {{ ref('peer_comparison') }}
),

placed as (
    select
        indicator_id,
        period,
        sex,
        age_group,
        target_group,
        reference_group,
        municipality_code,
        gap_pp,
        rank,
        ranked_of,
        quartile_1_pp,
        median_pp,
        quartile_3_pp,
        peer_group,
        peer_median_pp,
        usage_warnings,
        count(*) filter (where rank is not null) over comparable as places,
        min(gap_pp) filter (where rank is not null) over comparable as smallest_gap_pp
    from comparison
    window
        comparable as (
            partition by indicator_id, period, sex, age_group, target_group, reference_group
        )
),

final as (
    select * from placed
    where
        (rank is null) <> list_contains(usage_warnings, 'small_base')
        or ranked_of <> places
        or rank > ranked_of
        or (rank = 1) <> (gap_pp = smallest_gap_pp)
        or quartile_1_pp > median_pp
        or median_pp > quartile_3_pp
        or (peer_median_pp is not null and peer_group is null)
)

select * from final
