{# The columns together name one row. Gives the keys that occur more than once. #}
{% test unique_combination(model, columns) %}

with
keys as (
    select {{ columns | join(', ') }}
    from {{ model }}
),

final as (
    select
        {{ columns | join(', ') }},
        count(*) as rows_with_key
    from keys
    group by all
    having count(*) > 1
)

select * from final

{% endtest %}
