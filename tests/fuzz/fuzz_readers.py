"""Every reader of the warehouse, from the bytes of a body to the rows of ``raw``, beside its plain re-reading."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from math import prod
from pathlib import Path
from typing import Any

import duckdb
import fuzz_corpus as corpus
import fuzz_rereading as plain
import zstandard
from fuzz_harness import Reader, Unreadable
from fuzz_mutations import by_json, by_lines, by_xml
from inbox_files import CITIZENSHIP, ORIGIN, background

from ingestion import inbox_csv, valgdatabase
from ingestion.bulk import Watch, parse_csv, parse_jsonstat
from ingestion.common import Context, State
from ingestion.election_xml import parse_index, parse_result
from ingestion.http import BadBody
from ingestion.load import insert_rows, load_statbank
from ingestion.selection import resolve
from ingestion.tableinfo import parse_tableinfo
from ingestion.valg_dk_json import parse_file
from warehouse.db import open_database
from warehouse.landing import LandedFile, Manifest
from warehouse.raw_views import load_table
from warehouse.records import record_of
from warehouse.settings import Settings

LOAD = "fuzz"
CHOSEN = {
    "RAS201": {
        "OMRÅDE": ["000", "01", "151"],
        "SOCIO": ["00", "55"],
        "HERKOMST": ["999", "24", "35"],
        "ALDER": ["-15", "67-"],
        "KØN": ["M", "K"],
        "Tid": ["2023", "2024"],
    },
    "RAS200": {
        "OMRÅDE": ["000", "151"],
        "HERKOMST": ["00", "10", "34"],
        "ALDER": ["16-64"],
        "KØN": ["TOT", "M"],
        "BEREGNING": ["BFK", "EFK"],
        "Tid": ["2022", "2024"],
    },
}


class Bench:
    """A scratch home with one database, where what is read is loaded as it would be."""

    def __init__(self, root: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.settings = Settings(home=root, _env_file=None)  # type: ignore[call-arg]
        self.connection = connection
        self._folder = self.settings.landing / "fuzz"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._compressor = zstandard.ZstdCompressor(level=1)

    def manifest(self, dataset: str, body: bytes, rows: int, request: Mapping[str, Any]) -> Manifest:
        """Land a body, and say what it is."""
        (self._folder / "body.zst").write_bytes(self._compressor.compress(body))
        return Manifest(
            load_id=LOAD,
            provider="fuzz",
            dataset=dataset,
            url="",
            request=dict(request),
            received_at=datetime(2026, 1, 1),
            source_updated_at=None,
            bytes=len(body),
            sha256="",
            rows_received=rows,
            periods=(),
            licence="",
            citation="",
            data_origin="sample",
            landing_path="landing/fuzz",
            selection="",
            files=(LandedFile(name="body", url="", bytes=len(body), sha256=""),),
            resolved={"variables": []},
        )

    def context(self, dataset: str) -> Context:
        """What a provider's module is given."""
        return Context(record_of(dataset), self.settings, State())

    def rows(self, dataset: str, columns: str = "*", table: int = 0) -> list[tuple[Any, ...]]:
        """What was loaded, in order."""
        name = load_table(record_of(dataset).raw_tables[table], LOAD)
        return self.connection.execute(f"select {columns} from {name}").fetchall()

    def inserted(self, dataset: str, rows: list[dict[str, object]], table: int = 0) -> None:
        """Load rows at hand, as the small readers do."""
        insert_rows(self.connection, record_of(dataset).raw_tables[table], LOAD, rows)


@contextmanager
def bench(root: Path) -> Iterator[Bench]:
    """A bench of one's own."""
    root.mkdir(parents=True, exist_ok=True)
    with open_database(Path(":memory:")) as connection:
        connection.execute("set threads = 1")
        connection.execute("set memory_limit = '200MB'")
        yield Bench(root, connection)


def bulk(table: Bench, name: str) -> Reader:
    """A BULK body: watched as it streams by, landed, and loaded by DuckDB."""
    request, body = corpus.statbank(name, "BULK", **CHOSEN[name])
    codes = {code.upper(): values for code, values in CHOSEN[name].items()}
    record = record_of(name.lower())

    def read(body: bytes) -> object:
        watch = Watch((*codes, "INDHOLD"), prod(len(values) for values in codes.values()))
        size = zlib.crc32(body) % 997 + 1
        for _ in watch.over(body[start : start + size] for start in range(0, len(body), size)):
            pass
        if watch.rows == 0:
            raise BadBody("the body has a header and no rows")  # as statbank has it
        manifest = table.manifest(record.dataset, body, watch.rows, request)
        load_statbank(table.connection, record, manifest, table.settings)
        shown = ", ".join(f'cast("{code}" as varchar)' for code in codes)
        return table.rows(record.dataset, f"{shown}, INDHOLD")

    return Reader(
        f"bulk_{record.unit}",
        [body, corpus.first_lines(body, 5), b"\xef\xbb\xbf" + corpus.first_lines(body, 3)],
        by_lines,
        read,
        lambda body: plain.bulk(body, codes, record.unit),
        exact=True,
    )


def csv(_: Bench) -> Reader:
    """A small CSV body of StatBank."""
    samples = [corpus.statbank(name, "CSV", **chosen)[1] for name, chosen in CHOSEN.items()]
    samples += corpus.real("statbank/data_*.csv")
    return Reader("csv", [corpus.first_lines(b, 9) for b in samples], by_lines, parse_csv, plain.csv_table, exact=True)


