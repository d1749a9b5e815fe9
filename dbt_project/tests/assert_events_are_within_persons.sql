-- A numerator lies from 0 to its denominator: a rate above 100 % is a wrong numerator or a wrong denominator.
-- Only pupils who move in between two counts can be more than they were: such a row is published without
-- numbers.
with
counts as (
    select * from {{ ref('int_gap__counts') }}
),

final as (
    select
        indicator_id,
        municipality_code,
        subarea_code,
        period,
        sex,
        age_group,
        part,
        numerator,
        denominator
    from counts
    where
        numerator < 0
        or denominator < 0
        or (numerator > denominator and indicator_id <> 'grade9_completion')
)

select * from final
