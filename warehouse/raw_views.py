"""``raw`` as views over the loads: which table a load has, and which rows of it ``raw`` shows.

``raw.<table>`` is the union of the loads that own periods, each cut to the periods that it owns. Who owns what is the
ledger's business.
"""

from __future__ import annotations

import duckdb

from warehouse.db import literal, quote
from warehouse.records import RawTable, Record

EMPTIED = "left empty: its bytes were thinned away, or not asked for"


def load_table(raw_table: RawTable, load_id: str) -> str:
    """The quoted name of a load's own table."""
    return f"raw_loads.{quote(f'{raw_table.name}__{load_id}')}"


def refresh_views(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    """(Re-)create ``raw.<table>`` of a dataset from the loads that own its periods."""
    found = connection.execute(
        "select distinct load_id from meta.period_owner where dataset = ? order by 1", [record.dataset]
    ).fetchall()
    for table in record.raw_tables:
        columns = ", ".join(
            f"cast({quote(column)} as varchar) as {quote(column)}" if kind == "text" else quote(column)
            for column, kind in table.columns.items()
        )
        parts = [
            f"select {columns}, {literal(load_id)} as load_id from {load_table(table, load_id)}"
            f" where cast({quote(table.period_column)} as varchar) in (select period from meta.period_owner"
            f" where dataset = {literal(record.dataset)} and load_id = {literal(load_id)})"
            for (load_id,) in found
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
