"""A corrections ledger of a test's own: a copy of the dbt project whose seed holds the test's entries."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import house
import pytest

from warehouse import corrections, seeds
from warehouse.airflow import DBT_PROJECT

Entry = dict[str, str]


def entry(
    correction_id: str, table: str, key: dict[str, str], expected: object, corrected: object, **other: str
) -> Entry:
    """An entry on sample figures; no corrected value is a drop. ``other`` cells go before these."""
    cells = {
        "correction_id": correction_id,
        "dataset": table,
        "table_name": table,
        "key": json.dumps(key, ensure_ascii=False),
        "column_name": "INDHOLD",
        "action": "drop" if corrected is None else "correct",
        "expected_value": str(expected),
        "corrected_value": "" if corrected is None else str(corrected),
        "reason_da": "Tastefejl hos producenten",
        "reason_en": "A slip of the producer",
        "source": "letter of 2026-01-05",
        "decided_by": "data team",
        "decided_on": "2026-01-06",
        "data_origin": "sample",
    }
    return {**cells, **other}


class Ledger:
    """The project's copy; ``write`` puts entries into its seed, and everything reads that one."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = folder / "dbt_project"
        shutil.copytree(DBT_PROJECT, self.project, ignore=shutil.ignore_patterns("target", "logs"))
        monkeypatch.setattr(seeds, "SEEDS", self.project / "seeds")
        monkeypatch.setattr(house, "DBT_PROJECT", self.project)

    @property
    def file(self) -> Path:
        """The seed."""
        return self.project / "seeds" / corrections.FILE

    def write(self, *entries: Entry) -> None:
        """Replace the entries."""
        write(self.file, entries)


def write(file: Path, entries: Iterable[Entry]) -> Path:
    """Write a ledger."""
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, corrections.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(entries)
    return file
