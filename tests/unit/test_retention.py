"""Retention by a made-up journal and made-up releases: what stays, what goes, and a removal that is killed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_scratch import NOW, OLD, STRICT, Ledger

from warehouse import journal, ledger, release, retention
from warehouse.db import file_lock, writer
from warehouse.errors import BusyError, WarehouseError
from warehouse.retention import Policy
from warehouse.settings import Settings
from warehouse.verify import verify


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def home(settings: Settings) -> Ledger:
    return Ledger(settings)


def test_a_load_that_was_fetched_again_without_a_change_goes(home: Ledger) -> None:
    home.load("a", 1)
    home.load("b", 1)
    home.load("c", 7, outcome="rejected")
    home.load("d", 8, outcome="landed")
    home.publish("r1", "b")
    assert home.going() == {"a": "superseded, and nothing kept needs it", "c": "rejected"}


def test_the_old_side_of_a_revision_stays(home: Ledger) -> None:
    home.load("a", 1)
    home.load("b", 2)
    home.publish("r1", "b", old="a")
    assert home.going() == {}


def test_a_revision_that_no_release_tells_of_yet_stays_on_both_sides(home: Ledger) -> None:
    home.load("a", 1)
    home.publish("r1", "a")
    home.load("b", 2)
    home.load("c", 3)
    assert home.going() == {}


def test_what_a_kept_release_rested_on_stays_and_goes_with_it(home: Ledger) -> None:
    home.load("a", 1)
    home.publish("r1")
    home.load("b", 1)
    home.publish("r2", "b")
    assert home.going(Policy(releases=2, days=0)) == {}
    assert home.going() == {"r1": "older than those kept", "a": "superseded, and nothing kept needs it"}


def test_every_delivery_of_the_municipality_s_own_data_stays(home: Ledger) -> None:
    home.load("a", 1, dataset="interviews", provider="inbox")
    home.load("b", 1, dataset="interviews", provider="inbox")
    home.load("c", 1, dataset="interviews", provider="inbox", outcome="rejected")
    home.publish("r1", "b")
    assert home.going() == {"c": "rejected"}


def test_the_last_days_stay(home: Ledger) -> None:
    home.load("a", 1, received=NOW - timedelta(days=90))
    home.load("b", 1, received=NOW - timedelta(days=89))
    home.load("c", 1, received=NOW - timedelta(days=88))
    home.publish("r1", "c")
    assert set(home.going(Policy(days=90))) == set()
    assert set(home.going(Policy(days=89))) == {"a"}


def test_the_current_release_and_the_last_of_each_year_stay(home: Ledger) -> None:
    for number, created in enumerate(("2026-05-01", "2026-12-31", "2027-01-01", "2028-01-01", "2028-02-01")):
        home.publish(f"r{number}", created=created)
    release.point_current_at(home.settings, "r0")
    assert set(home.going()) == {"r3"}
    release.point_current_at(home.settings, "r4")
    assert set(home.going()) == {"r0", "r3"}


def test_what_was_thinned_is_removed_and_the_rest_is_as_written(home: Ledger) -> None:
    home.load("a", 1)
    home.load("b", 1)
    home.publish("r0", created="2029-05-01")
    home.publish("r1", "b")
    gone = retention.prune(home.settings, STRICT, NOW)
    assert {item.subject for item in gone} == {"r0", "a"}
    folder = home.settings.landing / "statbank" / "fvkom"
    assert sorted(path.name for path in (folder / "a").iterdir()) == ["manifest.json"]
    assert sorted(path.name for path in (folder / "b").iterdir()) == ["data.zst", "manifest.json"]
    assert not (home.settings.releases / "r0").exists()
    assert verify(home.settings).findings == ()
    assert retention.prune(home.settings, STRICT, NOW) == []


@pytest.mark.parametrize("after", range(4))
def test_a_removal_that_is_killed_is_gone_through_to_its_end(
    home: Ledger, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Killed before the first file, between two files of a load, and in the middle of a release."""
    home.load("a", 1, files=("one", "two"))
    home.load("b", 1)
    home.publish("r0", created="2029-05-01")
    home.publish("r1", "b")
    unlink, rmtree = Path.unlink, retention.shutil.rmtree
    left = iter(range(after))

    def count(action: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            action(*args, **named)

        return counted

    def half_of(path: Path) -> None:
        unlink(path / "manifest.json")

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(retention.shutil, "rmtree", count(rmtree if after else half_of))
        patch.setattr(retention.Path, "unlink", count(unlink))
        retention.prune(home.settings, STRICT, NOW)
        raise KeyboardInterrupt  # everything went before it
    assert verify(home.settings).findings == ()
    retention.prune(home.settings, STRICT, NOW)
    assert sorted(path.name for path in home.settings.releases.iterdir()) == ["current", "r1"]
    assert not list((home.settings.landing / "statbank" / "fvkom" / "a").glob("*.zst"))
    assert verify(home.settings).findings == ()


@pytest.mark.parametrize("lock", ["run.lock", "rebuild.lock", "release.lock"])
def test_nothing_is_removed_while_something_is_at_work(home: Ledger, lock: str) -> None:
    home.load("a", 1, outcome="rejected")
    with file_lock(home.settings.root / lock, "warehouse run"), pytest.raises(BusyError, match="warehouse run"):
        retention.prune(home.settings, STRICT, NOW)
    assert [item.subject for item in retention.prune(home.settings, STRICT, NOW)] == ["a"]


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"torn")])
def test_nothing_is_removed_when_a_kept_release_cannot_say_what_it_needs(
    home: Ledger, harm: Callable[[Path], object]
) -> None:
    home.load("a", 1)
    home.load("b", 1)
    harm(home.publish("r1", "b") / "parquet" / "gaps.parquet")
    with pytest.raises(WarehouseError, match="nobody knows what it rests on: gaps"):
        retention.prune(home.settings, STRICT, NOW)
    assert (home.settings.landing / "statbank" / "fvkom" / "a" / "data.zst").exists()


def test_a_path_that_leaves_the_landing_is_not_followed(home: Ledger, tmp_path: Path) -> None:
    home.publish("r1")
    with writer(home.settings, "test") as connection:
        row = {"load_id": "x", "provider": "statbank", "received_at": OLD, "landing_path": "landing/../elsewhere"}
        ledger.enter_refused(connection, row)
        journal.note(connection, "entered", "x", {"row": {**row, "periods": []}, "files": {"data.zst": "00"}})
        ledger.set_status(connection, "x", ledger.REJECTED)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data.zst").write_bytes(b"somebody's")
    with pytest.raises(WarehouseError, match="no folder of the landing"):
        retention.prune(home.settings, STRICT, NOW)
    assert (tmp_path / "elsewhere" / "data.zst").exists()


def test_a_manifest_that_cannot_be_read_is_named(home: Ledger) -> None:
    (home.publish("r1") / "manifest.json").write_text("{")
    with pytest.raises(WarehouseError, match=r"releases/r1/manifest\.json"):
        home.going()
    assert [(found.file, found.what) for found in verify(home.settings).findings] == [
        ("releases/r1/manifest.json", "changed")
    ]
