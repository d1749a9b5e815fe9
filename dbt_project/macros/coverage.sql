{#- Statuses from the one that tells most about an area to the one that tells least: the first found is the area's. -#}
{% macro statuses_by_weight() -%}
    [
        'observed', 'suppressed', 'empty_group', 'not_delivered', 'not_collected', 'not_permitted',
        'under_development'
    ]
{%- endmacro %}

{#- Why an area has no figure, in general; what is particular to an indicator stands in `dim_indicator`. -#}
{% macro coverage_reasons() -%}
    select
        value_status,
        reason_da,
        reason_en
    from (
        values
        (
            'suppressed',
            'Tallene er skjult, fordi for få personer ligger bag dem, eller fordi kilden ikke viser dem.',
            'The figures are suppressed because too few persons are behind them or the source does not show them.'
        ),
        (
            'empty_group',
            'Mindst én af grupperne har ingen personer her.',
            'At least one of the groups has no persons here.'
        ),
        (
            'not_delivered',
            'Der er ikke leveret tal for området.',
            'No figures have been delivered for the area.'
        ),
        (
            'not_collected',
            'Tallet indsamles ikke for området.',
            'The figure is not collected for the area.'
        ),
        (
            'not_permitted',
            'Må ikke opgøres.',
            'May not be measured.'
        ),
        (
            'under_development',
            'Der er endnu ingen tal.',
            'There are no figures yet.'
        )
    ) as reasons (value_status, reason_da, reason_en)
{%- endmacro %}

{% macro periods_missing_reason(language) -%}
    {%- if language == 'da' -%}
    'Nogle perioder er uden tal: kilden har dem ikke for området, eller de er skjult.'
    {%- else -%}
    'Some periods are without figures: the source does not have them for the area, or they are suppressed.'
    {%- endif -%}
{%- endmacro %}

{#- Why the series of an area stops: it is no more since the day in `valid_to`. -#}
{% macro area_ended_reason(language) -%}
    {%- if language == 'da' -%}
    'Området findes ikke efter ' || strftime(valid_to, '%-d.%-m.%Y') || '.'
    {%- else -%}
    'The area does not exist after ' || strftime(valid_to, '%-d %B %Y') || '.'
    {%- endif -%}
{%- endmacro %}

{#- Whether an area of `dim_municipality` was there in the year of a day. -#}
{% macro area_existed(areas, day) -%}
    year({{ day }}) between year({{ areas }}.valid_from) and coalesce(year({{ areas }}.valid_to), 9999)
{%- endmacro %}
