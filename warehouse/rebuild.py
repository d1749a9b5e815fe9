"""``warehouse rebuild``: the whole warehouse again from the landing, the seeds and the code, without the network.

The ledger and raw come from the landing and its journal, the marts from dbt. The result is held against the release
that was current at the time asked for, table by table, by the hash of its Parquet bytes. What is missing of the home
(the build database, the release) is put back; what is there is never overwritten.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from expectations import docs
from ingestion.replay import replay
from warehouse import disk, journal, lake, landing, ledger, processes, progress, release, revisions
from warehouse.airflow import DBT_PROJECT, airflow_environment
from warehouse.db import build_exists, file_lock, open_database, transaction, wal_of, writer
from warehouse.errors import BusyError, LoadRejected, SettingsError, WarehouseError
from warehouse.journal import Event
from warehouse.progress import Lines, output_to
from warehouse.release_files import export_tables, published_tables
from warehouse.settings import Settings

RELEASED = ("published",)
ONE_FILE: dict[str, None] = {"lake": None, "lake_data": None}


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild gave: the release it was held against, and what is the same, differs, or stands on one side only.

    ``code_differs`` says that seeds or models are not those of the release: then its figures may rightly differ.
    ``folder`` is where the rebuilt release lies: under its own name when every table is the same.
    """

    release_id: str
    folder: Path
    same: tuple[str, ...]
    differing: tuple[str, ...]
    code_differs: bool

    @property
    def equal(self) -> bool:
        """Whether every table of the release is given again, byte for byte."""
        return not self.differing


def rebuild(settings: Settings, as_of: str | None = None, into: Path | None = None) -> Rebuilt:
    """Build the warehouse again and hold it against the release that was current at ``as_of`` (now, if not said).

    ``into`` is an empty folder that becomes a home of its own, as it was then.

    Raises:
        SettingsError: ``as_of`` is no time, or ``into`` is not empty.
        WarehouseError: nothing was published by then, landed bytes are not what was received, dbt failed, or the build
            database is older than the journal.
        BusyError: somebody else rebuilds or thins.
    """
    if settings.lake:
        restore_if_lost(settings)  # what follows is done in a file of its own, and leaves the lake as it is
    if build_exists(settings):
        with writer(settings, "look at the ledger"):
            pass  # what the outbox has and the file has not is in the file now
    events = journal.read(settings)
    target = _release_at(events, _moment(as_of))
    if into is not None:
        with alone(settings):
            home = _home_of_its_own(settings, into, events, target, everything=as_of is None)
        return _build(home, events, target, keep=True, whole=as_of is None)
    if as_of is not None and not build_exists(settings):
        rebuild(settings)
    keep = not build_exists(settings)
    with _aside(settings) as work:
        return _build(work, events, target, keep=keep, whole=True, real=settings)


def rebuild_with_progress(settings: Settings, as_of: str | None, into: Path | None) -> Rebuilt:
    """:func:`rebuild` for the command line: one line a step on standard error."""
    lines = Lines(sys.stderr)
    progress.attach(progress.Run(lines.write))
    log = settings.root / "logs" / f"rebuild-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
    try:
        with output_to(log, lines):
            return rebuild(settings, as_of, into)
    finally:
        progress.attach(None)


