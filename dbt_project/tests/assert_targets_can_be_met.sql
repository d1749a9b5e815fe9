-- A reduction lies above 0 and is at most the whole gap, and a target that has one half has both.
with
targets as (
    select * from {{ ref('targets') }}
),

final as (
    select
        municipality_code,
        indicator_id,
        reduction_pct,
        target_period
    from targets
    where
        not coalesce(reduction_pct > 0 and reduction_pct <= 100, true)
        or (reduction_pct is null) <> (coalesce(target_period, '') = '')
        or (
            coalesce(target_period, '') <> ''
            and {{ first_day_of_period('target_period') }} is null
        )
)

select * from final
