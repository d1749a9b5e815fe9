"""Judges a load: runs its suite, writes the verdicts into the ledger, and writes the Data Docs.

Datasets of one family are judged together: when a load is rejected, the other loads of its family in the same run are
held back. Load all of a run before validating the first of it; call with no transaction open. Promotion is not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from expectations import docs, suites
from expectations.checks import BLOCKING
from expectations.docs_facts import HELD_BACK
from expectations.engine import Finding, evaluate
from expectations.facts import Facts, Load, candidate, pending, read_load
from expectations.masking import Mask
from warehouse import lake
from warehouse.db import transaction, writer
from warehouse.errors import LoadRejected
from warehouse.ledger import (
    LOADED,
    PROMOTED,
    REJECTED,
    SUPERSEDED,
    VALIDATED,
    Validation,
    record_validations,
    set_status,
    status_of,
    utc_now,
)
from warehouse.records import Record, catalogue
from warehouse.settings import Settings


@dataclass(frozen=True)
class Verdict:
    """The verdict on a load.

    ``success`` says whether it may be promoted; ``failed`` counts blocking and advisory failures; ``reason`` says why
    it may not; ``docs`` is its page.
    """

    load_id: str
    dataset: str
    success: bool
    evaluated: int
    failed: int
    validations: tuple[Validation, ...]
    docs: Path
    reason: str = ""


def validate(
    load_id: str,
    settings: Settings,
    connection: duckdb.DuckDBPyConnection | None = None,
    records: Mapping[str, Record] | None = None,
) -> Verdict:
    """Judge a load that is in ``raw_loads``; writes verdicts, status and Data Docs, and holds back its family.

    ``connection`` is the writer that the caller holds (no transaction open); without one, one is opened.
    ``records`` stands in for the catalogue.

    Raises:
        WarehouseError: when the ledger does not know the load, or a check could not be run.
        BusyError: when another process is writing.
    """
    if connection is None:
        import expectations.gx_duckdb  # noqa: F401  (seconds, before the writer is taken)

        with writer(settings, f"validate {load_id}") as opened:
            return validate(load_id, settings, opened, records)
    known = records if records is not None else catalogue()
    load = read_load(connection, load_id)
    if load.status in (PROMOTED, SUPERSEDED):
        return _as_recorded(connection, settings, load)
    facts = Facts(connection, settings, known[load.dataset], load, known)
    suite = suites.build(facts)
    with lake.aside(connection):
        findings, result = evaluate(connection, load_id, suite)
    findings = Mask.of(settings, facts.record).apply(findings, result)
    validations = tuple(_validation(facts, finding) for finding in findings)
    reason = _reason(facts, validations)
    held = _pending_family(facts) if reason else []
    with transaction(connection):
        record_validations(connection, load_id, validations)
        _settle(connection, load_id, validations, reason)
        for other in held:
            why = f"{HELD_BACK}{load_id} of its family was rejected"
            set_status(connection, other, REJECTED, reason=why, validated_at=utc_now())
    page = docs.write_page(settings, connection, load_id, result)
    docs.note_kept(settings, connection, load_id)
    for other in held:
        docs.restate(settings, connection, other)
    docs.write_index(settings, connection)
    return Verdict(
        load_id=load_id,
        dataset=load.dataset,
        success=not reason,
        evaluated=len(validations),
        failed=sum(not item.success for item in validations),
        validations=validations,
        docs=page,
        reason=reason,
    )


def require(verdict: Verdict) -> Verdict:
    """The verdict itself when the load may be promoted.

    Raises:
        LoadRejected: naming each failed blocking expectation with up to ten offending keys.
    """
    if verdict.success:
        return verdict
    lines = [f"The load {verdict.load_id} of {verdict.dataset} was rejected: {verdict.reason}"]
    for item in failed_blocking(verdict.validations):
        lines.append(f"  {item.expectation} ({item.object_name}): {item.unexpected_count} offending, {item.observed}")
        lines += [f"    {key}" for key in item.sample_keys]
    raise LoadRejected(
        "\n".join(lines),
        {
            "dataset": verdict.dataset,
            "load": verdict.load_id,
            "page": verdict.docs.name,
        },
        "what raw held before is untouched; look at the page under validation/loads, then ask the provider, correct "
        "the record or the seed, and run again",
    )


def failed_blocking(validations: Sequence[Validation]) -> list[Validation]:
    """The blocking expectations that do not hold."""
    return [item for item in validations if not item.success and item.severity == BLOCKING]


def _validation(facts: Facts, finding: Finding) -> Validation:
    tables = {facts.table(table): f"raw.{table.name}" for table in facts.record.raw_tables}
    return Validation(
        object_name=tables[finding.check.table],
        expectation=finding.check.name,
        severity=finding.check.severity,
        success=finding.success,
        observed=finding.observed,
        unexpected_count=finding.unexpected_count,
        sample_keys=finding.keys,
    )


def _reason(facts: Facts, validations: Sequence[Validation]) -> str:
    """Why the load may not enter; empty when it may."""
    failed = failed_blocking(validations)
    if failed:
        return "failed: " + ", ".join(dict.fromkeys(item.expectation for item in failed))
    for dataset in _family(facts):
        # The newest load of the run counts: tasks that are cleared after a mend fetch another in the same run.
        other = candidate(facts.connection, facts.load, dataset, (REJECTED, LOADED, VALIDATED, PROMOTED))
        rejected = other and status_of(facts.connection, other) == REJECTED
        if other and rejected and not _held_back(facts.connection, other):
            return f"{HELD_BACK}{other} of its family was rejected"
    return ""


def _family(facts: Facts) -> list[str]:
    """The other datasets of the load's family."""
    family = facts.record.family
    return [name for name, r in facts.records.items() if family and r.family == family and name != facts.load.dataset]


def _held_back(connection: duckdb.DuckDBPyConnection, load_id: str) -> bool:
    row = connection.execute("select reason from meta.loads where load_id = ?", [load_id]).fetchone()
    return bool(row and str(row[0] or "").startswith(HELD_BACK))


def _pending_family(facts: Facts) -> list[str]:
    """Loads of the family in the same run that are waiting to be judged or promoted."""
    found = [
        candidate(facts.connection, facts.load, name, (LOADED, VALIDATED))
        or pending(facts.connection, facts.load, name, (LOADED, VALIDATED))
        for name in _family(facts)
    ]
    return [load_id for load_id in found if load_id]


def _stored(*row: Any) -> Validation:
    name, expectation, severity, success, observed, count, keys = row
    return Validation(name, expectation, severity, success, observed, count, tuple(json.loads(keys or "[]")))


def _as_recorded(connection: duckdb.DuckDBPyConnection, settings: Settings, load: Load) -> Verdict:
    """The verdict on a load that was judged and promoted long ago."""
    rows = connection.execute(
        """select object_name, expectation, severity, success, observed, unexpected_count, sample_keys
        from meta.validations where load_id = ?""",
        [load.load_id],
    ).fetchall()
    found = tuple(_stored(*row) for row in rows)
    failed = sum(not item.success for item in found)
    page = docs.page_path(settings, load.load_id)
    return Verdict(load.load_id, load.dataset, True, len(found), failed, found, page)


def _settle(
    connection: duckdb.DuckDBPyConnection,
    load_id: str,
    validations: Sequence[Validation],
    reason: str,
) -> None:
    set_status(
        connection,
        load_id,
        REJECTED if reason else VALIDATED,
        reason=reason or None,
        expectations_evaluated=len(validations),
        expectations_failed=sum(not item.success for item in validations),
        validated_at=utc_now(),
    )
