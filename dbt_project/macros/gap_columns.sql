{#- The columns of `gaps` and of every mart of a focus area, in their published order. -#}
{% macro gap_columns() -%}
    {%- set columns = [
        'focus_area', 'indicator_id', 'municipality_code', 'municipality_name', 'period', 'period_start',
        'frequency', 'sex', 'age_group', 'subarea_code', 'subarea_name', 'target_group', 'reference_group',
        'target_numerator', 'target_denominator', 'target_rate_pct', 'target_low_pct', 'target_high_pct',
        'reference_numerator', 'reference_denominator', 'reference_rate_pct', 'reference_low_pct',
        'reference_high_pct', 'gap_pp', 'gap_low_pp', 'gap_high_pp', 'is_clear', 'rate_ratio',
        'persons_to_parity', 'standardised_gap_pp', 'value_status', 'is_provisional', 'is_series_break',
        'usage_warnings', 'data_origin', 'source_tables', 'source_updated_at', 'load_ids',
    ] -%}
    {{- return(columns) -}}
{%- endmacro %}
