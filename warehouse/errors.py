"""The errors a person meets, in one shape: what, where, and what to do next.

Every error that the warehouse expects is a :class:`WarehouseError`; the command line and the Airflow tasks print
its :meth:`~WarehouseError.block`. Anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

from dataclasses import dataclass, field


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

    def block(self) -> str:
        """The message as one readable block of lines."""
        lines = [self.what]
        if self.where:
            lines.append("  where: " + ", ".join(f"{key} {value}" for key, value in self.where.items()))
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
