"""No suppressed cell of the municipality's own data can be worked out from what is published.

An independent check: it knows nothing of the rules of disclosure control (``warehouse.disclosure``), only what a reader
has. The counts of the disjoint groups of each place are unknowns; every published count, every public total and every
sum is a linear equation; a cell is derivable when the equations determine it. Solved exactly, with fractions.

The reader also has the release before. What was made of the same delivery is the same there. Of a revised delivery
the reader takes to be unchanged what shows no change: a group with the same counts, and the hidden ones when nothing
that shows has moved. A cell that the release before showed, or gave away by itself, is out already and is not counted
here. Bounds (counts are whole and not negative) are not looked at; the tests attack releases with them.
Source: the attacker's linear system of Hundepool and others, Statistical Disclosure Control (Wiley 2012), ch. 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import duckdb

from expectations.checks import Check, key_of, values_table
from expectations.marts_checks import SIDES, MartFacts, is_own, mart_check

WHOLE = "total"
SPLIT = {"non_western": ("non_western_immigrant", "non_western_descendant"), "others": ("danish", "western")}
KINDS = ("numerator", "denominator")
_STRATUM = ("indicator_id", "municipality_code", "period")
_ROW = (*_STRATUM, "subarea_code", "value_status", "target_group", "reference_group")

Stratum = tuple[str, str, str]
Unknown = tuple[str, str, str]  # release, subarea, leaf
Place = tuple[str, str]  # subarea, group
Terms = Mapping[Unknown, Fraction]
Totals = Mapping[str, tuple[int, int]]  # subarea → numerator and denominator over all groups


class Published(NamedTuple):
    """A published row: its place and status, the counts of its two groups by side and kind, and its delivery."""

    subarea: str
    status: str
    groups: Mapping[str, str]
    counts: Mapping[tuple[str, str], float | None]
    load_ids: tuple[str, ...]


@dataclass
class Span:
    """Everything that follows linearly from a set of equations.

    Rows are kept in echelon form: each begins with an unknown of its own, in the order of the unknowns.
    """

    rows: dict[Unknown, tuple[dict[Unknown, Fraction], Fraction]] = field(default_factory=dict)
    is_contradictory: bool = False

    def add(self, terms: Terms, value: Fraction) -> None:
        """Take in an equation: the sum of the terms is the value."""
        rest, left = self._reduced(terms, value)
        if not rest:
            self.is_contradictory = self.is_contradictory or left != 0
            return
        first = min(rest)
        scale = rest[first]
        self.rows[first] = ({name: weight / scale for name, weight in rest.items()}, left / scale)

    def value(self, terms: Terms) -> Fraction | None:
        """The value of a sum, None where the equations leave it open."""
        rest, left = self._reduced(terms, Fraction(0))
        return None if rest else -left

    def _reduced(self, terms: Terms, value: Fraction) -> tuple[dict[Unknown, Fraction], Fraction]:
        rest = dict(terms)
        while (first := min((name for name in rest if name in self.rows), default=None)) is not None:
            row, known = self.rows[first]
            weight = rest[first]
            for name, other in row.items():
                rest[name] = rest.get(name, Fraction(0)) - weight * other
                if not rest[name]:
                    del rest[name]
            value -= weight * known
        return rest, value


def build(connection: duckdb.DuckDBPyConnection, facts: MartFacts) -> list[Check]:
    """The check of `gaps`; what is derivable is found now, and stands in the check as a list of strata.

    A key names indicator, municipality and period, of which the suppressed rows are published anyway; never a cell.
    """
    found = values_table("derivable", _STRATUM, derivable(connection, facts))
    return [
        mart_check(
            "gaps",
            "no_suppressed_cell_derivable",
            "Nothing published, in this release and the one before, determines a suppressed cell.",
            f"select {key_of(_STRATUM)} from derivable",
            ctes=[found],
        )
    ]


def derivable(connection: duckdb.DuckDBPyConnection, facts: MartFacts) -> list[Stratum]:
    """The strata of the municipality's own data of which some suppressed cell is determined, in order."""
    now = _rows(connection, "marts.gaps")
    before = _rows(connection, facts.published) if facts.published else {}
    totals = _totals(connection)
    return [
        stratum
        for stratum, rows in sorted(now.items())
        if _gives_away(rows, before.get(stratum, []), totals.get(stratum, {}), facts.small_cell)
    ]


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[Stratum, list[Published]]:
    cells = [(side, kind) for side in SIDES for kind in KINDS]
    columns = [*_ROW, *(f"{side}_{kind}" for side, kind in cells), "load_ids"]
    found: dict[Stratum, list[Published]] = {}
    asked = f"select {', '.join(columns)} from {relation} where {is_own()} order by all"
    for *stratum, subarea, status, target, reference, n, d, rn, rd, loads in connection.execute(asked).fetchall():
        counts = dict(zip(cells, (n, d, rn, rd), strict=True))
        groups = {"target": str(target), "reference": str(reference)}
        row = Published(str(subarea), str(status), groups, counts, tuple(loads or ()))
        found.setdefault((stratum[0], stratum[1], stratum[2]), []).append(row)
    return found