def jsonstat(_: Bench) -> Reader:
    """A JSON-stat body of StatBank."""
    samples = [corpus.statbank(name, "JSONSTAT", **chosen)[1] for name, chosen in CHOSEN.items()]

    def read(body: bytes) -> object:
        found = parse_jsonstat(body)
        return found.dimensions, found.values, found.updated

    return Reader("jsonstat", samples + corpus.real("statbank/*.jsonstat.json"), by_json, read, plain.jsonstat)


def tableinfo(table: Bench) -> Reader:
    """A tableinfo, and what is made of it for a record."""
    samples = [corpus.tableinfo(name) for name in ("RAS201", "RAS200")]

    def read(body: bytes) -> object:
        info = parse_tableinfo(body)
        said = [(v.id, v.time, v.elimination, [(i.id, i.text) for i in v.values]) for v in info.variables]
        if info.id == "RAS201":
            resolve(record_of("ras201"), info, table.settings)
        return info.id, info.updated, info.active, info.unit, said

    return Reader("tableinfo", samples + corpus.real("statbank/tableinfo_*.json"), by_json, read, plain.tableinfo)


def xml_result(table: Bench) -> Reader:
    """The XML of one place."""

    def read(body: bytes) -> object:
        found = asdict(parse_result(body, "fintal_1.xml"))
        order = ("eligible_voters", "valid_votes", "blank_votes", "other_invalid_votes", "invalid_votes", "votes_cast")
        head = ("id", "kind", "name", "date", "status_code", "status_text")
        return tuple(found[name] for name in (*head, *order, "turnout_pct"))

    return Reader("xml_result", corpus.election_files()[1], by_xml, read, plain.xml_result)


def xml_index(_: Bench) -> Reader:
    """The XML index of an election."""

    def read(body: bytes) -> object:
        found = parse_index(body, "fintal.xml")
        listed = [[(p.id, p.parent, p.name) for p in places] for places in (found.districts, found.areas)]
        return found.date, found.made, *listed

    samples = [body for body in corpus.election_files()[0] if len(body) < 1 << 15]
    return Reader("xml_index", samples, by_xml, read, plain.xml_index)


def valg_dk(table: Bench) -> Reader:
    """A JSON file of valg.dk, into the inbox."""
    names = ("election_date", "released_at_utc", "municipality_code", "area_id", "municipality_name", "area_name")

    def read(body: bytes) -> object:
        row = parse_file(body, "a.json")
        if row is None:
            return None
        table.inserted("valg_dk", [row])
        return tuple(row[name] for name in (*names, "eligible_voters", "votes_cast"))

    samples = [corpus.delivered()[place] for place in sorted(corpus.delivered()) if "701002" in place]
    return Reader(
        "valg_dk", samples + corpus.real("elections/kv2025/*.json"), by_json, read, plain.valg_dk, retried=False
    )


def inbox_kind(kind: str, body: bytes) -> Callable[[Bench], Reader]:
    """A hand-delivered CSV file of one kind: checked, landed, and loaded by DuckDB."""
    record = record_of(kind)
    columns = record.raw_tables[0].columns

    def make(table: Bench) -> Reader:
        def read(body: bytes) -> object:
            rows = inbox_csv.parse(body, kind, "a.csv")
            inbox_csv.check_together(kind, rows)
            inbox_csv.fill(
                table.connection, table.context(kind), table.manifest(kind, body, len(rows), {"files": ["a.csv"]})
            )
            return table.rows(kind)

        def reread(body: bytes) -> object:
            rows = []
            for row in plain.delimited(body):
                row["file_name"] = "a.csv"
                if not set(columns) <= set(row):
                    raise Unreadable("columns")
                rows.append(tuple(_typed(row[name], columns[name]) for name in columns))
            return rows

        samples = [body, *(corpus.first_lines(b, 8) for b in corpus.kind(kind))]
        return Reader(f"inbox_{kind}", samples, by_lines, read, reread, retried=False)

    return make


def background_of(table: Bench) -> Reader:
    """An export of DST's election database."""

    def read(body: bytes) -> object:
        export = valgdatabase.parse(body, "EV2024/a.csv")
        kind = valgdatabase.KIND
        valgdatabase.fill(
            table.connection, table.context(kind), table.manifest(kind, body, export.rows, {"files": ["EV2024/a.csv"]})
        )
        return sorted(table.rows(kind, "valgsted_id, label, topic, sex_age, group_code, persons"), key=str)

    def reread(body: bytes) -> object:
        cells = []
        for row in plain.delimited(body):
            for name, cell in row.items():
                label, dash, rest = name.partition(" - ")
                label, rest = (label, rest) if dash and len(label) == 6 else ("EV2024", name)
                topic = next((t for start, t in valgdatabase.TOPICS.items() if rest.startswith(start)), None)
                if topic is None:
                    continue
                try:
                    _, sex_age, group = rest.split("_")
                    persons = None if cell == "-" else float(cell.replace(",", "."))
                except ValueError:
                    raise Unreadable("a cell or a name of a column") from None
                cells.append((row.get("ValgstedId"), label, topic, sex_age, group[:2], persons))
        return sorted(cells, key=str)

    samples = [background(ORIGIN).encode(), background(CITIZENSHIP, ("151001", "151002")).encode()]
    samples += [corpus.first_cells(body, 14, 3) for body in corpus.real("elections/valgdatabase/*ndvandrere*.csv")]
    return Reader("valgdatabase", samples, by_lines, read, reread, retried=False)


def _typed(cell: str, kind: str) -> object:
    if kind == "count":
        if not plain.WHOLE.fullmatch(cell):
            raise Unreadable("a count")
        return int(cell)
    return cell or None
