"""DST's election database, exported by hand: the background of each polling area by country group of origin.

Two topics are loaded, cell by cell as published: immigrants and descendants by country of origin, and all persons by
citizenship. Other topics of the same database are passed over. The files do not say of which day they are: that is the
seed ``valgdatabase_reference_dates``'s, by the label of the columns (EV2024 describes 1 January 2020).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion import inbox
from ingestion.common import Context, Look
from ingestion.inbox import Delivery, refused
from ingestion.sheet import Sheet, read_error, read_sheet, shown
from warehouse.db import literal, quote
from warehouse.errors import LoadRejected, NotDelivered
from warehouse.landing import Manifest, open_payload
from warehouse.raw_views import load_table
from warehouse.seeds import seed

KIND = "valgdatabase"
SUFFIX = ".csv"
AREA = "ValgstedId"
PLACES = (AREA, "Gruppe", "KredsNr", "StorKredsNr", "LandsdelsNr")
UNLABELLED, ITS_PERIOD = "unlabelled", "EV2024"  # a republished export, from whose columns the label was removed
ELECTIONS = {"Valgdag", "ValgId"}  # ``Valg.csv``: which elections there are
TOPICS = {
    "Indvandrere og efterkommere fordelt efter oprindelsesland": "origin",
    "Antal personer opgjort efter statsborgerskab": "citizenship",
}
PASSED_OVER = (
    "Ejerforhold",
    "Højst fuldførte erhvervsuddannelse",
    "Personer fordelt efter samlet ydelsesvarighed",
    "Stemmeberettigede",
)
GROUPS = {
    "01": "Danmark",
    "02": "Nordiske lande",
    "03": "Tyrkiet",
    "04": "Tidligere Jugoslavien",
    "05": "Gamle EU-lande",
    "06": "Nye EU-lande",
    "07": "Øvrige Europa",
    "08": "Afrika",
    "09": "Nordamerika",
    "10": "Syd- og Mellemamerika",
    "11": "Asien og Oceanien",
    "12": "Uoplyst",
}
NEXT = "take the export as the database gives it, or leave it out of the inbox, and run again"
_LABEL = re.compile(r"(?:([A-ZÆØÅ]{2}\d{4}) - )?(.+)", re.ASCII)
_SEX_AGE = r"(?P<sex_age>(?:Kvinder|Mænd) \d{1,2}-(?:\d{1,2})? år)"
_COLUMN = re.compile(rf"(?P<topic>[^_]+)_{_SEX_AGE}_(?P<code>\d\d)\. ?(?P<text>.+)")
_IN_PATH = re.compile(r"(?<![A-Za-z])((?:KV|RV|FV|EV)(?:19|20)\d\d)(?!\d)", re.ASCII | re.IGNORECASE)
_NUMBER = {";": re.compile(r"-|\d{1,7}(,\d{1,6})?", re.ASCII), ",": re.compile(r"-|\d{1,7}(\.\d{1,6})?", re.ASCII)}
_STATION = re.compile(r"\d{6}", re.ASCII)


@dataclass(frozen=True)
class Cells:
    """A column of figures: where it stands in the file, and what its name says."""

    place: int
    label: str
    topic: str
    sex_age: str
    group_code: str
    group_text: str


@dataclass(frozen=True)
class Export:
    """One file that was read and checked."""

    sheet: Sheet
    columns: tuple[Cells, ...]

    @property
    def rows(self) -> int:
        """The cells that loading it gives."""
        return len(self.columns) * len(self.sheet.rows)


def look(context: Context) -> Look:
    """What lies in the inbox, and whether it is other than what was promoted last.

    Raises:
        NotDelivered: no file, or none of a topic that is loaded.
        LoadRejected: a file is refused.
    """
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
    """Load a landing into ``valgdatabase_background``, through DuckDB's own CSV reader; the cells loaded.

    Raises:
        LoadRejected: a landed file does not pass the checks any more.
    """
    table = context.record.raw_tables[0]
    name = load_table(table, manifest.load_id)
    definition = ", ".join(f"{quote(column)} {table.sql_type(column)}" for column in table.columns)
    connection.execute(f"drop table if exists {name}")
    connection.execute(f"create table {name} ({definition})")
    for landed, file in zip(manifest.files, manifest.request["files"], strict=True):
        path = manifest.folder(context.settings) / f"{landed.name}.zst"
        with open_payload(path) as stream:
            export = parse(stream.read(), file)
        try:
            connection.execute(f"insert into {name} by name {_select(export, path)}")
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise read_error(KIND, file, error) from None
    row = connection.execute(f"select count(*) from {name}").fetchone()
    return int(row[0]) if row else 0


def parse(body: bytes, file: str) -> Export:
    """One file, every name of a column and every cell checked; without columns where it has only other topics.

    Raises:
        LoadRejected: naming file, line and column.
    """
    sheet = read_sheet(body, KIND, file, lambda name: name in PLACES or bool(_COLUMN.search(name)))
    if set(sheet.header) == ELECTIONS:
        return Export(sheet, ())
    if AREA not in sheet.header:
        raise _refused(file, f"it has no column {AREA}", line=1, column=AREA)
    columns = tuple(_columns(sheet))
    area, seen = sheet.header.index(AREA), set()
    municipalities = {row["area_code"] for row in seed("areas") if row["level"] == "municipality"}
    for line, cells in sheet.rows:
        station = cells[area]
        if not _STATION.fullmatch(station) or station[:3] not in municipalities:
            what = f"{AREA} must be a municipality and a number of three digits each, got {shown(station)}"
            raise _refused(file, what, line=line, column=AREA)
        if station in seen:
            raise _refused(file, f"the polling area {station} comes twice", line=line, column=AREA)
        seen.add(station)
        for column in columns:
            if not _NUMBER[sheet.delimiter].fullmatch(cells[column.place]):
                mark = "comma" if sheet.delimiter == ";" else "point"
                what = f"a number of persons with a decimal {mark}, or -, is needed; got {shown(cells[column.place])}"
                raise _refused(file, what, line=line, column=sheet.header[column.place])
    return Export(sheet, columns)


def period_of(label: str) -> str:
    """The period under which cells of a label stand in raw."""
    return ITS_PERIOD if label == UNLABELLED else label


def _columns(sheet: Sheet) -> Iterator[Cells]:
    """What the names of the columns say, topic by topic; other topics of the database are passed over."""
    known = {row["label"] for row in seed("valgdatabase_reference_dates")}
    in_path = _IN_PATH.search(sheet.file)
    for place, name in enumerate(sheet.header):
        if name in PLACES:
            continue
        found = _LABEL.fullmatch(name)
        label, rest = (found[1] or "", found[2]) if found else ("", name)
        if rest.startswith(PASSED_OVER):
            continue
        if label and not rest.startswith(tuple(TOPICS)):
            continue  # votes and the like, as ``ValgData.csv`` has them
        column = _COLUMN.fullmatch(rest)
        topic = next((t for start, t in TOPICS.items() if column and column["topic"].startswith(start)), None)
        if column is None or topic is None:
            what = f"a column that the database is not known to have: {shown(name)}"
            raise _refused(sheet.file, what, line=1, column=name[:80] or f"number {place + 1}")
        if GROUPS.get(column["code"]) != column["text"] or (column["code"] == "01" and topic == "origin"):
            what = f"an unknown group, or one with another name: {column['code']}. {column['text'][:40]}"
            raise _refused(sheet.file, what, line=1, column=name)
        label = label or (in_path[1].upper() if in_path else UNLABELLED)
        if label not in known:
            raise _unknown_label(sheet.file, label, name)
        yield Cells(place, label, topic, column["sex_age"], column["code"], column["text"])


def _unknown_label(file: str, label: str, column: str) -> LoadRejected:
    return refused(
        KIND,
        file,
        f"the label {label} is not in the seed valgdatabase_reference_dates: which day it describes is not known",
        "find that day out, add a row to dbt_project/seeds/valgdatabase_reference_dates.csv, and run again",
        line=1,
        column=column,
    )


def _delivery(context: Context) -> Delivery:
    base, origin = inbox.folder(context, _files, "the CSV exports of DST's election database")
    bodies: dict[str, bytes] = {}
    exports: list[Export] = []
    for path in _files(base):
        name, body = inbox.read(path, base, KIND)
        export = parse(body, name)
        if export.columns:
            bodies[name] = body
            exports.append(export)
    if not exports:
        raise NotDelivered(
            f"The files of {KIND} hold neither persons by country of origin nor persons by citizenship",
            {"dataset": KIND},
            "lay the exports of these two topics into the inbox",
        )
    _no_area_twice(exports)
    periods = tuple(sorted({period_of(column.label) for export in exports for column in export.columns}))
    rows = sum(export.rows for export in exports)
    return Delivery(origin, bodies, periods, rows, f"{rows} cells of {', '.join(periods)}")


def _no_area_twice(exports: list[Export]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for export in exports:
        area = export.sheet.header.index(AREA)
        for column in export.columns:
            for line, cells in export.sheet.rows:
                key = (period_of(column.label), cells[area], column.topic, column.sex_age, column.group_code)
                if key in seen:
                    what = f"the polling area {cells[area]} stands in {seen[key]} already, for the same column"
                    name = export.sheet.header[column.place]
                    raise _refused(export.sheet.file, what, line=line, column=name)
                seen[key] = export.sheet.file


def _select(export: Export, path: Path) -> str:
    """The cells of a landed file, one row each."""
    sheet = export.sheet
    said = ", ".join(
        f"({', '.join(literal(text) for text in (f'c{c.place}', period_of(c.label), c.label, c.topic, c.sex_age))}, "
        f"{literal(c.group_code)}, {literal(c.group_text)})"
        for c in export.columns
    )
    area = f"c{sheet.header.index(AREA)}"
    cells = ", ".join(f"c{column.place}" for column in export.columns)
    return f"""
    select
        said.period, said.label, long.{area} as valgsted_id, left(long.{area}, 3) as municipality_code,
        cast(right(long.{area}, 3) as bigint) as area_number, said.topic, said.sex_age, said.group_code,
        said.group_text, cast(replace(nullif(long.cell, '-'), ',', '.') as double) as persons,
        {literal(sheet.file)} as file_name
    from (
        unpivot (select {area}, {cells} from {sheet.scan(str(path), ["VARCHAR"] * len(sheet.header))})
        on {cells} into name place value cell
    ) as long
    inner join (values {said}) as said(place, period, label, topic, sex_age, group_code, group_text)
        on long.place = said.place"""


def _files(base: Path) -> Iterator[Path]:
    return inbox.files_and_links(base, SUFFIX)


def _refused(file: str, what: str, **where: object) -> LoadRejected:
    return refused(KIND, file, what, NEXT, **where)
