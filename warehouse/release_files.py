"""The files of a release: its tables as Parquet, CSV and one DuckDB file, and what is checked of them.

The DuckDB file is written so that every DuckDB since 1.0 reads it. When a release is made, and where it lies, is
``warehouse.release``'s business.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse import lake
from warehouse.datapackage import write_csv
from warehouse.db import literal, quote
from warehouse.errors import WarehouseError

DATABASE = "integration_gaps.duckdb"
STORAGE_VERSION = "v1.0.0"
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


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Everything in ``marts``, tables before views, with comments.

    Raises:
        WarehouseError: when there are no marts.
    """
    found = connection.execute(
        """select * from (
            select table_name, comment, null as sql from duckdb_tables()
            where schema_name = 'marts' and not internal and database_name = current_database()
            union all select view_name, comment, sql from duckdb_views()
            where schema_name = 'marts' and not internal and database_name = current_database())
        order by sql is not null, 1"""
    ).fetchall()
    if not found:
        raise WarehouseError("There are no marts to publish", next_step="run the DAG build_marts, or `warehouse run`")
    tables = []
    kept = lake.view_columns(connection)
    for name, comment, sql in found:
        columns = connection.execute(
            """select column_name, data_type, coalesce(comment, '') from duckdb_columns()
            where schema_name = 'marts' and table_name = ? and database_name = current_database()
            order by column_index""",
            [name],
        ).fetchall()
        described = [Column(c, kind, said or kept.get((name, c), "")) for c, kind, said in columns]
        tables.append(Table(name, comment or "", tuple(described), _in_marts(sql, name) if sql else None))
    return tables


def _in_marts(sql: str, name: str) -> str:
    """The statement that makes a view, with its schema: a lake's has none."""
    return re.sub(rf"^(create view ){re.escape(name)}(?=[ (])", rf"\g<1>marts.{name}", sql, flags=re.IGNORECASE)


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


def row_count(parquet: Path) -> int:
    """How many rows a Parquet file has."""
    row = duckdb.execute(f"select count(*) from read_parquet({literal(str(parquet))})").fetchone()
    return int(row[0]) if row else 0


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
