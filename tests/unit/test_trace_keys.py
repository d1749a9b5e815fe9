"""Which row `warehouse trace` takes: defaults, and what a person is told when the key names no row, or several."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from warehouse.errors import SettingsError
from warehouse.trace.keys import find


@pytest.fixture
def release() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two indicators, two years, both sexes and two age groups of one of them."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            """create table marts.gaps as
            select indicator_id, '151' as municipality_code, period, sex, age_group, 'total' as subarea_code,
                target_group, 'others' as reference_group, 1.5 as gap_pp
            from (values ('employment_rate', '16-64'), ('employment_rate', '25-64'), ('turnout', 'total'))
                as indicators (indicator_id, age_group),
                (values ('2023'), ('2024')) as periods (period),
                (values ('total'), ('men'), ('women')) as sexes (sex),
                (values ('non_western'), ('non_western_immigrant')) as targets (target_group)"""
        )
        connection.execute("create table marts.loads as select 'a' as load_id, 'ras201' as dataset")
        connection.execute("insert into marts.loads values ('b', 'ras201')")
        yield connection


def test_what_is_left_out_takes_its_default(release: duckdb.DuckDBPyConnection) -> None:
    """All persons, the first age group, and the groups of the strategy."""
    cell = find(release, "gaps", {"indicator_id": "employment_rate", "municipality_code": "151", "period": "2024"})
    assert cell.key == {
        "indicator_id": "employment_rate", "municipality_code": "151", "period": "2024", "sex": "total",
        "age_group": "16-64", "subarea_code": "total", "target_group": "non_western", "reference_group": "others",
    }  # fmt: skip
    assert cell.row["gap_pp"] == 1.5


def test_what_is_said_goes_before_the_default(release: duckdb.DuckDBPyConnection) -> None:
    """Of every column that has one."""
    given = {"indicator_id": "employment_rate", "period": "2023", "sex": "women", "age_group": "25-64"}
    assert find(release, "gaps", given).key["age_group"] == "25-64"
    assert find(release, "gaps", given).key["sex"] == "women"


@pytest.mark.parametrize(
    ("table", "given", "told"),
    [
        ("gapz", {}, "gaps"),
        ("gaps", {"indicator_id": "employment_rat"}, "employment_rate"),
        ("gaps", {"indicator_id": "turnout"}, "--period 2023, 2024"),
        ("gaps", {"indicator_id": "turnout", "period": "1999"}, "2023, 2024"),
        ("gaps", {"indicator_id": "turnout", "period": "2024", "age_group": "16-64"}, "total"),
        ("gaps", {"quarter": "2024K1"}, "--indicator"),
        ("loads", {"dataset": "ras201"}, "--load a, b"),
    ],
)
def test_what_names_no_row_or_several_says_what_to_choose(
    release: duckdb.DuckDBPyConnection, table: str, given: dict[str, str], told: str
) -> None:
    """Wrong usage (exit code 2), with the nearest names or the choices."""
    with pytest.raises(SettingsError) as error:
        find(release, table, given)
    assert told in error.value.next_step
