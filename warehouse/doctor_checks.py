"""The checks of ``warehouse doctor`` on what lies in a home: locks, half-written files, landing, journal, releases.

The build database, Airflow's, PostgreSQL and the clock are ``warehouse.doctor_services``'.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from warehouse import db, disk, doctor_services, journal, landing, ledger, release
from warehouse.doctor import BROKEN, OK, WARN, Check, Found, Looks
from warehouse.errors import BusyError
from warehouse.journal import Event
from warehouse.settings import Settings

LITTLE_ROOM, NO_ROOM = 2_000_000_000, 200_000_000  # bytes: a run on the whole country takes about 1 GB


def looks(now: datetime) -> Looks:
    """Every check by name, in the order in which a person would ask."""
    return (
        ("home", _home),
        ("disk", _disk),
        ("locks", _locks),
        ("half-written", _half_written),
        ("journal", _journal),
        ("database", doctor_services.database),
        ("landing", _landing),
        ("releases", _releases),
        ("current", _current),
        ("airflow", doctor_services.airflow),
        ("postgres", doctor_services.postgres),
        ("clock", lambda settings: doctor_services.clock(settings, now)),
    )


def _home(settings: Settings) -> Iterator[Found]:
    root = settings.root
    if not root.is_dir():
        yield Found(Check("home", WARN, f"{root} is not there yet", "run `warehouse run`; WAREHOUSE_HOME says where"))
        return
    ours = (root, settings.landing, settings.releases, journal.path(settings), settings.database, root / "airflow")
    closed = [path for path in ours if path.exists() and not os.access(path, os.R_OK | os.W_OK)]
    owner = root.stat().st_uid
    others = [path for path in (*ours, *root.glob("*.lock")) if path.exists() and path.stat().st_uid != owner]
    if closed:
        names = ", ".join(_name(settings, path) for path in closed)
        yield Found(
            Check("home", BROKEN, f"this user may not write: {names}", "give the home to the user that runs the DAGs")
        )
    elif others:
        names = ", ".join(_name(settings, path) for path in others)
        said = f"belong to another user than the home: {names}"
        yield Found(Check("home", WARN, said, "run the warehouse as one user; `chown -R` the home to it"))
    else:
        yield Found(Check("home", OK, f"{root}, settings are in order"))


def _disk(settings: Settings) -> Iterator[Found]:
    free = disk.free_bytes(settings.root)
    said = f"{free / 1e9:,.1f} GB free"
    if os.statvfs(_there(settings.root)).f_flag & os.ST_RDONLY:
        yield Found(Check("disk", BROKEN, "it is mounted read-only", "have it mounted for writing, then run again"))
    elif free < LITTLE_ROOM:
        state = BROKEN if free < NO_ROOM else WARN
        yield Found(Check("disk", state, said, "make room; `warehouse prune` says what may go"))
    else:
        yield Found(Check("disk", OK, said))


def _locks(settings: Settings) -> Iterator[Found]:
    held, dead, stale = [], [], 0
    for path in (*sorted(settings.root.glob("*.lock")), *sorted((settings.landing / ".locks").glob("*.lock"))):
        owner = db.owner_of(path)
        gone = owner is not None and owner.is_alive is False
        if not db.is_held(path):
            stale += gone
        elif gone:
            dead.append(f"{path.name} by a child of {owner}")
        elif owner is None or owner.pid != os.getpid():
            held.append(f"{path.name} by {owner or 'somebody without a name'}")
    if dead:
        said = f"held though the owner is dead: {'; '.join(dead)}"
        yield Found(Check("locks", BROKEN, said, "`fuser` on the file names the process that is left: end it"))
    elif held:
        yield Found(Check("locks", OK, f"at work: {'; '.join(held)}"))
    else:
        left = f"; {stale} still carry the name of a process that is gone, and bind nobody" if stale else ""
        yield Found(Check("locks", OK, f"none is held{left}"))


def _half_written(settings: Settings) -> Iterator[Found]:
    """What work in progress is called, where nobody is at work on it."""
    releases, root = settings.releases, settings.root
    found = [
        *((path, _incoming_lock(settings, path)) for path in (settings.landing / ".incoming").glob("*")),
        *((releases / name, root / "release.lock") for name in (".building", ".rebuilding", ".current.new")),
        *((path, root / "release.lock") for path in releases.glob(".going-*")),
        *((path, root / "release.lock") for path in releases.glob(".postgres-*")),
        (root / ".rebuild", root / landing.READING_LOCK),
        (db.new_of(settings.database), root / "warehouse.lock"),
        *((path, root / "warehouse.lock") for path in settings.validation.rglob(".*.part")),
        *((path, root / "warehouse.lock") for path in journal.folder(settings).rglob(".*.part")),
    ]
    left = [(path, lock) for path, lock in found if os.path.lexists(path) and not _is_held(lock)]
    if not left:
        yield Found(Check("half-written", OK, "nothing was left behind"))
        return
    names = ", ".join(_name(settings, path) for path, _ in left[:5]) + (" …" if len(left) > 5 else "")
    said = f"{len(left)} left by a run that was killed: {names}"
    yield Found(
        Check("half-written", WARN, said, "nothing: the next run clears it away; or `warehouse doctor --mend`"),
        lambda: _clear(left),
    )


def _clear(left: list[tuple[Path, Path]]) -> None:
    for path, lock in left:
        with ExitStack() as held, suppress(BusyError):
            held.enter_context(db.file_lock(lock, "warehouse doctor --mend", 0))
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _incoming_lock(settings: Settings, path: Path) -> Path:
    dataset = path.name.split("_", 1)[-1].rsplit("_", 1)[0]
    return settings.landing / ".locks" / f"{dataset}.lock"


def _journal(settings: Settings) -> Iterator[Found]:
    file = journal.path(settings)
    if not journal.exists(settings):
        if any(settings.landing.glob(f"*/*/*/{landing.MANIFEST}")):
            step = "put landing/.journal back from the backup; `warehouse run` writes one where the ledger is there"
            yield Found(Check("journal", BROKEN, "there are landings, and no journal", step))
        else:
            yield Found(Check("journal", OK, "nothing was written down yet"))
        return
    events = journal.read(settings)
    if journal.is_torn(file) and not _is_held(settings.root / "warehouse.lock"):
        said = f"line {len(events) + 1} was torn off by a kill"
        step = "nothing: the next run writes it again; or `warehouse doctor --mend`"
        yield Found(Check("journal", WARN, said, step), lambda: doctor_services.open_and_close(settings))
    else:
        yield Found(Check("journal", OK, f"{len(events)} events, the chain is whole"))


def _landing(settings: Settings) -> Iterator[Found]:
    """Landings against the journal: each entered, each there. Hashes are ``warehouse verify``'s."""
    events = journal.read(settings)
    entered = {event.subject: event for event in events if event.kind == "entered" and event.facts["files"]}
    there = {path.parent.name: path.parent for path in settings.landing.glob(f"*/*/*/{landing.MANIFEST}")}
    bare = [
        path for path in settings.landing.glob("[!.]*/*/*") if path.is_dir() and not (path / landing.MANIFEST).is_file()
    ]
    lost = sorted(name for name, event in entered.items() if _lacks(settings, event, events))
    new = sorted({*there} - {*entered})
    if bare:
        step = "put them back from the backup: a landing has its manifest before it has its name"
        yield Found(Check("landing", BROKEN, f"without a manifest: {_few(path.name for path in bare)}", step))
    if lost:
        step = "put landing/ back from the backup; `warehouse verify` names every file"
        yield Found(Check("landing", BROKEN, f"the journal tells of loads that are not there: {_few(lost)}", step))
    if new and not _at_work(settings):
        step = "nothing: the next run takes them up; or `warehouse doctor --mend`"
        said = f"landed and not in the ledger: {_few(new)}"
        yield Found(Check("landing", WARN, said, step), lambda: _enter(settings, [there[name] for name in new]))
    elif not (bare or lost):
        yield Found(Check("landing", OK, f"{len(entered)} loads, all in the journal and there"))


