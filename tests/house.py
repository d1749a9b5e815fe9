"""A warehouse of a test's own: a home, its settings, and the two ways to fill it.

``Home.warehouse(...)`` is the command line in a process of its own, as a user calls it. ``Home.ingest`` and
``Home.build`` are the same steps without Airflow, for tests that are about figures and not about the scheduler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sample_providers import Running
from warehouse.airflow import DBT_PROJECT, airflow_environment
from warehouse.settings import REPOSITORY, Settings

REAL = REPOSITORY.parent / "shared" / "real"
BIN = Path(sys.executable).parent


@dataclass
class Home:
    """One warehouse; ``variables`` are its settings as environment variables."""

    path: Path
    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that works on this home and on nothing else."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WAREHOUSE_", "AIRFLOW_"))}
        return {**clean, **self.variables, "WAREHOUSE_HOME": str(self.path)}

    @property
    def settings(self) -> Settings:
        """The settings as the warehouse would read them."""
        names = {name.removeprefix("WAREHOUSE_").lower(): value for name, value in self.variables.items()}
        return Settings(home=self.path, _env_file=None, **names)  # type: ignore[call-arg, arg-type]

    def warehouse(self, *arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        """Call the command line."""
        return subprocess.run(
            [str(BIN / "warehouse"), *arguments],
            env=self.environment,
            cwd=self.path.parent,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def ingest(self, *datasets: str) -> None:
        """Every step of each dataset, families judged together; a rejected load raises."""
        from expectations.run import require, validate
        from ingestion import pipeline

        run = ("test", "run")
        moved = [name for name in datasets if pipeline.changed(name, self.settings)]
        loads = {name: pipeline.land(name, self.settings, run) for name in moved}
        for load_id in loads.values():
            pipeline.load(load_id, self.settings)
        for load_id in loads.values():
            require(validate(load_id, self.settings))
        for load_id in loads.values():
            pipeline.promote(load_id, self.settings)

    def build(self, *arguments: str) -> None:
        """Build and test every model with dbt (unit tests of dbt have a test of their own)."""
        dbt = [str(BIN / "dbt"), "build", "--exclude-resource-type", "unit_test"]
        where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
        environment = {**self.environment, **airflow_environment(self.settings)}
        done = subprocess.run(
            [*dbt, *where, *arguments], env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the build database."""
        with duckdb.connect(str(self.path / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()

    def published(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the current release as a BI tool would."""
        file = self.path / "releases" / "current" / "integration_gaps.duckdb"
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()


def copy_of(home: Home, path: Path) -> Home:
    """A home of a test's own with everything that another one holds."""
    shutil.copytree(home.path, path, symlinks=True)
    variables = {name: value.replace(str(home.path), str(path)) for name, value in home.variables.items()}
    return Home(path, variables)


def home_on(provider: Running, path: Path, **variables: str) -> Home:
    """A home that reads from a running sample provider."""
    addresses = {"WAREHOUSE_STATBANK_URL": provider.statbank_url, "WAREHOUSE_ELECTIONS_URL": provider.elections_url}
    return Home(path, {**addresses, **variables})
