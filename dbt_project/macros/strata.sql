{#-
    Strata by age and sex: what standardisation and decomposition are made of (docs/methods.md).

    The shape of a strata model (`int_strata__<...>`): one row per municipality, indicator, period, sex (men, women),
    age group, age band within it, and part of the population. A band without persons is a row of 0, so that none is
    lost. `age_from`, the first age of the band, puts the bands in order.
-#}
{% macro strata_columns() -%}
    {{- return([
        'municipality_code', 'indicator_id', 'period', 'period_start', 'sex', 'age_group', 'age_band', 'age_from',
        'part', 'numerator', 'denominator', 'has_missing',
    ]) -}}
{%- endmacro %}

{#- All strata models under each other, column by column by name. -#}
{% macro union_strata(relations) -%}
    {%- for relation in relations %}
    select {{ strata_columns() | join(', ') }} from {{ relation }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- Men and women as published; no total. -#}
{% macro sexes_apart(men='M', women='K') -%}
    select
        unnest(['men', 'women']) as sex,
        unnest(['{{ men }}', '{{ women }}']) as sex_code
{%- endmacro %}

{#- The strata by sex of each published sex: both for `total`. -#}
{% macro sex_strata() -%}
    select
        unnest(['total', 'total', 'men', 'women']) as sex,
        unnest(['men', 'women', 'men', 'women']) as stratum_sex
{%- endmacro %}

{#- Every band an age group of its own; `bands` is the text of an SQL list, see `age_bands`. -#}
{% macro bands_apart(bands) -%}
    select
        unnest([{{ bands }}]) as age_group,
        unnest([{{ bands }}]) as age_code
{%- endmacro %}

{#- First age of a band such as '25-29'. -#}
{% macro age_from(band) -%}
    cast(split_part({{ band }}, '-', 1) as integer)
{%- endmacro %}
