"""The landing: what was received, byte for byte, and the manifest that says what it is.

A landing folder ``landing/<provider>/<dataset>/<load_id>/`` is filled under a temporary name and renamed when it is
complete, manifest last; after that nothing in it ever changes. Payload files are kept compressed (zstd), the hashes
are those of the bytes as received. How bytes are got is ``ingestion``'s business.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import zstandard
from pydantic import BaseModel, ConfigDict, Field

from warehouse.errors import WarehouseError
from warehouse.settings import Settings

MANIFEST = "manifest.json"
READING_LOCK = "rebuild.lock"  # in the home: held while all of the landing is read again, or some of it is removed
ZSTD_LEVEL = 3


class LandedFile(BaseModel):
    """One received file: its name in the landing folder, where it came from, size and hash of the bytes as received."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    url: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a load is: the contract's fields, and what is needed to load it again from the landing alone.

    ``bytes`` and ``sha256`` are of the payload as received; for a load of several files the hash is that of the lines
    ``<sha256>  <name>\\n`` in the order of ``files`` (what ``sha256sum`` prints). ``received_at`` is UTC,
    ``source_updated_at`` the provider's own local time. ``selection`` is the hash of what was asked for apart from the
    periods, so that a changed question is seen. Folder and files are relative to the home.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    load_id: str
    provider: str
    dataset: str
    url: str
    request: dict[str, Any]
    received_at: datetime
    source_updated_at: datetime | None
    bytes: int
    sha256: str
    rows_received: int
    periods: tuple[str, ...]
    licence: str
    citation: str
    data_origin: str
    landing_path: str
    selection: str
    files: tuple[LandedFile, ...]
    resolved: dict[str, Any] = Field(default_factory=dict, description="how published codes were understood")
    response: dict[str, str] = Field(default_factory=dict, description="the provider's request id and the like")

    def folder(self, settings: Settings) -> Path:
        """The landing folder.

        Raises:
            WarehouseError: the manifest names a folder outside the landing.
        """
        return place(settings, self.landing_path)


def place(settings: Settings, landing_path: str) -> Path:
    """The folder that a manifest or the journal names relative to the home.

    Raises:
        WarehouseError: it lies outside the landing.
    """
    parts = Path(landing_path).parts
    if not parts or parts[0] != "landing" or ".." in parts:
        raise WarehouseError(
            f"{landing_path!r} is no folder of the landing",
            next_step="a manifest or the journal was changed: put the landing back from a backup",
        )
    return settings.root.joinpath(*parts)


def new_load_id(dataset: str, now: datetime | None = None) -> str:
    """A load id: time in UTC, dataset and six random hex digits; sorts by time."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    return f"{moment}_{dataset}_{secrets.token_hex(3)}"


class LandingFolder:
    """A landing folder in the making: payload files are written compressed while they are hashed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[LandedFile] = []

    def write(self, name: str, url: str, chunks: Iterable[bytes]) -> LandedFile:
        """Write one payload file from chunks of bytes, without holding it in memory."""
        digest, size = hashlib.sha256(), 0
        with (self.path / f"{name}.zst").open("wb") as handle:
            # A thread of its own compresses, while this one receives, watches and hashes.
            compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, threads=1)
            with compressor.stream_writer(handle, closefd=False) as sink:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    sink.write(chunk)
            handle.flush()
            os.fsync(handle.fileno())
        landed = LandedFile(name=name, url=url, bytes=size, sha256=digest.hexdigest())
        self.files.append(landed)
        return landed

    def write_json(self, name: str, document: object) -> None:
        """Write a small side document (tableinfo, request) as readable JSON."""
        text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        with (self.path / name).open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())

    def totals(self) -> tuple[int, str]:
        """Bytes and hash of the whole payload."""
        if len(self.files) == 1:
            return self.files[0].bytes, self.files[0].sha256
        lines = "".join(f"{item.sha256}  {item.name}\n" for item in self.files)
        return sum(item.bytes for item in self.files), hashlib.sha256(lines.encode()).hexdigest()


@contextmanager
def landing_folder(settings: Settings, provider: str, dataset: str, load_id: str) -> Iterator[LandingFolder]:
    """A folder to land in. It takes its final name when :func:`finish` has written the manifest.

    On an error what came is kept aside under ``landing/.aside/<load_id>`` for inspection, and the error goes on.
    """
    final = settings.landing / provider / dataset / load_id
    work = settings.landing / ".incoming" / load_id
    work.mkdir(parents=True)
    folder = LandingFolder(work)
    try:
        yield folder
        make_durable(final.parent, settings.root)
        sync(work)
        work.rename(final)
        sync(final.parent)
    except BaseException:
        with suppress(OSError):  # the disk may be what failed: the first error is the one to hear
            _set_aside(settings, work)
        raise


def _set_aside(settings: Settings, work: Path) -> None:
    aside = settings.landing / ".aside" / work.name
    if work.exists() and any(work.iterdir()):
        aside.parent.mkdir(parents=True, exist_ok=True)
        work.rename(aside)
    else:
        shutil.rmtree(work, ignore_errors=True)


def finish(folder: LandingFolder, manifest: Manifest) -> None:
    """Write the manifest: the last thing before the folder takes its final name."""
    path = folder.path / MANIFEST
    with path.open("w", encoding="utf-8") as handle:
        handle.write(manifest.model_dump_json(indent=1) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a landing folder."""
    return Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))


def manifests(settings: Settings, provider: str, dataset: str) -> list[Manifest]:
    """Every complete load of a dataset in the landing, oldest first."""
    base = settings.landing / provider / dataset
    return [read_manifest(path.parent) for path in sorted(base.glob(f"*/{MANIFEST}"))]


def stored_hashes(folder: Path) -> dict[str, str]:
    """File name → sha256 of every file of a landing folder as it lies there (payload compressed)."""
    hashes = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        with path.open("rb") as handle:
            hashes[path.name] = hashlib.file_digest(handle, "sha256").hexdigest()
    return hashes


def harmed_files(manifest: Manifest, settings: Settings) -> list[str]:
    """The landed payload files that are gone, or no longer what was received."""
    return [item.name for item in manifest.files if received_hash(manifest.folder(settings), item) != item.sha256]


def received_hash(folder: Path, landed: LandedFile) -> str | None:
    """sha256 of the bytes as received of a landed file, read again now; None when they cannot be read."""
    digest = hashlib.sha256()
    try:
        with open_payload(folder / f"{landed.name}.zst") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except (OSError, zstandard.ZstdError):
        return None
    return digest.hexdigest()


@contextmanager
def open_payload(path: Path) -> Iterator[IO[bytes]]:
    """The bytes as received of a payload file (``…/name.zst``)."""
    with path.open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
        yield stream


def make_durable(folder: Path, root: Path) -> None:
    """Make a folder below ``root``, and the names of those that it lies in durable."""
    if folder.is_dir():
        return
    if folder != root:
        make_durable(folder.parent, root)
    folder.mkdir(parents=True, exist_ok=True)
    sync(folder.parent)


def sync_tree(folder: Path) -> None:
    """Make everything in a folder durable: the bytes of each file, and every name."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            sync(path)
    for path in (*(inner for inner in folder.rglob("*") if inner.is_dir()), folder):
        sync(path)


def sync(folder: Path) -> None:
    """Make the names in a folder (or the bytes of a file) durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
