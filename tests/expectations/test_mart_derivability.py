"""What a reader of the published rows can and cannot work out, on invented strata of a few counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import pytest

from expectations.marts_checks import MartFacts
from expectations.marts_derivability import derivable

Counts = Mapping[tuple[str, str], tuple[int, int]]  # subarea and group → numerator and denominator
STRATUM = ("turnout_municipal", "151", "KV2021")
GROUPS = {
    "target": ("non_western", "non_western_immigrant", "non_western_descendant"),
    "reference": ("others", "danish"),
}
ORIGINS: Counts = {
    ("total", "non_western"): (60, 100),
    ("total", "non_western_immigrant"): (57, 90),
    ("total", "non_western_descendant"): (3, 10),
    ("total", "others"): (800, 1000),
    ("total", "danish"): (700, 850),
}
PLACES: Counts = {
    (place, group): counts
    for place, by_group in {
        "total": ((60, 100), (300, 400)),
        "a": ((2, 20), (90, 120)),
        "b": ((28, 40), (110, 140)),
        "c": ((30, 40), (100, 140)),
    }.items()
    for group, counts in zip(("non_western", "others"), by_group, strict=True)
}
COLUMNS = """indicator_id varchar, municipality_code varchar, period varchar, subarea_code varchar,
    value_status varchar, target_group varchar, reference_group varchar,
    target_numerator double, target_denominator double, reference_numerator double, reference_denominator double,
    load_ids varchar[]"""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        for schema in ("marts", "before", "intermediate"):
            opened.execute(f"create schema {schema}")
        for schema in ("marts", "before"):
            opened.execute(f"create table {schema}.gaps ({COLUMNS})")
        opened.execute(
            """create table intermediate.int_disclosure__versions (indicator_id varchar, municipality_code varchar,
            period varchar, load_id varchar, subarea_code varchar, numerator bigint, denominator bigint)"""
        )
        yield opened


def publish(
    connection: duckdb.DuckDBPyConnection, counts: Counts, hidden: set[str], schema: str = "marts", load: str = "one"
) -> None:
    """Rows of a stratum; ``hidden`` are groups, or places."""
    for place in dict.fromkeys(place for place, _ in counts):
        whole = [counts[place, group] for group in ("non_western", "others")]
        total = [sum(column) for column in zip(*whole, strict=True)]
        version = [*STRATUM, load, place, *total]
        connection.execute("insert into intermediate.int_disclosure__versions values (?, ?, ?, ?, ?, ?, ?)", version)
        for target in (g for g in GROUPS["target"] if (place, g) in counts):
            for reference in (g for g in GROUPS["reference"] if (place, g) in counts):
                is_hidden = bool({place, target, reference} & hidden)
                shown = [None] * 4 if is_hidden else [*counts[place, target], *counts[place, reference]]
                row = [*STRATUM, place, "suppressed" if is_hidden else "observed", target, reference, *shown, [load]]
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into {schema}.gaps values ({marks})", row)


def is_derivable(connection: duckdb.DuckDBPyConnection, before: bool = False) -> bool:
    found = derivable(connection, MartFacts(5, "before.gaps" if before else None))
    assert found in ([], [STRATUM])
    return bool(found)


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (set(), False),
        ({"non_western_descendant"}, True),
        ({"non_western_descendant", "non_western_immigrant"}, False),
        ({"non_western"}, True),
        ({"non_western", "non_western_descendant"}, True),
        ({"non_western", "non_western_immigrant", "non_western_descendant", "others"}, False),
        ({"danish"}, False),
        ({"others"}, True),
        ({"others", "danish"}, False),
    ],
)
def test_groups_are_derivable_from_their_sums(
    connection: duckdb.DuckDBPyConnection, hidden: set[str], expected: bool
) -> None:
    publish(connection, ORIGINS, hidden)
    assert is_derivable(connection) == expected


@pytest.mark.parametrize(("hidden", "expected"), [({"a"}, True), ({"a", "b"}, False), ({"a", "b", "c"}, False)])
def test_places_are_derivable_from_the_whole(
    connection: duckdb.DuckDBPyConnection, hidden: set[str], expected: bool
) -> None:
    publish(connection, PLACES, hidden)
    assert is_derivable(connection) == expected


@pytest.mark.parametrize(
    ("danish", "expected"), [((797, 900), True), ((700, 997), True), ((703, 900), True), ((700, 850), False)]
)
def test_western_origin_is_derivable_where_it_is_small(
    connection: duckdb.DuckDBPyConnection, danish: tuple[int, int], expected: bool
) -> None:
    publish(connection, {**ORIGINS, ("total", "danish"): danish}, set())
    assert is_derivable(connection) == expected


def test_what_two_releases_tell_together_is_derivable(connection: duckdb.DuckDBPyConnection) -> None:
    publish(connection, PLACES, {"a", "b"}, "before")
    connection.execute("delete from intermediate.int_disclosure__versions")
    publish(connection, PLACES, {"a", "c"})
    assert not is_derivable(connection)
    assert is_derivable(connection, before=True)


def test_what_the_release_before_gave_away_is_out_already(connection: duckdb.DuckDBPyConnection) -> None:
    publish(connection, PLACES, {"a"}, "before")
    connection.execute("delete from intermediate.int_disclosure__versions")
    publish(connection, PLACES, {"a", "b"})
    assert not is_derivable(connection, before=True)


def test_a_revised_delivery_is_not_taken_to_be_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    publish(connection, PLACES, {"a", "b"}, "before", "one")
    moved = {**PLACES, ("total", "others"): (301, 402), ("a", "others"): (91, 122)}
    publish(connection, moved, {"a", "c"}, "marts", "two")
    assert not is_derivable(connection, before=True)


def test_a_revision_that_shows_nowhere_is_taken_to_change_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    publish(connection, PLACES, {"a", "b"}, "before", "one")
    publish(connection, PLACES, {"a", "c"}, "marts", "two")
    assert is_derivable(connection, before=True)


def test_open_indicators_are_not_looked_at(connection: duckdb.DuckDBPyConnection) -> None:
    publish(connection, PLACES, {"a"})
    connection.execute("update marts.gaps set indicator_id = 'employment_rate'")
    assert not is_derivable(connection)
