"""A mart build is judged before it is published: its verdicts are kept and published, and a blocking one stops it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from house import Home, copy_of

from expectations import docs, marts_run
from warehouse import release
from warehouse.db import writer
from warehouse.errors import WarehouseError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mart_suites")]

ROWS = """select load_id, object_name, expectation, severity, success, observed, unexpected_count, sample_keys,
    evaluated_at from {} where load_id like '%_marts_%' order by all"""


@pytest.fixture
def home(sample_home: Home, tmp_path: Path) -> Home:
    return copy_of(sample_home, tmp_path / "home")


@pytest.fixture
def connection(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with writer(home.settings, "test") as opened:
        yield opened


def rows(connection: duckdb.DuckDBPyConnection, relation: str = "meta.validations") -> list[tuple[object, ...]]:
    return connection.execute(ROWS.format(relation)).fetchall()


def test_the_release_shows_how_it_was_judged(sample_home: Home) -> None:
    published = sample_home.published(ROWS.format("marts.validations"))
    assert published == sample_home.rows(ROWS.format("meta.validations"))
    (build_id,) = {str(row[0]) for row in published}
    stamp = sample_home.rows("select strftime(max(promoted_at), '%Y%m%dT%H%M%SZ') from meta.loads")[0][0]
    inputs = release.read_manifest(sample_home.path / "releases" / "current")["inputs"]
    assert build_id == f"{stamp}_marts_{inputs[:6]}"
    assert len(published) == len({row[1:3] for row in published}) > 40
    assert {row[1] for row in published} > {"marts.gaps", "marts.coverage", "marts.target_progress"}
    assert all(row[4] for row in published)
    assert (sample_home.path / "releases" / "current" / "validation" / "marts" / f"{build_id}.html").exists()


def test_judged_again_everything_stays_as_it_is(home: Home, connection: duckdb.DuckDBPyConnection) -> None:
    advised = "load_id like '%_marts_%' and expectation = 'newest_change_is_plausible'"
    connection.execute(f"update meta.validations set success = false, observed = '1 offending' where {advised}")
    before = rows(connection)
    page = docs.page_path(home.settings, str(before[0][0]), "marts")
    written = page.stat().st_mtime_ns
    verdict = marts_run.judge(home.settings, connection)
    assert marts_run.require(verdict) is verdict
    assert rows(connection) == before, "what was found against the release before stays on record"
    assert rows(connection, "marts.validations") == before
    assert page.stat().st_mtime_ns == written
    comment = connection.execute(
        "select comment from duckdb_tables() where schema_name = 'marts' and table_name = 'validations'"
    ).fetchall()
    assert all(text for (text,) in comment)


def test_a_blocking_expectation_stops_the_build(home: Home, connection: duckdb.DuckDBPyConnection) -> None:
    current = release.current(home.settings)
    for mart in ("gaps", "gap_uddannelse"):
        connection.execute(
            f"update marts.{mart} set rate_ratio = rate_ratio + 1 where indicator_id = 'youth_education' and"
            " value_status = 'observed' and municipality_code = '151'"
        )
    verdict = marts_run.judge(home.settings, connection)
    assert not verdict.success
    failing = {item.expectation: item for item in verdict.validations if not item.success}
    assert set(failing) == {"ratio_is_target_over_reference", "no_move_without_a_revision"}
    assert failing["ratio_is_target_over_reference"].unexpected_count > 10
    with pytest.raises(WarehouseError) as stopped:
        marts_run.require(verdict)
    text = str(stopped.value)
    keys = [json.loads(line) for line in text.splitlines() if line.startswith("    {")]
    assert len(keys) == 20
    assert all(key["indicator_id"] == "youth_education" for key in keys)
    assert "ratio_is_target_over_reference (marts.gaps)" in text
    assert "Rejected" in verdict.docs.read_text(encoding="utf-8")
    assert {row[2] for row in rows(connection, "marts.validations") if not row[4]} == set(failing)
    assert release.current(home.settings) == current
