"""Kills a process at a chosen line of the code that writes, or takes its disk away, and lets a plain one follow.

The work is everything from the look at the provider to the release, on one small dataset, without Airflow, dbt, Great
Expectations and the report: a mart is made by hand. Run as a script it is a nursery: it imports all that is needed, and
forks a child for each piece of work; it opens no database and starts no thread itself.

``chaos_points.py`` reads a JSON object from standard input and prints one: how many lines there are, and what came of
each trial. It takes ``settings`` and ``folder``; ``sample`` and ``seed`` for the kills (0 is every line, below 0 none);
``limits``, sizes in bytes beyond which no file may grow (RLIMIT_FSIZE); and ``disks``, each a ``home`` with the command
lines that take its disk away (``before``) and give it back (``between``).
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from chaos_compare import content

from ingestion import pipeline
from warehouse import db, disk, doctor, journal, ledger, release, verify
from warehouse.ledger import utc_now
from warehouse.settings import REPOSITORY, Settings

DATASET = "uddakt20"
READABLE = 3  # the exit code of a child that failed for the disk's sake, and could say so
WRITERS = ("db", "journal", "landing", "ledger", "release", "release_files")
FILES = {
    **{str(REPOSITORY / "warehouse" / f"{name}.py"): f"warehouse/{name}.py" for name in WRITERS},
    str(REPOSITORY / "ingestion" / "pipeline.py"): "ingestion/pipeline.py",
    str(REPOSITORY / "ingestion" / "load.py"): "ingestion/load.py",
}
Point = tuple[str, int]


def work(settings: Settings) -> None:
    """From the provider to the release; may be repeated at any time."""
    if pipeline.changed(DATASET, settings):
        load_id = pipeline.land(DATASET, settings)
        pipeline.load(load_id, settings)
        with db.writer(settings, "judge") as connection:
            if ledger.status_of(connection, load_id) == ledger.LOADED:
                ledger.set_status(connection, load_id, ledger.VALIDATED)
        pipeline.promote(load_id, settings)
    if release.is_up_to_date(settings):
        return
    with db.writer(settings, "make a mart") as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(f"create or replace table marts.counts as from raw.{DATASET}")
        connection.execute("comment on table marts.counts is 'Made by a test.'")
        for (name,) in connection.execute("select column_name from (describe marts.counts)").fetchall():
            connection.execute(f"comment on column marts.counts.{db.quote(name)} is 'Made by a test.'")
    release.publish(settings)


def state(settings: Settings) -> dict[str, Any]:
    """What must be the same after a kill and a plain run: the release, the ledger, and nothing that doctor dislikes."""
    folder = release.current(settings)
    assert folder
    checks = doctor.examine(settings, utc_now())
    with db.writer(settings, "look") as connection:
        loads = connection.execute("select dataset, status from meta.loads").fetchall()
        owners = connection.execute("select dataset, period from meta.period_owner order by all").fetchall()
    return {
        "release": content(folder),
        "releases": len(release.releases(settings)),
        "loads": loads,
        "owners": owners,
        "promoted": sum(event.kind == "promoted" for event in journal.read(settings)),
        "published": sum(event.kind == "published" for event in journal.read(settings)),
        "verify": [str(finding) for finding in verify.verify(settings).findings],
        "doctor": [f"{check.name}: {check.said}" for check in checks if check.state == doctor.BROKEN],
    }


def _forked(action: Callable[[], None], said: Path) -> int:
    """Do something in a child; how it ended (negative: by that signal)."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException:
            said.write_text(traceback.format_exc())
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _follow(reached: Callable[[Point], None]) -> None:
    """Call ``reached`` with every line of :data:`FILES` that is about to be run."""

    def line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            reached((FILES[frame.f_code.co_filename], frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, arg: object) -> Any:
        return line if frame.f_code.co_filename in FILES else None

    sys.settrace(call)


def _killed_at(settings: Settings, point: Point) -> None:
    def reached(here: Point) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    _follow(reached)
    work(settings)


def _note_lines(settings: Settings, into: Path) -> None:
    seen: dict[Point, None] = {}
    _follow(seen.setdefault)
    work(settings)
    sys.settrace(None)
    into.write_text(json.dumps([*seen]))


@dataclass
class Nursery:
    """Where trials are made, and what must come of each."""

    base: Settings
    folder: Path
    wanted: dict[str, Any]

    def killed(self, point: Point) -> list[str]:
        """Killed at a line; what is not as it must be."""
        settings = self._new(self.folder / "trial")
        ended = _forked(lambda: _killed_at(settings, point), self.folder / "said")
        if ended != -signal.SIGKILL:
            return [f"was not killed but ended with {ended}"]
        return self.again(settings)

    def limited(self, size: int) -> list[str]:
        """No file may grow beyond so many bytes."""
        settings = self._new(self.folder / "trial")

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
            _readably(lambda: work(settings))

        ended = _forked(limited, self.folder / "said")
        return ([f"ended with {ended}"] if ended not in {0, READABLE} else []) + self.again(settings)

    def without_disk(self, disk_of: dict[str, Any]) -> list[str]:
        """The disk of a home is taken away and given back."""
        settings = self.base.at(Path(disk_of["home"]))
        subprocess.run(disk_of["before"], check=True)
        ended = _forked(lambda: _readably(lambda: work(settings)), self.folder / "said")
        subprocess.run(disk_of["between"], check=True)
        return ([f"ended with {ended}"] if ended != READABLE else []) + self.again(settings)

    def again(self, settings: Settings) -> list[str]:
        """A plain run, and what is other than after the undisturbed one."""
        return _again(settings, self.folder, self.wanted)

    def _new(self, home: Path) -> Settings:
        shutil.rmtree(home, ignore_errors=True)
        return self.base.at(home)


def _readably(action: Callable[[], None]) -> None:
    """Ends this process: with :data:`READABLE` when it failed for the disk's sake and could say so."""
    try:
        action()
    except Exception as error:
        if disk.readable(error) is None:
            raise
        os._exit(READABLE)


def _again(settings: Settings, folder: Path, wanted: dict[str, Any]) -> list[str]:
    said, found = folder / "said", folder / "found"

    def again() -> None:
        work(settings)
        found.write_text(json.dumps(state(settings)))

    if _forked(again, said):
        return [said.read_text()[-1500:]]
    got = json.loads(found.read_text())
    return [f"{name}: {got[name]} instead of {wanted[name]}" for name in wanted if got[name] != wanted[name]]


def main() -> None:
    """The nursery."""
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    base = Settings(_env_file=None, **asked["settings"])
    release.write_report = lambda *_: None  # type: ignore[assignment]
    release._remember = lambda *_: None  # type: ignore[assignment]
    undisturbed, lines, found = base.at(folder / "undisturbed"), folder / "lines", folder / "found"

    def first() -> None:
        _note_lines(undisturbed, lines)
        found.write_text(json.dumps(state(undisturbed)))

    if _forked(first, folder / "said"):
        raise SystemExit((folder / "said").read_text())
    wanted = json.loads(found.read_text())
    points = [(str(name), int(number)) for name, number in json.loads(lines.read_text())]
    draw = random.Random(asked.get("seed", 1))
    sample = asked.get("sample", 0)
    chosen = sorted(draw.sample(points, len(points) if sample == 0 else max(0, min(sample, len(points)))))
    nursery = Nursery(base, folder, wanted)
    tried = {f"{name}:{line}": nursery.killed((name, line)) for name, line in chosen}
    tried |= {f"no file beyond {size} bytes": nursery.limited(size) for size in asked.get("limits", [])}
    tried |= {each["name"]: nursery.without_disk(each) for each in asked.get("disks", [])}
    print(json.dumps({"lines": len(points), "wanted": wanted, "tried": tried}))


if __name__ == "__main__":
    main()
