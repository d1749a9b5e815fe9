"""The second engine: the row once more out of the landing, by the SQL that made the release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from warehouse.db import quote
from warehouse.trace.figures import same
from warehouse.trace.ground import Ground
from warehouse.trace.keys import Cell
from warehouse.trace.lineage import Model, ancestors


@dataclass(frozen=True)
class Again:
    """The row as the release's SQL gives it now, against the published one."""

    models: int
    found: int
    row: Mapping[str, Any]
    differing: tuple[str, ...]

    @property
    def is_shown(self) -> bool:
        """Whether the row that the landing gives is one that may be shown: a forged status must not reveal a count."""
        return self.found == 1 and self.row.get("value_status", "observed") == "observed"

    @property
    def agrees(self) -> bool:
        """Whether there is one such row, and every column of it is the published one."""
        return self.found == 1 and not self.differing


def compute_again(ground: Ground, models: Mapping[str, Model], cell: Cell) -> Again:
    """Run what the mart is made of, and hold its row against the published one, column by column.

    Raises:
        WarehouseError: the SQL of a model fails.
    """
    needed, _ = ancestors(models, f"marts.{cell.table}")
    ground.make(needed)
    where = " and ".join(f"{quote(name)} is not distinct from ?" for name in cell.key)
    rows = ground.rows(f"select * from marts.{quote(cell.table)} where {where} limit 2", list(cell.key.values()))
    if len(rows) != 1:
        return Again(len(needed), len(rows), {}, ())
    differing = tuple(name for name, value in cell.row.items() if not _same(value, rows[0].get(name)))
    return Again(len(needed), 1, rows[0], differing)


def _same(published: Any, now: Any) -> bool:
    return same(_number(published), _number(now))


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def readable(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [readable(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
