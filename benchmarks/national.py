"""The build over all municipalities from 2008: seconds and peak memory of dbt and of publishing the release.

Both run in a process of their own, so that what is measured is theirs alone. The data are those of
``benchmarks/national_data.py``; the bound on memory is held by ``tests/reliability/test_memory.py``.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import national_data
from warehouse.airflow import DBT_PROJECT, dbt_environment
from warehouse.settings import Settings

DBT = [str(Path(sys.executable).parent / "dbt")]
WHERE = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
PUBLISH = [sys.executable, "-c", "from warehouse import release, settings; release.publish(settings.read_settings())"]
# The small process in between has no memory of ours, which a child would be charged with from the start.
_LAUNCHER = """
import pathlib, resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
_BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


@dataclass(frozen=True)
class Cost:
    """What a process took: wall-clock seconds, and its largest resident memory in megabytes."""

    seconds: float
    peak_mb: int


def cost_of(command: list[str], settings: Settings) -> Cost:
    """Run a program on a home and measure it.

    Raises:
        RuntimeError: with the end of what it printed, when it fails.
    """
    environment = {**os.environ, **dbt_environment(settings)}
    with tempfile.TemporaryDirectory() as folder:
        peak = Path(folder) / "peak"
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _LAUNCHER, str(peak), *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode != 0:
            raise RuntimeError((done.stdout + done.stderr)[-4000:])
        return Cost(round(seconds, 1), int(peak.read_text()) * _BYTES // 1_000_000)


def build(settings: Settings) -> dict[str, Cost]:
    """dbt's models and then its tests, as the DAG ``build_marts`` does them."""
    models = [*DBT, "build", "--exclude-resource-type", "unit_test", "test", *WHERE]
    tests = [*DBT, "test", "--exclude-resource-type", "unit_test", *WHERE]
    return {"models": cost_of(models, settings), "tests": cost_of(tests, settings)}


def measure() -> dict[str, Any]:
    """Fill a home, build it, publish it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = national_data.home_of(Path(folder) / "home")
        rows = national_data.fill(settings)
        costs = {**build(settings), "release": cost_of(PUBLISH, settings)}
    return {
        "what": "dbt and the release over all municipalities from 2008, grown out of the sample",
        "rows": rows,
        "seconds": {name: cost.seconds for name, cost in costs.items()},
        "peak_memory_mb": {name: cost.peak_mb for name, cost in costs.items()},
        "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "command": "make bench",
        "measured_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
    }
