"""Promise: a Danish number is read by the kind of its measure, never by its looks; what does not fit is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.danish import Kind, area_code, nearest, number


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("2.351", "integer", 2351),
        ("2.351", "decimal", 2351.0),
        ("2,351", "decimal", 2.351),
        ("1.234.567", "integer", 1234567),
        ("0", "integer", 0),
        ("351", "integer", 351),
        ("7,3", "decimal", 7.3),
        ("-7,3", "decimal", -7.3),
        ("100,0 %", "percent", 100.0),
        ("100,0\u00a0%", "percent", 100.0),
        ("92,5", "percent", 92.5),
        ("0,0 %", "percent", 0.0),
        (" 12 ", "integer", 12),
        ("", "integer", None),
        ("  ", "percent", None),
        (None, "decimal", None),
        (2351, "integer", 2351),
        (2351.0, "integer", 2351),
        (7.3, "decimal", 7.3),
        (7, "percent", 7.0),
    ],
)
def test_a_number_of_its_kind_is_read(text: object, kind: Kind, expected: float | None) -> None:
    got = number(text, kind)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("2,351", "integer"),
        ("2.35", "integer"),
        ("2.35", "decimal"),
        ("23.51", "decimal"),
        ("2351.000", "integer"),
        ("1.2345", "integer"),
        ("7.3", "percent"),
        ("7,3 %", "decimal"),
        ("100 %", "integer"),
        ("*", "integer"),
        ("..", "decimal"),
        ("<3", "integer"),
        ("1e3", "decimal"),
        ("٣", "integer"),
        ("2 351", "integer"),
        (True, "integer"),
        (7.3, "integer"),
        (float("nan"), "decimal"),
        (float("inf"), "integer"),
        ([], "decimal"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused(value: object, kind: Kind) -> None:
    with pytest.raises(ValueError):
        number(value, kind)


@given(st.integers(0, 10**9))
def test_thousands_points_never_change_a_count(count: int) -> None:
    assert number(f"{count:,}".replace(",", "."), "integer") == count


@given(st.integers(0, 10**7), st.integers(0, 9))
def test_a_decimal_comma_is_never_a_thousands_point(whole: int, tenth: int) -> None:
    text = f"{whole:,}".replace(",", ".") + f",{tenth}"
    assert number(text, "decimal") == pytest.approx(whole + tenth / 10)


def test_areas_are_matched_by_their_whole_name() -> None:
    assert area_code("København") == "101"
    assert area_code("Assens") == "420"
    assert area_code("Randers") == "730"
    assert area_code("Hele landet") == "000"
    assert area_code("Københavns Kommune") is None
    assert area_code("Assen") is None


def test_the_nearest_names_come_first() -> None:
    assert nearest("Antal elever", ["Gennemsnit", "Antal elever i alt"])[0] == "Antal elever i alt"
    assert nearest("xyz", ["a", "b", "c", "d"]) == ["a", "b", "c"]
    assert nearest("xyz", []) == []
