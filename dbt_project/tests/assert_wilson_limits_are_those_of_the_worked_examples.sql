-- The table of the methods page: Wilson 1927, four digits.
with
examples (events, persons, expected_low, expected_high) as (
    values
    (81, 263, 0.2553, 0.3662),
    (1, 29, 0.0061, 0.1718),
    (0, 20, 0.0000, 0.1611),
    (20, 20, 0.8389, 1.0000)
),

computed as (
    select
        *,
        {{ wilson_low('events', 'persons') }} as low,
        {{ wilson_high('events', 'persons') }} as high
    from examples
),

final as (
    select * from computed
    where
        low is null
        or high is null
        or abs(low - expected_low) > 0.00005
        or abs(high - expected_high) > 0.00005
        or low < 0
        or high > 1
)

select * from final
