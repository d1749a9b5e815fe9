"""The data team's house in the decade: a checkout of the repository that they may edit, and a home that it runs on."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from warehouse.settings import REPOSITORY

PARTS = ("warehouse", "ingestion", "expectations", "dbt_project")
Row = dict[str, str]


@dataclass
class House:
    """A checkout and a home under one folder; ``variables`` are the settings as environment variables."""

    root: Path
    variables: dict[str, str]
    _worker: subprocess.Popen[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the repository out."""
        skipped = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")
        for part in PARTS:
            shutil.copytree(REPOSITORY / part, self.root / "checkout" / part, ignore=skipped)

    @property
    def home(self) -> Path:
        """The home."""
        return self.root / "home"

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        """Let the warehouse do something: see ``decade_worker``."""
        worker = self._worker or self._start()
        assert worker.stdin and worker.stdout
        variables = {**self.variables, "WAREHOUSE_HOME": str(self.home)}
        worker.stdin.write(json.dumps({"do": action, "variables": variables, **more}) + "\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
        assert line, (self.root / "worker.log").read_text(errors="replace")[-4000:]
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WAREHOUSE_", "AIRFLOW_"))}
        program = [sys.executable, str(Path(__file__).with_name("decade_worker.py")), str(self.root / "worker.log")]
        self._worker = subprocess.Popen(
            program,
            env={**clean, "PYTHONPATH": str(self.root / "checkout"), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._worker

    def stop(self) -> None:
        """End the warehouse's process; the next request starts another, with the checkout as it then is."""
        if self._worker:
            assert self._worker.stdin and self._worker.stdout
            self._worker.stdin.close()
            self._worker.wait(60)
            self._worker.stdout.close()
            self._worker = None

    # What the data team does ------------------------------------------------------------------------------

    def edit_seed(self, name: str, change: Callable[[list[Row]], list[Row]]) -> None:
        """Change the rows of a seed of the checkout."""
        path = self.root / "checkout" / "dbt_project" / "seeds" / f"{name}.csv"
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        header = list(rows[0])
        changed = change(rows)
        assert changed != list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(changed)
        path.write_text(text.getvalue(), encoding="utf-8")
        self.stop()

    def edit_record(self, dataset: str, old: str, new: str) -> None:
        """Change a line of a catalogue record of the checkout."""
        path = self.root / "checkout" / "ingestion" / "catalogue" / f"{dataset}.yml"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.stop()

    # What a reader sees -----------------------------------------------------------------------------------

    @property
    def current(self) -> Path | None:
        """The folder of the current release."""
        link = self.home / "releases" / "current"
        return link.resolve() if link.exists() else None

    def published(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the current release."""
        assert self.current
        with duckdb.connect(str(self.current / "integration_gaps.duckdb"), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()
