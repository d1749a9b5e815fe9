"""dbt against the oracle on random counts: hundreds of strata in one run, empty, small, missing and reversed ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import oracle_sources as sources
import pytest
import random_counts
from house import Home
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import Expected, Key, gaps
from test_oracle import differences, index_rows, published

from warehouse.db import writer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oracle_random")]

ROWS = 5000
"""So many rows of `gaps` are compared at least: a run that draws next to nothing proves nothing."""


def expected(drawn: dict[str, random_counts.Drawn]) -> dict[Key, Expected]:
    """What the oracle makes of the drawn tables."""
    areas = random_counts.AREAS
    rows = {name: table for name, (table, _) in drawn.items()}
    periods = {name: found for name, (_, found) in drawn.items()}
    quarters = [row for row in rows["kas201"] if "K" in str(row["PERIOD"])]
    counts = {
        **sources.employment(rows["ras201"], areas, periods["ras201"], sources.RAS201),
        **sources.employment(quarters, areas, {str(row["PERIOD"]) for row in quarters}, sources.KAS201),
        **sources.education(rows["ligeub1"], areas, periods["ligeub1"]),
        **sources.grade9(rows["uddakt20"], areas, periods["uddakt20"]),
        **sources.cash_benefits(rows["ky038"], areas, periods["ky038"], rows["folk1e"], periods["folk1e"]),
    }
    owners = dict(zip(random_counts.PARISHES, (area for area in random_counts.NAMES for _ in range(3)), strict=True))
    return {**gaps(counts), **index_rows(rows["kmsta001"], owners, set(periods["kmsta001"]))}


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(min_value=1, max_value=2**32))
def test_random_counts_give_what_the_oracle_gives(seed: int) -> None:
    """One dbt run an example. The seed draws the tables, so a failure is run again from its number alone."""
    random = Random(seed)
    drawn = {table.dataset: random_counts.draw(table, random) for table in random_counts.TABLES}
    with TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home", {})
        home.path.mkdir()
        with writer(home.settings, "random counts") as connection:
            random_counts.write(connection, drawn)
        home.build("--exclude-resource-type", "test", "--select", "+gaps")
        found, wanted = published(home), expected(drawn)
    assert differences(found, wanted)[:10] == []
    seen = Counter(row.status for row in found.values())
    assert sum(seen.values()) > ROWS
    assert "grade9_completion" in {key.stratum.indicator for key in found}
    assert min(seen[status] for status in ("observed", "suppressed", "empty_group")) > 0
    signs = Counter(float(row.numbers["gap_pp"] or 0) > 0 for row in found.values() if row.status == "observed")
    assert min(signs[True], signs[False]) > 0