def restore_if_lost(settings: Settings) -> bool:
    """Put a lost build database back from the landing; tells whether it was lost.

    Marts are built only where the newest release is lost too: what it said of gaps is what the next is compared with.
    Where they cannot be built the ledger comes back alone, and the next release tells of no gap that moved.
    """
    if not journal.exists(settings) or build_exists(settings):
        return False
    progress.say("landing", "the build database is gone: putting it back from the landing")
    events = journal.read(settings)
    newest = next((event.subject for event in reversed(events) if event.kind in RELEASED), "")
    folder = settings.releases / newest
    has_gaps = (folder / "parquet" / "gaps.parquet").is_file()
    if newest and not has_gaps and not settings.lake:
        try:
            rebuild(settings)
            return True
        except (BusyError, LoadRejected):
            raise  # the ledger alone would not come back either
        except WarehouseError as error:
            progress.say("landing", f"the release {newest} could not be built again: {error.what.splitlines()[0]}")
    with _aside(settings) as work:
        if build_exists(settings):  # somebody else has put it back while we waited
            return True
        restoring = lake.restoring(settings) if settings.lake else open_database(work.database)
        with restoring as connection:
            replay(connection, work, events)
            _restore_revisions(connection, work, events)
            if newest and has_gaps:
                with transaction(connection):
                    revisions.remember(connection, newest, folder)
            docs.render_all(settings, connection)
        if not settings.lake:
            _put_back(work, settings)
    return True


def _build(
    work: Settings,
    events: Sequence[Event],
    target: Event,
    *,
    keep: bool,
    whole: bool,
    real: Settings | None = None,
) -> Rebuilt:
    """Build in ``work``; ``real`` is the home that gets the result when the work is done aside."""
    facts = target.facts
    stated = {name: facts[name] for name in ("focus_municipality", "small_cell") if name in facts}
    work = work.at(work.home, **stated)
    home = real or work
    until, others = journal.state_of(events, facts)
    after = [event for event in others if whole or event.seq <= target.seq]
    progress.say("raw", f"{len(until)} events of the journal, from the landing")
    with open_database(work.database) as connection:
        replay(connection, work, until)
        _restore_revisions(connection, work, [event for event in events if event.seq <= target.seq])
        docs.render_all(work, connection)
    progress.say("dbt", "building the marts")
    _dbt(work)
    with release.workshop(home, ".rebuilding") as folder:
        with open_database(work.database) as connection:
            tables = published_tables(connection)
            hashes = export_tables(connection, tables, folder)
            release.assemble(connection, tables, folder)
            with transaction(connection):
                revisions.remember(connection, target.subject)
            replay(connection, work, after)
            if keep:
                docs.render_all(home, connection)
        wanted = dict(facts["tables"])
        differing = tuple(name for name in sorted({*wanted, *hashes}) if wanted.get(name) != hashes.get(name))
        release.finish(work, folder, tables, hashes, _manifest_facts(target))
        if keep and real:
            _put_back(work, real)
        place = _place(home, folder, target.subject, equal=not differing)
    return Rebuilt(
        release_id=target.subject,
        folder=place,
        same=tuple(name for name in sorted(hashes) if name not in differing),
        differing=differing,
        code_differs=_code_differs(facts.get("software", {})),
    )


def _code_differs(then: Mapping[str, str]) -> bool:
    now = {"dbt_project_sha256": release.code_version(), "disclosure_sha256": release.disclosure_version()}
    return any(then.get(name) != value for name, value in now.items())


def _place(home: Settings, folder: Path, release_id: str, *, equal: bool) -> Path:
    """Put a rebuilt release under its own name, if it is that release and is missing; else aside, for a look."""
    final = home.releases / release_id
    if equal and not final.exists():
        facts = release.facts_of(home, folder, release_id, "restored")
        with release.alone(home, "put a release back"):
            # Its manifest is another one than the first time: written down before it is there, so that it is known.
            with writer(home, "write the release down") as connection:
                ledger.record_release(connection, release_id, facts)
            release.put_in_place(home, folder, release_id)
            if release.current(home) is None:
                release.point_current_at(home, release_id)
        return final
    if equal:
        return final
    aside = home.root / "rebuilt" / release_id
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(exist_ok=True)
    folder.rename(aside)
    return aside


