"""The load ledger: what was received, judged and promoted, and which load owns which period.

``meta.period_owner`` is the heart. Every load is an immutable table in ``raw_loads``; ``raw.<dataset>`` is a view
of the periods that each load owns. To promote a load is to hand it its periods, in one transaction: what was there
before is untouched until the commit, and still there after it for the auditor.

Every change is an event: it is written into the journal (``warehouse.journal``) and then applied, in one transaction.
Applying the same events again (:func:`apply`) gives the same ledger: that is how a home is rebuilt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from warehouse import journal, lake, revisions
from warehouse.db import quote, transaction
from warehouse.landing import Manifest
from warehouse.raw_views import refresh_views
from warehouse.records import Record, catalogue

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
create table if not exists meta.build (journal_seq bigint, judged_seq bigint);
create table if not exists meta.built_owner (dataset varchar, period varchar, load_id varchar);
create table if not exists meta.models (
    name varchar primary key, schema_name varchar, language varchar, materialized varchar, compiled_sql varchar,
    depends_on varchar[]
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
    ddl = _DDL + journal.DDL + revisions.DDL
    connection.execute(lake.missing(connection, ddl) if lake.is_lake(connection) else ddl)


def record_check(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    updated: datetime | None,
    outcome: str,
    detail: str = "",
) -> None:
    """Write down what a look at the provider found: changed, unchanged, not_delivered or failed."""
    facts = {"checked_at": utc_now(), "provider_updated_at": updated, "outcome": outcome, "detail": detail}
    _happen(connection, "checked", dataset, facts)


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


def enter(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    run: tuple[str, str] = ("", ""),
    files: Mapping[str, str] | None = None,
) -> None:
    """Write a landed load into the ledger; entering it twice changes nothing but the run it belongs to.

    A run that takes up what a killed one had landed makes it its own: loads of one run are judged against each other.
    ``files`` are the hashes of the files of the landing folder as they lie there (``landing.stored_hashes``).
    """
    known = connection.execute("select dag_id, run_id from meta.loads where load_id = ?", [manifest.load_id]).fetchone()
    if known:
        if any(run) and known != run:
            _happen(connection, "status", manifest.load_id, {"dag_id": run[0], "run_id": run[1]})
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
    _happen(connection, "entered", manifest.load_id, {"row": row, "files": dict(files or {})})


def enter_refused(connection: duckdb.DuckDBPyConnection, row: Mapping[str, object]) -> None:
    """Write down a load that was refused before it was landed, with what is known of it (columns of ``meta.loads``)."""
    _happen(connection, "entered", str(row["load_id"]), {"row": {**row, "status": REJECTED}, "files": {}})


def set_status(connection: duckdb.DuckDBPyConnection, load_id: str, status: str, **facts: object) -> None:
    """Move a load on; ``facts`` are further columns of ``meta.loads``."""
    _happen(connection, "status", load_id, {"status": status, **facts})


def status_of(connection: duckdb.DuckDBPyConnection, load_id: str) -> str:
    """The status of a load."""
    row = connection.execute("select status from meta.loads where load_id = ?", [load_id]).fetchone()
    return str(row[0]) if row else ""


def record_validations(connection: duckdb.DuckDBPyConnection, load_id: str, validations: Sequence[Validation]) -> None:
    """Replace the verdicts of a load."""
    rows = [{**asdict(item), "sample_keys": list(item.sample_keys)[:10]} for item in validations]
    _happen(connection, "validated", load_id, {"evaluated_at": utc_now(), "validations": rows})


def promote(connection: duckdb.DuckDBPyConnection, record: Record, load_id: str) -> None:
    """Make the load the owner of exactly the periods it holds, in one transaction.

    Periods that came from another kind of source (sample against official) leave with the same commit: a warehouse
    never shows both at once.
    """
    facts = {"dataset": record.dataset, "promoted_at": utc_now()}
    _happen(connection, "promoted", load_id, facts, {record.dataset: record})


def record_release(connection: duckdb.DuckDBPyConnection, release_id: str, facts: Mapping[str, object]) -> None:
    """Write down that a release was published, rebuilt or thinned away (``facts["outcome"]``)."""
    _happen(connection, str(facts["outcome"]), release_id, facts)


def record_thinned(connection: duckdb.DuckDBPyConnection, load_id: str, files: Sequence[str]) -> None:
    """Write down that payload files of a load were removed from the landing by the policy of retention."""
    _happen(connection, "thinned", load_id, {"files": list(files)})


def record_kept(connection: duckdb.DuckDBPyConnection, subject: str, files: Mapping[str, str]) -> None:
    """Write down the hashes of files that are kept beside the journal (name relative to it → sha256); twice is once."""
    for event in reversed(journal.of_kinds(connection, "kept")):
        if event.subject == subject:
            if event.facts["kept"] == dict(files):
                return
            break
    _happen(connection, "kept", subject, {"kept": dict(files)})


def apply(
    connection: duckdb.DuckDBPyConnection, event: journal.Event, records: Mapping[str, Record] | None = None
) -> None:
    """Apply an event that is in the journal already to ``meta`` and ``raw``; to be called inside a transaction."""
    action = _ACTIONS.get(event.kind)
    if action:
        action(connection, event.subject, event.facts, catalogue() if records is None else records)


def _happen(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    subject: str,
    facts: Mapping[str, object],
    records: Mapping[str, Record] | None = None,
) -> None:
    with transaction(connection):
        plain = journal.note(connection, kind, subject, facts)
        action = _ACTIONS.get(kind)
        if action:
            action(connection, subject, plain, catalogue() if records is None else records)


def _checked(connection: duckdb.DuckDBPyConnection, dataset: str, facts: Mapping[str, Any], _: object) -> None:
    values = [dataset, *(facts[name] for name in ("checked_at", "provider_updated_at", "outcome", "detail"))]
    connection.execute("insert into meta.checks values (?, ?, ?, ?, ?)", values)


def _entered(connection: duckdb.DuckDBPyConnection, load_id: str, facts: Mapping[str, Any], _: object) -> None:
    row = facts["row"]
    columns = ", ".join(quote(name) for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f"insert into meta.loads ({columns}) values ({marks})", list(row.values()))


def _moved_on(connection: duckdb.DuckDBPyConnection, load_id: str, facts: Mapping[str, Any], _: object) -> None:
    assignments = ", ".join(f"{quote(name)} = ?" for name in facts)
    connection.execute(f"update meta.loads set {assignments} where load_id = ?", [*facts.values(), load_id])


def _validated(connection: duckdb.DuckDBPyConnection, load_id: str, facts: Mapping[str, Any], _: object) -> None:
    connection.execute("delete from meta.validations where load_id = ?", [load_id])
    for item in facts["validations"]:
        connection.execute(
            "insert into meta.validations values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                load_id,
                item["object_name"],
                item["expectation"],
                item["severity"],
                item["success"],
                item["observed"],
                item["unexpected_count"],
                json.dumps(item["sample_keys"], ensure_ascii=False),
                facts["evaluated_at"],
            ],
        )


def _promoted(
    connection: duckdb.DuckDBPyConnection, load_id: str, facts: Mapping[str, Any], records: Mapping[str, Record]
) -> None:
    dataset, record = facts["dataset"], records.get(facts["dataset"])  # None: it has left the catalogue since
    if record:
        revisions.record_source(connection, record, load_id, facts["promoted_at"])
    connection.execute(
        """delete from meta.period_owner where dataset = $dataset and (
            period in (select unnest(periods) from meta.loads where load_id = $load_id)
            or load_id in (
                select load_id from meta.loads where dataset = $dataset
                and data_origin <> (select data_origin from meta.loads where load_id = $load_id)))""",
        {"dataset": dataset, "load_id": load_id},
    )
    connection.execute(
        "insert into meta.period_owner select dataset, unnest(periods), load_id from meta.loads where load_id = ?",
        [load_id],
    )
    lake.keep_owners(connection)
    connection.execute(
        """update meta.loads set status = 'superseded' where dataset = ? and status = 'promoted'
        and load_id not in (select load_id from meta.period_owner)""",
        [dataset],
    )
    _moved_on(connection, load_id, {"status": PROMOTED, "promoted_at": facts["promoted_at"]}, None)
    if record:
        refresh_views(connection, record)


_ACTIONS: dict[str, Callable[[duckdb.DuckDBPyConnection, str, Mapping[str, Any], Any], None]] = {
    "checked": _checked,
    "entered": _entered,
    "status": _moved_on,
    "validated": _validated,
    "promoted": _promoted,
}
