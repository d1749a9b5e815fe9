"""dbt's way into the lake: a plugin of dbt-duckdb, named in the target ``lake`` of ``dbt_project/profiles.yml``.

The plugin loads the pinned extensions and attaches the lake with the warehouse's own settings, so that no secret is in
a profile, and lets the sources be read as they are at this moment. One build at a time: the lock is the process's.
"""

from __future__ import annotations

import os
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse import lake
from warehouse.lake_locks import Lock
from warehouse.settings import read_settings

BUILD_LOCK = "build"

_mine: tuple[int, Lock] | None = None


class Plugin(BasePlugin):
    """Attaches the lake to dbt's connection, and makes it the catalogue of each of its cursors."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Wait for another build to end, and attach.

        Raises:
            BusyError: another build is at work for too long.
            WarehouseError: the lake cannot be reached.
        """
        settings = read_settings()
        _wait_for_others(lake.lock(settings, BUILD_LOCK, "dbt build"))
        lake.attach(conn, settings, frozen=True)

    def configure_cursor(self, cursor: Any) -> None:
        """Names without a catalogue are the lake's."""
        cursor.execute(f"use {lake.CATALOG}")


def _wait_for_others(lock: Lock) -> None:
    """Hold the lock until this process ends: dbt does not tell a plugin when it is done."""
    global _mine  # noqa: PLW0603
    if _mine is not None and _mine[0] == os.getpid() and _mine[1].is_held():
        return
    lock.acquire()
    _mine = (os.getpid(), lock)
