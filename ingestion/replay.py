"""The ledger and raw again, from the landing alone: the journal's events applied to an empty database.

Bytes are loaded by the same code that loaded them the first time; verdicts, times and promotions are those of the
journal. Nobody is asked over the network, nothing is judged anew. Building the marts is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import duckdb

from ingestion import pipeline
from ingestion.common import Context, State
from warehouse import journal, ledger
from warehouse.db import literal, quote, transaction
from warehouse.errors import LoadRejected
from warehouse.journal import Event
from warehouse.landing import Manifest, harmed_files, place, read_manifest
from warehouse.raw_views import EMPTIED, load_table, refresh_views
from warehouse.records import Record, catalogue
from warehouse.settings import Settings

Wanted = Callable[[str, str], bool]


def replay(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    events: Iterable[Event],
    wanted: Wanted = lambda dataset, load_id: True,
) -> None:
    """Apply events to a database that has the ledger's schema and holds what came before them.

    ``wanted(dataset, load_id)`` says whose bytes are loaded; the tables of other loads are left empty, and so are those
    of loads whose payload was thinned away by the policy of retention, also when that was after these events.

    Raises:
        LoadRejected: landed bytes have changed since they were received, naming the file.
    """
    thinned = {event.subject for event in journal.read(settings) if event.kind == "thinned"}
    for event in events:
        with transaction(connection):
            connection.execute("insert into meta.journal values (?, ?)", [event.seq, event.line])
            ledger.apply(connection, event)
            if event.kind == "status" and event.facts.get("status") == ledger.LOADED:
                _load(connection, settings, event.subject, thinned, wanted)
    with transaction(connection):
        for record in catalogue().values():
            refresh_views(connection, record)


def _load(
    connection: duckdb.DuckDBPyConnection, settings: Settings, load_id: str, thinned: set[str], wanted: Wanted
) -> None:
    row = connection.execute("select dataset, landing_path from meta.loads where load_id = ?", [load_id]).fetchone()
    if row is None or row[0] not in catalogue():
        return
    record = catalogue()[row[0]]
    if load_id in thinned or not wanted(record.dataset, load_id):
        _leave_empty(connection, record, load_id)
        return
    manifest = _manifest(settings, record, load_id, str(row[1]))
    pipeline.refuse_harmed(manifest, harmed_files(manifest, settings))
    pipeline.fill(connection, Context(record, settings, State()), manifest)


def _manifest(settings: Settings, record: Record, load_id: str, landing_path: str) -> Manifest:
    try:
        return read_manifest(place(settings, landing_path))
    except OSError:
        raise LoadRejected(
            f"The landing of the load {load_id} is not there",
            {"dataset": record.dataset, "folder": landing_path},
            "put the landing back from a backup; without its bytes the warehouse cannot be built again",
        ) from None


def _leave_empty(connection: duckdb.DuckDBPyConnection, record: Record, load_id: str) -> None:
    for table in record.raw_tables:
        columns = ", ".join(f"{quote(name)} {table.sql_type(name)}" for name in table.columns)
        connection.execute(f"create or replace table {load_table(table, load_id)} ({columns})")
        connection.execute(f"comment on table {load_table(table, load_id)} is {literal(EMPTIED)}")
