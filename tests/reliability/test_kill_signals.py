"""SIGTERM ends a run at once with one message, and nothing that it started outlives it, not even after `kill -9`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from warehouse import processes
from warehouse.db import file_lock

linux = pytest.mark.skipif(sys.platform != "linux", reason="children are found and tethered on Linux alone")

# A child of each kind, and then deep in a query, where Python looks at no signal.
BUSY = """
import signal, subprocess, sys
from pathlib import Path
import duckdb
from warehouse.processes import stoppable, tethered
for number in (signal.SIGINT, signal.SIGHUP):  # what started the tests may ignore them, as nohup does
    signal.signal(number, signal.SIG_DFL)
with stoppable("`warehouse run`", Path("/a/home")):
    signal.signal(signal.SIGTERM, lambda *_: print("swallowed"))  # as Airflow's task runner does
    program = [sys.executable, "-c", "import time; time.sleep(60)"]
    children = [subprocess.Popen(program), subprocess.Popen(tethered(program))]
    print(*(child.pid for child in children), flush=True)
    duckdb.sql("set threads = 1")
    slow = "select count(*) from range(10000000) as a, range(10000) as b where hash(a.range + b.range) = 0"
    duckdb.sql(slow).fetchall()
"""


@pytest.fixture
def busy() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run that is busy, and its children: a plain one and a tethered one."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    children = [int(pid) for pid in process.stdout.readline().split()]
    time.sleep(0.3)
    yield process, children
    process.kill()
    for child in children:
        if processes.started(child):
            os.kill(child, signal.SIGKILL)
    process.communicate()


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
    return done()


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_busy_run_at_once_with_its_children(
    busy: tuple[subprocess.Popen[str], list[int]], number: signal.Signals
) -> None:
    process, children = busy
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert said.strip().splitlines()[0] == f"Error: `warehouse run` was stopped by {number.name}"
    assert ("/a/home" in said, "next:" in said, "Traceback" in said) == (True, True, False)
    assert _within(5, lambda: not any(map(processes.started, children)))


@linux
def test_a_tethered_child_does_not_outlive_a_run_that_was_killed(
    busy: tuple[subprocess.Popen[str], list[int]],
) -> None:
    process, (plain, tethered) = busy
    process.kill()
    process.wait()
    assert _within(5, lambda: processes.started(tethered) is None)
    assert processes.started(plain), "the other one is what the tether is for"


def test_outside_of_a_run_signals_are_what_they_were(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with processes.stoppable("a test", tmp_path):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_lock_is_free_once_its_holder_was_killed_and_names_the_next(tmp_path: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from warehouse.db import file_lock
with file_lock(Path(sys.argv[1]), 'the first'):
    print('held', flush=True)
    time.sleep(60)
"""
    lock = tmp_path / "run.lock"
    holder = subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    holder.stdout.readline()
    told: list[str] = []

    def tell(who: str) -> None:
        told.append(who)
        holder.kill()

    with file_lock(lock, "the second", 10, tell):
        assert "the second" in lock.read_text()
    holder.communicate()
    assert told == [f"process {holder.pid} on {os.uname().nodename} (the first)"]
