"""The steps of a dataset, as the DAG tasks call them: changed → land → load → (validate, elsewhere) →
promote.

Each step may be repeated at any time, also after a kill: it finds out from the ledger and the landing what is
left to do. The one writer is held only for moments, never during a download. Judging a load is
``expectations``'s.
"""

from __future__ import annotations

import functools
import re
import shutil
from datetime import datetime
from types import ModuleType

import duckdb

from ingestion import education, elections, inbox, inbox_csv, jobindsats, statbank, valg_dk, valgdatabase
from ingestion.common import OFFICIAL, SAMPLE, Context, Look, State, origin_of
from ingestion.http import Client
from warehouse import disk, journal, lake, ledger
from warehouse.db import home_lock, transaction, writer
from warehouse.errors import LoadRejected, NotDelivered, ProviderError
from warehouse.landing import Manifest, harmed_files, new_load_id, read_manifest, stored_hashes
from warehouse.ledger import LOADED, PROMOTED, REJECTED, SUPERSEDED, VALIDATED
from warehouse.raw_views import refresh_views
from warehouse.records import Record, catalogue, record_of
from warehouse.settings import Settings

PROVIDERS: dict[str, ModuleType] = {
    "statbank": statbank,
    "dst_elections": elections,
    "valg_dk": valg_dk,
    "education": education,
    "jobindsats": jobindsats,
    "inbox": inbox_csv,
    "valgdatabase": valgdatabase,
}
NO_RUN = ("", "")
LOAD_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z_[a-z][a-z0-9_]*_[0-9a-f]{6}")

make_client = Client


def changed(dataset: str, settings: Settings, run: tuple[str, str] = NO_RUN) -> bool:
    """Look whether the provider has something new, and write down what was found in ``meta.checks``.

    Also makes sure that the raw views of every dataset of the catalogue exist. A dataset that nobody
    delivered is no error: it is written down as ``not_delivered``.

    Raises:
        LoadRejected: the source is not what the record says; recorded as a rejected load.
        ProviderError: no answer; recorded as a failed check.
    """
    context = _context(dataset, settings, views=True)
    try:
        found: Look = _provider(context.record).look(context)
    except NotDelivered as error:
        _check(context, None, "not_delivered", error.what)
        return False
    except LoadRejected as error:
        _reject(context, None, error, run)
        raise
    except ProviderError as error:
        _check(context, None, "failed", error.what)
        raise
    _record_look(context, found)
    return bool(found.periods)


def _record_look(context: Context, found: Look) -> None:
    with writer(context.settings, f"check {context.record.dataset}") as connection:
        for missing in found.missing:
            ledger.record_check(connection, context.record.dataset, None, "not_delivered", missing)
        outcome = "changed" if found.periods else "unchanged"
        ledger.record_check(connection, context.record.dataset, found.updated, outcome, found.detail)


def has_news(dataset: str, settings: Settings) -> bool:
    """Would :func:`changed` find work, or fail? What it finds is written down only where there is nothing to do.

    For a caller that starts the dataset's DAG where there is, whose first task looks and writes down again.
    """
    context = _context(dataset, settings, views=True)
    try:
        found: Look = _provider(context.record).look(context)
    except NotDelivered as error:
        _check(context, None, "not_delivered", error.what)
        return False
    except (LoadRejected, ProviderError):
        return True
    if not found.periods:
        _record_look(context, found)
    return bool(found.periods)


def land(dataset: str, settings: Settings, run: tuple[str, str] = NO_RUN) -> str:
    """Land what is new, enter it into the ledger, and return its load id.

    A complete landing that nobody judged is taken up again instead of asking twice. Where there is nothing
    new, the newest promoted load is returned: the later steps leave it as it is.

    Raises:
        LoadRejected: what came is not what was asked for; recorded as a rejected load, kept aside.
        ProviderError: no answer; recorded as a failed check.
        NotDelivered: there is nothing to land, and never was.
    """
    with home_lock(settings, f"landing/.locks/{dataset}.lock", f"land {dataset}"):
        context = _context(dataset, settings)
        _sweep(settings, dataset)
        try:
            manifest: Manifest | None = _provider(context.record).land(context)
        except LoadRejected as error:
            _reject(context, None, error, run)
            raise
        except ProviderError as error:
            _check(context, None, "failed", error.what)
            raise
        if manifest is None:
            return _newest(context)
        files = stored_hashes(manifest.folder(settings))
        with writer(settings, f"enter {manifest.load_id}") as connection:
            ledger.enter(connection, manifest, run, files)
        return manifest.load_id