def _lacks(settings: Settings, event: Event, events: list[Event]) -> bool:
    folder = landing.place(settings, event.facts["row"]["landing_path"])
    missing = {name for name in event.facts["files"] if not (folder / name).is_file()}
    if not missing:
        return False
    thinned = (e.facts["files"] for e in events if e.kind == "thinned" and e.subject == event.subject)
    return bool(missing - {name for names in thinned for name in names})


def _enter(settings: Settings, folders: list[Path]) -> None:
    with db.writer(settings, "warehouse doctor --mend") as connection:
        for folder in folders:
            ledger.enter(connection, landing.read_manifest(folder), files=landing.stored_hashes(folder))


def _releases(settings: Settings) -> Iterator[Found]:
    """Releases against the journal, and the files of the current one against its manifest (names, not hashes)."""
    events = journal.read(settings)
    known = {event.subject for event in events if event.kind in {"published", "restored"}}
    removed = {event.subject for event in events if event.kind == "removed"}
    folders = {path.name: path for path in settings.releases.glob("[!.]*") if path.is_dir() and not path.is_symlink()}
    half = sorted(name for name, path in folders.items() if not (path / release.MANIFEST).is_file())
    lost = sorted(known - removed - {*folders})
    new = sorted({*folders} - known - {*half})
    if half:
        step = "move them out of releases/: they are no releases; `warehouse rebuild` gives a lost one again"
        yield Found(Check("releases", BROKEN, f"without a manifest: {_few(half)}", step))
    if lost:
        step = "put them back from the backup; the newest one comes back with `warehouse rebuild`"
        yield Found(Check("releases", BROKEN, f"the journal tells of releases that are not there: {_few(lost)}", step))
    if new and not _is_held(settings.root / "release.lock"):
        step = "nothing: the next run publishes them to the end; or `warehouse doctor --mend`"
        said = f"in place and not in the journal: {_few(new)}"
        yield Found(Check("releases", WARN, said, step), lambda: _publish_to_the_end(settings))
    elif not (half or lost):
        yield Found(Check("releases", OK, f"{len(folders)} releases, all in the journal and there"))


