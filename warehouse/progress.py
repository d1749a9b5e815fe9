"""What a run says while it runs, and the failures it collects.

Tasks say what they did with :func:`say`; under the scheduler it becomes a line of the task's log, under
``warehouse run`` a line on the terminal. Failures are kept as readable blocks for the end of the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from warehouse.errors import WarehouseError

log = logging.getLogger("warehouse")


@dataclass
class Run:
    """The run that this process is doing for a person: where lines go, and what failed."""

    line: Callable[[str, str], None]
    failures: list[str] = field(default_factory=list)


_run: Run | None = None


def attach(run: Run | None) -> None:
    """Send what tasks say to a person (or, with None, to the log alone)."""
    global _run  # noqa: PLW0603 - one process does one run
    _run = run


def say(subject: str, text: str) -> None:
    """Say what was done: subject (a dataset or a step) and one short sentence."""
    log.info("%s: %s", subject, text)
    if _run:
        _run.line(subject, text)


def failed(subject: str, error: BaseException | None) -> None:
    """Keep a failure for the end of the run."""
    expected = error
    while expected is not None and not isinstance(expected, WarehouseError):
        expected = expected.__cause__
    text = expected.block() if isinstance(expected, WarehouseError) else f"{type(error).__name__}: {error}"
    if _run:
        _run.line(subject, "FAILED")
        if text not in _run.failures:
            _run.failures.append(text)
