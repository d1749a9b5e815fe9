"""An attacker on published gaps of the municipality's own data: linear algebra over whole numbers, by SciPy's HiGHS.

Knows nothing of our disclosure control. Takes the rows of ``gaps`` as a release has them and what is public anyway, and
writes every number as an equation over unknown counts of events and of the rest, neither below 0. Then the least and
the greatest value of each suppressed cell are two integer programmes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

Row = Mapping[str, object]
Totals = Mapping[str, tuple[int, int]]  # subarea → numerator and denominator over all groups
Unknown = tuple[str, str, str, str]  # release, subarea, leaf, events or rest
Sum = dict[Unknown, float]

SPLIT = {
    "non_western": ("non_western_immigrant", "non_western_descendant"),
    "others": ("danish", "western"),
}
CELLS: Mapping[str, tuple[str, ...]] = {
    "numerator": ("events",),
    "denominator": ("events", "rest"),
    "difference": ("rest",),
}
NUMBERS = ("numerator", "denominator", "rate_pct", "low_pct", "high_pct")


@dataclass
class System:
    """Equations over unknown counts."""

    unknowns: dict[Unknown, int] = field(default_factory=dict)
    equations: list[tuple[Sum, float]] = field(default_factory=list)

    def equate(self, terms: Sum, value: float) -> None:
        """One published number."""
        for unknown in terms:
            self.unknowns.setdefault(unknown, len(self.unknowns))
        self.equations.append((terms, value))

    def extreme(self, goal: Sum, sign: int, limits: Mapping[Unknown, tuple[float, float]]) -> int | None:
        """The least (sign 1) or greatest (sign -1) value of a sum, None when nothing fits."""
        size = len(self.unknowns)
        cost = np.zeros(size)
        for unknown, weight in goal.items():
            cost[self.unknowns[unknown]] = sign * weight
        cells = [(n, self.unknowns[u], w) for n, (terms, _) in enumerate(self.equations) for u, w in terms.items()]
        line, column, weight = zip(*cells, strict=True)
        matrix = csr_array((weight, (line, column)), shape=(len(self.equations), size))
        values = [value for _, value in self.equations]
        low, high = np.zeros(size), np.full(size, np.inf)
        for unknown, (least, most) in limits.items():
            low[self.unknowns[unknown]], high[self.unknowns[unknown]] = least, most
        found = milp(
            cost,
            constraints=LinearConstraint(matrix, values, values),
            integrality=np.ones(size),
            bounds=Bounds(low, high),
        )
        return None if found.x is None else round(sign * float(found.fun))

    def values(self, goal: Sum, limits: Mapping[Unknown, tuple[float, float]] | None = None) -> range:
        """The whole numbers from the least to the greatest that a sum can have; empty when nothing fits."""
        low, high = self.extreme(goal, 1, limits or {}), self.extreme(goal, -1, limits or {})
        return range(0) if low is None or high is None else range(low, high + 1)


@dataclass(frozen=True)
class Cell:
    """A cell that a release suppresses, and the values that it can have."""

    release: str
    subarea: str
    group: str
    cell: str
    values: range
    anyway: int  # how many values the public totals alone leave

    @property
    def is_found(self) -> bool:
        """Fewer than three values, though the public totals alone would leave more."""
        return len(self.values) < min(3, self.anyway)


def leaves(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Group → the leaves that it consists of, as far as the published groups tell."""
    names = {str(row[side]) for row in rows for side in ("target_group", "reference_group")}
    found: dict[str, tuple[str, ...]] = {}
    for group, parts in SPLIT.items():
        split = parts if names & set(parts) else (group,)
        found[group] = split
        found |= {part: (part,) for part in split}
    return found


def shown(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[int, int]]:
    """Subarea and group → numerator and denominator, of every group that some row gives."""
    found = {}
    for row in rows:
        for side in ("target", "reference"):
            group = (str(row["subarea_code"]), str(row[f"{side}_group"]))
            if row["value_status"] == "observed":
                counts = (round(float(row[f"{side}_numerator"])), round(float(row[f"{side}_denominator"])))  # type: ignore[arg-type]
                assert found.setdefault(group, counts) == counts
            else:
                assert all(row.get(f"{side}_{number}") is None for number in NUMBERS)
    return found


