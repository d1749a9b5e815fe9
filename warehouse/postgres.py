"""The published marts in PostgreSQL: schema ``marts``, brought to a release in one transaction.

Tables stay what they are from release to release, and the rows of those that changed are replaced (``delete`` and
``copy``) in one transaction: under PostgreSQL's row versions a reader sees the old release or the new one, in one
statement as in one transaction, waits for nobody and is waited for by nobody. A schema built aside and renamed would
not give that: names are looked up one by one and outside the reader's snapshot, so a statement could meet both releases
and a ``repeatable read`` transaction would find the new tables empty. Only a mart whose columns changed, with the
software, is dropped and made anew, which waits for its readers.

The role ``bi_reader`` may select in ``marts`` and nothing else; ``marts.release`` says which release answers. Nothing
of the connection string is ever part of a message. What a release is and where it lies is ``warehouse.release``'s
business.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import yaml
from psycopg import sql

from warehouse import progress
from warehouse.airflow import DBT_PROJECT
from warehouse.db import literal, quote
from warehouse.errors import WarehouseError
from warehouse.release_files import DATABASE, Column, Table, published_tables
from warehouse.settings import Settings

SCHEMA, READER = "marts", "bi_reader"
CONNECT_SECONDS = 10
LOCK_WAIT = "30s"
_LOCK = 7_283_517_001  # one filling at a time: PostgreSQL's advisory lock of this number
_TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "VARCHAR": "text",
    "VARCHAR[]": "text[]",
}
_LOOKED_UP = ("municipality_code", "indicator_id", "period_start", "load_id")
_RELEASE = Table(
    "release",
    "The release that answers. Grain: one row.",
    (
        Column("release_id", "VARCHAR", "Id of the release: when it was made (UTC)."),
        Column("created_at", "TIMESTAMP WITH TIME ZONE", "When the release was made."),
        Column("data_origin", "VARCHAR", "official, or sample when any figure is a sample figure."),
        Column("tables", "JSON", "Per table the sha256 of its Parquet file in the release."),
    ),
)


def bring_up_to_date(settings: Settings, folder: Path) -> bool:
    """Let PostgreSQL show this release, unless it does already or none is set up; tells whether it was changed.

    Args:
        settings: ``postgres_dsn`` says where; without it nothing is done.
        folder: the folder of a published release.

    Raises:
        WarehouseError: PostgreSQL cannot be reached or did not take the release; it shows what it showed before, and
            the release files are published all the same.
    """
    if settings.postgres_dsn is None:
        return False
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    with _connected(settings.postgres_dsn.get_secret_value(), folder.name) as connection:
        before = _shown(connection)
        if before is not None and before[0] == folder.name:
            return False
        with connection.transaction():
            connection.execute(f"set local lock_timeout = '{LOCK_WAIT}'")
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            before = _shown(connection)
            for left in folder.parent.glob(".postgres-*"):  # by a filling that was killed
                shutil.rmtree(left, ignore_errors=True)
            changed = _fill(connection, folder, manifest, before[1] if before else {})
        for name in changed:  # gives the room of the replaced rows free again; holds up no reader
            connection.execute(sql.SQL("vacuum (analyze, truncate false) {}").format(_name(name)))
    progress.say("postgres", f"shows release {folder.name}, {len(changed)} tables changed")
    return True


def shown_release(settings: Settings, release_id: str) -> str | None:
    """The release that PostgreSQL shows, or None when it shows none; ``release_id`` is named in errors.

    Raises:
        WarehouseError: PostgreSQL cannot be reached.
    """
    assert settings.postgres_dsn
    with _connected(settings.postgres_dsn.get_secret_value(), release_id) as connection:
        shown = _shown(connection)
    return shown[0] if shown else None


def keys(tables: list[Table], models: Path = DBT_PROJECT / "models" / "marts") -> dict[str, tuple[str, ...]]:
    """The key of each table: the columns that dbt tests to be unique (``unique_combination`` or ``unique``).

    A mart of one focus area has the columns of ``gaps``, which is their union, and so its key.
    """
    found: dict[str, tuple[str, ...]] = {}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(set(models.rglob("*.yml")) - set(models.rglob("*_unit_tests.yml"))):
        for model in yaml.load(path.read_text(encoding="utf-8"), loader).get("models") or []:  # noqa: S506 - safe
            for test in model.get("data_tests") or []:
                if isinstance(test, dict) and "unique_combination" in test:
                    found[model["name"]] = tuple(test["unique_combination"]["arguments"]["columns"])
            for column in model.get("columns") or []:
                if "unique" in (column.get("data_tests") or []):
                    found.setdefault(model["name"], (column["name"],))
    columns = {table.name: [column.name for column in table.columns] for table in tables}
    for name, of_table in columns.items():
        if name not in found and of_table == columns.get("gaps") and "gaps" in found:
            found[name] = found["gaps"]
    return {name: key for name, key in found.items() if name in columns}


@contextmanager
def _connected(dsn: str, release_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection; its errors come out readable and without anything of the connection string."""
    where: dict[str, object] = {"release": release_id, "setting": "WAREHOUSE_POSTGRES_DSN"}
    try:
        connection = psycopg.connect(
            dsn, connect_timeout=CONNECT_SECONDS, application_name="warehouse", autocommit=True
        )
    except (psycopg.Error, UnicodeError) as error:
        raise WarehouseError(
            f"PostgreSQL cannot be reached: {_reason(str(error))}. The release files are published",
            where,
            "see to the server or the setting, and run `warehouse run` again: it brings PostgreSQL up to date",
        ) from None
    try:
        yield connection
    except psycopg.Error as error:
        told = error.diag.message_primary or "the connection was lost"
        raise WarehouseError(
            f"PostgreSQL did not take the release, and shows what it showed before: {told}. "
            "The release files are published",
            {**where, "code": error.sqlstate or "none"},
            _next_step(error),
        ) from None
    finally:
        connection.close()


