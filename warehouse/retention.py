"""``warehouse prune``: thin landing and releases by a stated policy that never removes what a kept release needs.

Kept of the releases: the newest, the current one, and the last of each calendar year. Kept of the landing, for ever:
every manifest, request and journal. Kept of the payloads: those that own a period now or owned one in a kept release,
those that a table of a kept release names (the old side of a revision too), every delivery of the municipality's own
data (disclosure control looks back at them), and everything received in the last days. What is left may go: loads that
were fetched again without a change, rejected loads, and what was refused before it was landed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse import journal, ledger, release
from warehouse.db import file_lock, literal, quote, writer
from warehouse.errors import WarehouseError
from warehouse.journal import Event
from warehouse.landing import READING_LOCK, place
from warehouse.settings import Settings

OWN_DATA = "inbox"
_NAMES = ("load_id", "load_ids", "old_load_id", "new_load_id")
_GOING = ".going-"
_ABOUT_LOADS = frozenset({"loads", "validations"})


@dataclass(frozen=True)
class Policy:
    """How much is kept: the newest releases, and everything received in so many days."""

    releases: int = 12
    days: int = 90


@dataclass(frozen=True)
class Item:
    """One thing that may go: a folder or file (relative to the home), its bytes, and why it is not needed."""

    kind: str
    subject: str
    path: Path
    bytes: int
    why: str


def plan(settings: Settings, policy: Policy, now: datetime) -> list[Item]:
    """What the policy would remove today, releases first.

    Args:
        now: UTC, without a zone.
    """
    events = journal.read(settings)
    gone = _old_releases(settings, policy)
    kept = {m["release_id"] for m in release.releases(settings)} - {item.subject for item in gone}
    needed = _needed(settings, events, kept)
    since = now - timedelta(days=policy.days)
    return [*gone, *_payloads(settings, events, needed, since.isoformat()), *_set_aside(settings, since)]


def prune(settings: Settings, policy: Policy, now: datetime) -> list[Item]:
    """Remove what :func:`plan` names, each written down in the journal first; gives what was removed.

    Nothing is loaded, published, rebuilt or thinned by anybody else meanwhile. A removal that was killed is gone
    through to its end by the next.

    Raises:
        BusyError: a run, a publication or a rebuild is at work.
        WarehouseError: a kept release cannot be read, so that nobody knows what it needs.
    """
    purpose = "warehouse prune"
    with (
        file_lock(settings.root / "run.lock", purpose, 0),
        file_lock(settings.root / READING_LOCK, purpose, 0),
        release.alone(settings, purpose, 0),
        writer(settings, purpose) as connection,
    ):
        for half in settings.releases.glob(f"{_GOING}*"):
            shutil.rmtree(half)
        items = plan(settings, policy, now)
        for item in items:
            if item.kind == "release":
                ledger.record_release(connection, item.subject, {"outcome": "removed", "why": item.why})
            elif item.kind == "payload":
                names = sorted(path.name for path in (settings.root / item.path).glob("*.zst"))
                ledger.record_thinned(connection, item.subject, names)
        journal.flush(connection, settings)
        for item in items:
            _remove(settings, item)
    return items


def _remove(settings: Settings, item: Item) -> None:
    path = settings.root / item.path
    if item.kind == "payload":
        for file in path.glob("*.zst"):
            file.unlink(missing_ok=True)
    elif item.kind == "release":
        going = path.with_name(f"{_GOING}{path.name}")
        path.rename(going)  # nobody sees half of it
        shutil.rmtree(going)
    else:
        shutil.rmtree(path)


def _old_releases(settings: Settings, policy: Policy) -> list[Item]:
    manifests = release.releases(settings)
    current = release.current(settings)
    last_of_year: dict[str, str] = {}
    for manifest in reversed(manifests):
        last_of_year[str(manifest["created_at"])[:4]] = manifest["release_id"]
    stay = {manifest["release_id"] for manifest in manifests[: policy.releases]}
    stay |= set(last_of_year.values()) | ({current.name} if current else set())
    return [
        _item(settings, "release", m["release_id"], settings.releases / m["release_id"], "older than those kept")
        for m in reversed(manifests)
        if m["release_id"] not in stay
    ]


def _needed(settings: Settings, events: Sequence[Event], kept: set[str]) -> set[str]:
    """The loads that the present, or a kept release, rests on, and all that came after the newest release: what they
    revised is in no release yet."""
    states = {e.subject: int(e.facts["journal_seq"]) for e in events if e.kind == "published"}
    seqs = sorted({states[release_id] for release_id in kept if release_id in states})
    newest = max(states.values(), default=0)
    needed: set[str] = set()
    rows: dict[str, Mapping[str, Any]] = {}
    owners: dict[tuple[str, str], str] = {}
    for event in events:
        while seqs and seqs[0] < event.seq:
            needed |= set(owners.values())
            seqs.pop(0)
        if event.kind == "entered":
            rows[event.subject] = event.facts["row"]
        elif event.kind == "promoted":
            _take_over(owners, rows, event.facts["dataset"], event.subject)
            if rows[event.subject]["provider"] == OWN_DATA or event.seq > newest:
                needed.add(event.subject)
    needed |= set(owners.values())
    for release_id in sorted(kept):
        needed |= _named(settings.releases / release_id)
    return needed


def _take_over(
    owners: dict[tuple[str, str], str], rows: Mapping[str, Mapping[str, Any]], dataset: str, load_id: str
) -> None:
    """What a promotion does to the owners of a dataset's periods (``ledger.promote``)."""
    origin = rows[load_id]["data_origin"]
    for key, owner in list(owners.items()):
        if key[0] == dataset and rows[owner]["data_origin"] != origin:
            del owners[key]
    for period in rows[load_id]["periods"] or ():
        owners[dataset, period] = load_id


