"""The errors a person meets, in one shape: what, where, and what to do next.

Every error that the warehouse expects is a :class:`WarehouseError`; the command line and the Airflow tasks print
its :meth:`~WarehouseError.block`. Anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST, MOST_FACT = 6000, 500
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, most: int = MOST) -> str:
    """A text of foreign origin as it may stand in a message: at most ``most`` characters of it, with what steers a
    terminal, turns the direction of writing or cannot be encoded written as an escape. Line feeds stay."""
    short = text if len(text) <= most else text[:most] + "…"
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), short)


def one_line(text: str, most: int = MOST_FACT) -> str:
    """As :func:`printable`, on one line."""
    return printable(text, most).replace("\n", "\\n")


@dataclass(eq=False)
class WarehouseError(Exception):
    """Something the reader of the message can act on.

    Attributes:
        what: one sentence that names what went wrong, quoting what was got.
        where: ordered facts that place it (dataset, table, variable, code, file, line …).
        next_step: what to do now, as a sentence.
    """

    what: str
    where: dict[str, object] = field(default_factory=dict)
    next_step: str = ""

    def __post_init__(self) -> None:
        self.what = printable(self.what)

    def block(self) -> str:
        """The message as one readable block of lines."""
        lines = [self.what]
        if self.where:
            lines.append("  where: " + ", ".join(f"{key} {one_line(str(value))}" for key, value in self.where.items()))
        if self.next_step:
            lines.append("  next:  " + self.next_step)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.block()


class SettingsError(WarehouseError):
    """A setting or an argument is wrong; nothing was started (exit code 2)."""


class ProviderError(WarehouseError):
    """A provider could not be reached, or answered with an error; nothing was stored."""


class TokenRefused(ProviderError):
    """A provider does not take the token of the settings: it expired, is unknown, or cannot be one. Never quotes it."""


class NotDelivered(WarehouseError):
    """There is nothing to load yet: a file that nobody laid in the inbox, an election that the root lacks."""


class LoadRejected(WarehouseError):
    """A load may not enter: the provider's answer, a code or a figure is not what it must be."""


class BusyError(WarehouseError):
    """Somebody else writes to this home at the moment."""


class DiskError(WarehouseError):
    """The disk is full, read-only or closed to this user; what was there is as it was (``warehouse.disk``)."""