def load(load_id: str, settings: Settings) -> int:
    """Load a landing into its own table; the rows loaded. Twice is once.

    Raises:
        LoadRejected: what was landed cannot be loaded; recorded.
    """
    manifest = _manifest(load_id, settings)
    context = Context(record_of(manifest.dataset), settings, State())
    files = stored_hashes(manifest.folder(settings))
    with writer(settings, f"load {load_id}") as connection:
        as_landed = files == _landed_files(connection, load_id)
        ledger.enter(connection, manifest, files=files)
        if ledger.status_of(connection, load_id) in {VALIDATED, PROMOTED, SUPERSEDED}:
            return _rows_loaded(connection, load_id)
        try:
            if not as_landed:
                refuse_harmed(manifest, harmed_files(manifest, settings))
            rows = _filled(connection, context, manifest)
        except LoadRejected as error:
            if full := disk.readable(error):  # says nothing about the load: it is loaded again when there is room
                raise full from error
            ledger.set_status(connection, load_id, REJECTED, reason=error.block())
            raise
    return rows


def _filled(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Fill the load's tables and say so in the ledger; the rows.

    In the one-file database that is one transaction. In a lake others write meanwhile: the tables are committed first,
    and a kill in between leaves tables of a load that is not loaded yet, which the next try replaces.
    """
    name = f"landing/.locks/load-{manifest.dataset}.lock"
    with lake.aside(connection) as others_may:
        if others_may:
            with home_lock(context.settings, name, f"load {manifest.load_id}"), transaction(connection):
                rows = fill(connection, context, manifest)
    with transaction(connection):
        if not others_may:
            rows = fill(connection, context, manifest)
        ledger.set_status(
            connection, manifest.load_id, LOADED, rows_loaded=rows, loaded_at=ledger.utc_now(), reason=None
        )
    return rows


def promote(load_id: str, settings: Settings) -> None:
    """Make a validated load the owner of its periods. Promoting what is promoted changes nothing.

    Raises:
        LoadRejected: the load has not passed validation.
    """
    manifest = _manifest(load_id, settings)
    with writer(settings, f"promote {load_id}") as connection:
        status = ledger.status_of(connection, load_id)
        if status in {PROMOTED, SUPERSEDED}:
            return
        if status != VALIDATED:
            raise LoadRejected(
                f"The load is {status or 'unknown'}, not validated, and may not be promoted",
                {"dataset": manifest.dataset, "load": load_id},
                "run its validation first",
            )
        ledger.promote(connection, record_of(manifest.dataset), load_id)


def provider_state(dataset: str, settings: Settings) -> datetime | None:
    """When the provider last updated the dataset, as it says itself; None where nothing was delivered.

    Raises:
        ProviderError: no answer at the second try.
    """
    quick = functools.partial(Client, attempts=2, timeout=(3.0, 10.0), exchange_seconds=30.0, budget=60.0)
    context = Context(record_of(dataset), settings, State(), quick)
    try:
        moment: datetime | None = _provider(context.record).state_of(context)
    except NotDelivered:
        return None
    return moment


def _provider(record: Record) -> ModuleType:
    return PROVIDERS[record.provider]


def _context(dataset: str, settings: Settings, views: bool = False) -> Context:
    record = record_of(dataset)
    with writer(settings, f"look at {dataset}") as connection:
        if views:
            _missing_views(connection)
        statuses = connection.execute("select load_id, status from meta.loads where dataset = ?", [dataset]).fetchall()
        state = State(
            ledger.last_promoted(connection, dataset),
            ledger.owned_periods(connection, dataset),
            dict(statuses),
        )
    return Context(record, settings, state, make_client)


def _missing_views(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute("select view_name from duckdb_views() where schema_name = 'raw'").fetchall()
    there = {name for (name,) in found}
    for record in catalogue().values():
        if not {table.name for table in record.raw_tables} <= there:
            refresh_views(connection, record)


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Fill the load's own table(s) from its landing, and what its codes mean; the rows loaded."""
    rows: int = _provider(context.record).fill(connection, context, manifest)
    return rows


def refuse_harmed(manifest: Manifest, harmed: list[str]) -> None:
    """Stop where landed bytes are no longer what was received.

    Raises:
        LoadRejected: naming the files.
    """
    if harmed:
        raise LoadRejected(
            f"The landing has changed since it was received: {', '.join(harmed)}",
            {"dataset": manifest.dataset, "load": manifest.load_id},
            "a landing is never edited: run again, it is fetched anew",
        )


def _landed_files(connection: duckdb.DuckDBPyConnection, load_id: str) -> dict[str, str]:
    """The hashes of the stored files as the journal has them from the moment of landing; empty where it has none.

    While they are the same, the bytes as received need not be unpacked to be hashed again.
    """
    entered = (event for event in journal.of_kinds(connection, "entered") if event.subject == load_id)
    return next((dict(event.facts["files"]) for event in entered), {})


def _newest(context: Context) -> str:
    if context.state.promoted is None:
        raise NotDelivered(
            f"There is nothing to land for {context.record.dataset}",
            {"dataset": context.record.dataset},
            "nothing needs to be done",
        )
    return context.state.promoted.load_id


def _manifest(load_id: str, settings: Settings) -> Manifest:
    found = sorted(settings.landing.glob(f"*/*/{load_id}/manifest.json")) if LOAD_ID.fullmatch(load_id) else []
    if not found:
        raise LoadRejected(f"There is no landing of the load {load_id!r}", {"load": load_id}, "land the dataset again")
    return read_manifest(found[0].parent)


def _rows_loaded(connection: duckdb.DuckDBPyConnection, load_id: str) -> int:
    row = connection.execute("select coalesce(rows_loaded, 0) from meta.loads where load_id = ?", [load_id]).fetchone()
    return int(row[0]) if row else 0


def _check(context: Context, updated: datetime | None, outcome: str, detail: str) -> None:
    with writer(context.settings, f"check {context.record.dataset}") as connection:
        ledger.record_check(connection, context.record.dataset, updated, outcome, detail)


def _reject(context: Context, load_id: str | None, error: LoadRejected, run: tuple[str, str]) -> None:
    """Write down a load that was refused before it had a manifest, with what is known of it."""
    record, settings = context.record, context.settings
    addresses = {
        "statbank": settings.statbank_url,
        "dst_elections": settings.elections_url,
        "education": settings.education_url,
        "jobindsats": settings.jobindsats_url,
    }
    url = addresses.get(record.provider, "inbox")
    row = {
        "load_id": load_id or str(error.where.get("load") or new_load_id(record.dataset)),
        "provider": record.provider,
        "dataset": record.dataset,
        "url": url,
        "received_at": ledger.utc_now(),
        "licence": record.licence_received,
        "citation": record.citation,
        "data_origin": origin_of(url) if url != "inbox" else _inbox_origin(context),
        "landing_path": error.where.get("kept"),
        "reason": error.block(),
        "dag_id": run[0],
        "run_id": run[1],
    }
    with writer(settings, f"reject {record.dataset}") as connection:
        ledger.enter_refused(connection, row)
        ledger.record_check(connection, record.dataset, None, "failed", error.what)


def _inbox_origin(context: Context) -> str:
    """Whose files were looked at when the delivery was refused."""
    return OFFICIAL if inbox.holds_files(context) else SAMPLE


def _sweep(settings: Settings, dataset: str) -> None:
    """Clear away what a killed landing left behind; the caller holds the dataset's lock."""
    name = re.compile(rf"\d{{8}}T\d{{6}}Z_{re.escape(dataset)}_[0-9a-f]{{6}}")
    incoming = settings.landing / ".incoming"
    for path in incoming.iterdir() if incoming.is_dir() else ():
        if name.fullmatch(path.name):
            shutil.rmtree(path)
