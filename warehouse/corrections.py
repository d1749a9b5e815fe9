"""The corrections ledger: published source values that the data team corrects or drops, read and checked.

The entries stand in ``dbt_project/seeds/corrections.csv``, one per cell of a table of raw. raw stays as published; the
judging of a load and the staging models (macro ``corrected``) read through the entries. An entry names the value that
it expects, and is applied only where exactly that value is published: a figure that the provider has healed is never
overwritten. That every entry still holds is judged for each load (``expectations/corrections.py``) and for each mart
build (dbt's ``assert_corrections_hold``). The model is the corrections of owid/etl, which fail once the source heals.

Not here: a municipality's own data (the files of the inbox), which are delivered again instead, and rows that a
provider left out, which there is nothing to correct in.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from warehouse import seeds
from warehouse.db import literal, quote
from warehouse.errors import SettingsError
from warehouse.records import RawTable, Record, catalogue

FILE = "corrections.csv"
CORRECT, DROP = "correct", "drop"
MISSING = ".."
"""An expected value that says: published without a number (or text), null in raw."""

COLUMNS = (
    *("correction_id", "dataset", "table_name", "key", "column_name", "action", "expected_value", "corrected_value"),
    *("reason_da", "reason_en", "source", "decided_by", "decided_on", "data_origin"),
)
_NOT_PUBLISHED = frozenset({"file_name"})
_NUMBERS = {"count": re.compile(r"-?(0|[1-9][0-9]*)"), "decimal": re.compile(r"-?[0-9]+([.,][0-9]+)?")}
_OWN_DATA = "inbox"


@dataclass(frozen=True)
class Correction:
    """One entry: the cell, the value it expects there, and the value that stands in its place.

    ``expected`` and ``corrected`` are text with a decimal point; None is a value published as missing, or dropped.
    ``kind`` is the type of the column (text, count or decimal), ``line`` the line of the file that the entry begins on.
    """

    correction_id: str
    dataset: str
    table_name: str
    key: Mapping[str, str]
    column_name: str
    action: str
    expected: str | None
    corrected: str | None
    reason_da: str
    reason_en: str
    source: str
    decided_by: str
    decided_on: date
    data_origin: str
    kind: str
    line: int

    @property
    def cell(self) -> tuple[object, ...]:
        """What two entries may not share."""
        return self.data_origin, self.dataset, self.table_name, tuple(sorted(self.key.items())), self.column_name


def read(file: Path | None = None) -> tuple[Correction, ...]:
    """Every entry of the ledger, in the order of the file (the seed, unless another file is given).

    Raises:
        SettingsError: naming file, line and column of the first entry that cannot be what it says.
    """
    path = file or seeds.SEEDS / FILE
    entries = tuple(_entry(cells, line) for line, cells in _lines(path))
    _refuse_twice(entries)
    return entries


def entries_of(dataset: str, data_origin: str, file: Path | None = None) -> tuple[Correction, ...]:
    """The entries of a dataset for figures of that origin: a warehouse of sample figures sets official entries aside.

    Raises:
        SettingsError: as :func:`read`.
    """
    return tuple(e for e in read(file) if e.dataset == dataset and e.data_origin == data_origin)


def applied(
    dataset: str, table_name: str, key: Mapping[str, str], data_origin: str, file: Path | None = None
) -> tuple[Correction, ...]:
    """The entries on one row of a table of raw, one per corrected column; ``key`` holds the row's published codes.

    The names of the key's columns may be in any letter case, and further columns in it do no harm. ``file`` is the seed
    of a release.

    Raises:
        SettingsError: as :func:`read`.
    """
    row = {name.upper(): str(value) for name, value in key.items()}
    return tuple(
        entry
        for entry in entries_of(dataset, data_origin, file)
        if entry.table_name == table_name and all(row.get(name.upper()) == code for name, code in entry.key.items())
    )


def corrected(table: RawTable, relation: str, entries: Iterable[Correction]) -> str:
    """SQL for a relation with the columns of ``table``, its entries applied; ``relation`` itself where there are none.

    Only a cell that holds the expected value is touched.
    """
    own = sorted((e for e in entries if e.table_name == table.name), key=lambda e: e.column_name)
    if not own:
        return relation
    columns = [_replaced(name, tuple(group)) for name, group in groupby(own, key=lambda e: e.column_name)]
    return f"(select * replace ({', '.join(columns)}) from {relation})"


def _replaced(column: str, entries: tuple[Correction, ...]) -> str:
    cases = " ".join(
        f"when {_same_row(e)} and {quote(column)} is not distinct from {_typed(e.expected, e.kind)}"
        f" then {_typed(e.corrected, e.kind)}"
        for e in entries
    )
    return f"case {cases} else {quote(column)} end as {quote(column)}"


def _same_row(entry: Correction) -> str:
    """SQL for the row of an entry; of a StatBank table the period comes first, which most rows fail."""
    codes = reversed(list(entry.key.items()))
    return " and ".join(f"cast({quote(name)} as varchar) = {literal(code)}" for name, code in codes)


def _typed(value: str | None, kind: str) -> str:
    """SQL for a value in the type of its column."""
    types = {"text": "varchar", "count": "bigint", "decimal": "double"}
    return f"cast({'null' if value is None else literal(value)} as {types[kind]})"


def _wrong(what: str, line: int, column: str, next_step: str) -> SettingsError:
    where: dict[str, object] = {"file": f"dbt_project/seeds/{FILE}", "line": line}
    return SettingsError(what, where | ({"column": column} if column else {}), next_step)


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every entry; the header is exactly the columns of the ledger."""
    found: list[tuple[int, dict[str, str]]] = []
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            header, line = next(reader, []), 1
            if tuple(header) != COLUMNS:
                raise _wrong(f"The header is {','.join(header)!r}", 1, "", f"write it as {','.join(COLUMNS)}")
            while True:
                line = reader.line_num + 1
                cells = next(reader, None)
                if cells is None:
                    return found
                if len(cells) != len(COLUMNS):
                    what = f"An entry has {len(cells)} cells, not {len(COLUMNS)}"
                    raise _wrong(what, line, "", "put a cell that holds a comma in quotes, and double the quotes in it")
                found.append((line, dict(zip(COLUMNS, cells, strict=True))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(
            f"The corrections ledger cannot be read: {error}",
            {"file": f"dbt_project/seeds/{FILE}"},
            "write it as CSV in UTF-8, with a comma between cells",
        ) from None


def _entry(cells: Mapping[str, str], line: int) -> Correction:
    """One entry, checked against the catalogue."""
    for column in COLUMNS:
        if cells[column] != cells[column].strip() or (not cells[column] and column != "corrected_value"):
            what = f"The cell {column} {'has stray spaces' if cells[column] else 'is empty'}"
            raise _wrong(what, line, column, "every cell but corrected_value is filled, without spaces around it")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", cells["correction_id"]):
        what = f"{cells['correction_id']!r} cannot be the id of an entry"
        raise _wrong(what, line, "correction_id", "use small letters, digits, - and _")
    _one_of(cells, line, "data_origin", ("official", "sample"))
    _one_of(cells, line, "action", (CORRECT, DROP))
    table = _table(cells, line)
    kind = _kind(cells, line, table)
    expected, new = _values(cells, line, kind)
    return Correction(
        correction_id=cells["correction_id"],
        dataset=cells["dataset"],
        table_name=table.name,
        key=_key(cells, line, table),
        column_name=cells["column_name"],
        action=cells["action"],
        expected=expected,
        corrected=new,
        reason_da=cells["reason_da"],
        reason_en=cells["reason_en"],
        source=cells["source"],
        decided_by=cells["decided_by"],
        decided_on=_day(cells, line),
        data_origin=cells["data_origin"],
        kind=kind,
        line=line,
    )


def _one_of(cells: Mapping[str, str], line: int, column: str, known: Iterable[str]) -> None:
    if cells[column] not in known:
        raise _wrong(f"There is no {column} {cells[column]!r}", line, column, f"choose one of: {', '.join(known)}")


def correctable(record: Record) -> bool:
    """Whether values of a dataset may be corrected here: not a municipality's own data, nor data of single persons."""
    return record.provider != _OWN_DATA and not any(table.personal for table in record.raw_tables)


def correctable_columns(table: RawTable) -> tuple[str, ...]:
    """The columns of a table that hold published values: neither its key nor what the warehouse noted itself."""
    return tuple(c for c in table.columns if c not in {*table.key, *_NOT_PUBLISHED, table.period_column})


def _table(cells: Mapping[str, str], line: int) -> RawTable:
    records = {name: record for name, record in catalogue().items() if correctable(record)}
    if cells["dataset"] in catalogue() and cells["dataset"] not in records:
        what = f"{cells['dataset']} is the municipality's own data, which is not corrected here"
        raise _wrong(what, line, "dataset", "have the file delivered again, corrected, into the inbox")
    _one_of(cells, line, "dataset", records)
    tables = {table.name: table for table in records[cells["dataset"]].raw_tables}
    _one_of(cells, line, "table_name", tables)
    return tables[cells["table_name"]]


def _kind(cells: Mapping[str, str], line: int, table: RawTable) -> str:
    _one_of(cells, line, "column_name", correctable_columns(table))
    return table.columns[cells["column_name"]]


def _key(cells: Mapping[str, str], line: int, table: RawTable) -> Mapping[str, str]:
    example = "write a JSON object of " + ", ".join(table.key) + ", each with its code as published, in quotes"
    try:
        pairs = json.loads(cells["key"], object_pairs_hook=list)
    except ValueError as error:
        raise _wrong(f"The key is not JSON: {error}", line, "key", example) from None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise _wrong("The key is not a JSON object", line, "key", example)
    key = dict(pairs)
    if len(key) != len(pairs) or set(key) != set(table.key):
        got = ", ".join(str(name) for name, _ in pairs) or "nothing"
        raise _wrong(f"The key names {got}; {table.name} has {', '.join(table.key)}", line, "key", example)
    wrong = [name for name, code in pairs if not isinstance(code, str) or not code]
    if wrong:
        raise _wrong(f"The key has no text for {', '.join(wrong)}", line, "key", example)
    return {name: key[name] for name in table.key}


def _values(cells: Mapping[str, str], line: int, kind: str) -> tuple[str | None, str | None]:
    expected = None if cells["expected_value"] == MISSING else _value(cells, line, "expected_value", kind)
    if cells["action"] == DROP:
        if cells["corrected_value"]:
            raise _wrong("A dropped value has a corrected value", line, "corrected_value", "leave it empty, or correct")
        if expected is None:
            raise _wrong("A value published as missing is dropped", line, "expected_value", "remove the entry")
        return expected, None
    if cells["corrected_value"] in {"", MISSING}:
        raise _wrong("There is no corrected value", line, "corrected_value", "write it, or use the action drop")
    new = _value(cells, line, "corrected_value", kind)
    if new == expected or (kind == "decimal" and expected is not None and float(new) == float(expected)):
        raise _wrong("The corrected value is the expected one", line, "corrected_value", "remove the entry")
    return expected, new


def _value(cells: Mapping[str, str], line: int, column: str, kind: str) -> str:
    """The value as text, a decimal comma turned into a point."""
    value = cells[column]
    if kind == "text":
        return value
    if not _NUMBERS[kind].fullmatch(value):
        what = f"{value!r} is no value of {cells['column_name']}, which holds a {kind}"
        raise _wrong(what, line, column, f"write a plain number, with no separator of thousands (or {MISSING})")
    return value.replace(",", ".")


def _day(cells: Mapping[str, str], line: int) -> date:
    try:
        return date.fromisoformat(cells["decided_on"])
    except ValueError:
        what = f"{cells['decided_on']!r} is no day"
        raise _wrong(what, line, "decided_on", "write it as 2026-01-31") from None


def _refuse_twice(entries: tuple[Correction, ...]) -> None:
    ids: dict[str, int] = {}
    cells: dict[tuple[object, ...], Correction] = {}
    for entry in entries:
        if entry.correction_id in ids:
            what = f"The id {entry.correction_id} stands in line {ids[entry.correction_id]} too"
            raise _wrong(what, entry.line, "correction_id", "give every entry an id of its own")
        ids[entry.correction_id] = entry.line
        other = cells.setdefault(entry.cell, entry)
        if other is not entry:
            what = f"The entry {other.correction_id} (line {other.line}) is on the same cell"
            raise _wrong(what, entry.line, "key", "keep one entry for each cell")
