{#- Why a target has the status it has, in both languages; every `reason_id` of `target_progress` is here. -#}
{% macro progress_reasons() %}
    select
        unnest(reasons).reason_id as reason_id,
        unnest(reasons).reason_da as reason_da,
        unnest(reasons).reason_en as reason_en
    from (
        select
            [
                {%- for reason_id, (danish, english) in progress_reason_texts().items() %}
                {
                    'reason_id': '{{ reason_id }}',
                    'reason_da': '{{ danish }}',
                    'reason_en': '{{ english }}'
                }{{ ',' if not loop.last }}
                {%- endfor %}
            ] as reasons
    ) as texts
{% endmacro %}

{% macro progress_reason_texts() -%}
    {{- return({
        'not_set': (
            'Strategien har ikke fastsat både en reduktion og et år (XX).',
            'The strategy has not set both a reduction and a year (XX).',
        ),
        'not_permitted': (
            'Målet må ikke opgøres efter oprindelse.',
            'The measure may not be broken down by origin.',
        ),
        'nothing_observed': (
            'Der er ingen opgjorte forskelle at måle på.',
            'There are no observed gaps to measure on.',
        ),
        'baseline_not_observed': (
            'Forskellen i udgangsperioden er ikke opgjort.',
            'The gap of the baseline period is not observed.',
        ),
        'across_a_break': (
            'Et databrud ligger mellem udgangsperioden og den seneste periode, så de kan ikke sammenlignes.',
            'A series break lies between the baseline and the latest period, so they cannot be compared.',
        ),
        'no_interval': (
            'Forskellen har ikke noget interval, så en ændring kan ikke efterprøves.',
            'The gap has no interval, so a change cannot be tested.',
        ),
        'baseline_not_clear': (
            'Forskellen i udgangsperioden er ikke klart større end 0, så en reduktion i procent er ikke defineret.',
            'The baseline gap is not clearly above 0, so a reduction in per cent is not defined.',
        ),
        'target_period_unusable': (
            'Målperioden kan ikke læses eller ligger ikke efter udgangsperioden.',
            'The target period cannot be read or does not lie after the baseline.',
        ),
        'no_later_period': (
            'Der er endnu ingen periode efter udgangsperioden.',
            'There is no period after the baseline yet.',
        ),
        'reached': (
            'Forskellen er klart mindre end i udgangsperioden og nede på målet.',
            'The gap is clearly smaller than at the baseline and down at the target.',
        ),
        'on_track': (
            'Forskellen er klart mindre end i udgangsperioden og mindst så meget, som den lige linje mod målet kræver nu.',
            'The gap is clearly smaller than at the baseline, and by at least what the straight line to the target asks for by now.',
        ),
        'off_track': (
            'Forskellen er klart større, end den lige linje mod målet kræver nu.',
            'The gap is clearly larger than the straight line to the target asks for by now.',
        ),
        'no_clear_change': (
            'Tallene kan hverken vise, at forskellen er blevet mindre, eller at den er større end den lige linje mod målet.',
            'The figures can show neither that the gap has become smaller nor that it is larger than the straight line to the target.',
        ),
        'narrowed_less_than_planned': (
            'Forskellen er klart mindre end i udgangsperioden, men mindre end planlagt; om den er bag planen, kan tallene ikke vise.',
            'The gap is clearly smaller than at the baseline, but by less than planned; whether it is behind plan the figures cannot show.',
        ),
    }) -}}
{%- endmacro %}
