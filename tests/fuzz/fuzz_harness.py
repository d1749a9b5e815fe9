"""The run: damaged bodies by number, each read within limits, each outcome one of the two that are promised.

Either a body is read, and what was read is what a plain re-reading of the same bytes gives; or it is refused with an
error that a person can act on. Everything else is a finding.
"""

from __future__ import annotations

import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_mutations import Mutator, mutate

from ingestion.cpr import looks_like_cpr
from ingestion.http import BadBody
from warehouse.errors import WarehouseError

SECONDS = 5.0
MEMORY_MB = 400
MESSAGE = 7000
EXACT_BYTES = 4000
STEERING = "\x7f\u0085\u009b\u2028\u2029\u202a\u202b\u202d\u202e"
SEED = 2026


class Unreadable(Exception):
    """A plain re-reading cannot make sense of a body."""


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    ``read`` raises a WarehouseError, or BadBody where the client makes one of it (``retried``). ``reread`` reads the
    same bytes in another way and raises Unreadable. ``exact``: what the re-reading takes may not be refused either, up
    to ``EXACT_BYTES``; longer lines than that may be.
    """

    name: str
    samples: Sequence[bytes]
    own: Mutator
    read: Callable[[bytes], object]
    reread: Callable[[bytes], object]
    retried: bool = True
    exact: bool = False


@dataclass(frozen=True)
class Finding:
    """An outcome that was not promised: of which input, and what happened."""

    number: int
    what: str
    body: bytes

    @property
    def kind(self) -> str:
        """What findings of one cause share."""
        return self.what.split("\n", 1)[0][:160]


@dataclass
class Outcome:
    """What a run gave."""

    reader: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    peak_mb: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


class _TooSlow(BaseException):
    """The alarm rang: no ``except Exception`` of a reader may catch it."""


def body_of(reader: Reader, seed: int, number: int) -> bytes:
    """The input of a number."""
    rng = random.Random(f"{reader.name}:{seed}:{number}")
    return mutate(rng.choice(reader.samples), rng, reader.samples, reader.own)


def run(reader: Reader, inputs: int, seed: int = SEED, first: int = 0, most: int = 50) -> Outcome:
    """Read ``inputs`` damaged bodies, after every sample as it is; stops after ``most`` findings."""
    outcome, started = Outcome(reader.name), time.perf_counter()
    for number, body in enumerate(reader.samples):
        reader_says = _one(reader, body)
        if reader_says[0] != "read":
            outcome.findings.append(Finding(-1 - number, f"a whole sample was not read: {reader_says[1]}", body))
    for number in range(first, first + inputs):
        body = body_of(reader, seed, number)
        kind, what, took = _one(reader, body)
        outcome.slowest = max(outcome.slowest, (took, number))
        outcome.inputs += 1
        outcome.read += kind == "read"
        outcome.refused += kind == "refused"
        outcome.reasons[what[:60] if kind == "refused" else kind] += 1
        if kind == "finding":
            outcome.findings.append(Finding(number, what, body))
            if len(outcome.findings) >= most:
                break
    outcome.seconds = time.perf_counter() - started
    outcome.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return outcome


def _one(reader: Reader, body: bytes) -> tuple[str, str, float]:
    """``read``, ``refused`` or ``finding``, what is said of it, and the seconds that the reader took."""
    expected, plain = _plainly(reader, body)
    began = time.perf_counter()
    got, problem = _read(reader, body, plain)
    took = time.perf_counter() - began
    if problem:
        return *problem, took
    if not plain:
        return "finding", f"silently accepted, a plain re-reading cannot: {expected}", took
    if repr(got) != repr(expected):
        what = f"read otherwise than it stands there: {repr(got)[:300]} instead of {repr(expected)[:300]}"
        return "finding", what, took
    return "read", "", took


def _read(reader: Reader, body: bytes, plain: bool) -> tuple[object, tuple[str, str] | None]:
    what = ""
    try:
        with _alarm():
            return reader.read(body), None
    except _TooSlow:
        what = f"no end after {SECONDS:.0f} s"
    except WarehouseError as error:
        return None, _refused(reader, error.block(), plain, len(body))
    except BadBody as error:
        if reader.retried:
            return None, _refused(reader, error.what, plain, len(body))
        what = f"BadBody where nobody retries: {error.what}"
    except MemoryError:
        what = "MemoryError: the reader asks for more memory than the ceiling"
    except Exception as error:
        what = f"{type(error).__name__}: {str(error)[:300]}\n{_place(error)}"
    return None, ("finding", what)


def _plainly(reader: Reader, body: bytes) -> tuple[object, bool]:
    try:
        return reader.reread(body), True
    except Unreadable as error:
        return str(error), False
    except (OverflowError, ValueError) as error:  # a number that no machine holds
        return str(error), False


def _refused(reader: Reader, message: str, plain: bool, size: int) -> tuple[str, str]:
    wrong = _wrong_with(reader, message)
    if not wrong and reader.exact and plain and size <= EXACT_BYTES:
        wrong = f"refused, though nothing is wrong with it: {message[:200]}"
    return ("finding", wrong) if wrong else ("refused", message)


def _wrong_with(reader: Reader, message: str) -> str:
    """What a message may not be; '' where it is none of it."""
    line = message.replace("\n", " ")
    faults = {
        f"a message of {len(message)} characters: {message[:80]!r}": len(message) > MESSAGE,
        f"a message that cannot be printed: {message[:200]!r}": any("\ud800" <= c <= "\udfff" for c in line),
        f"a message with control characters: {message[:200]!r}": any(c < " " or c in STEERING for c in line),
        f"a message of more than three lines: {message[:300]!r}": message.count("\n") > 2,
        "a message that quotes what looks like a CPR number": not reader.retried and looks_like_cpr(message),
    }
    return next((what for what, found in faults.items() if found), "")


def _place(error: BaseException) -> str:
    trace, places = error.__traceback__, []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-6:]))


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def limit_memory(megabytes: int = MEMORY_MB) -> None:
    """Bound this process: what it has now and ``megabytes`` more (address space, so a little coarse)."""
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + (megabytes << 20), resource.RLIM_INFINITY))
