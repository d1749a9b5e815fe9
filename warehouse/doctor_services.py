"""The checks of ``warehouse doctor`` on databases and time: the build database, Airflow's, PostgreSQL, the clock."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from warehouse import db, disk, journal, landing, rebuild, release
from warehouse import postgres as mirror
from warehouse.doctor import BROKEN, OK, WARN, Check, Found
from warehouse.errors import WarehouseError
from warehouse.settings import Settings

CLOCK_SLACK = timedelta(minutes=5)  # clocks of machines that share a home differ by less
_AIRFLOW_BUSY = timedelta(minutes=2)  # a scheduler tells of itself every few seconds
_OPEN = "('running', 'queued', 'scheduled', 'restarting', 'deferred', 'up_for_retry', 'up_for_reschedule')"


def database(settings: Settings) -> Iterator[Found]:
    """The build database: there, readable, and neither behind nor ahead of the journal."""
    if settings.lake:
        from warehouse import lake_care

        yield from lake_care.database(settings)
        return
    if not settings.database.exists():
        if journal.exists(settings):
            step = "run `warehouse run`, or `warehouse doctor --mend`: both put it back from the landing"
            said = "the build database is gone"
            yield Found(Check("database", BROKEN, said, step), lambda: _restore(settings))
        else:
            yield Found(Check("database", OK, "nothing was built yet"))
        return
    lock = settings.root / "warehouse.lock"
    if lock.exists() and db.is_held(lock):
        yield Found(Check("database", OK, f"{db.owner_of(lock) or 'somebody'} is writing in it"))
        return
    try:
        with duckdb.connect(str(settings.database), read_only=True) as connection:
            known = journal.last_seq(connection)
    except duckdb.Error as error:
        yield _unreadable(settings, error)
        return
    written = len(journal.read(settings))
    if known < written:
        said = f"it knows {known} events, the journal {written}: it is an older copy"
        step = "`warehouse doctor --mend` puts it aside and gives it again from the landing"
        yield Found(Check("database", BROKEN, said, step), lambda: _put_aside(settings))
    elif known > written:
        said = f"{known - written} events are in it and not yet in the journal's file"
        step = "nothing: the next run writes them; or `warehouse doctor --mend`"
        yield Found(Check("database", WARN, said, step), lambda: open_and_close(settings))
    elif db.wal_of(settings.database).exists():
        said = f"a kill left its write-ahead log ({db.wal_of(settings.database).stat().st_size:,} bytes)"
        step = "nothing: it is played in when the database is opened next; or `warehouse doctor --mend`"
        yield Found(Check("database", WARN, said, step), lambda: open_and_close(settings))
    else:
        yield Found(Check("database", OK, f"it opens, and knows the journal's {known} events"))


def _unreadable(settings: Settings, error: duckdb.Error) -> Found:
    reason = str(error).splitlines()[0]
    if "lock on file" in reason:
        return Found(Check("database", OK, f"another program has it open: {reason}"))
    if found := disk.readable(error):
        return Found(Check("database", BROKEN, found.what, found.next_step))
    if "does not exist" in reason and "journal" in reason:
        step = "nothing: the next run writes the journal of an older home; or `warehouse doctor --mend`"
        return Found(
            Check("database", WARN, "it has no journal in it", step),
            None if journal.exists(settings) else lambda: open_and_close(settings),
        )
    step = "`warehouse doctor --mend` puts it aside and gives it again from the landing"
    mend = (lambda: _put_aside(settings)) if journal.exists(settings) else None
    return Found(Check("database", BROKEN, f"it cannot be opened: {reason}", step), mend)


def open_and_close(settings: Settings) -> None:
    """Let the one writer come and go: plays in the write-ahead log, and writes to the journal what it lacks."""
    with db.writer(settings, "warehouse doctor --mend", 0) as connection:
        connection.execute("checkpoint")


def _restore(settings: Settings) -> None:
    rebuild.restore_if_lost(settings)


def _put_aside(settings: Settings) -> None:
    """Rename the build database and its log, never over another one, and give it again from the landing."""
    with db.file_lock(settings.root / "warehouse.lock", "warehouse doctor --mend", 0):
        number = next(n for n in range(1, 1000) if not _aside(settings.database, n).exists())
        for path in (db.wal_of(settings.database), settings.database):
            if path.exists():
                path.rename(_aside(path, number))
        landing.sync(settings.root)
    _restore(settings)


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.aside-{number}")


def airflow(settings: Settings) -> Iterator[Found]:
    """Airflow's database: prepared, readable, and no run left open by a kill."""
    file = settings.root / "airflow" / "airflow.db"
    if os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
        yield Found(Check("airflow", OK, "its database is set by AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: not looked at"))
        return
    if not (file.exists() and (file.parent / ".prepared").exists()):
        step = "nothing: the next run prepares it"
        yield Found(Check("airflow", OK if not file.exists() else WARN, "its database is not prepared", step))
        return
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
            said = connection.execute("pragma quick_check(1)").fetchone()[0]
            left = connection.execute(f"select count(*) from dag_run where state in {_OPEN}").fetchone()[0]
    except sqlite3.Error as error:
        said, left = str(error), 0
    if said != "ok":
        step = "move airflow/ out of the home and run again: it holds the history of tasks, and no figure"
        yield Found(Check("airflow", BROKEN, f"its database cannot be read: {said}", step))
    elif left and not _is_busy(settings, file):
        step = (
            "`warehouse doctor --mend` marks them failed; otherwise a scheduler that is started on this home goes on "
            "with them, which does no harm and no good"
        )
        yield Found(
            Check("airflow", WARN, f"{left} runs were left open by a run that was killed", step),
            lambda: _close_runs(file),
        )
    else:
        yield Found(Check("airflow", OK, "its database is prepared and whole"))


