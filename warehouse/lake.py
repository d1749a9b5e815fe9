"""The build database as a DuckLake: tables as Parquet on a shared store, their catalogue in PostgreSQL.

With ``WAREHOUSE_LAKE`` set, every process attaches the same lake under the name that the one-file database has, so that
the SQL of the ledger, the loads and the marts is the same for both. Several machines then fill load tables at once. The
ledger still has one writer at a time: its journal is a chain, and a lake knows no keys. Whose turn it is is a lock in
the catalogue (:mod:`warehouse.lake_locks`), which is given back while a load is filled or judged (:func:`aside`).
Out of scope: the landing and the releases, which lie under ``WAREHOUSE_HOME`` on a file system that all machines share.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import duckdb

from warehouse import disk
from warehouse.errors import SettingsError, WarehouseError
from warehouse.settings import Settings

if TYPE_CHECKING:  # PostgreSQL's driver is loaded where there is a lake
    import psycopg

    from warehouse.lake_locks import Lock

CATALOG = "warehouse"
FROZEN = "warehouse_now"
SCHEMA = "warehouse_lake"
INLINED_ROWS = 100
COMMIT_TRIES = 100
EXTENSIONS = ("postgres_scanner", "ducklake")
_NAME = re.compile(r"if not exists ([\w.]+)", re.IGNORECASE)
_PRIMARY_KEY = re.compile(r",?\s+primary key(\s*\([^)]*\))?", re.IGNORECASE)

_turns: dict[int, Lock] = {}
_instances: dict[tuple[int, str, str], duckdb.DuckDBPyConnection] = {}
_prepared: set[tuple[int, str, str]] = set()


def dsn(settings: Settings) -> str:
    """How PostgreSQL is reached; holds a password."""
    assert settings.lake
    text = settings.lake.get_secret_value()
    return text if re.match(r"postgres(ql)?://", text) else text.removeprefix("postgres:")


def data_path(settings: Settings) -> str:
    """Where the Parquet files lie: a folder, or ``s3://bucket/prefix/``."""
    given = settings.lake_data
    if given and given.startswith("s3://"):
        return given.rstrip("/") + "/"
    return f"{Path(given).expanduser().resolve() if given else settings.root / 'lake'}/"


def exists(settings: Settings) -> bool:
    """Whether the catalogue holds a lake of ours.

    Raises:
        WarehouseError: PostgreSQL does not answer.
    """
    import psycopg

    try:
        with psycopg.connect(dsn(settings), connect_timeout=10) as connection:
            found = connection.execute("select to_regclass(%s)", [f"{SCHEMA}.ducklake_schema"]).fetchone()
            if not found or found[0] is None:
                return False
            there = f"select 1 from {SCHEMA}.ducklake_schema where schema_name = 'meta' and end_snapshot is null"
            return connection.execute(there).fetchone() is not None
    except psycopg.Error as error:
        raise _away(error) from None


def lock(settings: Settings, name: str, purpose: str) -> Lock:
    """A lock across machines; not taken yet."""
    from warehouse.lake_locks import Lock

    return Lock(dsn(settings), f"{SCHEMA}/{name}", purpose)


