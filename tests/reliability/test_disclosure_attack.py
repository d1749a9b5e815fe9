"""Nothing published gives a suppressed cell back; and the same attack succeeds where the partners are left open.

The attack itself is in ``disclosure_attack``. Here it is let loose on counts that Hypothesis makes, on two releases
after each other, and on real releases out of dbt: the sample, invented deliveries, and a revised one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from disclosure_attack import CELLS, Row, Totals, attack, leaves, shown, values_by_rule, western
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.disclosure import Count, Version, groups, hidden_groups

THRESHOLD = 5
TARGETS = ("non_western", "non_western_immigrant", "non_western_descendant")
REFERENCES = ("others", "danish")


def publish(version: Version, hidden: Mapping[tuple[str, str], bool]) -> tuple[list[Row], Totals]:
    """The rows that ``gaps`` has of a delivery, and the totals that are public."""
    rows: list[Row] = []
    for subarea, place in version.items():
        found = groups(place)
        for target in (name for name in TARGETS if name in found):
            for reference in (name for name in REFERENCES if name in found):
                row: dict[str, object] = {"subarea_code": subarea, "target_group": target, "reference_group": reference}
                if hidden[subarea, target] or hidden[subarea, reference]:
                    row["value_status"] = "suppressed"
                elif 0 in (found[target].denominator, found[reference].denominator):
                    row["value_status"] = "empty_group"
                else:
                    row["value_status"] = "observed"
                    for side, group in (("target", target), ("reference", reference)):
                        row[f"{side}_numerator"] = found[group].numerator
                        row[f"{side}_denominator"] = found[group].denominator
                rows.append(row)
    totals = {
        subarea: (sum(c.numerator for c in place.values()), sum(c.denominator for c in place.values()))
        for subarea, place in version.items()
    }
    return rows, totals


def released(versions: Sequence[Version], partners: bool = True) -> tuple[list[Row], Totals]:
    return publish(versions[-1], hidden_groups(versions, THRESHOLD, partners=partners))


number = st.one_of(st.integers(0, 6), st.integers(0, 60), st.integers(100, 3000))
count = st.tuples(number, number).map(lambda cells: Count(cells[0], cells[0] + cells[1]))
target_parts = st.sampled_from([("non_western",), ("non_western_immigrant", "non_western_descendant")])
reference_parts = st.sampled_from([("others",), ("danish", "western")])


@st.composite
def delivery(draw: st.DrawFn) -> Version:
    """A municipality's groups, or its communities by two groups."""
    if draw(st.integers(0, 3)):
        parts = (*draw(target_parts), *draw(reference_parts))
        return {"total": {part: draw(count) for part in parts}}
    places = {f"c{n}": {"non_western": draw(count), "others": draw(count)} for n in range(draw(st.integers(1, 3)))}
    whole = {
        part: Count(sum(p[part].numerator for p in places.values()), sum(p[part].denominator for p in places.values()))
        for part in ("non_western", "others")
    }
    return {"total": whole, **places}


