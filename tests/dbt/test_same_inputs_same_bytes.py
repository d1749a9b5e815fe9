"""The same inputs give the same bytes: building twice changes no published table."""

from __future__ import annotations

from pathlib import Path

import pytest
from house import Home, copy_of

from warehouse import release, release_files
from warehouse.db import writer


def _hashes(home: Home, folder: Path) -> dict[str, str]:
    folder.mkdir()
    with writer(home.settings, "test") as connection:
        return release_files.export_tables(connection, release_files.published_tables(connection), folder)


@pytest.mark.slow
def test_building_twice_changes_no_byte(sample_home: Home, tmp_path: Path) -> None:
    home = copy_of(sample_home, tmp_path / "home")
    home.build("--exclude-resource-type", "test")
    stated = release.read_manifest(home.path / "releases" / "current")["tables"]
    assert _hashes(home, tmp_path / "second") == stated
    assert len(stated) >= 20
