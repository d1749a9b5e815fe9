"""Other ways to the same table: ``benchmarks/.venv/bin/python benchmarks/peers.py NAME URL FOLDER``.

Runs in an environment of its own (``benchmarks/requirements.lock``) and therefore imports nothing of this repository.
Each downloads the BULK answer in the way that its documentation shows and ends with a table in a closed DuckDB file,
every code as text with its zeros. Archive, hash, manifest, checks and provenance, which ours has, none of them makes.
The last two get an answer of the size given by the areas asked for: one would take minutes, and StatBank gives the
other no more than a million cells at a time.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import requests

NUMBER = "INDHOLD"
SMALL_AREAS = 2
PIECE = 1 << 20


def question(url: str, areas: int | None = None) -> list[dict[str, Any]]:
    """The variables of the table with all their codes, or with the first so many areas."""
    info = requests.get(f"{url}/tableinfo", params={"id": "FOLK1E"}, timeout=60).json()
    found = [{"code": v["id"], "values": [value["id"] for value in v["values"]]} for v in info["variables"]]
    found[0]["values"] = found[0]["values"][:areas]
    return found


def pieces(url: str) -> Iterator[bytes]:
    """The BULK answer as it comes."""
    body = {"table": "FOLK1E", "format": "BULK", "lang": "da", "valuePresentation": "Code", "variables": question(url)}
    with requests.post(f"{url}/data", json=body, stream=True, timeout=600) as answer:
        answer.raise_for_status()
        yield from answer.iter_content(PIECE)


def download(url: str, folder: Path) -> Path:
    """The BULK answer in a file."""
    file = folder / "body.csv"
    with file.open("wb") as handle:
        for piece in pieces(url):
            handle.write(piece)
    return file


def columns(file: Path) -> list[str]:
    """The names of the header."""
    with file.open(encoding="utf-8", newline="") as handle:
        return handle.readline().rstrip("\r\n").split(";")


def store(folder: Path, frame: Any) -> None:
    """A frame as a DuckDB table."""
    with duckdb.connect(str(folder / "peer.duckdb")) as connection:
        connection.register("frame", frame)
        connection.execute("create table folk1e as select * from frame")


def pandas_text(url: str, folder: Path) -> None:
    """pandas, codes as text."""
    import pandas as pd

    file = download(url, folder)
    types = {name: "int64" if name == NUMBER else "str" for name in columns(file)}
    store(folder, pd.read_csv(file, sep=";", dtype=types, na_values=[".."], keep_default_na=False))


def pandas_categories(url: str, folder: Path) -> None:
    """pandas, codes as categories."""
    import pandas as pd

    file = download(url, folder)
    types = {name: "int64" if name == NUMBER else "category" for name in columns(file)}
    store(folder, pd.read_csv(file, sep=";", dtype=types, na_values=[".."], keep_default_na=False))


def polars_text(url: str, folder: Path) -> None:
    """polars, codes as text, handed over as Arrow."""
    import polars as pl

    file = download(url, folder)
    types = {name: pl.Int64 if name == NUMBER else pl.String for name in columns(file)}
    store(folder, pl.read_csv(file, separator=";", schema=types, null_values=[".."]).to_arrow())


def dlt_file(url: str, folder: Path) -> None:
    """dlt with Arrow tables, written as Parquet and imported as files: its quick way."""
    import pyarrow as pa
    from pyarrow import csv

    file = download(url, folder)
    types = {name: pa.int64() if name == NUMBER else pa.string() for name in columns(file)}
    read = csv.open_csv(
        file,
        read_options=csv.ReadOptions(block_size=1 << 24),
        parse_options=csv.ParseOptions(delimiter=";"),
        convert_options=csv.ConvertOptions(column_types=types, null_values=[".."]),
    )
    with read:
        _pipeline(folder, (pa.Table.from_batches([batch]) for batch in read), "parquet")


def dlt_rows(url: str, folder: Path) -> None:
    """dlt with a dictionary a row: what its tutorials show. A small table."""
    import csv

    file = download(url, folder)

    def rows() -> Iterator[dict[str, Any]]:
        with file.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle, delimiter=";"):
                yield {**row, NUMBER: int(row[NUMBER])}

    _pipeline(folder, rows(), "insert_values")


def _pipeline(folder: Path, items: Any, written_as: str) -> None:
    import dlt

    pipeline = dlt.pipeline(
        "folk1e",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "peer.duckdb")),
        dataset_name="raw",
    )
    pipeline.run(dlt.resource(items, name="folk1e"), loader_file_format=written_as).raise_on_failed_jobs()


def denstatbank(url: str, folder: Path) -> None:
    """denstatbank, a public StatBank client: JSON-stat, one area a question. A small table."""
    import pandas as pd
    from denstatbank import StatBankClient

    client = StatBankClient(lang="da")
    client._base_url = f"{url}/"
    asked = question(url, SMALL_AREAS)
    frames = []
    for area in asked[0]["values"]:
        variables = [client.variable_dict(v["code"], v["values"]) for v in asked[1:]]
        variables.insert(0, client.variable_dict(asked[0]["code"], [area]))
        frames.append(client.data("FOLK1E", variables=variables).reset_index())
    frame = pd.concat(frames)
    frame.columns = [*frame.columns[:-1], NUMBER]
    store(folder, frame[frame[NUMBER] != 0])


PEERS: dict[str, tuple[Callable[[str, Path], None], tuple[str, ...]]] = {
    "pandas": (pandas_text, ("pandas",)),
    "pandas_categories": (pandas_categories, ("pandas",)),
    "polars": (polars_text, ("polars", "pyarrow")),
    "dlt_file": (dlt_file, ("dlt", "pyarrow", "pyarrow.csv")),
    "dlt_rows": (dlt_rows, ("dlt",)),
    "denstatbank": (denstatbank, ("denstatbank",)),
}


def loaded(folder: Path) -> dict[str, Any]:
    """Rows and sum of the table, to see that all loaded the same; not measured."""
    with duckdb.connect(str(folder / "peer.duckdb"), read_only=True) as connection:
        schemas = connection.execute("select schema_name from duckdb_tables() where table_name = 'folk1e'").fetchall()
        row = connection.execute(f"select count(*), sum(indhold)::bigint from {schemas[0][0]}.folk1e").fetchone()
    assert row is not None
    return {"rows": row[0], "persons": row[1]}


def main(name: str, url: str, folder: Path) -> None:
    """Run one, and tell its seconds and what it loaded; imports are not measured."""
    work, needs = PEERS[name]
    for module in ("pandas", *needs):
        importlib.import_module(module)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    work(url, folder)
    seconds = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status")
    marks = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    high_water = next((int(line.split()[1]) * 1024 for line in marks if line.startswith("VmHWM")), 0)
    cpu = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "high_water": high_water, **loaded(folder)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
