"""The build over the whole country stays within its memory; how long it takes depends on the machine and is no test."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import national, national_data

pytestmark = pytest.mark.slow

BOUND_MB = 2_000  # the promise; DuckDB itself is held to 1 GB, the rest is Python and dbt
FIRST_YEAR = 2020  # a third of what the benchmark builds: enough to fill DuckDB's memory, quick enough for every run


def test_memory_of_the_build_is_bounded(tmp_path: Path) -> None:
    settings = national_data.home_of(tmp_path / "home")
    assert national_data.fill(settings, FIRST_YEAR) > 5_000_000
    costs = national.build(settings)
    costs["release"] = national.cost_of(national.PUBLISH, settings)
    assert {name: cost.peak_mb for name, cost in costs.items() if cost.peak_mb > BOUND_MB} == {}
