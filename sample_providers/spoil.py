"""How an answer of each provider is spoilt: a body in, a body out. Which fault does what is ``faults``'.

Every spoilt body is well formed unless the fault is about its form, and is sent with a length of its own: nothing but
what it says is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

Spoil = Callable[[bytes], bytes]
FIGURES, DESCRIPTION = "figures", "description"
BOM = b"\xef\xbb\xbf"
NEW_TEXT = "Nyt i denne udgave"
OFF = 10
WEB_PAGE = b"<!DOCTYPE html>\r\n<html><body>Siden er under vedligehold</body></html>\r\n"
_STATBANK_AREAS = ("OMRÅDE", "BOPOMR", "SOGN")
_FOCUS = ("151", "7146")


def _last_part(rows: Sequence[object]) -> int:
    """How many rows a silently short answer lacks: a hundredth, and one at least."""
    return max(1, len(rows) // 100)


def latin1(body: bytes) -> bytes:
    """The body in ISO 8859-1."""
    return body.decode("utf-8-sig").encode("latin-1", "replace")


def utf16(body: bytes) -> bytes:
    """The body in UTF-16 with a byte order mark."""
    return body.decode("utf-8-sig").encode("utf-16")


# StatBank: BULK lines, and the JSON of tableinfo ---------------------------------------------------------------


def _lines(change: Callable[[list[str], list[list[str]]], list[list[str]]]) -> Spoil:
    def spoil(body: bytes) -> bytes:
        header, *rows = [line.split(";") for line in body.decode("utf-8-sig").split("\r\n")[:-1]]
        return "".join(";".join(row) + "\r\n" for row in [header, *change(header, rows)]).encode()

    return spoil


def _without_last_area(header: list[str], rows: list[list[str]]) -> list[list[str]]:
    column = next(place for place, name in enumerate(header) if name in _STATBANK_AREAS)
    return [row for row in rows if row[column] != rows[-1][column]]


def _without_last_period(_: list[str], rows: list[list[str]]) -> list[list[str]]:
    newest = max(row[-2] for row in rows)
    return [row for row in rows if row[-2] != newest]


def _off(_: list[str], rows: list[list[str]]) -> list[list[str]]:
    place = next((n for n, row in enumerate(rows) if set(_FOCUS) & set(row[:-1]) and row[-1] != ".."), 0)
    whole, comma, rest = rows[place][-1].partition(",")
    changed = [*rows[place][:-1], f"{int(whole) + OFF}{comma}{rest}"]
    return [*rows[:place], changed, *rows[place + 1 :]]


def _info(change: Callable[[dict[str, Any]], None]) -> Spoil:
    def spoil(body: bytes) -> bytes:
        document = json.loads(body)
        change(document)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    return spoil


def _coded(info: dict[str, Any]) -> list[dict[str, str]]:
    """The values of the origin, or of the areas where there is no origin."""
    names = {variable["id"]: variable["values"] for variable in info["variables"]}
    found: list[dict[str, str]] = names.get("HERKOMST") or names["OMRÅDE"]
    return found


STATBANK: dict[str, tuple[str, Spoil]] = {
    "short_body": (FIGURES, _lines(lambda _, rows: rows[: -_last_part(rows)])),
    "missing_period": (FIGURES, _lines(_without_last_period)),
    "missing_area": (FIGURES, _lines(_without_last_area)),
    "changed_columns": (FIGURES, lambda body: body.replace(b";INDHOLD\r\n", b";ANTAL\r\n", 1)),
    "duplicate_rows": (FIGURES, _lines(lambda _, rows: [*rows, rows[-1]])),
    "totals_off": (FIGURES, _lines(_off)),
    "renamed_variable": (DESCRIPTION, _info(lambda info: info["variables"][0].update(id="NYT_NAVN"))),
    "new_code": (DESCRIPTION, _info(lambda info: _coded(info).append({"id": "998877", "text": NEW_TEXT}))),
    "relabelled_code": (DESCRIPTION, _info(lambda info: _coded(info)[-1].update(text=NEW_TEXT))),
    "closed_table": (DESCRIPTION, _info(lambda info: info.update(active=False))),
}


# Elections: the XML of an index and of a place -----------------------------------------------------------------


def _once(pattern: bytes, new: bytes | Callable[[re.Match[bytes]], bytes]) -> Spoil:
    return lambda body: re.sub(pattern, new, body, count=1)


def _last_area(change: Callable[[bytes], bytes]) -> Spoil:
    """Changes the last polling area of an index."""

    def spoil(body: bytes) -> bytes:
        last = re.findall(rb"    <Afstemningsomraade .*</Afstemningsomraade>\r\n", body)[-1]
        return body.replace(last, change(last))

    return spoil


def _voters_off(match: re.Match[bytes]) -> bytes:
    return match[1] + b"%d" % (int(match[2]) + OFF)


ELECTIONS: dict[str, tuple[str, Spoil]] = {
    "short_body": (FIGURES, _once(rb"    <IAltAfgivneStemmer>.*\r\n", b"")),
    "missing_area": (DESCRIPTION, _last_area(lambda _: b"")),
    "changed_columns": (FIGURES, lambda body: body.replace(b"Stemmeberettigede>", b"Vaelgere>")),
    "duplicate_rows": (DESCRIPTION, _last_area(lambda area: area * 2)),
    "totals_off": (FIGURES, _once(rb"(<Stemmeberettigede>)(\d+)", _voters_off)),
    "renamed_variable": (DESCRIPTION, lambda body: body.replace(b"opstillingskreds_id=", b"kreds_nr=")),
    "new_code": (
        DESCRIPTION,
        _last_area(lambda area: area + re.sub(rb'(afstemningsomraade_id="|fintal_)\d+', rb"\g<1>999999", area)),
    ),
    "relabelled_code": (FIGURES, _once(rb">[^<]+</Sted>", f">{NEW_TEXT}</Sted>".encode())),
}


# The education ministry: lists of rows and of members ----------------------------------------------------------


def _document(change: Callable[[Any], Any]) -> Spoil:
    def spoil(body: bytes) -> bytes:
        return BOM * body.startswith(BOM) + json.dumps(change(json.loads(body.decode("utf-8-sig")))).encode()

    return spoil


def _rows(change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> Spoil:
    return _document(lambda rows: change(rows) if rows else rows)


def _key(row: dict[str, str], word: str) -> str:
    return next((name for name in row if word in name), "")


def _without_last(word: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        key = _key(rows[-1], word)
        gone = max(row[key] for row in rows if row[key][0] != "<") if key else ""
        return [row for row in rows if not key or row[key] != gone]

    return change


def _short(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Without the last rows that are not about unknown pupils: of those nobody asks."""
    known = [place for place, row in enumerate(rows) if "<uoplyst>" not in row.values()]
    gone = set(known[-_last_part(rows) :])
    return [row for place, row in enumerate(rows) if place not in gone]


