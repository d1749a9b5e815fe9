"""``warehouse verify``: is everything that was written down still what it was, to the byte?

Held against each other: the journal's chain, the files of every landing against the journal, the payload as received
against its manifest, and the files of every release against its manifest, and that against the journal.
What was refused before it was landed (``.aside``) has no hash that was written down. Nothing is changed or fetched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse import journal, landing, release
from warehouse.errors import WarehouseError
from warehouse.journal import Event
from warehouse.release_files import file_hash
from warehouse.settings import Settings

WORKSHOPS = frozenset({".aside", ".incoming", ".locks", ".building", ".rebuilding", ".current.new"})
CHANGED, MISSING, STRANGE = "changed", "missing", "not written by the warehouse"


@dataclass(frozen=True)
class Finding:
    """A file (relative to the home) that is not what it was, and in which way."""

    file: str
    what: str


@dataclass(frozen=True)
class Verified:
    """How much was looked at, and what was found."""

    events: int
    loads: int
    releases: int
    files: int
    findings: tuple[Finding, ...]


def verify(settings: Settings) -> Verified:
    """Look at every file of landing and releases.

    Raises:
        WarehouseError: there is nothing to look at.
    """
    if not journal.exists(settings) and not settings.releases.is_dir():
        raise WarehouseError(
            "There is nothing to verify",
            {"home": settings.home},
            "run `warehouse run` (or `warehouse run --sample`) first; WAREHOUSE_HOME says where it writes",
        )
    look = _Look(settings)
    events = look.journal()
    if events is None:  # without it nobody knows what the other files were
        return Verified(0, 0, 0, look.files, tuple(look.findings))
    loads = [event for event in events if event.kind == "entered" and event.facts["files"]]
    thinned: dict[str, set[str]] = {}
    for event in events:
        if event.kind == "thinned":  # more than once for a load whose thinning was killed in between
            thinned.setdefault(event.subject, set()).update(event.facts["files"])
    for event in loads:
        look.load(event, thinned.get(event.subject, set()))
    look.beside_the_journal(events)
    published = look.published(events)
    look.strangers()
    return Verified(len(events), len(loads), published, look.files, tuple(look.findings))


class _Look:
    """One walk through a home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.findings: list[Finding] = []
        self.files = 0
        self.seen: set[Path] = set()

    def journal(self) -> Sequence[Event] | None:
        """Every event, or None when the chain is broken or its end is lost: then nobody knows what the rest was."""
        self.files += 1
        file = journal.path(self.settings)
        self.seen.add(file)
        if not journal.exists(self.settings):
            self._found(file, MISSING)
            return None
        try:
            events = journal.read(self.settings)
        except WarehouseError as error:
            self._found(file, f"{CHANGED} in line {error.where.get('line')}")
            return None
        if journal.is_torn(file):
            self._found(file, f"{CHANGED}: line {len(events) + 1} has no end (after a kill the next run mends that)")
            return None
        if len(events) < (known := journal.known_to_database(self.settings)):
            self._found(file, f"{CHANGED}: it ends at line {len(events)}, the build database knows {known}")
            return None
        return events

    def load(self, event: Event, thinned: set[str]) -> None:
        """A landing folder against the journal, and its payload against the manifest."""
        folder = landing.place(self.settings, event.facts["row"]["landing_path"])
        stated = dict(event.facts["files"])
        before = len(self.findings)
        for name, digest in stated.items():
            self.seen.add(folder / name)
            if name not in thinned:
                self._file(folder / name, digest)
        if len(self.findings) > before:
            return
        manifest = landing.read_manifest(folder)
        for item in manifest.files:
            if f"{item.name}.zst" not in thinned and landing.received_hash(folder, item) != item.sha256:
                self._found(folder / f"{item.name}.zst", f"{CHANGED}: not the bytes that were received")

    def strangers(self) -> None:
        """Whatever lies in landing and releases and has not been looked at."""
        for root in (self.settings.landing, self.settings.releases):
            for path in sorted(root.rglob("*")):
                parts = path.relative_to(root).parts
                if path in self.seen or parts[0] in WORKSHOPS or parts[0].startswith((".going-", ".postgres-")):
                    continue
                if path.is_file() and not (path.is_symlink() and parts == ("current",)):
                    landed = root == self.settings.landing and path.name == landing.MANIFEST
                    self._found(path, f"{STRANGE}, or landed and not yet loaded" if landed else STRANGE)

    def beside_the_journal(self, events: Sequence[Event]) -> None:
        """Verdicts and revisions that are kept beside the journal."""
        stated: dict[Path, str] = {}
        for event in events:
            for name, digest in dict(event.facts.get("kept", {})).items():
                stated[journal.folder(self.settings) / name] = digest
        for path, digest in stated.items():
            self._file(path, digest)

    def published(self, events: Sequence[Event]) -> int:
        """Every release against its manifest, and that against the journal."""
        stated = {e.subject: e.facts["manifest_sha256"] for e in events if e.kind in {"published", "restored"}}
        removed = {event.subject for event in events if event.kind == "removed"}
        gone = {release_id for release_id in removed if not (self.settings.releases / release_id).exists()}
        for release_id in sorted({*stated} - gone):
            folder = self.settings.releases / release_id
            if self._file(folder / release.MANIFEST, stated[release_id]):
                self._release(folder)
            else:  # without it nobody knows what its other files were
                self.seen.update(folder.rglob("*"))
        self._current([e.subject for e in events if e.kind == "published" and e.subject not in gone])
        return len({*stated} - gone)

    def _current(self, published: Sequence[str]) -> None:
        """Readers are led to the newest release."""
        link = self.settings.releases / "current"
        if not published:
            return
        if not link.is_symlink() or link.resolve().parent != self.settings.releases.resolve():
            self._found(link, "is no link to a release" if os.path.lexists(link) else MISSING)
        elif link.resolve().name != published[-1]:
            self._found(link, f"leads to {link.resolve().name}; the newest release is {published[-1]}")

    def _release(self, folder: Path) -> None:
        files = release.read_manifest(folder)["files"]
        for name, digest in files.items():
            self._file(folder / name, digest)

    def _file(self, path: Path, digest: str) -> bool:
        self.files += 1
        self.seen.add(path)
        if not path.is_file():
            self._found(path, MISSING)
            return False
        try:
            if file_hash(path) == digest:
                return True
            self._found(path, CHANGED)
        except OSError as error:
            self._found(path, f"cannot be read ({error.strerror or type(error).__name__})")
        return False

    def _found(self, path: Path, what: str) -> None:
        self.findings.append(Finding(os.path.relpath(path, self.settings.root), what))


def lines(verified: Verified) -> Iterator[str]:
    """The result for a reader."""
    for finding in verified.findings:
        yield f"{finding.what}: {finding.file}"
    yield (
        f"{verified.files} files looked at: {verified.loads} loads, {verified.releases} releases, "
        f"{verified.events} events of the journal; "
        + (f"{len(verified.findings)} not as written" if verified.findings else "all as written")
    )
