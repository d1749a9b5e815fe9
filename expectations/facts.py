"""What the suites need to know of a load: the ledger's row, its code map, and what raw owns beside it.

Plain reading of ``meta``; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb

from warehouse.corrections import corrected, entries_of
from warehouse.db import literal, quote
from warehouse.errors import WarehouseError
from warehouse.raw_views import load_table
from warehouse.records import RawTable, Record
from warehouse.seeds import seed
from warehouse.settings import Settings


@dataclass(frozen=True)
class Code:
    """One value of tableinfo as the code map understood it."""

    published: str
    text: str | None
    canonical: str | None
    selected: bool


@dataclass(frozen=True)
class Load:
    """One load: what the ledger knows, and its codes by variable (upper case, in published order)."""

    load_id: str
    dataset: str
    periods: tuple[str, ...]
    rows_received: int | None
    rows_loaded: int | None
    data_origin: str
    selection: str | None
    status: str
    dag_id: str
    run_id: str
    landing_path: str | None
    codes: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)

    def canonical(self, variable: str) -> dict[str, tuple[str, ...]]:
        """Canonical code → published codes (countries may have several), of the values asked for."""
        found: dict[str, tuple[str, ...]] = {}
        for code in self.codes.get(variable.upper(), ()):
            if code.selected and code.canonical is not None:
                found[code.canonical] = (*found.get(code.canonical, ()), code.published)
        return found

    def asked_periods(self, record: Record) -> tuple[str, ...]:
        """The periods asked for: those marked in the code map, and those the ledger says the load holds."""
        marked: list[str] = []
        if record.provider == "statbank":
            marked = [c.published for c in self.codes.get(record.time.code.upper(), ()) if c.selected]
        return tuple(sorted({*marked, *self.periods}))


@dataclass(frozen=True)
class Side:
    """The other side of a comparison: a relation to read, and the loads whose code maps explain it."""

    record: Record
    relations: Mapping[str, str]
    load_ids: tuple[str, ...]
    data_origins: frozenset[str]

    def relation(self, table: str) -> str:
        """SQL name of the relation that holds a raw table."""
        return self.relations[table]


@dataclass(frozen=True)
class Facts:
    """Everything that the builders of a suite are given."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    record: Record
    load: Load
    records: Mapping[str, Record]

    def table(self, raw_table: RawTable) -> str:
        """The quoted name of the load's own table: the load as published."""
        return load_table(raw_table, self.load.load_id)

    def relation(self, raw_table: RawTable) -> str:
        """The load's own table as it will be used: corrected where the ledger says so."""
        entries = entries_of(self.record.dataset, self.load.data_origin)
        return corrected(raw_table, self.table(raw_table), entries)


def read_load(connection: duckdb.DuckDBPyConnection, load_id: str) -> Load:
    """A load out of the ledger, with its codes.

    Raises:
        WarehouseError: when the ledger does not know the load.
    """
    row = connection.execute(
        """select dataset, periods, rows_received, rows_loaded, data_origin, selection, status, dag_id, run_id,
        landing_path from meta.loads where load_id = ?""",
        [load_id],
    ).fetchone()
    if row is None:
        raise WarehouseError(
            f"The ledger does not know the load {load_id}",
            next_step="load it before validating it",
        )
    codes: dict[str, list[Code]] = {}
    for variable, *rest in connection.execute(
        """select variable, published_code, published_text, canonical_code, selected
        from meta.codes where load_id = ? order by variable, position""",
        [load_id],
    ).fetchall():
        codes.setdefault(variable.upper(), []).append(Code(rest[0], rest[1], rest[2], bool(rest[3])))
    return Load(
        load_id=load_id,
        dataset=row[0],
        periods=tuple(row[1] or ()),
        rows_received=row[2],
        rows_loaded=row[3],
        data_origin=row[4] or "",
        selection=row[5],
        status=row[6] or "",
        dag_id=row[7] or "",
        run_id=row[8] or "",
        landing_path=row[9],
        codes={variable: tuple(items) for variable, items in codes.items()},
    )


def pending(connection: duckdb.DuckDBPyConnection, load: Load, dataset: str, statuses: Iterable[str]) -> str | None:
    """The newest load of ``dataset`` that waits to be judged or promoted, newer than what raw owns, or None.

    A load that an earlier, killed run left is taken up by the next run under its old run id.
    """
    row = connection.execute(
        """select load_id from meta.loads where dataset = $dataset and list_contains($statuses, status)
        and data_origin is not distinct from $origin
        and load_id > coalesce((
            select max(load_id) from meta.loads where dataset = $dataset and promoted_at is not null), '')
        order by load_id desc limit 1""",
        {"dataset": dataset, "statuses": list(statuses), "origin": load.data_origin},
    ).fetchone()
    return str(row[0]) if row else None


def candidate(
    connection: duckdb.DuckDBPyConnection,
    load: Load,
    dataset: str,
    statuses: Iterable[str],
) -> str | None:
    """The newest load of ``dataset`` in the same run and of the same data origin with one of the statuses, or None.

    Runs without an id are none.
    """
    if not load.run_id:
        return None
    row = connection.execute(
        """select load_id from meta.loads where dataset = ? and dag_id is not distinct from ? and run_id = ?
        and list_contains(?, status) and data_origin is not distinct from ? order by load_id desc limit 1""",
        [dataset, load.dag_id, load.run_id, list(statuses), load.data_origin],
    ).fetchone()
    return str(row[0]) if row else None


def owners(connection: duckdb.DuckDBPyConnection, dataset: str, data_origin: str, but: str) -> dict[str, str]:
    """Period → load id that raw owns, of the same data origin, apart from the load ``but`` itself."""
    rows = connection.execute(
        """select owner.period, owner.load_id from meta.period_owner as owner
        inner join meta.loads as loads on owner.load_id = loads.load_id
        where owner.dataset = ? and loads.data_origin is not distinct from ? and owner.load_id <> ?""",
        [dataset, data_origin, but],
    ).fetchall()
    return dict(rows)


def candidate_side(facts: Facts, record: Record, load_id: str) -> Side:
    """A load of the same run as a side, corrected as it will be used."""
    other = read_load(facts.connection, load_id)
    entries = entries_of(record.dataset, other.data_origin)
    relations = {table.name: corrected(table, load_table(table, load_id), entries) for table in record.raw_tables}
    return Side(record, relations, (load_id,), frozenset({other.data_origin}))


def owned_side(facts: Facts, record: Record) -> Side | None:
    """What raw owns of a dataset (same data origin), corrected, as a side, or None when it owns nothing."""
    loads = sorted(set(owners(facts.connection, record.dataset, facts.load.data_origin, "").values()))
    if not loads:
        return None
    entries = entries_of(record.dataset, facts.load.data_origin)
    owned = f"where load_id in ({', '.join(map(literal, loads))})"
    relations = {
        table.name: corrected(table, f"(select * from raw.{quote(table.name)} {owned})", entries)
        for table in record.raw_tables
    }
    return Side(record, relations, tuple(loads), frozenset({facts.load.data_origin}))


def area_levels() -> dict[str, str]:
    """Area code → level (country, region, province, municipality), from the seed."""
    return {row["area_code"]: row["level"] for row in seed("areas")}


def area_years() -> dict[str, tuple[str, str]]:
    """Area code → first and last year in which the area exists, from the seed."""
    return {
        row["area_code"]: (
            row["valid_from"][:4] or "0000",
            (row["valid_to"] or "9999")[:4],
        )
        for row in seed("areas")
    }
