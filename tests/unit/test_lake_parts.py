"""The lake's seam, on a real PostgreSQL: who may write, what a lake refuses in the place of keys, what it says."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pg
import pytest

from warehouse import db, journal, lake, ledger
from warehouse.errors import BusyError, SettingsError, WarehouseError
from warehouse.settings import REPOSITORY, Settings, read_settings

needs_ducklake = pytest.mark.skipif(
    importlib.util.find_spec("duckdb_extension_ducklake") is None,
    reason="the package duckdb-extension-ducklake is not installed",
)
WRITER = """
import sys
from warehouse import ledger
from warehouse.db import writer
from warehouse.settings import read_settings
for number in range(4):
    with writer(read_settings(), f"check {sys.argv[1]}") as connection:
        ledger.record_check(connection, sys.argv[1], None, "unchanged", str(number))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[pg.Cluster]:
    with pg.running() as running:
        yield running


@pytest.fixture
def settings(cluster: pg.Cluster, tmp_path: Path) -> Settings:
    cluster.fresh()
    return Settings(home=tmp_path / "home", lake=cluster.dsn, _env_file=None)  # type: ignore[call-arg, arg-type]


@needs_ducklake
def test_three_processes_at_once_write_one_whole_journal(settings: Settings, cluster: pg.Cluster) -> None:
    environment = {**os.environ, "WAREHOUSE_HOME": str(settings.home), "WAREHOUSE_LAKE": cluster.dsn}
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name], env=environment, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        )
        for name in ("folk1e", "ras201", "kvres")
    ]
    said = [process.communicate(timeout=240)[1] for process in begun]
    assert [process.returncode for process in begun] == [0, 0, 0], said
    events = journal.read(settings)  # each line held against its hash and the line before it
    assert [event.seq for event in events] == list(range(1, 13))
    assert sorted((event.subject, event.facts["detail"]) for event in events) == sorted(
        (name, str(number)) for name in ("folk1e", "ras201", "kvres") for number in range(4)
    )
    with db.writer(settings, "look") as connection:
        assert connection.execute("select count(*) from meta.checks").fetchone() == (12,)


@needs_ducklake
def test_who_lost_the_turn_commits_nothing(settings: Settings, cluster: pg.Cluster) -> None:
    with (
        pytest.raises(WarehouseError, match="was cut"),
        db.writer(settings, "the unlucky") as connection,
        cluster.admin() as admin,
    ):
        cut = admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%the unlucky%'"
        ).fetchall()
        assert cut == [(True,)]
        ledger.record_check(connection, "folk1e", None, "unchanged")
    with db.writer(settings, "the next") as connection:
        assert connection.execute("select count(*) from meta.checks").fetchone() == (0,)


@needs_ducklake
def test_the_turn_is_given_back_while_a_table_is_filled_and_taken_again(settings: Settings) -> None:
    other = lake.lock(settings, "warehouse.lock", "the other")
    with db.writer(settings, "fill a load") as connection:
        with pytest.raises(BusyError, match="fill a load"):
            other.acquire(wait_seconds=0)
        with lake.aside(connection) as others_may:
            assert others_may
            other.acquire(wait_seconds=0)
            with db.transaction(connection):
                connection.execute("create table raw_loads.t as select 1 as a")
            other.release()
        with pytest.raises(BusyError, match="fill a load"):
            other.acquire(wait_seconds=0)
        assert connection.execute("from raw_loads.t").fetchall() == [(1,)]


@needs_ducklake
def test_a_period_with_two_owners_is_refused_as_the_key_would(settings: Settings) -> None:
    with db.writer(settings, "promote") as connection:
        with pytest.raises(WarehouseError, match="2024 of folk1e"), db.transaction(connection):
            connection.execute("insert into meta.period_owner values ('folk1e', '2024', 'a'), ('folk1e', '2024', 'b')")
            lake.keep_owners(connection)
        assert connection.execute("select count(*) from meta.period_owner").fetchone() == (0,)


@needs_ducklake
def test_a_frozen_view_of_the_lake_does_not_move(settings: Settings) -> None:
    import duckdb

    with db.writer(settings, "build") as connection:
        connection.execute("create view raw.v as select load_id from meta.period_owner")
        with duckdb.connect() as building:
            lake.attach(building, settings, frozen=True)
            connection.execute("insert into meta.period_owner values ('folk1e', '2024', 'a')")
            assert building.execute("from warehouse_now.raw.v").fetchall() == []
            assert building.execute("from warehouse.raw.v").fetchall() == [("a",)]


@needs_ducklake
def test_an_emptied_catalogue_beside_a_journal_is_not_taken_for_a_new_home(
    settings: Settings, cluster: pg.Cluster
) -> None:
    with db.writer(settings, "begin") as connection:
        ledger.record_check(connection, "folk1e", None, "unchanged")
    with cluster.connect() as connection:
        connection.execute("drop schema warehouse_lake cascade")
    lake._prepared.clear()  # as in the next process
    with pytest.raises(WarehouseError, match="is gone"), db.writer(settings, "again"):
        pass


def test_a_catalogue_that_is_away_is_named_and_its_password_is_not(tmp_path: Path) -> None:
    address = "postgresql://warehouse:hidden-word@127.0.0.1:1/warehouse"
    settings = Settings(home=tmp_path, lake=address, _env_file=None)  # type: ignore[call-arg, arg-type]
    with pytest.raises(WarehouseError) as caught, db.writer(settings, "x"):
        pass
    assert "WAREHOUSE_LAKE" in str(caught.value)
    assert "hidden-word" not in str(caught.value) + json.dumps(str(settings))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"lake": "mysql://a"}, "WAREHOUSE_LAKE must be postgresql"),
        ({"lake_data": "s3://b/c"}, "names none"),
        ({"lake": "postgresql://a@b/c", "lake_data": "s3://b/c"}, "LAKE_S3_KEY is needed"),
        ({"lake_s3_key": "nocolon"}, "WAREHOUSE_LAKE_S3_KEY must be the id"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(_env_file=None, **given)


def test_the_ledger_is_made_without_keys_and_nothing_else_is_left_out() -> None:
    stripped = lake._PRIMARY_KEY.sub("", ledger._DDL)
    assert "primary key" not in stripped
    assert "dataset varchar, period varchar, load_id varchar\n)" in stripped
    assert "load_id varchar, provider varchar" in stripped
