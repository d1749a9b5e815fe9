{#-
    The indicators made of the municipality's own data. Their groups are shown only where disclosure control
    (`int_disclosure__hidden_groups`) has judged exactly these counts and shows them; what it has not judged is hidden.
-#}
{% macro own_data_indicators() -%}
    {{- return(['turnout_municipal', 'perceived_diversity', 'danish_tests']) -}}
{%- endmacro %}

{% macro is_own_data(indicator_id) -%}
    {{ indicator_id }} in ('{{ own_data_indicators() | join("', '") }}')
{%- endmacro %}
