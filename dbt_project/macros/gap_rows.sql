{#-
    The one gap macro: from counts per part of the population to every column of `gaps`.

    counts          CTE in the shape of `count_columns()`
    indicators      CTE of `dim_indicator`: the indicators of the focus area, with sign and smallest base
    municipalities  CTE of `dim_municipality`
    loads           CTE with load_id, data_origin and source_updated_at
    standardised    CTE of `int_gap__age_effects`, for a focus area with sources that have age bands
    hidden          CTE of `int_disclosure__hidden_groups`; a mart of the municipality's own data without it shows none

    Gives each target group against each reference group that the indicator's parts can make up (see
    `group_variants`). The gap is positive when the target group is worse off, whichever way the indicator points.
    A null count, or `has_missing`, is never taken for 0; a part without a row is not delivered, nor is its group.
    More events than persons are no proportion (pupils who moved in): the row is suppressed as unreliable.
    Every number is null unless `value_status` is observed. Of the municipality's own data a group is shown only where
    disclosure control has judged these very counts and shows them.
-#}
{% macro gap_rows(
    counts='counts', indicators='indicators', municipalities='municipalities', loads='loads', hidden=none,
    standardised=none
) %}
with
group_variants as (
    {{ group_variants() }}
),

indicator_parts as (
    select distinct
        indicator_id,
        part
    from {{ counts }}
    where indicator_id in (select indicator_id from {{ indicators }})
),

indicator_groups as (
    select
        indicator_parts.indicator_id,
        group_variants.group_id,
        group_variants.group_role,
        group_variants.variant
    from group_variants
    inner join indicator_parts on group_variants.part = indicator_parts.part
    group by all
    having count(*) = any_value(group_variants.part_count)
),

strata as (
    select distinct
        {{ stratum_columns() | join(', ') }}
    from {{ counts }}
),

complete_variants as (
    select
        {% for column in stratum_columns() -%}
        counts.{{ column }},
        {% endfor -%}
        group_variants.group_id,
        group_variants.variant
    from {{ counts }} as counts
    inner join group_variants on counts.part = group_variants.part
    group by all
    having count(*) = any_value(group_variants.part_count)
),

