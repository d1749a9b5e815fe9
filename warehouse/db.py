"""The build database: one file, one writer.

DuckDB lets one process write a file and shuts every other process out. A lock file beside the database makes that
wait readable: the second writer waits, and after a bound says who holds the lock. The lock is the kernel's
(``flock``), so it dies with its owner.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from warehouse.errors import BusyError, WarehouseError
from warehouse.settings import Settings

WAIT_SECONDS = 600.0


def quote(identifier: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def file_lock(
    path: Path,
    purpose: str,
    wait_seconds: float = WAIT_SECONDS,
    tell: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; whoever waits too long is told who holds it.

    ``tell`` is called once, with the holder, when there is something to wait for.

    Raises:
        BusyError: when the lock is not free within ``wait_seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if tell:
                    tell(_holder(path))
                    tell = None
                if time.monotonic() >= deadline:
                    long = f" for over {wait_seconds:.0f} s" if wait_seconds >= 1 else ""
                    raise BusyError(
                        f"Another process has been at work{long}: {_holder(path)}",
                        {"lock": path.name},
                        "wait for it to end, or stop it, and run again",
                    ) from None
                time.sleep(0.1)
        os.ftruncate(handle, 0)
        os.pwrite(
            handle,
            json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose}).encode(),
            0,
        )
        yield
    finally:
        os.close(handle)


def _holder(path: Path) -> str:
    try:
        owner = json.loads(path.read_text())
        return f"process {owner['pid']} on {owner['host']} ({owner['purpose']})"
    except (OSError, ValueError, KeyError):
        return "its holder left no name"


def _configure(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set autoload_known_extensions = false")
    connection.execute("set enable_progress_bar = false")


@contextmanager
def open_database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that nobody else works on, with the ledger's schema: no lock, no journal.

    Raises:
        BusyError: another program has the file open.
        WarehouseError: the file is no database, or a damaged one.
    """
    from warehouse.ledger import ensure_schema

    connection = _connect(path)
    try:
        _configure(connection)
        ensure_schema(connection)
        yield connection
    finally:
        connection.close()


def wal_of(database: Path) -> Path:
    """DuckDB's write-ahead log of a database."""
    return database.with_name(f"{database.name}.wal")


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if "lock on file" in reason:
            raise BusyError(
                f"Another program has the build database open: {reason}",
                {"file": path.name},
                "close it, and run again; readers open releases/current instead",
            ) from None
        raise WarehouseError(
            f"The build database cannot be opened: {reason}",
            {"file": path.name},
            "move it away and run `warehouse rebuild`: the landing gives it again",
        ) from None


@contextmanager
def writer(settings: Settings, purpose: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one writing connection to the build database; waits for its turn.

    Raises:
        BusyError: when another process writes for longer than ``wait_seconds``.
        WarehouseError: the landing's journal tells of more than the build database.
    """
    from warehouse import adoption, journal

    with file_lock(settings.root / "warehouse.lock", purpose, wait_seconds):
        if not settings.database.exists():
            journal.refuse_empty(settings)
        with open_database(settings.database) as connection:
            adoption.adopt(connection, settings)
            journal.flush(connection, settings)
            try:
                yield connection
            except BaseException:
                with suppress(duckdb.Error, OSError, WarehouseError):  # the first error is the one to hear
                    journal.flush(connection, settings)
                raise
            journal.flush(connection, settings)


_in_transaction: set[int] = set()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block, or nothing of it. Inside another such block it is part of that one."""
    if id(connection) in _in_transaction:
        yield
        return
    connection.execute("begin transaction")
    _in_transaction.add(id(connection))
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # DuckDB may have given the transaction up by itself
            connection.execute("rollback")
        raise
    else:
        connection.execute("commit")
    finally:
        _in_transaction.discard(id(connection))
