"""Is a release the undisturbed one? A hash of every published table, without what two runs can never share.

Compared is every column of every table in ``releases/current/parquet``, with three exceptions:

- a load id (``20261123T013242Z_folk1e_e4689b``, and the id of a mart build) holds the time and six random digits: it is
  compared as the name of its dataset, so that a figure that rests on the load of another dataset is still found;
- the columns of :data:`OWN_TIMES` say when and in which Airflow run the work was done, and the folder it lies in;
- a comparison between two datasets is made at the load of the one that declares it, and at the other's when that is
  judged in a later run. A kill between the two promotions makes it so: the comparison is then made twice, and may not
  fail either time. What it passed at the other load (:func:`made_again`) is left out, and out of the load's count.

Source times, hashes and sizes of what was received, row counts, verdicts and every figure are compared as they are.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import duckdb

from expectations.cross import CROSSES
from warehouse.db import literal, quote
from warehouse.records import catalogue
from warehouse.release_files import DATABASE, published_tables
from warehouse.serve import load_extension

OWN_TIMES = frozenset(
    {"received_at", "loaded_at", "validated_at", "promoted_at", "evaluated_at", "seen_at", "run_id", "landing_path"}
)
EXTENSIONS = threading.Lock()  # their packages use a connection that all threads have in common
LOAD_ID = r"\d{8}T\d{6}Z_([a-z0-9_]+)_[0-9a-f]{6}"


def made_again() -> str:
    """SQL over ``validations``: the row is a comparison passed at the load of a dataset that does not declare it."""
    known = catalogue()
    pairs = [(name, known[cross.partner].raw_tables[0].name) for name, cross in CROSSES.items()]
    listed = ", ".join(f"({literal(name)}, {literal(f'raw.{table}')})" for name, table in pairs)
    return f"(success and (expectation, object_name) in ({listed}))"


def content(release: Path) -> dict[str, str]:
    """Table → sha256 of its rows in a fixed order, of a release folder."""
    with duckdb.connect() as connection:
        return {path.stem: _hash(connection, path) for path in sorted((release / "parquet").glob("*.parquet"))}


def _hash(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    rows = f"read_parquet({literal(str(path))})"
    columns = [
        _comparable(name, kind)
        for name, kind, *_ in connection.execute(f"describe select * from {rows}").fetchall()
        if name not in OWN_TIMES
    ]
    digest = hashlib.sha256(repr(columns).encode())
    if path.stem == "loads":
        judged = f"read_parquet({literal(str(path.with_name('validations.parquet')))})"
        twice = f"(select count(*) from {judged} made where made.load_id = kept.load_id and {made_again()})"
        rows = f"(select * replace (expectations_evaluated - {twice} as expectations_evaluated) from {rows} kept)"
    elif path.stem == "validations":
        rows = f"(from {rows} where not {made_again()})"
    found = connection.execute(f"select {', '.join(columns)} from {rows} order by all")
    while batch := found.fetchmany(20_000):
        digest.update(repr(batch).encode())
    return digest.hexdigest()


def _comparable(name: str, kind: str) -> str:
    column = quote(name)
    if kind == "VARCHAR":
        return f"regexp_replace({column}, {literal(LOAD_ID)}, '\\1', 'g') as {column}"
    if kind == "VARCHAR[]":
        mapped = f"list_transform({column}, lambda item: regexp_replace(item, {literal(LOAD_ID)}, '\\1', 'g'))"
        return f"list_sort({mapped}) as {column}"
    return column


def differing_in_postgres(dsn: str, release: Path) -> list[str]:
    """How ``marts`` in PostgreSQL differs from a release: its id, tables, rows; empty when in nothing."""
    connection = duckdb.connect(str(release / DATABASE), read_only=True)
    try:
        with EXTENSIONS:
            load_extension(connection, "postgres_scanner")
        connection.execute(f"attach {literal(dsn)} as there (type postgres, read_only)")
        tables = [table.name for table in published_tables(connection)]
        names = "select table_name from duckdb_tables() where database_name = 'there' and schema_name = 'marts'"
        found = {str(row[0]) for row in connection.execute(names).fetchall()}
        shown = connection.execute("select release_id from there.marts.release").fetchall()
        problems = [] if shown == [(release.name,)] else [f"PostgreSQL shows {shown} instead of {release.name}"]
        problems += [f"PostgreSQL: {name} is on one side alone" for name in sorted({*tables, "release"} ^ found)]
        for name in sorted({*tables} & found):
            ours, theirs = f"marts.{quote(name)}", f"there.marts.{quote(name)}"
            counts = connection.execute(
                f"""select (select count(*) from {ours}), (select count(*) from {theirs}),
                (select count(*) from (from {ours} except all from {theirs}))"""
            ).fetchone()
            if counts is None or counts[0] != counts[1] or counts[2]:
                problems.append(f"PostgreSQL: {name} has other rows than the release ({counts})")
        return problems
    finally:
        connection.close()
