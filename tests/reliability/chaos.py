"""Kills a whole run at many moments, lets one plain run follow each, and holds the release against the undisturbed one.

``python tests/reliability/chaos.py --kills 100 --seed 1 --into FOLDER`` writes ``chaos.json`` and ``chaos.md`` there.
Two kinds of trial take turns. ``first`` starts from a copy of a home in which Airflow is prepared and nothing is loaded
(every tenth from an empty folder). ``next`` starts from a home with a release, and the provider has moved
(``chaos_next``): there ten readers are at work during all of it, on the release files, over quack and in PostgreSQL.
The run is killed with its whole process group: every second one at a moment drawn uniformly over the duration of the
undisturbed run, the others a moment after a named step, each step in turn. The signal is drawn too.

Trials of several calls into the same folder add up: ``--first`` goes on where a call ended. The undisturbed runs are
kept for calls on the same day with the same code. What is compared of two releases is said in ``chaos_compare``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[n]) for n in (1, 2)]

import pg  # noqa: E402
from chaos_compare import content, differing_in_postgres  # noqa: E402
from chaos_next import Databases, all_show_the_same, move, watched  # noqa: E402
from chaos_readers import Reader, Whole, facts_of, of_files, reading, tables_of  # noqa: E402
from chaos_report import read, write  # noqa: E402
from chaos_trial import FIRST, NEXT, Plan, Reference, Trial, called, killed, recovered  # noqa: E402

from sample_providers import Running, start, write_inbox  # noqa: E402
from warehouse.db import file_lock  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = ("warehouse", "ingestion", "expectations", "dags", "dbt_project", "sample_providers")
SETTING = ("tests/reliability/chaos.py", "tests/reliability/chaos_next.py", "requirements.lock")
REDUCED = {"WAREHOUSE_MUNICIPALITIES": "101,151,153,163", "WAREHOUSE_FROM_YEAR": "2022"}
BETWEEN = 1.0  # seconds between a kill and the plain run, in which readers look at what the kill has left
PREPARE = "from warehouse import airflow, settings; airflow.prepare(settings.read_settings())"


class Chaos:
    """The providers before and after they moved, the undisturbed runs, and the trials on them."""

    def __init__(self, folder: Path, providers: dict[str, Running], databases: Databases | None) -> None:
        self.folder, self.providers, self.databases = folder, providers, databases
        self.inbox = folder / "inbox"
        if not self.inbox.exists():
            write_inbox(self.inbox)
        self.references: dict[str, Reference] = {}

    def environment(self, kind: str, home: Path) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("WAREHOUSE_", "AIRFLOW_"))}
        addresses = {
            "WAREHOUSE_STATBANK_URL": self.providers[kind].statbank_url,
            "WAREHOUSE_ELECTIONS_URL": self.providers[kind].elections_url,
            "WAREHOUSE_SAMPLE_INBOX": str(self.inbox),
            "WAREHOUSE_HOME": str(home),
        }
        if kind == NEXT and self.databases:
            addresses["WAREHOUSE_POSTGRES_DSN"] = self.databases.dsn(home.name)
        return {**clean, **REDUCED, **addresses}

    def refer(self, known: dict[str, float]) -> dict[str, float]:
        """Make the undisturbed runs; ``known`` is how long those took that are there already (kind → seconds)."""
        prepared, first = self.folder / "prepared", self.folder / "reference"
        if FIRST not in known:
            for path in (prepared, first):
                shutil.rmtree(path, ignore_errors=True)
            done = called(self.environment(FIRST, prepared), "python", "-c", PREPARE)
            if done.returncode:
                raise SystemExit(f"the home could not be prepared:\n{done.stderr}")
            shutil.copytree(prepared, first)
        self._undisturbed(FIRST, prepared, first, known)
        if self.databases:
            following = self.folder / "reference-next"
            self.databases.fill_template(first)
            if NEXT not in known:
                shutil.rmtree(following, ignore_errors=True)
                shutil.copytree(first, following, symlinks=True)
                self.databases.make(following.name)
            self._undisturbed(NEXT, first, following, known)
        return {kind: reference.seconds for kind, reference in self.references.items()}

    def _undisturbed(self, kind: str, begin: Path, home: Path, known: dict[str, float]) -> None:
        environment, seconds = self.environment(kind, home), known.get(kind, 0.0)
        if kind not in known:
            began = time.monotonic()
            done = called(environment, "warehouse", "run")
            seconds = time.monotonic() - began
            if done.returncode:
                raise SystemExit(f"the undisturbed run failed:\n{done.stderr}")
            if kind == NEXT and (problems := differing_in_postgres(environment["WAREHOUSE_POSTGRES_DSN"], _now(home))):
                raise SystemExit("\n".join(problems))
        before = self.references.get(FIRST) if kind == NEXT else None
        whole, wanted = [*(before.whole if before else []), facts_of(_now(home))], content(_now(home))
        if before and (before.whole[0] == whole[-1] or before.wanted == wanted):
            raise SystemExit("the provider has moved, and the release has not")
        ids = {_now(begin).name: 0} if before else {}
        self.references[kind] = Reference(kind, begin, seconds, wanted, tables_of(_now(home)), whole, ids)

    def trial(self, number: int, seed: int, stretch: float) -> Trial:
        """One kill, one plain run, and what differs; runs take ``stretch`` times as long as the undisturbed one."""
        plan = Plan.drawn(number, seed, tuple(self.references))
        reference = self.references[plan.kind]
        result = Trial(number, seed, plan.signal.name, str(plan), plan.kind, plan.fresh, code=_version())
        home = self.folder / f"trial-{number}"
        environment = self.environment(plan.kind, home)
        shutil.rmtree(home, ignore_errors=True)
        if not plan.fresh:
            shutil.copytree(reference.start, home, symlinks=True)
        began = time.monotonic()
        try:
            with self._followed(environment, reference, result) as readers:
                killed(environment, result, plan, reference.seconds * stretch)
                time.sleep(BETWEEN)
                if recovered(environment, result, reference):
                    all_show_the_same(environment, readers, result, reference)
        except Exception as error:
            result.problems.append(f"the trial itself failed: {type(error).__name__}: {str(error)[:600]}")
        result.seconds = round(time.monotonic() - began, 1)
        if not result.problems:
            shutil.rmtree(home)
            if plan.kind == NEXT and self.databases:
                self.databases.drop(home.name)
        return result

    @contextmanager
    def _followed(self, environment: dict[str, str], reference: Reference, result: Trial) -> Iterator[list[Reader]]:
        home = Path(environment["WAREHOUSE_HOME"])
        if reference.kind == FIRST:
            whole, looks = Whole(reference.whole), of_files(home, reference.tables)
            looks = {name: looks[name] for name in ("file", "folder")}
            with reading(looks, whole, result.problems, result.reads) as readers:
                yield readers
            return
        assert self.databases
        self.databases.make(home.name)
        with watched(environment, self.databases, home.name, reference, result) as readers:
            yield readers


def _now(home: Path) -> Path:
    return (home / "releases" / "current").resolve()


def _version() -> str:
    """The commit that is tried, `-dirty` when files differ from it; empty where there is no git."""
    command = ["git", "--no-optional-locks", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor_seconds() -> float:
    """Of this process and of all that it started and has ended, PostgreSQL apart."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def _state() -> str:
    """A hash of the code and the day: while it stays, an undisturbed run need not be made again."""
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%m-%d}".encode())
    found = [path for folder in CODE for path in sorted((REPOSITORY / folder).rglob("*"))]
    for path in [*found, *(REPOSITORY / name for name in SETTING)]:
        if path.is_file() and not {"target", "logs", "__pycache__"} & set(path.parts):
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def _started(stack: ExitStack, ports: list[int]) -> dict[str, Running] | None:
    """Both providers on these ports, or None when one is taken."""
    try:
        first = stack.enter_context(start(ports[0]))
        return {FIRST: first, NEXT: stack.enter_context(start(ports[1], mutate=move))}
    except OSError:
        return None


