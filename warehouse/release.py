"""Releases: the published marts, built aside, checked, and published whole.

A release is a folder under ``releases/``: the DuckDB file that BI tools open, the same tables as Parquet and CSV, a
``datapackage.json``, the validation reports and a manifest with a hash of every table. It is assembled under a
temporary name, renamed when it is complete, and ``releases/current`` is then pointed at it by one atomic rename. A
release never changes afterwards.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import __version__, disclosure, progress
from warehouse.airflow import DBT_PROJECT, project_hash
from warehouse.datapackage import datapackage, write_csv
from warehouse.db import literal, quote, writer
from warehouse.errors import WarehouseError
from warehouse.settings import Settings

DATABASE = "integration_gaps.duckdb"
STORAGE_VERSION = "v1.0.0"
MANIFEST = "manifest.json"
_GUARD_EVERY = 20_000  # a row group has 122,880 rows


@dataclass(frozen=True)
class Column:
    """A published column: name, DuckDB type, and its comment."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Table:
    """A published table or view."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    view_sql: str | None = None


def current(settings: Settings) -> Path | None:
    """The folder of the current release, or None before the first."""
    link = settings.releases / "current"
    return link.resolve() if link.exists() else None


def current_database(settings: Settings) -> Path:
    """The file of the current release.

    Raises:
        WarehouseError: before the first release.
    """
    folder = current(settings)
    if folder is None:
        raise WarehouseError(
            "There is no release yet",
            {"home": settings.home},
            "run `warehouse run` (or `warehouse run --sample`) first",
        )
    return folder / DATABASE


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a release."""
    return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


def releases(settings: Settings) -> list[dict[str, Any]]:
    """The manifests of all releases, newest first."""
    folders = [path.parent for path in settings.releases.glob(f"*/{MANIFEST}") if not path.parent.is_symlink()]
    return sorted((read_manifest(folder) for folder in folders), key=lambda m: str(m["release_id"]), reverse=True)


def is_up_to_date(settings: Settings) -> bool:
    """Whether the current release was built from exactly what raw, seeds, code and settings are now."""
    folder = current(settings)
    if folder is None:
        return False
    with writer(settings, "look at the ledger") as connection:
        return bool(read_manifest(folder)["inputs"] == inputs(connection, settings))


def inputs(connection: duckdb.DuckDBPyConnection, settings: Settings) -> str:
    """A hash of all that the marts are a function of: promoted loads, code, seeds and the settings that dbt reads."""
    owners = connection.execute("select dataset, period, load_id from meta.period_owner order by all").fetchall()
    rules = file_hash(Path(disclosure.__file__))  # the one model that is not SQL takes its rules from there
    facts = [owners, code_version(), rules, settings.focus_municipality, settings.small_cell]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def code_version() -> str:
    """A hash of the dbt project: with the loads, what a release is a function of."""
    return project_hash(DBT_PROJECT)


