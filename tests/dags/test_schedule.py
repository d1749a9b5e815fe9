"""Promise: every DAG looks at its providers in the morning after DST's release, winter or summer, and on Mondays."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from house import Home

from warehouse.airflow import airflow_environment
from warehouse.lateness import COPENHAGEN, expected_after
from warehouse.records import catalogue
from warehouse.settings import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dags")]
DAGS = REPOSITORY / "dags"
TIMES = {"ingest_dst": "08:30", "ingest_elections": "09:00", "ingest_education": "09:30", "ingest_inbox": "10:00"}

_RUNS = """
import json, time
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, MultipleCronTriggerTimetable, task, task_group
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction
import pendulum
told = {"seconds": {}, "runs": {}}
for name in %r:
    began = time.process_time()
    bag = DagBag(f"%s/{name}.py")
    told["seconds"][name] = time.process_time() - began
    assert not bag.import_errors, bag.import_errors
    dag = bag.dags[name]
    if name == "build_marts":
        continue
    timetable = DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable
    moment = pendulum.datetime(2026, 1, 1, tz="UTC")
    runs, last = [], DataInterval.exact(moment)
    while moment.year == 2026:
        bounds = TimeRestriction(earliest=pendulum.datetime(2025, 1, 1), latest=None, catchup=True)
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=bounds)
        last, moment = info.data_interval, info.run_after
        runs.append(moment.in_timezone("UTC").isoformat())
    told["runs"][name] = runs
print("TOLD" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(sample_home: Home) -> dict[str, Any]:
    """When each DAG runs in 2026, as the scheduler reckons, and the CPU seconds that its file takes to parse."""
    environment = {**sample_home.environment, **airflow_environment(sample_home.settings)}
    code = _RUNS % ([*TIMES, "build_marts"], DAGS)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.split("TOLD")[1])
    return found


def runs_of(told: dict[str, Any], dag: str) -> list[datetime]:
    """A DAG's runs of 2026 in Copenhagen time."""
    return [datetime.fromisoformat(text).astimezone(COPENHAGEN) for text in told["runs"][dag] if text < "2027"]


@pytest.mark.parametrize(("dag", "clock"), TIMES.items())
def test_every_run_is_at_the_same_time_of_the_day_through_both_clock_changes(
    told: dict[str, Any], dag: str, clock: str
) -> None:
    runs = runs_of(told, dag)
    assert {f"{run:%H:%M}" for run in runs} == {clock}
    assert {run.utcoffset() for run in runs} == {timedelta(hours=1), timedelta(hours=2)}
    around = [run.astimezone(ZoneInfo("UTC")) for run in runs if date(2026, 3, 23) <= run.date() <= date(2026, 3, 30)]
    assert [run.day for run in around] == [23, 30]  # summer time begins on the 29th
    assert around[1] - around[0] == timedelta(days=7, hours=-1)
    autumn = [run for run in runs if date(2026, 10, 19) <= run.date() <= date(2026, 10, 26)]  # it ends on the 25th
    assert autumn[1].astimezone(ZoneInfo("UTC")) - autumn[0].astimezone(ZoneInfo("UTC")) == timedelta(days=7, hours=1)


def test_there_is_a_look_on_every_announced_day_through_its_days_of_grace(told: dict[str, Any]) -> None:
    days = {run.date() for run in runs_of(told, "ingest_dst")}
    for newest in ("2025K4", "2026K1", "2026K2", "2026K3"):
        expected = expected_after(catalogue()["folk1e"], newest)
        assert expected is not None
        wanted = {expected.day + timedelta(days=n) for n in range((expected.late_from - expected.day).days)}
        assert wanted <= days
        assert expected.late_from - timedelta(days=1) in days  # a last look before it is called late


@pytest.mark.parametrize("dag", TIMES)
def test_nothing_waits_longer_than_a_week_and_no_day_is_looked_at_twice(told: dict[str, Any], dag: str) -> None:
    days = [run.date() for run in runs_of(told, dag)]
    assert max(later - day for day, later in pairwise(days)) <= timedelta(days=7)
    assert len(days) == len(set(days)) < 100


@pytest.mark.parametrize("dag", [*TIMES, "build_marts"])
def test_a_dag_file_parses_in_under_a_second_airflows_own_import_apart(told: dict[str, Any], dag: str) -> None:
    assert told["seconds"][dag] < 1.0


def test_the_docs_say_when() -> None:
    text = Path(REPOSITORY / "docs" / "schedule.md").read_text(encoding="utf-8")
    for clock in TIMES.values():
        assert clock in text
    for name, record in catalogue().items():
        if record.release:
            assert f"`{name}`" in text