def _pupils_off(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    key = _key(rows[0], "Antal")
    if not _key(rows[0], "kommune"):
        return rows  # the country, which is to be the total
    return [{**rows[0], key: f"{int(rows[0][key].replace('.', '')) + OFF:,}".replace(",", ".")}, *rows[1:]]


def _texts(old: str, new: str) -> Spoil:
    """Another text wherever it stands, whether the answer escapes its letters or not."""
    pairs = [(old, new), (json.dumps(old)[1:-1], json.dumps(new)[1:-1])]

    def spoil(body: bytes) -> bytes:
        for before, after in pairs:
            body = body.replace(before.encode(), after.encode())
        return body

    return spoil


_SHARE = "Andel elever med mindst 2"
EDUCATION: dict[str, tuple[str, Spoil]] = {
    "short_body": (FIGURES, _rows(_short)),
    "missing_period": (FIGURES, _rows(_without_last("Skoleår"))),
    "missing_area": (FIGURES, _rows(_without_last("kommune"))),
    "changed_columns": (FIGURES, _texts(_SHARE, "Del af elever med mindst 2")),
    "duplicate_rows": (FIGURES, _rows(lambda rows: [*rows, rows[-1]])),
    "totals_off": (FIGURES, _rows(_pupils_off)),
    "renamed_variable": (DESCRIPTION, _texts("[Herkomst].", "[Baggrund].")),
    "new_code": (FIGURES, _rows(lambda rows: [*rows, {**rows[0], _key(rows[0], "Herkomst"): NEW_TEXT}])),
    "relabelled_code": (DESCRIPTION, _texts('"Ikke-vestlig"', f'"{NEW_TEXT}"')),
    "closed_table": (DESCRIPTION, _texts('"KARADM"', '"KARADM_2"')),
}


# Jobindsats: a table of rows, and the hierarchies that it has ---------------------------------------------------


def _table(change: Callable[[list[list[Any]]], list[list[Any]]]) -> Spoil:
    return _document(lambda document: {**document, "rows": change(document["rows"])})


def _persons_off(rows: list[list[Any]]) -> list[list[Any]]:
    return [[*rows[0][:-3], rows[0][-3] + OFF, *rows[0][-2:]], *rows[1:]]


JOBINDSATS: dict[str, tuple[str, Spoil]] = {
    "short_body": (FIGURES, _table(lambda rows: rows[: -_last_part(rows)])),
    "missing_period": (FIGURES, _table(lambda rows: [row for row in rows if row[0] != max(r[0] for r in rows)])),
    "missing_area": (FIGURES, _table(lambda rows: [row for row in rows if row[1] != rows[-1][1]])),
    "changed_columns": (FIGURES, _texts("Antal fuldtidspersoner", "Antal helårspersoner")),
    "duplicate_rows": (FIGURES, _table(lambda rows: [*rows, rows[-1]])),
    "totals_off": (FIGURES, _table(_persons_off)),
    "renamed_variable": (DESCRIPTION, _texts('"_nykom"', '"_kommune"')),
    "new_code": (FIGURES, _table(lambda rows: [*rows, [*rows[0][:3], NEW_TEXT, *rows[0][4:]]])),
    "relabelled_code": (FIGURES, _texts("Indvandrere fra ikke-vestlige lande", NEW_TEXT)),
    "closed_table": (DESCRIPTION, _texts('"ptv_a02"', '"ptv_a02_old"')),
}

# Where each provider says when its figures were made.
UPDATED: dict[str, bytes] = {
    "statbank": rb'("updated":")[^"]*',
    "elections": rb"(<SenestDannetIso>)[^<]*",
    "jobindsats": rb'("update_latest":")[^"]*',
}


def moved(provider: str, moment: str) -> Spoil:
    """A description whose figures were made at another moment (ISO, Danish time)."""
    return lambda body: re.sub(UPDATED[provider], rb"\g<1>" + moment.encode(), body)