def _is_busy(settings: Settings, file: Path) -> bool:
    """Whether `warehouse run` or a scheduler is at work with this database."""
    lock = settings.root / "run.lock"
    owner = db.owner_of(lock)
    if lock.exists() and db.is_held(lock) and not (owner and owner.pid == os.getpid()):
        return True
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
        row = connection.execute(
            "select max(latest_heartbeat) > strftime('%Y-%m-%d %H:%M:%S', 'now', ?) from job where state = 'running'",
            [f"-{int(_AIRFLOW_BUSY.total_seconds())} seconds"],
        ).fetchone()
    return bool(row and row[0])


def _close_runs(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
        now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
        runs = f"select dag_id, run_id from dag_run where state in {_OPEN}"
        connection.execute(
            f"""update task_instance set state = 'failed', end_date = {now}
            where state in {_OPEN} and (dag_id, run_id) in ({runs})"""
        )
        connection.execute(f"update dag_run set state = 'failed', end_date = {now} where state in {_OPEN}")


def postgres(settings: Settings) -> Iterator[Found]:
    """PostgreSQL shows the current release, where one is set up."""
    folder = release.current(settings)
    if settings.postgres_dsn is None or folder is None:
        why = "none is set up" if settings.postgres_dsn is None else "nothing was published yet"
        yield Found(Check("postgres", OK, why))
        return
    try:
        shown = mirror.shown_release(settings, folder.name)
    except WarehouseError as error:
        yield Found(Check("postgres", BROKEN, error.what, error.next_step))
        return
    if shown == folder.name:
        yield Found(Check("postgres", OK, f"shows {shown}"))
        return
    step = "run `warehouse run`, or `warehouse doctor --mend`: both bring it up to date"
    said = f"shows {shown or 'no release'}, the current one is {folder.name}"
    yield Found(Check("postgres", WARN, said, step), lambda: _bring_up_to_date(settings, folder))


def _bring_up_to_date(settings: Settings, folder: Path) -> None:
    mirror.bring_up_to_date(settings, folder)


def clock(settings: Settings, now: datetime) -> Iterator[Found]:
    """Time goes forward: what is newest is told by when it came.

    Args:
        now: UTC, without a zone.
    """
    events = journal.read(settings)
    newest = max((datetime.fromisoformat(event.at) for event in events), default=None)
    if newest is not None and newest > now + CLOCK_SLACK:
        said = f"it says {now:%Y-%m-%d %H:%M} UTC, and the journal has an event of {newest:%Y-%m-%d %H:%M}"
        step = "set the clock (NTP) before the next run: loads are put in order by when they came"
        yield Found(Check("clock", BROKEN, said, step))
    else:
        yield Found(Check("clock", OK, "it is later than everything in the journal"))