def _release_at(events: Sequence[Event], moment: datetime | None) -> Event:
    released = [event for event in events if event.kind in RELEASED]
    found = [event for event in released if moment is None or datetime.fromisoformat(event.at) <= moment]
    if found:
        return found[-1]
    if released:
        raise WarehouseError(
            f"No release had been published by {moment} UTC",
            {"first release": released[0].subject},
            f"choose a time from {released[0].at} on",
        )
    raise WarehouseError(
        "The landing's journal tells of no release",
        {"journal": "landing/.journal/journal.jsonl"},
        "run `warehouse run` (or `warehouse run --sample`) first",
    )


def _moment(text: str | None) -> datetime | None:
    """A time in UTC without a zone; a date alone is its end."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{text!r} is no time", next_step="write it as 2026-11-22 or 2026-11-22T14:30:00 (UTC)"
        ) from None
    return datetime.combine(moment.date(), time.max) if len(text) <= len("2026-11-22") else in_utc


def alone(settings: Settings, purpose: str = "warehouse rebuild") -> AbstractContextManager[None]:
    """While it is held, nothing is rebuilt from the landing and nothing is thinned in it."""
    return file_lock(settings.root / landing.READING_LOCK, purpose)


@contextmanager
def _aside(settings: Settings) -> Iterator[Settings]:
    """A working home beside the real one that reads its landing; one at a time, gone afterwards."""
    with alone(settings):
        folder = settings.root / ".rebuild"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "landing").symlink_to(settings.landing, target_is_directory=True)
        try:
            yield settings.at(folder, **ONE_FILE)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _put_back(work: Settings, home: Settings) -> None:
    if not home.database.exists():
        wal_of(home.database).unlink(missing_ok=True)  # the lost one's: DuckDB would play it into this one
        landing.sync(work.database)
        work.database.replace(home.database)
        landing.sync(home.root)


def _home_of_its_own(
    settings: Settings, into: Path, events: Sequence[Event], target: Event, *, everything: bool
) -> Settings:
    """Lay the part of the landing that the journal tells of by then into an empty folder."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise SettingsError(f"{into} is not empty", next_step="name an empty folder, or one that does not exist")
    home = settings.at(into, **ONE_FILE)
    try:
        home.releases.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{into} cannot be written to: {error.strerror or type(error).__name__}", next_step="name another folder"
        ) from None
    kept = [event for event in events if everything or event.seq <= target.seq]
    for event in kept:
        path = event.facts["row"].get("landing_path") if event.kind == "entered" else None
        if path and landing.place(settings, path).is_dir():
            _copy_tree(landing.place(settings, path), home.root / path)
        for file in (
            journal.verdict_path(settings, event.subject),
            journal.revisions_path(settings, event.subject),
        ):
            if event.kind in {"validated", *RELEASED} and file.is_file():
                _copy(file, home.landing / file.relative_to(settings.landing))
    journal.append(journal.path(home), (event.line for event in kept))
    return home


def _copy_tree(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            _copy(path, target / path.relative_to(source))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _restore_revisions(connection: Any, settings: Settings, events: Sequence[Event]) -> None:
    for event in events:
        path = journal.revisions_path(settings, event.subject)
        if event.kind in RELEASED and path.is_file():
            revisions.restore(connection, path)


def _manifest_facts(target: Event) -> dict[str, Any]:
    dropped = {"outcome", "manifest_sha256", "tables"}
    facts = {name: value for name, value in target.facts.items() if name not in dropped}
    return {"release_id": target.subject, **facts, "rebuilt": True}


def _dbt(settings: Settings) -> None:
    """Build every model in a process of its own; the data tests were passed when the release was first built."""
    command = [str(Path(sys.executable).parent / "dbt"), "build", "--exclude-resource-type", "unit_test", "test"]
    where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target", "local"]
    environment = {**os.environ, **airflow_environment(settings)}
    tied = processes.tethered([*command, *where])
    done = subprocess.run(tied, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if full := disk.in_words(done.stdout + done.stderr):
            raise full
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise WarehouseError(
            f"dbt could not build the marts:\n{tail}", next_step="mend what it names, and run `warehouse rebuild` again"
        )
