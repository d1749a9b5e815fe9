-- No stratum is lost or counted twice: bands and sexes sum to the counts of the indicator. Averages of a
-- quarter (KAS201) may be published rounded, so there the sum of 20 strata may be off by 10 persons.
with
strata as (
    select * from {{ ref('int_gap__strata') }}
),

sexes as (
    {{ sex_strata() }}
),

all_counts as (
    select * from {{ ref('int_gap__counts') }}
    where subarea_code = 'total'
),

counts as (
    select
        all_counts.*,
        if(list_contains(all_counts.source_tables, 'KAS201'), 10, 0) as tolerance
    from all_counts
    semi join strata on all_counts.indicator_id = strata.indicator_id
),

sums as (
    select
        strata.municipality_code,
        strata.indicator_id,
        strata.period,
        sexes.sex,
        strata.age_group,
        strata.part,
        sum(strata.numerator) as numerator,
        sum(strata.denominator) as denominator,
        bool_or(strata.has_missing) as has_missing
    from strata
    inner join sexes on strata.sex = sexes.stratum_sex
    group by all
),

final as (
    select
        counts.municipality_code,
        counts.indicator_id,
        counts.period,
        counts.sex,
        counts.age_group,
        counts.part,
        counts.numerator,
        sums.numerator as sum_of_numerators,
        counts.denominator,
        sums.denominator as sum_of_denominators
    from counts
    left join sums
        on
            counts.municipality_code = sums.municipality_code
            and counts.indicator_id = sums.indicator_id
            and counts.period = sums.period
            and counts.sex = sums.sex
            and counts.age_group = sums.age_group
            and counts.part = sums.part
    where
        sums.municipality_code is null
        or (
            not counts.has_missing
            and not sums.has_missing
            and (
                abs(counts.numerator - sums.numerator) > counts.tolerance
                or abs(counts.denominator - sums.denominator) > counts.tolerance
            )
        )
)

select * from final
