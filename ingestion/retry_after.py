"""When a provider says it may be asked again: the ``Retry-After`` header (RFC 9110, 10.2.3), read by its own clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a ``Retry-After`` header asks for: a number, or an HTTP date. None where it says nothing.

    ``now`` is the provider's own time where it says so (:func:`provider_time`): its clock may be wrong.
    """
    if not value:
        return None
    try:
        return max(0.0, float(int(value.strip())))
    except OverflowError:
        return math.inf
    except ValueError:
        pass
    moment = http_date(value)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def http_date(value: str | None) -> datetime | None:
    """The moment of an HTTP date; None where it is none."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def provider_time(headers: Mapping[str, str]) -> datetime:
    """What the provider's clock says, by its ``Date`` header; ours where it does not say."""
    return http_date(headers.get("Date")) or datetime.now(UTC)
