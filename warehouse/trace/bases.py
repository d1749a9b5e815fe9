"""The rows of ``gaps`` that a row of a derived mart rests on: what is compared, ranked or followed over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.trace.keys import KEYS, Cell

_SERIES = ("indicator_id", "sex", "age_group", "target_group", "reference_group")
_PERIODS = {
    "gap_decomposition": {"now": "period", "baseline": "baseline_period"},
    "target_progress": {"latest": "latest_period", "baseline": "baseline_period"},
}


@dataclass(frozen=True)
class Base:
    """A published gap, and what it is to the row that rests on it."""

    role: str
    cell: Cell

    @property
    def command(self) -> str:
        """The command that traces it on."""
        row = self.cell.row
        groups = {"sex": "--sex", "age_group": "--age-group", "target_group": "--target-group",
                  "reference_group": "--reference-group"}  # fmt: skip
        options = " ".join(f"{option} {row[name]}" for name, option in groups.items())
        return (
            f"warehouse trace gaps --indicator {row['indicator_id']} --municipality {row['municipality_code']}"
            f" --period {row['period']} {options}"
        )


def bases_of(connection: duckdb.DuckDBPyConnection, cell: Cell) -> tuple[Base, ...]:
    """The observed gaps behind a row; none for a mart that is not made of gaps row by row."""
    if cell.table == "peer_comparison":
        return _compared(connection, cell)
    if cell.table in _PERIODS:
        named = {role: cell.row[column] for role, column in _PERIODS[cell.table].items() if cell.row[column]}
        return tuple(
            Base(role, found)
            for role, period in named.items()
            for found in _gaps(connection, cell, {"municipality_code": cell.row["municipality_code"], "period": period})
        )
    return ()


def _compared(connection: duckdb.DuckDBPyConnection, cell: Cell) -> tuple[Base, ...]:
    own = cell.row["municipality_code"]
    levels = dict(connection.execute("select municipality_code, area_level from marts.dim_municipality").fetchall())
    found = _gaps(connection, cell, {"period": cell.row["period"]})
    roles = [("this municipality" if c.row["municipality_code"] == own else _level(levels, c), c) for c in found]
    first = ("this municipality", "country", "region")
    roles.sort(key=lambda pair: first.index(pair[0]) if pair[0] in first else len(first))
    return tuple(Base(role, base) for role, base in roles)


def _level(levels: dict[str, str], cell: Cell) -> str:
    return levels.get(cell.row["municipality_code"], "municipality")


def _gaps(connection: duckdb.DuckDBPyConnection, cell: Cell, more: dict[str, Any]) -> list[Cell]:
    wanted = {name: cell.row[name] for name in _SERIES} | more | {"subarea_code": "total", "value_status": "observed"}
    where = " and ".join(f"{name} = ?" for name in wanted)
    cursor = connection.execute(f"select * from marts.gaps where {where} order by all", list(wanted.values()))
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [Cell("gaps", {name: row[name] for name in KEYS["gaps"]}, row) for row in rows]