@contextmanager
def _prepared(folder: Path, kinds: tuple[str, ...]) -> Iterator[Chaos]:
    """Providers, PostgreSQL and undisturbed runs; the latter from the call before where nothing has changed since."""
    file = folder / "references.json"
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept = kept if kept.get("state") == _state() else {}
    with ExitStack() as stack:
        providers = _started(stack, kept["ports"]) if kept else None
        if providers is None:
            kept, providers = {}, _started(stack, [0, 0])
        assert providers
        databases = Databases(stack.enter_context(pg.running())) if NEXT in kinds else None
        chaos = Chaos(folder, providers, databases)
        state, ports = _state(), [providers[kind].port for kind in (FIRST, NEXT)]
        seconds = chaos.refer(kept.get("seconds", {}))
        file.write_text(json.dumps({"state": state, "ports": ports, "seconds": {**kept.get("seconds", {}), **seconds}}))
        chaos.references = {kind: chaos.references[kind] for kind in kinds}
        yield chaos


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("CHAOS_KILLS", "100")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED", "1")))
    parser.add_argument("--first", type=int, default=0, help="number of the first trial: to go on where one ended")
    parser.add_argument("--again", action="store_true", help="only those that hit no run, or had a problem, once more")
    parser.add_argument("--kinds", default=f"{FIRST},{NEXT}", help="kinds of trial that take turns")
    parser.add_argument("--workers", type=int, default=1, help="trials at a time; one takes under two cores")
    parser.add_argument("--stretch", type=float, help="how much longer a run takes than alone (1, or 1.5 with workers)")
    parser.add_argument("--into", type=Path, required=True, help="where homes and the report are written")
    options = parser.parse_args()
    options.kinds = tuple(options.kinds.split(","))
    if not options.kinds or not set(options.kinds) <= {FIRST, NEXT}:
        parser.error(f"--kinds takes {FIRST}, {NEXT} or both with a comma")
    options.stretch = options.stretch or (1.5 if options.workers > 1 else 1.0)
    return options


