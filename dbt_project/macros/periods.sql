{#- First day of a StatBank quarter: '2019K4' is 2019-10-01. -#}
{% macro quarter_start(quarter) -%}
    make_date(
        cast(left({{ quarter }}, 4) as integer), 3 * cast(right({{ quarter }}, 1) as integer) - 2, 1
    )
{%- endmacro %}

{#- First day of a year written as text: '2024' is 2024-01-01. -#}
{% macro year_start(year) -%}
    make_date(cast({{ year }} as integer), 1, 1)
{%- endmacro %}
