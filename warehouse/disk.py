"""A disk that is full, read-only or closed to us: one readable error, whoever came upon it.

The operating system, DuckDB, SQLite, Airflow and dbt each say it in their own words, mostly deep in another error.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from warehouse.errors import DiskError

_FULL = "the disk is full"
_QUOTA = "the disk quota is used up"
_READ_ONLY = "the disk is read-only"
_LARGE = "files may not become as large as that here"
_DENIED = "this user may not read or write there"
_BY_NUMBER = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _QUOTA,
    errno.EROFS: _READ_ONLY,
    errno.EFBIG: _LARGE,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EIO: "the disk does not answer",
}
_IN_WORDS = {
    "no space left on device": _FULL,
    "database or disk is full": _FULL,
    "disk quota exceeded": _QUOTA,
    "read-only file system": _READ_ONLY,
    "readonly database": _READ_ONLY,
    "file too large": _LARGE,
    "permission denied": _DENIED,
    "input/output error": "the disk does not answer",
}
_ADVICE = {
    _FULL: "make room (`warehouse prune` says what may go), and run again; `warehouse doctor` tells how much is free",
    _QUOTA: "make room (`warehouse prune` says what may go) or raise the quota, and run again",
    _READ_ONLY: "have it mounted for writing again, look at the system's log for why it was not, and run again",
    _LARGE: "raise the limit (`ulimit -f`) or use another file system, and run again",
    _DENIED: "give the folder to the user that runs the warehouse, and run again; `warehouse doctor` names the files",
}
_SPEAKERS = ("duckdb", "_duckdb", "sqlite3", "sqlalchemy", "airflow", "dbt", "cosmos")
_FILE = re.compile(r'file "([^"]+)"')


def readable(error: BaseException | None) -> DiskError | None:
    """What a failure says of the disk, or None when it is about something else.

    Looked at is the error itself and what it was raised from or during.
    """
    for one in _chain(error):
        if isinstance(one, DiskError):
            return one
        if isinstance(one, OSError) and one.errno in _BY_NUMBER:
            reason = _BY_NUMBER[one.errno]
            if reason is not _DENIED or one.filename is not None:  # a firewall denies too, and names no file
                return _said(reason, one.filename)
        if type(one).__module__.split(".")[0] in _SPEAKERS and (found := in_words(str(one))):
            return found
    return None


def in_words(text: str) -> DiskError | None:
    """The same of what a program printed."""
    low = text.lower()
    reason = next((reason for words, reason in _IN_WORDS.items() if words in low), None)
    if reason is None:
        return None
    named = _FILE.search(text)
    return _said(reason, named[1] if named else None)


def free_bytes(folder: Path) -> int:
    """Room for this user on the disk of a folder, or of the nearest folder above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _said(reason: str, name: object) -> DiskError:
    where: dict[str, object] = {"file": os.fsdecode(name)} if isinstance(name, str | bytes) else {}
    return DiskError(
        f"The disk cannot be used: {reason}. What was there is as it was",
        where,
        _ADVICE.get(reason, "see to the disk, and run again; `warehouse verify` tells whether files were harmed"),
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
