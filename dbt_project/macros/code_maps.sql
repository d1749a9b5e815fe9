{#-
    From published codes to canonical ones. `codes` is a CTE of `stg_statbank__codes` of one dataset, `variables` maps
    a column of the staging model (`published_area_code`) to the variable it comes from (`OMRÅDE`). A code is known by
    its load: the same code may be published with other zeros in the next one.
-#}

{#- Every row of a staging model, its published codes replaced by canonical ones (`area_code`). -#}
{% macro decoded(published, codes, variables) -%}
    select
        {{ published }}.* exclude ({{ variables.keys() | join(', ') }})
        {%- for column in variables %},
        {{ column }}s.canonical_code as {{ column | replace('published_', '') }}
        {%- endfor %}
    from {{ published }}
    {%- for column, variable in variables.items() %}
    inner join {{ codes }} as {{ column }}s
        on
            {{ published }}.load_id = {{ column }}s.load_id
            and {{ column }}s.variable = '{{ variable }}'
            and {{ published }}.{{ column }} = {{ column }}s.published_code
    {%- endfor %}
{%- endmacro %}

{#-
    Everything that was asked for, whether the provider wrote a row for it or left it out because it is 0. A table lists
    an area in every period; in the years before it came and after it merged into another it is not 0, it is not there.
-#}
{% macro asked_for(owners, codes, variables) -%}
    select
        {{ owners }}.load_id,
        {{ owners }}.period
        {%- for column in variables %},
        {{ column }}s.canonical_code as {{ column | replace('published_', '') }}
        {%- endfor %}
    from {{ owners }}
    {%- for column, variable in variables.items() %}
    inner join {{ codes }} as {{ column }}s
        on
            {{ owners }}.load_id = {{ column }}s.load_id
            and {{ column }}s.variable = '{{ variable }}'
            and {{ column }}s.is_selected
    {%- endfor %}
    {%- if 'published_area_code' in variables %}
    inner join {{ ref('areas') }} as areas
        on
            published_area_codes.canonical_code = areas.area_code
            and {{ area_exists('areas', owners ~ '.period') }}
    {%- endif %}
{%- endmacro %}

{#- Whether an area (valid_from and valid_to of seed `areas`) is there in a period that begins with its year. -#}
{% macro area_exists(areas, period) -%}
    cast(left({{ period }}, 4) as integer)
    between year({{ areas }}.valid_from) and coalesce(year({{ areas }}.valid_to), 9999)
{%- endmacro %}

{#- The part of the population that each code of an origin variable stands for; totals and unknown are no part. -#}
{% macro origin_parts(origin_codes, table_id, variable='HERKOMST') -%}
    select
        code as origin_code,
        {{ origin_part('origin', 'ancestry') }} as part
    from {{ origin_codes }}
    where
        table_id = '{{ table_id }}'
        and variable = '{{ variable }}'
        and not cast(is_total as boolean)
        and {{ origin_part('origin', 'ancestry') }} is not null
{%- endmacro %}

{#- A sum that is not known when a member of it is missing; nothing to sum is 0, as the provider leaves 0 out. -#}
{% macro sum_known(expression, condition='true') -%}
    if(
        coalesce(bool_or({{ condition }} and {{ expression }} is null), false),
        null,
        coalesce(sum({{ expression }}) filter (where {{ condition }}), 0)
    )
{%- endmacro %}
