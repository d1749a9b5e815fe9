{#- The rooms are called `seeds`, `staging`, `intermediate` and `marts` in every database: no target prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{- (custom_schema_name or target.schema) | trim -}}
{%- endmacro %}
