"""Writing an extract as BULK, CSV or JSON-stat, byte for byte in the form of Statistics Denmark.

Delimited text is made in blocks of at most some ten thousand rows, so memory stays flat however large the
answer is. Metadata answers (subjects, tables, tableinfo) are in `metadata`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from math import prod
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from sample_providers.arithmetic import Ints
from sample_providers.query import Column, DataRequest, Extract, block
from sample_providers.table import MISSING, Value

BLOCK_ROWS = 40_000
BOM = b"\xef\xbb\xbf"


def cell(value: Value, presentation: str, lang: str) -> str:
    """A value as it stands in a cell, for one of the presentations."""
    text = value.text(lang)
    return {
        "CODE": value.code,
        "CODEANDVALUE": f"{value.code} {text}",
        "VALUEANDCODE": f"{text} {value.code}",
    }.get(presentation, text)


def numbers(figures: list[int], decimals: int, comma: str) -> list[str]:
    """Scaled figures as published: the decimals of the table, `..` for a missing one."""
    if not decimals:
        return [".." if figure == MISSING else str(figure) for figure in figures]
    scale = 10**decimals
    return [".." if f == MISSING else f"{f / scale:.{decimals}f}".replace(".", comma) for f in figures]


def delimited(found: Extract, request: DataRequest) -> Iterator[bytes]:
    """The body of a BULK or CSV answer in pieces: BULK without BOM and without rows of 0."""
    names = [column.variable.id.upper() for column in found.columns]
    header = request.delimiter.join([*names, "INDHOLD"]) + "\r\n"
    yield (b"" if request.streaming else BOM) + header.encode()
    comma = "," if request.lang == "da" else "."
    split = _split(found.columns)
    outer, inner = found.columns[:split], found.columns[split:]
    tails = [_joined(parts, request) for parts in product(*(_cells(column, request) for column in inner))]
    for places in product(*(range(len(column.choices)) for column in outer)):
        heads = [_cells(column, request)[place] for column, place in zip(outer, places, strict=True)]
        head = _joined(heads, request)
        figures = _block_at(found.cube, outer, inner, places)
        kept = np.flatnonzero(figures) if request.streaming else np.arange(len(figures))
        texts = numbers(figures[kept].tolist(), found.table.decimals, comma)
        chosen = (tails[row] for row in kept.tolist())
        yield "".join([f"{head}{tail}{text}\r\n" for tail, text in zip(chosen, texts, strict=True)]).encode()


def _joined(cells: Any, request: DataRequest) -> str:
    return "".join(text + request.delimiter for text in cells)


def _cells(column: Column, request: DataRequest) -> list[str]:
    return [cell(choice.value, request.presentation, request.lang) for choice in column.choices]


def _split(columns: list[Column]) -> int:
    """How many leading columns to loop over, so that the rest makes blocks of at most BLOCK_ROWS rows."""
    for split in range(len(columns)):
        if prod(len(column.choices) for column in columns[split:]) <= BLOCK_ROWS:
            return split
    return len(columns)


def _block_at(cube: Ints, outer: list[Column], inner: list[Column], places: tuple[int, ...]) -> Ints:
    """The figures of one combination of outer choices, flat, in the order of the rows."""
    for column, place in zip(outer, places, strict=True):
        choice = column.choices[place]
        cube = (
            cube[choice.positions[0]]
            if len(choice.positions) == 1
            else block(cube, [Column(column.variable, [choice])])[0]
        )
    return block(cube, inner).reshape(-1)


def jsonstat(found: Extract, request: DataRequest) -> bytes:
    """The body of a JSON-stat answer: one `dataset`, with ContentsCode before the time dimension."""
    table, lang = found.table, request.lang
    time = [column for column in found.columns if column.variable.time]
    others = [column for column in found.columns if not column.variable.time]
    columns = others + time
    contents = {
        "label": "Indhold",
        "category": {
            "index": {table.id: 0},
            "label": {table.id: table.text(lang)},
            "unit": {table.id: {"base": _unit(found, lang), "decimals": table.decimals}},
        },
    }
    ids = [*(c.variable.id for c in others), "ContentsCode", *(c.variable.id for c in time)]
    sizes = [*(len(c.choices) for c in others), 1, *(len(c.choices) for c in time)]
    dimensions = {column.variable.id: _dimension(column, lang) for column in columns}
    dimension: dict[str, Any] = {name: dimensions.get(name, contents) for name in ids}
    dimension |= {"id": ids, "size": sizes}
    dimension["role"] = {"metric": ["ContentsCode"], "time": [column.variable.id for column in time]}
    order = [found.columns.index(column) for column in columns]
    figures = block(found.cube.transpose(order), columns).reshape(-1).tolist()
    dataset = {
        "dimension": dimension,
        "label": _label(found, ids, lang),
        "source": "Statistics Denmark" if lang == "en" else "Danmarks Statistik",
        "updated": _utc(table.updated),
        "value": [_plain(figure, table.decimals) for figure in figures],
        "extension": {"px": _px(found, lang)},
    }
    return json.dumps({"dataset": dataset}, ensure_ascii=False, separators=(",", ":")).encode()


def _unit(found: Extract, lang: str) -> str:
    return found.table.unit_en if lang == "en" else found.table.unit_da


def _plain(figure: int, decimals: int) -> float | None:
    if figure == MISSING:
        return None
    return figure / 10**decimals if decimals else figure


def _dimension(column: Column, lang: str) -> dict[str, Any]:
    values = [choice.value for choice in column.choices]
    return {
        "label": column.variable.text(lang),
        "category": {
            "index": {value.code: place for place, value in enumerate(values)},
            "label": {value.code: value.text(lang) for value in values},
        },
    }


def _label(found: Extract, ids: list[str], lang: str) -> str:
    texts = {column.variable.id: column.variable.text(lang) for column in found.columns}
    names = [texts.get(name, "Indhold") for name in ids]
    by, last = ("by", "and") if lang == "en" else ("efter", "og")
    return f"{found.table.text(lang)} {by} {', '.join(names[:-1])} {last} {names[-1]}"


def _px(found: Extract, lang: str) -> dict[str, Any]:
    page = "documentationofstatistics" if lang == "en" else "statistikdokumentation"
    table = found.table
    infofile = f"https://www.dst.dk/{page}/{table.documentation}"
    return {"infofile": infofile, "tableid": table.id, "decimals": table.decimals}


def _utc(updated: str) -> str:
    """Local Danish time without a zone ('2026-08-11T08:00:00') as UTC ('2026-08-11T06:00:00Z')."""
    local = datetime.fromisoformat(updated).replace(tzinfo=ZoneInfo("Europe/Copenhagen"))
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
