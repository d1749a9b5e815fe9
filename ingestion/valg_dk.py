"""valg.dk's files as delivered by hand into the inbox: the newest and best count of each polling area.

Every file is read and checked before anything is stored; one bad file refuses the delivery. Folders named
``verifikation`` hold test data and are left alone. What a file says is ``valg_dk_json``'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.common import OFFICIAL, SAMPLE, Context, Look, fingerprint, relative, reusable
from ingestion.load import insert_rows
from ingestion.valg_dk_json import CPR, parse_file
from warehouse.errors import LoadRejected, NotDelivered
from warehouse.landing import Manifest, finish, landing_folder, new_load_id, open_payload

PROVIDER = KIND = "valg_dk"
TEST_DATA = "verifikation"
FILE_BYTES = 20 << 20
RANK = {"turnout": 0, "preliminary": 1, "final": 2}

Row = Mapping[str, object]


def look(context: Context) -> Look:
    """What lies in the inbox, and whether it is other than what was promoted last.

    Raises:
        NotDelivered: no file.
        LoadRejected: a file is refused.
    """
    return _look(context)[0]


def state_of(context: Context) -> datetime | None:
    """The newest release time (UTC) among the files."""
    return look(context).updated


def inbox(context: Context) -> tuple[Path, str]:
    """The folder to read, and whose files it has: the real inbox if it holds a file of the kind, else the
    sample's.

    Raises:
        NotDelivered: neither has one.
    """
    settings = context.settings
    for base, origin in ((settings.inbox_folder, OFFICIAL), (settings.sample_inbox, SAMPLE)):
        if base is not None and any(True for _ in _files(base / KIND)):
            return base / KIND, origin
    raise NotDelivered(
        f"No file of {KIND} was delivered",
        {"dataset": context.record.dataset},
        f"lay valg.dk's JSON files into the folder {KIND}/ of the inbox",
    )


def land(context: Context) -> Manifest | None:
    """Copy the delivery into the landing, byte for byte; None where it was promoted already.

    Raises:
        NotDelivered, LoadRejected: as :func:`look`.
    """
    found, bodies, rows = _look(context)
    if not found.periods:
        return None
    earlier = reusable(context, found)
    if earlier:
        return earlier
    record, settings = context.record, context.settings
    load_id = new_load_id(record.dataset)
    with landing_folder(settings, PROVIDER, record.dataset, load_id) as folder:
        for name, body in bodies.items():
            folder.write(name.replace("/", "__"), f"inbox:{KIND}/{name}", [body])
        request = {"inbox": KIND, "files": list(bodies)}
        folder.write_json("request.json", request)
        size, digest = folder.totals()
        manifest = Manifest(
            load_id=load_id,
            provider=PROVIDER,
            dataset=record.dataset,
            url=f"inbox:{KIND}",
            request=request,
            received_at=datetime.now(UTC).replace(tzinfo=None),
            source_updated_at=found.updated,
            bytes=size,
            sha256=digest,
            rows_received=len(rows),
            periods=found.periods,
            licence=record.licence_received,
            citation=record.citation,
            data_origin=found.data_origin,
            landing_path=relative(settings, settings.landing / PROVIDER / record.dataset / load_id),
            selection=found.selection,
            files=tuple(folder.files),
        )
        finish(folder, manifest)
    return manifest


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into ``valg_dk_turnout``; the polling areas loaded."""
    rows = []
    for landed, name in zip(manifest.files, manifest.request["files"], strict=True):
        with open_payload(manifest.folder(context.settings) / f"{landed.name}.zst") as stream:
            rows.append(parse_file(stream.read(), name))
    return insert_rows(
        connection, context.record.raw_tables[0], manifest.load_id, best(row for row in rows if row)
    )


def best(rows: Iterable[Row]) -> list[Row]:
    """One row per election and area: final before preliminary before turnout, then the newest release."""
    chosen: dict[tuple[object, object], Row] = {}
    for row in rows:
        key = (row["election_id"], row["area_id"])
        if key not in chosen or _weight(row) > _weight(chosen[key]):
            chosen[key] = row
    return [chosen[key] for key in sorted(chosen, key=str)]


def _weight(row: Row) -> tuple[int, str, str]:
    return RANK[str(row["result_kind"])], str(row["released_at_utc"]), str(row["file_name"])


def _look(context: Context) -> tuple[Look, dict[str, bytes], list[Row]]:
    base, origin = inbox(context)
    bodies: dict[str, bytes] = {}
    parsed: list[Row] = []
    for path in _files(base):
        name = path.relative_to(base).as_posix()
        if CPR.search(name):
            raise _refused("(name withheld)", "its name holds what looks like a CPR number")
        body = _read(path, name)
        row = parse_file(body, name)
        if row is not None:
            bodies[name] = body
            parsed.append(row)
    rows = best(parsed)
    if not rows:
        raise NotDelivered(
            f"The files of {KIND} hold neither turnout nor results",
            {"dataset": context.record.dataset},
            "lay the files of valgdeltagelse or valgresultater into the inbox",
        )
    hashes = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
    selection, last = fingerprint(hashes), context.state.promoted
    same = last is not None and (last.selection, last.data_origin) == (selection, origin)
    elections = tuple(sorted({str(row["election_id"]) for row in rows}))
    updated = max(datetime.fromisoformat(str(row["released_at_utc"])) for row in parsed)
    detail = (
        "nothing new" if same else f"{len(bodies)} files, {len(rows)} polling areas of {', '.join(elections)}"
    )
    return Look(updated, () if same else elections, selection, origin, detail), bodies, rows


def _files(base: Path) -> Iterator[Path]:
    """The JSON files under a folder, in order; links that leave the folder are not followed."""
    if not base.is_dir():
        return
    root = base.resolve()
    for path in sorted(base.rglob("*.json")):
        inside = path.resolve().is_relative_to(root)
        test = any(part.casefold() == TEST_DATA for part in path.relative_to(base).parts[:-1])
        if inside and not test and path.is_file():
            yield path


def _read(path: Path, name: str) -> bytes:
    with path.open("rb") as handle:
        body = handle.read(FILE_BYTES + 1)
    if len(body) > FILE_BYTES:
        raise _refused(name, f"it is larger than {FILE_BYTES >> 20} MB")
    return body


def _refused(file: str, what: str) -> LoadRejected:
    return LoadRejected(
        f"The file {file} is refused, and the whole delivery with it: {what}",
        {"dataset": KIND, "file": file},
        "take the file as valg.dk publishes it, or leave it out of the inbox, and run again",
    )