def _totals(connection: duckdb.DuckDBPyConnection) -> dict[Stratum, dict[str, dict[str, tuple[int, int]]]]:
    """Stratum → delivery → subarea → the counts over all groups, which are public."""
    found: dict[Stratum, dict[str, dict[str, tuple[int, int]]]] = {}
    for *stratum, load_id, subarea, numerator, denominator in connection.execute(
        """select indicator_id, municipality_code, period, load_id, subarea_code, sum(numerator), sum(denominator)
        from intermediate.int_disclosure__versions group by all"""
    ).fetchall():
        key = (stratum[0], stratum[1], stratum[2])
        found.setdefault(key, {}).setdefault(load_id, {})[subarea] = (int(numerator), int(denominator))
    return found


def _gives_away(
    rows: Sequence[Published], before: Sequence[Published], deliveries: Mapping[str, Totals], small_cell: int
) -> bool:
    """Whether something that is hidden in a stratum is determined."""
    leaves = _leaves(rows)
    goals = _goals(rows, leaves)
    if not goals:
        return False
    values = [_determined(kind, goals, rows, before, deliveries) for kind in range(len(KINDS))]
    for goal in goals:
        cells = [found[goal] for found in values if goal in found]
        if goal[1] == "western":  # never published as a group: it matters when it is small
            differences = [cells[1] - cells[0]] if len(cells) == len(KINDS) else []
            cells = [cell for cell in (*cells, *differences) if 0 < cell < small_cell]
        if cells:
            return True
    return False


def _determined(
    kind: int,
    goals: Sequence[Place],
    rows: Sequence[Published],
    before: Sequence[Published],
    deliveries: Mapping[str, Totals],
) -> dict[Place, Fraction]:
    """The goals of which one kind of count is determined by this release, or by the two and not by the one before."""
    leaves = _leaves(rows)
    now = _span("now", kind, rows, _of_delivery(rows, deliveries), leaves)
    old = _span("before", kind, before, _of_delivery(before, deliveries), leaves)
    both = _joined(kind, rows, before, deliveries)
    found = {}
    for goal in goals:
        value = now.value(_terms("now", goal, leaves))
        if value is None and old.value(_terms("before", goal, leaves)) is None:
            value = both.value(_terms("now", goal, leaves))
        if value is not None:
            found[goal] = value
    return found


def _leaves(rows: Iterable[Published]) -> dict[str, tuple[str, ...]]:
    """Group → the disjoint groups that it consists of, as far as the rows tell."""
    names = {group for row in rows for group in row.groups.values()}
    found: dict[str, tuple[str, ...]] = {}
    for group, parts in SPLIT.items():
        split = parts if names & set(parts) else (group,)
        found |= {group: split, **{part: (part,) for part in split}}
    return found


