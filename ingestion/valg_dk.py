"""valg.dk's files as delivered by hand into the inbox: the newest and best count of each polling area.

Every file is read and checked before anything is stored; one bad file refuses the delivery. Folders named
``verifikation`` hold test data and are left alone, as are those of valg.dk's other kinds. What a file
says is ``valg_dk_json``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion import inbox
from ingestion.common import Context, Look
from ingestion.inbox import Delivery
from ingestion.load import insert_rows
from ingestion.valg_dk_json import parse_file
from warehouse.errors import NotDelivered
from warehouse.landing import Manifest, open_payload

KIND = "valg_dk"
# Test data, and what valg.dk publishes beside the two kinds of files that are loaded.
LEFT_ALONE = {"verifikation", "geografi", "kandidat-data", "mandatfordeling", "partistemmefordeling"}
RANK = {"turnout": 0, "preliminary": 1, "final": 2}

Row = Mapping[str, object]


def look(context: Context) -> Look:
    """What lies in the inbox, and whether it is other than what was promoted last.

    Raises:
        NotDelivered: no file.
        LoadRejected: a file is refused.
    """
    return inbox.look_of(context, _delivery(context))


def state_of(context: Context) -> datetime | None:
    """The newest release time (UTC) among the files."""
    return look(context).updated


def land(context: Context) -> Manifest | None:
    """Copy the delivery into the landing, byte for byte; None where it was promoted already.

    Raises:
        NotDelivered, LoadRejected: as :func:`look`.
    """
    return inbox.land_delivery(context, _delivery(context))


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into ``valg_dk_turnout``; the polling areas loaded."""
    rows = []
    for landed, name in zip(manifest.files, manifest.request["files"], strict=True):
        with open_payload(manifest.folder(context.settings) / f"{landed.name}.zst") as stream:
            rows.append(parse_file(stream.read(), name))
    return insert_rows(connection, context.record.raw_tables[0], manifest.load_id, best(row for row in rows if row))


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


def _delivery(context: Context) -> Delivery:
    base, origin = inbox.folder(context, _files, "valg.dk's JSON files")
    bodies: dict[str, bytes] = {}
    parsed: list[Row] = []
    for path in _files(base):
        name, body = inbox.read(path, base, KIND)
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
    elections = tuple(sorted({str(row["election_id"]) for row in rows}))
    updated = max(datetime.fromisoformat(str(row["released_at_utc"])) for row in parsed)
    summary = f"{len(rows)} polling areas of {', '.join(elections)}"
    return Delivery(origin, bodies, elections, len(rows), summary, updated)


def _files(base: Path) -> Iterator[Path]:
    """The JSON files under a folder, in order; links that leave the folder are not followed."""
    root = base.resolve()
    for path in inbox.files(base, ".json"):
        other = any(part.casefold() in LEFT_ALONE for part in path.relative_to(base).parts[:-1])
        if not other and _is_inside(path, root):
            yield path


def _is_inside(path: Path, root: Path) -> bool:
    """Whether it is a file of the folder; one that cannot be looked at is, for the reader to refuse."""
    try:
        return path.resolve().is_relative_to(root) and path.is_file()
    except (RuntimeError, OSError):
        return True
