"""Tiny scratch databases for the tests of the expectations: loads filled by hand, against the real catalogue.

A :class:`Candidate` is a load in the making: rows, code map and ledger row, all free to be poisoned before ``enter``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from warehouse.db import quote
from warehouse.landing import MANIFEST, Manifest
from warehouse.ledger import LOADED, promote
from warehouse.raw_views import load_table
from warehouse.records import Record, record_of
from warehouse.settings import Settings

RECEIVED = datetime.fromisoformat("2026-01-01T00:00:00")
RUN = ("ingest_dst", "run-1")
AREAS = {"151": "084", "161": "084", "851": "081"}
COUNTRIES = {"5100": "DNK", "5180": "DEU", "5486": "SYR"}
Row = dict[str, object]
Code = tuple[str, str, str | None, bool]


@dataclass
class Candidate:
    """A load before it is entered; tests change what they like."""

    dataset: str
    load_id: str
    periods: list[str]
    tables: dict[str, list[Row]]
    codes: dict[str, list[Code]] = field(default_factory=dict)
    run: tuple[str, str] = RUN
    data_origin: str = "sample"
    selection: str = "same question"
    rows_received: int | None = None
    extra_columns: list[str] = field(default_factory=list)
    places: list[dict[str, str]] = field(default_factory=list)

    @property
    def record(self) -> Record:
        return record_of(self.dataset)

    @property
    def rows(self) -> list[Row]:
        """The rows of the first table."""
        return self.tables[self.record.raw_tables[0].name]

    def where(self, **wanted: object) -> list[Row]:
        """Rows that match; a value may be a set of values."""
        return [row for row in self.rows if all(_matches(row[k], v) for k, v in wanted.items())]

    def add(self, delta: int, **wanted: object) -> None:
        """Add to the value of every matching row."""
        found = self.where(**wanted)
        assert found, f"nothing to poison: {wanted}"
        for row in found:
            row["INDHOLD"] = row["INDHOLD"] + delta  # type: ignore[operator]

    def drop(self, **wanted: object) -> None:
        """Take matching rows away."""
        gone = self.where(**wanted)
        assert gone, f"nothing to drop: {wanted}"
        self.rows[:] = [row for row in self.rows if not any(row is other for other in gone)]


def _matches(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, set) else value == wanted


def enter(connection: duckdb.DuckDBPyConnection, settings: Settings, load: Candidate) -> str:
    """Write a candidate into ``raw_loads`` and ``meta``, as the ingestion does."""
    for table in load.record.raw_tables:
        columns = [f"{quote(c)} {table.sql_type(c)}" for c in table.columns]
        columns += [f"{quote(c)} varchar" for c in load.extra_columns]
        name = load_table(table, load.load_id)
        connection.execute(f"create table {name} ({', '.join(columns)})")
        columns_of_values = [[row.get(c) for row in load.tables[table.name]] for c in table.columns]
        into = ", ".join(quote(c) for c in table.columns)
        values = ", ".join(f"unnest(?::{table.sql_type(c)}[])" for c in table.columns)
        connection.execute(f"insert into {name} ({into}) select {values}", columns_of_values)
    for variable, codes in load.codes.items():
        columns_of_codes = [list(column) for column in zip(*codes, strict=True)]
        connection.execute(
            """insert into meta.codes select ?, ?, ?, unnest(range(?))::integer, unnest(?::varchar[]),
            unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::boolean[])""",
            [load.load_id, load.dataset, variable, len(codes), *columns_of_codes],
        )
    rows_loaded = len(load.rows)
    received = rows_loaded if load.rows_received is None else load.rows_received
    connection.execute(
        """insert into meta.loads (load_id, dataset, periods, rows_received, rows_loaded, data_origin, selection,
        status, dag_id, run_id, landing_path, received_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            *(load.load_id, load.dataset, load.periods, received, rows_loaded, load.data_origin, load.selection),
            *(LOADED, *load.run, _land(settings, load), RECEIVED),
        ],
    )
    return load.load_id


