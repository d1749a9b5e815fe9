"""The faults that can happen to a file of the inbox: `spoil_inbox` spoils the sample files of one kind.

Faults of a connection cannot happen to a file; `why_not_a_file` says so. The names are those of ``faults``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sample_providers.faults import FAULTS
from sample_providers.spoil import NEW_TEXT, OFF, WEB_PAGE, latin1, utf16

KINDS = ("danish_tests", "turnout_by_origin", "interviews", "valgdatabase", "valg_dk")
_NO_REQUEST = "a file is read from the inbox, no request is made"
_WIRE = {name for name in FAULTS if name.startswith(("busy", "errors", "silent", "drip")) or name.endswith("_once")}
_NO_TOTALS = "its files hold no totals"
_IDLE: dict[tuple[str, str], str] = {
    **{(kind, "closed_table"): "a file is of no table that could be closed" for kind in KINDS},
    **{(kind, "renamed_variable"): "a file has no description but its columns" for kind in KINDS},
    **{(kind, "relabelled_code"): "its codes come without texts" for kind in KINDS},
    **{(kind, "skew_ahead"): "the files do not say when they were made" for kind in KINDS},
    **{(kind, "skew_back"): "the files do not say when they were made" for kind in KINDS},
    **{(kind, "revision_always"): "the files are read once, and what was read is what is landed" for kind in KINDS},
    ("danish_tests", "latin1"): "its sample file is plain ASCII",
    ("turnout_by_origin", "latin1"): "its sample files are plain ASCII",
    ("danish_tests", "totals_off"): _NO_TOTALS,
    ("interviews", "totals_off"): _NO_TOTALS,
    (
        "valgdatabase",
        "missing_period",
    ): "an election is a file of its own: one that is gone is not delivered, not short",
    ("valg_dk", "missing_period"): "an election is a folder of its own: one that is gone is not delivered, not short",
}
_APPLIES = {("valgdatabase", "relabelled_code"), ("valg_dk", "skew_ahead"), ("valg_dk", "skew_back")}

Rows = list[list[str]]


def why_not_a_file(fault: str, kind: str) -> str:
    """Why a fault cannot happen to a file of the kind; empty where it can."""
    if fault == "revision_once" or (kind, fault) in _APPLIES:
        return ""
    return _NO_REQUEST if fault in _WIRE else _IDLE.get((kind, fault), "")


def spoil_inbox(folder: Path, fault: str, kind: str) -> list[Path]:
    """Spoil the files of a kind under an inbox; those that were changed or taken away.

    Raises:
        ValueError: the fault cannot happen to a file of the kind.
    """
    reason = why_not_a_file(fault, kind)
    if reason:
        raise ValueError(f"{fault} cannot happen to {kind}: {reason}")
    paths = sorted(path for path in (folder / kind).rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in paths}
    if fault in _BYTES:
        spoilt: dict[Path, bytes | None] = {paths[-1]: _BYTES[fault](before[paths[-1]])}
    else:
        spoilt = dict(_valg_dk(before, fault) if kind == "valg_dk" else _csv(before, fault, kind))
    for path, body in spoilt.items():
        if body is None:
            path.unlink()
        else:
            path.write_bytes(body)
    return [path for path, body in spoilt.items() if body != before[path]]


def _cut(body: bytes) -> bytes:
    """Without the end of its last line."""
    last = body.rstrip(b"\r\n").rpartition(b"\n")[2]
    return body[: len(body.rstrip(b"\r\n")) - len(last) + len(last) // 3]


_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "cut_always": _cut,
    "html_always": lambda _: WEB_PAGE,
    "empty_always": lambda _: b"",
    "latin1": latin1,
    "utf16": utf16,
}


# CSV -------------------------------------------------------------------------------------------------------------


def _csv(before: dict[Path, bytes], fault: str, kind: str) -> Iterator[tuple[Path, bytes | None]]:
    places = list(before) if fault in {"missing_area", "missing_period"} else list(before)[-1:]
    tables = {path: _read(before[path]) for path in places}
    for path, rows in _SPOILT[fault](tables, kind).items():
        yield path, _written(before[path], rows) if len(rows) > 1 else None


def _read(body: bytes) -> Rows:
    mark = ";" if b";" in body.split(b"\n", 1)[0] else ","
    return [line.split(mark) for line in body.decode("utf-8-sig").splitlines()]


def _written(before: bytes, rows: Rows) -> bytes:
    mark = ";" if b";" in before.split(b"\n", 1)[0] else ","
    end = "\r\n" if b"\r\n" in before else "\n"
    return b"\xef\xbb\xbf" * before.startswith(b"\xef\xbb\xbf") + "".join(mark.join(r) + end for r in rows).encode()


def _each(change: Callable[[Rows, str], Rows]) -> Callable[[dict[Path, Rows], str], dict[Path, Rows]]:
    return lambda tables, kind: {path: change(rows, kind) for path, rows in tables.items()}


def _without(column: dict[str, str]) -> Callable[[dict[Path, Rows], str], dict[Path, Rows]]:
    """Without the rows that have the greatest value in a column, in all files together."""

    def change(tables: dict[Path, Rows], kind: str) -> dict[Path, Rows]:
        place = {path: rows[0].index(column[kind]) for path, rows in tables.items()}
        gone = max(row[place[path]] for path, rows in tables.items() for row in rows[1:])
        return {p: [rows[0], *(row for row in rows[1:] if row[place[p]] != gone)] for p, rows in tables.items()}

    return change


def _named(rows: Rows, column: str, change: Callable[[str], str], line: int = -1) -> Rows:
    place = rows[0].index(column)
    changed = [*rows[line][:place], change(rows[line][place]), *rows[line][place + 1 :]]
    return [changed if row is rows[line] else row for row in rows]


def _off(rows: Rows, kind: str) -> Rows:
    """A part above its total; in the election database an area without citizens, but with immigrants."""
    if kind == "turnout_by_origin":
        row = dict(zip(rows[0], rows[2], strict=True))
        return [*rows, list({**row, "ancestry": "total", "eligible_voters": row["votes_cast"]}.values())]
    return [rows[0], [*rows[1][:5], *("0" for _ in rows[1][5:])], *rows[2:]]


def _headed(rows: Rows, group: str) -> Rows:
    """With another country group in the names of the columns."""
    return [[cell.replace("03. Tyrkiet", group) for cell in rows[0]], *rows[1:]]


_AREA = {
    "danish_tests": "municipality_code",
    "turnout_by_origin": "municipality_code",
    "interviews": "community_id",
    "valgdatabase": "ValgstedId",
}
_PERIOD = {"danish_tests": "year", "turnout_by_origin": "election_id", "interviews": "wave_id"}
_CODE = {"danish_tests": "origin", "turnout_by_origin": "origin", "interviews": "origin_group"}
_SPOILT: dict[str, Callable[[dict[Path, Rows], str], dict[Path, Rows]]] = {
    "short_body": _each(lambda rows, _: rows[:-1]),
    "duplicate_rows": _each(lambda rows, _: [*rows, rows[-1]]),
    "changed_columns": _each(lambda rows, _: [[*rows[0][:-1], '"ny"'], *rows[1:]]),
    "new_code": _each(
        lambda rows, kind: _named(rows, _CODE[kind], lambda _: "ny") if kind in _CODE else _headed(rows, "98. Ny")
    ),
    "relabelled_code": _each(lambda rows, _: _headed(rows, f"03. {NEW_TEXT}")),
    "totals_off": _each(_off),
    "missing_area": _without(_AREA),
    "missing_period": _without(_PERIOD),
    "revision_once": _each(lambda rows, _: rows),
}


# valg.dk ---------------------------------------------------------------------------------------------------------


def _valg_dk(before: dict[Path, bytes], fault: str) -> Iterator[tuple[Path, bytes | None]]:
    turnout = [path for path in before if path.parent.name == "valgdeltagelse"]
    final = [path for path in before if path.parent.name == "valgresultater"]
    if fault == "missing_area":
        yield turnout[-1], None
    elif fault == "duplicate_rows":
        yield turnout[-1], _document(before[turnout[-1]], lambda d: d["Valgdeltagelse"].append(d["Valgdeltagelse"][-1]))
    elif fault != "revision_once":
        path = final[-1] if fault == "totals_off" else turnout[-1]
        yield path, _document(before[path], _VALG_DK[fault])


def _document(body: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(body)
    change(document)
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


_VALG_DK: dict[str, Callable[[dict[str, Any]], object]] = {
    "short_body": lambda document: document["Valgdeltagelse"].pop(),
    "changed_columns": lambda document: [c.update(Stemmer=c.pop("AfgivneStemmer")) for c in document["Valgdeltagelse"]],
    "new_code": lambda document: document.update(Kommunekode=998),
    "totals_off": lambda document: document.update(AfgivneStemmer=document["AntalStemmeberettigedeVælgere"] + OFF),
    "skew_ahead": lambda document: document.update(FrigivelsesTidspunktUTC="18-11-2041 19:10:00"),
    "skew_back": lambda document: document.update(FrigivelsesTidspunktUTC="18-11-2009 19:10:00"),
}
