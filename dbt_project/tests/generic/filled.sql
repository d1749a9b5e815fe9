{#- Every named column has a value in every row; one scan, not one test a column. Shows which is missing. -#}
{% test filled(model, columns) %}
with
missing as (
    select
        *,
        list_filter(
            [
                {% for column in columns -%}
                    if({{ column }} is null, '{{ column }}', null){{ "," if not loop.last }}
                {% endfor -%}
            ],
            lambda name: name is not null
        ) as columns_without_value
    from {{ model }}
)

select * from missing
where len(columns_without_value) > 0
{% endtest %}
