-- Where all three target groups have numbers, the whole is the sum of the two.
with
gaps as (
    select * from {{ ref('gaps') }}
    where target_denominator is not null
),

sums as (
    select
        indicator_id,
        municipality_code,
        subarea_code,
        period,
        sex,
        age_group,
        reference_group,
        count(*) as target_groups,
        sum(if(target_group = 'non_western', target_numerator, -target_numerator)) as excess_numerator,
        sum(if(target_group = 'non_western', target_denominator, -target_denominator)) as excess_denominator
    from gaps
    group by all
),

final as (
    select * from sums
    where
        target_groups = 3
        and (abs(excess_numerator) > 0.000001 or abs(excess_denominator) > 0.000001)
)

select * from final
