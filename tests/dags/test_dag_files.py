"""The DAG files load, are thin, and say what the contract says."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from house import Home

from warehouse.airflow import airflow_environment
from warehouse.records import INGEST_DAGS, catalogue, records_of
from warehouse.settings import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dags")]
DAGS = REPOSITORY / "dags"

_DESCRIBE = """
import json
from airflow.dag_processing.dagbag import DagBag
described = {}
for file in %r:
    bag = DagBag(file)
    for dag in bag.dags.values():
        described[dag.dag_id] = {
            "tasks": {t.task_id: [t.pool, sorted(t.upstream_task_ids), [a.uri for a in t.outlets]] for t in dag.tasks},
            "assets": sorted(a.uri for a in dag.timetable.asset_condition.objects)
            if dag.dag_id == "build_marts" else [],
            "weights": {t.task_id: t.priority_weight for t in dag.tasks if t.pool == "duckdb_writer"},
            "teardowns": [t.task_id for t in dag.tasks if t.is_teardown],
            "told": [t.task_id for t in dag.tasks if t.on_failure_callback],
            "tried_again": [t.task_id for t in dag.tasks if t.retries],
            "not_deferred": [t.task_id for t in dag.tasks if type(t).__name__ == "Mart" and not t.deferrable],
        }
    described.setdefault("errors", {}).update(bag.import_errors)
print("DESCRIBED" + json.dumps(described))
"""


@pytest.fixture(scope="module")
def described(sample_home: Home) -> dict[str, Any]:
    files = [str(path) for path in sorted(DAGS.glob("*.py")) if path.stem != "dataset_chain"]
    environment = {**sample_home.environment, **airflow_environment(sample_home.settings)}
    code = _DESCRIBE % files
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.split("DESCRIBED")[1])


def test_every_dag_of_the_contract_loads(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    names = {"ingest_dst", "ingest_elections", "ingest_education", "ingest_inbox", "build_marts"}
    assert names == set(described) - {"errors"}


def test_every_dataset_goes_the_five_steps_and_emits_its_asset(described: dict[str, Any]) -> None:
    ingest = {k: v for d, dag in described.items() if d.startswith("ingest") for k, v in dag["tasks"].items()}
    for record in catalogue().values():
        steps = [f"{record.dataset}.{step}" for step in ("changed", "land", "load", "validate", "promote")]
        assert set(steps) <= set(ingest)
        for step, before in zip(steps[1:], steps, strict=False):
            assert before in ingest[step][1], f"{before} before {step}"
        assert ingest[steps[-1]][2] == [f"warehouse://raw/{record.dataset}"]
        for step in steps[2:]:
            assert ingest[step][0] == "duckdb_writer"


def test_families_are_promoted_only_when_all_are_judged(described: dict[str, Any]) -> None:
    tasks = described["ingest_dst"]["tasks"]
    for one, other in (("ras201", "ras200"), ("ras200", "ras201"), ("folk1e", "folk1c"), ("folk1c", "folk1e")):
        assert f"{other}.load" in tasks[f"{one}.validate"][1]
        assert f"{other}.validate" in tasks[f"{one}.promote"][1]


def test_marts_are_built_on_the_assets(described: dict[str, Any]) -> None:
    assert described["build_marts"]["assets"] == sorted(f"warehouse://raw/{name}" for name in catalogue())
    tasks = described["build_marts"]["tasks"]
    assert any("gap_beskaeftigelse" in name for name in tasks)
    assert tasks["judge"][0] == tasks["publish"][0] == "duckdb_writer"
    assert tasks["publish"][1] == ["judge"]
    assert "dbt.dbt_producer_watcher_done" in tasks["judge"][1]  # a dbt test that fails stops what comes after
    roots = {name for name, (_, upstream, _) in tasks.items() if not upstream}
    assert roots == {"needed"}
    assert tasks["dbt.dbt_producer_watcher"][0] == "duckdb_writer"


def test_the_marts_come_after_dbt_and_wait_for_nothing_else(described: dict[str, Any]) -> None:
    """One that waits is deferred; Airflow's LocalExecutor fails it where the scheduler is slower than dbt."""
    build = described["build_marts"]
    marts = {name: set(upstream) for name, (_, upstream, _) in build["tasks"].items() if name.endswith("_run")}
    assert len(marts) > 15 and set(marts) == set(build["not_deferred"])
    assert all(upstream and upstream <= {"dbt.dbt_producer_watcher", *marts} for upstream in marts.values())


def test_whatever_was_killed_is_tried_again(described: dict[str, Any]) -> None:
    assert set(described["build_marts"]["tried_again"]) == set(described["build_marts"]["tasks"])


def test_each_dataset_is_taken_by_one_dag(described: dict[str, Any]) -> None:
    taken = [record.dataset for dag_id in INGEST_DAGS for record in records_of(dag_id)]
    assert sorted(taken) == sorted(catalogue())
    for dag_id in INGEST_DAGS:
        groups = {name.split(".")[0] for name in described[dag_id]["tasks"] if "." in name}
        assert groups == {record.dataset for record in records_of(dag_id)}


def test_a_load_goes_before_a_build_where_both_want_the_writer(described: dict[str, Any]) -> None:
    builds = described["build_marts"]["weights"].values()
    loads = [w for name, dag in described.items() if name.startswith("ingest") for w in dag["weights"].values()]
    assert min(loads) > max(builds)


def test_being_late_decides_no_run_and_every_task_tells_of_its_failure(described: dict[str, Any]) -> None:
    assert described["ingest_dst"]["teardowns"] == described["ingest_education"]["teardowns"] == ["tell_late"]
    assert described["ingest_inbox"]["teardowns"] == []
    assert set(described["build_marts"]["told"]) == set(described["build_marts"]["tasks"])


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda p: p.name)
def test_dag_files_import_nothing_heavy_at_the_top(path: Path) -> None:
    heavy = {"pandas", "duckdb", "great_expectations", "dbt", "ingestion", "expectations", "numpy"}
    tops = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            tops.add(str(node.module).split(".")[0])
    assert tops & heavy == set()
    assert not path.stem.startswith("dbt_")
