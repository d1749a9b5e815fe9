"""Promise: under the real scheduler the schedule, the asset chain, the pool, retries and backfill do what a run does.

With SCHEDULER_TEST=1 only: it starts `airflow standalone` and takes about a quarter of an hour on two cores. One test
follows the other on the same scheduler, as quarters do. Airflow's database is SQLite, or with
SCHEDULER_DATABASE=postgresql a PostgreSQL of the test's own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pg
import pytest
from house import BIN, Home, home_on
from scheduler_host import DAGS, INGEST, Mailbox, Scheduler, Webhook

from sample_providers import Answer, Request, Running, start, write_inbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(os.environ.get("SCHEDULER_TEST") != "1", reason="takes minutes: set SCHEDULER_TEST=1"),
    pytest.mark.xdist_group("scheduler"),
]
DBT = "dbt.dbt_producer_watcher"
SLICE = {"WAREHOUSE_MUNICIPALITIES": "151,153,163", "WAREHOUSE_FROM_YEAR": "2022"}
# What differs between two runs of the same figures: which load, and when.
OF_THE_RUN = {
    "load_id",
    "load_ids",
    "received_at",
    "promoted_at",
    "evaluated_at",
    "loaded_at",
    "validated_at",
    "seen_at",
}
OF_THE_RUN |= {"dag_id", "run_id", "request", "url", "old_load_id", "new_load_id"}


@dataclass
class Stage:
    """The scheduler, what it reads from, who is told, and what another home got of the same by `warehouse run`."""

    scheduler: Scheduler
    provider: Running
    plain: Home
    mailbox: Mailbox
    webhook: Webhook
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        """The scheduler's home."""
        return self.scheduler.home

    def releases(self) -> list[str]:
        """The releases there are."""
        return sorted(path.name for path in (self.home.path / "releases").glob("2*"))

    def loads(self) -> set[str]:
        """Every load that was ever entered, as its landing folder."""
        return {path.parent.name for path in (self.home.path / "landing").glob("*/*/*/manifest.json")}

    def state(self) -> tuple[list[str], set[str], int]:
        """Releases, loads, and how often data were asked for."""
        return self.releases(), self.loads(), self.provider.data_calls()