def _reason(text: str) -> str:
    """Why a connection failed, in words of our own: the server's words may quote the connection string."""
    known = {
        "refused": "nobody listens at its address",
        "password": "it does not accept the user or the password",
        "no pg_hba.conf entry": "it does not let this user in from this machine",
        "timeout": "it did not answer in time",
        "translate host name": "its host name is unknown",
        "resolve host": "its host name is unknown",
        "No such file": "there is no socket of its own on this machine",
        "does not exist": "its database or user does not exist",
        "starting up": "it is starting up",
        "too many": "it has no connection free",
        "SSL": "no encrypted connection could be made",
    }
    return next((words for part, words in known.items() if part in text), "the connection string is not one it takes")


def _next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            "let the user of WAREHOUSE_POSTGRES_DSN own the database, and let it create roles "
            f"(or create the role {READER} beforehand); docs/bi.md says how"
        )
    if isinstance(error, psycopg.errors.DependentObjectsStillExist):
        return "a view of yours stands in the way of a mart whose columns changed: drop it, and run `warehouse run`"
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "a reader held a mart whose columns changed for long: end its transaction, and run `warehouse run`"
    return "see to the server, and run `warehouse run` again: it brings PostgreSQL up to date"


def _shown(connection: psycopg.Connection[Any]) -> tuple[str, dict[str, str]] | None:
    """The release that PostgreSQL shows, and the hash of each of its tables."""
    there = connection.execute("select to_regclass('marts.release') is not null").fetchone()
    if not there or not there[0]:
        return None
    row = connection.execute("select release_id, tables from marts.release").fetchone()
    return (str(row[0]), dict(row[1])) if row else None


def _fill(
    connection: psycopg.Connection[Any], folder: Path, manifest: dict[str, Any], before: dict[str, str]
) -> list[str]:
    """Everything that a release changes; gives the names of the tables whose rows were replaced."""
    _schema_and_reader(connection)
    source = duckdb.connect(str(folder / DATABASE), read_only=True)
    try:
        tables = published_tables(source)
        key_of = keys(tables)
        _drop_others(connection, [*(table.name for table in tables), _RELEASE.name])
        changed = []
        for table in tables:
            made = _make(connection, source, table, key_of.get(table.name))
            if made or before.get(table.name) != manifest["tables"][table.name]:
                _replace_rows(connection, source, table, folder.parent)
                changed.append(table.name)
            _comment(connection, table)
    finally:
        source.close()
    _write_release(connection, manifest)
    connection.execute(f"grant select on all tables in schema {SCHEMA} to {READER}")
    return changed


