-- In every row with numbers the reference group `others` is Danish origin plus western, person for person.
with
gaps as (
    select * from {{ ref('gaps') }}
    where reference_group = 'others' and value_status = 'observed' and reference_denominator is not null
),

parts as (
    select * from {{ ref('int_gap__counts') }}
    where part in ('danish', 'western')
),

others as (
    select
        municipality_code,
        subarea_code,
        indicator_id,
        period,
        sex,
        age_group,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from parts
    group by all
),

final as (
    select
        gaps.indicator_id,
        gaps.municipality_code,
        gaps.subarea_code,
        gaps.period,
        gaps.sex,
        gaps.age_group,
        gaps.target_group,
        gaps.reference_numerator,
        others.numerator,
        gaps.reference_denominator,
        others.denominator
    from gaps
    inner join others
        on
            gaps.municipality_code = others.municipality_code
            and gaps.subarea_code = others.subarea_code
            and gaps.indicator_id = others.indicator_id
            and gaps.period = others.period
            and gaps.sex = others.sex
            and gaps.age_group = others.age_group
    where
        abs(gaps.reference_numerator - others.numerator) > 0.000001
        or abs(gaps.reference_denominator - others.denominator) > 0.000001
        or others.denominator is null
)

select * from final