def _land(settings: Settings, load: Candidate) -> str:
    path = settings.landing / load.record.provider / load.dataset / load.load_id
    manifest = Manifest(
        load_id=load.load_id,
        provider=load.record.provider,
        dataset=load.dataset,
        url="http://127.0.0.1",
        request={},
        received_at=RECEIVED,
        source_updated_at=None,
        bytes=0,
        sha256="",
        rows_received=0,
        periods=tuple(load.periods),
        licence="",
        citation="",
        data_origin=load.data_origin,
        landing_path=str(path.relative_to(settings.root)),
        selection=load.selection,
        files=(),
        resolved={"places": load.places},
    )
    path.mkdir(parents=True)
    (path / MANIFEST).write_text(manifest.model_dump_json())
    return manifest.landing_path


def own(connection: duckdb.DuckDBPyConnection, settings: Settings, load: Candidate) -> str:
    """Enter and promote: what raw showed before."""
    load.run = ("ingest_dst", f"before {load.load_id}")
    load_id = enter(connection, settings, load)
    promote(connection, load.record, load_id)
    return load_id


def _cube(base: Mapping[tuple[str, ...], int], ups: Iterable[Mapping[str, list[str]]], names: list[str]) -> list[Row]:
    """Sum base cells up along every dimension; zero cells are left out, as BULK does."""
    parents = list(ups)
    sums: dict[tuple[str, ...], int] = {}
    for key, value in base.items():
        for cell in itertools.product(*(parent.get(code, [code]) for parent, code in zip(parents, key, strict=True))):
            sums[cell] = sums.get(cell, 0) + value
    return [{**dict(zip(names, cell, strict=True)), "INDHOLD": value} for cell, value in sums.items() if value]


def _selected(*codes: str, texts: Mapping[str, str] | None = None) -> list[Code]:
    return [(code, (texts or {}).get(code, code), code, True) for code in codes]


def _time(periods: list[str]) -> list[Code]:
    return [(period, period, None, True) for period in periods]


_AREA_UP = {area: [area, region, "000"] for area, region in AREAS.items()}
_AREA_CODES = ["000", "081", "084", *AREAS]
_ORIGINS = ["1", "24", "25", "34", "35"]


def _persons(area: str, origin: str) -> int:
    return {"1": 1000, "24": 60, "25": 90, "34": 40, "35": 70}[origin] + int(area) % 7


def folk1e(load_id: str = "20260201T000000Z_folk1e_aaaaaa", periods: Iterable[str] = ("2019K4", "2020K1")) -> Candidate:
    """Population by origin: three municipalities in two regions, two ages."""
    asked = list(periods)
    ages = {"0": 1, "1": 2}
    base = {
        (area, sex, age, origin, period): _persons(area, origin) * weight
        for area, sex, (age, weight), origin, period in itertools.product(
            AREAS, ("1", "2"), ages.items(), _ORIGINS, asked
        )
    }
    ups: list[dict[str, list[str]]] = [
        _AREA_UP,
        {s: [s, "TOT"] for s in ("1", "2")},
        {a: [a, "IALT"] for a in ages},
        {o: [o, "TOT"] for o in _ORIGINS},
        {},
    ]
    rows = _cube(base, ups, ["OMRÅDE", "KØN", "ALDER", "HERKOMST", "TID"])
    codes = {
        "OMRÅDE": _selected(*_AREA_CODES),
        "KØN": _selected("TOT", "1", "2"),
        "ALDER": _selected("IALT", *ages, "2"),
        "HERKOMST": _selected("TOT", *_ORIGINS),
        "TID": _time(asked),
    }
    return Candidate("folk1e", load_id, asked, {"folk1e": rows}, codes)