def publish(settings: Settings) -> str:
    """Publish the marts of the build database as a new release, unless nothing in them is new.

    Returns the id of the release that is current afterwards.

    Raises:
        WarehouseError: when a check on the finished files fails; the release before stays as it is.
    """
    work = settings.releases / ".building"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with writer(settings, "publish a release") as connection:
            tables = published_tables(connection)
            hashes = export_tables(connection, tables, work)
            before = current(settings)
            if before is not None and read_manifest(before)["tables"] == hashes:
                progress.say("release", "nothing new: the marts are those of the current release")
                return before.name
            release_id = _next_id(settings)
            write_database(connection, tables, work / DATABASE)
            facts = {
                "release_id": release_id,
                "created_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
                "data_origin": "sample" if "sample" in _data_origins(connection) else "official",
                "focus_municipality": settings.focus_municipality,
                "small_cell": settings.small_cell,
                "inputs": inputs(connection, settings),
            }
        _add_documents(settings, work, tables, hashes, facts)
        check(work, tables)
        final = settings.releases / release_id
        _make_read_only(work)
        work.rename(final)
        _point_current_at(settings, release_id)
        progress.say("release", f"published {release_id}")
        return release_id
    finally:
        shutil.rmtree(work, ignore_errors=True)


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Everything in ``marts``, tables before views, with comments.

    Raises:
        WarehouseError: when there are no marts.
    """
    found = connection.execute(
        """select * from (
            select table_name, comment, null as sql from duckdb_tables() where schema_name = 'marts' and not internal
            union all select view_name, comment, sql from duckdb_views() where schema_name = 'marts' and not internal)
        order by sql is not null, 1"""
    ).fetchall()
    if not found:
        raise WarehouseError("There are no marts to publish", next_step="run the DAG build_marts, or `warehouse run`")
    tables = []
    for name, comment, sql in found:
        columns = connection.execute(
            """select column_name, data_type, coalesce(comment, '') from duckdb_columns()
            where schema_name = 'marts' and table_name = ? order by column_index""",
            [name],
        ).fetchall()
        tables.append(Table(name, comment or "", tuple(Column(*column) for column in columns), sql))
    return tables


def export_tables(connection: duckdb.DuckDBPyConnection, tables: list[Table], folder: Path) -> dict[str, str]:
    """Write Parquet and CSV of every table in a fixed order of rows; gives the hash of each Parquet file."""
    (folder / "parquet").mkdir()
    (folder / "csv").mkdir()
    hashes = {}
    for table in tables:
        parquet = folder / "parquet" / f"{table.name}.parquet"
        rows = f"select * from marts.{quote(table.name)} order by all"
        connection.execute(f"copy ({rows}) to {literal(str(parquet))} (format parquet, compression zstd)")
        write_csv(connection, rows, table.columns, folder / "csv" / f"{table.name}.csv")
        hashes[table.name] = file_hash(parquet)
    return hashes


def write_database(connection: duckdb.DuckDBPyConnection, tables: list[Table], path: Path) -> None:
    """Write the file that readers open: tables, views and comments, readable by every DuckDB since 1.0."""
    source = connection.execute("select current_database()").fetchone()
    assert source
    connection.execute(f"attach {literal(str(path))} as release (storage_version {literal(STORAGE_VERSION)})")
    try:
        connection.execute("create schema release.marts")
        for table in tables:
            name = f"release.marts.{quote(table.name)}"
            if table.view_sql is None:
                _write_table(connection, table, name)
        connection.execute("use release")
        for table in tables:
            if table.view_sql is not None:
                connection.execute(_without_catalog(table.view_sql, str(source[0])))
            _comment(connection, table)
    finally:
        connection.execute(f"use {quote(str(source[0]))}")
        connection.execute("detach release")


def _write_table(connection: duckdb.DuckDBPyConnection, table: Table, name: str) -> None:
    """Copy a table. DuckDB 1.0 cannot read a row group in which a list column has no element at all, as newer
    versions write it: so one row in every ``_GUARD_EVERY`` has lists with an element, and is deleted again."""
    rows = f"select * from marts.{quote(table.name)} order by all"
    lists = [column for column in table.columns if column.type.endswith("[]")]
    if not lists:
        connection.execute(f"create table {name} as {rows}")
        return
    guard = ", ".join(
        f"cast({'[null]' if column in lists else 'null'} as {column.type}) as {quote(column.name)}"
        for column in table.columns
    )
    connection.execute(
        f"""create table {name} as select * exclude (place, is_guard) from (
            select *, row_number() over () as place, false as is_guard from ({rows})
            union all by name
            select {guard}, place, true as is_guard
            from range(0, (select count(*) from marts.{quote(table.name)}) + 1, {_GUARD_EVERY}) as places (place)
        ) order by place, is_guard"""
    )
    connection.execute("checkpoint release")
    found = " and ".join(
        f"{quote(column.name)} is not distinct from {'[null]' if column in lists else 'null'}"
        for column in table.columns
    )
    connection.execute(f"delete from {name} where {found}")


def _without_catalog(sql: str, catalog: str) -> str:
    for spelling in (quote(catalog), catalog):
        sql = sql.replace(f"{spelling}.", "")
    return sql


def _comment(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    kind = "view" if table.view_sql else "table"
    name = f"marts.{quote(table.name)}"
    connection.execute(f"comment on {kind} {name} is {literal(table.comment)}")
    for column in table.columns:
        connection.execute(f"comment on column {name}.{quote(column.name)} is {literal(column.comment)}")


def _data_origins(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        """select distinct data_origin from meta.loads
        where load_id in (select load_id from meta.period_owner) order by 1"""
    ).fetchall()
    return [str(row[0]) for row in rows]


def _add_documents(
    settings: Settings, work: Path, tables: list[Table], hashes: dict[str, str], facts: dict[str, Any]
) -> None:
    counts = {name: _row_count(work / "parquet" / f"{name}.parquet") for name in hashes}
    manifest = {
        **facts,
        "software": {
            "warehouse": __version__,
            "duckdb": duckdb.__version__,
            "dbt_project_sha256": code_version(),
        },
        "rows": counts,
        "tables": hashes,
    }
    package = datapackage(tables, manifest)
    (work / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name in ("report", "validation"):
        (work / name).mkdir()
    docs = settings.validation
    if docs.is_dir():
        shutil.copytree(docs, work / "validation", dirs_exist_ok=True)
    manifest["files"] = {
        str(path.relative_to(work)): file_hash(path) for path in sorted(work.rglob("*")) if path.is_file()
    }
    (work / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _row_count(parquet: Path) -> int:
    row = duckdb.execute(f"select count(*) from read_parquet({literal(str(parquet))})").fetchone()
    return int(row[0]) if row else 0


def check(folder: Path, tables: list[Table]) -> None:
    """Open the finished release as a reader would and compare it with its Parquet files.

    Raises:
        WarehouseError: naming the table that differs or lacks a comment.
    """
    connection = duckdb.connect(str(folder / DATABASE), read_only=True)
    try:
        for table in tables:
            parquet = literal(str(folder / "parquet" / f"{table.name}.parquet"))
            name = f"marts.{quote(table.name)}"
            row = connection.execute(
                f"""select (select count(*) from {name}), (select count(*) from read_parquet({parquet})),
                (select count(*) from (from {name} except all from read_parquet({parquet})))"""
            ).fetchone()
            assert row
            if row[0] != row[1] or row[2]:
                raise WarehouseError(
                    f"The release file and its Parquet differ in {table.name}: {row[0]} and {row[1]} rows",
                    {"table": f"marts.{table.name}"},
                    "run `warehouse run` again; the release before is still current",
                )
            bare = [column.name for column in table.columns if not column.comment] + (
                [] if table.comment else ["(table)"]
            )
            if bare:
                raise WarehouseError(
                    f"marts.{table.name} has no comment on: {', '.join(bare)}",
                    {"table": f"marts.{table.name}"},
                    "describe them in the model's YAML; every published column is documented in the database",
                )
    finally:
        connection.close()


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _next_id(settings: Settings) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = {path.name for path in settings.releases.iterdir()}
    return next(name for n in range(100) if (name := f"{stamp}-{n:02d}" if n else stamp) not in taken)


def _make_read_only(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o444)


def _point_current_at(settings: Settings, release_id: str) -> None:
    link = settings.releases / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(release_id)
    link.replace(settings.releases / "current")
