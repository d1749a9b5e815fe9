"""A hand-delivered CSV file as text: strict about its form, silent about its cells.

UTF-8 with or without a byte order mark, comma or semicolon, a header, as many cells in every row. A CPR-like value
anywhere refuses the file before anything else is said about it. What the cells mean is the kind's business.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from ingestion.cpr import cpr_position, looks_like_cpr
from ingestion.inbox import refused
from warehouse.db import literal

DELIMITERS = (";", ",")
SHOWN = 60
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class Sheet:
    """A CSV file that has been taken apart: ``rows`` are (line, cells), the header is line 1."""

    kind: str
    file: str
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def scan(self, path: str, types: list[str]) -> str:
        """SQL that lets DuckDB read the landed bytes: one column per header, named ``c0``, ``c1`` … in file order."""
        columns = ", ".join(f"{literal(f'c{i}')}: {literal(name)}" for i, name in enumerate(types))
        return (
            f"read_csv({literal(path)}, compression = 'zstd', delim = {literal(self.delimiter)}, header = true, "
            f"columns = {{{columns}}}, auto_detect = false, quote = '\"', escape = '\"', nullstr = '', "
            "strict_mode = true)"
        )


def read_sheet(body: bytes, kind: str, file: str, known: Callable[[str], bool]) -> Sheet:
    """Take a CSV file apart. ``known`` tells the names of columns: what is none may be a cell, and is not quoted.

    Raises:
        LoadRejected: not UTF-8, empty, without a header or rows, ragged, with line breaks in cells, or with a CPR-like
            value; naming file, line and, where it is a cell, column. No cell is quoted.
    """
    text = _text(body, kind, file)
    delimiter = _delimiter(text)
    _no_cpr(text, delimiter, kind, file, known)
    ends = Counter(_LINE_END.findall(text))
    if len(ends) > 1:
        raise refused(kind, file, "its lines end in different ways; save it again with one kind of line end")
    sheet = _parsed(text, delimiter, kind, file)
    _header(sheet)
    for line, cells in sheet.rows:
        if len(cells) != len(sheet.header):
            what = f"a row of {len(cells)} cells under a header of {len(sheet.header)}" if cells else "an empty line"
            raise refused(kind, file, what, line=line)
        for column, cell in zip(sheet.header, cells, strict=True):
            if _CONTROL.search(cell):
                raise refused(kind, file, "a cell holds a line break or control character", line=line, column=column)
    if not sheet.rows:
        raise refused(kind, file, "it has no row under its header")
    return sheet


def shown(text: str) -> str:
    """A short quotation."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def read_error(kind: str, file: str, error: duckdb.Error | UnicodeDecodeError) -> Exception:
    """The error of a landed file that DuckDB does not read: its message may hold cells, and is not handed on."""
    return refused(
        kind, file, f"DuckDB does not read it as it was checked ({type(error).__name__})", "save it again as plain CSV"
    )


def _text(body: bytes, kind: str, file: str) -> str:
    if b"\0" in body:
        line = body.count(b"\n", 0, body.index(b"\0")) + 1
        raise refused(kind, file, "it holds NUL bytes: it is no UTF-8 text; save it as CSV UTF-8", line=line)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise refused(kind, file, "it is not UTF-8; save it as CSV UTF-8", line=line) from None
    if not text.strip():
        raise refused(kind, file, "it is empty")
    return text


def _delimiter(text: str) -> str:
    """The one that parts the first line into more cells."""
    first = _LINE_END.split(text, maxsplit=1)[0]
    return max(DELIMITERS, key=first.count)


def _no_cpr(text: str, delimiter: str, kind: str, file: str, known: Callable[[str], bool]) -> None:
    """Find the place of a CPR-like value in lenient reading; the file may be broken in other ways too."""
    what = "a value that looks like a CPR number (not quoted here)"
    position = cpr_position(text)
    header: list[str] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            break
        if cells is None:
            break
        for place, cell in enumerate(cells):
            if looks_like_cpr(cell):
                name = header[place] if header and place < len(header) else ""
                raise refused(kind, file, what, line=line, column=name if known(name) else f"number {place + 1}")
        header = cells if header is None else header
    if position is not None:
        before = text[:position]
        line = len(_LINE_END.findall(before)) + 1
        raise refused(kind, file, what, line=line, column="unknown")


def _parsed(text: str, delimiter: str, kind: str, file: str) -> Sheet:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, tuple[str, ...]]] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            raise refused(kind, file, "it is no proper CSV (quotes)", line=line) from None
        rows.append((line, tuple(cells)))
    return Sheet(kind, file, delimiter, rows[0][1], tuple(rows[1:]))


def _header(sheet: Sheet) -> None:
    seen: set[str] = set()
    for place, name in enumerate(sheet.header, start=1):
        wrong = "a line break or control character" if _CONTROL.search(name) else ""
        wrong = "the name of a column before it" if name.casefold() in seen else wrong
        if wrong:
            raise refused(sheet.kind, sheet.file, f"the header holds {wrong}", line=1, column=f"number {place}")
        seen.add(name.casefold())
