"""What must hold within `gaps`: its identities, its ranges, and that it is the union of the marts of the focus areas.

Every check is one scan of `gaps`, or one aggregate of it. The statistics themselves (Wilson 1927, Newcombe 1998) are
tested with worked examples in dbt; here only what any reader can verify on the published figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from expectations.checks import Check, key_of, listed
from expectations.marts_checks import (
    CELL,
    COUNTS,
    GAPS,
    NUMBERS,
    SIDES,
    STRATUM,
    MartFacts,
    differs,
    discreet_key,
    mart_check,
    offenders,
)

FOCUS_AREA_MARTS = ("gap_beskaeftigelse", "gap_uddannelse", "gap_boligsocial", "gap_demokrati")
STATUSES = (
    "observed",
    "suppressed",
    "empty_group",
    "not_delivered",
    "not_collected",
    "not_permitted",
    "under_development",
)
WARNINGS = (
    "small_base",
    "proxy",
    "ecological",
    "series_break",
    "unknown_share_high",
    "provisional",
    "self_reported",
)
# KAS201 may be published in averages that were rounded one by one: 10 age bands of 4 statuses of 2 origins, each of
# men, women and total, are at most half a person off.
ROUNDED_AVERAGES = {"employment_rate_quarterly": 120.0}
_EXACT = 1e-6
_LABELS = ("focus_area", "municipality_name", "subarea_name", "frequency", *CELL)


def build(facts: MartFacts) -> list[Check]:
    """The checks of `gaps` that need no other release."""
    return [*_identities(), *_sums(), *_ranges(facts), *_completeness()]


def _gaps(name: str, description: str, offending: str, ctes: Sequence[str] = ()) -> Check:
    return mart_check("gaps", name, description, offending, ctes=ctes)


def _identities() -> list[Check]:
    rates = " or ".join(
        differs(f"{side}_rate_pct", f"100 * {side}_numerator / nullif({side}_denominator, 0)") for side in SIDES
    )
    directed = "if(higher_is_better, reference_rate_pct - target_rate_pct, target_rate_pct - reference_rate_pct)"
    to_parity = "if(target_rate_pct is null, null, greatest(0, gap_pp / 100 * target_denominator))"
    inside = "gap_low_pp <= gap_pp + 1e-9 and gap_pp <= gap_high_pp + 1e-9"
    no_interval = "gap_low_pp is null and gap_high_pp is null and target_rate_pct is null"
    numbers = ", ".join(NUMBERS)
    return [
        _gaps("rate_is_numerator_of_denominator", "A rate is 100 times numerator over denominator.", offenders(rates)),
        _gaps(
            "gap_is_positive_for_the_worse_off",
            "The gap is reference less target where more is better, target less reference where less is better.",
            f"""select {key_of(CELL)} from batch as gaps
            inner join (select indicator_id as named, higher_is_better from marts.dim_indicator) as indicators
                on gaps.indicator_id = indicators.named
            where target_rate_pct is not null and {differs("gap_pp", directed)}""",
        ),
        _gaps(
            "gap_lies_in_its_interval",
            "A gap of two rates lies between its lower and its upper limit, and has both.",
            offenders(f"value_status = 'observed' and not coalesce({inside}, {no_interval})"),
        ),
        _gaps(
            "is_clear_where_interval_excludes_zero",
            "A gap is clear exactly where its interval excludes 0.",
            offenders("is_clear is distinct from (gap_low_pp > 0 or gap_high_pp < 0)"),
        ),
        _gaps(
            "ratio_is_target_over_reference",
            "The ratio is the target group's rate over that of the reference group, null where that is 0.",
            offenders(differs("rate_ratio", "target_rate_pct / nullif(reference_rate_pct, 0)")),
        ),
        _gaps(
            "persons_to_parity_follow_the_gap",
            "Persons to parity are the gap times the target group, and 0 where the target group is not worse off.",
            offenders(differs("persons_to_parity", to_parity)),
        ),
        _gaps(
            "numbers_only_where_observed",
            "Every number is null unless the value is observed, and an observed row has a gap.",
            offenders(
                "if(value_status = 'observed', gap_pp is null,"
                f" coalesce({numbers}) is not null or is_clear is not null)"
            ),
        ),
    ]


def _sums() -> list[Check]:
    allowed = " ".join(f"when '{name}' then {value}" for name, value in ROUNDED_AVERAGES.items())
    return [
        _gaps(
            "men_and_women_sum_to_total",
            "Men and women add up to the total in every count, where all three are observed; rounded averages nearly.",
            _parts(
                [column for column in CELL if column != "sex"],
                COUNTS,
                "sex = 'total'",
                "count(*) = 3 and count(distinct sex) = 3",
                allowed=f"case indicator_id {allowed} else {_EXACT} end",
            ),
        ),
        _gaps(
            "non_western_is_immigrants_and_descendants",
            "Immigrants and descendants add up to the non-western group, where all three are observed.",
            _parts(
                [column for column in CELL if column != "target_group"],
                COUNTS[:2],
                "target_group = 'non_western'",
                "count(*) = 3 and count(distinct target_group) = 3",
                allowed=str(_EXACT),
                where="target_rate_pct is not null",
            ),
        ),
        _gaps(
            "others_hold_the_danish",
            "The others (Danish and western origin) are at least as many as those of Danish origin, in every count.",
            _others(),
        ),
        _gaps(
            "group_counts_are_those_of_its_other_rows",
            "A group has the same counts in every row of its stratum, whichever group it is compared with.",
            " union all ".join(_agreeing(side) for side in SIDES),
        ),
    ]


def _parts(
    columns: Sequence[str], counts: Sequence[str], is_whole: str, complete: str, *, allowed: str, where: str = "true"
) -> str:
    """Keys of which the whole is not the sum of the other rows, in any of the counts."""
    keys = ", ".join(columns)
    excess = " or ".join(f"abs(sum(if({is_whole}, {count}, -{count}))) > allowed" for count in counts)
    return f"""select {key_of(columns)} from (
        select *, {allowed} as allowed from batch where value_status = 'observed' and {where}
    ) as observed group by {keys}, allowed having {complete} and ({excess})"""


def _others() -> str:
    columns = [column for column in CELL if column != "reference_group"]
    cells = ("reference_numerator", "reference_denominator", "reference_denominator - reference_numerator")
    short = " or ".join(f"sum(if(reference_group = 'others', {cell}, -({cell}))) < -{_EXACT}" for cell in cells)
    return f"""select {key_of(columns)} from batch
    where value_status = 'observed' and reference_group in ('others', 'danish') group by {", ".join(columns)}
    having count(*) = 2 and count(distinct reference_group) = 2 and ({short})"""


def _agreeing(side: str) -> str:
    columns = [*STRATUM, f"{side}_group"]
    counts = [count for count in COUNTS if count.startswith(side)]
    apart = " or ".join(f"max({count}) - min({count}) > {_EXACT}" for count in counts)
    return f"""(select {key_of(columns)} from batch where value_status = 'observed'
    group by {", ".join(columns)} having {apart})"""


def _ranges(facts: MartFacts) -> list[Check]:
    out_of_range = " or ".join(
        f"not coalesce({side}_rate_pct between 0 and 100 and {side}_numerator between 0 and {side}_denominator, true)"
        for side in SIDES
    )
    wilson = " or ".join(
        f"({side}_rate_pct between 0 and 100 and not coalesce({side}_low_pct >= 0 and {side}_high_pct <= 100"
        f" and {side}_low_pct <= {side}_rate_pct + 1e-9 and {side}_rate_pct <= {side}_high_pct + 1e-9, false))"
        for side in SIDES
    )
    gaps = " or ".join(f"not coalesce(abs({gap}) <= 100 + 1e-9, true)" for gap in (*GAPS, "standardised_gap_pp"))
    cells = [
        cell
        for side in SIDES
        for cell in (f"{side}_numerator", f"{side}_denominator", f"{side}_denominator - {side}_numerator")
    ]
    small = " or ".join(f"({cell} > 0 and {cell} < {facts.small_cell})" for cell in cells)
    return [
        _gaps(
            "rates_from_0_to_100",
            "A rate lies from 0 to 100, its numerator from 0 to its denominator.",
            offenders(out_of_range),
        ),
        _gaps(
            "wilson_limits_around_the_rate",
            "The limits of a rate lie from 0 to 100, one on each side of it.",
            offenders(wilson),
        ),
        _gaps("gaps_within_100", "A gap and its limits lie from -100 to 100.", offenders(gaps)),
        _gaps(
            "no_small_cell_shown",
            "No observed row has a numerator, a denominator or their difference from 1 to WAREHOUSE_SMALL_CELL - 1.",
            f"select {discreet_key()} from batch where value_status = 'observed' and ({small})",
        ),
    ]


def _completeness() -> list[Check]:
    blank = " or ".join(f"trim(coalesce({column}, '')) = ''" for column in _LABELS)
    return [
        _gaps("cell_keys_unique", "No cell stands twice.", f"{_once()} having count(*) > 1"),
        _gaps("labels_present", "No key, name or code is missing.", offenders(blank)),
        _gaps(
            "statuses_and_warnings_known",
            "The status of a value and its usage warnings are words of the closed lists.",
            offenders(
                f"value_status is null or value_status not in {listed(STATUSES)}"
                f" or not list_has_all([{', '.join(map(repr, WARNINGS))}], coalesce(usage_warnings, []))"
            ),
        ),
        _provenance(),
        _union(),
    ]


def _once() -> str:
    return f"select {key_of(CELL)} from batch group by {', '.join(CELL)}"


def _provenance() -> Check:
    unknown = """unknown as (
        select load_ids from (select load_ids, unnest(load_ids) as load_id from (select distinct load_ids from batch))
        where load_id not in (select load_id from marts.loads where status = 'promoted')
    )"""
    without = "(len(load_ids) = 0 or len(source_tables) = 0 or data_origin is null)"
    return _gaps(
        "loads_are_those_in_force",
        "A row names its source tables, its origin and its loads, and every load owns a period now.",
        offenders(f"(value_status = 'observed' and {without}) or load_ids in (select load_ids from unknown)"),
        ctes=[unknown],
    )


def _union() -> Check:
    """Compared by a hash of whole rows, so that two tables of millions of rows need one aggregate."""
    keys = ", ".join(f"any_value({column}) as {column}" for column in CELL)
    parts = " union all ".join(
        f"select hash(cells) as row_hash, -1 as side, {', '.join(CELL)} from marts.{mart} as cells"
        for mart in FOCUS_AREA_MARTS
    )
    return _gaps(
        "gaps_are_the_union_of_the_focus_areas",
        "`gaps` has exactly the rows of the four marts of the focus areas.",
        f"""select {key_of(CELL)} from (
            select row_hash, sum(side) as excess, {keys} from (
                select hash(cells) as row_hash, 1 as side, {", ".join(CELL)} from batch as cells union all {parts}
            ) as both_sides group by row_hash having sum(side) <> 0
        ) as apart""",
    )
