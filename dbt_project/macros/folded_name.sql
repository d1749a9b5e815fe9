{#- A name as names are compared: white space and letter case aside, å spelt aa. -#}
{% macro folded_name(name) -%}
    replace(lower(trim(regexp_replace({{ name }}, '\s+', ' ', 'g'))), 'å', 'aa')
{%- endmacro %}
