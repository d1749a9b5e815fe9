"""The build database: one file, one writer.

DuckDB lets one process write a file and shuts every other process out. A lock file beside the database makes that
wait readable: the second writer waits, and after a bound says who holds the lock. The lock is the kernel's
(``flock``), so it dies with its owner; the owner's name in the file is for people and for ``warehouse doctor``. It says
when that process and its machine started, so that an id that was given away again is not taken for the owner.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from warehouse import disk, processes
from warehouse.errors import BusyError, WarehouseError
from warehouse.landing import sync
from warehouse.settings import Settings

WAIT_SECONDS = 600.0
_IN_MEMORY = ":memory:"


@dataclass(frozen=True)
class Owner:
    """Who took a lock last: process, its machine, and when both of these started."""

    pid: int
    host: str
    purpose: str
    started: str = ""
    boot: str = ""

    @property
    def is_alive(self) -> bool | None:
        """Whether that process is still there; None when it is another machine's."""
        if self.host != socket.gethostname():
            return None
        if self.boot and self.boot != processes.boot():
            return False
        return processes.lives(self.pid, self.started)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.purpose})"


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
        with suppress(OSError):  # a full disk: the lock is held all the same
            os.ftruncate(handle, 0)
            os.pwrite(handle, _name_of_us(purpose).encode(), 0)
        yield
    finally:
        os.close(handle)


def owner_of(path: Path) -> Owner | None:
    """Who took this lock last, by the name that was left in the file; None when there is none."""
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_held(path: Path) -> bool:
    """Whether somebody holds this lock now. The file is opened for reading alone, and left as it is.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(handle)


def _name_of_us(purpose: str) -> str:
    pid = os.getpid()
    us = Owner(pid, socket.gethostname(), purpose, processes.started(pid) or "", processes.boot())
    return json.dumps(asdict(us))


def _holder(path: Path) -> str:
    owner = owner_of(path)
    if owner is None:
        return "its holder left no name"
    if owner.is_alive is False:
        return f"a child of {owner}, which is dead: `fuser {path}` names it"
    return str(owner)


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
    if str(path) != _IN_MEMORY and not path.exists():
        _make(path)
    with _opened(path) as connection:
        yield connection


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    from warehouse.ledger import ensure_schema

    connection = _connect(path)
    try:
        _configure(connection)
        ensure_schema(connection)
        yield connection
    finally:
        connection.close()


def _make(path: Path) -> None:
    """Make an empty database beside, and give it its name when it is whole: half of one would never open again."""
    new = new_of(path)
    for left in (new, wal_of(new)):
        left.unlink(missing_ok=True)
    with _opened(new):
        pass
    sync(new)
    wal_of(path).unlink(missing_ok=True)  # of one that was lost: DuckDB would play it into this one
    new.replace(path)
    sync(path.parent)


def new_of(database: Path) -> Path:
    """What a database is called while it is made."""
    return database.with_name(f".{database.name}.new")


def wal_of(database: Path) -> Path:
    """DuckDB's write-ahead log of a database."""
    return database.with_name(f"{database.name}.wal")


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if found := disk.readable(error):
            raise found from None
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
    from warehouse import adoption, journal, lake

    in_turn = lake.turn if settings.lake else _turn
    with in_turn(settings, "warehouse.lock", purpose, wait_seconds) as connection:
        adoption.adopt(connection, settings)
        journal.flush(connection, settings)
        try:
            yield connection
        except BaseException:
            with suppress(duckdb.Error, OSError, WarehouseError):  # the first error is the one to hear
                journal.flush(connection, settings)
            raise
        journal.flush(connection, settings)


@contextmanager
def _turn(settings: Settings, name: str, purpose: str, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    from warehouse import journal

    with file_lock(settings.root / name, purpose, wait_seconds):
        if not settings.database.exists():
            journal.refuse_empty(settings)
        with open_database(settings.database) as connection:
            yield connection


@contextmanager
def home_lock(settings: Settings, name: str, purpose: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold an exclusive lock of the home, named by its file; with a lake, across machines.

    Raises:
        BusyError: when the lock is not free within ``wait_seconds``.
    """
    from warehouse import lake

    holding = (
        lake.lock(settings, name, purpose).held(wait_seconds)
        if settings.lake
        else file_lock(settings.root / name, purpose, wait_seconds)
    )
    with holding:
        yield


def build_exists(settings: Settings) -> bool:
    """Whether there is a build database: the file, or the lake."""
    from warehouse import lake

    return lake.exists(settings) if settings.lake else settings.database.exists()


def cursor_of(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A cursor that finds the same names as the connection it is of."""
    row = connection.execute("select current_database()").fetchone()
    assert row
    cursor = connection.cursor()
    cursor.execute(f"use {quote(str(row[0]))}")
    return cursor


def _commit(connection: duckdb.DuckDBPyConnection) -> None:
    from warehouse import lake

    try:
        lake.keep_turn(connection)
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise


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
        _commit(connection)
    finally:
        _in_transaction.discard(id(connection))