def holders(path: Path) -> list[int]:
    """The processes that have a file open (Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.path.realpath(handle) == str(path.resolve()) for handle in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


@contextmanager
def metadata() -> Iterator[dict[str, str]]:
    """Where Airflow keeps its own state, as settings."""
    if os.environ.get("SCHEDULER_DATABASE") != "postgresql":
        yield {}
        return
    with pg.running() as cluster:
        address = cluster.dsn.replace("postgresql://", "postgresql+psycopg://")
        yield {f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN{kind}": address for kind in ("", "_ASYNC")}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    base = tmp_path_factory.mktemp("scheduler")
    write_inbox(base / "inbox")
    mailbox, webhook = Mailbox(), Webhook()
    told = {"WAREHOUSE_NOTIFY_EMAIL": "data@town.example", "WAREHOUSE_NOTIFY_WEBHOOK": webhook.address}
    told |= {"AIRFLOW_CONN_SMTP_DEFAULT": mailbox.connection, "WAREHOUSE_RETRY_SECONDS": "2"}
    with start() as provider, metadata() as database:
        shared = {**SLICE, "WAREHOUSE_SAMPLE_INBOX": str(base / "inbox")}
        plain = home_on(provider, base / "plain", **shared)
        done = plain.warehouse("run", timeout=900)
        assert done.returncode == 0, done.stderr
        scheduler = Scheduler(home_on(provider, base / "home", **shared, **told, **database))
        try:
            scheduler.start()
            yield Stage(scheduler, provider, plain, mailbox, webhook)
        finally:
            scheduler.stop()
            for server in (mailbox, webhook):
                server.shutdown()
                server.server_close()


def content(home: Home) -> dict[str, list[Any]]:
    """Every published table, without what only says by which load and when."""
    tables = [name for (name,) in home.published("select table_name from duckdb_tables() where schema_name = 'marts'")]
    found = {}
    for table in tables:
        columns = home.published(
            "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ?", table
        )
        kept = [f'"{name}"' for (name,) in columns if name not in OF_THE_RUN]
        where = " where object_name not like 'raw_loads%'" if table == "validations" else ""
        found[table] = home.published(f"select {', '.join(kept)} from marts.{table}{where} order by all")
    return found


def fails(table: str, times: int) -> Any:
    """A hook under which the tableinfo of a table answers 503 so many times, and then as ever."""
    left = [times]

    def answer(request: Request) -> Answer | None:
        if request.path.endswith("/tableinfo") and request.table == table and left[0] > 0:
            left[0] -= 1
            return Answer(503, b"busy", {"Content-Type": "text/plain", "Retry-After": "0"})
        return None

    return answer


def test_the_schedule_begins_by_itself_and_the_release_is_that_of_a_plain_run(stage: Stage) -> None:
    runs = stage.scheduler.settle(1500)
    assert {dag: set(states.values()) for dag, states in runs.items()} == {dag: {"success"} for dag in DAGS}
    assert all(run.startswith("scheduled__") for dag in INGEST for run in runs[dag])
    assert all(run.startswith("asset_triggered__") for run in runs["build_marts"])
    ours, theirs = content(stage.home), content(stage.plain)
    assert set(ours) == set(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert not stage.mailbox.taken
    assert not stage.webhook.taken


def test_openlineage_events_tell_of_every_promotion_and_of_the_release(stage: Stage) -> None:
    lines = [line for path in (stage.home.path / "logs" / "lineage").glob("*.jsonl") for line in path.open()]
    ended = {e["job"]["name"] for e in map(json.loads, lines) if e["eventType"] == "COMPLETE"}
    promoted = {name for (name,) in stage.home.published("select dataset from marts.loads where status = 'promoted'")}
    assert {f"{name}.promote" for name in promoted} <= {job.split(".", 1)[1] for job in ended if "." in job}
    assert {*DAGS, "build_marts.publish"} <= ended


def test_a_second_look_makes_no_load_no_release_and_asks_for_no_data(stage: Stage) -> None:
    before, built = stage.state(), stage.scheduler.runs("build_marts")
    run = stage.scheduler.run("ingest_dst")
    assert stage.scheduler.runs("ingest_dst")[run] == "success"
    assert stage.state() == before
    assert stage.scheduler.runs("build_marts") == built
    tasks = stage.scheduler.tries("ingest_dst", run)
    assert {state for task, (state, _) in tasks.items() if task.endswith((".land", ".load", ".promote"))} == {"skipped"}


def backfill(scheduler: Scheduler) -> None:
    """Create a backfill of five past looks, finished runs of it included.

    Airflow's SQLite may be locked by the scheduler at that moment; what was half created ends after two minutes.
    """
    command = ["airflow", "backfill", "create", "--dag-id", "ingest_elections", "--max-active-runs", "2"]
    days = ["--from-date", "2025-02-09", "--to-date", "2025-02-14", "--reprocess-behavior", "completed"]
    for _ in range(20):
        done = subprocess.run(
            [str(BIN / "warehouse"), *command, *days],
            env=scheduler.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode == 0:
            return
        assert "database is locked" in done.stderr or "AlreadyRunningBackfill" in done.stderr, done.stderr[-3000:]
        time.sleep(20)
    pytest.fail(f"no backfill in 20 tries: {done.stderr[-2000:]}")


def test_a_backfill_over_past_looks_makes_no_load_and_no_release_where_nothing_is_missing(stage: Stage) -> None:
    before = stage.state()
    for _ in range(2):
        backfill(stage.scheduler)
        runs = stage.scheduler.settle(900)["ingest_elections"]
        past = {run: state for run, state in runs.items() if run.startswith("backfill__")}
        assert len(past) == 5
        assert set(past.values()) == {"success"}
        assert stage.state() == before


def test_a_provider_that_is_busy_is_asked_again_by_the_scheduler(stage: Stage) -> None:
    stage.provider.raw_answer = fails("FVKOM", 8)
    run = stage.scheduler.run("ingest_dst", 600)
    stage.provider.raw_answer = None
    assert stage.scheduler.runs("ingest_dst")[run] == "success"
    assert stage.scheduler.tries("ingest_dst", run)["fvkom.changed"][1] > 1
    assert not stage.webhook.taken  # a try that failed is not yet a failure


def test_a_revision_gives_a_new_release_and_keeps_the_old_one(stage: Stage) -> None:
    before = stage.releases()
    table = stage.provider.table("KY038")
    for origin in ("9", "TOT"):
        table.add(1, OMRÅDE="151", YDELSESTYPE="10000", HERKOMST="0", HERKOMST1=origin, TID="2024")
    table.updated = "2026-11-12T08:00:00"
    stage.scheduler.run("ingest_dst", 900)
    assert len(stage.releases()) == len(before) + 1
    revised = stage.home.published("select count(*) from marts.revisions where object_name like '%ky038%'")
    assert revised[0][0] > 0


def test_a_build_whose_dbt_is_killed_is_built_and_tested_at_the_next_try(stage: Stage) -> None:
    before, database = stage.releases(), stage.home.path / "warehouse.duckdb"
    table = stage.provider.table("KY038")
    for origin in ("9", "TOT"):
        table.add(1, OMRÅDE="151", YDELSESTYPE="10000", HERKOMST="0", HERKOMST1=origin, TID="2024")
    table.updated = "2026-11-12T12:00:00"
    killed: list[str] = []

    def kill() -> bool:
        running = (run for run, state in stage.scheduler.runs("build_marts").items() if state == "running")
        for run in running:
            if stage.scheduler.tries("build_marts", run)[DBT][0] == "running":
                for process in holders(database):
                    os.kill(process, signal.SIGKILL)
                    killed.append(run)
        return bool(killed)

    stage.scheduler.trigger("ingest_dst")
    stage.scheduler.wait(kill, "dbt to open the database", 600, pause=0.3)
    stage.scheduler.settle(900)
    tries = stage.scheduler.tries("build_marts", killed[0])
    assert {state for state, _ in tries.values()} == {"success"} and tries[DBT][1] == 2
    assert len(stage.releases()) == len(before) + 1
    assert not stage.webhook.taken


def test_a_rejected_load_is_told_once_by_both_ways_and_publishes_nothing(stage: Stage) -> None:
    before = stage.releases()
    current = (stage.home.path / "releases" / "current").resolve()
    table = stage.provider.table("UDDAKT20")
    table.recode("HERKOMST1", "9", "99")
    table.updated = "2026-11-13T08:00:00"
    run = stage.scheduler.run("ingest_dst", 600)
    assert stage.scheduler.runs("ingest_dst")[run] == "failed"
    assert stage.scheduler.tries("ingest_dst", run)["uddakt20.changed"] == ("failed", 1)  # a retry mends nothing
    assert stage.scheduler.tries("ingest_dst", run)["tell_late"][0] == "success"
    assert stage.releases() == before
    assert (stage.home.path / "releases" / "current").resolve() == current
    ((path, told),) = stage.webhook.taken
    (mail,) = stage.mailbox.taken
    assert path == "/hook/secret-8f1c"
    assert told["kind"] == "rejected"
    assert told["where"]["dataset"] == "uddakt20"
    assert told["next_step"]
    assert "uddakt20" in mail


def test_no_log_of_airflow_holds_the_address_of_the_webhook(stage: Stage) -> None:
    logs = [stage.scheduler.log, *Path(stage.home.path / "airflow" / "logs").rglob("*.log")]
    assert len(logs) > 50
    assert [str(path) for path in logs if b"secret-8f1c" in path.read_bytes()] == []
