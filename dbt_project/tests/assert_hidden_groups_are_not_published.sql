-- No published row of the municipality's own data has numbers of a group that disclosure control hides, nor
-- of one that it has not judged.
with
gaps as (
    select * from {{ ref('gaps') }}
    where {{ is_own_data('indicator_id') }} and value_status = 'observed'
),

hidden_groups as (
    select * from {{ ref('int_disclosure__hidden_groups') }}
),

published_groups as (
    select
        indicator_id,
        municipality_code,
        subarea_code,
        period,
        unnest([target_group, reference_group]) as group_id
    from gaps
),

final as (
    select distinct
        published_groups.indicator_id,
        published_groups.municipality_code,
        published_groups.subarea_code,
        published_groups.period,
        published_groups.group_id
    from published_groups
    left join hidden_groups
        on
            published_groups.indicator_id = hidden_groups.indicator_id
            and published_groups.municipality_code = hidden_groups.municipality_code
            and published_groups.subarea_code = hidden_groups.subarea_code
            and published_groups.period = hidden_groups.period
            and published_groups.group_id = hidden_groups.group_id
    where coalesce(hidden_groups.is_hidden, true)
)

select * from final
