"""A second opinion on every gap, in plain Python and without SQL: from counts to the numbers that `gaps` must show.

Written from the contract and the methods page, not from the dbt models. The counts come from ``oracle_sources``; here
are the groups, the intervals (Wilson 1927, Newcombe 1998 method 10), the sign and the status. Out of scope: the
standardised gap, series breaks, and what disclosure control hides in the municipality's own data beyond small cells.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Z = 1.959963984540054
HIGHER_IS_BETTER = {
    "employment_rate": True,
    "employment_rate_quarterly": True,
    "unemployment_share": False,
    "outside_labour_force": False,
    "cash_benefit_share": False,
    "public_support_share": False,
    "grade9_completion": True,
    "youth_education": True,
    "qualifying_education": True,
    "grade9_grades": True,
    "perceived_diversity": True,
    "turnout_municipal": True,
    "turnout_by_area": True,
    "danish_tests": True,
}
OWN_DATA = {"perceived_diversity", "turnout_municipal", "danish_tests"}
PROXIES = {"turnout_by_area", "residential_dissimilarity"}
SAID = {"perceived_diversity": {"self_reported"}, "turnout_by_area": {"ecological"}}
SMALLEST_BASE = 30
NON_WESTERN = ("non_western_immigrant", "non_western_descendant")
TARGETS = {
    "non_western": (("non_western",), NON_WESTERN),
    "non_western_immigrant": ((NON_WESTERN[0],),),
    "non_western_descendant": ((NON_WESTERN[1],),),
}
REFERENCES = {"others": (("others",), ("danish", "western")), "danish": (("danish",),)}


class Stratum(NamedTuple):
    """What a count is of, without the group."""

    indicator: str
    municipality: str
    period: str
    sex: str = "total"
    age_group: str = "total"
    subarea: str = "total"


class Key(NamedTuple):
    """A row of `gaps`."""

    stratum: Stratum
    target: str
    reference: str


@dataclass(frozen=True)
class Count:
    """Events among persons; None where a value is missing. ``unknown`` persons are not among the persons.

    A warning of many unknown needs no more than those that are counted: of a missing count nothing is said.
    """

    events: float | None
    persons: float | None
    unknown: float | None = 0
    provisional: bool = False


@dataclass(frozen=True)
class Expected:
    """What a row of `gaps` must say; ``numbers`` by column, all of them None unless observed."""

    status: str
    numbers: Mapping[str, float | bool | None] = field(default_factory=dict)
    warnings: frozenset[str] = frozenset()
    provisional: bool = False


Counts = Mapping[Stratum, Mapping[str, Count]]


def wilson(events: float, persons: float) -> tuple[float, float]:
    """Wilson limits of a proportion, 95 per cent; exactly 0 without events and exactly 1 with nothing else."""
    share = events / persons
    centre = (events + Z * Z / 2) / (persons + Z * Z)
    half = Z / (persons + Z * Z) * math.sqrt(persons * share * (1 - share) + Z * Z / 4)
    low = 0.0 if events == 0 else max(0.0, centre - half)
    high = 1.0 if events == persons else min(1.0, centre + half)
    return low, high


def newcombe(first: float, second: float, one: tuple[float, float], two: tuple[float, float]) -> tuple[float, float]:
    """Limits of ``first - second`` out of the Wilson limits ``one`` and ``two``."""
    difference = first - second
    low = difference - math.sqrt((first - one[0]) ** 2 + (two[1] - second) ** 2)
    high = difference + math.sqrt((one[1] - first) ** 2 + (second - two[0]) ** 2)
    return low, high


def added(counts: Iterable[Count]) -> Count:
    """Counts of groups that do not overlap as one; anything missing stays missing."""
    parts = list(counts)
    return Count(
        _sum(part.events for part in parts),
        _sum(part.persons for part in parts),
        math.fsum(part.unknown for part in parts if part.unknown is not None),
        any(part.provisional for part in parts),
    )


def gaps(counts: Counts, small_cell: int = 5) -> dict[Key, Expected]:
    """Every row that `gaps` must have for these counts."""
    everywhere: dict[str, set[str]] = {}
    for stratum, parts in counts.items():
        everywhere.setdefault(stratum.indicator, set()).update(parts)
    # A group is a group of an indicator where all its parts occur, be it in different strata.
    groups = {
        indicator: {
            group
            for group, variants in {**TARGETS, **REFERENCES}.items()
            if any(set(variant) <= found for variant in variants)
        }
        for indicator, found in everywhere.items()
    }
    return {
        Key(stratum, target, reference): _row(stratum.indicator, parts, target, reference, small_cell)
        for stratum, parts in counts.items()
        for target in TARGETS
        for reference in REFERENCES
        if {target, reference} <= groups[stratum.indicator]
    }


def dissimilarity(
    parishes: Mapping[str, Mapping[str, float | None]], target: str, reference: str, small_cell: int = 5
) -> Expected:
    """The index over parishes, each with persons by part of the population; half the sum of differences of shares."""
    sides = [
        [added(Count(0, found[part]) for part in _variant(group, found)).persons for found in parishes.values()]
        for group in (target, reference)
    ]
    totals = [_sum(side) for side in sides]
    warnings = {"proxy"}
    if 0 in totals:
        return Expected("empty_group", warnings=frozenset(warnings))
    if None in totals or any(_is_small(total, small_cell) for total in totals):
        return Expected("suppressed", warnings=frozenset(warnings))
    index = sum(abs(t / totals[0] - r / totals[1]) for t, r in zip(*sides, strict=True)) / 2  # type: ignore[operator]
    if min(totals) < SMALLEST_BASE:  # type: ignore[type-var, operator]
        warnings.add("small_base")
    numbers = {"gap_pp": 100 * index, "target_denominator": totals[0], "reference_denominator": totals[1]}
    return Expected("observed", numbers, frozenset(warnings))


def _row(indicator: str, parts: Mapping[str, Count], target: str, reference: str, small_cell: int) -> Expected:
    sides = [_group(group, parts) for group in (target, reference)]
    warnings = set(SAID.get(indicator, set()))
    # What is said of a part is said of the row as far as there are parts.
    used = [parts[name] for group in (target, reference) for name in _fallback(group, parts) if name in parts]
    if not used:
        warnings = set()
    provisional = any(count.provisional for count in used)
    warnings |= {"proxy"} if indicator in PROXIES else set()
    warnings |= {"provisional"} if provisional else set()
    status = _status(sides, small_cell)
    if status != "observed":
        return Expected(status, warnings=frozenset(warnings), provisional=provisional)
    one, two = (side for side in sides if side)
    if min(float(one.persons or 0), float(two.persons or 0)) < SMALLEST_BASE:
        warnings.add("small_base")
    if any(10 * (side.unknown or 0) > (side.persons or 0) + (side.unknown or 0) for side in (one, two)):
        warnings.add("unknown_share_high")
    return Expected("observed", _numbers(indicator, one, two), frozenset(warnings), provisional)


def _numbers(indicator: str, target: Count, reference: Count) -> dict[str, float | bool | None]:
    assert target.events is not None and target.persons is not None
    assert reference.events is not None and reference.persons is not None
    rates = target.events / target.persons, reference.events / reference.persons
    limits = wilson(target.events, target.persons), wilson(reference.events, reference.persons)
    if HIGHER_IS_BETTER[indicator]:
        gap, (low, high) = rates[1] - rates[0], newcombe(rates[1], rates[0], limits[1], limits[0])
    else:
        gap, (low, high) = rates[0] - rates[1], newcombe(rates[0], rates[1], limits[0], limits[1])
    numbers: dict[str, float | bool | None] = {
        "gap_pp": 100 * gap,
        "gap_low_pp": 100 * low,
        "gap_high_pp": 100 * high,
        "is_clear": low > 0 or high < 0,
        "rate_ratio": rates[0] / rates[1] if rates[1] else None,
        "persons_to_parity": max(0.0, gap * target.persons),
    }
    for name, count, rate, limit in zip(("target", "reference"), (target, reference), rates, limits, strict=True):
        numbers |= {
            f"{name}_numerator": count.events,
            f"{name}_denominator": count.persons,
            f"{name}_rate_pct": 100 * rate,
            f"{name}_low_pct": 100 * limit[0],
            f"{name}_high_pct": 100 * limit[1],
        }
    return numbers


def _status(sides: Iterable[Count | None], small_cell: int) -> str:
    known = [side for side in sides if side]
    if len(known) < 2:
        return "not_delivered"
    missing = [side.events is None or side.persons is None for side in known]
    if any(side.persons == 0 and not gone for side, gone in zip(known, missing, strict=True)):
        return "empty_group"
    if any(missing):
        return "suppressed"
    for side in known:
        events, persons = float(side.events or 0), float(side.persons or 0)
        if events > persons or any(_is_small(cell, small_cell) for cell in (events, persons, persons - events)):
            return "suppressed"
    return "observed"


def _group(group: str, parts: Mapping[str, Count]) -> Count | None:
    variant = _variant(group, parts)
    return added(parts[part] for part in variant) if variant else None


def _variant(group: str, parts: Mapping[str, object]) -> tuple[str, ...]:
    for variant in {**TARGETS, **REFERENCES}[group]:
        if set(variant) <= set(parts):
            return variant
    return ()


def _fallback(group: str, parts: Mapping[str, object]) -> tuple[str, ...]:
    return _variant(group, parts) or {**TARGETS, **REFERENCES}[group][-1]


def _is_small(cell: float | None, small_cell: int) -> bool:
    return cell is not None and 0 < cell < small_cell


def _sum(values: Iterable[float | None]) -> float | None:
    found = list(values)
    return None if None in found else math.fsum(value for value in found if value is not None)
