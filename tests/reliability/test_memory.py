"""Load and build of the whole country stay within their memory; how long they take depends on the machine and is no
test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import folk1e, load, national, national_data
from benchmarks.provider import provider

pytestmark = pytest.mark.slow

BOUND_MB = 2_000  # the promise; DuckDB itself is held to 1 GB, the rest is Python and dbt
LOAD_MB = 500
QUARTERS = 8  # over a million rows, an eighth of what the benchmark loads: what grows with the rows shows by then
FIRST_YEAR = 2020  # a third of what the benchmark builds: enough to fill DuckDB's memory


@pytest.mark.skipif("MEMORY_TEST" not in os.environ, reason="takes minutes: set MEMORY_TEST=1, or `make bench`")
def test_memory_of_the_build_is_bounded(tmp_path: Path) -> None:
    settings = national_data.home_of(tmp_path / "home")
    assert national_data.fill(settings, FIRST_YEAR) > 5_000_000
    costs = national.build(settings)
    costs["release"] = national.cost_of(national.PUBLISH, settings)
    assert {name: cost.peak_mb for name, cost in costs.items() if cost.peak_mb > BOUND_MB} == {}


def test_memory_of_the_load_is_bounded(tmp_path: Path) -> None:
    body = tmp_path / "body.csv"
    rows = folk1e.write(body, QUARTERS)
    with provider(body, QUARTERS) as url:
        run = load.run_one("ours", url)
    assert run.told["rows"] == rows > 1_000_000
    assert run.peak_mb < LOAD_MB
