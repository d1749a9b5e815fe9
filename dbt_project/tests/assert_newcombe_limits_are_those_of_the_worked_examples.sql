-- The table of the methods page: Newcombe 1998, method 10, four digits. Swapping the groups gives
-- (-high, -low).
with
examples (events_1, persons_1, events_2, persons_2, expected_low, expected_high) as (
    values
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (48, 80, 56, 70, -0.3339, -0.0524)
),

rates as (
    select
        *,
        events_1 / persons_1 as rate_1,
        events_2 / persons_2 as rate_2,
        {{ wilson_low('events_1', 'persons_1') }} as low_1,
        {{ wilson_high('events_1', 'persons_1') }} as high_1,
        {{ wilson_low('events_2', 'persons_2') }} as low_2,
        {{ wilson_high('events_2', 'persons_2') }} as high_2
    from examples
),

computed as (
    select
        *,
        {{ newcombe_low('rate_1', 'low_1', 'rate_2', 'high_2') }} as low,
        {{ newcombe_high('rate_1', 'high_1', 'rate_2', 'low_2') }} as high
    from rates
),

final as (
    select * from computed
    where
        low is null
        or high is null
        or abs(low - expected_low) > 0.00005
        or abs(high - expected_high) > 0.00005
)

select * from final
