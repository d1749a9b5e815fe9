{#- Below this many persons a cell is small (setting WAREHOUSE_SMALL_CELL). -#}
{% macro small_cell() -%}
    {{- env_var('WAREHOUSE_SMALL_CELL', '5') | int -}}
{%- endmacro %}

{#- The municipality whose strategy this is (setting WAREHOUSE_FOCUS_MUNICIPALITY), as an SQL text. -#}
{% macro focus_municipality() -%}
    '{{ env_var('WAREHOUSE_FOCUS_MUNICIPALITY', '151') }}'
{%- endmacro %}
