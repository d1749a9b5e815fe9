"""What a killed run left is taken up by the next as its own, and a half-made database is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ingestion import pipeline
from warehouse import db, journal
from warehouse.landing import landing_folder
from warehouse.settings import Settings


def test_a_landing_that_is_taken_up_belongs_to_the_run_that_does(house: Any) -> None:
    """Loads of one run are judged against each other: under its old run it would miss the checks across datasets."""
    assert pipeline.changed("uddakt20", house.settings)
    landed = pipeline.land("uddakt20", house.settings, ("ingest_dst", "killed"))
    assert pipeline.land("uddakt20", house.settings, ("ingest_dst", "next")) == landed
    pipeline.load(landed, house.settings)
    assert house.sql("select load_id, run_id, status from meta.loads") == [(landed, "next", "loaded")]
    entered, moved, loaded = (event for event in journal.read(house.settings) if event.subject == landed)
    assert (entered.kind, moved.facts, loaded.facts["status"]) == (
        "entered",
        {"dag_id": "ingest_dst", "run_id": "next"},
        "loaded",
    )


def test_a_database_that_was_being_made_is_made_anew(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    db.new_of(settings.database).write_bytes(b"half")
    db.wal_of(settings.database).write_bytes(b"of one that was lost")
    with db.writer(settings, "test") as connection:
        assert connection.execute("select count(*) from meta.loads").fetchone() == (0,)
    assert not db.new_of(settings.database).exists()


def test_a_full_disk_is_heard_of_and_not_that_nothing_could_be_kept_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "second")

    with (
        pytest.raises(OSError, match="first"),
        landing_folder(settings, "p", "d", "20260101T000000Z_d_a00001") as folder,
    ):
        folder.write_json("request.json", {})
        monkeypatch.setattr(os, "rename", full)
        raise OSError(28, "No space left on device", "first")
