"""`warehouse releases diff A B`: what moved, largest first, whatever the two releases hold."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from warehouse import releases_diff
from warehouse.cli import app
from warehouse.errors import SettingsError
from warehouse.settings import Settings

FIRST, SECOND, THIRD = "20260101T080000Z", "20260401T080000Z", "20260402T080000Z"
OLD_LOAD, NEW_LOAD = "20260101T070000Z_ky038_aaaaaa", "20260401T070000Z_ky038_bbbbbb"
Gap = tuple[str, float | None, str, list[str]]  # sex, gap_pp, value_status, load_ids


def _release(settings: Settings, release_id: str, gaps: list[Gap] | None, loads: dict[str, str], **facts: Any) -> Path:
    """A release folder with a gap per sex; ``gaps`` None is a release that has no such table."""
    folder = settings.releases / release_id
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "integration_gaps.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.loads (dataset varchar, load_id varchar, status varchar, source_updated_at timestamp)"
        )
        for load_id, status in loads.items():
            connection.execute("insert into marts.loads values ('ky038', ?, ?, '2026-01-01')", [load_id, status])
        connection.execute("create view marts.view_of_loads as select * from marts.loads")
        if gaps is not None:
            connection.execute(
                """create table marts.gaps (indicator_id varchar, municipality_code varchar, subarea_code varchar,
                period varchar, sex varchar, age_group varchar, target_group varchar, reference_group varchar,
                gap_pp double, value_status varchar, data_origin varchar, load_ids varchar[])"""
            )
        for sex, gap, status, load_ids in gaps or ():
            connection.execute(
                """insert into marts.gaps values ('cash_benefit_share', '151', 'total', '2024', ?, '18-66',
                'non_western', 'others', ?, ?, 'official', ?)""",
                [sex, gap, status, load_ids],
            )
    names = ["loads", "view_of_loads", *(["gaps"] if gaps is not None else [])]
    manifest = {
        "release_id": release_id,
        "created_at": release_id,
        "data_origin": "official",
        "small_cell": 5,
        "software": {"warehouse": "1.0.0", "dbt_project_sha256": "a" * 64},
        "rows": {"loads": len(loads), "gaps": len(gaps or ())},
        "tables": {name: f"{name} {gaps if name == 'gaps' else loads}" for name in names},
        **facts,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Three releases; the third is the current one."""
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    made = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    old: list[Gap] = [
        ("total", 10.0, "observed", [OLD_LOAD]),
        ("men", 10.0, "observed", [OLD_LOAD]),
        ("women", 10.0, "observed", [OLD_LOAD]),
        ("noise", 10.0, "observed", [OLD_LOAD]),
        ("hidden", 10.0, "observed", [OLD_LOAD]),
        ("gone", 10.0, "observed", [OLD_LOAD]),
    ]
    new: list[Gap] = [
        ("total", 10.123456789, "observed", [NEW_LOAD]),
        ("men", 7.0, "observed", [NEW_LOAD]),
        ("women", 10.5, "observed", [OLD_LOAD]),
        ("noise", 10.0 + 1e-12, "observed", [NEW_LOAD]),
        ("hidden", None, "suppressed", [NEW_LOAD]),
        ("come", 1.0, "observed", [NEW_LOAD]),
    ]
    _release(made, FIRST, old, {OLD_LOAD: "promoted"})
    software = {"software": {"warehouse": "1.1.0", "dbt_project_sha256": "b" * 64}}
    _release(made, SECOND, new, {OLD_LOAD: "superseded", NEW_LOAD: "promoted"}, data_origin="sample", **software)
    _release(made, THIRD, None, {OLD_LOAD: "superseded", NEW_LOAD: "promoted"})
    (made.releases / "current").symlink_to(THIRD)
    return made


def _diff(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["releases", "diff", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_gaps_come_largest_first_and_noise_does_not(settings: Settings) -> None:
    rows = list(csv.DictReader(io.StringIO(_diff(FIRST, SECOND, "--format", "csv"))))
    assert [(row["change"], row["sex"], row["difference"][:10]) for row in rows] == [
        ("moved", "men", "-3.0"),
        ("moved", "women", "0.5"),
        ("moved", "total", "0.12345678"),
        ("disappeared", "gone", ""),
        ("appeared", "come", ""),
        ("status", "hidden", ""),
    ]
    assert [(row["loads_gone"], row["loads_come"]) for row in rows[:2]] == [(OLD_LOAD, NEW_LOAD), ("", "")]
    assert [(row["old_status"], row["new_status"]) for row in rows[3:]] == [
        ("observed", ""),
        ("", "observed"),
        ("observed", "suppressed"),
    ]


def test_json_holds_the_same_rows_unrounded(settings: Settings) -> None:
    rows = json.loads(_diff("20260101", "20260401", "--format", "json"))
    assert [row["new_gap_pp"] for row in rows] == [7.0, 10.5, 10.123456789, None, 1.0, None]
    assert list(rows[0]) == list(releases_diff.GAP_COLUMNS)


def test_the_table_is_readable_and_says_sample(settings: Settings) -> None:
    text = _diff(FIRST, SECOND)
    assert max(map(len, text.splitlines())) <= 100
    assert "SAMPLE" in text
    order = ["Tables that differ", "Loads that came or went", "Code and settings", "Gaps that moved", "Gaps that came"]
    assert sorted(order, key=text.index) == order
    assert "promoted → superseded" in text
    assert "software.warehouse" in text
    assert "code, seeds" in text
    assert "bbbbbb" in text
    assert "a" * 64 not in text
    assert "+0.12" in text
    assert "2 more" in _diff(FIRST, SECOND, "--limit", "1")


def test_a_release_without_a_table_is_compared_all_the_same(settings: Settings) -> None:
    text = _diff("previous", "current")
    assert "gaps" in text
    assert "Gaps that moved, largest first: none" in text
    assert json.loads(_diff("previous", "current", "--format", "json")) == []


def test_the_same_release_has_no_difference(settings: Settings) -> None:
    assert "Nothing differs" in _diff("current", THIRD)


@pytest.mark.parametrize(("name", "said"), [("2027", "There is no release"), ("202604", "may be"), ("", "There is no")])
def test_an_unknown_or_ambiguous_release_is_told_what_there_is(settings: Settings, name: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        releases_diff.find(settings, name)
    assert said in error.value.what
    assert all(release_id in error.value.block() for release_id in (FIRST, SECOND, THIRD))


def test_names_of_releases(settings: Settings) -> None:
    names = {name: releases_diff.find(settings, name).name for name in ("current", "previous", "20260101", THIRD)}
    assert names == {"current": THIRD, "previous": SECOND, "20260101": FIRST, THIRD: THIRD}


def test_releases_still_lists_them(settings: Settings) -> None:
    listed = CliRunner().invoke(app, ["releases"], catch_exceptions=False).output
    assert all(release_id in listed for release_id in (FIRST, SECOND, THIRD))
