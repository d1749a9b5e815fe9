"""Random tables, written straight into a build database: as the oracle reads them, and as a load would have left them.

Cells are drawn by mood, so that groups come out empty, small, complete, missing or large, and gaps of either sign.
Codes are published with zeros lost wherever that can be. Out of scope: landing and expectations, which would reject
most of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

import duckdb

from warehouse.db import quote
from warehouse.raw_views import load_table, refresh_views
from warehouse.records import catalogue, record_of

MUNICIPALITIES = ("101", "147", "151", "153", "155", "157", "159", "161", "163", "165", "167", "183", "185", "187")
NAMES = {"101": "Københavns", "147": "Frederiksberg", "151": "Ballerup", "153": "Brøndby", "155": "Dragør"}
AREAS = ("000", "084", *MUNICIPALITIES)
YEARS = ("2021", "2022", "2023")
SPLIT = ("24", "25", "34", "35")
BANDS = ("16-19", "30-34", "60-64", "65-66")
MOODS = ("empty", "nobody", "few", "some", "many", "holes")
ODDS = (2, 2, 4, 6, 8, 1)


Drawn = tuple[list[dict[str, Any]], tuple[str, ...]]
"""Rows, and the periods that were published."""


@dataclass(frozen=True)
class RandomTable:
    """A table to draw: codes by variable, area and origin variable first; ``events`` gets no event in a mood."""

    dataset: str
    codes: Mapping[str, tuple[str, ...]]
    periods: tuple[str, ...]
    event: tuple[str, tuple[str, ...]]
    texts: Mapping[str, str] = field(default_factory=dict)


PARISHES = {
    f"{7000 + 10 * place + n}": f"{7000 + 10 * place + n} Sogn ({name} Kommune)"
    for place, name in enumerate(NAMES.values())
    for n in range(3)
}
TABLES = (
    RandomTable(
        "ras201",
        {"OMRÅDE": AREAS, "HERKOMST": ("999", *SPLIT), "SOCIO": ("00", "50", "55"), "ALDER": BANDS, "KØN": ("M", "K")},
        YEARS,
        ("SOCIO", ("00", "50")),
    ),
    RandomTable(
        "kas201",
        {
            "OMRÅDE": AREAS,
            "HERKOMST": ("TOT", "1", *SPLIT),
            "SOCIO": ("TOT", "00", "50", "55"),
            "ALDER": ("30-34", "60-64"),
            "KØN": ("TOT", "M", "K"),
            "PERIODE": ("1", "K1", "K2", "K3", "K4"),
        },
        YEARS[:1],
        ("SOCIO", ("00",)),
    ),
    RandomTable(
        "ligeub1",
        {
            "BOPOMR": AREAS,
            "HERKOMST": ("0", "10", "21", "31", *SPLIT),
            "HFUDD": ("TOT", "H10", "H20", "H30", "H35", "H70", "H90"),
            "ALDER": ("TOT", "15-19", "20-24", "25-29", "60-64", "65-69"),
            "KØN": ("TOT", "M", "K"),
        },
        YEARS[:2],
        ("HFUDD", ("H20", "H30", "H35", "H70")),
    ),
    RandomTable(
        "uddakt20",
        {
            "BOPOMR": AREAS,
            "HERKOMST1": ("TOT", "1", "2", "9", "000"),
            "FSTATUS": ("B", "F"),
            "KØN": ("10", "M", "K"),
            "UDDANNELSE": ("U29",),
            "ALDER": ("TOT",),
            "HERKOMST": ("TOT",),
            "GRUNDSKOL": ("0",),
        },
        tuple(str(year) for year in range(2016, 2024)),
        ("FSTATUS", ("F",)),
    ),
    RandomTable(
        "ky038",
        {
            "OMRÅDE": AREAS,
            "HERKOMST1": ("TOT", "1", "2", "9", "000"),
            "YDELSESTYPE": ("10000", "10050"),
            "HERKOMST": ("0", "10"),
        },
        YEARS,
        ("YDELSESTYPE", ("10000",)),
    ),
    RandomTable(
        "folk1e",
        {
            "OMRÅDE": AREAS,
            "HERKOMST": ("TOT", "1", *SPLIT),
            "KØN": ("TOT", "1"),
            "ALDER": ("IALT", "17", "18", "40", "66", "67"),
        },
        tuple(f"{year}K{quarter}" for year in YEARS for quarter in range(1, 5)),
        ("KØN", ()),
    ),
    RandomTable(
        "kmsta001",
        {"SOGN": tuple(PARISHES), "HERKOMST": ("1", *SPLIT), "FKMED": ("F", "U")},
        YEARS,
        ("FKMED", ()),
        texts=PARISHES,
    ),
)


def draw(table: RandomTable, random: Random) -> Drawn:
    """Rows as the oracle reads them, and the periods that were published: now and then one is missing."""
    periods = tuple(period for period in table.periods if random.random() > 0.12) or table.periods[:1]
    names = list(table.codes)
    rows = []
    for first, second, period in product(table.codes[names[0]], table.codes[names[1]], periods):
        mood = random.choices(MOODS, ODDS)[0]
        for rest in product(*(table.codes[name] for name in names[2:])):
            cell = dict(zip(names, (first, second, *rest), strict=True))
            drawn = _cell(mood, cell.get(table.event[0]) in table.event[1], random)
            if drawn != "left out":
                time = period + cell["PERIODE"] if cell.get("PERIODE", "1") != "1" else period
                rows.append({**cell, "TID": period, "PERIOD": time, "value": drawn})
    return rows, periods


def _cell(mood: str, is_event: bool, random: Random) -> float | str | None:
    if mood == "empty" or random.random() < 0.1:
        return "left out"
    if mood == "holes" and random.random() < 0.15:
        return None
    if mood == "nobody" and is_event:
        return 0
    return random.randint(0, {"few": 3, "some": 30, "nobody": 60}.get(mood, 4000))


def write(
    connection: duckdb.DuckDBPyConnection, drawn: Mapping[str, tuple[list[dict[str, Any]], tuple[str, ...]]]
) -> None:
    """Leave every drawn table as a promoted load of its own would have."""
    for table in TABLES:
        rows, periods = drawn[table.dataset]
        record, load_id = record_of(table.dataset), f"random_{table.dataset}"
        (raw,) = record.raw_tables
        columns = ", ".join(f"{quote(name)} {raw.sql_type(name)}" for name in raw.columns)
        target = load_table(raw, load_id)
        connection.execute(f"create or replace table {target} ({columns})")
        cells = [
            [row["value"] if name == "INDHOLD" else _published(name, row[name]) for row in rows] for name in raw.columns
        ]
        marks = ", ".join("unnest(?)" for _ in cells)
        connection.execute(f"insert into {target} select {marks}", cells)
        connection.execute(
            """insert into meta.loads (load_id, provider, dataset, received_at, periods, data_origin, status,
            rows_loaded, promoted_at) values (?, 'statbank', ?, now(), ?, 'sample', 'promoted', ?, now())""",
            [load_id, table.dataset, list(periods), len(rows)],
        )
        connection.executemany(
            "insert into meta.period_owner values (?, ?, ?)", [[table.dataset, p, load_id] for p in periods]
        )
        connection.executemany(
            "insert into meta.codes values (?, ?, ?, ?, ?, ?, ?, true)", list(_codes(table, load_id))
        )
    for record in catalogue().values():
        refresh_views(connection, record)


def _codes(table: RandomTable, load_id: str) -> Iterator[list[Any]]:
    for variable, codes in table.codes.items():
        for position, code in enumerate(codes):
            text = table.texts.get(code, code)
            yield [load_id, table.dataset, variable, position, _published(variable, code), text, code]


def _published(variable: str, code: str) -> str:
    """With leading zeros lost, but for parishes, whose zeros nobody loses."""
    return code if variable in {"SOGN", "TID"} else code.lstrip("0") or "0"