def empty(rows: Sequence[Row], known: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Groups that a row calls empty while its other group is shown elsewhere."""
    found, known = set(), set(known)
    for row in rows:
        sides = [(str(row["subarea_code"]), str(row[f"{side}_group"])) for side in ("target", "reference")]
        if row["value_status"] == "empty_group":
            found |= {one for one, other in (sides, sides[::-1]) if other in known and one not in known}
    return found


def system(releases: Mapping[str, tuple[Sequence[Row], Totals]], with_rows: bool = True) -> System:
    """Everything that is known of one municipality, indicator and period, over one or more releases."""
    result = System()
    for release, (rows, totals) in releases.items():
        parts = leaves(rows)
        atoms = sorted({leaf for of in parts.values() for leaf in of})
        for subarea, (numerator, denominator) in totals.items():
            counts = {"events": numerator, "rest": denominator - numerator}
            for kind, value in counts.items():
                result.equate({(release, subarea, leaf, kind): 1.0 for leaf in atoms}, value)
        if len(totals) > 1:
            for leaf in atoms:
                for kind in ("events", "rest"):
                    terms = {(release, s, leaf, kind): 1.0 if s != "total" else -1.0 for s in totals}
                    result.equate(terms, 0.0)
        if not with_rows:
            continue
        known = shown(rows)
        known |= dict.fromkeys(empty(rows, known), (0, 0))
        for (subarea, group), (numerator, denominator) in known.items():
            for kind, value in (("events", numerator), ("rest", denominator - numerator)):
                result.equate({(release, subarea, leaf, kind): 1.0 for leaf in parts[group]}, value)
    if with_rows and len(releases) == 2:
        _link(result, releases)
    return result


def _link(result: System, releases: Mapping[str, tuple[Sequence[Row], Totals]]) -> None:
    """Where nothing that can be seen has changed, the attacker takes what cannot be seen to be unchanged too."""
    (before, (old, old_totals)), (after, (new, new_totals)) = releases.items()
    parts, was, now = leaves(new), shown(old), shown(new)
    moved = any(was[group] != now[group] for group in set(was) & set(now)) or old_totals != new_totals
    for subarea in set(old_totals) & set(new_totals):
        for top, atoms in parts.items():
            group = (subarea, top)
            unchanged = was[group] == now[group] if group in was and group in now else not moved
            if unchanged and top in SPLIT and leaves(old)[top] == atoms:
                for leaf in atoms:
                    for kind in ("events", "rest"):
                        terms = {(before, subarea, leaf, kind): 1.0, (after, subarea, leaf, kind): -1.0}
                        result.equate(terms, 0.0)


def attack(releases: Mapping[str, tuple[Sequence[Row], Totals]]) -> list[Cell]:
    """Bound every suppressed cell, western origin (others less Danish) included where it is not plain to see.

    Gives an empty list when what the attacker supposes contradicts itself.
    """
    knows, bare = system(releases), system(releases, with_rows=False)
    found = []
    for release, (rows, _) in releases.items():
        parts, visible = leaves(rows), shown(rows)
        visible |= dict.fromkeys(empty(rows, visible), (0, 0))
        suppressed = {
            (str(row["subarea_code"]), str(row[f"{side}_group"]))
            for row in rows
            if row["value_status"] == "suppressed"
            for side in ("target", "reference")
        }
        for subarea, group in sorted(suppressed - set(visible)):
            for cell, kinds in CELLS.items():
                goal = {(release, subarea, leaf, kind): 1.0 for leaf in parts[group] for kind in kinds}
                values, anyway = knows.values(goal), bare.values(goal)
                if not values:
                    return []
                found.append(Cell(release, subarea, group, cell, values, len(anyway)))
    return found


def western(release: str, rows: Sequence[Row], totals: Totals) -> dict[str, range]:
    """The values that each cell of western origin can have, which no row ever gives."""
    if "western" not in leaves(rows):
        return {}
    knows = system({release: (rows, totals)})
    return {
        cell: knows.values({(release, "total", "western", kind): 1.0 for kind in kinds})
        for cell, kinds in CELLS.items()
    }


def values_by_rule(rows: Sequence[Row], totals: Totals, goal: Sum, threshold: int) -> set[int]:
    """What a cell can be for one who knows the rule too: that some hidden group of the stratum has a small cell."""
    release = next(iter(goal))[0]
    knows, parts, visible = system({release: (rows, totals)}), leaves(rows), shown(rows)
    found: set[int] = set()
    for subarea, group in ((s, g) for s in totals for g in parts if (s, g) not in visible):
        for kinds in CELLS.values():
            limited = System(dict(knows.unknowns), list(knows.equations))
            small = ("rule", subarea, group, "small")
            terms: Sum = {(release, subarea, leaf, kind): 1.0 for leaf in parts[group] for kind in kinds}
            limited.equate({**terms, small: -1.0}, 0.0)
            found |= set(limited.values(goal, {small: (1, threshold - 1)}))
    return found
