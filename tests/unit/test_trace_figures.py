"""The plain-Python figures of `warehouse trace`, held against worked examples of the papers they come from."""

from __future__ import annotations

from fractions import Fraction

import pytest

from warehouse.trace.figures import Share, dissimilarity, gap_figures, same


def share(events: int, persons: int) -> Share:
    return Share(Fraction(events), Fraction(persons))


@pytest.mark.parametrize(
    ("first", "second", "difference", "low", "high"),
    [
        # Newcombe 1998, table II, method 10: the differences and limits of its worked contrasts.
        ((56, 70), (48, 80), 0.2000, 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.6000, 0.1705, 0.8090),
        ((10, 10), (0, 10), 1.0000, 0.6075, 1.0000),
    ],
)
def test_limits_are_those_of_newcombe(
    first: tuple[int, int], second: tuple[int, int], difference: float, low: float, high: float
) -> None:
    """Where higher is better, the reference stands first: the gap is what it has more."""
    found = gap_figures(share(*second), share(*first), higher_is_better=True)
    assert [round(float(found[n] or 0) / 100, 4) for n in ("gap_pp", "gap_low_pp", "gap_high_pp")] == [
        difference,
        low,
        high,
    ]


def test_the_gap_is_positive_when_the_target_group_is_worse_off() -> None:
    """Whichever way the indicator points."""
    more, less = share(60, 100), share(40, 100)
    assert gap_figures(less, more, higher_is_better=True)["gap_pp"] == pytest.approx(20)
    assert gap_figures(more, less, higher_is_better=False)["gap_pp"] == pytest.approx(20)
    better_off = gap_figures(more, less, higher_is_better=True)
    assert better_off["gap_pp"] == pytest.approx(-20)
    assert better_off["persons_to_parity"] == 0


def test_no_ratio_against_a_rate_of_nought() -> None:
    """A ratio to nobody is no number; the limits at the ends are exact."""
    found = gap_figures(share(5, 10), share(0, 10), higher_is_better=False)
    assert found["rate_ratio"] is None
    assert found["reference_low_pct"] == 0
    assert gap_figures(share(10, 10), share(5, 10), higher_is_better=True)["target_high_pct"] == 100


def test_dissimilarity_at_its_ends() -> None:
    """0 for two groups that live alike, 100 for two that share no parish, also where a parish has none of a group."""
    assert dissimilarity({"a": 1, "b": 3}, {"a": 10, "b": 30}) == 0
    assert dissimilarity({"a": 7}, {"b": 5}) == 100
    assert dissimilarity({"a": 1, "b": 1}, {"a": 3, "b": 1}) == 25


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (0.1 + 0.2, 0.3, True),
        (Fraction(1, 3), 1 / 3, True),
        (16.136, 16.137, False),
        (None, None, True),
        (None, 0, False),
        (True, 1, False),
        (["a"], ["a"], True),
        ("2024", "2023", False),
    ],
)
def test_same(first: object, second: object, equal: bool) -> None:
    """A missing number is never a 0, and a yes is no 1."""
    assert same(first, second) is equal
