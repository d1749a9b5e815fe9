"""Promise: what Airflow did can be followed from the provider to the release in OpenLineage events, without secrets."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from house import Home
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

from sample_providers import Request, Running
from sample_providers.tokens import TOKEN
from warehouse.airflow import LINEAGE_NAMESPACE, airflow_environment
from warehouse.records import catalogue, record_of
from warehouse.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dags")]
WRONG_TOKEN = "wrong-token-7d1f3c"
DSN_PASSWORD = "dsn-password-81c2"
Event = dict[str, Any]


def events_of(home: Path) -> list[Event]:
    lines = [line for path in sorted((home / "logs" / "lineage").glob("*.jsonl")) for line in path.open()]
    return [json.loads(line) for line in lines]


def parse(event: Event) -> RunEvent:
    """The event as the OpenLineage client's own classes take it; what the specification requires must be there."""
    uuid.UUID(event["run"]["runId"])
    datetime.fromisoformat(event["eventTime"])
    return RunEvent(
        eventTime=event["eventTime"],
        eventType=RunState[event["eventType"]],
        producer=event["producer"],
        run=Run(**event["run"]),
        job=Job(**event["job"]),
        inputs=[InputDataset(**dataset) for dataset in event["inputs"]],
        outputs=[OutputDataset(**dataset) for dataset in event["outputs"]],
    )


def names(datasets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(dataset["namespace"], dataset["name"]) for dataset in datasets}


@pytest.fixture(scope="module")
def events(sample_home: Home) -> list[Event]:
    return events_of(sample_home.path)


@pytest.mark.parametrize("missing", ["eventTime", "eventType", "run", "job", "producer"])
def test_an_event_without_what_the_specification_requires_is_seen(missing: str, events: list[Event]) -> None:
    with pytest.raises(KeyError):
        parse({key: value for key, value in events[0].items() if key != missing})


def test_every_event_is_one_that_the_openlineage_client_takes(events: list[Event]) -> None:
    assert events
    for event in events:
        assert parse(event).job.namespace == LINEAGE_NAMESPACE


def test_every_task_and_dag_run_that_ran_began_and_completed(sample_home: Home, events: list[Event]) -> None:
    database = f"file:{sample_home.path}/airflow/airflow.db?mode=ro"
    with sqlite3.connect(database, uri=True) as airflow:
        tasks = airflow.execute("select dag_id || '.' || task_id, state from task_instance").fetchall()
        runs = airflow.execute("select dag_id, state from dag_run").fetchall()
    states = dict([*tasks, *runs])
    for kind in ("START", "COMPLETE"):
        told = [e["job"]["name"] for e in events if e["eventType"] == kind]
        assert len(told) == len(set(told))
        assert {name for name, state in states.items() if state == "success"} <= set(told)
        assert {states[name] for name in told} <= {"success", "skipped"}
    begun = {e["run"]["runId"] for e in events if e["eventType"] == "START"}
    assert begun == {e["run"]["runId"] for e in events if e["eventType"] == "COMPLETE"}
    parents = {e["run"]["facets"]["parent"]["run"]["runId"] for e in events if "parent" in e["run"]["facets"]}
    assert parents <= begun


def test_every_promoted_load_is_the_output_of_its_promotion(sample_home: Home, events: list[Event]) -> None:
    promoted = sample_home.rows("select dataset, load_id, sha256 from meta.loads where status = 'promoted'")
    assert len(promoted) > 10
    for dataset, load_id, sha256 in promoted:
        job = f"{_dag(dataset)}.{dataset}.promote"
        (event,) = [e for e in events if e["job"]["name"] == job and e["eventType"] == "COMPLETE"]
        tables = {f"raw.{table.name}" for table in record_of(dataset).raw_tables}
        assert {d["name"] for d in event["outputs"]} == tables
        for output in event["outputs"]:
            assert output["facets"]["version"]["datasetVersion"] == load_id
            assert output["facets"]["warehouse_load"]["sha256"] == sha256


def test_a_release_is_followed_back_to_every_provider(sample_home: Home, events: list[Event]) -> None:
    made_of: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for event in events:
        for output in names(event["outputs"]):
            made_of.setdefault(output, set()).update(names(event["inputs"]))
    reached, to_see = set(), {(LINEAGE_NAMESPACE, "releases")}
    while to_see:
        reached |= to_see
        to_see = set().union(*(made_of.get(dataset, set()) for dataset in to_see)) - reached
    behind_gaps = sample_home.published(
        "select distinct dataset from marts.loads where load_id in (select unnest(load_ids) from marts.gaps)"
    )
    assert {name for (name,) in behind_gaps} <= {name for namespace, name in reached if namespace != LINEAGE_NAMESPACE}
    release = (sample_home.path / "releases" / "current").resolve().name
    (published,) = [e for e in events if e["job"]["name"] == "build_marts.publish" and e["eventType"] == "COMPLETE"]
    assert published["outputs"][0]["facets"]["version"]["datasetVersion"] == release


def test_no_event_carries_source_code_or_the_environment(events: list[Event]) -> None:
    for event in events:
        facets = {**event["run"]["facets"], **event["job"]["facets"]}
        assert {"sourceCode", "environmentVariables", "unknownSourceAttribute"} & set(facets) == set()


