"""The providers misbehave on request: each fault by name, for one dataset or for all.

`python -m sample_providers --fault NAME[:DATASET]`, or in a test `running.raw_answer = Misbehaviour(name, dataset)`.
Files of the inbox are spoilt by ``file_faults``. Faults that pass end after a few answers; the others stay.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import reduce

from sample_providers import spoil
from sample_providers.catalogue import TABLES
from sample_providers.http import Answer, Interference, Request
from sample_providers.spoil import DESCRIPTION, FIGURES

RETRY_SECONDS = 15
SILENT_SECONDS = 61.0
DRIP_SECONDS = 10.0
TURN_SECONDS = 60


@dataclass(frozen=True)
class Fault:
    """A fault: what happens, in words, and whether it passes by itself (the load is then to recover)."""

    name: str
    words: str
    passes: bool = False


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("busy_once", "429 without Retry-After, twice", True),
        Fault("busy_seconds", f"429 with Retry-After: {RETRY_SECONDS}, twice", True),
        Fault("busy_date", f"429 with Retry-After as an HTTP date {RETRY_SECONDS} seconds ahead, twice", True),
        Fault("busy_day", "429 with Retry-After: 86400, for good"),
        Fault("busy_always", "429 without Retry-After, for good"),
        Fault("errors_burst", "500, 502 and 503, then as usual", True),
        Fault("errors_always", "503 for good"),
        Fault("silent_once", "no answer for a minute, once", True),
        Fault("silent_always", "never an answer"),
        Fault("drip_once", "the first answer comes byte by byte, ten seconds apart", True),
        Fault("drip_always", "every answer comes byte by byte, ten seconds apart"),
        Fault("cut_once", "a body cut short of its Content-Length, twice", True),
        Fault("cut_always", "every body cut short of its Content-Length (a file: in its last line)"),
        Fault("html_once", "a web page with status 200, once", True),
        Fault("html_always", "a web page with status 200 (a file: a web page under its name)"),
        Fault("empty_once", "an empty body with status 200, once", True),
        Fault("empty_always", "an empty body with status 200 (an empty file)"),
        Fault("short_body", "the last rows are missing (a hundredth, one at least); length and form are right"),
        Fault("missing_period", "every row of the newest period is missing"),
        Fault("missing_area", "every row of the last area is missing"),
        Fault("latin1", "the text is in ISO 8859-1"),
        Fault("utf16", "the text is in UTF-16"),
        Fault("changed_columns", "a column of the figures has another name"),
        Fault("renamed_variable", "a variable has another id in the description"),
        Fault("new_code", "a code that nobody knows"),
        Fault("relabelled_code", "a known code with another text"),
        Fault("closed_table", "the table is closed"),
        Fault("totals_off", f"one figure is {spoil.OFF} too high, and its totals are not"),
        Fault("duplicate_rows", "the last row comes twice"),
        Fault("revision_once", "a revision while the figures are fetched", True),
        Fault("revision_always", "a new revision during every download"),
        Fault("skew_ahead", "the provider's clock and its time of update are years ahead", True),
        Fault("skew_back", "the time of update goes backwards", True),
    )
}

PROVIDERS = {"v1": "statbank", "valg": "elections", "Api": "education", "v3": "jobindsats"}
DATASETS = {
    **{name.lower(): "statbank" for name in TABLES},
    "dst_elections": "elections",
    "education_grades": "education",
    "jobindsats_support": "jobindsats",
}
_SPOILT = {
    "statbank": spoil.STATBANK,
    "elections": spoil.ELECTIONS,
    "education": spoil.EDUCATION,
    "jobindsats": spoil.JOBINDSATS,
}
_IDLE = {
    ("elections", "missing_period"): "an election is a folder of its own: one that is gone is not delivered, not short",
    ("elections", "closed_table"): "an election is never closed",
    ("education", "skew_back"): "the provider says no time of update",
    ("kmsta001", "latin1"): "its answer is plain ASCII",
}
_TWICE, _ONCE = 2, 1


def why_not(fault: str, dataset: str) -> str:
    """Why a fault cannot happen to a dataset of a provider; empty where it can. KeyError if there is no such one."""
    return _IDLE.get((DATASETS[dataset], fault), "") or _IDLE.get((dataset, fault), "")


def concerns(request: Request) -> tuple[str, str]:
    """The dataset that a request is about, and whether it asks for its figures or its description ('' if neither)."""
    root, _, path = request.path.lstrip("/").partition("/")
    provider = PROVIDERS.get(root, "")
    if provider == "statbank":
        return (request.table or "").lower(), FIGURES if request.format else DESCRIPTION
    dataset = next((name for name, owner in DATASETS.items() if owner == provider), "")
    figures = {
        "elections": not path.endswith("/fintal.xml"),
        "education": path.endswith("/statistik"),
        "jobindsats": path.startswith("data/"),
    }
    return dataset, FIGURES if figures.get(provider) else DESCRIPTION


class Misbehaviour:
    """A `raw_answer` hook: one fault of one dataset (None: of all). ``wait`` stands in for sleeping in tests.

    Raises:
        KeyError: no such fault or dataset.
    """

    def __init__(self, fault: str, dataset: str | None = None, wait: Callable[[float], object] = time.sleep) -> None:
        self.fault = FAULTS[fault]
        self.dataset = dataset
        if dataset is not None:
            DATASETS[dataset]
        self._wait = wait
        self._spoilt: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Interference:
        """What is answered instead; None: as usual."""
        dataset, part = concerns(request)
        if dataset not in DATASETS or self.dataset not in (None, dataset) or why_not(self.fault.name, dataset):
            return None
        kind = self.fault.name.partition("_")[0]
        if kind == "revision":
            return self._revision(request, dataset, part)
        if kind == "skew":
            return self._skewed(request, dataset, part)
        if self.fault.name in _WIRE:
            times, answer = _WIRE[self.fault.name]
            return answer(self, request) if part == FIGURES and self._count(dataset) <= times else None
        where, change = _SPOILT[DATASETS[dataset]].get(self.fault.name, _ANY.get(self.fault.name, ("", bytes)))
        return _changed(request, change) if part == where and _exists(request) else None

    def _count(self, dataset: str) -> int:
        with self._lock:
            self._spoilt[dataset] += 1
            return self._spoilt[dataset]

    def _revision(self, request: Request, dataset: str, part: str) -> Interference:
        """The first figures (or all) are an older version; the time of update moves as they are fetched."""
        provider = DATASETS[dataset]
        if part == FIGURES:
            seen, change = self._count(dataset), _SPOILT[provider]["totals_off"][1]
            if self.fault.passes:
                return _changed(request, change) if seen == 1 else None
            return _changed(request, lambda body: reduce(lambda old, _: change(old), range(seen), body))
        turns = min(self._spoilt[dataset], 1) if self.fault.passes else self._spoilt[dataset]
        if provider not in spoil.UPDATED or not turns or not _exists(request):
            return None
        moment = datetime(2026, 11, 1, 8, tzinfo=UTC) + timedelta(seconds=TURN_SECONDS * turns)
        return _changed(request, spoil.moved(provider, f"{moment:%Y-%m-%dT%H:%M:%S}"))

    def _skewed(self, request: Request, dataset: str, part: str) -> Interference:
        answer, provider = request.real(), DATASETS[dataset]
        if part == DESCRIPTION and provider in spoil.UPDATED:
            moment = "2041-01-01T08:00:00" if self.fault.name == "skew_ahead" else "2009-01-01T08:00:00"
            answer.body = spoil.moved(provider, moment)(answer.whole())
        years = timedelta(days=5479 if self.fault.name == "skew_ahead" else -1)
        answer.headers["Date"] = format_datetime(datetime.now(UTC) + years, usegmt=True)
        return answer

    def busy(self, request: Request) -> Answer:
        """429, with Retry-After where the fault says so."""
        headers = {"Content-Type": "text/plain"}
        when = datetime.now(UTC).replace(microsecond=0)
        asked = {
            "busy_seconds": str(RETRY_SECONDS),
            "busy_date": format_datetime(when + timedelta(seconds=RETRY_SECONDS), usegmt=True),
            "busy_day": "86400",
        }
        if self.fault.name in asked:
            headers |= {"Retry-After": asked[self.fault.name], "Date": format_datetime(when, usegmt=True)}
        return Answer(429, headers, b"Too many requests")

    def burst(self, request: Request) -> Answer:
        """One server error after the other."""
        statuses = [500, 502, 503]
        seen = self._spoilt[concerns(request)[0]]
        return Answer(503 if not self.fault.passes else statuses[(seen - 1) % 3], {}, b"")

    def silent(self, request: Request) -> None:
        """The usual answer, a minute late."""
        self._wait(SILENT_SECONDS)

    def drip(self, request: Request) -> Answer:
        """The usual answer, one byte at a time."""
        answer = request.real()
        body = answer.whole()

        def bytewise() -> Iterator[bytes]:
            for place in range(len(body)):
                yield body[place : place + 1]
                self._wait(DRIP_SECONDS)

        return Answer(answer.status, {**answer.headers, "Content-Length": str(len(body))}, bytewise())


def together(hooks: list[Misbehaviour]) -> Callable[[Request], Interference]:
    """Several faults at once: the first that has something to say answers."""
    return lambda request: next((given for hook in hooks if (given := hook(request)) is not None), None)


def _changed(request: Request, change: spoil.Spoil) -> Answer:
    answer = request.real()
    body = answer.whole()
    if answer.status == 200:
        answer.body = change(body)
    return answer


def _exists(request: Request) -> bool:
    return request.real().status == 200


def _cut(_: Misbehaviour, request: Request) -> Answer:
    answer = request.real()
    body = answer.whole()
    return Answer(200, {**answer.headers, "Content-Length": str(len(body))}, body[: len(body) // 2])


def _instead(body: bytes) -> Callable[[Misbehaviour, Request], Answer]:
    return lambda _, request: Answer(200, {"Content-Type": "text/html; charset=utf-8"}, body)


_FOR_GOOD = 10**9
_WIRE: dict[str, tuple[int, Callable[[Misbehaviour, Request], Interference]]] = {
    "busy_once": (_TWICE, Misbehaviour.busy),
    "busy_seconds": (_TWICE, Misbehaviour.busy),
    "busy_date": (_TWICE, Misbehaviour.busy),
    "busy_day": (_FOR_GOOD, Misbehaviour.busy),
    "busy_always": (_FOR_GOOD, Misbehaviour.busy),
    "errors_burst": (3, Misbehaviour.burst),
    "errors_always": (_FOR_GOOD, Misbehaviour.burst),
    "silent_once": (_ONCE, Misbehaviour.silent),
    "silent_always": (_FOR_GOOD, Misbehaviour.silent),
    "drip_once": (_ONCE, Misbehaviour.drip),
    "drip_always": (_FOR_GOOD, Misbehaviour.drip),
    "cut_once": (_TWICE, _cut),
    "cut_always": (_FOR_GOOD, _cut),
    "html_once": (_ONCE, _instead(spoil.WEB_PAGE)),
    "html_always": (_FOR_GOOD, _instead(spoil.WEB_PAGE)),
    "empty_once": (_ONCE, _instead(b"")),
    "empty_always": (_FOR_GOOD, _instead(b"")),
}
_ANY: dict[str, tuple[str, spoil.Spoil]] = {"latin1": (FIGURES, spoil.latin1), "utf16": (FIGURES, spoil.utf16)}
