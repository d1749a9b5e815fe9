-- `progress_status` on and beside every line between two statuses, `share_due` at the ends and half-way, and
-- a change of the methods page: 14.67 (12.86 to 16.50) to 10.00 (8.00 to 12.00) is -4.67 (-7.38 to -1.97).
with
statuses (expected, change_pp, low, high, latest_gap, target_gap, change_due) as (
    values
    ('reached', -5.0, -8.0, -0.001, 5.0, 5.0, -5.0),
    ('reached', -6.0, -8.0, -4.0, 4.0, 5.0, -5.0),
    ('no_clear_change', -5.0, -8.0, 0.0, 5.0, 5.0, -5.0),
    ('on_track', -2.5, -4.0, -1.0, 7.5, 5.0, -2.5),
    ('no_clear_change', -2.499, -4.0, -1.0, 7.501, 5.0, -2.5),
    ('no_clear_change', -2.5, -5.1, 0.1, 7.5, 5.0, -2.5),
    ('off_track', -1.0, -2.499, 0.5, 9.0, 5.0, -2.5),
    ('no_clear_change', -1.0, -2.5, 0.5, 9.0, 5.0, -2.5),
    ('off_track', -1.5, -2.0, -1.0, 8.5, 5.0, -2.5),
    ('off_track', 3.0, 0.5, 5.5, 13.0, 5.0, 0.0),
    ('no_clear_change', 0.0, -1.0, 1.0, 10.0, 5.0, 0.0)
),

judged as (
    select
        expected,
        {{ progress_status('change_pp', 'low', 'high', 'latest_gap', 'target_gap', 'change_due') }} as found
    from statuses
),

shares (expected, day_now, first_day, last_day) as (
    values
    (0.0, date '2020-01-01', date '2020-01-01', date '2024-01-01'),
    (0.0, date '2019-01-01', date '2020-01-01', date '2024-01-01'),
    (731 / 1461, date '2022-01-01', date '2020-01-01', date '2024-01-01'),
    (1.0, date '2024-01-01', date '2020-01-01', date '2024-01-01'),
    (1.0, date '2030-01-01', date '2020-01-01', date '2024-01-01'),
    (null, date '2020-01-01', date '2020-01-01', date '2020-01-01')
),

due as (
    select
        cast(expected as varchar) as expected,
        cast({{ share_due('day_now', 'first_day', 'last_day') }} as varchar) as found,
        abs(expected - {{ share_due('day_now', 'first_day', 'last_day') }}) as distance
    from shares
),

changes (expected_low, expected_high, gap, low, high, baseline, baseline_low, baseline_high) as (
    values
    (-7.38, -1.97, 10.0, 8.0, 12.0, 14.67, 12.86, 16.50)
),

final as (
    select
        expected,
        found
    from judged
    where expected <> found
    union all
    select
        expected,
        found
    from due
    where coalesce(distance, 0) > 1e-12 or (expected is null) <> (distance is null)
    union all
    select
        expected_low || ' to ' || expected_high as expected,
        {{ change_low('gap', 'low', 'baseline', 'baseline_high') }} || ' to '
        || {{ change_high('gap', 'high', 'baseline', 'baseline_low') }} as found
    from changes
    where
        abs(expected_low - ({{ change_low('gap', 'low', 'baseline', 'baseline_high') }})) > 0.005
        or abs(expected_high - ({{ change_high('gap', 'high', 'baseline', 'baseline_low') }})) > 0.005
)

select * from final
