{#-
    The part of the population that a code of a source belongs to. The parts are what groups are made of (see
    `group_variants`); a total or an unknown origin is no part, so it gives null.
-#}
{% macro origin_part(origin, ancestry) -%}
    case
        when {{ origin }} in ('danish', 'western') then {{ origin }}
        when {{ origin }} = 'non_western' and {{ ancestry }} in ('immigrant', 'descendant')
            then 'non_western_' || {{ ancestry }}
        when {{ origin }} = 'non_western' and {{ ancestry }} = 'total' then 'non_western'
    end
{%- endmacro %}

{#- The part without the split into immigrants and descendants. -#}
{% macro unsplit_part(part) -%}
    if(starts_with({{ part }}, 'non_western'), 'non_western', {{ part }})
{%- endmacro %}