def _schema_and_reader(connection: psycopg.Connection[Any]) -> None:
    """The schema, and a role that may read it and nothing else in this database."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(
        f"""do $$ begin
            if not exists (select from pg_roles where rolname = '{READER}') then create role {READER} nologin; end if;
            if exists (select from pg_database where datname = current_database() and datdba = current_user::regrole)
            then
                execute format('revoke create, temporary on database %I from public', current_database());
            end if;
        end $$"""
    )
    connection.execute(f"revoke all on schema {SCHEMA} from public")
    connection.execute(f"grant usage on schema {SCHEMA} to {READER}")
    connection.execute(f"alter default privileges in schema {SCHEMA} grant select on tables to {READER}")


def _drop_others(connection: psycopg.Connection[Any], names: list[str]) -> None:
    """Drop tables that are published no more."""
    rows = connection.execute(
        "select tablename from pg_tables where schemaname = %s and tablename <> all(%s)", [SCHEMA, names]
    ).fetchall()
    for (name,) in rows:
        connection.execute(sql.SQL("drop table {}").format(_name(name)))


def _make(
    connection: psycopg.Connection[Any], source: duckdb.DuckDBPyConnection, table: Table, key: tuple[str, ...] | None
) -> bool:
    """Make a table with its key and indexes, where it is missing or has other columns or another key."""
    wanted = [(column.name, _type(table, column.type)) for column in table.columns]
    filled = key is not None and _is_filled(source, table, key)
    there, is_primary = _key(connection, table.name)
    if _columns(connection, table.name) == wanted and there == key and (filled or not is_primary):
        return False
    connection.execute(sql.SQL("drop table if exists {}").format(_name(table.name)))
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in wanted]
    listed = sql.SQL(", ").join(sql.Identifier(name) for name in key or ())
    if filled:
        columns.append(sql.SQL("primary key ({})").format(listed))
    elif key:  # a part of the key may be missing, as the place of a figure without one
        columns.append(sql.SQL("unique nulls not distinct ({})").format(listed))
    connection.execute(sql.SQL("create table {} ({})").format(_name(table.name), sql.SQL(", ").join(columns)))
    first = key[0] if key else None
    for name, _ in wanted:
        if name in _LOOKED_UP and name != first:
            connection.execute(sql.SQL("create index on {} ({})").format(_name(table.name), sql.Identifier(name)))
    return True


def _type(table: Table, kind: str) -> str:
    if kind not in _TYPES:
        raise WarehouseError(
            f"PostgreSQL has no type for {kind} of marts.{table.name}",
            {"table": f"marts.{table.name}"},
            "give the column a type of the contract, or name its PostgreSQL type in warehouse/postgres.py",
        )
    return _TYPES[kind]


def _is_filled(source: duckdb.DuckDBPyConnection, table: Table, key: tuple[str, ...]) -> bool:
    missing = " or ".join(f"{quote(name)} is null" for name in key)
    row = source.execute(f"select count(*) from marts.{quote(table.name)} where {missing}").fetchone()
    return bool(row and row[0] == 0)


def _columns(connection: psycopg.Connection[Any], name: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        """select attname, replace(format_type(atttypid, atttypmod), 'timestamp without time zone', 'timestamp')
        from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum""",
        [f"{SCHEMA}.{quote(name)}"],
    ).fetchall()
    return [(str(row[0]), str(row[1]).replace("timestamp with time zone", "timestamptz")) for row in rows]


def _key(connection: psycopg.Connection[Any], name: str) -> tuple[tuple[str, ...] | None, bool]:
    """The columns that PostgreSQL keeps unique in a table, and whether they are its primary key."""
    rows = connection.execute(
        """select attname, indisprimary from pg_index cross join unnest(indkey) with ordinality as part (attnum, place)
        join pg_attribute on attrelid = indrelid and pg_attribute.attnum = part.attnum
        where indrelid = to_regclass(%s) and indisunique order by place""",
        [f"{SCHEMA}.{quote(name)}"],
    ).fetchall()
    return tuple(str(row[0]) for row in rows) or None, bool(rows and rows[0][1])


def _replace_rows(
    connection: psycopg.Connection[Any], source: duckdb.DuckDBPyConnection, table: Table, beside: Path
) -> None:
    """All rows anew: DuckDB writes them as CSV beside the releases, PostgreSQL reads that in pieces."""
    connection.execute(sql.SQL("delete from {}").format(_name(table.name)))
    columns = ", ".join(f"{_written(c.name, c.type)} as {quote(c.name)}" for c in table.columns)
    with tempfile.TemporaryDirectory(prefix=".postgres-", dir=beside) as folder:
        path = Path(folder) / "rows.csv"
        source.execute(
            f"copy (select {columns} from marts.{quote(table.name)}) to {literal(str(path))} "
            "(format csv, header false, delimiter ',', quote '\"', escape '\"', nullstr '\\N')"
        )
        statement = sql.SQL("copy {} from stdin (format csv, null '\\N', encoding 'UTF8')").format(_name(table.name))
        with connection.cursor().copy(statement) as copy, path.open("rb") as rows:
            while piece := rows.read(1 << 20):
                copy.write(piece)


def _written(name: str, kind: str) -> str:
    """A column as PostgreSQL reads it: a list becomes an array literal, its members quoted."""
    if kind != "VARCHAR[]":
        return quote(name)
    member = """coalesce('"' || replace(replace(member, '\\', '\\\\'), '"', '\\"') || '"', 'NULL')"""
    members = f"array_to_string(list_transform({quote(name)}, lambda member: {member}), ',')"
    return f"case when {quote(name)} is not null then '{{' || {members} || '}}' end"


def _comment(connection: psycopg.Connection[Any], table: Table) -> None:
    name = _name(table.name)
    connection.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(table.comment)))
    for column in table.columns:
        target = sql.SQL("{}.{}").format(name, sql.Identifier(column.name))
        connection.execute(sql.SQL("comment on column {} is {}").format(target, sql.Literal(column.comment)))


def _write_release(connection: psycopg.Connection[Any], manifest: dict[str, Any]) -> None:
    connection.execute(
        f"""create table if not exists {SCHEMA}.release (
        release_id text primary key, created_at timestamptz not null, data_origin text not null,
        tables jsonb not null)"""
    )
    connection.execute(f"delete from {SCHEMA}.release")
    connection.execute(
        f"insert into {SCHEMA}.release values (%s, %s, %s, %s)",
        [
            manifest["release_id"],
            manifest["created_at"],
            manifest["data_origin"],
            json.dumps(manifest["tables"]),
        ],
    )
    _comment(connection, _RELEASE)


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, table)
