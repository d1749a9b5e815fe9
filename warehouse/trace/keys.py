"""Which row is meant: the key of each mart, the defaults of what is left out, and help where it is not one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import duckdb

from warehouse.db import quote
from warehouse.errors import SettingsError

_GAP = (
    "indicator_id", "municipality_code", "period", "sex", "age_group", "subarea_code", "target_group",
    "reference_group",
)  # fmt: skip
_SERIES = tuple(column for column in _GAP if column != "subarea_code")
KEYS: dict[str, tuple[str, ...]] = {
    "gaps": _GAP,
    "gap_beskaeftigelse": _GAP,
    "gap_uddannelse": _GAP,
    "gap_boligsocial": _GAP,
    "gap_demokrati": _GAP,
    "peer_comparison": _SERIES,
    "gap_decomposition": _SERIES,
    "target_progress": tuple(column for column in _SERIES if column != "period"),
    "coverage": ("indicator_id", "municipality_code"),
    "unknown_shares": (
        "indicator_id", "municipality_code", "period", "sex", "age_group", "group_id", "unknown_of",
    ),
    "target_group": ("municipality_code", "quarter", "origin", "ancestry"),
    "target_group_table": ("municipality_code", "quarter", "origin"),
    "polling_area_turnout": ("election_id", "area_id"),
    "loads": ("load_id",),
    "validations": ("load_id", "object_name", "expectation"),
    "revisions": ("object_name", "key", "period", "old_load_id", "new_load_id"),
    "dim_municipality": ("municipality_code",),
    "dim_indicator": ("indicator_id",),
    "dim_origin_group": ("group_id",),
    "dim_focus_area": ("focus_area",),
    "dim_country_of_origin": ("country_id", "valid_from"),
}  # fmt: skip
DEFAULTS = {"sex": "total", "subarea_code": "total", "target_group": "non_western", "reference_group": "others"}
OPTIONS = {
    "indicator_id": "--indicator",
    "municipality_code": "--municipality",
    "period": "--period",
    "sex": "--sex",
    "age_group": "--age-group",
    "target_group": "--target-group",
    "reference_group": "--reference-group",
    "subarea_code": "--subarea",
    "origin": "--origin",
    "ancestry": "--ancestry",
    "quarter": "--quarter",
    "election_id": "--election",
    "area_id": "--area",
    "dataset": "--dataset",
    "load_id": "--load",
}
MOST_LISTED = 24


@dataclass(frozen=True)
class Cell:
    """One published row: its mart, the columns that tell it from every other row, and all its values."""

    table: str
    key: Mapping[str, Any]
    row: Mapping[str, Any]


def option(column: str) -> str:
    """How a column is given on the command line."""
    return OPTIONS.get(column, f"--key {column}=")


def find(connection: duckdb.DuckDBPyConnection, table: str, given: Mapping[str, str]) -> Cell:
    """The one published row that ``given`` (column → text) means; what is left out takes its default.

    Raises:
        SettingsError: no such table, column, value or row, naming what comes nearest; or several rows, naming the
            choices.
    """
    columns = _columns(connection, table)
    key = KEYS.get(table, tuple(columns))
    chosen: dict[str, str] = {}
    for column in sorted(given, key=lambda name: key.index(name) if name in key else len(key)):
        if column not in columns:
            shown = ", ".join(option(name) for name in key)
            raise SettingsError(f"marts.{table} has no column {column!r}", {"table": table}, f"its key is: {shown}")
        known = _values(connection, table, column, chosen)
        if given[column] not in known:
            raise _unknown(connection, table, column, given[column], chosen)
        chosen[column] = given[column]
    for column in key:
        if column not in chosen:
            values = _values(connection, table, column, chosen)
            default = values[0] if column == "age_group" else DEFAULTS.get(column)
            if len(values) > 1 and default in values:
                chosen[column] = str(default)
    where, values_given = _where(chosen)
    cursor = connection.execute(f"select * from marts.{quote(table)} {where} limit 2", values_given)
    rows = cursor.fetchall()
    if len(rows) != 1:
        raise _ambiguous(connection, table, key, chosen, given)
    row = dict(zip([item[0] for item in cursor.description], rows[0], strict=True))
    return Cell(table, {name: row[name] for name in key}, row)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    found = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    if not found:
        tables = [
            name
            for (name,) in connection.execute(
                "select distinct table_name from duckdb_columns() where schema_name = 'marts' order by 1"
            ).fetchall()
        ]
        near = get_close_matches(table, tables, 3, 0.5) or tables
        raise SettingsError(f"The release has no table {table!r}", next_step=f"choose one of: {', '.join(near)}")
    return [name for (name,) in found]


def _where(chosen: Mapping[str, str]) -> tuple[str, list[str]]:
    if not chosen:
        return "", []
    return "where " + " and ".join(f"cast({quote(name)} as varchar) = ?" for name in chosen), list(chosen.values())


def _values(connection: duckdb.DuckDBPyConnection, table: str, column: str, chosen: Mapping[str, str]) -> list[str]:
    where, values = _where(chosen)
    found = connection.execute(
        f"select distinct cast({quote(column)} as varchar) as value from marts.{quote(table)} {where} order by 1",
        values,
    ).fetchall()
    return [str(value) for (value,) in found if value is not None]


def _unknown(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, value: str, chosen: Mapping[str, str]
) -> SettingsError:
    known = _values(connection, table, column, chosen)
    near = get_close_matches(value, known, 5, 0.5) or known
    where = ", ".join(f"{name} {text}" for name, text in chosen.items())
    what = f"marts.{table} has no row with {column} {value!r}" + (f" and {where}" if where else "")
    return SettingsError(what, {"table": table}, f"choose for {option(column)} one of: {_listed(near)}")


def _ambiguous(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: tuple[str, ...],
    chosen: Mapping[str, str],
    given: Mapping[str, str],
) -> SettingsError:
    # What may be chosen beside what was given; a default that nobody gave narrows nothing.
    choices = {
        column: values
        for column in key
        if column not in chosen and len(values := _values(connection, table, column, given)) > 1
    }
    shown = "; ".join(f"{option(column)} {_listed(values)}" for column, values in choices.items())
    return SettingsError(f"The key means more than one row of marts.{table}", dict(chosen), f"say which: {shown}")


def _listed(values: list[str]) -> str:
    more = f", … ({len(values)} in all)" if len(values) > MOST_LISTED else ""
    return ", ".join(values[:MOST_LISTED]) + more
