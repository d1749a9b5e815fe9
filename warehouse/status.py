"""The state of every dataset, from the ledger, the current release and a look at the provider."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from warehouse.db import writer
from warehouse.errors import WarehouseError
from warehouse.lateness import Lateness, lateness
from warehouse.ledger import utc_now
from warehouse.records import Record, catalogue
from warehouse.release import current, current_database
from warehouse.settings import Settings, writable_home
from warehouse.show import open_release

HEADINGS = (
    "dataset", "last landed", "last loaded", "last validated", "in the release", "its source is of",
    "the provider has now", "newest period", "next expected", "remark",
)  # fmt: skip

_LEDGER = """
select max(received_at), max(loaded_at), max(validated_at),
    max(source_updated_at) filter (promoted_at is not null),
    max_by(status, received_at), max_by(reason, received_at)
from meta.loads where dataset = ?
"""
_LAST_CHECK = "select max_by(outcome, checked_at), max_by(detail, checked_at) from meta.checks where dataset = ?"


def dataset_states(settings: Settings, now: datetime | None = None) -> list[tuple[Any, ...]]:
    """One row a dataset, in the columns of :data:`HEADINGS`; times of the ledger are UTC, and so is ``now``."""
    writable_home(settings)
    records = catalogue().values()
    with writer(settings, "warehouse status") as connection:
        ledger = {name: connection.execute(_LEDGER, [name]).fetchone() or (None,) * 6 for name in catalogue()}
        checks = {name: connection.execute(_LAST_CHECK, [name]).fetchone() or (None,) * 2 for name in catalogue()}
        standing = {item.dataset: item for item in lateness(connection, now or utc_now(), records)}
    published = _published(settings)
    rows = []
    for record in records:
        landed, loaded, validated, source, state, reason = ledger[record.dataset]
        at_provider, remark = _provider(record, settings)
        outcome, detail = checks[record.dataset]
        if outcome == "not_delivered":
            remark = remark or f"not_delivered: {detail}"
        if state == "rejected":
            remark = f"last load rejected: {reason}"
        times = (landed, loaded, validated, published.get(record.dataset), source, at_provider)
        item = standing[record.dataset]
        remark = "; ".join(filter(None, (_late(item), remark)))
        rows.append((record.dataset, *map(_time, times), item.newest, _next(item), remark))
    return rows


def _next(item: Lateness) -> str | None:
    if item.expected is None or item.state == "sample":
        return None
    return f"{item.expected.period}: {item.expected.day}"


def _late(item: Lateness) -> str:
    """The state *late* in words, with the reason and what to do; '' where a dataset is not late."""
    if item.state != "late" or item.expected is None:
        return ""
    return f"LATE since {item.expected.late_from}: {item.reason}; {item.next_step}"


def _published(settings: Settings) -> dict[str, datetime]:
    if current(settings) is None:
        return {}
    with open_release(current_database(settings)) as connection:
        rows = connection.execute(
            "select dataset, max(promoted_at) from marts.loads where status = 'promoted' group by all"
        ).fetchall()
    return dict(rows)


def _provider(record: Record, settings: Settings) -> tuple[datetime | None, str]:
    from ingestion.pipeline import provider_state

    try:
        return provider_state(record.dataset, settings), ""
    except WarehouseError as error:
        return None, error.what


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M}"