def folk1c(load_id: str = "20260201T000000Z_folk1c_aaaaaa", periods: Iterable[str] = ("2019K4", "2020K1")) -> Candidate:
    """Population by country: the same persons as :func:`folk1e`."""
    asked = list(periods)
    cells = {"1": ("5", "5100"), "24": ("4", "5180"), "25": ("4", "5486"), "34": ("3", "5180"), "35": ("3", "5486")}
    base = {
        (area, "TOT", "IALT", *cells[origin], period): _persons(area, origin) * 6
        for area, origin, period in itertools.product(AREAS, _ORIGINS, asked)
    }
    ups: list[dict[str, list[str]]] = [
        _AREA_UP,
        {},
        {},
        {a: [a, "TOT"] for a in ("5", "4", "3")},
        {c: [c, "0000"] for c in COUNTRIES},
        {},
    ]
    rows = _cube(base, ups, ["OMRÅDE", "KØN", "ALDER", "HERKOMST", "IELAND", "TID"])
    codes = {
        "OMRÅDE": _selected(*_AREA_CODES),
        "KØN": _selected("TOT"),
        "ALDER": _selected("IALT"),
        "HERKOMST": _selected("TOT", "5", "4", "3"),
        "IELAND": [("0000", "I alt", "0000", True), *((c, i, i, True) for c, i in COUNTRIES.items())],
        "TID": _time(asked),
    }
    return Candidate("folk1c", load_id, asked, {"folk1c": rows}, codes)


_STATUS = {"00": 60, "50": 5, "55": 35}
_BANDS = ["-15", "16-19", "20-24", "60-64", "65-66"]
_RAS_ORIGINS = ["999", "24", "25", "34", "35"]


def ras201(load_id: str = "20260201T000000Z_ras201_aaaaaa", periods: Iterable[str] = ("2022", "2023")) -> Candidate:
    """Labour-market status: no totals but the areas."""
    asked = list(periods)
    base = {
        (area, status, origin, age, sex, period): persons + int(area) % 5 + int(origin) % 11
        for area, (status, persons), origin, age, sex, period in itertools.product(
            AREAS, _STATUS.items(), _RAS_ORIGINS, _BANDS, ("M", "K"), asked
        )
    }
    rows = _cube(base, [_AREA_UP, {}, {}, {}, {}, {}], ["OMRÅDE", "SOCIO", "HERKOMST", "ALDER", "KØN", "TID"])
    codes = {
        "OMRÅDE": _selected(*_AREA_CODES),
        "SOCIO": _selected("00", "50", "55"),
        "HERKOMST": _selected(*_RAS_ORIGINS),
        "ALDER": _selected(*_BANDS),
        "KØN": _selected("M", "K"),
        "TID": _time(asked),
    }
    return Candidate("ras201", load_id, asked, {"ras201": rows}, codes)


def ras200(load_id: str = "20260201T000000Z_ras200_aaaaaa", periods: Iterable[str] = ("2022", "2023")) -> Candidate:
    """The rates of :func:`ras201`, to one decimal."""
    asked = list(periods)
    counts = ras201(periods=asked)
    origins = {"00": set(_RAS_ORIGINS), "10": {"999"}, "20": {"24", "25"}, "30": {"34", "35"}}
    origins |= {code: {code} for code in ("24", "25", "34", "35")}
    sexes = {"TOT": {"M", "K"}, "M": {"M"}, "K": {"K"}}
    rows: list[Row] = []
    for area, (origin, parts), (sex, both), period in itertools.product(
        _AREA_CODES, origins.items(), sexes.items(), asked
    ):
        found = counts.where(OMRÅDE=area, HERKOMST=parts, KØN=both, TID=period, ALDER={"16-19", "20-24", "60-64"})
        by_status = {s: sum(int(str(r["INDHOLD"])) for r in found if r["SOCIO"] == s) for s in _STATUS}
        everybody = sum(by_status.values())
        for measure, persons in (("BFK", by_status["00"]), ("EFK", by_status["00"] + by_status["50"])):
            key = {
                "OMRÅDE": area,
                "HERKOMST": origin,
                "ALDER": "16-64",
                "KØN": sex,
                "BEREGNING": measure,
                "TID": period,
            }
            rows.append({**key, "INDHOLD": round(100 * persons / everybody, 1)})
    codes = {
        "OMRÅDE": _selected(*_AREA_CODES),
        "HERKOMST": _selected(*origins),
        "ALDER": _selected("16-64"),
        "KØN": _selected("TOT", "M", "K"),
        "BEREGNING": _selected("BFK", "EFK"),
        "TID": _time(asked),
    }
    return Candidate("ras200", load_id, asked, {"ras200": rows}, codes)