def _publish_to_the_end(settings: Settings) -> None:
    with release.alone(settings, "warehouse doctor --mend", 0):
        release.catch_up(settings)


def _current(settings: Settings) -> Iterator[Found]:
    link = settings.releases / "current"
    whole = sorted(manifest["release_id"] for manifest in release.releases(settings))
    if not whole and not os.path.lexists(link):
        yield Found(Check("current", OK, "nothing was published yet"))
        return
    step = f"`warehouse doctor --mend` leads readers to {whole[-1]}" if whole else "run `warehouse rebuild`"
    mend = (lambda: _point(settings, whole[-1])) if whole else None
    if not os.path.lexists(link):
        yield Found(Check("current", BROKEN, "releases/current is missing: readers find nothing", step), mend)
    elif not link.is_symlink():
        step = "move it away, then `warehouse doctor --mend`: it is a link to the release that readers open"
        yield Found(Check("current", BROKEN, "releases/current is no link", step))
    elif link.resolve().parent != settings.releases.resolve() or link.resolve().name not in whole:
        said = f"releases/current leads to {link.readlink()}, which is no release"
        yield Found(Check("current", BROKEN, said, step), mend)
    else:
        yield _whole(settings, link.resolve(), whole[-1])


def _whole(settings: Settings, folder: Path, newest: str) -> Found:
    missing = [name for name in release.read_manifest(folder)["files"] if not (folder / name).is_file()]
    if missing:
        step = "put the release back from the backup, or move its folder away and run `warehouse rebuild`"
        return Found(Check("current", BROKEN, f"{folder.name} lacks {_few(missing)}", step))
    if folder.name != newest:
        step = f"if nobody chose that: `ln -sfn {newest} {_name(settings, settings.releases / 'current')}`"
        return Found(Check("current", WARN, f"readers are led to {folder.name}, the newest is {newest}", step))
    return Found(Check("current", OK, f"readers are led to {folder.name}, all its files are there"))


def _point(settings: Settings, release_id: str) -> None:
    with release.alone(settings, "warehouse doctor --mend", 0):
        release.point_current_at(settings, release_id)


def _at_work(settings: Settings) -> bool:
    locks = [settings.root / "warehouse.lock", *(settings.landing / ".locks").glob("*.lock")]
    return any(_is_held(lock) for lock in locks)


def _is_held(lock: Path) -> bool:
    return lock.exists() and db.is_held(lock)


def _there(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _few(names: object) -> str:
    listed = [str(name) for name in names]  # type: ignore[attr-defined]
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _name(settings: Settings, path: Path) -> str:
    return os.path.relpath(path, settings.root)
