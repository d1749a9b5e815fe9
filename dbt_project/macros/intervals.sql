{#-
    Interval limits, as proportions from 0 to 1 (differences from -1 to 1), unrounded.

    Wilson 1927 for one proportion of `events` among `persons`; Newcombe 1998 (Statistics in Medicine 17:873-890,
    method 10, no continuity correction) for the difference `first - second` of two.
    z is the 97.5 % point of the normal distribution.
-#}
{% macro z() -%} cast(1.959963984540054 as double) {%- endmacro %}

{#- What Wilson limits lie around, and how far: shared by both limits. Never the root of a negative number. -#}
{% macro _wilson(events, persons, sign) -%}
    (
        cast({{ events }} as double) + pow({{ z() }}, 2) / 2
        {{ sign }} {{ z() }} * sqrt(
            greatest(
                cast({{ events }} as double) * (cast({{ persons }} as double) - cast({{ events }} as double))
                / nullif(cast({{ persons }} as double), 0),
                0
            ) + pow({{ z() }}, 2) / 4
        )
    ) / nullif(cast({{ persons }} as double) + pow({{ z() }}, 2), 0)
{%- endmacro %}

{#- Null without persons, and where the events are not from 0 to all persons. Exactly 0 without events. -#}
{% macro wilson_low(events, persons) -%}
    case
        when {{ persons }} > 0 and {{ events }} = 0 then cast(0 as double)
        when {{ persons }} > 0 and {{ events }} > 0 and {{ events }} <= {{ persons }}
            then greatest(cast(0 as double), {{ _wilson(events, persons, '-') }})
    end
{%- endmacro %}

{#- Null as `wilson_low`. Exactly 1 where everybody is an event. -#}
{% macro wilson_high(events, persons) -%}
    case
        when {{ persons }} > 0 and {{ events }} = {{ persons }} then cast(1 as double)
        when {{ persons }} > 0 and {{ events }} >= 0 and {{ events }} < {{ persons }}
            then least(cast(1 as double), {{ _wilson(events, persons, '+') }})
    end
{%- endmacro %}

{% macro newcombe_low(first, first_low, second, second_high) -%}
    {{ first }} - {{ second }}
    - sqrt(pow({{ first }} - {{ first_low }}, 2) + pow({{ second_high }} - {{ second }}, 2))
{%- endmacro %}

{% macro newcombe_high(first, first_high, second, second_low) -%}
    {{ first }} - {{ second }}
    + sqrt(pow({{ first_high }} - {{ first }}, 2) + pow({{ second }} - {{ second_low }}, 2))
{%- endmacro %}
