with
strata as (
    select * from {{ ref('int_gap__strata') }}
),

group_variants as (
    {{ group_variants() }}
),

indicator_parts as (
    select distinct
        indicator_id,
        part
    from strata
),

-- Groups that the parts of an indicator can make up, as in `gap_rows`.
indicator_groups as (
    select
        indicator_parts.indicator_id,
        group_variants.group_id,
        group_variants.variant
    from group_variants
    inner join indicator_parts on group_variants.part = indicator_parts.part
    group by all
    having count(*) = any_value(group_variants.part_count)
),

final as (
    select
        strata.municipality_code,
        strata.indicator_id,
        strata.period,
        strata.period_start,
        strata.sex,
        strata.age_group,
        strata.age_from,
        group_variants.group_id,
        group_variants.group_role,
        sum(strata.numerator) as numerator,
        sum(strata.denominator) as denominator,
        bool_or(strata.has_missing) or count(*) < any_value(group_variants.part_count) as has_missing
    from strata
    inner join indicator_groups on strata.indicator_id = indicator_groups.indicator_id
    inner join group_variants
        on
            indicator_groups.group_id = group_variants.group_id
            and indicator_groups.variant = group_variants.variant
            and strata.part = group_variants.part
    group by all
)

select * from final
