"""The same inputs give the same bytes: building twice changes no published table."""

from __future__ import annotations

from pathlib import Path

import pytest
from house import Home

from sample_providers import write_inbox
from warehouse import release_files
from warehouse.db import writer


def _hashes(home: Home, folder: Path) -> dict[str, str]:
    folder.mkdir()
    with writer(home.settings, "test") as connection:
        return release_files.export_tables(connection, release_files.published_tables(connection), folder)


@pytest.mark.slow
def test_building_twice_changes_no_byte(home: Home, tmp_path: Path) -> None:
    write_inbox(tmp_path / "sample_inbox")
    home.variables["WAREHOUSE_SAMPLE_INBOX"] = str(tmp_path / "sample_inbox")
    home.ingest("folk1e", "ras201", "ligeub1", "kmsta001", "valg_dk", "valgdatabase", "turnout_by_origin", "interviews")
    home.build("--exclude-resource-type", "test")
    first = _hashes(home, tmp_path / "first")
    home.build("--exclude-resource-type", "test")
    assert _hashes(home, tmp_path / "second") == first
    assert len(first) >= 20
