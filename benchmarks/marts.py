"""All marts of the whole country since 2008: dbt as the DAG runs it, and the same SQL as one script without dbt.

The script is generated from what dbt compiled: seeds and models in the order of their dependencies, each a ``create or
replace``, run by plain DuckDB in one process under the memory and threads of the profile. The one model in Python runs
in its place, through the same function. Left out of it are dbt's contracts, comments, renames and tests. Both must give
the same marts, row for row. Beside them stand dbt's fixed start (a build of one small seed) and the build with its
tests, as the DAG has it. Every run starts from the same filled database.
Goal: models at most twice the script, dbt's fixed start apart.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import marts_script, measuring, national_data
from benchmarks.contenders import high_water, processor_seconds
from benchmarks.measuring import Run
from warehouse.airflow import DBT_PROJECT, dbt_environment
from warehouse.settings import Settings

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FIRST_YEAR = int(os.environ.get("BENCH_FIRST_YEAR", str(national_data.FIRST_YEAR)))
GOAL_RATIO = 2.0
DEAREST = 10
_BUILD = ["build", "--exclude-resource-type", "unit_test"]
ONCE = ("tested",)  # as long as all others together, and under no goal


def commands() -> dict[str, list[str]]:
    """What dbt is asked for, by contender; the DAG's command is ``tested``."""
    smallest = min((DBT_PROJECT / "seeds").glob("*.csv"), key=lambda path: path.stat().st_size)
    return {
        "models": [*_BUILD, "test"],
        "start": [*_BUILD, "test", "--select", smallest.stem],
        "tested": _BUILD,
    }


def measure() -> dict[str, Any]:
    """Fill a home; models, script, start and the build with its tests in turn; compare the marts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled = folder / "filled"
        rows = national_data.fill(national_data.home_of(filled), FIRST_YEAR)
        runs, compared = _rounds(folder, filled / "warehouse.duckdb")
    script, start, models = ([run.seconds for run in runs[name]] for name in ("script", "start", "models"))
    cpu = {name: [float(run.told["cpu_seconds"]) for run in runs[name]] for name in runs}
    return {
        "what": "every model over all municipalities, by dbt and as one script of the same SQL",
        "first_year": FIRST_YEAR,
        "rows": rows,
        "rounds": ROUNDS,
        "goals": {"ratio_to_script": GOAL_RATIO},
        "contenders": {name: _figures(them) for name, them in runs.items()},
        "ratio_to_script": measuring.ratio(_less(models, start), script),
        "processor_ratio_to_script": measuring.ratio(_less(cpu["models"], cpu["start"]), cpu["script"]),
        "dearest": _dearest(runs["models"][-1], runs["script"][-1]),
        "marts_compared": compared,
        **measuring.surroundings("python -m benchmarks marts", ("duckdb", "dbt-core", "dbt-duckdb")),
    }


def _rounds(folder: Path, database: Path) -> tuple[dict[str, list[Run]], int]:
    """All contenders, ``ROUNDS`` times, and the number of marts that were the same in all of them.

    The first build is not measured, and gives the script.

    Raises:
        RuntimeError: a run left other marts than the others.
    """
    steps = folder / "script.json"
    first = folder / "first"
    run_one("models", first, database)
    steps.write_text(json.dumps(marts_script.steps(first)), encoding="utf-8")
    shutil.rmtree(first)
    runs: dict[str, list[Run]] = defaultdict(list)
    marts: dict[str, list[str]] = {}
    names = ["script", "start", "models", *ONCE]
    for number in range(ROUNDS):
        for name in names[number % 3 :] + names[: number % 3]:
            if name in ONCE and number:
                continue
            home = folder / "home"
            runs[name].append(run_one(name, home, database, steps))
            _same(name, home, marts)
            shutil.rmtree(home)
            print(f"round {number + 1}: {name} {runs[name][-1].seconds:.2f} s", file=sys.stderr)
    return {name: runs[name] for name in names}, len(marts)


def _same(name: str, home: Path, marts: dict[str, list[str]]) -> None:
    """Hold the marts of a run against those of the first run, which ``marts`` keeps."""
    if name == "start":
        return
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set enable_progress_bar = false")
        found = marts_script.contents(connection)
    if differing := marts_script.differing(marts or found, found):
        raise RuntimeError(f"{name} does not give the same marts as the runs before: {', '.join(differing)}")
    marts.update(found)


def run_one(name: str, home: Path, database: Path, steps: Path | None = None) -> Run:
    """One build in a process of its own, in a new home with a copy of the filled database."""
    home.mkdir()
    shutil.copyfile(database, home / database.name)
    return measuring.run(
        measuring.python_module("benchmarks.marts", name, home, *([steps] if steps else [])),
        {**dbt_environment(national_data.home_of(home)), "DBT_PARTIAL_PARSE": "false"},
    )


def dbt(settings: Settings, arguments: Sequence[str]) -> dict[str, float]:
    """Run dbt in this process, as Cosmos does; gives the seconds of each node.

    Raises:
        SystemExit: something in it failed.
    """
    from dbt.cli.main import dbtRunner

    where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    with contextlib.redirect_stdout(sys.stderr):
        done = dbtRunner().invoke([*arguments, *where])
    if not done.success:
        raise SystemExit(f"dbt {' '.join(arguments)} failed: {done.exception or 'see above'}")
    results = json.loads((settings.root / "dbt" / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {item["unique_id"].rsplit(".", 1)[-1]: item["execution_time"] for item in results}


def _less(seconds: Sequence[float], start: Sequence[float]) -> list[float]:
    return [mine - fixed for mine, fixed in zip(seconds, start, strict=True)]


def _figures(runs: list[Run]) -> dict[str, Any]:
    return {
        "seconds": measuring.median(run.seconds for run in runs),
        "lowest_seconds": round(min(run.seconds for run in runs), 3),
        "highest_seconds": round(max(run.seconds for run in runs), 3),
        "processor_seconds": measuring.median(float(run.told["cpu_seconds"]) for run in runs),
        "peak_memory_mb": max(run.peak_mb for run in runs),
        "nodes": len(runs[0].told["nodes"]),
        "rounds": len(runs),
    }


def _dearest(models: Run, script: Run) -> list[dict[str, Any]]:
    """The nodes that take longest in dbt, and their seconds in the script, of the last round."""
    by_dbt, by_script = models.told["nodes"], script.told["nodes"]
    names = sorted(by_dbt, key=lambda name: -by_dbt[name])[:DEAREST]
    return [{"node": n, "dbt": round(by_dbt[n], 2), "script": round(by_script.get(n, 0), 2)} for n in names]


def main(name: str, home: Path, steps: Path | None) -> None:
    """Run one, and tell its seconds (dbt's with its imports), the seconds of each node."""
    settings = national_data.home_of(home)
    began = time.perf_counter()
    if name == "script":
        assert steps
        nodes = marts_script.run(settings.database, json.loads(steps.read_text(encoding="utf-8")))
    else:
        nodes = dbt(settings, commands()[name])
    told = {"seconds": time.perf_counter() - began, "cpu_seconds": processor_seconds(), "high_water": high_water()}
    print(json.dumps({**told, "nodes": nodes}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
