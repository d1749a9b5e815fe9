"""The inbox: where hand-delivered files lie, how they are read, and how a checked delivery is landed.

Every kind of file shares this. A delivery is read and checked whole before anything is stored; what a file says is
the business of the kind's own module. A folder that is no kind is named in the log and never read.
"""

from __future__ import annotations

import hashlib
import logging
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingestion.common import OFFICIAL, SAMPLE, Context, Look, fingerprint, relative, reusable
from ingestion.cpr import looks_like_cpr
from warehouse.errors import LoadRejected, NotDelivered, one_line
from warehouse.landing import Manifest, finish, landing_folder, new_load_id
from warehouse.records import catalogue
from warehouse.settings import Settings

FILE_BYTES = 20 << 20
NAME_BYTES = 200
PROVIDERS = ("valg_dk", "valgdatabase", "inbox")
WITHHELD = "(name withheld)"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

log = logging.getLogger("warehouse")


@dataclass(frozen=True)
class Delivery:
    """Files that were read and checked: their bytes by name, whose they are, and what they hold.

    ``rows`` is the number of rows that loading them must give, ``updated`` the newest time that they state themselves.
    """

    origin: str
    bodies: Mapping[str, bytes]
    periods: tuple[str, ...]
    rows: int
    summary: str
    updated: datetime | None = None


def kinds() -> frozenset[str]:
    """The folders that the inbox may hold."""
    return frozenset(record.dataset for record in catalogue().values() if record.provider in PROVIDERS)


def folder(context: Context, listing: Callable[[Path], Iterable[Path]], what: str = "its files") -> tuple[Path, str]:
    """The folder to read, and whose files it has: the real inbox if it holds a file of the kind, else the sample's.

    Raises:
        NotDelivered: neither has one.
    """
    settings, kind = context.settings, context.record.dataset
    for base, origin in ((settings.inbox_folder, OFFICIAL), (settings.sample_inbox, SAMPLE)):
        if base is not None and any(True for _ in listing(base / kind)):
            return base / kind, origin
    raise NotDelivered(
        f"No file of {kind} was delivered",
        {"dataset": kind},
        f"lay {what} into the folder {kind}/ of the inbox",
    )


def holds_files(context: Context) -> bool:
    """Whether the real inbox holds anything in the folder of the kind."""
    base = context.settings.inbox_folder / context.record.dataset
    return base.is_dir() and any(path.is_symlink() or path.is_file() for path in base.rglob("*"))


def files(base: Path, suffix: str) -> Iterator[Path]:
    """What bears the suffix under a folder, at any depth, in order; hidden files and folders apart."""
    if base.is_dir():
        for path in sorted(base.rglob("*")):
            hidden = any(part.startswith((".", "~")) for part in path.relative_to(base).parts)
            if not hidden and path.suffix.casefold() == suffix and (path.is_symlink() or not path.is_dir()):
                yield path


def files_and_links(base: Path, suffix: str) -> Iterator[Path]:
    """As :func:`files`, and links to folders too, so that a reader who refuses them meets them."""
    if base.is_dir():
        links = (path for path in base.rglob("*") if path.is_symlink() and path.is_dir())
        yield from sorted({*files(base, suffix), *links})


def read(path: Path, base: Path, kind: str) -> tuple[str, bytes]:
    """The name of a file within its kind, and its bytes.

    Raises:
        LoadRejected: its name looks like a CPR number or holds a control character, it is a link that leaves the
            inbox or is to a folder, no plain file, too large, or cannot be read.
    """
    name = path.relative_to(base).as_posix()
    if looks_like_cpr(name):
        raise refused(kind, WITHHELD, "its name holds what looks like a CPR number")
    try:
        name.encode()
        if _CONTROL.search(name):
            raise refused(kind, name, "its name holds a line break or control character")
        if not path.resolve().is_relative_to(base.parent.resolve()):
            raise refused(kind, name, "it is a link that leaves the inbox")
        if path.is_dir():
            raise refused(kind, name, "it is a link to a folder")
        if not stat.S_ISREG(path.stat().st_mode):
            raise refused(kind, name, "it is no plain file")
        return name, bounded(path, name, kind)
    except UnicodeEncodeError:
        raise refused(kind, WITHHELD, "its name is not UTF-8") from None
    except RuntimeError:
        raise refused(kind, name, "it is a link to itself") from None
    except OSError as error:
        raise refused(kind, name, f"it cannot be read ({error.strerror or type(error).__name__})") from None


