"""What stands under a load: the landed bytes hashed again now, the request, the licence, and what judged it.

Four records of the same load are held against each other: the bytes, the landing's manifest, the journal, and
``marts.loads`` of the release. Out of scope: what the bytes say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from warehouse.journal import Event
from warehouse.landing import MANIFEST, LandedFile, Manifest, read_manifest, received_hash, stored_hashes
from warehouse.settings import Settings

SIDE_FILES = ("request.json", "tableinfo.json")
COMPARED = (
    "provider", "dataset", "url", "received_at", "source_updated_at", "bytes", "sha256", "rows_received", "licence",
    "citation", "data_origin",
)  # fmt: skip


@dataclass(frozen=True)
class FileProof:
    """A landed file: the hash stated when it was received, and that of its bytes now (None: not there)."""

    path: str
    url: str
    bytes: int
    stated: str
    now: str | None

    @property
    def holds(self) -> bool:
        """Whether the bytes are those that were received."""
        return self.now == self.stated


@dataclass(frozen=True)
class LoadProof:
    """A load, what it was asked for and under which licence, and whether its bytes are still those received."""

    load_id: str
    published: Mapping[str, Any]
    manifest: Manifest | None
    files: tuple[FileProof, ...]
    verdicts: Mapping[str, int]
    journal: Sequence[str]
    problems: tuple[str, ...]
    corrections: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing about the load contradicts anything else."""
        return not self.problems


def prove(
    settings: Settings,
    published: Mapping[str, Any],
    validations: Sequence[Mapping[str, Any]],
    events: Sequence[Event],
    corrections: tuple[str, ...] = (),
) -> LoadProof:
    """Hold a row of ``marts.loads`` against journal, manifest and bytes; ``corrections`` are those of its dataset."""
    load_id = str(published["load_id"])
    own = [event for event in events if event.subject == load_id]
    entered = next((event for event in own if event.kind == "entered"), None)
    told = tuple(f"{_happened(event)} {event.at[:19]} (line {event.seq})" for event in own)
    verdicts = {
        "expectations": len(validations),
        "blocking_failed": sum(not v["success"] and v["severity"] == "blocking" for v in validations),
        "advisory_failed": sum(not v["success"] and v["severity"] != "blocking" for v in validations),
    }
    if entered is None:
        problem = f"landing/.journal/journal.jsonl: the journal knows nothing of the load {load_id}"
        return LoadProof(load_id, published, None, (), verdicts, told, (problem,))
    if not entered.facts["files"]:
        return LoadProof(load_id, published, None, (), verdicts, told, ())  # refused before it was landed
    folder = settings.root / str(entered.facts["row"]["landing_path"])
    thinned = {name for event in own if event.kind == "thinned" for name in event.facts["files"]}
    manifest, problems = _read(folder, settings)
    files: tuple[FileProof, ...] = ()
    if manifest is not None:
        files = tuple(_file(folder, item, settings) for item in manifest.files)
        problems += [_said(item, thinned) for item in files if not item.holds]
        problems += _differences(manifest, published, folder, settings)
    problems += _changed(folder, entered, settings, {Path(item.path).name for item in files})
    return LoadProof(load_id, published, manifest, files, verdicts, told, tuple(problems), corrections)


def _happened(event: Event) -> str:
    return "judged" if event.kind == "validated" else str(event.facts.get("status", event.kind))


def _read(folder: Path, settings: Settings) -> tuple[Manifest | None, list[str]]:
    try:
        return read_manifest(folder), []
    except FileNotFoundError:
        return None, [f"{_relative(folder / MANIFEST, settings)}: the file is not there"]
    except (ValidationError, ValueError):
        return None, [f"{_relative(folder / MANIFEST, settings)}: the file is no manifest any more"]


def _file(folder: Path, item: LandedFile, settings: Settings) -> FileProof:
    path = folder / f"{item.name}.zst"
    return FileProof(_relative(path, settings), item.url, item.bytes, item.sha256, received_hash(folder, item))


def _said(item: FileProof, thinned: set[str]) -> str:
    if item.now is None and thinned & {Path(item.path).name, Path(item.path).stem}:
        return f"{item.path}: the bytes were removed by the policy of retention; the journal says when"
    if item.now is None:
        return f"{item.path}: the bytes are not there, or cannot be read"
    return f"{item.path}: sha256 is {item.now} now and was {item.stated} when it was received"


def _differences(manifest: Manifest, published: Mapping[str, Any], folder: Path, settings: Settings) -> list[str]:
    stated = manifest.model_dump()
    where = _relative(folder / MANIFEST, settings)
    differing = [name for name in COMPARED if _plain(stated[name]) != _plain(published[name])]
    if json.loads(str(published["request"])) != manifest.request:
        differing.append("request")
    return [f"{where}: {name} is not what marts.loads of the release says" for name in differing]


def _changed(folder: Path, entered: Event, settings: Settings, payload: set[str]) -> list[str]:
    """The side files whose bytes are not those that the journal wrote down when the load was entered."""
    stated = {name: value for name, value in entered.facts["files"].items() if name not in payload}
    now = stored_hashes(folder) if folder.is_dir() else {}
    return [
        f"{_relative(folder / name, settings)}: the file is not the one that the journal wrote down"
        for name, value in sorted(stated.items())
        if now.get(name) != value
    ]


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _relative(path: Path, settings: Settings) -> str:
    return path.relative_to(settings.root).as_posix()
