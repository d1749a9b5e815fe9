"""Our load against the floor and against other tools: a FOLK1E of 9.6 million rows over loopback, ratios of one run.

Every contender works in a process of its own, in turn, three rounds; the figures are medians, and a ratio is that of
two runs of the same round. Processor seconds stand beside: they hardly change when the machine is busy. The floor is
curl to a file and DuckDB's own ``create table as select * from read_csv``.
Goals: ours at most 0.7 of the floor, in under 500 MB, and ahead of every peer.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks import folk1e, measuring
from benchmarks.contenders import CONTENDERS
from benchmarks.measuring import Run
from benchmarks.provider import provider
from warehouse.settings import REPOSITORY

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
GOAL_RATIO, GOAL_MB = 0.7, 500
PEERS = ("pandas", "pandas_categories", "polars", "dlt_file")
SMALL_PEERS = ("dlt_rows", "denstatbank")  # on a small table, scaled by its rows
SMALL_QUARTERS, SMALL_AREAS = 1, 20
SLOW = {"dlt_rows"}  # one round is enough for what is tens of times slower
FOLDER = REPOSITORY / "benchmarks"
PEERS_PYTHON = FOLDER / ".venv" / "bin" / "python"
PEER_PACKAGES = ("pandas", "pyarrow", "polars", "dlt", "denstatbank", "duckdb")


def peers_setup() -> int:
    """Build ``benchmarks/.venv`` from its lock file; the exit code of pip."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / ".venv")], check=True)
    lock = str(FOLDER / "requirements.lock")
    options = ["--quiet", "--no-deps", "--require-hashes", "-r", lock]
    return subprocess.run([str(PEERS_PYTHON), "-m", "pip", "install", *options], check=False).returncode


def measure() -> dict[str, Any]:
    """Every contender in turn, three rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = folk1e.write(folder / "large.csv")
        small = folk1e.write(folder / "small.csv", SMALL_QUARTERS, SMALL_AREAS)
        with (
            provider(folder / "large.csv", folk1e.QUARTERS) as large_url,
            provider(folder / "small.csv", SMALL_QUARTERS) as small_url,
        ):
            runs = _rounds(large_url, small_url)
    _all_loaded_the_same(runs, rows, small)
    return {
        "what": "FOLK1E grown to all municipalities, BULK over loopback, from the first question to a table on disk",
        "rows": rows,
        "rounds": ROUNDS,
        "goals": {"ratio_to_floor": GOAL_RATIO, "peak_memory_mb": GOAL_MB},
        "contenders": {name: _figures(name, runs, rows) for name in runs},
        "skipped": [] if _peers_there() else [*PEERS, *SMALL_PEERS],
        **measuring.surroundings("python -m benchmarks load", ("duckdb", "zstandard", "requests", "numpy")),
        "peer_versions": _peer_versions(),
    }


def _rounds(large_url: str, small_url: str) -> dict[str, list[Run]]:
    there = _peers_there()
    if not there:
        print(
            f"skipped, for want of benchmarks/.venv (python -m benchmarks peers-setup): {', '.join(PEERS)}, "
            + ", ".join(SMALL_PEERS),
            file=sys.stderr,
        )
    names = [*CONTENDERS, *((*PEERS, *SMALL_PEERS) if there else ())]
    runs: dict[str, list[Run]] = defaultdict(list)
    run_one("ours", large_url)  # the provider and the file cache are warm for all
    for number in range(ROUNDS):
        for name in names[number:] + names[:number]:  # nobody always runs after the same one
            if name in SLOW and number:
                continue
            url = small_url if name == "dlt_rows" else large_url
            runs[name].append(run_one(name, url))
            print(f"round {number + 1}: {name} {runs[name][-1].seconds:.2f} s", file=sys.stderr)
    return {name: runs[name] for name in names}


def run_one(name: str, url: str) -> Run:
    """One run of a contender or a peer in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        if name in CONTENDERS:
            return measuring.run(measuring.python_module("benchmarks.contenders", name, url, folder))
        return measuring.run([PEERS_PYTHON, FOLDER / "peers.py", name, url, folder])


def _figures(name: str, runs: dict[str, list[Run]], rows: int) -> dict[str, Any]:
    mine = runs[name]
    loaded = int(mine[0].told.get("rows", rows))
    scale = rows / loaded
    seconds = [run.seconds * scale for run in mine]
    floor = [run.seconds for run in runs["floor"]][: len(seconds)]
    cpu = [float(run.told["cpu_seconds"]) * scale for run in mine]
    floor_cpu = [float(run.told["cpu_seconds"]) for run in runs["floor"]][: len(cpu)]
    return {
        "seconds": measuring.median(seconds),
        "ratio_to_floor": measuring.ratio(seconds, floor),
        "peak_memory_mb": max(run.peak_mb for run in mine),
        "processor_seconds": measuring.median(cpu),
        "processor_ratio_to_floor": measuring.ratio(cpu, floor_cpu),
        **({"scaled_from_rows": loaded} if loaded != rows else {}),
        **({"rounds": len(mine)} if len(mine) != ROUNDS else {}),
    }


def _all_loaded_the_same(runs: dict[str, list[Run]], rows: int, small: int) -> None:
    found = {(r.told["rows"], r.told["persons"]) for n, them in runs.items() for r in them if _whole(n, r)}
    if len(found) != 1 or found.pop()[0] != rows:
        raise RuntimeError("the contenders did not load the same")
    if any(run.told["rows"] != small for run in runs.get("dlt_rows", ())):
        raise RuntimeError("dlt's row path did not load its table")


def _whole(name: str, run: Run) -> bool:
    return name not in SMALL_PEERS and "rows" in run.told


def _peers_there() -> bool:
    return PEERS_PYTHON.exists()


def _peer_versions() -> dict[str, str]:
    if not _peers_there():
        return {}
    (site,) = (FOLDER / ".venv" / "lib").glob("python3*/site-packages")
    found = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions(path=[str(site)])}
    return {name: found[name] for name in PEER_PACKAGES if name in found}
