"""Locks that hold across machines: PostgreSQL's advisory locks, in the database that holds the lake's catalogue.

A lock belongs to a connection: it ends with its process, however that ended. PostgreSQL is asked to look after half a
minute whether a silent machine is still there, so that the locks of one that lost its power or its network are free
within about a minute. Who holds a lock stands in the connection's ``application_name``.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from warehouse.errors import BusyError, WarehouseError

_PROBES = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c idle_session_timeout=0"
_TAKE = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
_HOLDER = """select application_name from pg_stat_activity inner join pg_locks using (pid)
where locktype = 'advisory' and granted and objsubid = 1
and pg_locks.database = (select oid from pg_database where datname = current_database())
and (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)"""


class Lock:
    """One lock by its name: taken, given back, taken again. Not for several threads."""

    def __init__(self, dsn: str, name: str, purpose: str) -> None:
        """``dsn`` is an address of PostgreSQL, ``purpose`` what others are told while they wait."""
        self._dsn, self._name = dsn, name
        self._us = f"process {os.getpid()} on {socket.gethostname()[:20]} ({purpose})"
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def acquire(self, wait_seconds: float = 600.0, tell: Callable[[str], None] | None = None) -> None:
        """Take the lock; ``tell`` is called once with the holder when there is something to wait for.

        Raises:
            BusyError: it is not free within ``wait_seconds``.
            WarehouseError: PostgreSQL does not answer.
        """
        deadline = time.monotonic() + wait_seconds
        try:
            connection = self._connected()
            while not self._ask(connection, _TAKE):
                if tell:
                    tell(self._holder(connection))
                    tell = None
                if time.monotonic() >= deadline:
                    holder = self._holder(connection)
                    self._close()
                    long = f" for over {wait_seconds:.0f} s" if wait_seconds >= 1 else ""
                    raise BusyError(
                        f"Another process has been at work{long}: {holder}",
                        {"lock": self._name},
                        "wait for it to end, or stop it, and run again",
                    )
                time.sleep(0.1)
        except psycopg.Error as error:
            self._close()
            raise WarehouseError(
                f"The lock of the lake cannot be taken: {str(error).splitlines()[0]}",
                {"lock": self._name},
                "start PostgreSQL or correct WAREHOUSE_LAKE, and run again",
            ) from None

    def release(self) -> None:
        """Give the lock back.

        Raises:
            WarehouseError: it had been lost on the way, with its connection.
        """
        connection = self._connection
        if connection is None:
            return
        try:
            kept = self._ask(connection, "select pg_advisory_unlock(hashtextextended(%s, 0))")
        except psycopg.Error:
            kept = False
        finally:
            self._close()
        if not kept:
            raise self.lost()

    def lost(self) -> WarehouseError:
        """What to say when the lock went with its connection."""
        return WarehouseError(
            "The connection that held the lock of the lake was cut",
            {"lock": self._name},
            "run again: every step finds out what is left to do; `warehouse verify` looks at the ledger",
        )

    @property
    def is_given_back(self) -> bool:
        """Whether the lock was given back, and not taken again."""
        return self._connection is None

    @contextmanager
    def held(self, wait_seconds: float = 600.0, tell: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the lock during a block; the block may give it back and take it again."""
        self.acquire(wait_seconds, tell)
        try:
            yield
        except BaseException:
            with suppress(WarehouseError):  # the first error is the one to hear
                self.release()
            raise
        self.release()

    def is_held(self) -> bool:
        """Whether this object holds the lock, as PostgreSQL sees it."""
        try:
            return self._connection is not None and bool(self._ask(self._connection, "select %s::text is not null"))
        except psycopg.Error:
            return False

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        self._connection = psycopg.connect(
            self._dsn, autocommit=True, connect_timeout=10, application_name=self._us[:63], options=_PROBES
        )
        return self._connection

    def _ask(self, connection: psycopg.Connection[tuple[object, ...]], query: str) -> bool:
        row = connection.execute(query.encode(), [self._name]).fetchone()
        return bool(row and row[0])

    def _holder(self, connection: psycopg.Connection[tuple[object, ...]]) -> str:
        row = connection.execute(_HOLDER, [self._name]).fetchone()
        return str(row[0]) if row else "its holder has just gone"

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