_RUN = """
from warehouse import airflow
from warehouse.settings import read_settings
settings = read_settings()
airflow.prepare(settings)
from airflow.providers.openlineage.plugins.listener import get_openlineage_listener
print("RAN", airflow.run_dag("ingest_education"))
get_openlineage_listener().before_stopping(None)  # what it does at the end of a process: wait for the DAG run's event
folder = settings.root / "logs" / "lineage"
folder.rename(settings.root / "events")
folder.write_text("in the way")
print("RAN", airflow.run_dag("ingest_inbox"))
"""


@pytest.fixture(scope="module")
def failed_run(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Two DAGs in one process: one whose loads are refused, one that finds no place to write its events."""
    from house import home_on

    from sample_providers import start

    def renamed(request: Request) -> bytes | None:
        return request.real().whole().replace(b"fuldtids", b"heltids") if "/data/" in request.path else None

    path = tmp_path_factory.mktemp("lineage") / "home"
    for part in ("airflow", "dbt"):
        shutil.copytree(sample_home.path / part, path / part)
    with start() as provider:
        provider.raw_answer = renamed
        yield _run(home_on(provider, path), provider), path


def _run(home: Home, provider: Running) -> str:
    secrets = {
        "WAREHOUSE_EDUCATION_URL": provider.education_url,
        "WAREHOUSE_JOBINDSATS_URL": provider.jobindsats_url,
        "WAREHOUSE_EDUCATION_TOKEN": WRONG_TOKEN,
        "WAREHOUSE_JOBINDSATS_TOKEN": TOKEN,
        "WAREHOUSE_POSTGRES_DSN": f"postgresql://writer:{DSN_PASSWORD}@localhost/marts",
    }
    environment = {**home.environment, **secrets}
    done = subprocess.run(
        [sys.executable, "-c", _RUN], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("RAN"))


def test_a_refused_load_has_a_fail_event_with_the_reason(failed_run: tuple[str, Path]) -> None:
    said, home = failed_run
    assert said.splitlines()[0] == "RAN False"
    failed = {}
    for path in (home / "events").glob("*.jsonl"):
        found = [json.loads(line) for line in path.open()]
        failed |= {e["job"]["name"]: parse(e) and e["run"]["facets"] for e in found if e["eventType"] == "FAIL"}
    assert set(failed) == {
        "ingest_education.jobindsats_support.land",
        "ingest_education.education_grades.changed",
        "ingest_education",
    }
    assert "heltids" in failed["ingest_education.jobindsats_support.land"]["errorMessage"]["message"]


def test_no_secret_is_in_any_event(failed_run: tuple[str, Path]) -> None:
    _, home = failed_run
    written = "".join(path.read_text() for path in (home / "events").glob("*.jsonl"))
    assert "ingest_education" in written
    assert [secret for secret in (TOKEN, WRONG_TOKEN, DSN_PASSWORD) if secret in written] == []


def test_a_run_goes_on_where_events_cannot_be_written(failed_run: tuple[str, Path]) -> None:
    assert failed_run[0].splitlines()[1] == "RAN True"


_MANY_WRITERS = """
import os, sys
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.transport.file import FileConfig
from warehouse.lineage import DayFiles
transport = DayFiles(FileConfig(log_file_path=sys.argv[1]))
children = []
for writer in range(4):
    if (child := os.fork()) == 0:
        for n in range(100):
            run = Run("01a2055a-dfc0-72d3-a667-96bcf597958e")
            job = Job("test", str(writer) * 20_000)
            transport.emit(RunEvent(eventTime="2026-01-01T00:00:00Z", eventType=RunState.START, run=run, job=job))
        os._exit(0)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
"""


def test_tasks_that_end_at_the_same_moment_do_not_write_into_each_other(tmp_path: Path, home: Home) -> None:
    environment = {**home.environment, **airflow_environment(home.settings)}
    subprocess.run([sys.executable, "-c", _MANY_WRITERS, str(tmp_path / "events")], env=environment, check=True)
    (file,) = (tmp_path / "events").glob("*.jsonl")
    assert sorted({json.loads(line)["job"]["name"][:1] for line in file.open()}) == ["0", "1", "2", "3"]


def test_what_a_person_has_set_goes_before_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    for name in ("AIRFLOW__OPENLINEAGE__TRANSPORT", "AIRFLOW__OPENLINEAGE__NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    ours = airflow_environment(settings)
    assert str(tmp_path / "logs" / "lineage") in ours["AIRFLOW__OPENLINEAGE__TRANSPORT"]
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:5000")
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "the town")
    theirs = airflow_environment(settings)
    assert {"AIRFLOW__OPENLINEAGE__TRANSPORT", "AIRFLOW__OPENLINEAGE__NAMESPACE"} & set(theirs) == set()


def _dag(dataset: str) -> str:
    elections = {"dst_elections", "valg_dk", "valgdatabase"}
    others = {"statbank": "ingest_dst", "inbox": "ingest_inbox"}
    provider = catalogue()[dataset].provider
    return "ingest_elections" if provider in elections else others.get(provider, "ingest_education")
