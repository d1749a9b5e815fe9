{#-
    The shape of a counts model (`int_counts__<indicator>`): one row per stratum and part of the population.
    A stratum is municipality, subarea, indicator, period, sex and age group.
-#}
{% macro stratum_columns() -%}
    {{- return([
        'municipality_code', 'subarea_code', 'subarea_name', 'indicator_id', 'period', 'period_start', 'frequency',
        'sex', 'age_group',
    ]) -}}
{%- endmacro %}

{% macro count_columns() -%}
    {{- return(stratum_columns() + [
        'part', 'numerator', 'denominator', 'unknown_persons', 'has_missing', 'is_provisional', 'is_series_break',
        'usage_warnings', 'source_tables', 'load_ids',
    ]) -}}
{%- endmacro %}

{#-
    Rows of a counts model out of a relation that has municipality_code, part and load_ids. Everything else is an SQL
    expression over it; what an indicator does not have keeps its default. `unknown` are the persons who are left out
    of the denominator because nobody knows whether they have the outcome.
-#}
{% macro count_rows(
    relation, indicator_id, numerator, denominator, source_tables,
    period='year', frequency='year', period_start=none, sex='sex', age_group='age_group',
    subarea_code="'total'", subarea_name="'total'", unknown='null', is_provisional='false', warnings=[]
) -%}
    select
        municipality_code,
        {{ subarea_code }} as subarea_code,
        {{ subarea_name }} as subarea_name,
        '{{ indicator_id }}' as indicator_id,
        {{ period }} as period,
        {{ period_start or year_start(period) }} as period_start,
        '{{ frequency }}' as frequency,
        {{ sex }} as sex,
        {{ age_group }} as age_group,
        part,
        cast({{ numerator }} as double) as numerator,
        cast({{ denominator }} as double) as denominator,
        cast({{ unknown }} as double) as unknown_persons,
        {{ numerator }} is null or {{ denominator }} is null as has_missing,
        {{ is_provisional }} as is_provisional,
        false as is_series_break,
        cast({{ warnings }} as varchar[]) as usage_warnings,
        {{ source_tables }} as source_tables,
        load_ids
    from {{ relation }}
{%- endmacro %}

{#- All counts models under each other, column by column by name. -#}
{% macro union_counts(relations) -%}
    {%- for relation in relations %}
    select {{ count_columns() | join(', ') }} from {{ relation }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#-
    Counts whose `source_tables` name the table that each load was asked of: a dataset keeps its id when another table
    takes over from a closed one.
-#}
{% macro counts_with_successors(counts, loads) -%}
    with
    successor_loads as (
        select
            load_id,
            upper(dataset) as first_table,
            json_extract_string(request, '$.table') as table_id
        from {{ loads }}
        where provider = 'statbank' and json_extract_string(request, '$.table') <> upper(dataset)
    ),

    load_sets as (
        select distinct load_ids
        from {{ counts }}
    ),

    load_set_members as (
        select
            load_ids,
            unnest(load_ids) as load_id
        from load_sets
    ),

    renames as (
        select
            load_set_members.load_ids,
            map_from_entries(list(distinct (successor_loads.first_table, successor_loads.table_id))) as table_ids
        from load_set_members
        inner join successor_loads on load_set_members.load_id = successor_loads.load_id
        group by load_set_members.load_ids
    )

    select
        counts.* replace (
            if(
                renames.load_ids is null,
                counts.source_tables,
                list_transform(
                    counts.source_tables, lambda table_id: coalesce(renames.table_ids[table_id], table_id)
                )
            ) as source_tables
        )
    from {{ counts }} as counts
    left join renames on counts.load_ids = renames.load_ids
{%- endmacro %}
