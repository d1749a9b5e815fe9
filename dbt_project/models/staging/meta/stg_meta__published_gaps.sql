with
source as (
    select * from {{ source('meta', 'published_gaps') }}
),

final as (
    select
        release_id,
        indicator_id,
        municipality_code,
        subarea_code,
        period,
        sex,
        age_group,
        target_group,
        reference_group,
        value_status,
        data_origin,
        cast(load_ids as varchar[]) as load_ids,
        cast(target_rate_pct as double) as target_rate_pct,
        cast(reference_rate_pct as double) as reference_rate_pct,
        cast(gap_pp as double) as gap_pp,
        cast(standardised_gap_pp as double) as standardised_gap_pp
    from source
)

select * from final
