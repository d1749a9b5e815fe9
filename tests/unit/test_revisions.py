"""What counts as a revision of a source value: a changed figure, and never a changed spelling or question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse import ledger, revisions
from warehouse.raw_views import load_table
from warehouse.records import Record, record_of

FVKOM = record_of("fvkom")
SEEN = datetime(2026, 5, 1, 8)
Cells = Mapping[tuple[str, str], int | None]  # (area, period) → votes


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        ledger.ensure_schema(opened)
        yield opened


def _enter(
    connection: duckdb.DuckDBPyConnection, record: Record, load_id: str, periods: list[str], origin: str
) -> None:
    connection.execute(
        "insert into meta.loads (load_id, dataset, periods, data_origin) values (?, ?, ?, ?)",
        [load_id, record.dataset, periods, origin],
    )


def _load(
    connection: duckdb.DuckDBPyConnection,
    load_id: str,
    cells: Cells,
    areas: Mapping[str, tuple[str, bool]] | None = None,
    origin: str = "official",
) -> None:
    """A load of FVKOM as ENUM columns; ``areas`` are its codes: published → canonical, asked for."""
    periods = sorted({period for _, period in cells})
    _enter(connection, FVKOM, load_id, periods, origin)
    codes = {
        "VALRES": {"VAELG": ("VAELG", True), "AFGIV": ("AFGIV", False)},
        "OMRÅDE": areas or {area: (area, True) for area, _ in cells},
        "TID": dict.fromkeys(periods, (None, True)),
    }
    for variable, known in codes.items():
        for position, (code, (canonical, selected)) in enumerate(known.items()):
            facts = [load_id, "fvkom", variable, position, code, code, canonical, selected]
            connection.execute("insert into meta.codes values (?, ?, ?, ?, ?, ?, ?, ?)", facts)
    enums = {name: ", ".join(f"'{code}'" for code in known) for name, known in codes.items()}
    columns = ", ".join(f'"{name}" enum({listed})' for name, listed in enums.items())
    table = load_table(FVKOM.raw_tables[0], load_id)
    connection.execute(f'create table {table} ({columns}, "INDHOLD" bigint)')
    for (area, period), value in cells.items():
        connection.execute(f"insert into {table} values ('VAELG', ?, ?, ?)", [area, period, value])


def _own(connection: duckdb.DuckDBPyConnection, load_id: str) -> None:
    connection.execute("delete from meta.period_owner")
    connection.execute(
        "insert into meta.period_owner select dataset, unnest(periods), load_id from meta.loads where load_id = ?",
        [load_id],
    )


def _revised(connection: duckdb.DuckDBPyConnection, older: Any, newer: Any) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the load ``new`` changes of the load ``old``: (area, period) → old, new, difference."""
    _load(connection, "old", *older) if isinstance(older, tuple) else _load(connection, "old", older)
    _own(connection, "old")
    _load(connection, "new", *newer) if isinstance(newer, tuple) else _load(connection, "new", newer)
    count = revisions.record_source(connection, FVKOM, "new", SEEN)
    rows = connection.execute(f"select {', '.join(revisions.COLUMNS)} from meta.revisions").fetchall()
    assert len(rows) == count
    assert {row[0] for row in rows} <= {"raw.fvkom"}
    assert {row[6:] for row in rows} <= {("old", "new", SEEN, "official")}
    keys = [json.loads(row[1]) for row in rows]
    assert all(key["VALRES"] == "VAELG" and len(key) == 2 for key in keys)
    return {(key["OMRÅDE"], row[2]): row[3:6] for key, row in zip(keys, rows, strict=True)}


def test_a_changed_figure_is_a_revision_and_an_unchanged_one_is_none(connection: duckdb.DuckDBPyConnection) -> None:
    older = {("151", "2019"): 10, ("153", "2019"): 20, ("151", "2022"): 30}
    newer = {("151", "2019"): 12, ("153", "2019"): 20, ("151", "2026"): 99}
    assert _revised(connection, older, newer) == {("151", "2019"): (10, 12, 2)}


def test_a_row_left_out_of_what_was_asked_for_is_zero(connection: duckdb.DuckDBPyConnection) -> None:
    asked = {"151": ("151", True), "153": ("153", True), "155": ("155", True)}
    older = {("151", "2019"): 10, ("153", "2019"): 4, ("155", "2019"): 0}
    newer = {("151", "2019"): 10, ("155", "2019"): 7}
    assert _revised(connection, (older, asked), (newer, asked)) == {
        ("153", "2019"): (4, 0, -4),
        ("155", "2019"): (0, 7, 7),
    }


