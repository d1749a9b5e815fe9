"""The load ledger: what was received, judged and promoted, and which load owns which period.

``meta.period_owner`` is the heart. Every load is an immutable table in ``raw_loads``; ``raw.<dataset>`` is a view
of the periods that each load owns. To promote a load is to hand it its periods, in one transaction: what was there
before is untouched until the commit, and still there after it for the auditor.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from warehouse.db import literal, quote, transaction
from warehouse.landing import Manifest
from warehouse.records import RawTable, Record

_DDL = """
create schema if not exists raw;
create schema if not exists raw_loads;
create schema if not exists meta;
create table if not exists meta.loads (
    load_id varchar primary key, provider varchar, dataset varchar, url varchar, request varchar,
    received_at timestamp, source_updated_at timestamp, bytes bigint, sha256 varchar, rows_received bigint,
    periods varchar[], licence varchar, citation varchar, data_origin varchar, landing_path varchar,
    status varchar, reason varchar, rows_loaded bigint, expectations_evaluated integer,
    expectations_failed integer, loaded_at timestamp, validated_at timestamp, promoted_at timestamp,
    dag_id varchar, run_id varchar, selection varchar
);
create table if not exists meta.validations (
    load_id varchar, object_name varchar, expectation varchar, severity varchar, success boolean,
    observed varchar, unexpected_count bigint, sample_keys varchar, evaluated_at timestamp
);
create table if not exists meta.codes (
    load_id varchar, dataset varchar, variable varchar, position integer, published_code varchar,
    published_text varchar, canonical_code varchar, selected boolean
);
create table if not exists meta.period_owner (
    dataset varchar, period varchar, load_id varchar, primary key (dataset, period)
);
create table if not exists meta.checks (
    dataset varchar, checked_at timestamp, provider_updated_at timestamp, outcome varchar, detail varchar
);
"""

LANDED, LOADED, VALIDATED, PROMOTED, REJECTED, SUPERSEDED = (
    "landed",
    "loaded",
    "validated",
    "promoted",
    "rejected",
    "superseded",
)


@dataclass(frozen=True)
class Validation:
    """The verdict on one expectation of one load."""

    object_name: str
    expectation: str
    severity: str
    success: bool
    observed: str
    unexpected_count: int
    sample_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Promoted:
    """What the newest promoted load of a dataset says of itself."""

    load_id: str
    source_updated_at: datetime | None
    data_origin: str
    selection: str
    sha256: str


def utc_now() -> datetime:
    """Now, in UTC, without a zone: the form of every time in ``meta``."""
    return datetime.now(UTC).replace(tzinfo=None)


def ensure_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of ``raw``, ``raw_loads`` and ``meta``."""
    connection.execute(_DDL)


def record_check(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    updated: datetime | None,
    outcome: str,
    detail: str = "",
) -> None:
    """Write down what a look at the provider found: changed, unchanged, not_delivered or failed."""
    connection.execute("insert into meta.checks values (?, ?, ?, ?, ?)", [dataset, utc_now(), updated, outcome, detail])


def owned_periods(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, str]:
    """Period → load id, of all that ``raw`` shows of the dataset."""
    rows = connection.execute("select period, load_id from meta.period_owner where dataset = ?", [dataset]).fetchall()
    return dict(rows)


def last_promoted(connection: duckdb.DuckDBPyConnection, dataset: str) -> Promoted | None:
    """The newest promoted load of the dataset, or None."""
    row = connection.execute(
        """select load_id, source_updated_at, data_origin, selection, sha256 from meta.loads
        where dataset = ? and promoted_at is not null order by promoted_at desc, load_id desc limit 1""",
        [dataset],
    ).fetchone()
    return Promoted(*row) if row else None


def enter(connection: duckdb.DuckDBPyConnection, manifest: Manifest, run: tuple[str, str] = ("", "")) -> None:
    """Write a landed load into the ledger; entering it twice changes nothing."""
    if connection.execute("select 1 from meta.loads where load_id = ?", [manifest.load_id]).fetchone():
        return
    row = {
        "load_id": manifest.load_id,
        "provider": manifest.provider,
        "dataset": manifest.dataset,
        "url": manifest.url,
        "request": json.dumps(manifest.request, ensure_ascii=False),
        "received_at": manifest.received_at,
        "source_updated_at": manifest.source_updated_at,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "rows_received": manifest.rows_received,
        "periods": list(manifest.periods),
        "licence": manifest.licence,
        "citation": manifest.citation,
        "data_origin": manifest.data_origin,
        "landing_path": manifest.landing_path,
        "selection": manifest.selection,
        "status": LANDED,
        "dag_id": run[0],
        "run_id": run[1],
    }
    columns = ", ".join(row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f"insert into meta.loads ({columns}) values ({marks})", list(row.values()))


