"""What must hold of `gaps` in the light of the release before and of its own earlier periods.

A figure may move, go or jump, but not without somebody who answers for it: a later load, or a change of code, seeds or
settings. What nobody answers for blocks; what a provider or the data team answers for is advised, largest first.
Without a release before, nothing can have moved: the checks are there, and hold.
"""

from __future__ import annotations

from expectations.checks import Check, key_of
from expectations.marts_checks import (
    CELL,
    COUNTS,
    GAPS,
    NUMBERS,
    RATES,
    STRATUM,
    MartFacts,
    differs,
    is_own,
    mart_check,
    same_cell,
)

MIN_JUMP_PP = 2.0
MAD_SCALE = 1.4826  # makes the MAD of a normal sample its standard deviation; Rousseeuw and Croux 1993, JASA 88:1273
MAD_FACTOR = 4.0
MIN_EARLIER_CHANGES = 4
# `standardised_gap_pp` is left out: its standard is the population of the first period, whose load is another.
COMPARED = (*COUNTS, *RATES, *GAPS, "rate_ratio", "persons_to_parity")
NAMES = frozenset(
    {
        "no_observed_cell_lost",
        "no_cell_withdrawn_by_a_load",
        "no_cell_lost_to_new_rules",
        "no_move_without_a_revision",
        "no_move_by_new_rules",
        "newest_change_is_plausible",
    }
)
_SERIES = ("indicator_id", "municipality_code", "subarea_code", "sex", "age_group", "target_group", "reference_group")


def build(facts: MartFacts) -> list[Check]:
    """The checks of `gaps` against the current release and against its own history."""
    return [*_kept(facts), *_moved(facts), _jumps(facts)]


def _published(facts: MartFacts) -> str:
    """The observed rows of the current release; none before the first."""
    if facts.published is None:
        return "published as (select * from batch where false)"
    absent = [f"cast(null as double) as {column}" for column in NUMBERS if column not in facts.published_columns]
    columns = ", ".join(["*", *absent])
    return f"published as (select {columns} from {facts.published} where value_status = 'observed')"


def _kept(facts: MartFacts) -> list[Check]:
    """Coverage not shrunk: what was observed in the current release is observed now."""
    # A load's period is the year of a quarter's figure, or a quarter of a year's; where neither fits, all count.
    lost = f"""lost as (
        select published.*, gaps.value_status as status_now from published
        left join batch as gaps on {same_cell("published", "gaps")}
        where gaps.value_status is distinct from 'observed'
    )"""
    taken_over = """load_periods as (
        select loads.load_id, loads.period, owners.load_id is null as is_taken_over
        from (select dataset, load_id, unnest(periods) as period from meta.loads) as loads
        left join meta.period_owner as owners using (dataset, period, load_id)
    ),
    lost_loads as (
        select distinct period, unnest(load_ids) as load_id from lost
    ),
    taken_over as (
        select period, load_id from (
            select lost_loads.period, lost_loads.load_id, load_periods.is_taken_over,
                starts_with(lost_loads.period, load_periods.period)
                or starts_with(load_periods.period, lost_loads.period) as is_near
            from lost_loads inner join load_periods on lost_loads.load_id = load_periods.load_id
        ) group by all having coalesce(bool_or(is_taken_over) filter (where is_near), bool_or(is_taken_over))
    )"""
    judged = f"""judged as (
        select lost.*,
            exists (
                select 1 from taken_over
                where taken_over.period = lost.period and list_contains(lost.load_ids, taken_over.load_id)
            ) as has_later_load,
            status_now is null and exists (
                select 1 from intermediate.int_gap__counts as counts where {same_cell("counts", "lost", STRATUM)}
            ) as is_counted
        from lost
    )"""
    ctes = [_published(facts), lost, taken_over, judged]
    by_source = "has_later_load and not is_counted"
    by_rules = _answered_by_rules(facts)
    lists = {
        "no_observed_cell_lost": (
            "What the current release shows is shown again, unless a later load or other rules answer for it.",
            f"not ({by_source}) and not ({by_rules})",
        ),
        "no_cell_withdrawn_by_a_load": ("No later load has taken figures away.", by_source),
        "no_cell_lost_to_new_rules": (
            "No change of code, seeds or settings has taken figures away.",
            f"not ({by_source}) and {by_rules}",
        ),
    }
    return [
        mart_check("gaps", name, description, f"select {key_of(CELL)} from judged where {condition}", ctes=ctes)
        for name, (description, condition) in lists.items()
    ]


def _answered_by_rules(facts: MartFacts) -> str:
    return "false" if facts.same_rules else "true"