@contextmanager
def turn(settings: Settings, name: str, purpose: str, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake, while this process is the one that writes the ledger.

    Raises:
        BusyError: another process has been at it for longer than ``wait_seconds``.
        WarehouseError: catalogue or store cannot be reached, or the turn was lost on the way.
    """
    ours = lock(settings, name, purpose)
    with ours.held(wait_seconds):
        _prepare(settings)
        with attached(settings) as connection:
            _turns[id(connection)] = ours
            try:
                yield connection
            finally:
                del _turns[id(connection)]


@contextmanager
def restoring(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty lake with the ledger's schema, to be filled from the landing: all of it in one transaction, or nothing.

    Raises:
        BusyError: another process has been at it for too long.
        WarehouseError: catalogue or store cannot be reached.
    """
    from warehouse.db import transaction
    from warehouse.ledger import ensure_schema

    with (
        lock(settings, "warehouse.lock", "put the lake back").held(),
        attached(settings) as connection,
        transaction(connection),
    ):
        ensure_schema(connection)
        yield connection


@contextmanager
def aside(connection: duckdb.DuckDBPyConnection) -> Iterator[bool]:
    """Let others write the ledger during the block; tells whether they may. In the one-file database they may not.

    To be entered with no transaction open. What the block writes is no business of theirs: a load's own table.
    """
    ours = _turns.get(id(connection))
    if ours is None:
        yield False
        return
    ours.release()
    try:
        yield True
    finally:
        ours.acquire()


def is_lake(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this connection works on a lake."""
    row = connection.execute("select type from duckdb_databases() where database_name = current_database()").fetchone()
    return bool(row and row[0] == "ducklake")


def view_columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """(View, column) → comment, of published views: a lake has no comments on them; empty in the one-file database."""
    if not is_lake(connection):
        return {}
    rows = connection.execute("select view_name, column_name, description from meta.view_columns").fetchall()
    return {(view, column): said for view, column, said in rows}


def keep_turn(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse to commit to the ledger without its lock; to be called before a commit.

    Raises:
        WarehouseError: the connection that held the lock was cut, and somebody else may be writing.
    """
    ours = _turns.get(id(connection))
    if ours is not None and not ours.is_given_back and not ours.is_held():
        raise ours.lost()


def keep_owners(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse what the key of ``meta.period_owner`` would refuse: a lake has none.

    Raises:
        WarehouseError: naming a period with two owners.
    """
    if id(connection) not in _turns:
        return
    found = connection.execute(
        "select dataset, period from meta.period_owner group by all having count(*) > 1 limit 1"
    ).fetchone()
    if found:
        raise WarehouseError(
            f"The period {found[1]} of {found[0]} would have two owners",
            {"dataset": found[0], "period": found[1]},
            "nothing was written; look at the manifest of the load",
        )


def missing(connection: duckdb.DuckDBPyConnection, ddl: str) -> str:
    """What the lake lacks of ``create … if not exists`` statements, without primary keys: a lake has none."""
    there = connection.execute(
        """select schema_name from duckdb_schemas() where database_name = $catalog
        union all
        select schema_name || '.' || table_name from duckdb_tables() where database_name = $catalog""",
        {"catalog": CATALOG},
    ).fetchall()
    names = {name for (name,) in there}
    wanted = [statement for statement in ddl.split(";") if statement.strip()]
    lacking = [statement for statement in wanted if _NAME.search(statement)[1] not in names]  # type: ignore[index]
    return _PRIMARY_KEY.sub("", ";".join(lacking))


@contextmanager
def attached(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to the lake, without a turn: for reading.

    Raises:
        WarehouseError: an extension is missing, or catalogue or store cannot be reached.
    """
    connection = _instance(settings).cursor()
    try:
        connection.execute(f"use {CATALOG}")
        yield connection
    finally:
        connection.close()


def _instance(settings: Settings) -> duckdb.DuckDBPyConnection:
    """DuckDB with the lake attached: once a process, as loading and attaching take half a second.

    A process that was forked makes its own, and never closes the one that it inherited: its sockets are the parent's.
    """
    key = (os.getpid(), dsn(settings), data_path(settings))
    made = _instances.get(key)
    if made is not None:
        try:
            made.execute(f"select max(snapshot_id) from ducklake_snapshots('{CATALOG}')").fetchall()
            return made
        except duckdb.Error:  # PostgreSQL was started again meanwhile
            made.close()
            del _instances[key]
    made = duckdb.connect()
    try:
        attach(made, settings)
    except BaseException:
        made.close()
        raise
    _instances[key] = made
    return made


def _prepare(settings: Settings) -> None:
    """See to the ledger's tables, once a process; the caller has the turn."""
    from warehouse import journal
    from warehouse.ledger import ensure_schema

    key = (os.getpid(), dsn(settings), data_path(settings))
    if key in _prepared:
        return
    if not exists(settings):
        journal.refuse_empty(settings)
    with attached(settings) as connection:
        ensure_schema(connection)
    _prepared.add(key)


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, frozen: bool = False) -> None:
    """Attach the lake as ``warehouse``, and again, for reading, as ``warehouse_now``.

    dbt's staging reads its sources under the second name. With ``frozen`` that is the lake as it is at this moment,
    whatever others write meanwhile: a build is of one state of the ledger. Otherwise it is the same as the first.

    Raises:
        WarehouseError: an extension is missing, or catalogue or store cannot be reached.
    """
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "enable_progress_bar"):
        connection.execute(f"set {setting} = false")
    is_s3 = data_path(settings).startswith("s3://")
    for name in (*EXTENSIONS, *(("httpfs",) if is_s3 else ())):
        _load(connection, name)
    if not is_s3:
        Path(data_path(settings)).mkdir(parents=True, exist_ok=True)
    try:
        for secret in _secrets(settings, is_s3):
            connection.execute(secret)
        connection.execute(f"set ducklake_max_retry_count = {COMMIT_TRIES}")
        options = f"metadata_schema '{SCHEMA}'"
        connection.execute(
            f"attach 'ducklake:{SCHEMA}' as {CATALOG} ({options}, data_inlining_row_limit {INLINED_ROWS})"
        )
        if frozen:
            newest = connection.execute(f"select max(snapshot_id) from ducklake_snapshots('{CATALOG}')").fetchall()
            options = f"{options}, snapshot_version {newest[0][0]}"
        connection.execute(f"attach 'ducklake:{SCHEMA}' as {FROZEN} ({options}, read_only)")
    except duckdb.Error as error:
        raise _unreachable(settings, error) from None


def dbt_target(settings: Settings) -> str:
    """Which target of ``profiles.yml`` the models are built in; dbt in this process finds the settings of the lake.

    The settings go through the environment of the process, never through arguments of a task, which Airflow shows.
    """
    if settings.lake is None:
        return "local"
    names = [name for name in type(settings).model_fields if name.startswith("lake")]
    for name in names:
        value: Any = getattr(settings, name)
        if value is not None:
            text = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
            os.environ[f"WAREHOUSE_{name.upper()}"] = text
    return "lake"


def refuse(settings: Settings, what: str, instead: str) -> None:
    """Stop a command that works on the one-file database alone.

    Raises:
        SettingsError: a lake is set.
    """
    if settings.lake is not None:
        raise SettingsError(f"{what} does not work on a lake", {"setting": "WAREHOUSE_LAKE"}, instead)


def _secrets(settings: Settings, is_s3: bool) -> Iterator[str]:
    """Statements that name catalogue and store; no text of theirs is in an error, as a path's would be."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        known = {name: str(value) for name, value in conninfo_to_dict(dsn(settings)).items() if value is not None}
    except psycopg.Error:
        raise SettingsError(
            "WAREHOUSE_LAKE cannot be read as an address of PostgreSQL",
            next_step="write it as postgresql://user:password@host/database, or postgres:host=… dbname=… user=…",
        ) from None
    names = {"host": "host", "port": "port", "dbname": "database", "user": "user", "password": "password"}
    parts = [f"{ours} {_text(known.pop(theirs))}" for theirs, ours in names.items() if theirs in known]
    yield f"create secret {SCHEMA}_catalogue (type postgres, {', '.join(parts)})"
    rest = make_conninfo(**known) if known else ""
    yield (
        f"create secret {SCHEMA} (type ducklake, metadata_path {_text(rest)}, data_path {_text(data_path(settings))},"
        f" metadata_parameters map {{'TYPE': 'postgres', 'SECRET': '{SCHEMA}_catalogue'}})"
    )
    if is_s3:
        yield _s3_secret(settings)


def _s3_secret(settings: Settings) -> str:
    assert settings.lake_s3_key
    key_id, _, secret = settings.lake_s3_key.get_secret_value().partition(":")
    facts = [f"key_id {_text(key_id)}", f"secret {_text(secret)}", f"region {_text(settings.lake_s3_region)}"]
    if settings.lake_s3_endpoint:
        address = urlsplit(settings.lake_s3_endpoint)
        facts += [f"endpoint {_text(address.netloc)}", "url_style 'path'", f"use_ssl {address.scheme == 'https'}"]
    return f"create secret {SCHEMA}_store (type s3, {', '.join(facts)})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its Python package, where it lies: nothing is downloaded, nothing is installed."""
    package = importlib.util.find_spec(f"duckdb_extension_{name}")
    version = connection.execute("pragma version").fetchone()
    assert version
    try:
        if package is None or package.origin is None:
            raise ImportError(name)
        file = Path(package.origin).parent / "extensions" / str(version[0]) / f"{name}.duckdb_extension"
        connection.load_extension(str(file))
    except (ImportError, OSError, duckdb.Error) as error:
        raise WarehouseError(
            f"DuckDB's extension {name} cannot be loaded: {type(error).__name__}",
            {"package": f"duckdb-extension-{name.replace('_', '-')}"},
            "run `make setup`; extensions come with the lock file",
        ) from error


def _away(error: psycopg.Error) -> WarehouseError:
    return WarehouseError(
        f"The catalogue of the lake does not answer: {str(error).splitlines()[0] if str(error) else 'no reason given'}",
        {"setting": "WAREHOUSE_LAKE"},
        "start PostgreSQL or correct WAREHOUSE_LAKE, and run again; the current release is untouched",
    )


def _unreachable(settings: Settings, error: duckdb.Error) -> WarehouseError:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    if found := disk.readable(error):
        return found
    reason = str(error).splitlines()[0]
    with suppress(psycopg.Error):
        password = conninfo_to_dict(dsn(settings)).get("password")
        reason = reason.replace(str(password), "…") if password else reason
    if "DATA_PATH" in reason:
        return WarehouseError(
            f"The lake was made with another store: {reason}",
            {"setting": "WAREHOUSE_LAKE_DATA", "now": data_path(settings)},
            "set WAREHOUSE_LAKE_DATA to the store that the lake was made with; moving it is in docs/lake.md",
        )
    return WarehouseError(
        f"The lake cannot be opened: {reason}",
        {"setting": "WAREHOUSE_LAKE"},
        "start PostgreSQL, correct WAREHOUSE_LAKE or WAREHOUSE_LAKE_DATA, and run again",
    )
