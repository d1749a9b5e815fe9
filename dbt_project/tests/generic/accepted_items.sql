{# Every item of a list column is out of a closed list; the list itself is never null. #}
{% test accepted_items(model, column_name, values) %}

select *
from {{ model }}
where
    {{ column_name }} is null
    or not list_has_all(['{{ values | join("', '") }}'], {{ column_name }})

{% endtest %}