{#- A source may hold a group whole in one stratum and split in another; the whole goes first, never both. #}
stratum_groups as (
    select
        {% for column in stratum_columns() -%}
        strata.{{ column }},
        {% endfor -%}
        indicator_groups.group_id,
        indicator_groups.group_role,
        coalesce(max(complete_variants.variant), max(indicator_groups.variant)) as variant
    from strata
    inner join indicator_groups on strata.indicator_id = indicator_groups.indicator_id
    left join complete_variants
        on
            indicator_groups.group_id = complete_variants.group_id
            {% for column in stratum_columns() -%}
            and strata.{{ column }} = complete_variants.{{ column }}
            {% endfor %}
    group by all
),

group_counts as (
    select
        {% for column in stratum_columns() -%}
        stratum_groups.{{ column }},
        {% endfor -%}
        stratum_groups.group_id,
        stratum_groups.group_role,
        sum(cast(counts.numerator as double)) as numerator,
        sum(cast(counts.denominator as double)) as denominator,
        sum(cast(counts.unknown_persons as double)) as unknown_persons,
        bool_or(counts.part is null) as is_incomplete,
        coalesce(bool_or(
            counts.part is not null
            and (counts.has_missing or counts.numerator is null or counts.denominator is null)
        ), false) as has_missing,
        coalesce(bool_or(counts.is_provisional), false) as is_provisional,
        coalesce(bool_or(counts.is_series_break), false) as is_series_break,
        coalesce(flatten(list(counts.usage_warnings)), []) as usage_warnings,
        coalesce(flatten(list(counts.source_tables)), []) as source_tables,
        coalesce(flatten(list(counts.load_ids)), []) as load_ids
    from stratum_groups
    inner join group_variants
        on
            stratum_groups.group_id = group_variants.group_id
            and stratum_groups.variant = group_variants.variant
    left join {{ counts }} as counts
        on
            group_variants.part = counts.part
            {% for column in stratum_columns() -%}
            and stratum_groups.{{ column }} = counts.{{ column }}
            {% endfor %}
    group by all
),

judged as (
    select
        group_counts.*,
        {{ is_own_data('group_counts.indicator_id') }}
        {%- if hidden %} and coalesce(hidden_groups.is_hidden, true){% endif %} as is_hidden
    from group_counts
    {%- if hidden %}
    left join {{ hidden }} as hidden_groups
        on
            {% for column in ['indicator_id', 'municipality_code', 'subarea_code', 'period', 'sex', 'age_group',
                'group_id', 'numerator', 'denominator'] -%}
            {{ 'and ' if not loop.first }}group_counts.{{ column }} = hidden_groups.{{ column }}
            {% endfor %}
    {%- endif %}
),

group_rates as (
    select
        *,
        numerator / nullif(denominator, 0) as rate,
        {{ wilson_low('numerator', 'denominator') }} as low,
        {{ wilson_high('numerator', 'denominator') }} as high,
        coalesce({{ is_small('numerator') }}, false)
        or coalesce({{ is_small('denominator') }}, false)
        or coalesce({{ is_small('denominator - numerator') }}, false) as has_small_cell,
        coalesce(numerator > denominator, false) as has_too_many_events,
        coalesce({{ is_unknown_share_high('unknown_persons', 'denominator') }}, false) as is_unknown_share_high
    from judged
),

pairs as (
    select
        {% for column in stratum_columns() -%}
        target.{{ column }},
        {% endfor -%}
        target.group_id as target_group,
        reference.group_id as reference_group,
        {% for side in ['target', 'reference'] -%}
        {% for column in ['numerator', 'denominator', 'rate', 'low', 'high'] -%}
        {{ side }}.{{ column }} as {{ side }}_{{ column }},
        {% endfor -%}
        {% endfor -%}
        target.is_provisional or reference.is_provisional as is_provisional,
        target.is_series_break or reference.is_series_break as is_series_break,
        target.is_unknown_share_high or reference.is_unknown_share_high as is_unknown_share_high,
        list_concat(target.usage_warnings, reference.usage_warnings) as usage_warnings,
        list_sort(list_distinct(list_concat(target.source_tables, reference.source_tables))) as source_tables,
        list_sort(list_distinct(list_concat(target.load_ids, reference.load_ids))) as load_ids,
        case
            when target.is_incomplete or reference.is_incomplete then 'not_delivered'
            when target.is_hidden or reference.is_hidden then 'suppressed'
            when not target.has_missing and target.denominator = 0 then 'empty_group'
            when not reference.has_missing and reference.denominator = 0 then 'empty_group'
            when target.has_missing or reference.has_missing then 'suppressed'
            when target.has_small_cell or reference.has_small_cell then 'suppressed'
            when target.has_too_many_events or reference.has_too_many_events then 'suppressed'
            else 'observed'
        end as value_status
    from group_rates as target
    inner join group_rates as reference
        on
            target.group_role = 'target'
            and reference.group_role = 'reference'
            {% for column in stratum_columns() -%}
            and target.{{ column }} = reference.{{ column }}
            {% endfor %}
),

{#- The worse off are those with less of a good thing or more of a bad one: `upper - lower` is the gap. #}
directed as (
    select
        pairs.*,
        indicators.focus_area,
        indicators.smallest_base,
        indicators.measurability,
        pairs.value_status = 'observed' as is_observed,
        {% for column in ['rate', 'low', 'high'] -%}
        if(indicators.higher_is_better, pairs.reference_{{ column }}, pairs.target_{{ column }}) as upper_{{ column }},
        if(indicators.higher_is_better, pairs.target_{{ column }}, pairs.reference_{{ column }}) as lower_{{ column }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from pairs
    inner join {{ indicators }} as indicators on pairs.indicator_id = indicators.indicator_id
),

gaps as (
    select
        *,
        upper_rate - lower_rate as gap,
        {{ newcombe_low('upper_rate', 'upper_low', 'lower_rate', 'lower_high') }} as gap_low,
        {{ newcombe_high('upper_rate', 'upper_high', 'lower_rate', 'lower_low') }} as gap_high
    from directed
),

load_sets as (
    select distinct load_ids
    from pairs
),

load_set_members as (
    select
        load_ids,
        unnest(load_ids) as load_id
    from load_sets
),

provenance as (
    select
        load_set_members.load_ids,
        if(bool_or(loads.data_origin = 'sample'), 'sample', 'official') as data_origin,
        max(loads.source_updated_at) as source_updated_at
    from load_set_members
    inner join {{ loads }} as loads on load_set_members.load_id = loads.load_id
    group by load_set_members.load_ids
)

select
    gaps.focus_area,
    gaps.indicator_id,
    gaps.municipality_code,
    municipalities.label_da as municipality_name,
    gaps.period,
    gaps.period_start,
    gaps.frequency,
    gaps.sex,
    gaps.age_group,
    gaps.subarea_code,
    gaps.subarea_name,
    gaps.target_group,
    gaps.reference_group,
    {% for side in ['target', 'reference'] -%}
    if(gaps.is_observed, gaps.{{ side }}_numerator, null) as {{ side }}_numerator,
    if(gaps.is_observed, gaps.{{ side }}_denominator, null) as {{ side }}_denominator,
    {% for column in ['rate', 'low', 'high'] -%}
    if(gaps.is_observed, 100 * gaps.{{ side }}_{{ column }}, null) as {{ side }}_{{ column }}_pct,
    {% endfor -%}
    {% endfor -%}
    if(gaps.is_observed, 100 * gaps.gap, null) as gap_pp,
    if(gaps.is_observed, 100 * gaps.gap_low, null) as gap_low_pp,
    if(gaps.is_observed, 100 * gaps.gap_high, null) as gap_high_pp,
    if(gaps.is_observed, gaps.gap_low > 0 or gaps.gap_high < 0, null) as is_clear,
    if(gaps.is_observed, gaps.target_rate / nullif(gaps.reference_rate, 0), null) as rate_ratio,
    if(gaps.is_observed, greatest(0, gaps.gap * gaps.target_denominator), null) as persons_to_parity,
    {% if standardised -%}
    if(
        gaps.is_observed and gaps.subarea_code = 'total', 100 * standardised.standardised_gap, null
    ) as standardised_gap_pp,
    {%- else -%}
    cast(null as double) as standardised_gap_pp,
    {%- endif %}
    gaps.value_status,
    gaps.is_provisional,
    gaps.is_series_break,
    list_sort(list_distinct(list_concat(
        gaps.usage_warnings,
        if(
            gaps.is_observed and least(gaps.target_denominator, gaps.reference_denominator) < gaps.smallest_base,
            ['small_base'],
            []
        ),
        if(gaps.is_observed and gaps.is_unknown_share_high, ['unknown_share_high'], []),
        if(gaps.measurability = 'proxy', ['proxy'], []),
        if(gaps.is_series_break, ['series_break'], []),
        if(gaps.is_provisional, ['provisional'], [])
    ))) as usage_warnings,
    provenance.data_origin,
    gaps.source_tables,
    provenance.source_updated_at,
    gaps.load_ids
from gaps
left join {{ municipalities }} as municipalities on gaps.municipality_code = municipalities.municipality_code
left join provenance on gaps.load_ids = provenance.load_ids
{#- A condition on one side alone keeps DuckDB from hashing this join: the total is told from subareas above. #}
{%- if standardised %}
left join {{ standardised }} as standardised
    on
        {% for column in ['municipality_code', 'indicator_id', 'period', 'sex', 'age_group', 'target_group',
            'reference_group'] -%}
        {{ 'and ' if not loop.first }}gaps.{{ column }} = standardised.{{ column }}
        {% endfor %}
{%- endif %}
{% endmacro %}

{#-
    Which parts make up a group. A source gives a group whole or split; a group exists for an indicator when all parts
    of one variant occur in its counts. A counts model never writes a part together with what it consists of.
-#}
{% macro group_variants() %}
    select
        group_id,
        group_role,
        variant,
        part,
        count(*) over (partition by group_id, variant) as part_count
    from (
        values
        ('non_western', 'target', 'whole', 'non_western'),
        ('non_western', 'target', 'split', 'non_western_immigrant'),
        ('non_western', 'target', 'split', 'non_western_descendant'),
        ('non_western_immigrant', 'target', 'whole', 'non_western_immigrant'),
        ('non_western_descendant', 'target', 'whole', 'non_western_descendant'),
        ('others', 'reference', 'whole', 'others'),
        ('others', 'reference', 'split', 'danish'),
        ('others', 'reference', 'split', 'western'),
        ('danish', 'reference', 'whole', 'danish')
    ) as variants (group_id, group_role, variant, part)
{% endmacro %}

{#- A cell is small from 1 up to, not including, the setting; for averages any fraction above 0 counts as well. -#}
{% macro is_small(cell) -%}
    ({{ cell }} > 0 and {{ cell }} < {{ small_cell() }})
{%- endmacro %}

{#- More than one in ten of a group unknown is said with the row. `known` are the persons of the denominator. -#}
{% macro is_unknown_share_high(unknown, known) -%}
    (10 * {{ unknown }} > {{ known }} + {{ unknown }})
{%- endmacro %}