def _named(folder: Path) -> set[str]:
    """Every load id that a table of a release names, apart from the tables that are about loads.

    Raises:
        WarehouseError: a table cannot be read.
    """
    found: set[str] = set()
    with duckdb.connect() as connection:
        for table in sorted({*release.read_manifest(folder)["tables"]} - _ABOUT_LOADS):
            path = folder / "parquet" / f"{table}.parquet"
            try:
                found |= _named_in(connection, f"read_parquet({literal(str(path))})")
            except duckdb.Error as error:
                raise WarehouseError(
                    f"A table of a kept release cannot be read, so that nobody knows what it rests on: {table}",
                    {"file": f"releases/{folder.name}/parquet/{path.name}"},
                    "see what `warehouse verify` says, and put the release back; nothing was removed",
                ) from error
    return found - {None}


def _named_in(connection: duckdb.DuckDBPyConnection, rows: str) -> set[Any]:
    found: set[Any] = set()
    for name, kind, *_ in connection.execute(f"describe select * from {rows}").fetchall():
        if name in _NAMES:
            value = f"unnest({quote(name)})" if kind.endswith("[]") else quote(name)
            found |= {row[0] for row in connection.execute(f"select distinct {value} from {rows}").fetchall()}
    return found


def _payloads(settings: Settings, events: Sequence[Event], needed: set[str], since: str) -> list[Item]:
    judged = {e.subject for e in events if e.kind == "promoted"}
    judged |= {e.subject for e in events if e.kind == "status" and e.facts.get("status") == ledger.REJECTED}
    promoted = {e.subject for e in events if e.kind == "promoted"}
    items = []
    for event in events:
        if event.kind != "entered" or not event.facts["files"]:
            continue
        row = event.facts["row"]
        folder = place(settings, row["landing_path"])
        may_go = event.subject in judged and event.subject not in needed and row["received_at"] < since
        if may_go and any(folder.glob("*.zst")):
            why = "superseded, and nothing kept needs it" if event.subject in promoted else "rejected"
            items.append(_item(settings, "payload", event.subject, folder, why))
    return items


def _set_aside(settings: Settings, before: datetime) -> list[Item]:
    folder = settings.landing / ".aside"
    items = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        stamp = path.name.split("_", 1)[0].rstrip("Z")
        try:
            old = datetime.strptime(stamp, "%Y%m%dT%H%M%S") < before  # noqa: DTZ007
        except ValueError:
            continue
        if old and path.is_dir() and not path.is_symlink():
            items.append(_item(settings, "aside", path.name, path, "refused before it was landed"))
    return items


def _item(settings: Settings, kind: str, subject: str, path: Path, why: str) -> Item:
    files = path.glob("*.zst") if kind == "payload" else (p for p in path.rglob("*") if p.is_file())
    return Item(kind, subject, path.relative_to(settings.root), sum(file.stat().st_size for file in files), why)
