{%- set key_columns = [
    'indicator_id', 'municipality_code', 'subarea_code', 'sex', 'age_group', 'target_group', 'reference_group',
] -%}
{%- set value_columns = ['target_rate_pct', 'reference_rate_pct', 'gap_pp', 'standardised_gap_pp'] -%}
{%- set revision_columns = [
    'object_name', 'key', 'period', 'old_value', 'new_value', 'difference', 'old_load_id', 'new_load_id', 'seen_at',
    'data_origin',
] -%}

with
history as (
    select * from {{ ref('stg_meta__revisions') }}
),

published as (
    select * from {{ ref('stg_meta__published_gaps') }}
),

gaps as (
    select * from {{ ref('gaps') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

owners as (
    select distinct
        loads.load_id,
        loads.dataset,
        loads.data_origin,
        loads.promoted_at
    from {{ ref('stg_meta__period_owners') }} as period_owners
    inner join loads on period_owners.load_id = loads.load_id
),

owned_kinds as (
    select distinct
        dataset,
        data_origin
    from owners
),

published_sets as (
    select distinct load_ids
    from published
),

published_members as (
    select
        load_ids,
        unnest(load_ids) as load_id
    from published_sets
),

-- Which loads stand today for those that a published figure came from: the owners of the same datasets, as
-- long as they are of the same kind (sample or official).
successors as (
    select
        published_members.load_ids,
        list_sort(list(distinct owners.load_id)) as owner_ids
    from published_members
    inner join loads on published_members.load_id = loads.load_id
    inner join owners
        on
            loads.dataset = owners.dataset
            and loads.data_origin = owners.data_origin
    group by published_members.load_ids
),

matched as (
    select
        {% for column in key_columns + ['period', 'value_status', 'data_origin'] + value_columns -%}
        published.{{ column }},
        {% endfor -%}
        {% for column in value_columns -%}
        gaps.{{ column }} as new_{{ column }},
        {% endfor -%}
        published.load_ids as old_load_ids,
        coalesce(gaps.load_ids, successors.owner_ids) as new_load_ids,
        {{ is_own_data('published.indicator_id') }} as is_own_data
    from published
    left join gaps
        on
            published.period = gaps.period
            {% for column in key_columns -%}
            and published.{{ column }} = gaps.{{ column }}
            {% endfor %}
    left join successors on published.load_ids = successors.load_ids
    where published.data_origin = if(gaps.indicator_id is null, published.data_origin, gaps.data_origin)
),

-- A figure where none had been delivered is the first, not a revision. The municipality's own data are left
-- out: old and new beside each other would tell what one person who has withdrawn had answered.
comparable as (
    select
        *,
        list_filter(new_load_ids, lambda load_id: not list_contains(old_load_ids, load_id)) as came,
        list_filter(old_load_ids, lambda load_id: not list_contains(new_load_ids, load_id)) as went
    from matched
    where
        len(old_load_ids) > 0
        and len(new_load_ids) > 0
        and value_status in ('observed', 'suppressed', 'empty_group')
        and not is_own_data
),

pairs as (
    {%- for column in value_columns %}
    select
        {{ key_columns | join(', ') }},
        period,
        data_origin,
        '{{ column }}' as column_name,
        coalesce(list_max(went), list_max(old_load_ids)) as old_load_id,
        coalesce(list_max(came), list_max(new_load_ids)) as new_load_id,
        {{ column }} as old_value,
        new_{{ column }} as new_value
    from comparable
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

newest as (
    select max(promoted_at) as promoted_at
    from owners
),

-- Floating noise is no revision. Nothing here reads a clock: the same loads, seeds and code give the same
-- rows.
gap_revisions as (
    select
        'marts.gaps' as object_name,
        cast(json_object(
            {%- for column in key_columns %}
            '{{ column }}', pairs.{{ column }},
            {%- endfor %}
            'column', pairs.column_name
        ) as varchar) as gap_key,
        pairs.period,
        pairs.old_value,
        pairs.new_value,
        pairs.new_value - pairs.old_value as difference,
        pairs.old_load_id,
        pairs.new_load_id,
        if(pairs.old_load_id = pairs.new_load_id, newest.promoted_at, loads.promoted_at) as seen_at,
        pairs.data_origin
    from pairs
    inner join loads on pairs.new_load_id = loads.load_id
    cross join newest
    where
        (pairs.old_value is null) <> (pairs.new_value is null)
        or abs(pairs.new_value - pairs.old_value) >= 1e-9
),

-- What is remembered is said again as long as figures of that kind are shown.
told_again as (
    select history.*
    from history
    inner join loads on history.new_load_id = loads.load_id
    inner join owned_kinds
        on
            loads.dataset = owned_kinds.dataset
            and loads.data_origin = owned_kinds.data_origin
    where
        history.object_name <> 'marts.gaps'
        or not {{ is_own_data("json_extract_string(history.key, '$.indicator_id')") }}
),

final as (
    select {{ revision_columns | join(', ') }} from told_again
    union
    select {{ revision_columns | join(', ') | replace('key', 'gap_key') }} from gap_revisions
)

select * from final
