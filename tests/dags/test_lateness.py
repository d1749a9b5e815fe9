"""Promise: a dataset that should have come and has not is late, from a day that follows from record, raw and clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from warehouse import lateness
from warehouse.db import writer
from warehouse.lateness import expected_after, state_of
from warehouse.ledger import ensure_schema
from warehouse.records import Record, catalogue, record_of
from warehouse.report.tables import expected as expected_table
from warehouse.settings import Settings
from warehouse.status import dataset_states

NOVEMBER = datetime(2026, 11, 19, 12)


@pytest.fixture
def meta() -> duckdb.DuckDBPyConnection:
    """A ledger with nothing in it."""
    connection = duckdb.connect()
    ensure_schema(connection)
    return connection


def own(connection: duckdb.DuckDBPyConnection, dataset: str, *periods: str, origin: str = "official") -> None:
    """Let a promoted load own periods of a dataset."""
    load = f"load of {dataset}"
    connection.execute(
        "insert into meta.loads (load_id, dataset, data_origin, status, received_at) values (?, ?, ?, 'promoted', ?)",
        [load, dataset, origin, datetime(2026, 8, 11, 7)],
    )
    for period in periods:
        connection.execute("insert into meta.period_owner values (?, ?, ?)", [dataset, period, load])


def look(connection: duckdb.DuckDBPyConnection, dataset: str, at: datetime, outcome: str, detail: str = "") -> None:
    """Write down a look at the provider."""
    connection.execute("insert into meta.checks values (?, ?, null, ?, ?)", [dataset, at, outcome, detail])


def standing(connection: duckdb.DuckDBPyConnection, dataset: str, now: datetime) -> lateness.Lateness:
    """Where one dataset stands."""
    (found,) = lateness.lateness(connection, now, [record_of(dataset)])
    return found


@pytest.mark.parametrize(
    ("dataset", "newest", "period", "day"),
    [
        ("folk1e", "2026K3", "2026K4", date(2026, 11, 11)),
        ("folk1e", "2026K4", "2027K1", date(2027, 2, 11)),
        ("folk1e", "2027K1", "2027K2", date(2027, 5, 11)),
        ("folk1e", "2027K2", "2027K3", date(2027, 8, 11)),
        ("kvres", "2021", "2025", date(2026, 1, 15)),
        ("kmsta001", "2026", "2027", date(2027, 2, 20)),
    ],
)
def test_the_next_period_and_its_day_follow_from_the_newest(dataset: str, newest: str, period: str, day: date) -> None:
    found = expected_after(record_of(dataset), newest)
    assert found is not None
    assert (found.period, found.day) == (period, day)


@pytest.mark.parametrize(("dataset", "newest"), [("fvkom", "2022"), ("interviews", "2025-2"), ("valg_dk", "KV2025")])
def test_what_has_no_fixed_day_is_never_expected(dataset: str, newest: str) -> None:
    assert expected_after(record_of(dataset), newest) is None
    assert state_of(None, NOVEMBER) == "no_fixed_day"


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-11-11T06:59:59", "on_time"),  # 07:59:59 in Copenhagen, in winter
        ("2026-11-11T07:00:00", "due"),
        ("2026-11-18T22:59:59", "due"),
        ("2026-11-18T23:00:00", "late"),  # midnight in Copenhagen
    ],
)
def test_the_edges_of_due_and_late_are_copenhagens(moment: str, state: str) -> None:
    expected = expected_after(record_of("folk1e"), "2026K3")
    now = datetime.fromisoformat(moment)
    assert state_of(expected, now) == state
    assert state_of(expected, now.replace(tzinfo=UTC)) == state


def test_summer_time_moves_the_edge_with_the_clock() -> None:
    expected = expected_after(record_of("folk1e"), "2026K2")
    assert expected is not None
    assert state_of(expected, datetime(2026, 8, 11, 5, 59)) == "on_time"
    assert state_of(expected, datetime(2026, 8, 11, 6, 0)) == "due"  # 08:00 in summer


def test_a_period_that_came_ends_the_lateness(meta: duckdb.DuckDBPyConnection) -> None:
    own(meta, "folk1e", "2026K2", "2026K3")
    assert standing(meta, "folk1e", NOVEMBER).state == "late"
    own(meta, "folk1c", "2026K3", "2026K4")
    assert standing(meta, "folk1c", NOVEMBER).state == "on_time"


def test_sample_figures_and_what_was_never_loaded_are_not_late(meta: duckdb.DuckDBPyConnection) -> None:
    own(meta, "folk1e", "2020K1", origin="sample")
    assert standing(meta, "folk1e", NOVEMBER).state == "sample"
    assert standing(meta, "folk1c", NOVEMBER).state == "not_loaded"


@pytest.mark.parametrize(
    ("outcome", "days_after", "reason", "next_step"),
    [
        ("unchanged", 2, "has not published it yet", "release calendar"),
        ("failed", 2, "failed: HTTP 503", "answers"),
        ("changed", 2, "is not in yet", "task"),
        ("not_delivered", 2, "not delivered: HTTP 503", "token"),
        ("unchanged", -2, "nobody has looked", "scheduler runs"),
    ],
)
def test_the_reason_is_that_of_the_last_look(
    meta: duckdb.DuckDBPyConnection, outcome: str, days_after: int, reason: str, next_step: str
) -> None:
    own(meta, "folk1e", "2026K3")
    look(meta, "folk1e", datetime(2026, 11, 11, 8) + timedelta(days=days_after), outcome, "HTTP 503")
    found = standing(meta, "folk1e", NOVEMBER)
    assert reason in found.reason
    assert next_step in found.next_step


def test_a_rejected_load_is_the_reason_where_there_was_one(meta: duckdb.DuckDBPyConnection) -> None:
    own(meta, "folk1e", "2026K3")
    look(meta, "folk1e", datetime(2026, 11, 12, 8), "changed")
    meta.execute(
        "insert into meta.loads (load_id, dataset, status, received_at) values ('bad', 'folk1e', 'rejected', ?)",
        [datetime(2026, 11, 12, 8, 1)],
    )
    assert standing(meta, "folk1e", NOVEMBER).reason == "its load was rejected"


def test_status_says_late_with_reason_and_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]
    record = record_of("folk1e")
    known: dict[str, Record] = {"folk1e": record}
    monkeypatch.setattr("warehouse.status.catalogue", lambda: known)
    monkeypatch.setattr("warehouse.status._provider", lambda *_: (None, ""))
    settings.root.mkdir()
    with writer(settings, "test") as connection:
        own(connection, "folk1e", "2026K3")
    (row,) = dataset_states(settings, NOVEMBER)
    assert row[-3:-1] == ("2026K3", "2026K4: 2026-11-11")
    assert str(row[-1]).startswith("LATE since 2026-11-19: nobody has looked")
    (early,) = dataset_states(settings, datetime(2026, 11, 10))
    assert "LATE" not in str(early[-1])


@pytest.mark.parametrize(
    ("created_at", "origin", "state"),
    [
        ("2026-11-19T00:00:00+00:00", "official", "late"),
        ("2026-11-12T00:00:00+00:00", "official", "due now"),
        ("2026-10-12T00:00:00+00:00", "official", "not yet due"),
        ("2026-11-19T00:00:00+00:00", "sample", "sample figures"),
    ],
)
def test_the_report_says_how_it_stood_when_the_release_was_made(created_at: str, origin: str, state: str) -> None:
    load = {"dataset": "folk1e", "status": "promoted", "periods": ["2026K2", "2026K3"], "data_origin": origin}
    older = {**load, "periods": ["2026K1"]}
    refused = {**load, "status": "rejected", "periods": ["2026K4"]}
    facts: Any = SimpleNamespace(loads=[load, older, refused], manifest={"created_at": created_at})
    table = expected_table(facts, "en")
    assert table.rows == [["folk1e", "Q3 2026", "Q4 2026", "11 November 2026", state]]
    assert expected_table(facts, "en") == table  # of nothing but the release


def test_every_dataset_with_a_cadence_of_its_own_says_when_it_comes() -> None:
    bare = {name for name, record in catalogue().items() if record.provider == "statbank" and record.release is None}
    assert bare == {"fvkom"}  # a general election is called, not planned
