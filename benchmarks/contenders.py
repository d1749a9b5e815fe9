"""Ours and the floor, each as a program: ``python -m benchmarks.contenders NAME URL FOLDER``.

The floor is what anybody would do by hand: curl to a file, and DuckDB's own ``create table as select * from
read_csv``, once as it comes (types guessed: country ``000`` becomes 0, so what is loaded is not what was published) and
once with every column kept as text. Ours is the code of the DAG: look, land, load. All of them start with an empty
folder and the question what codes the table has, and end with a closed DuckDB file.
"""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import requests

CURL = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*"]


def floor(url: str, folder: Path) -> None:
    """curl and ``read_csv`` as it comes."""
    _floor(url, folder, "")


def floor_text(url: str, folder: Path) -> None:
    """curl and ``read_csv``, every column as text: what a code needs, to keep its zeros."""
    _floor(url, folder, ", all_varchar = true")


def parse(url: str, folder: Path) -> None:
    """curl and reading the file once, into nothing: what no load can go below."""
    file = _download(url, folder)
    with duckdb.connect() as connection:
        connection.execute(f"select count(*) from read_csv('{file}', all_varchar = true)")


def ours(url: str, folder: Path) -> None:
    """Look, land and load, as the tasks of the DAG do."""
    from ingestion import pipeline
    from warehouse.settings import Settings

    settings = Settings(home=folder, statbank_url=url, from_year=2008)
    if not pipeline.changed("folk1e", settings):
        raise SystemExit("the provider has nothing new")
    pipeline.load(pipeline.land("folk1e", settings), settings)


CONTENDERS: dict[str, Callable[[str, Path], None]] = {
    "ours": ours,
    "floor": floor,
    "floor_text": floor_text,
    "parse": parse,
}


def _floor(url: str, folder: Path, option: str) -> None:
    file = _download(url, folder)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"create table folk1e as select * from read_csv('{file}'{option})")


def _download(url: str, folder: Path) -> Path:
    info = requests.get(f"{url}/tableinfo", params={"id": "FOLK1E"}, timeout=60).json()
    variables = [{"code": v["id"], "values": ["*"]} for v in info["variables"]]
    body = {"table": "FOLK1E", "format": "BULK", "lang": "da", "valuePresentation": "Code", "variables": variables}
    file = folder / "body.csv"
    question = json.dumps(body)
    answer = ["--header", "Content-Type: application/json", "--data", question, "--output", str(file), f"{url}/data"]
    subprocess.run([*CURL, *answer], check=True)
    return file


def loaded(folder: Path) -> dict[str, Any]:
    """Rows and sum of the table that was loaded, to see that all loaded the same; not measured."""
    database = folder / "warehouse.duckdb"
    if not database.exists():
        return {}
    with duckdb.connect(str(database), read_only=True) as connection:
        named = connection.execute(
            """select schema_name || '."' || table_name || '"' from duckdb_columns()
            where lower(column_name) = 'indhold' and schema_name in ('main', 'raw_loads') and not internal"""
        ).fetchall()
        row = connection.execute(f"select count(*), sum(indhold::bigint)::bigint from {named[0][0]}").fetchone()
    assert row is not None
    return {"rows": row[0], "persons": row[1]}


def main(name: str, url: str, folder: Path) -> None:
    """Run one, and tell its seconds, processor seconds, high-water mark in bytes, and what it loaded."""
    imported = ["pandas", *(["ingestion.pipeline"] if name == "ours" else [])]  # DuckDB imports pandas by itself
    for module in imported:  # imports are not measured
        importlib.import_module(module)
    before, began = processor_seconds(), time.perf_counter()
    CONTENDERS[name](url, folder)
    told = {"seconds": time.perf_counter() - began, "cpu_seconds": processor_seconds() - before}
    print(json.dumps({**told, "high_water": high_water(), **loaded(folder)}))


def processor_seconds() -> float:
    """Processor time of this process and its ended children so far."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def high_water() -> int:
    """The largest resident memory of this process so far, in bytes; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
