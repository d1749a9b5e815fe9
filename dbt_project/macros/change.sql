{#-
    Change of a gap between a baseline and now, as square-and-add applied to the Newcombe limits of the two gaps
    (docs/methods.md). Arguments are columns in the same unit; the result has it too. The two periods are treated as
    independent, which makes the interval rather too wide: a cautious test.
-#}
{% macro change_low(gap, gap_low, baseline_gap, baseline_high) -%}
    {{ gap }} - {{ baseline_gap }}
    - sqrt(pow({{ gap }} - {{ gap_low }}, 2) + pow({{ baseline_high }} - {{ baseline_gap }}, 2))
{%- endmacro %}

{% macro change_high(gap, gap_high, baseline_gap, baseline_low) -%}
    {{ gap }} - {{ baseline_gap }}
    + sqrt(pow({{ gap_high }} - {{ gap }}, 2) + pow({{ baseline_gap }} - {{ baseline_low }}, 2))
{%- endmacro %}

{#- Share of the reduction that is due by a day: straight line from baseline to target, from 0 to 1. -#}
{% macro share_due(day, baseline_day, target_day) -%}
    greatest(0, least(1,
        cast(date_diff('day', {{ baseline_day }}, {{ day }}) as double)
        / nullif(date_diff('day', {{ baseline_day }}, {{ target_day }}), 0)
    ))
{%- endmacro %}

{#-
    Status of a target that can be judged: `change` with its limits, `latest_gap`, `target_gap`, and `change_due`, the
    change that the straight line asks for by now (0 or negative). All in percentage points, unrounded; the tolerance is
    for the last digits of floating-point sums, not for rounding.
-#}
{% macro progress_status(change, low, high, latest_gap, target_gap, change_due) -%}
    case
        when {{ high }} < 0 and {{ latest_gap }} <= {{ target_gap }} + 1e-9 then 'reached'
        when {{ high }} < 0 and {{ change }} <= {{ change_due }} + 1e-9 then 'on_track'
        when {{ low }} > {{ change_due }} + 1e-9 then 'off_track'
        else 'no_clear_change'
    end
{%- endmacro %}
