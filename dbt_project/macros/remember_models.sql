{#-
    Writes the SQL of every model of this run, as it was run, into `meta.models`. A release carries it, so that a
    published cell can be computed again from the landed bytes. Called at the end of a run.
-#}
{% macro remember_models(results) %}
    {%- if execute -%}
        {%- set rows, names = [], [] -%}
        {%- for result in results
            if result.node.resource_type == 'model' and result.status == 'success' and result.node.compiled_code -%}
            {%- set node = result.node -%}
            {%- set inputs = [] -%}
            {%- for unique_id in node.depends_on.nodes -%}
                {%- set input = graph.nodes.get(unique_id) or graph.sources.get(unique_id) -%}
                {%- do inputs.append("'" ~ input.schema ~ '.' ~ (input.alias or input.name) ~ "'") -%}
            {%- endfor -%}
            {%- do names.append(node.alias) -%}
            {%- do rows.append(
                "('" ~ node.alias ~ "', '" ~ node.schema ~ "', '" ~ node.language ~ "', '"
                ~ node.config.materialized ~ "', '" ~ in_one_database(node.compiled_code) | replace("'", "''") ~ "', ["
                ~ inputs | join(', ') ~ "])"
            ) -%}
        {%- endfor -%}
        {%- if rows -%}
            {%- if target.name == 'lake' -%}
                {%- do run_query("delete from meta.models where name in ('" ~ names | join("', '") ~ "')") -%}
                {%- do run_query('insert into meta.models values ' ~ rows | join(', ')) -%}
            {%- else -%}
                {%- do run_query('create schema if not exists meta') -%}
                {%- do run_query(
                    'create table if not exists meta.models (name varchar primary key, schema_name varchar,'
                    ~ ' language varchar, materialized varchar, compiled_sql varchar, depends_on varchar[])'
                ) -%}
                {%- do run_query('insert or replace into meta.models values ' ~ rows | join(', ')) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