def _moved(facts: MartFacts) -> list[Check]:
    """The same loads give the same figures, unless code, seeds or settings have changed."""
    columns = [column for column in COMPARED if facts.published is None or column in facts.published_columns]
    apart = " or ".join(differs(f"gaps.{column}", f"published.{column}") for column in columns)
    moved = f"""moved as (
        select {", ".join(f"gaps.{column}" for column in CELL)}, gaps.gap_pp as new_pp, published.gap_pp as old_pp,
            abs(gaps.gap_pp - published.gap_pp) as size_pp
        from published inner join batch as gaps on {same_cell("published", "gaps")}
        where gaps.value_status = 'observed' and gaps.load_ids = published.load_ids and ({apart})
    )"""
    name = f"concat_ws(' ', {', '.join(CELL)})"
    values = "printf(' from %.2f to %.2f', old_pp, new_pp)"
    largest = f"""select 'largest, in percentage points: ' || string_agg(what, '; ' order by place) from (
        select if({is_own()}, concat_ws(' ', indicator_id, municipality_code, period), {name} || {values}) as what,
            row_number() over (order by size_pp desc, {", ".join(CELL)}) as place
        from moved
    ) where place <= 5"""

    def check(check_name: str, description: str, applies: bool) -> Check:
        rows = f"select {key_of(CELL)} from moved" + ("" if applies else " where false")
        observed = largest if applies else "null"
        ctes = [_published(facts), moved] if applies else []
        query = rows if applies else f"select {key_of(CELL)} from batch where false"
        return mart_check("gaps", check_name, description, query, observed=observed, ctes=ctes)

    return [
        check(
            "no_move_without_a_revision",
            "A published figure whose loads, code, seeds and settings are the same is the same.",
            facts.same_rules,
        ),
        check(
            "no_move_by_new_rules",
            "No published figure has moved because code, seeds or settings changed.",
            not facts.same_rules,
        ),
    ]


def _jumps(facts: MartFacts) -> Check:
    """The newest change of a gap against the earlier changes of its segment.

    It stands out when it lies further from their median than ``MIN_JUMP_PP`` and than ``MAD_FACTOR`` times their scaled
    median absolute deviation, outside all of them, and when the Newcombe intervals of the two gaps do not overlap. A
    segment ends at a break of the series; local and general elections are series of their own. A figure that was
    revised since the current release is left to `revisions`.
    """
    series = ", ".join((*_SERIES, "series_kind"))
    ctes = [
        _published(facts),
        f"""segments as (
            select *, count_if(is_series_break) over (partition by {series} order by period_start, period) as segment
            from (select *, regexp_extract(period, '^([A-Z]{{2}})[0-9]{{4}}$', 1) as series_kind from batch)
        )""",
        f"""changes as (
            select *, gap_pp - lag(gap_pp) over later as change_pp,
                coalesce(gap_low_pp > lag(gap_high_pp) over later or gap_high_pp < lag(gap_low_pp) over later, true)
                    as is_apart,
                lead(period) over (partition by {series} order by period_start, period) is null as is_newest
            from segments where value_status = 'observed'
            window later as (partition by {series}, segment order by period_start, period)
        )""",
        f"""histories as (
            select {series}, segment, list(change_pp) filter (where not is_newest) as earlier,
                max(change_pp) filter (where is_newest) as newest_pp, max(period) filter (where is_newest) as period,
                bool_or(is_apart and is_newest) as is_apart
            from changes where change_pp is not null group by all
        )""",
        f"""deviations as (
            select *, list_aggregate(earlier, 'median') as usual_pp,
                list_aggregate(list_transform(earlier, lambda change: abs(change - list_aggregate(earlier, 'median'))),
                    'median') as mad_pp
            from histories where len(earlier) >= {MIN_EARLIER_CHANGES} and is_apart
        )""",
    ]
    revised = f"""select 1 from published inner join batch as gaps on {same_cell("published", "gaps")}
        where {same_cell("gaps", "deviations", (*_SERIES, "period"))}
            and gaps.load_ids <> published.load_ids and {differs("gaps.gap_pp", "published.gap_pp")}"""
    return mart_check(
        "gaps",
        "newest_change_is_plausible",
        f"The newest change of a gap is within {MIN_JUMP_PP:g} points of the usual one, or within {MAD_FACTOR:g} times"
        " the scaled median absolute deviation of the earlier changes, or like one of them, or the intervals overlap.",
        f"""select {key_of((*_SERIES, "period"))} from deviations
        where abs(newest_pp - usual_pp) > greatest({MIN_JUMP_PP}, {MAD_FACTOR * MAD_SCALE} * mad_pp)
            and not newest_pp between list_min(earlier) and list_max(earlier)
            and not exists ({revised})""",
        ctes=ctes,
    )