def bounded(path: Path, name: str, kind: str) -> bytes:
    """The bytes of a file.

    Raises:
        LoadRejected: it is larger than a hand-delivered file may be.
        OSError: it cannot be read.
    """
    with path.open("rb") as handle:
        body = handle.read(FILE_BYTES + 1)
    if len(body) > FILE_BYTES:
        raise refused(kind, name, f"it is larger than {FILE_BYTES >> 20} MB")
    return body


def refused(
    kind: str,
    file: str,
    what: str,
    next_step: str = "correct the file, or take it out of the inbox, and run again",
    **where: object,
) -> LoadRejected:
    """The error of a file that is refused, and the whole delivery with it. ``what`` quotes no CPR-like value."""
    return LoadRejected(
        f"The file {one_line(file)} is refused, and the whole delivery with it: {what}",
        {"dataset": kind, "file": file, **where},
        next_step,
    )


def look_of(context: Context, delivery: Delivery) -> Look:
    """What a delivery is to the pipeline: new, or what was promoted last."""
    hashes = {name: hashlib.sha256(body).hexdigest() for name, body in delivery.bodies.items()}
    selection, last = fingerprint(hashes), context.state.promoted
    same = last is not None and (last.selection, last.data_origin) == (selection, delivery.origin)
    return Look(
        delivery.updated,
        () if same else delivery.periods,
        selection,
        delivery.origin,
        "nothing new" if same else f"{len(delivery.bodies)} files, {delivery.summary}",
    )


def land_delivery(context: Context, delivery: Delivery) -> Manifest | None:
    """Copy a delivery into the landing, byte for byte; None where it was promoted already."""
    found = look_of(context, delivery)
    if not found.periods:
        return None
    earlier = reusable(context, found)
    if earlier:
        return earlier
    record, settings = context.record, context.settings
    kind, load_id = record.dataset, new_load_id(record.dataset)
    with landing_folder(settings, record.provider, kind, load_id) as landing:
        for (name, body), landed in zip(delivery.bodies.items(), _landed_names(delivery.bodies), strict=True):
            landing.write(landed, f"inbox:{kind}/{name}", [body])
        request = {"inbox": kind, "files": list(delivery.bodies)}
        landing.write_json("request.json", request)
        size, digest = landing.totals()
        manifest = Manifest(
            load_id=load_id,
            provider=record.provider,
            dataset=kind,
            url=f"inbox:{kind}",
            request=request,
            received_at=datetime.now(UTC).replace(tzinfo=None),
            source_updated_at=found.updated,
            bytes=size,
            sha256=digest,
            rows_received=delivery.rows,
            periods=found.periods,
            licence=record.licence_received,
            citation=record.citation,
            data_origin=found.data_origin,
            landing_path=relative(settings, settings.landing / record.provider / kind / load_id),
            selection=found.selection,
            files=tuple(landing.files),
        )
        finish(landing, manifest)
    return manifest


def _landed_names(names: Iterable[str]) -> list[str]:
    """One plain file name each: the path with its folders, numbered where that would be too long or not unique."""
    flat = [name.replace("/", "__") for name in names]
    seen = Counter(flat)
    return [
        f"{number:04d}{Path(name).suffix}" if seen[name] > 1 or len(name.encode()) > NAME_BYTES else name
        for number, name in enumerate(flat)
    ]


def tell_unknown(settings: Settings) -> list[str]:
    """Name in the log what lies in the inbox and is of no kind; it is never read. Gives the names."""
    base = settings.inbox_folder
    strange = sorted(path.name for path in base.iterdir() if path.name not in kinds()) if base.is_dir() else []
    shown = [WITHHELD if looks_like_cpr(name) else one_line(name) for name in strange if not name.startswith(".")]
    for name in shown:
        log.warning("the inbox holds %s, which is no kind that the warehouse knows: it is not read", name)
    return shown
