"""A home from before the journal gets one that tells what its tables say; and the ledger comes back from it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from ledger_scratch import NOW, OLD, STRICT, Ledger

from ingestion import pipeline
from ingestion.common import Context
from ingestion.replay import replay
from warehouse import journal, ledger, retention
from warehouse.db import open_database, writer
from warehouse.landing import Manifest, open_payload
from warehouse.ledger import Validation
from warehouse.raw_views import load_table
from warehouse.settings import Settings
from warehouse.verify import verify

TABLES = ("loads", "validations", "period_owner", "checks", "revisions")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Loads of one figure, which is what their landed bytes say."""

    def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
        table = context.record.raw_tables[0]
        columns = ", ".join(f'"{name}" {table.sql_type(name)}' for name in table.columns)
        connection.execute(f"create or replace table {load_table(table, manifest.load_id)} ({columns})")
        with open_payload(manifest.folder(settings) / "data.zst") as stream:
            row = ["VAELG", "151", "2015", int(stream.read())]
        connection.execute(f"insert into {load_table(table, manifest.load_id)} values (?, ?, ?, ?)", row)
        return 1

    monkeypatch.setattr(pipeline, "fill", fill)
    return Ledger(settings)


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {name: connection.execute(f"select * from meta.{name} order by all").fetchall() for name in TABLES}


def _tables_of(home: Ledger) -> dict[str, list[tuple[object, ...]]]:
    with open_database(home.settings.database) as connection:
        return _tables(connection)


def _replayed(home: Ledger, tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    with open_database(tmp_path / "again.duckdb") as connection:
        replay(connection, home.settings, journal.read(home.settings))
        return _tables(connection)


def _forget_the_journal(home: Ledger) -> None:
    with open_database(home.settings.database) as connection:
        connection.execute("drop table meta.journal")
    journal.path(home.settings).unlink()


def _judge(home: Ledger, load_id: str, status: str) -> None:
    found = Validation("raw.fvkom", "sums", "blocking", status != ledger.REJECTED, "“1 row”", 1, ("151",))
    with writer(home.settings, "test") as connection:
        ledger.record_validations(connection, load_id, [found, found])
        facts = {"reason": None, "expectations_evaluated": 2, "expectations_failed": 0, "validated_at": OLD}
        if status:
            ledger.set_status(connection, load_id, status, **facts)


def _live_through_much(home: Ledger) -> None:
    with writer(home.settings, "test") as connection:
        ledger.record_check(connection, "fvkom", datetime(2026, 1, 1), "changed")
        ledger.record_check(connection, "left_the_catalogue", None, "not_delivered", "nobody has it")
    home.load("a", 1)
    home.load("b", 2, outcome="landed")
    _judge(home, "b", ledger.VALIDATED)
    home.promote("b")
    home.load("c", 3, outcome="landed")
    _judge(home, "c", ledger.REJECTED)
    home.load("d", 4, outcome="landed")
    home.load("e", 5, outcome="rejected")
    _judge(home, "20260101T000000Z_marts_abcdef", "")
    with writer(home.settings, "test") as connection:
        row = {"load_id": "f", "provider": "statbank", "dataset": "fvkom", "received_at": NOW, "reason": "refused"}
        ledger.enter_refused(connection, {**row, "landing_path": "landing/.aside/f"})


def test_the_ledger_comes_back_from_the_journal(home: Ledger, tmp_path: Path) -> None:
    _live_through_much(home)
    assert _replayed(home, tmp_path) == _tables_of(home)
    assert len(_tables_of(home)["revisions"]) == 1


def test_a_home_without_a_journal_gets_one(home: Ledger, tmp_path: Path) -> None:
    _live_through_much(home)
    home.publish("r1", "b", created="2026-12-01")
    before = _tables_of(home)
    _forget_the_journal(home)
    with writer(home.settings, "test"):
        pass
    assert _tables_of(home) == before
    events = journal.read(home.settings)
    assert events[-1].kind == "adopted"
    assert events[-1].facts == {"events": len(events) - 1}
    (published,) = (event for event in events if event.kind == "published")
    assert published.at == "2026-12-01T00:00:01"
    earlier = [event for event in events if event.seq <= published.facts["journal_seq"]]
    assert {event.subject for event in earlier if event.kind == "promoted"} == {"a", "b"}
    assert _replayed(home, tmp_path) == before
    assert verify(home.settings).findings == ()
    with writer(home.settings, "test"):
        pass
    assert len(journal.read(home.settings)) == len(events)


def test_a_new_home_has_nothing_to_adopt(settings: Settings) -> None:
    with writer(settings, "test"):
        pass
    assert journal.read(settings) == []


def test_a_thinned_load_makes_no_revision_when_its_home_is_rebuilt(home: Ledger, tmp_path: Path) -> None:
    home.load("a", 1)
    home.load("b", 1)
    home.publish("r1", "b")
    assert [item.subject for item in retention.prune(home.settings, STRICT, NOW)] == ["a"]
    before = _tables_of(home)
    assert before["revisions"] == []
    assert _replayed(home, tmp_path) == before


def test_a_dataset_that_left_the_catalogue_does_not_stop_a_rebuild(
    home: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingestion import replay as module

    home.load("a", 1)
    before = _tables_of(home)
    for where in (ledger, module):
        monkeypatch.setattr(where, "catalogue", dict)
    assert _replayed(home, tmp_path)["period_owner"] == before["period_owner"] == [("fvkom", "2015", "a")]
