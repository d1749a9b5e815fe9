{#-
    Where the sources are read. A lake is attached twice: as it is, to build in, and as it was when this run began, to
    read from; others write into it meanwhile (warehouse/lake_dbt.py). The one-file database lets nobody else in.
-#}
{% macro source_database() -%}
    {{- 'warehouse_now' if target.name == 'lake' else target.database -}}
{%- endmacro %}

{#- SQL of a lake as it would be in one database: what a release says of its models is the same for both. -#}
{% macro in_one_database(sql) -%}
    {{- sql | replace('"warehouse_now".', '"warehouse".') -}}
{%- endmacro %}
