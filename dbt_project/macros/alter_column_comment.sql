{#-
    Comments on the columns of a view: DuckLake has none. In the target `lake` those of published views are kept in
    `meta.view_columns`, where a release finds them. Everything else is as the adapter does it.
-#}
{% macro duckdb__alter_column_comment(relation, column_dict) -%}
    {%- if target.name != 'lake' or relation.type != 'view' -%}
        {{- dbt.duckdb__alter_column_comment(relation, column_dict) -}}
    {%- elif relation.schema != 'marts' or not column_dict -%}
        select 1
    {%- else -%}
        create table if not exists meta.view_columns (view_name varchar, column_name varchar, description varchar);
        delete from meta.view_columns where view_name = '{{ relation.identifier }}';
        insert into meta.view_columns values
        {%- for name in column_dict %}
        (
            '{{ relation.identifier }}', '{{ name }}',
            '{{ column_dict[name]['description'] | replace("'", "''") }}'
        ){{ ',' if not loop.last }}
        {%- endfor %};
    {%- endif -%}
{%- endmacro %}
