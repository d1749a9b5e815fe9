"""What the pages and the index know of a load or a mart build: plain reading of ``meta``, nothing rendered here.

Only what is settled when a verdict falls stands on a page, so that a page written again is the same page; whether raw
shows a load now is the index's to say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from expectations.checks import ADVISORY, BLOCKING
from expectations.docs_gx import Row
from expectations.masking import Mask
from warehouse.errors import SettingsError
from warehouse.ledger import PROMOTED, REJECTED, SUPERSEDED, VALIDATED
from warehouse.records import Record, record_of
from warehouse.settings import Settings

LOADS, MARTS = "loads", "marts"
HELD_BACK = "held back: "
ACCEPTED, NOT_JUDGED = "Accepted", "Not judged"
REJECTED_VERDICT = "Rejected"


@dataclass(frozen=True)
class Entry:
    """A load or a mart build as the index and its page show it.

    ``rows`` are its expectations as ``meta.validations`` has them; ``received`` the key facts of the landing manifest,
    in reading order; ``now`` what raw makes of the load today, for the index alone.
    """

    id: str
    kind: str
    dataset: str
    title_en: str
    title_da: str
    verdict: str
    reason: str = ""
    at: datetime | None = None
    was_judged: bool = True
    rows: tuple[Row, ...] = ()
    received: tuple[tuple[str, str], ...] = ()
    sha256: str = ""
    kept: str = ""
    now: str = ""

    @property
    def is_held_back(self) -> bool:
        """Whether the load itself was in order, and another of its family was not."""
        return self.reason.startswith(HELD_BACK)

    @property
    def page(self) -> str:
        """The page, relative to the index."""
        return f"{self.kind}/{self.id}.html"

    def failed(self, severity: str) -> list[str]:
        """The names of the expectations of a severity that were not met, each once."""
        return list(dict.fromkeys(row.name for row in self.rows if not row.met and row.severity == severity))


def read_loads(connection: duckdb.DuckDBPyConnection, settings: Settings, load_ids: Sequence[str] = ()) -> list[Entry]:
    """The loads of the ledger (or those named), newest first."""
    rows = connection.execute(
        f"""select {", ".join(_COLUMNS)}
        from meta.loads
        where ? or list_contains(?, load_id)
        order by coalesce(validated_at, received_at) desc, load_id desc""",
        [not load_ids, list(load_ids)],
    ).fetchall()
    found = _validations(connection, [str(row[0]) for row in rows])
    return [_entry(settings, dict(zip(_COLUMNS, row, strict=True)), found.get(row[0], ())) for row in rows]


def read_builds(connection: duckdb.DuckDBPyConnection) -> list[Entry]:
    """The mart builds that were judged (``meta.validations`` without a load), newest first."""
    judged = connection.execute(
        """select load_id, max(evaluated_at) from meta.validations
        where object_name like 'marts.%' and load_id not in (select load_id from meta.loads)
        group by load_id order by 2 desc, 1 desc"""
    ).fetchall()
    found = _validations(connection, [str(build_id) for build_id, _ in judged])
    return [build_entry(build_id, found.get(build_id, ()), at=at) for build_id, at in judged]


def build_entry(build_id: str, rows: Sequence[Row], reason: str | None = None, at: datetime | None = None) -> Entry:
    """A mart build; its reason follows from its rows where none is given."""
    if reason is None:
        failed = dict.fromkeys(row.name for row in rows if not row.met and row.severity == BLOCKING)
        reason = "failed: " + ", ".join(failed) if failed else ""
    return Entry(
        id=build_id,
        kind=MARTS,
        dataset=MARTS,
        title_en="The marts before they are published",
        title_da="De færdige tabeller før offentliggørelsen",
        verdict=REJECTED_VERDICT if reason else ACCEPTED,
        reason=reason,
        at=at,
        rows=tuple(rows),
    )


_COLUMNS = (
    *("load_id", "provider", "dataset", "url", "request", "received_at", "source_updated_at", "bytes", "sha256"),
    *("rows_received", "periods", "licence", "citation", "data_origin", "landing_path", "status", "reason"),
    *("validated_at", "promoted_at", "dag_id", "run_id"),
)


def _entry(settings: Settings, load: dict[str, object], rows: Sequence[Row]) -> Entry:
    record = _record(str(load["dataset"]))
    status, reason = str(load["status"]), str(load["reason"] or "")
    mask = Mask.of(settings, record) if record else Mask(settings.small_cell, is_own=True)
    judged = isinstance(load["validated_at"], datetime)
    accepted = ACCEPTED if judged or status in (VALIDATED, PROMOTED, SUPERSEDED) else NOT_JUDGED
    return Entry(
        id=str(load["load_id"]),
        kind=LOADS,
        dataset=str(load["dataset"]),
        title_en=record.title_en if record else "",
        title_da=record.title_da if record else "",
        verdict=REJECTED_VERDICT if status == REJECTED else accepted,
        reason=mask.reason(reason) if status == REJECTED else "",
        at=_moment(load["validated_at"]) or _moment(load["received_at"]),
        was_judged=bool(rows),
        rows=tuple(rows),
        received=_received(load, mask),
        sha256=str(load["sha256"] or ""),
        kept=str(load["landing_path"] or ""),
        now=_now(status, reason),
    )


def _now(status: str, reason: str) -> str:
    """What has become of a load."""
    if status == REJECTED:
        return "Held back" if reason.startswith(HELD_BACK) else "Kept out of raw"
    words = {PROMOTED: "In use", SUPERSEDED: "Superseded by a newer load", VALIDATED: "Waits to enter raw"}
    return words.get(status, "Waits to be judged")


def _received(load: dict[str, object], mask: Mask) -> tuple[tuple[str, str], ...]:
    """The key facts of the landing manifest; a load that was refused early has few."""
    periods = load["periods"]
    listed = [str(period) for period in periods] if isinstance(periods, list) else []
    run = " / ".join(str(part) for part in (load["dag_id"], load["run_id"]) if part)
    facts = (
        ("Dataset", load["dataset"]),
        ("Provider", load["provider"]),
        ("Address", load["url"]),
        ("Request", load["request"]),
        ("Received (UTC)", _time(load["received_at"])),
        ("Updated by the provider (Danish time)", _time(load["source_updated_at"])),
        ("Periods", ", ".join(listed)),
        ("Rows received", mask.text(_count(load["rows_received"]))),
        ("Bytes received", _count(load["bytes"])),
        ("SHA-256 of the bytes", load["sha256"]),
        ("Licence", load["licence"]),
        ("Citation", load["citation"]),
        ("Data origin", load["data_origin"]),
        ("Folder in the landing", load["landing_path"]),
        ("DAG and run", run),
    )
    return tuple((name, str(value)) for name, value in facts if value not in (None, ""))


def _validations(connection: duckdb.DuckDBPyConnection, load_ids: list[str]) -> dict[str, tuple[Row, ...]]:
    """The rows of ``meta.validations`` by load or build, in a fixed order."""
    found: dict[str, list[Row]] = {}
    for load_id, table, name, severity, met, observed, keys in connection.execute(
        """select load_id, split_part(object_name, '.', 2), expectation, severity, success, observed, sample_keys
        from meta.validations where list_contains(?, load_id)
        order by load_id, object_name, expectation, sample_keys""",
        [load_ids],
    ).fetchall():
        row = Row(bool(met), table, name, severity or ADVISORY, "", observed or "", tuple(json.loads(keys or "[]")))
        found.setdefault(load_id, []).append(row)
    return {load_id: tuple(rows) for load_id, rows in found.items()}


def _record(dataset: str) -> Record | None:
    try:
        return record_of(dataset)
    except SettingsError:  # a dataset that the catalogue no longer has
        return None


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _time(value: object) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else ""


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
