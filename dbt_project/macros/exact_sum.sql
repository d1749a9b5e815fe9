{#-
    A sum of fractions that does not depend on the order of the rows. The last bits of a sum of doubles do, and two
    threads take rows as they come; the same inputs must give the same bytes. Decimals add up exactly.
-#}
{% macro exact_sum(value) -%}
    cast(sum(cast({{ value }} as decimal(38, 18))) as double)
{%- endmacro %}
