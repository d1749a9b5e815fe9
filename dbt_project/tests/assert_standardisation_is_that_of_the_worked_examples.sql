-- The examples of the methods page, through the macros themselves.
-- kitagawa: raw gap 0.19 = 0.10 rates + 0.09 composition; to 3000 young and 9000 old 0.725 - 0.625 = 0.10.
-- merged: nobody of the first is old, so the old join the middle: 2 of 10 and 4 of 10, 5 of 10 and 6 of 30.
-- merged_twice: no older band has persons of both, so both join the youngest; one band is left: null.
-- unknown_standard: a stratum without a weight; raw parts stay, standardised rates do not.
{%- set keys = ['example'] %}
with
strata (
    example, stratum_sex, age_from, first_numerator, first_denominator, second_numerator, second_denominator,
    standard_persons, has_missing
) as (
    values
    ('kitagawa', 'men', 16, 400.0, 1000.0, 1000.0, 2000.0, 3000.0, false),
    ('kitagawa', 'men', 40, 700.0, 1000.0, 6400.0, 8000.0, 9000.0, false),
    ('merged', 'men', 16, 2.0, 10.0, 5.0, 10.0, 10.0, false),
    ('merged', 'men', 30, 4.0, 10.0, 4.0, 10.0, 20.0, false),
    ('merged', 'men', 50, 0.0, 0.0, 2.0, 20.0, 30.0, false),
    ('merged_twice', 'men', 16, 2.0, 10.0, 5.0, 10.0, 10.0, false),
    ('merged_twice', 'men', 30, 0.0, 0.0, 4.0, 10.0, 20.0, false),
    ('merged_twice', 'men', 50, 4.0, 10.0, 0.0, 0.0, 30.0, false),
    ('unknown_standard', 'men', 16, 400.0, 1000.0, 1000.0, 2000.0, 3000.0, false),
    ('unknown_standard', 'men', 40, 700.0, 1000.0, 6400.0, 8000.0, null, false),
    ('missing', 'men', 16, 400.0, 1000.0, 1000.0, 2000.0, 3000.0, false),
    ('missing', 'men', 40, 700.0, 1000.0, null, null, 9000.0, true),
    ('one_sex_empty', 'men', 16, 400.0, 1000.0, 1000.0, 2000.0, 3000.0, false),
    ('one_sex_empty', 'men', 40, 700.0, 1000.0, 6400.0, 8000.0, 9000.0, false),
    ('one_sex_empty', 'women', 16, 0.0, 0.0, 1.0, 2.0, 2.0, false),
    ('one_sex_empty', 'women', 40, 0.0, 0.0, 1.0, 2.0, 2.0, false)
),

expected (
    example, first_standardised_rate, second_standardised_rate, rate_effect, composition_effect, strata
) as (
    values
    ('kitagawa', 0.625, 0.725, 0.10, 0.09, 2),
    (
        'merged',
        (10 * 0.2 + 50 * 0.4) / 60,
        (10 * 0.5 + 50 * 0.2) / 60,
        0.3 * (0.5 + 0.25) / 2 - 0.2 * (0.5 + 0.75) / 2,
        (0.25 - 0.5) * (0.2 + 0.5) / 2 + (0.75 - 0.5) * (0.4 + 0.2) / 2,
        2
    ),
    ('merged_twice', null, null, null, null, null),
    ('unknown_standard', null, null, 0.10, 0.09, 2),
    ('missing', null, null, null, null, null),
    ('one_sex_empty', null, null, null, null, null)
),

merged as (
    {{ merge_strata('strata', keys) }}
),

computed as (
    {{ strata_effects('merged', keys) }}
),

final as (
    select
        expected.*,
        computed.first_standardised_rate as computed_first_rate,
        computed.second_standardised_rate as computed_second_rate,
        computed.rate_effect as computed_rate_effect,
        computed.composition_effect as computed_composition_effect,
        computed.strata as computed_strata
    from expected
    left join computed on expected.example = computed.example
    where
        expected.strata is distinct from computed.strata
        {% for column in [
            'first_standardised_rate', 'second_standardised_rate', 'rate_effect', 'composition_effect',
        ] -%}
        or (expected.{{ column }} is null) <> (computed.{{ column }} is null)
        or abs(expected.{{ column }} - computed.{{ column }}) > 1e-12
        {% endfor %}
)

select * from final
