{#- Five-year bands from one age to another, as texts of an SQL list; the working age starts with 16-19. -#}
{% macro age_bands(first, last) -%}
    {%- if first == 16 -%} '16-19', {% endif -%}
    {%- for low in range(20 if first == 16 else first, last, 5) -%}
    '{{ low }}-{{ low + 4 }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- The two age groups of employment, each with the bands it is made of. -#}
{% macro working_age_bands() -%}
    select
        '16-64' as age_group,
        unnest([{{ age_bands(16, 64) }}]) as age_code
    union all
    select
        '25-64' as age_group,
        unnest([{{ age_bands(25, 64) }}]) as age_code
{%- endmacro %}

{#- A sex of ours for each published code of a sex variable that has a total. -#}
{% macro sexes(total='TOT', men='M', women='K') -%}
    select
        unnest(['total', 'men', 'women']) as sex,
        unnest(['{{ total }}', '{{ men }}', '{{ women }}']) as sex_code
{%- endmacro %}
