{#-
    Series of comparable periods. A break (seed `series_breaks`) lies before its `first_period_after`; the first period
    of a series from there on is the break, and a new segment begins with it. Local and general elections are series of
    their own: other people may vote.
-#}

{#- 'KV' of 'KV2021': the kind of election; empty for every other period. -#}
{% macro election_kind(period) -%}
    regexp_extract({{ period }}, '^([A-Z]{2})[0-9]{4}$', 1)
{%- endmacro %}

{#- First day of a period written as text: year, quarter, election (its year) or date. Null where it is none of them. -#}
{% macro first_day_of_period(period) -%}
    case
        when regexp_full_match({{ period }}, '[0-9]{4}') then make_date(cast({{ period }} as integer), 1, 1)
        when regexp_full_match({{ period }}, '[0-9]{4}K[1-4]') then {{ quarter_start(period) }}
        when {{ election_kind(period) }} <> '' then make_date(cast(right({{ period }}, 4) as integer), 1, 1)
        else try_cast({{ period }} as date)
    end
{%- endmacro %}

{#-
    Counts with `is_series_break` true for the first period after a break too, where an earlier one exists. A break with
    an empty indicator, table or municipality holds for all of them.
-#}
{% macro counts_with_breaks(counts, breaks) -%}
    with
    series_periods as (
        select
            municipality_code,
            subarea_code,
            indicator_id,
            period,
            {{ election_kind('period') }} as series_kind,
            min(period_start) as period_start,
            list_distinct(flatten(list(source_tables))) as table_ids
        from {{ counts }}
        group by all
    ),

    neighbours as (
        select
            *,
            lag(period_start) over (
                partition by municipality_code, subarea_code, indicator_id, series_kind
                order by period_start
            ) as previous_start
        from series_periods
    ),

    dated_breaks as (
        select
            *,
            {{ election_kind('first_period_after') }} as series_kind,
            {{ first_day_of_period('first_period_after') }} as first_day_after
        from {{ breaks }}
        where cuts_trend
    ),

    broken_periods as (
        select distinct
            neighbours.municipality_code,
            neighbours.subarea_code,
            neighbours.indicator_id,
            neighbours.period
        from neighbours
        inner join dated_breaks
            on
                neighbours.previous_start < dated_breaks.first_day_after
                and neighbours.period_start >= dated_breaks.first_day_after
                and coalesce(nullif(dated_breaks.indicator_id, ''), neighbours.indicator_id) = neighbours.indicator_id
                and coalesce(nullif(dated_breaks.municipality_code, ''), neighbours.municipality_code)
                = neighbours.municipality_code
                and coalesce(nullif(dated_breaks.series_kind, ''), neighbours.series_kind) = neighbours.series_kind
                and (
                    coalesce(dated_breaks.table_id, '') = ''
                    or list_contains(neighbours.table_ids, dated_breaks.table_id)
                )
    )

    select
        counts.* replace (counts.is_series_break or broken_periods.period is not null as is_series_break)
    from {{ counts }} as counts
    left join broken_periods
        on
            counts.municipality_code = broken_periods.municipality_code
            and counts.subarea_code = broken_periods.subarea_code
            and counts.indicator_id = broken_periods.indicator_id
            and counts.period = broken_periods.period
{%- endmacro %}