def test_a_zero_that_is_written_out_and_one_left_out_are_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    asked = {"151": ("151", True), "153": ("153", True)}
    older, newer = {("151", "2019"): 1, ("153", "2019"): 0}, {("151", "2019"): 1}
    assert _revised(connection, (older, asked), (newer, asked)) == {}


def test_a_missing_value_is_null_and_no_zero(connection: duckdb.DuckDBPyConnection) -> None:
    asked = {"151": ("151", True), "153": ("153", True), "155": ("155", True)}
    older = {("151", "2019"): 10, ("155", "2019"): None}
    newer = {("151", "2019"): None, ("153", "2019"): None, ("155", "2019"): None}
    assert _revised(connection, (older, asked), (newer, asked)) == {
        ("151", "2019"): (10, None, None),
        ("153", "2019"): (0, None, None),
    }


def test_another_question_is_no_revision(connection: duckdb.DuckDBPyConnection) -> None:
    narrow = {"151": ("151", True), "153": ("153", False)}
    wide = {"151": ("151", True), "153": ("153", True)}
    older, newer = {("151", "2019"): 10}, {("151", "2019"): 11, ("153", "2019"): 20}
    assert _revised(connection, (older, narrow), (newer, wide)) == {("151", "2019"): (10, 11, 1)}


def test_a_code_that_the_table_did_not_have_has_no_value(connection: duckdb.DuckDBPyConnection) -> None:
    older, newer = {("151", "2019"): 10, ("155", "2019"): 3}, {("151", "2019"): 10, ("157", "2019"): 4}
    assert _revised(connection, older, newer) == {
        ("155", "2019"): (3, None, None),
        ("157", "2019"): (None, 4, None),
    }


def test_leading_zeros_are_no_revision(connection: duckdb.DuckDBPyConnection) -> None:
    older = ({("0", "2019"): 10, ("5", "2019"): 20}, {"0": ("000", True), "5": ("05", True), "7": ("07", True)})
    newer = ({("000", "2019"): 10, ("005", "2019"): 21}, {"000": ("000", True), "005": ("05", True), "7": ("07", True)})
    assert _revised(connection, older, newer) == {("005", "2019"): (20, 21, 1)}


def test_a_row_left_out_is_found_under_its_other_spelling(connection: duckdb.DuckDBPyConnection) -> None:
    older = ({("0", "2019"): 10}, {"0": ("000", True), "5": ("05", True)})
    newer = ({("05", "2019"): 6}, {"000": ("000", True), "05": ("05", True)})
    assert _revised(connection, older, newer) == {("000", "2019"): (10, 0, -10), ("05", "2019"): (0, 6, 6)}


def test_sample_figures_are_never_compared_with_official_ones(connection: duckdb.DuckDBPyConnection) -> None:
    _load(connection, "sample", {("151", "2019"): 10}, origin="sample")
    _own(connection, "sample")
    _load(connection, "official", {("151", "2019"): 12})
    assert revisions.record_source(connection, FVKOM, "official", SEEN) == 0


def test_a_load_whose_table_is_gone_is_passed_over(connection: duckdb.DuckDBPyConnection) -> None:
    _load(connection, "old", {("151", "2019"): 10})
    _own(connection, "old")
    _load(connection, "new", {("151", "2019"): 12})
    connection.execute(f"drop table {load_table(FVKOM.raw_tables[0], 'old')}")
    assert revisions.record_source(connection, FVKOM, "new", SEEN) == 0


def _rows_of(
    connection: duckdb.DuckDBPyConnection, dataset: str, load_id: str, period: str, rows: list[dict[str, Any]]
) -> Record:
    record = record_of(dataset)
    _enter(connection, record, load_id, [period], "official")
    table = record.raw_tables[0]
    columns = ", ".join(f'"{name}" {table.sql_type(name)}' for name in table.columns)
    connection.execute(f"create table {load_table(table, load_id)} ({columns})")
    for row in rows:
        values = [row.get(name) for name in table.columns]
        marks = ", ".join("?" for _ in values)
        connection.execute(f"insert into {load_table(table, load_id)} values ({marks})", values)
    return record


