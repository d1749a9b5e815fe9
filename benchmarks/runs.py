"""Whole runs on the sample providers: the first one, one with nothing new, and how long Airflow reads each DAG file.

Seconds are those of the command as a person waits for it, with the start of Python and all imports; of a DAG file,
those of reading it in a process that has imported Airflow.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import measuring
from warehouse.airflow import DAGS, airflow_environment
from warehouse.settings import read_settings

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
GOALS = {"first": 60.0, "nothing_new": 10.0, "dag_file": 1.0}


def measure() -> dict[str, Any]:
    """Three rounds, each in an empty home."""
    found: dict[str, list[measuring.Run]] = {"first": [], "nothing_new": []}
    files: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as home:
            for done in found.values():
                done.append(measuring.run(measuring.python_module("benchmarks.runs", "run", home)))
            for file in sorted(path.name for path in DAGS.glob("*.py")):
                read = measuring.run(measuring.python_module("benchmarks.runs", "dag", home, file))
                if read.told["dags"]:
                    files.setdefault(file, []).append(read.seconds)
    return {
        "what": "whole runs on the sample providers",
        "rounds": ROUNDS,
        "goals": GOALS,
        "runs": {
            kind: {
                "seconds": measuring.median((run.seconds for run in runs), 1),
                "processor_seconds": measuring.median((float(run.told["cpu_seconds"]) for run in runs), 1),
                "peak_memory_mb": max(run.peak_mb for run in runs),
            }
            for kind, runs in found.items()
        },
        "dag_files": {file: measuring.median(seconds, 2) for file, seconds in files.items()},
        **measuring.surroundings("python -m benchmarks runs", ("apache-airflow", "dbt-core", "duckdb")),
    }


def run(home: str) -> dict[str, float]:
    """``warehouse run --sample``, as a person calls it.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    import subprocess

    from benchmarks.contenders import processor_seconds

    command = [str(Path(sys.executable).parent / "warehouse"), "run", "--sample"]
    before, began = processor_seconds(), time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, "WAREHOUSE_HOME": home}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return {"seconds": seconds, "cpu_seconds": processor_seconds() - before}


def dag(home: str, file: str) -> dict[str, float]:
    """Read one DAG file as Airflow's DAG processor does; how many DAGs it holds."""
    os.environ["WAREHOUSE_HOME"] = home
    os.environ.update(airflow_environment(read_settings()))
    sys.path.insert(0, str(DAGS))
    from airflow.dag_processing.dagbag import DagBag

    began = time.perf_counter()
    bag = DagBag(str(DAGS / file))
    return {"seconds": time.perf_counter() - began, "dags": len(bag.dags)}


if __name__ == "__main__":
    print(json.dumps({"run": run, "dag": dag}[sys.argv[1]](*sys.argv[2:])))
