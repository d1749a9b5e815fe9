{%- set keys = [
    'municipality_code', 'indicator_id', 'period', 'sex', 'age_group', 'target_group', 'reference_group',
] -%}

with
group_strata as (
    select * from {{ ref('int_gap__group_strata') }}
),

standard_population as (
    select * from {{ ref('int_gap__standard_population') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

sexes as (
    {{ sex_strata() }}
),

-- First is the target group, second the reference group.
strata_to_compare as (
    select
        target_strata.municipality_code,
        target_strata.indicator_id,
        target_strata.period,
        sexes.sex,
        target_strata.age_group,
        target_strata.group_id as target_group,
        reference_strata.group_id as reference_group,
        target_strata.sex as stratum_sex,
        target_strata.age_from,
        target_strata.numerator as first_numerator,
        target_strata.denominator as first_denominator,
        reference_strata.numerator as second_numerator,
        reference_strata.denominator as second_denominator,
        standard_population.persons as standard_persons,
        target_strata.has_missing or reference_strata.has_missing as has_missing
    from group_strata as target_strata
    inner join group_strata as reference_strata
        on
            target_strata.municipality_code = reference_strata.municipality_code
            and target_strata.indicator_id = reference_strata.indicator_id
            and target_strata.period = reference_strata.period
            and target_strata.sex = reference_strata.sex
            and target_strata.age_group = reference_strata.age_group
            and target_strata.age_from = reference_strata.age_from
    inner join sexes on target_strata.sex = sexes.stratum_sex
    left join standard_population
        on
            target_strata.municipality_code = standard_population.municipality_code
            and target_strata.indicator_id = standard_population.indicator_id
            and target_strata.sex = standard_population.sex
            and target_strata.age_group = standard_population.age_group
            and target_strata.age_from = standard_population.age_from
    where target_strata.group_role = 'target' and reference_strata.group_role = 'reference'
),

merged_strata as (
    {{ merge_strata('strata_to_compare', keys) }}
),

effects as (
    {{ strata_effects('merged_strata', keys) }}
),

directed as (
    select
        effects.*,
        if(indicators.higher_is_better, 1, -1) as direction,
        effects.second_rate - effects.first_rate as difference
    from effects
    inner join indicators on effects.indicator_id = indicators.indicator_id
),

-- Positive always means that the target group is worse off. Without a gap there is nothing to reverse.
final as (
    select
        municipality_code,
        indicator_id,
        period,
        sex,
        age_group,
        target_group,
        reference_group,
        strata as age_groups,
        case sign(difference)
            when 1 then strata_below
            when -1 then strata_above
            when 0 then 0
        end as age_groups_reversed,
        direction * difference as strata_gap,
        direction * (second_standardised_rate - first_standardised_rate) as standardised_gap,
        direction * rate_effect as rate_effect,
        direction * composition_effect as composition_effect,
        case sign(difference)
            when 1 then first_persons_below > first_persons / 2
            when -1 then first_persons_above > first_persons / 2
            when 0 then false
        end as is_reversed_within_ages
    from directed
)

select * from final