def set_status(connection: duckdb.DuckDBPyConnection, load_id: str, status: str, **facts: object) -> None:
    """Move a load on; ``facts`` are further columns of ``meta.loads``."""
    changes = {"status": status, **facts}
    assignments = ", ".join(f"{quote(name)} = ?" for name in changes)
    connection.execute(f"update meta.loads set {assignments} where load_id = ?", [*changes.values(), load_id])


def status_of(connection: duckdb.DuckDBPyConnection, load_id: str) -> str:
    """The status of a load."""
    row = connection.execute("select status from meta.loads where load_id = ?", [load_id]).fetchone()
    return str(row[0]) if row else ""


def record_validations(connection: duckdb.DuckDBPyConnection, load_id: str, validations: Sequence[Validation]) -> None:
    """Replace the verdicts of a load."""
    connection.execute("delete from meta.validations where load_id = ?", [load_id])
    now = utc_now()
    for item in validations:
        connection.execute(
            "insert into meta.validations values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                load_id,
                item.object_name,
                item.expectation,
                item.severity,
                item.success,
                item.observed,
                item.unexpected_count,
                json.dumps(list(item.sample_keys)[:10], ensure_ascii=False),
                now,
            ],
        )


def load_table(raw_table: RawTable, load_id: str) -> str:
    """The quoted name of a load's own table."""
    return f"raw_loads.{quote(f'{raw_table.name}__{load_id}')}"


def promote(connection: duckdb.DuckDBPyConnection, record: Record, load_id: str) -> None:
    """Make the load the owner of exactly the periods it holds, in one transaction.

    Periods that came from another kind of source (sample against official) leave with the same commit: a warehouse
    never shows both at once.
    """
    with transaction(connection):
        connection.execute(
            """delete from meta.period_owner where dataset = $dataset and (
                period in (select unnest(periods) from meta.loads where load_id = $load_id)
                or load_id in (
                    select load_id from meta.loads where dataset = $dataset
                    and data_origin <> (select data_origin from meta.loads where load_id = $load_id)))""",
            {"dataset": record.dataset, "load_id": load_id},
        )
        connection.execute(
            "insert into meta.period_owner select dataset, unnest(periods), load_id from meta.loads where load_id = ?",
            [load_id],
        )
        connection.execute(
            """update meta.loads set status = 'superseded' where dataset = ? and status = 'promoted'
            and load_id not in (select load_id from meta.period_owner)""",
            [record.dataset],
        )
        set_status(connection, load_id, PROMOTED, promoted_at=utc_now())
        refresh_views(connection, record)


def refresh_views(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    """(Re-)create ``raw.<table>`` of a dataset from the loads that own its periods."""
    owners = sorted(set(owned_periods(connection, record.dataset).values()))
    for table in record.raw_tables:
        columns = ", ".join(
            f"cast({quote(column)} as varchar) as {quote(column)}" if kind == "text" else quote(column)
            for column, kind in table.columns.items()
        )
        parts = [
            f"select {columns}, {literal(load_id)} as load_id from {load_table(table, load_id)}"
            f" where cast({quote(table.period_column)} as varchar) in (select period from meta.period_owner"
            f" where dataset = {literal(record.dataset)} and load_id = {literal(load_id)})"
            for load_id in owners
        ]
        empty = ", ".join(f"cast(null as {table.sql_type(name)}) as {quote(name)}" for name in table.columns)
        body = "\nunion all by name\n".join(parts) or f"select {empty}, cast(null as varchar) as load_id where false"
        connection.execute(f"create or replace view raw.{quote(table.name)} as\n{body}")
        if record.provider == "inbox":
            _refresh_every_load(connection, record, table, columns, empty)
    connection.execute(
        """create or replace view raw.statbank_codes as select * from meta.codes
        where load_id in (select load_id from meta.period_owner)"""
    )


def _refresh_every_load(
    connection: duckdb.DuckDBPyConnection, record: Record, table: RawTable, columns: str, empty: str
) -> None:
    """(Re-)create ``raw_loads.<table>``: the rows of every load that was ever promoted.

    Disclosure control asks for it: what an earlier delivery had to hide stays hidden in a later one.
    """
    found = connection.execute(
        """select load_id from meta.loads where dataset = $dataset and promoted_at is not null
        and $table || '__' || load_id in (select table_name from duckdb_tables() where schema_name = 'raw_loads')
        order by promoted_at, load_id""",
        {"dataset": record.dataset, "table": table.name},
    ).fetchall()
    parts = [f"select {columns}, {literal(i)} as load_id from {load_table(table, i)}" for (i,) in found]
    body = "\nunion all by name\n".join(parts) or f"select {empty}, cast(null as varchar) as load_id where false"
    connection.execute(f"create or replace view raw_loads.{quote(table.name)} as\n{body}")
