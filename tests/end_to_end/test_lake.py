"""The lake, whole: three workers at once, a build while others write, and the one-file build as its oracle.

Costs minutes and a PostgreSQL: runs with ``LAKE_TEST=1`` (``make lake``). What it is built of is in tests/unit.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pg
import psycopg
import pytest
from house import BIN, Home, home_on

from sample_providers import start, write_inbox
from warehouse import journal, lake, lake_care, rebuild, release
from warehouse.airflow import DBT_PROJECT, airflow_environment
from warehouse.errors import SettingsError
from warehouse.records import catalogue
from warehouse.settings import REPOSITORY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(os.environ.get("LAKE_TEST") != "1", reason="LAKE_TEST=1 runs the whole lake"),
    pytest.mark.skipif(
        importlib.util.find_spec("duckdb_extension_ducklake") is None,
        reason="the package duckdb-extension-ducklake is not installed",
    ),
]
WORKERS = 3
TRIAL = Path(__file__).with_name("lake_trial.py")
COUNTS = """select table_name from duckdb_tables()
where schema_name in ('raw_loads', 'meta') and database_name = 'warehouse' order by 1"""


@dataclass
class Built:
    """A home on a lake after a whole round, and what its workers did when."""

    home: Home
    cluster: pg.Cluster
    steps: list[dict[str, Any]]
    written_during_build: int


def _python(home: Home, *arguments: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    environment = {**home.environment, "PYTHONPATH": paths}
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _families() -> list[str]:
    families: dict[str, list[str]] = defaultdict(list)
    for name, record in catalogue().items():
        families[record.family or name].append(name)
    return [",".join(members) for members in families.values()]


def _write_while(home: Home, building: subprocess.Popen[str]) -> int:
    """Let others write the ledger until the build ends; how many events came."""
    from warehouse import ledger
    from warehouse.db import writer

    written = 0
    while building.poll() is None:
        with writer(home.settings, "look meanwhile") as connection:
            ledger.record_check(connection, "kvres", None, "unchanged", "while dbt built")
        written += 1
        time.sleep(1)
    return written


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    path = tmp_path_factory.mktemp("lake")
    with pg.running() as cluster, start() as provider:
        write_inbox(path / "sample_inbox")
        home = home_on(
            provider, path / "home", WAREHOUSE_SAMPLE_INBOX=str(path / "sample_inbox"), WAREHOUSE_LAKE=cluster.dsn
        )
        families = _families()
        workers = [_python(home, str(TRIAL), *families[number::WORKERS]) for number in range(WORKERS)]
        said = [worker.communicate(timeout=1200) for worker in workers]
        assert [worker.returncode for worker in workers] == [0] * WORKERS, said
        steps = [
            {**json.loads(line), "worker": number}
            for number, (out, _) in enumerate(said)
            for line in out.splitlines()
            if line.startswith("{")
        ]
        where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
        environment = {**home.environment, **airflow_environment(home.settings)}
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
        log = path / "dbt.log"
        with log.open("w") as sink:
            dbt = [str(BIN / "dbt"), "build", "--exclude-resource-type", "unit_test"]
            building = subprocess.Popen([*dbt, *where], env=environment, stdout=sink, stderr=sink, text=True)
            written = _write_while(home, building)
        assert building.returncode == 0, log.read_text()[-6000:]
        publishing = _python(home, str(TRIAL), "--publish")
        out, error = publishing.communicate(timeout=900)
        assert publishing.returncode == 0, out + error
        yield Built(home, cluster, steps, written)


def test_every_worker_was_at_work_at_the_same_time_as_each_other(built: Built) -> None:
    heavy = [step for step in built.steps if step["step"] in {"land", "load", "validate"}]
    assert {step["worker"] for step in heavy} == set(range(WORKERS))
    together = {
        frozenset((one["worker"], other["worker"]))
        for one in heavy
        for other in heavy
        if one["worker"] < other["worker"] and one["begin"] < other["end"] and other["begin"] < one["end"]
    }
    assert len(together) == WORKERS * (WORKERS - 1) // 2
    assert len({step["dataset"] for step in built.steps if step["step"] == "promote"}) >= 12


def test_others_wrote_while_the_marts_were_built_of_one_state(built: Built) -> None:
    manifest = release.read_manifest(release.current(built.home.settings) or Path())
    events = journal.read(built.home.settings)
    meanwhile = [event.seq for event in events if event.facts.get("detail") == "while dbt built"]
    assert len(meanwhile) == built.written_during_build > 0
    later = [seq for seq in meanwhile if seq > manifest["journal_seq"]]
    assert later, "nothing was written after the build had begun"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_the_one_file_build_of_the_same_landing_gives_the_same_bytes_table_by_table(built: Built) -> None:
    found = rebuild.rebuild(built.home.settings)
    assert found.differing == ()
    assert len(found.same) >= 20
    assert not built.home.settings.database.exists()


def test_a_lost_catalogue_comes_back_from_the_landing(built: Built) -> None:
    settings = built.home.settings
    with lake.attached(settings) as connection:
        before = _contents(connection)
    lake._instances.popitem()[1].close()
    with psycopg.connect(built.cluster.dsn) as connection:
        connection.execute("drop schema warehouse_lake cascade")
    lake._prepared.clear()
    for file in Path(lake.data_path(settings)).rglob("*.parquet"):
        file.unlink()
    assert rebuild.restore_if_lost(settings)
    with lake.attached(settings) as connection:
        after = _contents(connection)
    changing = {"build", "built_owner", "models", "view_columns", "published_gaps"}  # the next build writes these
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert before["journal"][0] > 100


def test_states_older_than_a_day_are_let_go_and_the_marts_stay(built: Built) -> None:
    settings = built.home.settings
    with lake.attached(settings) as connection:
        before = connection.execute("select count(*) from meta.loads").fetchall()
    freed = lake_care.tidy(settings, 1)
    assert freed.snapshots == 0  # everything is of today
    with pytest.raises(SettingsError):
        lake_care.tidy(settings, 0)
    with lake.attached(settings) as connection:
        assert connection.execute("select count(*) from meta.loads").fetchall() == before


def _contents(connection: Any) -> dict[str, tuple[int, int]]:
    """Table → its rows, and a hash over them that knows no order."""
    found = {}
    for (name,) in connection.execute(COUNTS).fetchall():
        schema = "raw_loads" if "__" in name else "meta"
        query = f'select count(*), coalesce(bit_xor(hash(row)), 0) from {schema}."{name}" as row'
        found[name] = connection.execute(query).fetchall()[0]
    return found
