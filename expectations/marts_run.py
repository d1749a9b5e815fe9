"""Judges a mart build: runs the suite of the marts in the build database, before they are published.

A build is told by what it was made of: the same loads, code, seeds and settings give the same id, and judged again with
the same outcome its verdicts stay as they are. They are rows of ``validations`` like those of a load; the mart is
brought up to date in place, so that a release shows how it was judged itself. Publishing is not here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations import docs, marts, marts_history
from expectations.checks import BLOCKING
from expectations.docs_facts import MARTS
from expectations.engine import evaluate
from expectations.marts_checks import MartFacts
from expectations.masking import Mask
from warehouse import journal, progress, release
from warehouse.db import literal, transaction, writer
from warehouse.errors import WarehouseError
from warehouse.ledger import Validation, record_validations
from warehouse.settings import Settings

PUBLISHED = "published"
_NO_LOADS = "19700101T000000Z"


@dataclass(frozen=True)
class BuildVerdict:
    """The verdict on a mart build; ``reason`` says why it may not be published, and is empty when it may."""

    build_id: str
    validations: tuple[Validation, ...]
    docs: Path
    reason: str = ""

    @property
    def success(self) -> bool:
        """Whether the marts may be published."""
        return not self.reason


def judge(settings: Settings, connection: duckdb.DuckDBPyConnection | None = None) -> BuildVerdict:
    """Judge the marts of the build database; writes verdicts, the mart `validations`, the page and the index.

    ``connection`` is the writer that the caller holds (no transaction open); without one, one is opened.

    Raises:
        WarehouseError: when a check could not be run.
        BusyError: when another process is writing.
    """
    if connection is None:
        import expectations.gx_duckdb  # noqa: F401  (seconds, before the writer is taken)

        with writer(settings, "judge the marts") as opened:
            return judge(settings, opened)
    now = release.inputs(connection, settings, built=True)
    build_id = build_id_of(connection, now)
    with _current_release(connection, settings) as facts:
        findings, result = evaluate(connection, build_id, marts.build(connection, facts))
    findings = Mask.of(settings).apply(findings, result)
    found = tuple(
        Validation(
            object_name=finding.check.table.replace('"', ""),
            expectation=finding.check.name,
            severity=finding.check.severity,
            success=finding.success,
            observed=finding.observed,
            unexpected_count=finding.unexpected_count,
            sample_keys=finding.keys,
        )
        for finding in findings
    )
    recorded = _recorded(connection, build_id)
    verdicts = found if _has_another_before(settings, now) else tuple(_kept(item, recorded) for item in found)
    reason = _reason(verdicts)
    if set(verdicts) != set(recorded.values()):
        record_validations(connection, build_id, verdicts)
    _refresh_mart(connection)
    connection.execute("update meta.build set judged_seq = ?", [journal.last_seq(connection)])
    if set(verdicts) != set(recorded.values()) or not docs.verdict_path(settings, build_id).exists():
        docs.write_build_page(settings, build_id, result, reason)
    docs.note_kept(settings, connection, build_id)  # also of a page whose writing was killed before this; twice is once
    docs.write_index(settings, connection)
    _tell(verdicts, reason)
    return BuildVerdict(build_id, verdicts, docs.page_path(settings, build_id, MARTS), reason)


def require(verdict: BuildVerdict) -> BuildVerdict:
    """The verdict itself when the marts may be published.

    Raises:
        WarehouseError: naming each failed blocking expectation with up to ten offending keys.
    """
    if verdict.success:
        return verdict
    lines = [f"The marts may not be published: {verdict.reason}"]
    for item in _failed(verdict.validations, BLOCKING):
        lines.append(f"  {item.expectation} ({item.object_name}): {item.unexpected_count} offending, {item.observed}")
        lines += [f"    {key}" for key in item.sample_keys]
    raise WarehouseError(
        "\n".join(lines),
        {"build": verdict.build_id, "page": verdict.docs.name},
        "the current release stays as it is; look at the page under validation/marts, correct the model, the seed or "
        "the load that the keys point to, and run again",
    )


def build_id_of(connection: duckdb.DuckDBPyConnection, inputs: str) -> str:
    """The id of a mart build: when its newest load was promoted, and the beginning of the hash of all its inputs."""
    row = connection.execute(
        f"""select strftime(max(promoted_at), '%Y%m%dT%H%M%SZ') from meta.loads
        where load_id in (select load_id from {release.owner_table(connection)})"""
    ).fetchone()
    return f"{(row and row[0]) or _NO_LOADS}_marts_{inputs[:6]}"


@contextmanager
def _current_release(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[MartFacts]:
    """The facts of the suite, while the current release is attached read-only."""
    folder = release.current(settings)
    if folder is None:
        yield MartFacts(settings.small_cell)
        return
    connection.execute(f"attach {literal(str(folder / release.DATABASE))} as {PUBLISHED} (read_only)")
    try:
        gaps = f"{PUBLISHED}.marts.gaps"
        columns = frozenset(str(row[0]) for row in connection.execute(f"describe {gaps}").fetchall())
        yield MartFacts(settings.small_cell, gaps, columns, _has_same_rules(settings, folder))
    finally:
        connection.execute(f"detach {PUBLISHED}")


def _has_same_rules(settings: Settings, folder: Path) -> bool:
    """Whether a release was made with the code, seeds and settings of now."""
    manifest = release.read_manifest(folder)
    software = manifest.get("software", {})
    then = (software.get("dbt_project_sha256"), software.get("disclosure_sha256"))
    now = (release.code_version(), release.disclosure_version())
    settings_then = (manifest.get("focus_municipality"), manifest.get("small_cell"))
    return then == now and settings_then == (settings.focus_municipality, settings.small_cell)


def _has_another_before(settings: Settings, inputs: str) -> bool:
    """Whether the current release was made of something else: only then does a comparison with it say anything."""
    folder = release.current(settings)
    return folder is not None and release.read_manifest(folder).get("inputs") != inputs


def _recorded(connection: duckdb.DuckDBPyConnection, build_id: str) -> dict[tuple[str, str], Validation]:
    rows = connection.execute(
        """select object_name, expectation, severity, success, observed, unexpected_count, sample_keys
        from meta.validations where load_id = ?""",
        [build_id],
    ).fetchall()
    return {
        (mart, name): Validation(mart, name, severity, success, observed, count, tuple(json.loads(keys or "[]")))
        for mart, name, severity, success, observed, count, keys in rows
    }


def _kept(item: Validation, recorded: dict[tuple[str, str], Validation]) -> Validation:
    """A build that has been published, or is built again from the landing alone, has no release before it to compare
    with: what was found when it had one stays on record, unless something blocks now."""
    before = recorded.get((item.object_name, item.expectation))
    if (
        before is None
        or item.expectation not in marts_history.NAMES
        or (item.severity == BLOCKING and not item.success)
    ):
        return item
    return before


def _reason(validations: Sequence[Validation]) -> str:
    names = dict.fromkeys(item.expectation for item in _failed(validations, BLOCKING))
    return "failed: " + ", ".join(names) if names else ""


def _failed(validations: Sequence[Validation], severity: str) -> list[Validation]:
    return [item for item in validations if not item.success and item.severity == severity]


def _refresh_mart(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the mart up to date in place: its comments and its contract stay."""
    with transaction(connection):
        connection.execute("delete from marts.validations")
        connection.execute("insert into marts.validations by name from staging.stg_meta__validations")


def _tell(validations: Sequence[Validation], reason: str) -> None:
    advised = [item for item in validations if not item.success and item.severity != BLOCKING]
    names = ", ".join(f"{item.expectation} ({item.unexpected_count})" for item in advised)
    told = f"; advisory: {names}" if names else ""
    progress.say("marts", f"{reason or f'{len(validations)} expectations judged'}{told}")
