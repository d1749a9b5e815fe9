"""Runs one cell of the fault matrix: a fault, a dataset, a home that holds the earlier version of it.

Time is a clock that the client's waits and the provider's slowness move: nobody really waits. A cell works on a copy of
the home, and says whether the load got in, with which figures, and whether what was there before is as it was.
"""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expectations.run import Verdict, failed_blocking, validate
from ingestion import pipeline
from ingestion.http import Client
from sample_providers import FAULTS, Misbehaviour, Request, start, write_inbox
from sample_providers.faults import DATASETS, concerns, why_not
from sample_providers.file_faults import KINDS, spoil_inbox, why_not_a_file
from sample_providers.spoil import DESCRIPTION, EDUCATION, moved
from sample_providers.tokens import TOKEN
from warehouse import ledger
from warehouse.db import writer
from warehouse.errors import LoadRejected, ProviderError, WarehouseError
from warehouse.settings import Settings

EARLIER = "2026-01-01T08:00:00"
LONGEST_SECONDS = 4 * 3600.0
RUN = ("faults", "run")
ALL = [*DATASETS, *KINDS]
_SAID_FIRST = re.compile(
    r"^(The provider's answer is broken: |The provider did not answer: |StatBank's table \w+ |"
    r"The file \S+ is refused, and the whole delivery with it: )"
)
_ADDRESS = re.compile(r"https?://[\d.]+:\d+|\(Bearer [^)]*\)")
_LONGEST_WORDS = 110