def main() -> int:
    """Exit code 0 when every trial of this call ended as if nothing had happened."""
    options, remarks = _options(), list[str]()
    if NEXT in options.kinds and pg.programs() is None:
        remarks.append("The kind `next` was left out: no PostgreSQL server is installed (apt-get install postgresql).")
        options.kinds = tuple(kind for kind in options.kinds if kind != NEXT)
        print(remarks[0], flush=True)
        if not options.kinds:
            return 1
    options.into.mkdir(parents=True, exist_ok=True)
    writing, bad = threading.Lock(), 0
    folder = options.into.resolve()
    with file_lock(folder / "chaos.lock", "chaos", 0), _prepared(folder, options.kinds) as chaos:
        seconds = {kind: round(found.seconds, 1) for kind, found in chaos.references.items()}
        tables = len(next(iter(chaos.references.values())).wanted)
        print(f"undisturbed: {seconds} s, {tables} tables", flush=True)
        again = {t["number"] for t in read(options.into) if t["killed_at"] is None or t["problems"]}

        def one(number: int) -> bool:
            trial = asdict(chaos.trial(number, options.seed, options.stretch))
            with writing:
                print(json.dumps(trial, ensure_ascii=False), flush=True)
                write(options.into, seconds, tables, [*read(options.into), trial], remarks)
            return bool(trial["problems"])

        began, before, pool = time.monotonic(), _processor_seconds(), ThreadPoolExecutor(options.workers)
        try:
            numbers = [
                n for n in range(options.first, options.first + options.kills) if not options.again or n in again
            ]
            bad = sum(pool.map(one, numbers))
        finally:
            pool.shutdown(cancel_futures=True)
        took, used = time.monotonic() - began, _processor_seconds() - before
        print(f"{len(numbers)} trials, {bad} with problems: {took:.0f} s, {used:.0f} processor seconds", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
