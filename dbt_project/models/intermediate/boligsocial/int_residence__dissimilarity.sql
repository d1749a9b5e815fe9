with
parish_counts as (
    select * from {{ ref('int_residence__parish_counts') }}
),

group_variants as (
    {{ group_variants() }}
),

parish_groups as (
    select
        parish_counts.municipality_code,
        parish_counts.year,
        parish_counts.parish_code,
        group_variants.group_id,
        group_variants.group_role,
        {{ sum_known('parish_counts.persons') }} as persons,
        list(distinct parish_counts.load_id) as load_ids
    from parish_counts
    inner join group_variants on parish_counts.part = group_variants.part
    group by all
),

municipality_groups as (
    select
        municipality_code,
        year,
        group_id,
        {{ sum_known('persons') }} as persons
    from parish_groups
    group by all
),

shares as (
    select
        parish_groups.*,
        municipality_groups.persons as group_persons,
        cast(parish_groups.persons as double) / nullif(municipality_groups.persons, 0) as parish_share
    from parish_groups
    inner join municipality_groups
        on
            parish_groups.municipality_code = municipality_groups.municipality_code
            and parish_groups.year = municipality_groups.year
            and parish_groups.group_id = municipality_groups.group_id
),

-- Duncan and Duncan 1955: half the sum over the parishes of how far the two groups' shares lie apart.
final as (
    select
        targets.municipality_code,
        targets.year,
        targets.group_id as target_group,
        comparisons.group_id as reference_group,
        any_value(targets.group_persons) as target_persons,
        any_value(comparisons.group_persons) as reference_persons,
        count(*) as parishes,
        if(
            count(targets.parish_share) = count(*) and count(comparisons.parish_share) = count(*),
            {{ exact_sum('abs(targets.parish_share - comparisons.parish_share)') }} / 2,
            null
        ) as dissimilarity,
        list_sort(list_distinct(flatten(list(targets.load_ids)))) as load_ids
    from shares as targets
    inner join shares as comparisons
        on
            targets.municipality_code = comparisons.municipality_code
            and targets.year = comparisons.year
            and targets.parish_code = comparisons.parish_code
            and targets.group_role = 'target'
            and comparisons.group_role = 'reference'
    group by all
)

select * from final
