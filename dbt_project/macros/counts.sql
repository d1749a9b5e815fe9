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
        'part', 'numerator', 'denominator', 'has_missing', 'is_provisional', 'is_series_break', 'usage_warnings',
        'source_tables', 'load_ids',
    ]) -}}
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
