"""A warehouse home and its open writer, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from warehouse.db import writer
from warehouse.raw_views import refresh_views
from warehouse.records import catalogue
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def connection(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with writer(settings, "test") as opened:
        for record in catalogue().values():
            refresh_views(opened, record)
        yield opened
