"""Promise: the benchmark of the marts sees when dbt and the script do not give the same tables."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from benchmarks import marts_script


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema marts; create table marts.gaps as values (1, 'a', 0.5), (2, 'b', null)")
        yield opened


@pytest.mark.parametrize(
    "poison",
    [
        "update marts.gaps set col2 = 0.25 where col0 = 1",
        "update marts.gaps set col1 = null where col0 = 1",
        "insert into marts.gaps values (1, 'a', 0.5), (1, 'a', 0.5)",
        "alter table marts.gaps rename col1 to other",
        "drop table marts.gaps",
    ],
)
def test_another_table_is_seen(connection: duckdb.DuckDBPyConnection, poison: str) -> None:
    before = marts_script.contents(connection)
    connection.execute(poison)
    assert marts_script.differing(before, marts_script.contents(connection)) == ["gaps"]


def test_the_order_of_rows_and_columns_is_no_difference(connection: duckdb.DuckDBPyConnection) -> None:
    before = marts_script.contents(connection)
    connection.execute(
        "create or replace table marts.gaps as select col2, col0, col1 from marts.gaps order by col0 desc"
    )
    assert marts_script.differing(before, marts_script.contents(connection)) == []
