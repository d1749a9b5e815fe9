{#-
    Rows of `gaps` for an index that compares two groups by itself: the index times 100 stands in `gap_pp`, and there
    are no rates, limits, ratio or persons to parity. The denominators are the persons of the two groups; a group that
    is small makes the index unreliable, as it does a rate.
    `relation` has municipality_code, year, target_group, reference_group, target_persons, reference_persons, load_ids.
    The caller's CTEs are those of `gap_rows`.
-#}
{% macro index_rows(relation, indicator_id, index, source_tables) -%}
    with
    judged as (
        select
            *,
            case
                when target_persons = 0 or reference_persons = 0 then 'empty_group'
                when {{ index }} is null then 'suppressed'
                when {{ is_small('target_persons') }} or {{ is_small('reference_persons') }} then 'suppressed'
                else 'observed'
            end as value_status
        from {{ relation }}
    ),

    provenance as (
        select
            load_sets.load_ids,
            if(bool_or(loads.data_origin = 'sample'), 'sample', 'official') as data_origin,
            max(loads.source_updated_at) as source_updated_at
        from (select distinct load_ids from {{ relation }}) as load_sets
        inner join loads on list_contains(load_sets.load_ids, loads.load_id)
        group by load_sets.load_ids
    )

    select
        indicators.focus_area,
        indicators.indicator_id,
        judged.municipality_code,
        municipalities.label_da as municipality_name,
        judged.year as period,
        {{ year_start('judged.year') }} as period_start,
        'year' as frequency,
        'total' as sex,
        'total' as age_group,
        'total' as subarea_code,
        'total' as subarea_name,
        judged.target_group,
        judged.reference_group,
        {%- for side in ['target', 'reference'] %}
        cast(null as double) as {{ side }}_numerator,
        if(judged.value_status = 'observed', cast(judged.{{ side }}_persons as double), null)
            as {{ side }}_denominator,
        {%- for column in ['rate', 'low', 'high'] %}
        cast(null as double) as {{ side }}_{{ column }}_pct,
        {%- endfor %}
        {%- endfor %}
        if(judged.value_status = 'observed', 100 * judged.{{ index }}, null) as gap_pp,
        {%- for column in ['gap_low_pp', 'gap_high_pp', 'rate_ratio', 'persons_to_parity', 'standardised_gap_pp'] %}
        cast(null as double) as {{ column }},
        {%- endfor %}
        cast(null as boolean) as is_clear,
        judged.value_status,
        false as is_provisional,
        false as is_series_break,
        list_sort(list_concat(
            if(indicators.measurability = 'proxy', ['proxy'], []),
            if(
                judged.value_status = 'observed'
                and least(judged.target_persons, judged.reference_persons) < indicators.smallest_base,
                ['small_base'],
                []
            )
        )) as usage_warnings,
        provenance.data_origin,
        {{ source_tables }} as source_tables,
        provenance.source_updated_at,
        judged.load_ids
    from judged
    inner join indicators on indicators.indicator_id = '{{ indicator_id }}'
    left join municipalities on judged.municipality_code = municipalities.municipality_code
    left join provenance on judged.load_ids = provenance.load_ids
{%- endmacro %}
