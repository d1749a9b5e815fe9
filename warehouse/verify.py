"""``warehouse verify``: is everything that was written down still what it was, to the byte?

Held against each other: the journal's chain, the files of every landing against the journal, the payload as received
against its manifest, and the files of every release against its manifest, and that against the journal. Nothing is
changed, nothing is fetched.
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
    look.strangers(loads)
    look.beside_the_journal(events)
    published = look.published(events)
    return Verified(len(events), len(loads), published, look.files, tuple(look.findings))


class _Look:
    """One walk through a home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.findings: list[Finding] = []
        self.files = 0

    def journal(self) -> Sequence[Event] | None:
        """Every event, or None when the chain is broken."""
        self.files += 1
        try:
            return journal.read(self.settings)
        except WarehouseError as error:
            line = error.where.get("line")
            self._found(journal.path(self.settings), f"{CHANGED} in line {line}")
            return None

    def load(self, event: Event, thinned: set[str]) -> None:
        """A landing folder against the journal, and its payload against the manifest."""
        folder = landing.place(self.settings, event.facts["row"]["landing_path"])
        stated = dict(event.facts["files"])
        before = len(self.findings)
        for name, digest in stated.items():
            if name not in thinned:
                self._file(folder / name, digest)
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name not in stated:
                self._found(path, STRANGE)
        if len(self.findings) > before:
            return
        manifest = landing.read_manifest(folder)
        for item in manifest.files:
            if f"{item.name}.zst" not in thinned and landing.received_hash(folder, item) != item.sha256:
                self._found(folder / f"{item.name}.zst", f"{CHANGED}: not the bytes that were received")

    def strangers(self, loads: Sequence[Event]) -> None:
        """Landing folders that look complete and that the journal does not know."""
        known = {landing.place(self.settings, event.facts["row"]["landing_path"]) for event in loads}
        for path in sorted(self.settings.landing.glob(f"[!.]*/*/*/{landing.MANIFEST}")):
            if path.parent not in known:
                self._found(path, f"{STRANGE}, or landed and not yet loaded")

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
        for path in sorted(self.settings.releases.glob(f"[!.]*/{release.MANIFEST}")):
            if not path.parent.is_symlink() and path.parent.name not in stated:
                self._found(path, STRANGE)
        self._current({*stated} - gone)
        return len({*stated} - gone)

    def _current(self, known: set[str]) -> None:
        """Readers are led to a release that the journal knows."""
        link = self.settings.releases / "current"
        if link.is_symlink() or link.exists():
            target = link.resolve()
            if not link.is_symlink() or target.parent != self.settings.releases.resolve() or target.name not in known:
                self._found(link, "points to no release of the journal")

    def _release(self, folder: Path) -> None:
        files = release.read_manifest(folder)["files"]
        for name, digest in files.items():
            self._file(folder / name, digest)
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_file() and name not in files and name != release.MANIFEST:
                self._found(path, STRANGE)

    def _file(self, path: Path, digest: str) -> bool:
        self.files += 1
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
