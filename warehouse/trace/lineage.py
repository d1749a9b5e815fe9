"""What a release says of how it was made: its models with their compiled SQL, and the seeds they read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import WarehouseError

FOLDER = "lineage"
MODELS = "models.json"


@dataclass(frozen=True)
class Model:
    """A model of the release: ``sql`` is what dbt ran, ``parents`` are names as ``schema.table``."""

    name: str
    schema: str
    language: str
    materialized: str
    sql: str
    parents: tuple[str, ...]

    @property
    def address(self) -> str:
        """The name as ``schema.table``."""
        return f"{self.schema}.{self.name}"


def read_models(release: Path) -> dict[str, Model]:
    """Every model of a release by its address.

    Raises:
        WarehouseError: the release was made before releases said so, or the file is not what it should be.
    """
    path = release / FOLDER / MODELS
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        models = [
            Model(
                row["name"], row["schema_name"], row.get("language") or "sql", row["materialized"],
                row["compiled_sql"] or "", tuple(row["depends_on"]),
            )
            for row in rows
        ]  # fmt: skip
    except FileNotFoundError:
        raise WarehouseError(
            "The release does not say how it was made: it has no lineage/models.json",
            {"release": release.name},
            "trace a release made by this version: run `warehouse run`",
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise WarehouseError(
            f"lineage/models.json is not readable: {error}",
            {"release": release.name},
            "run `warehouse verify`: the release has been changed",
        ) from None
    return {model.address: model for model in models}


def ancestors(models: Mapping[str, Model], address: str) -> tuple[list[Model], set[str]]:
    """The models that a table is made of, each after those it reads and itself last; and what they read besides
    models: seeds, raw and meta, as ``schema.table``."""
    ordered: dict[str, Model] = {}
    sources: set[str] = set()

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name not in models:
            sources.add(name)
            return
        for parent in models[name].parents:
            visit(parent)
        ordered[name] = models[name]

    visit(address)
    return list(ordered.values()), sources
