"""One trial: when a run is killed and how, what it said, and what must hold after the plain run that follows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaos_compare import content
from chaos_readers import Facts

from warehouse.release_files import Table

BIN = Path(sys.executable).parent
FIRST, NEXT = "first", "next"
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
STEPS = {
    FIRST: (
        "preparing its database",
        "something new",
        "landed as",
        "loaded",
        "expectations, 0 failed",
        "promoted",
        "interviews       promoted",  # the last load: dbt begins
        "expectations judged",  # the marts are judged: the release begins
    ),
    NEXT: (
        "preparing its database",
        "landed as",
        "expectations, 0 failed",
        "ky038            promoted",  # the last load: dbt begins
        "expectations judged",
        "published",  # PostgreSQL is filled
    ),
}
LONGEST = 1800.0
STOP_WITHIN = 15.0  # seconds that a run may take to end after SIGTERM
CARE = """
from warehouse import doctor, verify
from warehouse.ledger import utc_now
from warehouse.settings import read_settings

settings = read_settings()
verified, checks = verify.verify(settings), doctor.examine(settings, utc_now())
bad = [check for check in checks if check.state == doctor.BROKEN]
bad += [check for check in checks if check.state == doctor.WARN and check.name not in ("airflow", "disk")]
print(*(verify.lines(verified) if verified.findings else ()), *doctor.lines(bad), sep="\\n")
raise SystemExit(int(bool(verified.findings or bad)))
"""


@dataclass
class Trial:
    """One kill and what came of it; ``problems`` is empty when all is as if nothing had happened."""

    number: int
    seed: int
    signal: str
    planned: str
    kind: str = FIRST
    fresh: bool = False
    killed_at: float | None = None
    step: str = ""
    ended_in: float = 0.0
    recovered_in: float = 0.0
    seconds: float = 0.0
    reads: dict[str, int] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    code: str = ""


@dataclass(frozen=True)
class Reference:
    """The undisturbed run of a kind: where a trial begins, and what it must come to.

    ``whole`` are the releases that a reader may meet, oldest first; ``ids`` those of them that are known by name.
    """

    kind: str
    start: Path
    seconds: float
    wanted: dict[str, str]
    tables: list[Table]
    whole: list[Facts]
    ids: dict[str, int]


@dataclass(frozen=True)
class Plan:
    """When a run is killed, and how: at ``part`` of its duration, or ``delay`` seconds after a line with ``mark``."""

    kind: str
    fresh: bool
    signal: signal.Signals
    part: float | None
    mark: str
    delay: float

    @classmethod
    def drawn(cls, number: int, seed: int, kinds: tuple[str, ...]) -> Plan:
        """The plan of a trial; the same number, seed and kinds give the same.

        Two trials of a kind, by moment and by step, follow each other; every tenth of the first kind begins with an
        empty folder.
        """
        draw = random.Random(seed * 100_003 + number)
        name, part, delay = draw.choice(SIGNALS), draw.random(), draw.uniform(0, 1.5)
        kind, pair, by_step = kinds[(number // 2) % len(kinds)], number // 2 // len(kinds), number % 2 == 0
        fresh = kind == FIRST and not by_step and pair % 5 == 4
        steps = STEPS[kind]
        mark = steps[pair % len(steps)]
        if mark == "published":
            delay /= 3  # PostgreSQL is filled in less than a second
        return cls(kind, fresh, name, None if by_step else part, mark, delay)

    def __str__(self) -> str:
        if self.part is None:
            return f"{self.delay:.2f} s after “{' '.join(self.mark.split())}”"
        return f"at {100 * self.part:.1f} % of the duration"

    def wait(self, seen: threading.Event, process: subprocess.Popen[str], seconds: float) -> None:
        """Until it is time, or the run has ended by itself; ``seconds`` is how long such a run takes."""
        if self.part is not None:
            _sleep(self.part * seconds, process)
            return
        while not seen.wait(0.05) and process.poll() is None:
            pass
        _sleep(self.delay, process)


def _sleep(seconds: float, process: subprocess.Popen[str]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


class Listener(threading.Thread):
    """Keeps what a run says, and tells when it says ``mark``."""

    def __init__(self, process: subprocess.Popen[str], mark: str) -> None:
        super().__init__(daemon=True)
        self.process, self.mark, self.lines, self.seen = process, mark, list[str](), threading.Event()

    def run(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            if self.mark in line:
                self.seen.set()


def called(environment: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """A program of this environment, to its end."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def killed(environment: Mapping[str, str], result: Trial, plan: Plan, seconds: float) -> None:
    """Start a run and end it, with all that it has started."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / "warehouse"), "run"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    listener = Listener(process, plan.mark)
    listener.start()
    plan.wait(listener.seen, process, seconds)
    result.step = _step(listener.lines)
    if process.poll() is None:
        result.killed_at = round(time.monotonic() - began, 2)
        os.killpg(process.pid, plan.signal)
    began = time.monotonic()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        result.problems.append(f"{plan.signal.name} did not end the run within {STOP_WITHIN:.0f} s")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    result.ended_in = round(time.monotonic() - began, 2)
    listener.join(5)
    _answered(process, result, "\n".join(listener.lines))


def _answered(process: subprocess.Popen[str], result: Trial, said: str) -> None:
    """Nothing outlives the run, and SIGTERM is answered with a message and the exit code that belongs to it.

    Until Python has started, some tenths of a second, it is the system that answers.
    """
    time.sleep(0.2)
    if _group_lives(process.pid):
        result.problems.append("a child outlived the run")
        os.killpg(process.pid, signal.SIGKILL)
    if result.signal != "SIGTERM" or result.killed_at is None:
        return
    readable = process.returncode == 128 + signal.SIGTERM and "next:" in said and "Traceback" not in said
    if not readable and (said or process.returncode != -signal.SIGTERM):
        result.problems.append(f"SIGTERM was not answered readably ({process.returncode}): {said[-300:]}")


def recovered(environment: Mapping[str, str], result: Trial, reference: Reference) -> bool:
    """One plain run, and what must hold of the home after it: its release, bytes and state; whether it went well."""
    home = Path(environment["WAREHOUSE_HOME"])
    began = time.monotonic()
    done = called(environment, "warehouse", "run")
    result.recovered_in = round(time.monotonic() - began, 1)
    if done.returncode:
        result.problems.append(f"the run after it ended with {done.returncode}: {done.stderr[-600:]}")
        return False
    found, wanted = content(home / "releases" / "current"), reference.wanted
    result.differing = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    result.problems += [f"{name} differs from the undisturbed release" for name in result.differing]
    there = sorted(path.name for path in (home / "releases").iterdir() if path.is_dir() and not path.is_symlink())
    if len(there) != len(reference.whole):
        result.problems.append(f"{len(there)} releases instead of {len(reference.whole)}: {', '.join(there)}")
    cared = called(environment, "python", "-c", CARE)
    if cared.returncode:
        result.problems.append(f"verify or doctor: {(cared.stdout + cared.stderr)[-600:]}")
    return True


def _step(lines: list[str]) -> str:
    told = [line.split("]", 1)[1].strip() for line in lines if line.startswith("[") and "]" in line]
    return " ".join(told[-1].split()) if told else "before the first line"


def _group_lives(group: int) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False
