"""Our load against the floor, as ratios of one run.

The floor is what anybody would do by hand: download the BULK answer to a file, then ``create table as select * from
read_csv``. Ours does the same and more: the archive with hash and manifest, typed columns from the codes asked for,
and the ledger. Both take the sample's FOLK1E over loopback, in turn, several times; the figures are medians.
"""

from __future__ import annotations

import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import requests

from ingestion import pipeline
from sample_providers import Running, start
from warehouse.settings import Settings

RUNS = 5


def floor(provider: Running, folder: Path) -> int:
    """Download and ``read_csv``; gives the rows."""
    info = requests.get(f"{provider.statbank_url}/tableinfo", params={"id": "FOLK1E"}, timeout=60).json()
    variables = [{"code": v["id"], "values": ["*"]} for v in info["variables"]]
    body = {"table": "FOLK1E", "format": "BULK", "lang": "da", "valuePresentation": "Code", "variables": variables}
    file = folder / "body.csv"
    answer = requests.post(f"{provider.statbank_url}/data", json=body, stream=True, timeout=60)
    with answer, file.open("wb") as handle:
        for chunk in answer.iter_content(1 << 20):
            handle.write(chunk)
    with duckdb.connect(str(folder / "floor.duckdb")) as connection:
        connection.execute(f"create table folk1e as select * from read_csv('{file}', delim = ';', all_varchar = true)")
        row = connection.execute("select count(*) from folk1e").fetchone()
    return int(row[0]) if row else 0


def ours(provider: Running, folder: Path) -> int:
    """Look, land, and load, as the DAG does; gives the rows."""
    settings = Settings(home=folder, statbank_url=provider.statbank_url, from_year=2008)
    assert pipeline.changed("folk1e", settings)
    return pipeline.load(pipeline.land("folk1e", settings), settings)


def measure() -> dict[str, Any]:
    """Both in turn, after one warm-up of each."""
    seconds: dict[str, list[float]] = {"floor": [], "ours": []}
    rows = set()
    with start() as provider:
        for run in range(RUNS + 1):
            for name, work in (("floor", floor), ("ours", ours)):
                with tempfile.TemporaryDirectory() as folder:
                    began = time.perf_counter()
                    rows.add(work(provider, Path(folder)))
                    if run:
                        seconds[name].append(time.perf_counter() - began)
    assert len(rows) == 1, f"the two did not load the same: {rows}"
    ratios = [mine / base for mine, base in zip(seconds["ours"], seconds["floor"], strict=True)]
    return {
        "what": "FOLK1E of the sample StatBank over loopback, from the first question to a table",
        "rows": rows.pop(),
        "seconds": {name: round(statistics.median(values), 3) for name, values in seconds.items()},
        "ratio_ours_to_floor": {
            "median": round(statistics.median(ratios), 3),
            "lowest": round(min(ratios), 3),
            "highest": round(max(ratios), 3),
        },
        "runs": RUNS,
        "versions": {"python": platform.python_version(), "duckdb": duckdb.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "command": "make bench",
        "measured_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
    }
