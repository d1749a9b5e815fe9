"""A home from before the journal: what its ledger says is written down as events, once, so that it can be rebuilt.

The events are those that the ledger would have written (``warehouse.ledger``), at the times that its tables state, in
that order. What the tables have forgotten (a verdict that was replaced, a status that was passed through) is not made
up. The last event, ``adopted``, says that all before it was written down afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from warehouse import journal, landing, progress, release, revisions
from warehouse.db import transaction
from warehouse.ledger import LANDED, LOADED, PROMOTED, REJECTED, SUPERSEDED, VALIDATED
from warehouse.release_files import file_hash
from warehouse.settings import Settings

_LATER = ("rows_loaded", "expectations_evaluated", "expectations_failed", "loaded_at", "validated_at", "promoted_at")
_PASSED = frozenset({VALIDATED, PROMOTED, SUPERSEDED})


@dataclass(frozen=True)
class _Fact:
    at: datetime
    kind: str
    subject: str
    facts: Mapping[str, Any]


def adopt(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Write the ledger of a home without a journal into one; the events written. A home that has one is left as it is.

    To be called by the one writer, before the outbox is appended to the file.
    """
    if journal.exists(settings) or not _is_unwritten(connection):
        return 0
    progress.say("landing", "writing the journal of a home that had none")
    with transaction(connection):
        facts = [*_checks(connection), *_loads(connection, settings), *_builds(connection, settings)]
        for item in sorted([*facts, *_releases(settings)], key=lambda fact: fact.at):
            facts_of = item.facts
            if item.kind == "published":
                facts_of = _published(connection, settings, item.subject)
            journal.note(connection, item.kind, item.subject, facts_of, item.at)
        written = journal.last_seq(connection)
        journal.note(connection, "adopted", "journal", {"events": written})
    return written


def _is_unwritten(connection: duckdb.DuckDBPyConnection) -> bool:
    row = connection.execute(
        """select not exists (from meta.journal)
        and (exists (from meta.loads) or exists (from meta.checks) or exists (from meta.validations))"""
    ).fetchone()
    return bool(row and row[0])


def _rows(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[dict[str, Any]]:
    found = connection.execute(query, list(values))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _checks(connection: duckdb.DuckDBPyConnection) -> Iterator[_Fact]:
    for row in _rows(connection, "select * from meta.checks order by checked_at, rowid"):
        dataset = row.pop("dataset")
        yield _Fact(row["checked_at"], "checked", dataset, row)


def _loads(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[_Fact]:
    for row in _rows(connection, "select * from meta.loads order by received_at, load_id"):
        now = row["received_at"]
        for fact in _steps(connection, settings, row):
            now = max(now, fact.at)  # a clock that was set back does not turn the order of the steps
            yield _Fact(now, fact.kind, fact.subject, fact.facts)


def _steps(connection: duckdb.DuckDBPyConnection, settings: Settings, row: dict[str, Any]) -> Iterator[_Fact]:
    """What a load went through, in order."""
    load_id, received = row["load_id"], row["received_at"]
    first = {name: value for name, value in row.items() if name not in _LATER and name != "reason"}
    folder = landing.place(settings, row["landing_path"]) if row["landing_path"] else None
    if folder is None or not (folder / landing.MANIFEST).is_file():
        yield _Fact(received, "entered", load_id, {"row": first | {"reason": row["reason"]}, "files": {}})
        return
    files = landing.stored_hashes(folder)
    yield _Fact(received, "entered", load_id, {"row": first | {"status": LANDED}, "files": files})
    if row["loaded_at"]:
        loaded = {"status": LOADED, "rows_loaded": row["rows_loaded"], "loaded_at": row["loaded_at"], "reason": None}
        yield _Fact(row["loaded_at"], "status", load_id, loaded)
    yield from _verdicts(connection, settings, load_id)
    if row["validated_at"]:
        status = VALIDATED if row["status"] in _PASSED else REJECTED
        names = ("reason", "expectations_evaluated", "expectations_failed", "validated_at")
        yield _Fact(row["validated_at"], "status", load_id, {"status": status, **{name: row[name] for name in names}})
    elif row["status"] == REJECTED:
        yield _Fact(row["loaded_at"] or received, "status", load_id, {"status": REJECTED, "reason": row["reason"]})
    if row["promoted_at"]:
        facts = {"dataset": row["dataset"], "promoted_at": row["promoted_at"]}
        yield _Fact(row["promoted_at"], "promoted", load_id, facts)


def _verdicts(connection: duckdb.DuckDBPyConnection, settings: Settings, subject: str) -> Iterator[_Fact]:
    rows = _rows(connection, "select * from meta.validations where load_id = ? order by rowid", subject)
    if not rows:
        return
    judged = max(row.pop("evaluated_at") for row in rows)
    for row in rows:
        del row["load_id"]
        row["sample_keys"] = json.loads(row["sample_keys"] or "[]")
    yield _Fact(judged, "validated", subject, {"evaluated_at": judged, "validations": rows})
    kept = journal.verdict_path(settings, subject)
    if kept.is_file():
        yield _Fact(judged, "kept", subject, {"kept": {f"verdicts/{kept.name}": file_hash(kept)}})


def _builds(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[_Fact]:
    """The verdicts on mart builds, which have no row in ``meta.loads``."""
    query = """select distinct load_id from meta.validations
        where load_id not in (select load_id from meta.loads) order by load_id"""
    for (build_id,) in connection.execute(query).fetchall():
        yield from _verdicts(connection, settings, build_id)


def _releases(settings: Settings) -> Iterator[_Fact]:
    for manifest in reversed(release.releases(settings)):
        created = datetime.fromisoformat(manifest["created_at"]).astimezone(UTC).replace(tzinfo=None)
        # Stated in whole seconds: what came before it in the same second stays before it.
        yield _Fact(created + timedelta(seconds=1), "published", manifest["release_id"], {})


def _published(connection: duckdb.DuckDBPyConnection, settings: Settings, release_id: str) -> dict[str, Any]:
    path = journal.revisions_path(settings, release_id)
    if connection.execute("select 1 from meta.revisions where recorded_by = ? limit 1", [release_id]).fetchone():
        revisions.export(connection, release_id, path)
    facts = release.facts_of(settings, settings.releases / release_id, release_id, "published")
    return {**facts, "journal_seq": journal.last_seq(connection)}
