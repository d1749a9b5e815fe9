"""Promotion hands over exactly the periods a load holds, and nothing else moves."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse import ledger
from warehouse.db import file_lock, writer
from warehouse.errors import BusyError
from warehouse.landing import LandedFile, Manifest
from warehouse.raw_views import load_table
from warehouse.records import record_of
from warehouse.settings import Settings

RECORD = record_of("fvkom")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]


def _enter(
    connection: duckdb.DuckDBPyConnection, load_id: str, figures: dict[str, int], origin: str = "official", **facts: Any
) -> None:
    manifest = Manifest(
        load_id=load_id,
        provider="statbank",
        dataset="fvkom",
        url="u",
        request={},
        received_at=datetime(2026, 1, 1),
        source_updated_at=datetime(2026, 1, 1, 8),
        bytes=1,
        sha256="00",
        rows_received=len(figures),
        periods=tuple(figures),
        licence="l",
        citation="c",
        data_origin=origin,
        landing_path="landing/x",
        selection="s",
        files=(LandedFile(name="body", url="u", bytes=1, sha256="00"),),
        **facts,
    )
    ledger.enter(connection, manifest)
    table = load_table(RECORD.raw_tables[0], load_id)
    connection.execute(f'create table {table} ("VALRES" varchar, "OMRÅDE" varchar, "TID" varchar, "INDHOLD" bigint)')
    for period, value in figures.items():
        connection.execute(f"insert into {table} values ('VAELG', '151', ?, ?)", [period, value])


def _raw(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, str]]:
    rows = connection.execute('select "TID", "INDHOLD", load_id from raw.fvkom').fetchall()
    return {period: (value, load_id) for period, value, load_id in rows}


def test_a_load_replaces_exactly_its_periods(settings: Settings) -> None:
    with writer(settings, "test") as connection:
        _enter(connection, "a", {"2015": 1, "2019": 2})
        ledger.promote(connection, RECORD, "a")
        _enter(connection, "b", {"2019": 3, "2022": 4})
        assert _raw(connection) == {"2015": (1, "a"), "2019": (2, "a")}
        ledger.promote(connection, RECORD, "b")
        assert _raw(connection) == {"2015": (1, "a"), "2019": (3, "b"), "2022": (4, "b")}
        assert ledger.status_of(connection, "a") == "promoted"
        _enter(connection, "c", {"2015": 9})
        ledger.promote(connection, RECORD, "c")
        assert ledger.status_of(connection, "a") == "superseded"


def test_sample_and_official_figures_never_stand_side_by_side(settings: Settings) -> None:
    with writer(settings, "test") as connection:
        _enter(connection, "s", {"2015": 1, "2019": 2}, origin="sample")
        ledger.promote(connection, RECORD, "s")
        _enter(connection, "o", {"2019": 3})
        ledger.promote(connection, RECORD, "o")
        assert _raw(connection) == {"2019": (3, "o")}


def test_a_promotion_that_fails_changes_nothing(settings: Settings) -> None:
    with writer(settings, "test") as connection:
        _enter(connection, "a", {"2015": 1})
        ledger.promote(connection, RECORD, "a")
        _enter(connection, "b", {"2015": 2})
        connection.execute(f"drop table {load_table(RECORD.raw_tables[0], 'b')}")
        with pytest.raises(duckdb.Error):
            ledger.promote(connection, RECORD, "b")
        assert _raw(connection) == {"2015": (1, "a")}
        assert ledger.status_of(connection, "b") == "landed"


def test_the_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    told: list[str] = []
    with (
        file_lock(lock, "the first"),
        pytest.raises(BusyError, match="the first"),
        file_lock(lock, "the second", wait_seconds=0.05, tell=told.append),
    ):
        pytest.fail("both hold the lock")
    assert len(told) == 1
    assert "the first" in told[0]
    with file_lock(lock, "the third", wait_seconds=0.05):
        assert "the third" in lock.read_text()
