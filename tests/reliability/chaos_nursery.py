"""Starts ``chaos_points.py`` on a sample provider and gives what it found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sample_providers import Running
from warehouse.settings import REPOSITORY


def found_by(provider: Running, folder: Path, **asked: Any) -> dict[str, Any]:
    """What came of the trials that were asked for (see ``chaos_points``), after a look at the undisturbed work."""
    settings = {
        "statbank_url": provider.statbank_url,
        "elections_url": provider.elections_url,
        "municipalities": "101,151",
        "from_year": 2022,
    }
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("chaos_points.py"))],
        input=json.dumps({"settings": settings, "folder": str(folder), "sample": -1, **asked}),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["wanted"]["loads"] == [["uddakt20", "promoted"]]
    assert (found["wanted"]["releases"], found["wanted"]["verify"], found["wanted"]["doctor"]) == (1, [], [])
    return found


def problems(found: dict[str, Any]) -> dict[str, list[str]]:
    """The trials that did not end as if nothing had happened."""
    return {name: said for name, said in found["tried"].items() if said}
