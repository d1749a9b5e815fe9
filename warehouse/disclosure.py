"""Disclosure control of the municipality's own data: which groups must be hidden so that no small cell can be found.

Hiding a small cell is not enough: a total that is known elsewhere gives it back by subtraction. So partners are hidden
too, until an audit with exact bounds finds every hidden cell uncertain. Source: primary suppression by a threshold,
secondary suppression over all additive relations, and a closing audit by bounds, as in Hundepool and others,
Statistical Disclosure Control (Wiley 2012), and in sdcTable, GaussSuppression and tau-argus.

What the attacker is taken to know beyond what is published: the total over all groups of each place (votes cast and
eligible voters are public), that groups add up to the total, and places to the whole; that counts are whole and not
negative. Out of scope: reading and publishing (dbt does both), and open tables, which their producer has protected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

WHOLE = "total"
PARENT = {
    "non_western_immigrant": "non_western",
    "non_western_descendant": "non_western",
    "non_western": WHOLE,
    "danish": "others",
    "western": "others",
    "others": WHOLE,
}
PUBLISHED = ("non_western", "non_western_immigrant", "non_western_descendant", "others", "danish")
MOST_UNITS = 12  # more than this are not searched: everything is hidden


@dataclass(frozen=True)
class Count:
    """A group's cell: ``numerator`` of ``denominator``; ``persons`` are further numbers of persons behind it.

    In interviews one person gives several answers, so persons (those asked, those who gave at least one answer that
    counts, at least one that does not) are fewer than answers, and it is persons whom the threshold protects.
    """

    numerator: int
    denominator: int
    persons: tuple[int, ...] = ()

    @property
    def cells(self) -> tuple[int, int, int]:
        """Numerator, denominator and their difference."""
        return self.numerator, self.denominator, self.denominator - self.numerator

    def is_small(self, threshold: int) -> bool:
        """Whether a cell, or the number of persons behind one, lies from 1 to ``threshold`` - 1."""
        return any(0 < cell < threshold for cell in (*self.cells, *self.persons))

    def __add__(self, other: Count) -> Count:
        if not (self.persons and other.persons):
            persons = self.persons or other.persons
        else:
            persons = tuple(a + b for a, b in zip(self.persons, other.persons, strict=True))
        return Count(self.numerator + other.numerator, self.denominator + other.denominator, persons)


@dataclass(frozen=True)
class Node:
    """A sum in a tree of sums: the children of a node add up to it exactly.

    ``unit`` is what is shown or hidden as one; None where the node is never published, ``""`` where it is public
    anyway. ``cap`` is what the count cannot exceed because it is part of a known total.
    """

    name: str
    parent: str | None
    count: Count
    cap: Count
    unit: str | None


Tree = Sequence[Node]  # parents before their children
Interval = tuple[int, int]
Place = Mapping[str, Count]  # part of the population → count
Version = Mapping[str, Place]  # subarea → place: one delivery of one municipality, indicator and period
Group = tuple[str, str]  # subarea, group


def total(counts: Iterable[Count]) -> Count:
    """The sum of counts of disjoint persons."""
    result = Count(0, 0)
    for count in counts:
        result += count
    return result


def groups(place: Place) -> dict[str, Count]:
    """Every group that the delivered parts make up, published or not, without the total.

    Groups of which one part was not delivered count as what was delivered of them.
    """
    found = dict(place)
    for name in ("non_western", "others"):
        parts = [place[part] for part, parent in PARENT.items() if parent == name and part in place]
        if parts:
            found[name] = total(parts)
    return found


def bounds(tree: Tree, hidden: frozenset[str], cell: Callable[[Count], int]) -> dict[str, Interval]:
    """The least and the greatest value that each node can have, given what is not hidden: exact, over whole numbers.

    ``cell`` is additive: the numerator, or the difference. Up the tree each node gets the values that its own subtree
    allows, down the tree those that the rest allows. Exact, because sums of whole numbers in intervals fill an
    interval, and because given a node's value what is below it and what is beside it are free of each other.
    """
    known = {node.name: node.unit is not None and node.unit not in hidden for node in tree}
    value = {node.name: cell(node.count) for node in tree}
    children: dict[str, list[str]] = {node.name: [] for node in tree}
    for node in tree:
        if node.parent is not None:
            children[node.parent].append(node.name)
    below: dict[str, Interval] = {}
    for node in reversed(tree):
        if known[node.name]:
            below[node.name] = (value[node.name], value[node.name])
            continue
        parts = [below[child] for child in children[node.name]]
        low, high = sum(part[0] for part in parts), sum(part[1] for part in parts)
        below[node.name] = (low, min(high, cell(node.cap)) if parts else cell(node.cap))
    found: dict[str, Interval] = {}
    for node in tree:
        low, high = below[node.name]
        if node.parent is not None:
            beside = [below[child] for child in children[node.parent] if child != node.name]
            low = max(low, found[node.parent][0] - sum(part[1] for part in beside))
            high = min(high, found[node.parent][1] - sum(part[0] for part in beside))
        found[node.name] = (low, high)
    return found


def widths(tree: Tree, hidden: frozenset[str]) -> dict[str, tuple[int, int, int]]:
    """How far apart the bounds of numerator, denominator and difference are.

    Numerator and difference are free of each other (both are known of a group, or neither), so that the bounds of
    the denominator are the sums of theirs.
    """
    events = bounds(tree, hidden, lambda count: count.numerator)
    others = bounds(tree, hidden, lambda count: count.denominator - count.numerator)
    result = {}
    for name, (low, high) in events.items():
        rest = others[name][1] - others[name][0]
        result[name] = (high - low, high - low + rest, rest)
    return result


def exposed(trees: Sequence[Tree], hidden: frozenset[str], threshold: int, answers: int = 1) -> set[str]:
    """The nodes in need of protection that what is shown pins down too closely.

    In need are all that is hidden, and small nodes that are not published but can be found by subtraction. Bounds
    must be ``threshold`` persons apart (and at least 2, which is three values); or as far apart as they would be with
    everything hidden, where the public total alone allows no more.
    """
    units = frozenset(node.unit for tree in trees for node in tree if node.unit)
    enough = max(2, threshold) * max(1, answers)
    found = set()
    for tree in trees:
        now, best = widths(tree, hidden), widths(tree, units)
        for node in tree:
            in_need = node.unit in hidden if node.unit is not None else node.count.is_small(threshold)
            if in_need and any(a < min(enough, b) for a, b in zip(now[node.name], best[node.name], strict=True)):
                found.add(node.name)
    return found


def suppress(
    trees: Sequence[Tree],
    threshold: int,
    earlier: frozenset[str] = frozenset(),
    answers: int = 1,
    sizes: Mapping[str, int] | None = None,
) -> frozenset[str]:
    """The units to hide: the small ones, those hidden earlier, and the fewest and smallest partners that suffice.

    Every set of partners is tried in the order of their number, then of the persons they hide (``sizes``, where
    something else than this delivery shall say how large a unit is), and the first that the audit accepts is taken.
    With everything hidden the audit always accepts.
    """
    units = sorted({node.unit for tree in trees for node in tree if node.unit})
    small = {n.unit for tree in trees for n in tree if n.unit and n.count.is_small(threshold)}
    needed = frozenset(small | (earlier & set(units)))
    free = [unit for unit in units if unit not in needed]
    if len(free) > MOST_UNITS:
        return frozenset(units) if exposed(trees, needed, threshold, answers) else needed
    persons = {unit: sum(n.count.denominator for tree in trees for n in tree if n.unit == unit) for unit in units}
    persons |= {unit: size for unit, size in (sizes or {}).items() if unit in persons}
    for number in range(len(free) + 1):
        for partners in sorted(combinations(free, number), key=lambda some: (sum(persons[u] for u in some), some)):
            hidden = needed | set(partners)
            if not exposed(trees, hidden, threshold, answers):
                return hidden
    return frozenset(units)


def group_tree(place: Place) -> Tree:
    """The groups of one place: the total is public, western origin is never published but follows by subtraction."""
    found = groups(place)
    whole = total(place.values())
    top = [name for name in ("non_western", "others") if name in found]
    rest = [name for name in found if name not in top]
    return [
        Node(WHOLE, None, whole, whole, ""),
        *(Node(name, PARENT[name], found[name], whole, name if name in PUBLISHED else None) for name in top + rest),
    ]


def place_trees(version: Version) -> list[Tree]:
    """Places that add up to the whole: one tree a group, and each place shown or hidden with all its groups.

    Exact for each group: the total of each place caps it, and whatever it leaves can always be dealt out among the
    other groups (a transportation problem whose margins agree has a solution in whole numbers).
    """
    caps = {subarea: total(place.values()) for subarea, place in version.items()}
    counts = {subarea: groups(place) for subarea, place in version.items()}
    trees: list[Tree] = []
    for name in sorted(set().union(*counts.values())):
        of = {subarea: found.get(name, Count(0, 0)) for subarea, found in counts.items()}
        root = Node(f"{name} {WHOLE}", None, of[WHOLE], caps[WHOLE], WHOLE)
        places = [s for s in sorted(of) if s != WHOLE]
        trees.append([root, *(Node(f"{name} {s}", root.name, of[s], caps[s], s) for s in places)])
    return trees


def is_sound(version: Version) -> bool:
    """Whether the counts are counts, and the places add up to the whole."""
    for place in version.values():
        if any(min(count.cells) < 0 for count in place.values()):
            return False
        if any(part in place and {"non_western", "others"} & {PARENT.get(part)} & set(place) for part in PARENT):
            return False
    if len(version) == 1:
        return True
    if WHOLE not in version:
        return False
    places = [place for subarea, place in version.items() if subarea != WHOLE]
    return all(
        total(place.get(part, Count(0, 0)) for place in places).cells == version[WHOLE].get(part, Count(0, 0)).cells
        for part in set().union(*version.values())
    )


def hidden_groups(
    versions: Sequence[Version],
    threshold: int,
    answers: int = 1,
    sizes: Mapping[str, int] | None = None,
    partners: bool = True,
) -> dict[Group, bool]:
    """Whether each published group of the last version is hidden.

    Args:
        versions: every delivery of one municipality, indicator and period that was ever promoted, oldest first.
        threshold: a cell from 1 to ``threshold`` - 1 is small (``WAREHOUSE_SMALL_CELL``).
        answers: how many one person may have given at most, in the units of the counts.
        sizes: how large each place counts when partners are chosen; see :func:`judge_versions`.
        partners: False leaves the partners open. For tests, which show that the attack then succeeds.

    A group that one version hides stays hidden in all that follow. Counts that do not add up are hidden whole.
    """
    hidden: set[Group] = set()
    for version in versions:
        names = [(s, g) for s, place in version.items() for g in groups(place) if g in PUBLISHED]
        if not partners:
            hidden |= {(s, g) for s, g in names if groups(version[s])[g].is_small(threshold)}
        elif not is_sound(version):
            hidden |= set(names)
        elif len(version) == 1:
            ((subarea, place),) = version.items()
            earlier = frozenset(g for s, g in hidden if s == subarea)
            hidden |= {(subarea, unit) for unit in suppress([group_tree(place)], threshold, earlier, answers)}
        else:
            earlier = frozenset(s for s, _ in hidden)
            places = suppress(place_trees(version), threshold, earlier, answers, sizes)
            hidden |= {(s, g) for s, g in names if s in places}
    return {name: name in hidden for name in names}


class Delivered(NamedTuple):
    """A part of the population in one delivery. ``answers`` is how many one person gave at most."""

    indicator_id: str
    municipality_code: str
    period: str
    promoted_at: Any
    load_id: str
    is_current: bool
    subarea_code: str
    part: str
    numerator: int
    denominator: int
    persons: Sequence[int] = ()
    answers: int = 1


class Judged(NamedTuple):
    """A group that can be shown; its counts are the key by which a mart recognises what was judged."""

    indicator_id: str
    municipality_code: str
    subarea_code: str
    period: str
    sex: str
    age_group: str
    group_id: str
    numerator: int
    denominator: int
    is_hidden: bool


def judge_versions(rows: Iterable[Delivered], threshold: int, partners: bool = True) -> list[Judged]:
    """Judge every group of the deliveries that are shown now, in the light of all that came before them.

    ``threshold`` and ``partners`` are those of :func:`hidden_groups`. The same persons may answer in wave after wave,
    so the same place should be the partner in all of them: when partners are chosen, a place counts as large as it
    was in the first delivery that had it, which nothing later changes.
    """
    ordered = sorted(rows, key=lambda row: (row.promoted_at, row.load_id, row.period, row.subarea_code, row.part))
    strata: dict[tuple[str, str, str], dict[str, list[Delivered]]] = {}
    for row in ordered:
        strata.setdefault(row[:3], {}).setdefault(row.load_id, []).append(row)
    sizes = _first_sizes(ordered)
    judged: list[Judged] = []
    for (indicator, municipality, period), deliveries in sorted(strata.items()):
        loads = list(deliveries)
        shown = next((n for n, load in enumerate(loads) if deliveries[load][0].is_current), None)
        if shown is None:
            continue
        versions = [_version(deliveries[load]) for load in loads[: shown + 1]]
        answers = max(row.answers for load in loads[: shown + 1] for row in deliveries[load])
        found = hidden_groups(versions, threshold, answers, sizes[indicator, municipality], partners)
        for (subarea, group), is_hidden in sorted(found.items()):
            count = groups(versions[-1][subarea])[group]
            place = (indicator, municipality, subarea, period, WHOLE, WHOLE)
            judged.append(Judged(*place, group, count.numerator, count.denominator, is_hidden))
    return judged


def _version(rows: Iterable[Delivered]) -> Version:
    places: dict[str, dict[str, Count]] = {}
    for row in rows:
        places.setdefault(row.subarea_code, {})[row.part] = Count(row.numerator, row.denominator, tuple(row.persons))
    return places


def _first_sizes(ordered: Iterable[Delivered]) -> dict[tuple[str, str], dict[str, int]]:
    """Of each indicator and municipality: how large each place was in the first delivery and period that had it."""
    first: dict[tuple[str, str, str], tuple[str, str]] = {}
    sizes: dict[tuple[str, str], dict[str, int]] = {}
    for row in ordered:
        delivery = (row.load_id, row.period)
        if first.setdefault((*row[:2], row.subarea_code), delivery) == delivery:
            of = sizes.setdefault(row[:2], {})
            of[row.subarea_code] = of.get(row.subarea_code, 0) + row.denominator
    return sizes
