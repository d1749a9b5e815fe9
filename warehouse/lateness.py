"""When the next period of a dataset should come, and which datasets are late.

The catalogue says on which day a period is published and how many days of grace it has; the newest period in raw says
which one comes next. The clock is always an argument. Nothing here asks a provider, and no release depends on it
except through the release's own time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import duckdb

from warehouse.db import writer
from warehouse.records import Record, ReleaseDay, catalogue
from warehouse.settings import Settings

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
HOUR_OF_RELEASE = time(8)
SAMPLE = "sample"
_PERIOD = re.compile(r"(\d{4})(?:K([1-4]))?")

State = Literal["on_time", "due", "late", "no_fixed_day", "not_loaded", "sample"]

_NEWEST = """
select owner.dataset, max(owner.period), max_by(loads.data_origin, owner.period)
from meta.period_owner as owner
join meta.loads as loads on owner.load_id = loads.load_id
group by owner.dataset
"""
_LOOKS = """
select dataset, max_by(outcome, checked_at), max_by(detail, checked_at), max(checked_at)
from meta.checks group by dataset
"""
_VERDICTS = "select dataset, max_by(status, received_at), max(received_at) from meta.loads group by dataset"


@dataclass(frozen=True)
class Expected:
    """The next period of a dataset, the day it is published, and the first day on which it is late."""

    period: str
    day: date
    late_from: date


@dataclass(frozen=True)
class Lateness:
    """Where a dataset stands; ``reason`` and ``next_step`` are empty unless it is late."""

    dataset: str
    newest: str | None
    expected: Expected | None
    state: State
    reason: str = ""
    next_step: str = ""


def expected_after(record: Record, newest: str) -> Expected | None:
    """The period after ``newest`` ('2026K3', '2024') and its days; None where there is no fixed day.

    The newest period may be any that the dataset has: what comes next follows from it and the record alone.
    """
    release, match = record.release, _PERIOD.fullmatch(newest)
    if release is None or match is None:
        return None
    year, quarter = int(match[1]), int(match[2] or 0)
    if quarter:
        year, quarter = (year + 1, 1) if quarter == 4 else (year, quarter + 1)
    else:
        year += release.every_years
    day = _release_day(release, year, 3 * quarter - 2 if quarter else 1)
    period = f"{year}K{quarter}" if quarter else str(year)
    return Expected(period, day, day + timedelta(days=release.grace_days + 1))


def state_of(expected: Expected | None, now: datetime) -> State:
    """Whether a period is on time, due (its day has come, the days of grace last) or late at ``now``.

    ``now`` without a zone is UTC. Days begin at midnight in Copenhagen, the day of release at 08:00.
    """
    if expected is None:
        return "no_fixed_day"
    local = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(COPENHAGEN)
    if local.date() >= expected.late_from:
        return "late"
    return "due" if local >= datetime.combine(expected.day, HOUR_OF_RELEASE, COPENHAGEN) else "on_time"


def lateness(connection: duckdb.DuckDBPyConnection, now: datetime, records: Iterable[Record]) -> list[Lateness]:
    """Where each dataset stands at ``now``, by the ledger; in the order of ``records``.

    Sample figures stand still and are never late; nor is what was never loaded (`warehouse status` says why not).
    """
    newest = {name: (period, origin) for name, period, origin in connection.execute(_NEWEST).fetchall()}
    looks = {name: rest for name, *rest in connection.execute(_LOOKS).fetchall()}
    verdicts = {name: rest for name, *rest in connection.execute(_VERDICTS).fetchall()}
    found = []
    for record in records:
        period, origin = newest.get(record.dataset, (None, None))
        expected = expected_after(record, period) if period else None
        state = _state(expected, period, origin, now)
        why = _why(record, expected, looks, verdicts) if state == "late" and expected else ("", "")
        found.append(Lateness(record.dataset, period, expected, state, *why))
    return found


def late_datasets(settings: Settings, now: datetime, datasets: Iterable[str]) -> list[Lateness]:
    """Those of ``datasets`` that are late at ``now``.

    Raises:
        BusyError: another process is writing for longer than it may.
    """
    records = [catalogue()[name] for name in datasets]
    with writer(settings, "look what is late") as connection:
        return [item for item in lateness(connection, now, records) if item.state == "late"]


def _state(expected: Expected | None, period: str | None, origin: str | None, now: datetime) -> State:
    if expected is None:
        return "no_fixed_day" if period else "not_loaded"
    return "sample" if origin == SAMPLE else state_of(expected, now)


def _release_day(release: ReleaseDay, year: int, month: int) -> date:
    months = year * 12 + month - 1 + release.months
    return date(months // 12, months % 12 + 1, release.day)


def _why(
    record: Record, expected: Expected, looks: Mapping[str, list[Any]], verdicts: Mapping[str, list[Any]]
) -> tuple[str, str]:
    """Why the period is not there, as the last look and the last load tell, and what to do."""
    came = datetime.combine(expected.day, HOUR_OF_RELEASE, COPENHAGEN).astimezone(UTC).replace(tzinfo=None)
    status, received = verdicts.get(record.dataset, (None, None))
    outcome, detail, checked = looks.get(record.dataset, (None, None, None))
    if status == "rejected" and received and received >= came:
        return "its load was rejected", "see `warehouse status` for the reason, mend it, and run again"
    if checked is None or checked < came:
        return (
            "nobody has looked at the provider since its release day",
            "see whether the scheduler runs and the DAG is not paused, or run `warehouse run`",
        )
    if outcome == "failed":
        return f"the last look at the provider failed: {detail}", "see whether the provider answers, and run again"
    if outcome == "not_delivered":
        return f"not delivered: {detail}", "ask whoever delivers it, or set the token that is missing"
    if outcome == "changed":
        return (
            "the provider has something new, and it is not in yet",
            "see whether a task of the dataset failed or still runs, and run again",
        )
    return (
        "the provider has not published it yet",
        f"look in the release calendar of {record.producer}; where the day has moved for good, correct "
        f"ingestion/catalogue/{record.dataset}.yml",
    )
