"""The current release over DuckDB's own client-server protocol (the extension ``quack``), for reading alone.

The server is a DuckDB of its own that holds no data: the release file is copied into a private folder, attached
read-only, and shown through views in the schema ``marts``. When ``releases/current`` points elsewhere, the new file
is attached beside the old one and every view is replaced in one transaction, so each statement that a client sends is
answered from one release. A release stays attached for a while after it was replaced, for transactions still on it.

What a client may ask is decided by :data:`_MAY` before each statement, on the statement as DuckDB itself parsed it:
one ``select`` that calls no table function out of the ordinary, or the beginning or end of a transaction. Beneath that
the release is attached read-only, no other file can be opened, and the configuration is locked. Out of scope: TLS
(a reverse proxy does that) and limits per client.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from warehouse import processes, release
from warehouse.db import literal, quote
from warehouse.errors import SettingsError, WarehouseError
from warehouse.release_files import DATABASE, Table, published_tables
from warehouse.settings import Settings

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 9494
POLL_SECONDS = 0.2
KEEP_SECONDS = 600.0  # how long a replaced release stays attached
MEMORY_LIMIT = "1GB"
_SLOTS = 256  # files that may ever be attached at once: DuckDB wants their names before it is locked
_SHORTEST_TOKEN = 16
_FOLDER = "warehouse-serve-"

_TABLE_FUNCTIONS = (
    "duckdb_columns",
    "duckdb_constraints",
    "duckdb_databases",
    "duckdb_functions",
    "duckdb_indexes",
    "duckdb_schemas",
    "duckdb_sequences",
    "duckdb_tables",
    "duckdb_types",
    "duckdb_views",
    "generate_series",
    "pragma_version",
    "range",
    "unnest",
)
_MAY = f"""
create macro may(session, query) as (
    case
        when regexp_full_match(
            lower(trim(query)), '(begin|start|commit|rollback|abort|end)(\\s+transaction)?\\s*;?'
        ) then query
        when json_extract_string(json_serialize_sql(query::varchar), '$.error') = 'false'
            and json_array_length(json_serialize_sql(query::varchar), '$.statements') = 1
            and len(list_filter(
                json_extract_string(json_serialize_sql(query::varchar), '$..function.function_name'),
                called -> not list_contains([{", ".join(map(literal, _TABLE_FUNCTIONS))}], lower(called))
            )) = 0
            and len(list_filter(
                json_extract_string(json_serialize_sql(query::varchar), '$..function_name'),
                called -> regexp_matches(lower(called), '^(quack_|write_log|sleep|json_execute|query)')
            )) = 0
        then query
    end
)"""


@dataclass
class _Attached:
    """A release that clients may still be reading."""

    release_id: str
    alias: str
    file: Path
    replaced_at: float | None = None


@dataclass
class Server:
    """A running server; made by :func:`running`."""

    settings: Settings
    connection: duckdb.DuckDBPyConnection
    slots: list[Path]
    attached: list[_Attached] = field(default_factory=list)
    _taken: int = 0

    @property
    def release_id(self) -> str | None:
        """The release that answers at the moment."""
        return self.attached[-1].release_id if self.attached else None

    def follow(self) -> bool:
        """Answer from the current release from now on; tells whether it is another one than before.

        Raises:
            WarehouseError: there is no release.
            OSError, duckdb.Error: the new file cannot be read; the release before goes on answering.
        """
        folder = release.current_database(self.settings).parent
        if folder.name == self.release_id:
            return False
        new = self._attach(folder)
        try:
            self._show(new, folder)
        except BaseException:
            self._detach(new)
            raise
        if self.attached:
            self.attached[-1].replaced_at = time.monotonic()
        self.attached.append(new)
        return True

    def forget(self, older_than: float = KEEP_SECONDS) -> None:
        """Let go of releases that were replaced longer ago than so many seconds."""
        for old in list(self.attached):
            if old.replaced_at is not None and time.monotonic() - old.replaced_at >= older_than:
                self._detach(old)
                self.attached.remove(old)

    def _attach(self, folder: Path) -> _Attached:
        in_use = {held.file for held in self.attached}
        while (file := self.slots[self._taken % len(self.slots)]) in in_use:
            self._taken += 1
        alias = f"release_{self._taken}"
        self._taken += 1
        try:
            shutil.copyfile(folder / DATABASE, file)
            self.connection.execute(f"attach {literal(str(file))} as {quote(alias)} (read_only)")
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        return _Attached(folder.name, alias, file)

    def _detach(self, old: _Attached) -> None:
        self.connection.execute(f"detach {quote(old.alias)}")
        old.file.unlink(missing_ok=True)

    def _show(self, new: _Attached, folder: Path) -> None:
        """Replace every view, in one transaction."""
        with duckdb.connect(str(folder / DATABASE), read_only=True) as file:
            tables = published_tables(file)
        self.connection.execute("begin transaction")
        try:
            known = self.connection.execute(
                "select view_name from duckdb_views() where database_name = 'memory' and schema_name = 'marts'"
            ).fetchall()
            for (name,) in known:
                self.connection.execute(f"drop view memory.marts.{quote(name)}")
            for table in tables:
                self._show_table(new.alias, table)
            facts = release.read_manifest(folder)
            self.connection.execute(
                f"""create view memory.marts.release as select {literal(facts["release_id"])} as release_id,
                {literal(facts["created_at"])} as created_at, {literal(facts["data_origin"])} as data_origin"""
            )
            self.connection.execute(
                "comment on view memory.marts.release is 'The release that answers. Grain: one row.'"
            )
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def _show_table(self, alias: str, table: Table) -> None:
        view = f"memory.marts.{quote(table.name)}"
        self.connection.execute(f"create view {view} as select * from {quote(alias)}.marts.{quote(table.name)}")
        self.connection.execute(f"comment on view {view} is {literal(table.comment)}")
        for column in table.columns:
            self.connection.execute(f"comment on column {view}.{quote(column.name)} is {literal(column.comment)}")


def token_of(settings: Settings) -> str:
    """The token that clients must show.

    Raises:
        SettingsError: none is set, or it can be guessed. There is no default and none is printed: what is printed
            ends in a log.
    """
    token = settings.serve_token.get_secret_value() if settings.serve_token else ""
    if not token:
        raise SettingsError(
            "WAREHOUSE_SERVE_TOKEN is not set: without a token nothing is served",
            next_step="make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'` and set it",
        )
    if len(token) < _SHORTEST_TOKEN or not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
        raise SettingsError(
            f"WAREHOUSE_SERVE_TOKEN must have at least {_SHORTEST_TOKEN} letters, digits or ._~+/=-",
            next_step="make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`",
        )
    return token


@contextmanager
def running(settings: Settings, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> Iterator[Server]:
    """A server on the current release, stopped at the end of the block.

    Raises:
        SettingsError: no usable token, or the address cannot be listened on.
        WarehouseError: there is no release yet.
    """
    token = token_of(settings)
    release.current_database(settings)
    _free(host, port)
    _clear_away_what_was_killed()
    mine = f"{_FOLDER}{os.getpid()}-{processes.started(os.getpid()) or ''}-"
    with tempfile.TemporaryDirectory(prefix=mine) as name:
        folder = Path(name).resolve()
        connection = duckdb.connect(":memory:")
        try:
            server = Server(settings, connection, [folder / f"{n}.duckdb" for n in range(_SLOTS)])
            _lock_down(connection, server.slots)
            server.follow()
            uri = f"quack:[{host}]:{port}" if ":" in host else f"quack:{host}:{port}"
            connection.execute("call quack_serve(?, token = ?, allow_other_hostname = true)", [uri, token])
            try:
                yield server
            finally:
                connection.execute("call quack_stop(?)", [uri])
        finally:
            connection.close()


def serve(settings: Settings, host: str, port: int, *, stopped: Callable[[], bool], say: Callable[[str], Any]) -> None:
    """Serve until ``stopped``; a new release is followed, and one that cannot be read is told of once."""
    with running(settings, host, port) as server:
        say(f"Serving release {server.release_id} on quack:{host}:{port}, read-only")
        told = ""
        while not stopped():
            time.sleep(POLL_SECONDS)
            try:
                if server.follow():
                    say(f"Serving release {server.release_id}")
                    told = ""
                server.forget()
            except (WarehouseError, OSError, duckdb.Error, ValueError, KeyError) as error:
                text = f"Still serving release {server.release_id}: the current one cannot be read ({error})"
                if text != told:
                    say(text)
                told = text


def _clear_away_what_was_killed() -> None:
    """Remove the private folders of servers that are gone; what belongs to another user stays."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        named = re.fullmatch(rf"{_FOLDER}(\d+)-(\d*)-.*", folder.name)
        if named and not processes.lives(int(named[1]), named[2]):
            shutil.rmtree(folder, ignore_errors=True)