@given(st.lists(delivery(), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_suppressed_cell_is_found(deliveries: list[Version]) -> None:
    for version in deliveries:
        rows, totals = released([version])
        assert [cell for cell in attack({"now": (rows, totals)}) if cell.is_found] == []


@given(st.lists(delivery(), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_small_cell_of_western_origin_is_not_found_either(deliveries: list[Version]) -> None:
    for version in deliveries:
        place = version["total"]
        if "western" in place and place["western"].is_small(THRESHOLD):
            whole = groups(place)
            rows, totals = released([version])
            for cell, values in western("now", rows, totals).items():
                most = {"numerator": 0, "denominator": 1, "difference": 2}[cell]
                public = sum(c.cells[most] for c in place.values()) + 1
                assert len(values) >= min(3, public), whole


@st.composite
def revised(draw: st.DrawFn) -> tuple[Version, Version]:
    """A delivery and the next: some cells of it a little larger or smaller."""
    before = draw(delivery())
    step = st.integers(-3, 3)
    after: dict[str, dict[str, Count]] = {}
    for subarea, place in before.items():
        if subarea == "total" and len(before) > 1:
            continue
        after[subarea] = {}
        for part, old in place.items():
            moves = (draw(step), draw(step)) if draw(st.booleans()) else (0, 0)
            events, rest = max(0, old.cells[0] + moves[0]), max(0, old.cells[2] + moves[1])
            after[subarea][part] = Count(events, events + rest)
    if len(before) > 1:
        whole: dict[str, Count] = defaultdict(lambda: Count(0, 0))
        for place in after.values():
            for part, value in place.items():
                whole[part] += value
        after = {"total": dict(whole), **after}
    return before, after


@given(revised())
@settings(max_examples=120, deadline=None)
def test_two_releases_give_no_cell_back_that_both_suppress(pair: tuple[Version, Version]) -> None:
    before, after = pair
    first, second = released([before]), released([before, after])
    seen = set(shown(first[0])) | set(shown(second[0]))
    assert set(shown(second[0])) <= set(shown(first[0])), "what was hidden once stays hidden"
    for cell in attack({"first": first, "second": second}):
        version = before if cell.release == "first" else after
        truth = groups(version[cell.subarea])[cell.group].cells[list(CELLS).index(cell.cell)]
        if (cell.subarea, cell.group) not in seen and truth in cell.values:
            assert not cell.is_found, cell


def _small_ones() -> list[Version]:
    return [
        {
            "total": {
                "non_western_immigrant": Count(2, 20),
                "non_western_descendant": Count(0, 30),
                "others": Count(480, 900),
            }
        },
        {
            "total": {
                "non_western_immigrant": Count(710, 1593),
                "non_western_descendant": Count(3, 31),
                "danish": Count(9000, 14000),
                "western": Count(204, 602),
            }
        },
        {
            "total": {"non_western": Count(52, 122), "others": Count(80, 160)},
            "c0": {"non_western": Count(2, 12), "others": Count(30, 60)},
            "c1": {"non_western": Count(20, 40), "others": Count(20, 40)},
            "c2": {"non_western": Count(30, 70), "others": Count(30, 60)},
        },
    ]


def test_the_attack_finds_the_cells_when_partners_are_left_open() -> None:
    for version in _small_ones():
        open_cells = [cell for cell in attack({"now": released([version], partners=False)}) if cell.is_found]
        assert {len(cell.values) for cell in open_cells} == {1}
        assert not any(cell.is_found for cell in attack({"now": released([version])}))
    western_small: Version = {
        "total": {"non_western": Count(400, 900), "western": Count(2, 40), "danish": Count(5000, 9000)}
    }
    assert western("now", *released([western_small], partners=False))["numerator"] == range(2, 3)
    assert len(western("now", *released([western_small]))["numerator"]) > 3


def test_a_release_that_forgets_what_it_hid_is_found_by_differencing() -> None:
    before: Version = {
        "total": {
            "non_western_immigrant": Count(60, 90),
            "non_western_descendant": Count(4, 31),
            "others": Count(800, 990),
        }
    }
    after: Version = {
        "total": {
            "non_western_immigrant": Count(60, 90),
            "non_western_descendant": Count(6, 33),
            "others": Count(800, 990),
        }
    }
    forgetful = {"first": released([before]), "second": released([after])}
    kept = {"first": released([before]), "second": released([before, after])}
    assert ("total", "non_western_descendant") in shown(forgetful["second"][0])
    assert ("total", "non_western_descendant") not in shown(kept["second"][0])
    assert not any(cell.is_found for cell in attack(kept))


def test_one_who_knows_the_rule_too_still_has_three_values() -> None:
    for version in _small_ones():
        rows, totals = released([version])
        for cell in attack({"now": (rows, totals)}):
            kinds = CELLS[cell.cell]
            goal = {("now", cell.subarea, leaf, kind): 1.0 for leaf in leaves(rows)[cell.group] for kind in kinds}
            assert len(values_by_rule(rows, totals, goal, THRESHOLD)) >= 3


@given(delivery())
@settings(max_examples=25, deadline=None)
def test_knowing_the_rule_leaves_three_values_of_any_delivery(version: Version) -> None:
    rows, totals = released([version])
    for cell in attack({"now": (rows, totals)}):
        goal = {("now", cell.subarea, leaf, k): 1.0 for leaf in leaves(rows)[cell.group] for k in CELLS[cell.cell]}
        assert len(values_by_rule(rows, totals, goal, THRESHOLD)) >= min(3, cell.anyway), cell