def _goals(rows: Iterable[Published], leaves: Mapping[str, tuple[str, ...]]) -> list[Place]:
    """What must stay unknown: the groups of suppressed rows that no row shows, and western origin."""
    rows = list(rows)
    shown = _shown(0, rows).keys() & _shown(1, rows).keys()
    hidden = {(row.subarea, group) for row in rows if row.status == "suppressed" for group in row.groups.values()}
    western = {(row.subarea, "western") for row in rows if "western" in leaves}
    return sorted((hidden - shown) | western)


def _shown(kind: int, rows: Iterable[Published]) -> dict[Place, Fraction]:
    """Every group of which some row gives a count, or that a row calls empty beside one that has persons."""
    rows = list(rows)
    found: dict[Place, Fraction] = {}
    for row in rows:
        for side, group in row.groups.items():
            count = row.counts[side, KINDS[kind]]
            if count is not None:
                found[row.subarea, group] = Fraction(count).limit_denominator(1000)
    for row in rows:
        if row.status == "empty_group":
            one, other = ((row.subarea, group) for group in row.groups.values())
            for place, beside in ((one, other), (other, one)):
                if found.get(beside, 0) > 0 and place not in found:
                    found[place] = Fraction(0)
    return found


def _terms(release: str, place: Place, leaves: Mapping[str, tuple[str, ...]]) -> dict[Unknown, Fraction]:
    subarea, group = place
    return {(release, subarea, leaf): Fraction(1) for leaf in leaves[group]}


def _of_delivery(rows: Sequence[Published], deliveries: Mapping[str, Totals]) -> Totals:
    """The public totals of the delivery that rows were made of."""
    loads = {load_id for row in rows for load_id in row.load_ids}
    return next((totals for load_id, totals in deliveries.items() if load_id in loads), {})


def _span(
    release: str, kind: int, rows: Sequence[Published], totals: Totals, leaves: Mapping[str, tuple[str, ...]]
) -> Span:
    """What follows from the rows of one release, the public totals and the sums over groups and places."""
    span = Span()
    for terms, value in _equations(release, kind, rows, totals, leaves):
        span.add(terms, value)
    return span


def _equations(
    release: str, kind: int, rows: Sequence[Published], totals: Totals, leaves: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Terms, Fraction]]:
    disjoint = sorted({leaf for parts in leaves.values() for leaf in parts})
    for subarea, total in totals.items():
        yield {(release, subarea, leaf): Fraction(1) for leaf in disjoint}, Fraction(total[kind])
    if len(totals) > 1:
        for leaf in disjoint:
            yield {(release, s, leaf): Fraction(-1 if s == WHOLE else 1) for s in totals}, Fraction(0)
    for place, count in _shown(kind, rows).items():
        yield _terms(release, place, leaves), count


def _joined(
    kind: int, rows: Sequence[Published], before: Sequence[Published], deliveries: Mapping[str, Totals]
) -> Span:
    """What follows from both releases; from this one alone where taking things to be unchanged is refuted."""
    leaves = _leaves(rows)
    totals, old_totals = _of_delivery(rows, deliveries), _of_delivery(before, deliveries)
    span = _span("now", kind, rows, totals, leaves)
    if not before or _leaves(before) != leaves:
        return span
    for terms, value in _equations("before", kind, before, old_totals, leaves):
        span.add(terms, value)
    same = {load_id for row in rows for load_id in row.load_ids} == {i for row in before for i in row.load_ids}
    now, old = _shown(kind, rows), _shown(kind, before)
    moved = totals != old_totals or any(now[place] != old[place] for place in now.keys() & old.keys())
    for subarea in {row.subarea for row in rows} & {row.subarea for row in before}:
        for group, parts in leaves.items():
            place = (subarea, group)
            unchanged = now[place] == old[place] if place in now and place in old else not moved
            for leaf in parts if same or unchanged else ():
                terms = {("before", subarea, leaf): Fraction(1), ("now", subarea, leaf): Fraction(-1)}
                span.add(terms, Fraction(0))
    return _span("now", kind, rows, totals, leaves) if span.is_contradictory else span
