"""What a run says while it runs, and the failures it collects.

Tasks say what they did with :func:`say`; under the scheduler it becomes a line of the task's log, under
``warehouse run`` a line on the terminal. Failures are kept as readable blocks for the end of the run.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from warehouse import disk
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


def watched() -> bool:
    """Whether a person is waiting for this run, and needs no message."""
    return _run is not None


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
    expected = expected or disk.readable(error)
    text = expected.block() if isinstance(expected, WarehouseError) else f"{type(error).__name__}: {error}"
    if _run:
        _run.line(subject, "FAILED")
        if text not in _run.failures:
            _run.failures.append(text)


class Lines:
    """One line a step, with the seconds since the start."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.start = time.monotonic()

    def write(self, subject: str, text: str) -> None:
        self.stream.write(f"[{time.monotonic() - self.start:6.1f} s] {subject:<16} {text}\n")
        self.stream.flush()


@contextmanager
def output_to(path: Path, lines: Lines) -> Iterator[None]:
    """Send what this process prints (file descriptors 1 and 2) to a log file, but not the progress lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    lines.stream = os.fdopen(os.dup(saved[1]), "w", encoding="utf-8")
    with path.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for handle in saved:
            os.close(handle)
        lines.stream.close()
        lines.stream = sys.stderr