def dst_elections(load_id: str = "20260201T000000Z_dst_elections_aaaaaa") -> Candidate:
    """FV2022 in district 39: the areas of the real bridge, ten votes for each of twelve voters and so on."""
    from warehouse.seeds import seed

    areas: list[Row] = []
    for number, row in enumerate(r for r in seed("polling_area_bridge") if r["election_id"] == "FV2022"):
        eligible, valid, blank, other = 1000 + number, 800 + number, 10, 5
        cast = valid + blank + other
        areas.append(
            {
                "election_id": "FV2022",
                "election_date": "2022-11-01",
                "district_id": "39",
                "district_name": "8. Ballerup",
                "area_id": row["area_id"],
                "area_name": row["area_name"],
                "eligible_voters": eligible,
                "valid_votes": valid,
                "blank_votes": blank,
                "other_invalid_votes": other,
                "invalid_votes": blank + other,
                "votes_cast": cast,
                "turnout_pct_published": round(100 * cast / eligible, 2),
                "status_code": "12",
                "status_text": "Fintællingsresultat",
                "file_name": f"FV2022_fintal_{row['area_id']}.xml",
            }
        )
    summed = ("eligible_voters", "valid_votes", "invalid_votes", "votes_cast")
    district: Row = {"election_id": "FV2022", "district_id": "39", "district_name": "8. Ballerup", "status_code": "12"}
    district |= {name: sum(int(str(row[name])) for row in areas) for name in summed}
    places = [{"election_id": "FV2022", "id": "39", "district_id": "39"}]
    places += [{"election_id": "FV2022", "id": str(row["area_id"]), "district_id": "39"} for row in areas]
    tables = {"dst_election_areas": areas, "dst_election_districts": [district]}
    return Candidate("dst_elections", load_id, ["FV2022"], tables, places=places, run=("ingest_elections", "run-1"))


def fvkom(load_id: str = "20260101T000000Z_fvkom_aaaaaa") -> Candidate:
    """FVKOM's count of the municipalities that :func:`dst_elections` covers."""
    from warehouse.seeds import seed

    place = {r["area_id"]: r["municipality_code"] for r in seed("polling_area_bridge") if r["election_id"] == "FV2022"}
    columns = {"VAELG": "eligible_voters", "GYLD_IALT": "valid_votes", "UGYLD_IALT": "invalid_votes"}
    areas = dst_elections().rows
    rows: list[Row] = [
        {
            "VALRES": result,
            "OMRÅDE": municipality,
            "TID": "2022",
            "INDHOLD": sum(int(str(a[column])) for a in areas if place[str(a["area_id"])] == municipality),
        }
        for municipality in sorted(set(place.values()))
        for result, column in columns.items()
    ]
    codes = {"VALRES": _selected(*columns), "OMRÅDE": _selected(*sorted(set(place.values()))), "TID": _time(["2022"])}
    return Candidate("fvkom", load_id, ["2022"], {"fvkom": rows}, codes)


def valg_dk(load_id: str = "20260201T000000Z_valg_dk_aaaaaa") -> Candidate:
    """Two polling areas of KV2025."""
    rows: list[Row] = [
        {
            "election_id": "KV2025",
            "election_date": "2025-11-18",
            "election_kind": "Kommunalvalg",
            "municipality_code": "151",
            "municipality_name": "Ballerup",
            "area_id": area,
            "area_number": number,
            "area_name": area,
            "result_kind": "turnout",
            "released_at_utc": "2025-11-18T20:00:00",
            "counted_at": "20:00:00",
            "eligible_voters": 5000,
            "votes_cast": 3000 + number,
            "file_name": f"{area}.json",
        }
        for number, area in enumerate(("701002", "706986"), start=1)
    ]
    return Candidate("valg_dk", load_id, ["KV2025"], {"valg_dk_turnout": rows}, run=("ingest_elections", "run-1"))


CLEAN: dict[str, Callable[[], Candidate]] = {
    "folk1e": folk1e,
    "folk1c": folk1c,
    "ras201": ras201,
    "ras200": ras200,
    "fvkom": fvkom,
    "dst_elections": dst_elections,
    "valg_dk": valg_dk,
}
