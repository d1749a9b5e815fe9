{#-
    Prints the first rows of every test that failed, so that a failure shows itself. Called at the end of a run. Small
    numbers are masked: a row may hold the municipality's own data, and logs are read by many.
-#}
{% macro show_failing_rows(results, row_limit=10) %}
    {%- if execute -%}
        {%- for result in results if result.node.resource_type == 'test' and result.status in ('fail', 'warn') -%}
            {%- set rows = run_query(
                'select * from (' ~ result.node.compiled_code ~ ') as failing_rows limit ' ~ row_limit
            ) -%}
            {%- do log(
                result.node.name ~ ': ' ~ result.failures ~ ' rows, the first ' ~ rows.rows | length, info=true
            ) -%}
            {%- for row in rows.rows -%}
                {%- set cells = [] -%}
                {%- for column, value in row.dict().items() -%}
                    {%- set is_small = value is number and value is not boolean and 0 < value < small_cell() | int -%}
                    {%- do cells.append(column ~ '=' ~ ('<' ~ small_cell() if is_small else value)) -%}
                {%- endfor -%}
                {%- do log('    ' ~ cells | join(', '), info=true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
