"""An error of the disk is told from every other, in whose words it may come, and says what to do."""

from __future__ import annotations

import errno
import sqlite3

import duckdb
import pytest

from warehouse import disk, progress
from warehouse.errors import DiskError, LoadRejected, WarehouseError

FULL = [
    OSError(errno.ENOSPC, "No space left on device", "/home/a"),
    OSError(errno.EDQUOT, "Disk quota exceeded", "/home/a"),
    OSError(errno.EROFS, "Read-only file system", "/home/a"),
    OSError(errno.EFBIG, "File too large", "/home/a"),
    PermissionError(errno.EACCES, "Permission denied", "/home/a"),
    duckdb.IOException('IO Error: Could not write file "/home/a": No space left on device'),
    sqlite3.OperationalError("database or disk is full"),
    sqlite3.OperationalError("attempt to write a readonly database"),
]
OTHERS = [
    ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    PermissionError(errno.EACCES, "Permission denied"),  # a firewall: no file is named
    FileNotFoundError(errno.ENOENT, "No such file or directory", "/home/a"),
    duckdb.BinderException("Binder Error: column not found"),
    ValueError("No space left on device"),
    WarehouseError("The provider said: disk quota exceeded"),
]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_an_error_of_the_disk_is_readable_however_deep(error: Exception) -> None:
    try:
        try:
            raise error
        except Exception as first:
            raise RuntimeError("a task failed") from first
    except RuntimeError as outer:
        found = disk.readable(outer)
    assert isinstance(found, DiskError)
    assert found.what.startswith("The disk cannot be used: ")
    assert found.next_step
    assert "/home/a" in found.block() or isinstance(error, sqlite3.Error)


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_other_errors_are_not_taken_for_one(error: Exception) -> None:
    assert disk.readable(error) is None


def test_a_run_says_it_in_place_of_what_the_program_said() -> None:
    run = progress.Run(lambda *_: None)
    progress.attach(run)
    try:
        progress.failed("folk1e.land", FULL[0])
        progress.failed("folk1e.load", LoadRejected("the load is bad"))
    finally:
        progress.attach(None)
    assert [block.splitlines()[0] for block in run.failures] == [
        "The disk cannot be used: the disk is full. What was there is as it was",
        "the load is bad",
    ]


def test_what_a_program_printed_is_understood_too() -> None:
    found = disk.in_words(
        'IO Error: Could not write file "/x/warehouse.duckdb.wal": No space left on device\n  at line 3'
    )
    assert found is not None
    assert found.where == {"file": "/x/warehouse.duckdb.wal"}
    assert disk.in_words("1 of 300 OK created table") is None
