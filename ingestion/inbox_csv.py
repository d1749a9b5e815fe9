"""Hand-delivered CSV files of our own kinds: turnout by origin, interviews, Danish tests.

Every file of a kind is read and checked before anything is stored; one bad file refuses the delivery. What the cells
may be is ``inbox_kinds``'; how a file is taken apart is ``sheet``'s. Single answers stay in landing and build database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion import inbox
from ingestion.common import Context, Look
from ingestion.inbox import Delivery, refused
from ingestion.inbox_kinds import KINDS, Kind, Placed, cell_fault, delivery_fault
from ingestion.sheet import Sheet, read_error, read_sheet, shown
from warehouse.db import literal, quote
from warehouse.landing import Manifest, open_payload
from warehouse.raw_views import load_table
from warehouse.records import RawTable

SUFFIX = ".csv"


def look(context: Context) -> Look:
    """What lies in the inbox, and whether it is other than what was promoted last.

    Raises:
        NotDelivered: no file.
        LoadRejected: a file is refused.
    """
    inbox.tell_unknown(context.settings)
    return inbox.look_of(context, _delivery(context))


def state_of(context: Context) -> datetime | None:
    """None: the files do not say when they were made."""
    inbox.folder(context, _files)
    return None


def land(context: Context) -> Manifest | None:
    """Copy the delivery into the landing, byte for byte; None where it was promoted already.

    Raises:
        NotDelivered, LoadRejected: as :func:`look`.
    """
    return inbox.land_delivery(context, _delivery(context))


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into the table of its kind, through DuckDB's own CSV reader; the rows loaded.

    Raises:
        LoadRejected: a landed file does not pass the checks any more.
    """
    table, kind = context.record.raw_tables[0], manifest.dataset
    name = load_table(table, manifest.load_id)
    definition = ", ".join(f"{quote(column)} {table.sql_type(column)}" for column in table.columns)
    connection.execute(f"drop table if exists {name}")
    connection.execute(f"create table {name} ({definition})")
    for landed, file in zip(manifest.files, manifest.request["files"], strict=True):
        path = manifest.folder(context.settings) / f"{landed.name}.zst"
        with open_payload(path) as stream:
            sheet = _sheet(stream.read(), kind, file)
        try:
            connection.execute(f"insert into {name} {_select(table, sheet, path)}")
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise read_error(kind, file, error) from None
    row = connection.execute(f"select count(*) from {name}").fetchone()
    return int(row[0]) if row else 0


def parse(body: bytes, kind: str, file: str) -> list[Placed]:
    """The rows of one file, each cell checked.

    Raises:
        LoadRejected: naming file, line and column.
    """
    sheet, rules = _sheet(body, kind, file), KINDS[kind]
    rows = []
    for line, cells in sheet.rows:
        placed = Placed(file, line, dict(zip(sheet.header, cells, strict=True)))
        fault = cell_fault(rules, placed.row)
        if fault:
            raise refused(kind, file, fault[1], line=line, column=fault[0])
        rows.append(placed)
    return rows


def check_together(kind: str, rows: list[Placed]) -> None:
    """What must hold between the rows of all files of a delivery.

    Raises:
        LoadRejected: naming file, line and column.
    """
    found = delivery_fault(KINDS[kind], rows)
    if found:
        placed, (column, what) = found
        raise refused(kind, placed.file, what, line=placed.line, column=column)


def _delivery(context: Context) -> Delivery:
    record, kind = context.record, context.record.dataset
    base, origin = inbox.folder(context, _files, "the CSV files")
    bodies: dict[str, bytes] = {}
    rows: list[Placed] = []
    for path in _files(base):
        name, body = inbox.read(path, base, kind)
        bodies[name] = body
        rows += parse(body, kind, name)
    check_together(kind, rows)
    period = record.raw_tables[0].period_column
    periods = tuple(sorted({placed.row[period] for placed in rows}))
    return Delivery(origin, bodies, periods, len(rows), f"{len(rows)} rows of {', '.join(periods)}")


def _files(base: Path) -> Iterator[Path]:
    return inbox.files_and_links(base, SUFFIX)


def _sheet(body: bytes, kind: str, file: str) -> Sheet:
    rules = KINDS[kind]
    sheet = read_sheet(body, kind, file, lambda name: name in rules.columns)
    _columns(rules, sheet)
    return sheet


def _columns(rules: Kind, sheet: Sheet) -> None:
    """Exactly the columns of the kind, in any order."""
    needed = f"its columns are {', '.join(rules.columns)}"
    if not set(rules.columns) & set(sheet.header):
        raise refused(sheet.kind, sheet.file, f"its first line is no header of {sheet.kind}; {needed}", line=1)
    for place, name in enumerate(sheet.header, start=1):
        if name not in rules.columns:
            what = f"an unknown column {shown(name)}; {needed}, and no others"
            raise refused(sheet.kind, sheet.file, what, line=1, column=name[:40] or f"number {place}")
    for name in rules.columns:
        if name not in sheet.header:
            raise refused(sheet.kind, sheet.file, f"a column is missing; {needed}", line=1, column=name)


def _select(table: RawTable, sheet: Sheet, path: Path) -> str:
    """The columns of the raw table out of a landed file; what the table has no column for stays in the landing."""
    types = [table.sql_type(name) if name in table.columns else "VARCHAR" for name in sheet.header]
    place = {name: f"c{number}" for number, name in enumerate(sheet.header)}
    columns = ", ".join(literal(sheet.file) if name == "file_name" else place[name] for name in table.columns)
    return f"select {columns} from {sheet.scan(str(path), types)}"
