"""The seeds as plain rows, for those who need them before dbt has run (code maps, labels).

dbt loads the same files into ``seeds``; there is one source of truth, the CSV.
"""

from __future__ import annotations

import csv
from functools import lru_cache

from warehouse.settings import REPOSITORY

SEEDS = REPOSITORY / "dbt_project" / "seeds"


@lru_cache
def seed(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a seed, every value as text."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle))
