"""What a user sees: one command publishes, the next finds nothing new, a bad load changes nothing."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from house import Home, copy_of, home_on

from sample_providers import Running, start

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sample_run")]


@pytest.fixture(scope="module")
def provider() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def published(provider: Running, sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after its first run; the tests below share it."""
    copied = copy_of(sample_home, tmp_path_factory.mktemp("e2e") / "home")
    return home_on(provider, copied.path, WAREHOUSE_SAMPLE_INBOX=copied.variables["WAREHOUSE_SAMPLE_INBOX"])


def test_the_first_run_ends_with_the_gap_tables(published: Home) -> None:
    printed = (published.path / "done").read_text()
    assert "Employment rate" in printed
    assert "SAMPLE" in printed
    for line in ("DuckDB file:", "Report:", "Validation:"):
        named = next(Path(text.split(line)[1].strip()) for text in printed.splitlines() if line in text)
        assert named.exists()


def _bytes(home: Home) -> dict[str, str]:
    folder = home.path / "releases"
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*.*")
        if p.is_file()
    }


def test_strategy_table_to_the_last_person(published: Home) -> None:
    rows = published.published(
        """select label_da, total, danish_origin, immigrants, descendants from marts.target_group_table
        where municipality_code = '151' and quarter = '2019K4' order by total desc"""
    )
    assert rows == [
        ("Danmark", 40175, 40175, 0, 0),
        ("Ikke-vestlige lande", 6418, 0, 4037, 2381),
        ("Vestlige lande", 1882, 0, 1563, 319),
    ]


def test_everything_says_sample(published: Home) -> None:
    assert published.published("select distinct data_origin from marts.gaps where data_origin is not null") == [
        ("sample",)
    ]
    assert published.published("select distinct data_origin from marts.target_group") == [("sample",)]
    manifest = json.loads((published.path / "releases/current/manifest.json").read_text())
    assert manifest["data_origin"] == "sample"
    assert "SAMPLE" in json.loads((published.path / "releases/current/datapackage.json").read_text())["title"]


def test_second_run_makes_no_data_call_and_no_release(published: Home, provider: Running) -> None:
    before, calls = _bytes(published), provider.data_calls()
    done = published.warehouse("run")
    assert done.returncode == 0, done.stderr
    assert "nothing new" in done.stderr
    assert provider.data_calls() == calls
    assert _bytes(published) == before


