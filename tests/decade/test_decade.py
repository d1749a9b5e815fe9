"""Ten years of quarters: whatever the providers do, each release is what the oracle says.

The suite lives through the stretch with the merger, the closed table and the reform of the regions;
``DECADE_QUARTERS=40`` (``make decade``) through all of it.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from decade_events import EVENTS
from decade_run import Decade
from decade_tables import LAST_OF_CLOSED, SUCCESSOR
from decade_world import FIRST_QUARTER, INTO, MERGED, MERGER, NEW_REGION, OLD_REGIONS, REFORM, later, span

pytestmark = [pytest.mark.slow, pytest.mark.timeout(36_000)]
SHORT = ["2024K4", "2025K2", "2027K1"]
QUARTERS = int(os.environ.get("DECADE_QUARTERS", "0"))


def stretch() -> list[str]:
    """The quarters to live through."""
    return span(FIRST_QUARTER, later(FIRST_QUARTER, QUARTERS - 1)) if QUARTERS else SHORT


def thorough(quarters: list[str], number: int) -> bool:
    """dbt's tests and the pages: at the end; of all forty also at the start, at events and every other year."""
    quarter = quarters[number]
    often = number % 8 == 0 or quarter in {event.quarter for event in EVENTS}
    return number == len(quarters) - 1 or bool(QUARTERS and often)


def test_every_quarter_is_that_of_the_oracle(tmp_path: Path) -> None:
    quarters = stretch()
    middle = len(quarters) // 2
    decade = Decade(tmp_path)
    try:
        for number, quarter in enumerate(quarters):
            decade.quarter(quarter, thorough=thorough(quarters, number))
            print(quarter, decade.releases[quarter], len(decade.known), "rows", len(decade.told), "moves", flush=True)
            if number == middle:
                shutil.copytree(decade.root / "checkout", decade.root / "checkout_then")
        _borders_are_told(decade, quarters[-1])
        assert decade.house.ask("verify") == {"findings": []}
        if QUARTERS:
            _then_is_built_again(decade, quarters[middle], quarters[middle + 1])
    finally:
        decade.house.stop()


def _borders_are_told(decade: Decade, last: str) -> None:
    ask = decade.house.published
    if last >= f"{MERGER}K1":
        after = "select count(*) from marts.gaps where municipality_code = ? and year(period_start) >= ?"
        assert ask(after, MERGED, MERGER) == [(0,)]
        assert ask("select count(*) > 0 from marts.gaps where municipality_code = ?", MERGED) == [(True,)]
        coverage = (
            "select periods_missing, reason_en from marts.coverage where municipality_code = ? and indicator_id = ?"
        )
        ((missing, reason),) = ask(coverage, MERGED, "employment_rate_quarterly")
        assert missing == []
        assert f"does not exist after 31 December {MERGER - 1}" in reason
        broken = """select distinct is_series_break from marts.gaps
            where municipality_code = ? and period = ? and indicator_id = ?"""
        assert ask(broken, INTO, str(MERGER), "residential_dissimilarity") == [(True,)]
    if last >= f"{int(LAST_OF_CLOSED) + 2}K2":
        series = """select period, source_tables, is_series_break, len(load_ids) from marts.gaps
            where indicator_id = 'qualifying_education' and municipality_code = '151' and sex = 'total'
            and target_group = 'non_western' and reference_group = 'others' order by period"""
        first = str(int(LAST_OF_CLOSED) + 1)
        for period, tables, broken, loads in ask(series):
            assert (tables, broken, loads) == (
                [SUCCESSOR if period >= first else "LIGEUB1"], period == first, 1,
            )  # fmt: skip
    if last >= f"{REFORM}K1":
        borders = "select municipality_code, min(quarter), max(quarter) from marts.target_group group by all"
        found = {code: (first, newest) for code, first, newest in ask(borders)}
        assert found[NEW_REGION][0] == f"{REFORM}K1"
        assert {found[code][1] for code in OLD_REGIONS} == {f"{REFORM - 1}K4"} or last == SHORT[-1]


def _then_is_built_again(decade: Decade, quarter: str, after: str) -> None:
    """With the code and seeds of then, the release of then comes out of the landing, table by table."""
    release, house = decade.releases[quarter], decade.house
    house.stop()
    (decade.root / "checkout").rename(decade.root / "checkout_now")
    (decade.root / "checkout_then").rename(decade.root / "checkout")
    # A release is named before it is published: the second before the next one got its name is sure to be after it.
    named = datetime.strptime(decade.releases[after][:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    as_of = f"{named - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
    found = house.ask("rebuild", as_of=as_of, into=str(decade.root / "then"))
    assert (found.get("release"), found.get("differing"), found.get("code_differs")) == (release, [], False), found
