{#- One mart per focus area; a new one joins this list. -#}
{%- set focus_area_marts = [
    ref('gap_beskaeftigelse'),
    ref('gap_uddannelse'),
    ref('gap_boligsocial'),
    ref('gap_demokrati'),
] -%}

with
final as (
    {%- for mart in focus_area_marts %}
    select {{ gap_columns() | join(', ') }} from {{ mart }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