def test_rejected_load_leaves_the_release_byte_identical(published: Home, provider: Running) -> None:
    before = _bytes(published)
    table = provider.table("FOLK1E")
    healthy = table.get(OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", TID="2026K3")
    updated = table.updated
    table.set(healthy + 7, OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", TID="2026K3")
    table.updated = "2026-11-11T08:00:00"
    try:
        done = published.warehouse("run")
        assert done.returncode == 1
        assert "origin_parts_equal_total" in done.stderr
        assert "151" in done.stderr
        assert "Traceback" not in done.stderr
        assert _bytes(published) == before
        rejected = published.rows("select dataset, reason from meta.loads where status = 'rejected' order by dataset")
        assert "folk1e" in [row[0] for row in rejected]
    finally:
        table.set(healthy, OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", TID="2026K3")
        table.updated = updated
    assert published.warehouse("run").returncode == 0


def test_gaps_as_json_csv_and_table(published: Home) -> None:
    as_json = json.loads(
        published.warehouse("gaps", "--municipality", "151", "--period", "2024", "--format", "json").stdout
    )
    as_csv = list(
        csv.DictReader(
            published.warehouse(
                "gaps", "--municipality", "151", "--period", "2024", "--format", "csv"
            ).stdout.splitlines()
        )
    )
    in_mart = published.published("select count(*) from marts.gaps where municipality_code = '151' and period = '2024'")
    assert len(as_json) == len(as_csv) == in_mart[0][0] > 0
    assert {row["municipality_code"] for row in as_json} == {"151"}
    assert "to parity" in published.warehouse("gaps", "--focus-area", "beskaeftigelse").stdout


def test_wrong_usage_is_told_and_exits_2(published: Home) -> None:
    done = published.warehouse("gaps", "--focus-area", "sport")
    assert done.returncode == 2
    assert "beskaeftigelse" in done.stderr
    assert "Traceback" not in done.stderr
    assert published.warehouse("fly").returncode == 2


def test_status_and_releases(published: Home) -> None:
    status = published.warehouse("status")
    assert status.returncode == 0
    assert "folk1e" in status.stdout
    assert "2026-08-11 08:00" in status.stdout
    assert "not_delivered" in status.stdout
    listed = published.warehouse("releases").stdout
    assert "current" in listed


def test_release_holds_the_same_rows_in_every_format(published: Home) -> None:
    folder = published.path / "releases" / "current"
    package = json.loads((folder / "datapackage.json").read_text())
    names = [resource["title"] for resource in package["resources"]]
    assert {"gaps", "target_group", "loads", "validations", "dim_municipality"} <= set(names)
    for name in names:
        (rows,) = published.published(f"select count(*) from marts.{name}")[0]
        parquet = duckdb.sql(f"select count(*) from '{folder}/parquet/{name}.parquet'").fetchone()
        in_csv = duckdb.sql(f"select count(*) from read_csv('{folder}/csv/{name}.csv', all_varchar = true)").fetchone()
        assert parquet == (rows,)
        assert in_csv == (rows,)


def test_validation_pages_are_published(published: Home) -> None:
    folder = published.path / "releases" / "current" / "validation"
    index = (folder / "index.html").read_text(encoding="utf-8")
    pages = [path.stem for path in (folder / "loads").glob("*.html")]
    assert len(pages) >= 7
    assert all(page in index for page in pages)
    assert "http://" not in index.replace("http://www.w3.org", "").replace("http://127.0.0.1", "")


def test_landing_is_what_was_received(published: Home) -> None:
    from warehouse.landing import manifests, open_payload

    (manifest,) = manifests(published.settings, "statbank", "folk1e")[:1]
    (landed,) = manifest.files
    with open_payload(manifest.folder(published.settings) / f"{landed.name}.zst") as stream:
        body = stream.read()
    assert hashlib.sha256(body).hexdigest() == manifest.sha256
    assert len(body) == manifest.bytes
    assert body.count(b"\r\n") - 1 == manifest.rows_received
    assert not list(Path(published.path, "landing", ".incoming").glob("*"))


def test_revision_is_fetched_alone_and_gives_a_new_release(published: Home, provider: Running) -> None:
    """The last test of this file: it moves the shared home on to a second release."""
    first, calls = (published.path / "releases" / "current").resolve(), provider.data_calls()
    table = provider.table("KY038")
    for origin in ("9", "TOT"):  # one full-year person more in Ballerup, and in its total
        table.add(1, OMRÅDE="151", YDELSESTYPE="10000", HERKOMST1=origin, TID="2024")
    table.updated = "2026-11-11T08:00:00"
    before = published.published(_RECIPIENTS)
    done = published.warehouse("run")
    assert done.returncode == 0, done.stderr
    assert provider.data_calls() == calls + 1
    assert (published.path / "releases" / "current").resolve() != first
    assert published.published(_RECIPIENTS) == [(before[0][0] + 1,)]
    assert published.rows("select count(*) from raw.ky038 where load_id is null") == [(0,)]
    (periods,) = published.rows(
        "select periods from meta.loads where dataset = 'ky038' order by received_at desc limit 1"
    )[0]
    assert "2024" in periods
    assert len(periods) <= 2


_RECIPIENTS = """
    select target_numerator from marts.gaps
    where municipality_code = '151' and indicator_id = 'cash_benefit_share' and period = '2024'
    and target_group = 'non_western' and reference_group = 'others'
"""
