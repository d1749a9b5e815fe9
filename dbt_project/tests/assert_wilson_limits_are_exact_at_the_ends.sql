-- Exactly 0 without events, exactly 1 where everybody is one, and no limits where there is no proportion.
with
persons as (
    select unnest(range(1, 2000)) as persons
),

ends as (
    select
        persons,
        {{ wilson_low('0', 'persons') }} as lowest,
        {{ wilson_high('0', 'persons') }} as high_of_none,
        {{ wilson_low('persons', 'persons') }} as low_of_all,
        {{ wilson_high('persons', 'persons') }} as highest,
        {{ wilson_low('0', '0') }} as low_of_nobody,
        {{ wilson_high('null', 'persons') }} as high_of_unknown,
        {{ wilson_low('persons + 1', 'persons') }} as low_of_too_many,
        {{ wilson_high('-1', 'persons') }} as high_of_too_few
    from persons
),

final as (
    select * from ends
    where
        lowest is distinct from 0
        or highest is distinct from 1
        or high_of_none not between 0 and 1
        or low_of_all not between 0 and 1
        or low_of_nobody is not null
        or high_of_unknown is not null
        or low_of_too_many is not null
        or high_of_too_few is not null
)

select * from final