def _lock_down(connection: duckdb.DuckDBPyConnection, slots: list[Path]) -> None:
    """Nothing can be opened but the slots, nothing loaded, nothing set; each statement is asked for by ``may``."""
    load_extension(connection, "httpfs")  # quack draws its session ids from this extension's random numbers
    load_extension(connection, "quack")
    allowed = ", ".join(literal(f"{slot}{suffix}") for slot in slots for suffix in ("", ".wal"))
    connection.execute("create schema marts")
    connection.execute(_MAY)
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
        f"memory_limit = {literal(MEMORY_LIMIT)}",
        "max_temp_directory_size = '0 bytes'",
        "temp_directory = ''",
        "global quack_authorization_function = 'may'",
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension that is installed as a Python package; nothing is downloaded.

    Raises:
        WarehouseError: the package is not there.
    """
    import duckdb_extensions  # type: ignore[import-untyped]

    try:
        duckdb_extensions.import_extension(name)
        connection.load_extension(name)
    except (ImportError, OSError, duckdb.Error) as error:
        raise WarehouseError(
            f"DuckDB's extension {name} cannot be loaded: {type(error).__name__}",
            {"package": f"duckdb-extension-{name.replace('_', '-')}"},
            "run `make setup`; extensions come with the lock file",
        ) from error


def _free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}",
            next_step="stop what uses the port, or choose another with --host and --port",
        ) from None
