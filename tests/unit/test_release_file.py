"""Promise: the release file opens in every DuckDB since 1.0."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.release_files import published_tables, write_database


def test_no_row_group_has_a_list_column_without_an_element(tmp_path: Path) -> None:
    """DuckDB 1.0 fails on such a row group; the rows that prevent it are not seen by a reader."""
    build = duckdb.connect(str(tmp_path / "build.duckdb"))
    build.execute("create schema marts")
    build.execute("create table marts.few as select 1 as a, []::varchar[] as warnings")
    build.execute("create table marts.none as select 1 as a, []::varchar[] as warnings limit 0")
    build.execute("create table marts.many as select a, []::varchar[] as warnings from range(300000) as r (a)")
    write_database(build, published_tables(build), tmp_path / "release.duckdb")
    with duckdb.connect(str(tmp_path / "release.duckdb"), read_only=True) as reader:
        for table, rows in (("few", 1), ("none", 0), ("many", 300_000)):
            assert reader.execute(f"select count(*), count(a) from marts.{table}").fetchone() == (rows, rows)
            assert reader.execute(f"select count(*) from marts.{table} where len(warnings) > 0").fetchone() == (0,)
        groups = reader.execute(
            """select row_group_id, sum(count) from pragma_storage_info('marts.many')
            where column_path = '[1, 1]' group by all"""
        ).fetchall()
        assert len(groups) == 3
        assert all(elements > 0 for _, elements in groups)
        found = [a for (a,) in reader.execute("select a from marts.many").fetchall()]
        assert found == list(range(300_000))
