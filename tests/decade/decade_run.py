"""A quarter of the decade: the provider as it then is, the warehouse's run, what the data team mends, the oracle."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from decade_events import EVENTS, Event
from decade_house import House
from decade_oracle import Gaps, Oracle
from decade_tables import SUCCESSOR, YEARLY, StatBank
from decade_world import World
from oracle import OWN_DATA, Expected, Key, Stratum
from test_oracle import COLUMNS, NUMBERS, differences

from sample_providers import Misbehaviour, Request, Running, start, write_inbox
from sample_providers.catalogue import TABLES

PASSING = ("busy_once", "busy_seconds", "errors_burst", "cut_once", "html_once", "empty_once")
STRUCK = ("folk1e", "folk1c", "kas201", "ras201", "uddakt20", "ky038", "kmsta001")
LATE_ELECTION, LATE_ELECTION_FROM = "Valg1968094", "2022K4"
DELIVERED = {
    "valg_dk": "2025K4", "valgdatabase": "2024K3", "turnout_by_origin/kv2017": "2019K4",
    "turnout_by_origin/kv2021": "2022K1", "turnout_by_origin/kv2025": "2026K1", "interviews/2024-1": "2024K2",
    "interviews/2024-2": "2024K4", "interviews/2025-1": "2025K2", "interviews/2025-2": "2025K4",
}  # fmt: skip
MOVED = ("gap_pp", "target_rate_pct", "reference_rate_pct")
Move = tuple[Key, str, float | None, float | None]


@dataclass
class Decade:
    """A world, a data team's house, and what was published last."""

    root: Path
    world: World = field(default_factory=World)
    known: Gaps = field(default_factory=dict)
    told: set[tuple[Any, ...]] = field(default_factory=set)
    releases: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """An inbox, a checkout and a home, all empty of figures."""
        self.inbox, self.oracle, self.bank = self.root / "inbox", Oracle(), StatBank(self.world)
        self.house = House(self.root, {"WAREHOUSE_SAMPLE_INBOX": str(self.inbox)})
        write_inbox(self.root / "to_come")

    def quarter(self, quarter: str, *, thorough: bool) -> None:
        """Live through a quarter; what does not hold is an AssertionError. ``thorough``: with dbt's tests and pages."""
        due = [e for e in EVENTS if e.quarter <= quarter and e.name not in self.seen]
        self.seen += [event.name for event in due]
        self._deliver(quarter)
        if self.house.current is None:  # what came before the first quarter has been mended before it
            for event in due:
                event.mend(self.house)
            due = []
        with self._provider(quarter) as running:
            self.house.variables |= {
                "WAREHOUSE_STATBANK_URL": running.statbank_url,
                "WAREHOUSE_ELECTIONS_URL": running.elections_url,
            }
            self._ingest(quarter, due)
            built = self.house.ask("build", thorough=thorough)
            assert set(built) == {"release"}, (quarter, built)
            self.releases[quarter] = built["release"]
            running.raw_answer = partial(_still_to_come, quarter)  # the oracle is not to be struck
            expected = self.oracle.expected(running, self.inbox)
        self._compare(quarter, expected)

    def _ingest(self, quarter: str, due: Sequence[Event]) -> None:
        before = self._release()
        problems = self._asked(quarter)
        for event in due:
            for dataset, words in event.refused.items():
                said = problems.get(dataset, "")
                assert [word for word in words if word not in said] == [], (quarter, event.name, dataset, said)
        blamed = {name for event in due for name in {*event.refused, *event.held}}
        assert set(problems) <= blamed, (quarter, problems)
        if due:
            assert self._release() == before, "a refused load left its mark on the release"
            for event in due:
                event.mend(self.house)
            left = self._asked(quarter)
            assert left == {}, (quarter, "after the mend", left)

    def _asked(self, run: str) -> dict[str, str]:
        answer = self.house.ask("ingest", run=run)
        assert "error" not in answer, answer
        return dict(answer["problems"])

    def _release(self) -> tuple[str, dict[str, tuple[int, int]]]:
        folder = self.house.current
        if folder is None:
            return "", {}
        files = {str(p.relative_to(folder)): (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*")}
        return folder.name, files

    def _compare(self, quarter: str, expected: Gaps) -> None:
        found = self._published()
        assert differences(found, expected)[:10] == [], quarter
        assert sorted(self.known.keys() - found.keys())[:10] == [], f"{quarter}: rows have vanished"
        told = self._told()
        new = {tuple(row) for row in told - self.told}
        moves = _moves(self.known, found)
        assert sorted(map(str, new ^ moves))[:10] == [], f"{quarter}: told as revised, and moved, are not the same"
        self.known, self.told = found, told

    def _published(self) -> Gaps:
        rows = self.house.published(f"select {', '.join((*COLUMNS, *NUMBERS))} from marts.gaps")
        found = {}
        for row in rows:
            numbers = {name: value for name, value in zip(NUMBERS, row[11:], strict=True) if value is not None}
            key = Key(Stratum(*row[:6]), row[6], row[7])
            found[key] = Expected(row[8], numbers, frozenset(row[10]) - {"series_break"}, row[9])
        assert len(found) == len(rows)
        return found

    def _told(self) -> set[Any]:
        rows = self.house.published(
            "select key, period, old_value, new_value from marts.revisions where object_name = 'marts.gaps'"
        )
        told = set()
        for text, period, old, new in rows:
            parts = json.loads(text)
            stratum = Stratum(*(parts[name] for name in ("indicator_id", "municipality_code")), period,
                              *(parts[name] for name in ("sex", "age_group", "subarea_code")))  # fmt: skip
            if parts["column"] in MOVED:
                key = Key(stratum, parts["target_group"], parts["reference_group"])
                told.add((key, parts["column"], _rounded(old), _rounded(new)))
        return told

    def _deliver(self, quarter: str) -> None:
        for path in sorted((self.root / "to_come").rglob("*")):
            place = str(path.relative_to(self.root / "to_come"))
            when = next((first for start_, first in DELIVERED.items() if place.startswith(start_)), None)
            if path.is_file() and when and when <= quarter and not (self.inbox / place).exists():
                (self.inbox / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self.inbox / place)
        header, *lines = (self.root / "to_come" / "danish_tests" / "danskproever.csv").read_text().splitlines()
        for year in sorted({line[:4] for line in lines}):
            path = self.inbox / "danish_tests" / f"danskproever-{year}.csv"
            if f"{int(year) + 1}K1" <= quarter and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join([header, *(line for line in lines if line.startswith(year))]) + "\n")

    @contextmanager
    def _provider(self, quarter: str) -> Iterator[Running]:
        names = [*TABLES, *([SUCCESSOR] if YEARLY[SUCCESSOR].years(quarter) else [])]
        dice = random.Random(f"{self.world.seed} {quarter}")
        struck = Misbehaviour(dice.choice(PASSING), dice.choice(STRUCK)) if dice.random() < 0.6 else None

        def hook(request: Request) -> Any:
            absent = _still_to_come(quarter, request)
            return absent or (struck(request) if struck else None)

        tables = {name: partial(self.bank.table, name, quarter) for name in names}
        with mock.patch.dict(TABLES, tables), start(raw_answer=hook) as running:
            yield running


def _still_to_come(quarter: str, request: Request) -> Any:
    """404 for an election that has not been held yet."""
    if quarter < LATE_ELECTION_FROM and LATE_ELECTION in request.path:
        return 404, {"Content-Type": "text/html"}, b"<html>404</html>"
    return None


def _moves(before: Gaps, now: Gaps) -> set[Move]:
    """What moved of figures that were published before; the municipality's own data are not told."""
    moves: set[Move] = set()
    for key in before.keys() & now.keys():
        if key.stratum.indicator in OWN_DATA:
            continue
        for name in MOVED:
            one, two = (row.numbers.get(name) for row in (before[key], now[key]))
            if (one is None) != (two is None) or (one is not None and two is not None and abs(one - two) >= 1e-9):
                moves.add((key, name, _rounded(one), _rounded(two)))
    return moves


def _rounded(value: float | bool | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")
