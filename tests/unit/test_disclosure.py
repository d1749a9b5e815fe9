"""Disclosure control: what is hidden, what stays shown, and that the audit's bounds are exact."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.disclosure import (
    Count,
    Delivered,
    Node,
    Version,
    bounds,
    exposed,
    group_tree,
    hidden_groups,
    judge_versions,
    place_trees,
    suppress,
)

PARTS = ("non_western_immigrant", "non_western_descendant", "western", "danish")


def place(**counts: tuple[int, int]) -> Version:
    return {"total": {part: Count(*count) for part, count in counts.items()}}


def hidden(*versions: Version, threshold: int = 5, partners: bool = True) -> set[str]:
    found = hidden_groups(versions, threshold, partners=partners)
    return {group for (_, group), is_hidden in found.items() if is_hidden}


def test_a_small_target_hides_the_reference_too() -> None:
    # T = 2, S = 50 is public.
    assert hidden(place(non_western=(2, 20), others=(48, 90))) == {"non_western", "others"}


def test_without_partners_only_the_small_is_hidden() -> None:
    assert hidden(place(non_western=(2, 20), others=(48, 90)), partners=False) == {"non_western"}


def test_zero_is_not_small() -> None:
    assert hidden(place(non_western=(0, 20), others=(50, 90))) == set()


def test_the_complement_tells_as_much_as_the_cell() -> None:
    assert hidden(place(non_western=(40, 41), others=(50, 90))) == {"non_western", "others"}


def test_two_small_parts_of_a_public_total_need_no_more() -> None:
    assert hidden(place(non_western=(2, 12), others=(3, 13))) == {"non_western", "others"}


def test_of_three_areas_of_a_public_total_the_smallest_partner_goes() -> None:
    counts = {"3": Count(3, 3), "40": Count(40, 40), "57": Count(57, 57)}
    whole = Count(100, 100)
    tree = [
        Node("sum", None, whole, whole, ""),
        *(Node(name, "sum", count, whole, name) for name, count in counts.items()),
    ]
    assert suppress([tree], 5) == {"3", "40"}


@pytest.mark.parametrize(("cell", "is_hidden"), [(0, False), (1, True), (4, True), (5, False)])
def test_the_edge_of_the_threshold(cell: int, is_hidden: bool) -> None:
    for count in ((cell, 100), (100 - cell, 100), *([(0, cell)] if cell else [])):
        assert ("non_western" in hidden(place(non_western=count, others=(500, 900)))) is is_hidden


def test_a_small_descendant_cell_leaves_the_group_of_both_shown() -> None:
    shown = place(
        non_western_immigrant=(710, 1593), non_western_descendant=(3, 31), western=(204, 602), danish=(10256, 14514)
    )
    assert hidden(shown) == {"non_western_immigrant", "non_western_descendant"}


def test_western_is_never_published_and_still_protected() -> None:
    # others - danish is western: 2 of 40.
    small = place(non_western=(400, 900), western=(2, 40), danish=(5000, 9000))
    assert hidden(small) == {"danish"}
    assert hidden(small, partners=False) == set()


def test_a_partner_must_leave_room() -> None:
    # With danish shown, total - danish would bound both non_western and western to 0..4 votes.
    found = hidden(place(non_western=(3, 60), western=(1, 50), danish=(5000, 9000)))
    assert found == {"non_western", "others", "danish"}


def communities(*rows: tuple[tuple[int, int], tuple[int, int]]) -> Version:
    places = {
        f"c{n}": {"non_western": Count(*target), "others": Count(*other)} for n, (target, other) in enumerate(rows)
    }
    whole = {
        part: Count(sum(p[part].numerator for p in places.values()), sum(p[part].denominator for p in places.values()))
        for part in ("non_western", "others")
    }
    return {"total": whole, **places}


def test_a_small_community_takes_another_with_it_and_the_whole_stays() -> None:
    found = hidden_groups([communities(((2, 12), (30, 60)), ((20, 40), (20, 40)), ((30, 70), (30, 70)))], 5)
    assert {place for (place, _), is_hidden in found.items() if is_hidden} == {"c0", "c1"}


def test_one_community_is_the_whole() -> None:
    found = hidden_groups([communities(((2, 12), (30, 60)))], 5)
    assert all(found.values())


def test_persons_are_protected_not_answers() -> None:
    count = Count(9, 15, persons=(3, 3, 2))
    assert not Count(9, 15).is_small(5)
    assert count.is_small(5)
    assert (count + Count(1, 1, (1, 1, 0))).persons == (4, 4, 2)


def test_counts_that_do_not_add_up_are_hidden_whole() -> None:
    version = dict(communities(((20, 40), (30, 60)), ((20, 40), (20, 40))))
    version["total"] = {"non_western": Count(41, 80), "others": Count(50, 100)}
    assert all(hidden_groups([version], 5).values())


def test_once_hidden_stays_hidden() -> None:
    small = place(non_western=(2, 20), others=(48, 90))
    large = place(non_western=(12, 20), others=(48, 90))
    assert hidden(small, large) == {"non_western", "others"}
    assert hidden(large, large) == set()
    assert hidden(large, small) == {"non_western", "others"}


def _delivered(
    load: int, period: str, place: str, size: int, *, current: bool = True, small: bool = False
) -> list[Delivered]:
    head = ("perceived_diversity", "151", period, datetime(2026, 1, load), f"l{load}", current, place)
    return [
        Delivered(*head, "non_western", 2 if small else size // 4, size // 2),
        Delivered(*head, "others", size // 4, size // 2),
    ]


def _wave(load: int, period: str, sizes: dict[str, int]) -> list[Delivered]:
    rows = [row for name, size in sizes.items() for row in _delivered(load, period, name, size, small=name == "a")]
    head = rows[0][:6]
    for part in ("non_western", "others"):
        of = [row for row in rows if row.part == part]
        rows.append(Delivered(*head, "total", part, sum(r.numerator for r in of), sum(r.denominator for r in of)))
    return rows


def test_the_partner_is_the_same_in_every_wave() -> None:
    rows = _wave(1, "w1", {"a": 100, "b": 200, "c": 240}) + _wave(2, "w2", {"a": 100, "b": 280, "c": 240})
    for judged in (judge_versions(rows, 5), judge_versions(reversed(rows), 5)):
        found = {(row.period, row.subarea_code) for row in judged if row.is_hidden}
        assert found == {(wave, place) for wave in ("w1", "w2") for place in ("a", "b")}


def test_only_the_shown_delivery_is_judged_in_the_light_of_those_before() -> None:
    def version(load: int, votes: int, current: bool) -> list[Delivered]:
        head = ("turnout_municipal", "151", "KV2025", datetime(2026, 1, load), f"l{load}", current, "total")
        return [Delivered(*head, "non_western", votes, 60), Delivered(*head, "others", 500, 900)]

    judged = judge_versions([*version(1, 3, False), *version(2, 30, True)], 5)
    assert {(row.group_id, row.numerator, row.is_hidden) for row in judged} == {
        ("non_western", 30, True),
        ("others", 500, True),
    }
    assert not any(row.is_hidden for row in judge_versions(version(2, 30, True), 5))
    assert judge_versions(version(1, 3, False), 5) == []


counts = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda xy: Count(xy[0], xy[0] + xy[1]))


@given(st.fixed_dictionaries(dict.fromkeys(PARTS, counts)), st.sets(st.sampled_from(range(5))))
@settings(max_examples=150, deadline=None)
def test_bounds_are_exactly_those_of_all_tables_that_fit(parts: dict[str, Count], chosen: set[int]) -> None:
    published = ("non_western", "non_western_immigrant", "non_western_descendant", "others", "danish")
    concealed = frozenset(published[n] for n in chosen)
    tree = group_tree(parts)
    found = bounds(tree, concealed, lambda count: count.numerator)

    def sums(leaves: tuple[int, ...]) -> dict[str, int]:
        immigrant, descendant, western, danish = leaves
        return {
            **dict(zip(PARTS, leaves, strict=True)),
            "non_western": immigrant + descendant,
            "others": western + danish,
            "total": sum(leaves),
        }

    truth = sums(tuple(parts[part].numerator for part in PARTS))
    shown = [name for name in ("total", *published) if name not in concealed]
    fitting = [
        table
        for table in map(sums, product(range(truth["total"] + 1), repeat=4))
        if all(table[name] == truth[name] for name in shown)
    ]
    for node in tree:
        values = {table[node.name] for table in fitting}
        assert values == set(range(found[node.name][0], found[node.name][1] + 1))


places = st.fixed_dictionaries({"non_western": counts, "others": counts})


@given(st.lists(places, min_size=1, max_size=3), st.sets(st.sampled_from(["total", "c0", "c1", "c2"])))
@settings(max_examples=150, deadline=None)
def test_bounds_of_places_are_exact(rows: list[dict[str, Count]], concealed: set[str]) -> None:
    version = communities(
        *(
            (
                (r["non_western"].numerator, r["non_western"].denominator),
                (r["others"].numerator, r["others"].denominator),
            )
            for r in rows
        )
    )
    names = [name for name in version if name != "total"]
    target = {name: version[name]["non_western"].numerator for name in version}
    whole = {name: sum(count.numerator for count in version[name].values()) for name in version}
    fitting = []
    for values in product(*(range(whole[name] + 1) for name in names)):
        table = {**dict(zip(names, values, strict=True)), "total": sum(values)}
        if all(table[name] == target[name] for name in version if name not in concealed):
            fitting.append(table)
    tree = next(tree for tree in place_trees(version) if tree[0].name.startswith("non_western "))
    found = bounds(tree, frozenset(concealed), lambda count: count.numerator)
    for node in tree:
        assert node.unit is not None
        values = {table[node.unit] for table in fitting}
        assert values == set(range(found[node.name][0], found[node.name][1] + 1))


def test_with_everything_hidden_the_audit_always_accepts() -> None:
    tree = group_tree({"non_western": Count(1, 1), "others": Count(0, 1)})
    assert exposed([tree], frozenset({"non_western", "others"}), 5) == set()
