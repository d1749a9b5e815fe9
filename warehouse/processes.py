"""Processes: who is alive, how a run is stopped, and that nothing that it started outlives it.

A process is told by its id and by when it started, so that an id that the system has given away again does not count
as alive. Everything the warehouse does may be killed at any moment; that is why a stopped run need not tidy up, and
ends at once. What is read of other processes comes from ``/proc``: where there is none (macOS) a process is told by its
id alone and children are not looked for.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PROC = Path("/proc")


def started(pid: int) -> str | None:
    """When a process started, in clock ticks since the machine did; '' where that cannot be known, None when dead."""
    try:
        return _stat(pid)[19]
    except (OSError, IndexError):
        pass
    if _PROC.is_dir():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return ""


def lives(pid: int, since: str) -> bool:
    """Whether the process of this id that started then is still there; ``since`` is what :func:`started` said."""
    now = started(pid)
    return now is not None and (not since or not now or now == since)


def boot() -> str:
    """The current start of this machine: what a process id is good for. '' where it cannot be known."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def tethered(command: Sequence[str]) -> list[str]:
    """A command line that runs the command as a child which ends when its parent does, however that ends (Linux)."""
    return [sys.executable, "-I", str(Path(__file__).with_name("tether.py")), str(os.getpid()), *command]


@contextmanager
def stoppable(what: str, home: Path) -> Iterator[None]:
    """While it lasts, SIGTERM, SIGINT and SIGHUP end this process and its children at once, with one readable message.

    A thread waits for the signal, and not the main thread alone: that may be deep in a query, and Airflow puts a
    handler of its own in the place of ours. The exit code is 128 and the number of the signal, as a shell has it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    told = os.dup(2)  # standard error may be sent to a log meanwhile
    caught = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores one
    before = {number: signal.signal(number, lambda *_: None) for number in caught}
    wakeup = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(ear, told, what, home), name="stop", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(mouth)  # the thread reads the end, and goes


def _wait(ear: int, told: int, what: str, home: Path) -> None:
    while heard := os.read(ear, 1):
        if heard[0] in STOPPING:
            _end(signal.Signals(heard[0]), told, what, home)
    os.close(ear)
    os.close(told)


def _end(number: signal.Signals, told: int, what: str, home: Path) -> None:
    text = (
        f"\nError: {what} was stopped by {number.name}\n  where: home {home}\n"
        "  next:  run it again: what is complete stays, what was half done is done anew; readers have what they had\n"
    )
    with suppress(OSError):
        os.write(told, text.encode())
    for child in descendants(os.getpid()):
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
    os._exit(128 + number)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            children.setdefault(int(_stat(int(folder.name))[1]), []).append(int(folder.name))
    found, todo = [], [pid]
    while todo:
        mine = children.get(todo.pop(), [])
        found += mine
        todo += mine
    return found


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` from the state on; a process that is dead and not yet fetched is none.

    Source: proc_pid_stat(5): the name in brackets may hold anything, fields are counted after it.
    """
    fields = (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    return [] if fields[0] in {"Z", "X"} else fields
