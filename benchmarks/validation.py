"""The judging of one load against the same checks by hand: our suite on Great Expectations, and plain SQL.

A FOLK1E of 9.6 million rows, loaded by our own pipeline, is judged twice: as the first load of a home, and over an
earlier load of all quarters but the last, with which it is compared figure by figure. Each contender works in a process
of its own, in turn; the imports of Great Expectations and the start of Python are told apart. Before anything is
measured each of the two has to find the same offending keys in a small load with a poisoned row for each check.
Goals: at most twice the plain SQL, in under 1 GB.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil

from benchmarks import folk1e, measuring, plain_checks, validation_poisons
from benchmarks.contenders import high_water, processor_seconds
from benchmarks.measuring import Run
from benchmarks.provider import provider
from warehouse.db import writer
from warehouse.settings import Settings

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
QUARTERS = int(os.environ.get("BENCH_QUARTERS", str(folk1e.QUARTERS)))
GOAL_RATIO, GOAL_MB = 2.0, 1_000
CONTENDERS = ("ours", "plain")


def measure() -> dict[str, Any]:
    """Prove, fill a home, and let both judge it: the first load, then a load over an earlier one."""
    with tempfile.TemporaryDirectory() as name:
        checks = validation_poisons.prove(Path(name) / "small")
        home = Path(name) / "home"
        earlier, load_id, rows = two_loads(home, Path(name), QUARTERS)
        first = _rounds(home, load_id)
        promote(home, earlier)
        again = _rounds(home, load_id)
    return {
        "what": "a FOLK1E of all municipalities, judged by our suite and by the same checks as plain SQL",
        "rows": rows,
        "rounds": ROUNDS,
        "goals": {"ratio_to_plain": GOAL_RATIO, "peak_memory_mb": GOAL_MB},
        "poisoned_checks_found_by_both": checks,
        "cases": {"first": _figures(first), "again": _figures(again)},
        **measuring.surroundings("python -m benchmarks validation", ("duckdb", "great-expectations", "numpy")),
    }


def two_loads(home: Path, folder: Path, quarters: int) -> tuple[str, str, int]:
    """A home with a load of all quarters but the last, not yet promoted, and one of all; ids, the latter's rows."""
    from ingestion import pipeline
    from warehouse import ledger

    loads = []
    for number in (quarters - 1, quarters):
        body = folder / "body.csv"
        rows = folk1e.write(body, number)
        with provider(body, number) as url:
            settings = settings_of(home, url)
            pipeline.changed("folk1e", settings)
            load_id = pipeline.land("folk1e", settings)
            pipeline.load(load_id, settings)
        with writer(settings, "refuse, so that all is fetched again") as connection:
            ledger.set_status(connection, load_id, ledger.REJECTED, reason="a benchmark")
        loads.append(load_id)
        body.unlink()
    with writer(settings, "take back") as connection:
        ledger.set_status(connection, loads[1], ledger.LOADED, reason=None)
    return loads[0], loads[1], rows


def promote(home: Path, load_id: str) -> None:
    """Take a load for valid and let it own its periods."""
    from ingestion import pipeline
    from warehouse import ledger

    with writer(settings_of(home), "take for valid") as connection:
        ledger.set_status(connection, load_id, ledger.VALIDATED, reason=None)
    pipeline.promote(load_id, settings_of(home))


def settings_of(home: Path, url: str = "") -> Settings:
    """Settings of the home, and of the provider where one is asked."""
    given: dict[str, Any] = {"statbank_url": url} if url else {}
    return Settings(home=home, from_year=folk1e.FIRST_YEAR, _env_file=None, **given)  # type: ignore[call-arg]


def ours(home: Path, load_id: str) -> dict[str, int]:
    """What the DAG's task does: verdicts into the ledger and the Data Docs written, too."""
    from expectations.run import validate

    verdict = validate(load_id, settings_of(home))
    return {item.expectation: item.unexpected_count for item in verdict.validations}


def plain(home: Path, load_id: str) -> dict[str, int]:
    """The script by hand."""
    with duckdb.connect(str(settings_of(home).database), read_only=True) as connection:
        return plain_checks.failures(connection, load_id)


_PROGRAMS: dict[str, Callable[[Path, str], dict[str, int]]] = {"ours": ours, "plain": plain}


def _rounds(home: Path, load_id: str) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = defaultdict(list)
    run_one("plain", home, load_id)  # the file cache is warm for both
    for number in range(ROUNDS):
        for name in CONTENDERS[:: -1 if number % 2 else 1]:
            runs[name].append(run_one(name, home, load_id))
            print(f"round {number + 1}: {name} {runs[name][-1].seconds:.2f} s", file=sys.stderr)
    found = {json.dumps(run.told["found"], sort_keys=True) for them in runs.values() for run in them}
    if len(found) != 1:
        raise RuntimeError(f"the contenders did not find the same: {found}")
    return runs


def run_one(name: str, home: Path, load_id: str) -> Run:
    """One judging by one contender, in a process of its own."""
    return measuring.run(measuring.python_module("benchmarks.validation", name, home, load_id))


def _figures(runs: dict[str, list[Run]]) -> dict[str, Any]:
    base = {
        "seconds": [run.seconds for run in runs["plain"]],
        "cpu": [float(run.told["cpu_seconds"]) for run in runs["plain"]],
    }
    told = {}
    for name, them in runs.items():
        seconds, cpu = [run.seconds for run in them], [float(run.told["cpu_seconds"]) for run in them]
        told[name] = {
            "seconds": measuring.median(seconds),
            "ratio_to_plain": measuring.ratio(seconds, base["seconds"]),
            "processor_seconds": measuring.median(cpu),
            "processor_ratio_to_plain": measuring.ratio(cpu, base["cpu"]),
            "peak_memory_mb": max(run.peak_mb for run in them),
            "start_seconds": measuring.median(float(run.told["start_seconds"]) for run in them),
            "checks": len(them[0].told["found"]),
        }
    return told


def main(name: str, home: Path, load_id: str) -> None:
    """Run one, and tell its seconds, what starting and importing took before, and the offending keys of each check."""
    if name == "ours":
        import expectations.gx_duckdb
        import expectations.run  # noqa: F401
    start = time.time() - psutil.Process().create_time()
    before, began = processor_seconds(), time.perf_counter()
    found = _PROGRAMS[name](home, load_id)
    told = {"seconds": time.perf_counter() - began, "cpu_seconds": processor_seconds() - before}
    print(json.dumps({**told, "start_seconds": start, "high_water": high_water(), "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
