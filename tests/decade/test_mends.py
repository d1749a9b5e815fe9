"""What the decade asked of the warehouse, one thing at a time: successors, borders, a second try in the same run."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from expectation_scratch import enter, folk1e, own, ras200, ras201

from expectations import facts
from expectations.run import require, validate
from ingestion.common import State
from ingestion.selection import plan, resolve
from ingestion.tableinfo import TableInfo, parse_tableinfo
from sample_providers import start
from warehouse.db import writer
from warehouse.errors import LoadRejected
from warehouse.ledger import Promoted
from warehouse.raw_views import refresh_views
from warehouse.records import Succession, catalogue
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def connection(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with writer(settings, "test") as opened:
        for record in catalogue().values():
            refresh_views(opened, record)
        yield opened


def _kvres() -> TableInfo:
    with start() as provider:
        url = f"{provider.statbank_url}/tableinfo?id=KVRES&lang=da&format=JSON"
        with urllib.request.urlopen(url) as answer:
            return parse_tableinfo(answer.read(), "KVRES")


def test_a_successor_is_asked_for_later_periods_alone(settings: Settings) -> None:
    """What the closed table gave is neither asked for again nor missed."""
    info = _kvres()
    plain = catalogue()["kvres"]
    record = plain.model_copy(update={"succeeds": Succession(table="KVRES0", last_period="2013")})
    owned = {"2009": "old", "2013": "old"}
    state = State(Promoted("old", datetime(2014, 1, 1), "sample", "another question", ""), owned)
    assert plan(record, resolve(record, info, settings), state).periods == ("2017", "2021")
    assert plan(plain, resolve(plain, info, settings), state).periods == ("2009", "2013", "2017", "2021")


def test_a_closed_table_says_where_its_successor_is_named(settings: Settings) -> None:
    closed = _kvres().model_copy(update={"active": False})
    with pytest.raises(LoadRejected, match="is closed") as caught:
        resolve(catalogue()["kvres"], closed, settings)
    assert "kvres.yml with `succeeds`" in caught.value.next_step


def test_a_mended_load_lets_its_family_in_within_the_same_run(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    """Tasks cleared after a mend run again under the old run id; the newest load of the run counts."""
    broken = ras201()
    broken.rows_received = 1
    assert not validate(enter(connection, settings, broken), settings, connection).success
    rates, counts = ras200("20260301T000000Z_ras200_cccccc"), ras201("20260301T000000Z_ras201_cccccc")
    loads = [enter(connection, settings, load) for load in (rates, counts)]
    assert [validate(load, settings, connection).success for load in loads] == [True, True]


@pytest.mark.parametrize("ended", [True, False])
def test_rows_of_an_area_that_ended_are_not_missed(
    connection: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    """A new year without a municipality that merged is complete; without one that still exists it is rejected."""
    from expectations import continuity, statbank

    first, later = folk1e(), folk1e("20260301T000000Z_folk1e_cccccc")
    area, newest = "851", max(first.periods)
    following = f"{int(newest[:4]) + 1}K1"
    own(connection, settings, first)
    kept = [row for row in later.rows if row["OMRÅDE"] != area and row["TID"] == newest]
    later.tables["folk1e"] = [{**row, "TID": following} for row in kept]
    asked = [(period, period, None, False) for period in first.periods]
    later.codes["TID"] = [*asked, (following, following, None, True)]
    later.periods = [following]
    years = {**facts.area_years(), **({area: ("2007", newest[:4])} if ended else {})}
    for module in (continuity, statbank):
        monkeypatch.setattr(module, "area_years", lambda: years)
    verdict = validate(enter(connection, settings, later), settings, connection)
    failed = {item.expectation for item in verdict.validations if not item.success and item.severity == "blocking"}
    lost = {"coverage_not_shrunk", "every_period_and_area_present"}
    assert failed & lost == (set() if ended else lost)
    if not ended:
        with pytest.raises(LoadRejected, match=area):
            require(verdict)
