"""A warehouse home and a sample provider per test; nobody really waits between retries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingestion import pipeline
from ingestion.http import Client
from sample_providers import Running, start
from warehouse import ledger
from warehouse.db import writer
from warehouse.settings import Settings


@dataclass
class House:
    """A home, a provider, and the steps of a dataset; ``slept`` are the waits between retries, in seconds."""

    settings: Settings
    provider: Running
    slept: list[float] = field(default_factory=list)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the build database."""
        with writer(self.settings, "test") as connection:
            return connection.execute(query).fetchall()

    def ingest(self, dataset: str) -> str:
        """Every step; validation is taken for granted. The load id."""
        assert pipeline.changed(dataset, self.settings)
        load_id = pipeline.land(dataset, self.settings, ("dag", "run"))
        pipeline.load(load_id, self.settings)
        with writer(self.settings, "test") as connection:
            ledger.set_status(connection, load_id, ledger.VALIDATED)
        pipeline.promote(load_id, self.settings)
        return load_id


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with start() as provider:
        settings = Settings(
            home=tmp_path / "home",
            statbank_url=provider.statbank_url,
            elections_url=provider.elections_url,
            sample_inbox=tmp_path / "sample_inbox",
        )
        made = House(settings, provider)
        client = functools.partial(Client, sleep=made.slept.append)
        monkeypatch.setattr(pipeline, "make_client", client)
        yield made


@pytest.fixture
def quick_client(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the bounds of the client for this test."""

    def use(**bounds: Any) -> None:
        monkeypatch.setattr(pipeline, "make_client", functools.partial(Client, sleep=house.slept.append, **bounds))

    return use
