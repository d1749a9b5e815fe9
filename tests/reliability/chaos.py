"""Kills a whole run at many moments, lets one plain run follow each, and holds the release against the undisturbed one.

``python tests/reliability/chaos.py --kills 100 --seed 1 --into FOLDER`` writes ``chaos.json`` and ``chaos.md`` there.
One sample provider serves every run. The undisturbed run gives the reference release and its duration; each trial then
starts from a copy of a home in which Airflow is prepared and nothing is loaded (every tenth from an empty folder), and
is killed with its whole process group: every second one at a moment drawn uniformly over the duration, the others a
moment after a named step, each step in turn. The signal is drawn too. A reader opens the current release all the time.

What is compared of two releases, and what is not, is said in ``chaos_compare``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from chaos_compare import content
from chaos_report import write

from sample_providers import Running, start, write_inbox

BIN = Path(sys.executable).parent
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
STEPS = (
    "preparing its database",
    "something new",
    "landed as",
    "loaded",
    "expectations, 0 failed",
    "promoted",
    "interviews       promoted",  # the last load: dbt begins
    "expectations judged",  # the marts are judged: the release begins
)
REDUCED = {"WAREHOUSE_MUNICIPALITIES": "101,151,153,163", "WAREHOUSE_FROM_YEAR": "2022"}
LONGEST = 1800.0
STOP_WITHIN = 15.0  # seconds that a run may take to end after SIGTERM
TABLES_QUERY = "select count(*) from duckdb_tables() where schema_name = 'marts'"


@dataclass
class Trial:
    """One kill and what came of it; ``problems`` is empty when all is as if nothing had happened."""

    number: int
    seed: int
    signal: str
    planned: str
    fresh: bool = False
    killed_at: float | None = None
    step: str = ""
    ended_in: float = 0.0
    recovered_in: float = 0.0
    reads: int = 0
    differing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """When a run is to be killed, and how: at ``moment``, or ``delay`` after a line with ``mark`` (seconds)."""

    signal: signal.Signals
    moment: float | None
    mark: str
    delay: float

    @classmethod
    def drawn(cls, number: int, seed: int, seconds: float) -> Plan:
        """The plan of a trial; the same number and seed give the same."""
        draw = random.Random(seed * 100_003 + number)
        name, moment, delay = draw.choice(SIGNALS), draw.uniform(0, seconds), draw.uniform(0, 1.5)
        by_step = number % 2 == 0
        return cls(name, None if by_step else moment, STEPS[(number // 2) % len(STEPS)], delay)

    def __str__(self) -> str:
        if self.moment is None:
            return f"{self.delay:.2f} s after “{' '.join(self.mark.split())}”"
        return f"at {self.moment:.1f} s"

    def wait(self, seen: threading.Event, process: subprocess.Popen[str]) -> None:
        """Until it is time, or the run has ended by itself."""
        if self.moment is not None:
            time.sleep(self.moment)
            return
        while not seen.wait(0.05) and process.poll() is None:
            pass
        time.sleep(self.delay)


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


class Reader(threading.Thread):
    """Opens the current release again and again: it is whole, or there is none yet."""

    def __init__(self, home: Path, tables: int) -> None:
        super().__init__(daemon=True)
        self.file = home / "releases" / "current" / "integration_gaps.duckdb"
        self.link = home / "releases" / "current"
        self.tables, self.reads, self.errors, self.over = tables, 0, list[str](), threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.25):
            if not os.path.lexists(self.link):
                continue
            try:
                with duckdb.connect(str(self.file), read_only=True) as connection:
                    row = connection.execute(TABLES_QUERY).fetchone()
                self.reads += 1
                if row is None or row[0] != self.tables:
                    self.errors.append(f"a reader saw {row} tables")
            except duckdb.Error as error:
                self.errors.append(f"a reader failed: {str(error).splitlines()[0]}")


class Chaos:
    """The provider, the reference, and the trials on it."""

    def __init__(self, folder: Path, provider: Running) -> None:
        self.folder, self.provider = folder, provider
        self.inbox = folder / "inbox"
        if not self.inbox.exists():
            write_inbox(self.inbox)
        self.seconds = 0.0
        self.wanted: dict[str, str] = {}
        self.tables = 0

    def environment(self, home: Path) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("WAREHOUSE_", "AIRFLOW_"))}
        addresses = {
            "WAREHOUSE_STATBANK_URL": self.provider.statbank_url,
            "WAREHOUSE_ELECTIONS_URL": self.provider.elections_url,
            "WAREHOUSE_SAMPLE_INBOX": str(self.inbox),
            "WAREHOUSE_HOME": str(home),
        }
        return {**clean, **REDUCED, **addresses}

    def reference(self) -> None:
        """The undisturbed run, on a home whose Airflow is prepared already."""
        prepared, home = self.folder / "prepared", self.folder / "reference"
        for path in (prepared, home):
            shutil.rmtree(path, ignore_errors=True)
        code = "from warehouse import airflow, settings; airflow.prepare(settings.read_settings())"
        subprocess.run([sys.executable, "-c", code], env=self.environment(prepared), check=True, capture_output=True)
        shutil.copytree(prepared, home)
        began = time.monotonic()
        done = self.command(home, "run")
        self.seconds = time.monotonic() - began
        if done.returncode:
            raise SystemExit(f"the undisturbed run failed:\n{done.stderr}")
        self.wanted = content(home / "releases" / "current")
        with duckdb.connect(str(home / "releases" / "current" / "integration_gaps.duckdb"), read_only=True) as file:
            row = file.execute(TABLES_QUERY).fetchone()
        self.tables = int(row[0]) if row else 0

    def command(self, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "warehouse"), *arguments],
            env=self.environment(home),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )

    def trial(self, number: int, seed: int) -> Trial:
        """One kill, one plain run, and what differs."""
        plan = Plan.drawn(number, seed, self.seconds)
        result = Trial(number, seed, plan.signal.name, str(plan), fresh=number % 10 == 9)
        home = self.folder / f"trial-{number}"
        shutil.rmtree(home, ignore_errors=True)
        if not result.fresh:
            shutil.copytree(self.folder / "prepared", home)
        with self.reader(home, result):
            self.killed(home, result, plan)
            self.recovered(home, result)
        if not result.problems:
            shutil.rmtree(home)
        return result

    @contextmanager
    def reader(self, home: Path, result: Trial) -> Iterator[None]:
        reader = Reader(home, self.tables)
        reader.start()
        try:
            yield
        finally:
            reader.over.set()
            reader.join()
            result.reads = reader.reads
            result.problems += sorted(set(reader.errors))

    def killed(self, home: Path, result: Trial, plan: Plan) -> None:
        """Start a run and end it, with all that it has started."""
        began = time.monotonic()
        process = subprocess.Popen(
            [str(BIN / "warehouse"), "run"],
            env=self.environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        listener = Listener(process, plan.mark)
        listener.start()
        plan.wait(listener.seen, process)
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
        self.answered(process, result, "\n".join(listener.lines))

    def answered(self, process: subprocess.Popen[str], result: Trial, said: str) -> None:
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

    def recovered(self, home: Path, result: Trial) -> None:
        """One plain run, and everything that must hold after it."""
        began = time.monotonic()
        done = self.command(home, "run")
        result.recovered_in = round(time.monotonic() - began, 1)
        if done.returncode:
            result.problems.append(f"the run after it ended with {done.returncode}: {done.stderr[-600:]}")
            return
        found = content(home / "releases" / "current")
        result.differing = [n for n in sorted({*found, *self.wanted}) if found.get(n) != self.wanted.get(n)]
        result.problems += [f"{name} differs from the undisturbed release" for name in result.differing]
        for command in ("verify", "doctor"):
            said = self.command(home, command)
            if said.returncode:
                result.problems.append(f"warehouse {command}: {(said.stdout + said.stderr)[-600:]}")


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


def main() -> int:
    """Exit code 0 when every trial ended as if nothing had happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("CHAOS_KILLS", "100")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED", "1")))
    parser.add_argument("--first", type=int, default=0, help="number of the first trial: to go on where one ended")
    parser.add_argument("--into", type=Path, required=True, help="where homes and the report are written")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    trials: list[dict[str, Any]] = []
    with start() as provider:
        chaos = Chaos(options.into.resolve(), provider)
        chaos.reference()
        print(f"undisturbed: {chaos.seconds:.0f} s, {len(chaos.wanted)} tables", flush=True)
        for number in range(options.first, options.first + options.kills):
            trial = chaos.trial(number, options.seed)
            trials.append(asdict(trial))
            print(json.dumps(trials[-1], ensure_ascii=False), flush=True)
            write(options.into, options.seed, chaos.seconds, len(chaos.wanted), trials)
    return int(any(trial["problems"] for trial in trials))


if __name__ == "__main__":
    raise SystemExit(main())
