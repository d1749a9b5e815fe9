{# A text that a person reads is there and is more than spaces. #}
{% test not_blank(model, column_name) %}

select *
from {{ model }}
where coalesce(trim({{ column_name }}), '') = ''

{% endtest %}
