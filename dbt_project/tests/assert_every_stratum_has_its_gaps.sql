-- What was counted is published: no focus area, indicator or municipality is lost between counts and `gaps`.
with
counts as (
    select * from {{ ref('int_gap__counts') }}
),

gaps as (
    select * from {{ ref('gaps') }}
),

final as (
    select distinct
        counts.indicator_id,
        counts.municipality_code,
        counts.subarea_code,
        counts.period,
        counts.sex,
        counts.age_group
    from counts
    anti join gaps
        on
            counts.indicator_id = gaps.indicator_id
            and counts.municipality_code = gaps.municipality_code
            and counts.subarea_code = gaps.subarea_code
            and counts.period = gaps.period
            and counts.sex = gaps.sex
            and counts.age_group = gaps.age_group
)

select * from final
