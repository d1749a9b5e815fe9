"""What every benchmark needs: a process of its own with its seconds and peak memory, medians, and what it ran on.

A program that is measured prints one JSON object as its last line (:func:`tell`); what it says of its seconds leaves
out the start of Python and its imports. Figures of different runs are never compared: the machine may have been busy.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from warehouse.settings import REPOSITORY

SAMPLE_SECONDS = 0.02
_BYTES = 1_000_000


@dataclass(frozen=True)
class Run:
    """One run of a program: what it told, and the largest resident memory of its process tree in megabytes."""

    told: dict[str, Any]
    peak_mb: int

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of the work itself, as the program told them."""
        return float(self.told["seconds"])


def run(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> Run:
    """Run a program in a process of its own and watch the memory of its tree.

    The peak is the larger of the sum seen every 20 ms and the high-water mark that the program tells itself.

    Raises:
        RuntimeError: it failed; with the end of what it printed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = psutil.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=err,
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
        )
        peak = 0
        while True:
            peak = max(peak, _resident(process))
            try:
                code = process.wait(SAMPLE_SECONDS)
                break
            except psutil.TimeoutExpired:
                continue
        out.seek(0)
        err.seek(0)
        printed = out.read().decode()
        if code != 0:
            raise RuntimeError((printed + err.read().decode())[-4000:])
    told = json.loads(printed.splitlines()[-1])
    return Run(told, max(peak, int(told.get("high_water", 0))) // _BYTES)


def _resident(process: psutil.Process) -> int:
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:  # it ended while we looked
        pass
    return total


def median(values: Iterable[float], digits: int = 3) -> float:
    """The median, rounded."""
    return round(statistics.median(values), digits)


def ratio(ours: Sequence[float], base: Sequence[float]) -> dict[str, float]:
    """The ratios of runs that stood next to each other: median, lowest and highest."""
    ratios = [mine / other for mine, other in zip(ours, base, strict=True)]
    return {"median": median(ratios), "lowest": round(min(ratios), 3), "highest": round(max(ratios), 3)}


def surroundings(command: str, packages: Sequence[str] = ("duckdb",)) -> dict[str, Any]:
    """Machine, versions, command and time of a measurement; nothing that names the machine."""
    return {
        "machine": {
            "system": platform.system(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in packages},
        },
        "command": command,
        "measured_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def python_module(name: str, *arguments: str | Path) -> list[str]:
    """The command that runs a module of this repository in this environment."""
    return [sys.executable, "-m", name, *map(str, arguments)]