def test_of_the_municipalitys_own_data_no_source_value_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    base = {"year": "2024", "municipality_code": "151", "origin": "non_western", "course_takers": 40}
    _rows_of(connection, "danish_tests", "old", "2024", [{**base, "passed_within_five_years": 3}])
    _own(connection, "old")
    record = _rows_of(connection, "danish_tests", "new", "2024", [{**base, "passed_within_five_years": 9}])
    assert revisions.record_source(connection, record, "new", SEEN) == 0
    assert connection.execute("select count(*) from meta.revisions").fetchone() == (0,)


def test_a_table_of_several_figures_names_the_column(connection: duckdb.DuckDBPyConnection) -> None:
    base = {"election_id": "KV2025", "area_id": "a1", "area_number": 1, "eligible_voters": 900}
    gone = {**base, "area_id": "a2", "votes_cast": 5}
    _rows_of(connection, "valg_dk", "old", "KV2025", [{**base, "votes_cast": 500}, gone])
    _own(connection, "old")
    record = _rows_of(connection, "valg_dk", "new", "KV2025", [{**base, "area_number": 7, "votes_cast": 512}])
    assert revisions.record_source(connection, record, "new", SEEN) == 3
    rows = connection.execute('select "key", old_value, new_value, difference from meta.revisions').fetchall()
    assert {(*json.loads(key).values(), *values) for key, *values in rows} == {
        ("a1", "votes_cast", 500, 512, 12),
        ("a2", "votes_cast", 5, None, None),
        ("a2", "eligible_voters", 900, None, None),
    }


def test_recording_twice_and_restoring_an_export_change_nothing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    _revised(connection, {("151", "2019"): 10}, {("151", "2019"): 12})
    before = connection.execute("select * from meta.revisions").fetchall()
    assert revisions.record_source(connection, FVKOM, "new", SEEN) == 1
    path = tmp_path / "journal" / "new.parquet"
    revisions.export(connection, "new", path)
    written = path.read_bytes()
    connection.execute("delete from meta.revisions")
    for _ in range(2):
        revisions.restore(connection, path)
    assert connection.execute("select * from meta.revisions").fetchall() == before
    revisions.export(connection, "new", path)
    assert path.read_bytes() == written


def test_promotion_records_what_it_changes(connection: duckdb.DuckDBPyConnection) -> None:
    _load(connection, "old", {("151", "2019"): 10})
    ledger.promote(connection, FVKOM, "old")
    _load(connection, "new", {("151", "2019"): 12})
    ledger.promote(connection, FVKOM, "new")
    found = connection.execute(
        """select old_value, new_value, seen_at = promoted_at from meta.revisions
        inner join meta.loads on load_id = new_load_id"""
    )
    assert found.fetchall() == [(10, 12, True)]


def test_a_release_is_remembered_from_its_own_files(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """After a kill the marts of the build database may be newer than the release; an old one has no revisions yet."""
    texts = ", ".join(f"'k' as {name}" for name in (*revisions.GAP_KEY, "value_status", "data_origin"))
    values = ", ".join(f"1.0::double as {name}" for name in revisions.GAP_VALUES)
    facts = "'k' as key, '2024' as period, 1.0 as old_value, 2.0 as new_value, 1.0 as difference"
    loads = "'a' as old_load_id, 'b' as new_load_id, timestamp '2026-01-01' as seen_at, 'official' as data_origin"
    for release_id, names in {"first": ("gaps",), "second": ("gaps", "revisions")}.items():
        (tmp_path / release_id / "parquet").mkdir(parents=True)
        for name in names:
            rows = f"select {texts}, {values}, ['a'] as load_ids"
            if name == "revisions":
                rows = " union all ".join(
                    f"select '{at}' as object_name, {facts}, {loads}" for at in ("raw.t", "marts.gaps")
                )
            connection.execute(f"copy ({rows}) to '{tmp_path / release_id / 'parquet' / name}.parquet'")
    assert revisions.remember(connection, "first", tmp_path / "first") == 0
    assert revisions.remember(connection, "second", tmp_path / "second") == 1
    assert revisions.remember(connection, "second", tmp_path / "second") == 0
    assert connection.execute("select release_id from meta.published_gaps").fetchall() == [("second",)]
    recorded = connection.execute("select recorded_by, object_name from meta.revisions").fetchall()
    assert recorded == [("second", "marts.gaps")]