class Clock:
    """Seconds that pass only when somebody says so; ``slept`` are the client's waits."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time now, in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """The client waits."""
        self.slept.append(seconds)
        self.pass_by(seconds)

    def drag(self, seconds: float) -> None:
        """The provider is slow; the client gets a moment to notice."""
        self.pass_by(seconds)
        time.sleep(0.002)

    def pass_by(self, seconds: float) -> None:
        """Time goes by."""
        with self._lock:
            self._now += seconds


@dataclass(frozen=True)
class Outcome:
    """What happened: ``kind`` is idle, recovered, loaded, rejected, failed or unseen.

    ``figures`` says whether raw shows what an undisturbed load would show, ``kept`` whether raw, its owners, the
    landing and the release are byte for byte as before; ``seconds`` by the clock of the cell.
    """

    kind: str
    words: str
    next_step: str = ""
    figures: bool = False
    kept: bool = False
    seconds: float = 0.0

    @property
    def cell(self) -> str:
        """The cell of the page."""
        return f"{self.kind}: {self.words}" if self.words else self.kind


@dataclass
class Bench:
    """A home with the earlier version of some datasets, and the provider with the newer one."""

    path: Path
    datasets: tuple[str, ...]
    undisturbed: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Bench:
        self.provider = start(raw_answer=_earlier)
        self._make_client = pipeline.make_client
        self._base()
        return self

    def __exit__(self, *_: object) -> None:
        pipeline.make_client = self._make_client
        self.provider.stop()

    def cell(self, fault: str, dataset: str) -> Outcome:
        """Let a fault happen to a dataset."""
        reason = why_not_a_file(fault, dataset) if dataset in KINDS else why_not(fault, dataset)
        if reason:
            return Outcome("does not apply", reason)
        if dataset not in self.undisturbed:
            with self.copied() as settings:
                _ingest(dataset, settings)
                self.undisturbed[dataset] = _shown(dataset, settings)
        with self.copied() as settings:
            return self._happen(fault, dataset, settings)

    def _happen(self, fault: str, dataset: str, settings: Settings) -> Outcome:
        clock, before = self._clocked(), _held(dataset, settings)
        try:
            if dataset in KINDS:
                _with_files(fault, dataset, settings)
            else:
                self.provider.raw_answer = Misbehaviour(fault, dataset, clock.drag)
                _ingest(dataset, settings)
            kind, words, step = _took(dataset, settings, clock)
        except WarehouseError as error:
            kind, words, step = _told(error)
        finally:
            self.provider.raw_answer = None
        same = _shown(dataset, settings) == self.undisturbed[dataset]
        return Outcome(kind, words, step, same, _held(dataset, settings) == before, clock())

    def _clocked(self) -> Clock:
        clock = Clock()

        def client() -> Client:
            return Client(sleep=clock.sleep, clock=clock, rng=random.Random(1))

        pipeline.make_client = client  # type: ignore[assignment]
        return clock

    def _base(self) -> None:
        settings = self._settings(self.path / "base")
        inbox = settings.sample_inbox
        assert inbox is not None
        write_inbox(inbox)
        renamed = [_rename_last(inbox / kind, "_first") for kind in KINDS]
        self._clocked()
        for dataset in self.datasets:
            _ingest(dataset, settings, judged=False)
        for path, name in renamed:
            path.rename(path.with_name(name))
        release = settings.root / "releases" / "r1"
        release.mkdir(parents=True)
        (release / "manifest.json").write_text('{"release": "r1"}', encoding="utf-8")
        (release.parent / "current").symlink_to("r1")
        self.provider.raw_answer = None

    @contextmanager
    def copied(self) -> Iterator[Settings]:
        """A copy of the home, for one cell."""
        home = self.path / "cell"
        shutil.copytree(self.path / "base", home, symlinks=True)
        try:
            yield self._settings(home)
        finally:
            shutil.rmtree(home)

    def _settings(self, home: Path) -> Settings:
        return Settings(
            home=home,
            statbank_url=self.provider.statbank_url,
            elections_url=self.provider.elections_url,
            education_url=self.provider.education_url,
            jobindsats_url=self.provider.jobindsats_url,
            education_token=TOKEN,  # type: ignore[arg-type]
            jobindsats_token=TOKEN,  # type: ignore[arg-type]
            sample_inbox=home / "delivered",
            from_year=2021,
            _env_file=None,  # type: ignore[call-arg]
        )


def _earlier(request: Request) -> Any:
    """The provider as it was: another time of update; the education ministry, which says none, another figure."""
    dataset, part = concerns(request)
    provider = DATASETS.get(dataset)
    change: Callable[[bytes], bytes] | None = None
    if provider == "education" and part != DESCRIPTION:
        change = _twice_off
    elif provider not in (None, "education") and part == DESCRIPTION:
        change = moved(str(provider), EARLIER)
    answer = request.real()
    if change is None or answer.status != 200:
        return None
    answer.body = change(answer.whole())
    return answer


def _twice_off(body: bytes) -> bytes:
    return EDUCATION["totals_off"][1](EDUCATION["totals_off"][1](body))


def _rename_last(folder: Path, mark: str) -> tuple[Path, str]:
    """Give the last file of a kind another name; where it lies now, and its own name."""
    path = max(path for path in folder.rglob("*") if path.is_file())
    return path.rename(path.with_stem(path.stem + mark)), path.name


def _ingest(dataset: str, settings: Settings, judged: bool = True, between: Callable[[], object] = bool) -> None:
    if not pipeline.changed(dataset, settings, RUN):
        return
    between()
    load_id = pipeline.land(dataset, settings, RUN)
    pipeline.load(load_id, settings)
    if judged:
        verdict = validate(load_id, settings)
        if not verdict.success:
            raise _Refused(verdict)
    else:
        with writer(settings, "fault bench") as connection:
            ledger.set_status(connection, load_id, ledger.VALIDATED)
    pipeline.promote(load_id, settings)


class _Refused(LoadRejected):
    """A load that its expectations refuse."""

    def __init__(self, verdict: Verdict) -> None:
        names = dict.fromkeys(f"`{item.expectation}`" for item in failed_blocking(verdict.validations))
        super().__init__(", ".join(names) or verdict.reason, {}, "see expectations.run.require")


def _with_files(fault: str, dataset: str, settings: Settings) -> None:
    inbox = settings.sample_inbox
    assert inbox is not None
    if fault == "revision_once":
        path, name = _rename_last(inbox / dataset, "_second")
        _ingest(dataset, settings, between=lambda: path.rename(path.with_name(name)))
    else:
        spoil_inbox(inbox, fault, dataset)
        _ingest(dataset, settings)


def _took(dataset: str, settings: Settings, clock: Clock) -> tuple[str, str, str]:
    with writer(settings, "fault bench") as connection:
        row = connection.execute(
            "select outcome, detail from meta.checks where dataset = ? order by checked_at desc limit 1", [dataset]
        ).fetchone()
    assert row is not None
    if row[0] == "not_delivered" and dataset != "dst_elections":
        return "rejected", f"not delivered, {_plain(row[1])}", "in the status"
    if row[0] == "unchanged":
        return "unseen", "taken for unchanged", ""
    return ("recovered", f"at try {len(clock.slept) + 1}", "") if clock.slept else ("loaded", "", "")


def _told(error: WarehouseError) -> tuple[str, str, str]:
    kind = "failed" if isinstance(error, ProviderError) else "rejected"
    return kind, _plain(error.what), error.next_step


def _plain(text: str) -> str:
    """An error in one line of a table: what is always said before, addresses and the end of a long list left out."""
    said = _ADDRESS.sub("", _SAID_FIRST.sub("", " ".join(text.split()))).replace("|", "\\|")
    if said.startswith("time-out"):
        return "time-out"  # which of its bounds ends first is up to the threads
    return said if len(said) <= _LONGEST_WORDS else said[:_LONGEST_WORDS].rpartition(" ")[0] + " …"


def _shown(dataset: str, settings: Settings) -> list[tuple[Any, ...]]:
    """The figures that raw shows of a dataset, whichever load they came with."""
    return _hashes(dataset, settings, "load_id", "file_name")


def _held(dataset: str, settings: Settings) -> tuple[Any, ...]:
    """What must stay as it is where a load does not get in."""
    raw = _hashes(dataset, settings)
    with writer(settings, "fault bench") as connection:
        owners = connection.execute(
            "select period, load_id from meta.period_owner where dataset = ? order by all", [dataset]
        ).fetchall()
        loads = {load_id for _, load_id in owners}
    landed = (path for path in settings.landing.rglob("*") if path.is_file() and loads & set(path.parts))
    releases = settings.root / "releases"
    return raw, owners, _files(landed), _files(releases.rglob("*.json")), (releases / "current").readlink()


def _files(paths: Iterable[Path]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def _hashes(dataset: str, settings: Settings, *without: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    with writer(settings, "fault bench") as connection:
        for table in pipeline.record_of(dataset).raw_tables:
            columns = connection.execute(f"describe raw.{table.name}").fetchall()
            kept = ", ".join(f'cast("{name}" as varchar)' for name, *_ in columns if name not in without)
            query = f"select count(*), sum(hash({kept})::hugeint), bit_xor(hash({kept})) from raw.{table.name}"
            found += connection.execute(query).fetchall()
    return found


def matrix() -> Iterator[tuple[str, str]]:
    """Every cell: fault and dataset."""
    return ((fault, dataset) for fault in FAULTS for dataset in ALL)
