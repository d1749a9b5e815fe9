"""A publication that was killed: what it left behind is no release, or is published to its end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ledger_scratch import Ledger

from warehouse import journal, release
from warehouse.db import file_lock
from warehouse.errors import BusyError
from warehouse.settings import Settings
from warehouse.verify import verify


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setattr(release, "_remember", lambda *_: None)  # the made-up releases have no gaps
    return Ledger(Settings(home=tmp_path, _env_file=None))  # type: ignore[call-arg]


def _published(home: Ledger) -> list[str]:
    return [event.subject for event in journal.read(home.settings) if event.kind == "published"]


@pytest.mark.parametrize("name", [".building", ".rebuilding", ".going-r0"])
def test_what_was_left_half_made_is_no_release(home: Ledger, name: str) -> None:
    folder = home.publish("r1")
    shutil.copytree(folder, folder.with_name(name))
    manifest = json.loads((folder / "manifest.json").read_text()) | {"release_id": "r2"}
    (folder.with_name(name) / "manifest.json").write_text(json.dumps(manifest))
    assert [found["release_id"] for found in release.releases(home.settings)] == ["r1"]
    release.is_up_to_date(home.settings)
    assert _published(home) == ["r1"]


def test_a_release_that_was_not_written_down_is_published_to_its_end(home: Ledger) -> None:
    """Killed after the release was put in place: before readers found it, and before the journal knew it."""
    first = home.publish("r1")
    shutil.copytree(first, first.with_name("r2"))
    manifest = json.loads((first / "manifest.json").read_text()) | {"release_id": "r2"}
    (first.with_name("r2") / "manifest.json").write_text(json.dumps(manifest))
    assert not release.is_up_to_date(home.settings)
    assert release.current(home.settings) == first.with_name("r2")
    assert _published(home) == ["r1", "r2"]
    assert verify(home.settings).findings == ()


def test_a_release_of_before_that_somebody_chose_stays_current(home: Ledger) -> None:
    home.publish("r1")
    home.publish("r2")
    release.point_current_at(home.settings, "r1")
    release.is_up_to_date(home.settings)
    assert (home.settings.releases / "current").readlink() == Path("r1")


@pytest.mark.parametrize("target", ["r9", "../elsewhere", "."])
def test_readers_led_elsewhere_are_reported(home: Ledger, target: str) -> None:
    home.publish("r1")
    (home.settings.root / "elsewhere").mkdir()
    release.point_current_at(home.settings, target)
    assert [found.file for found in verify(home.settings).findings] == ["releases/current"]


def test_two_publications_do_not_work_in_the_same_folder(home: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release.alone, "__defaults__", (0,))
    with file_lock(home.settings.root / "release.lock", "the first"), pytest.raises(BusyError, match="the first"):
        release.publish(home.settings)
