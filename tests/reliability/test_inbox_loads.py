"""Promise: what is delivered by hand is loaded as it stands, judged, promoted, and never mixed with the sample."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from inbox_files import GOOD, answer, course, lay, text_of, turnout

from expectations.run import require, validate
from ingestion import pipeline
from sample_providers import write_inbox
from warehouse.landing import open_payload

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "elections" / "valgdatabase"
KINDS = (*GOOD, "valgdatabase")
SHARES = """select
    sum(persons) filter (where topic = 'origin' and group_code in ('03', '04', '07', '08', '10', '11')),
    sum(persons) filter (where topic = 'origin'),
    sum(persons) filter (where topic = 'citizenship')
from raw.valgdatabase_background"""


def _ingest(house: Any, dataset: str) -> str:
    """Every step, with the verdict of the expectations."""
    assert pipeline.changed(dataset, house.settings)
    load_id = pipeline.land(dataset, house.settings, ("dag", "run"))
    pipeline.load(load_id, house.settings)
    require(validate(load_id, house.settings))
    pipeline.promote(load_id, house.settings)
    return load_id


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_delivered_is_no_failure(house: Any, kind: str) -> None:
    assert not pipeline.changed(kind, house.settings)
    assert house.sql("select dataset, outcome from meta.checks") == [(kind, "not_delivered")]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_passes_every_step_and_is_marked(house: Any, kind: str) -> None:
    write_inbox(house.settings.sample_inbox)
    load_id = _ingest(house, kind)
    assert house.sql("select load_id, status, data_origin, rows_received = rows_loaded from meta.loads") == [
        (load_id, "promoted", "sample", True)
    ]
    assert not pipeline.changed(kind, house.settings)
    assert pipeline.land(kind, house.settings) == load_id


def test_the_sample_of_the_election_database_gives_plausible_shares(house: Any) -> None:
    write_inbox(house.settings.sample_inbox)
    _ingest(house, "valgdatabase")
    shares = house.sql(SHARES + " where municipality_code = '151' group by valgsted_id order by valgsted_id")
    assert len(shares) == 9
    assert all(0.02 < part / everybody < 0.35 for part, _, everybody in shares)
    assert house.sql("select count(*) > 0 from raw.valgdatabase_background where persons is null") == [(True,)]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files of the election database are not beside the repository")
@pytest.mark.parametrize("folder", ["", "EV2024/"])
def test_the_real_files_give_the_published_sums(house: Any, folder: str) -> None:
    target = house.settings.inbox_folder / "valgdatabase" / folder
    target.mkdir(parents=True)
    for path in REAL.glob("*.csv"):
        shutil.copyfile(path, target / path.name)
    load_id = _ingest(house, "valgdatabase")
    ((six, foreign, everybody),) = house.sql(SHARES)
    assert (round(everybody), round(foreign), round(six)) == (48_602, 8_361, 6_522)
    assert house.sql(
        "select count(distinct valgsted_id), min(area_number), max(area_number) from raw.valgdatabase_background"
    ) == [(9, 1, 10)]
    label = "EV2024" if folder else "unlabelled"
    assert house.sql("select distinct period, label, load_id from raw.valgdatabase_background") == [
        ("EV2024", label, load_id)
    ]
    assert house.sql("select data_origin, len(periods) from meta.loads") == [("official", 1)]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_cells_are_loaded_as_they_stand(house: Any, delimiter: str, mark: bytes) -> None:
    row = turnout(source='a "b"; c, æ', note="kun i landingen")
    path = lay(
        house, "turnout_by_origin/2025/ny.CSV", mark + text_of([dict(reversed(row.items()))], delimiter).encode()
    )
    load_id = _ingest(house, "turnout_by_origin")
    columns = house.sql("select column_name, column_type from (describe raw.turnout_by_origin)")
    assert columns == [
        ("election_id", "VARCHAR"),
        ("election_date", "VARCHAR"),
        ("municipality_code", "VARCHAR"),
        ("origin", "VARCHAR"),
        ("ancestry", "VARCHAR"),
        ("eligible_voters", "BIGINT"),
        ("votes_cast", "BIGINT"),
        ("source", "VARCHAR"),
        ("file_name", "VARCHAR"),
        ("load_id", "VARCHAR"),
    ]
    figures = ("KV2025", "2025-11-18", "151", "non_western", "immigrant", 1000, 400)
    assert house.sql("from raw.turnout_by_origin") == [(*figures, 'a "b"; c, æ', "2025/ny.CSV", load_id)]
    (landed,) = house.settings.landing.glob(f"inbox/turnout_by_origin/{load_id}/*.zst")
    with open_payload(landed) as stream:
        assert stream.read() == path.read_bytes()


def test_two_files_are_one_delivery_and_a_new_wave_adds(house: Any) -> None:
    lay(house, "danish_tests/2023.csv", text_of([course(year="2023")]))
    lay(house, "danish_tests/2024.csv", text_of([course()], ";", "\r\n"))
    first = _ingest(house, "danish_tests")
    assert house.sql("select year, load_id from raw.danish_tests order by all") == [("2023", first), ("2024", first)]
    lay(house, "danish_tests/2025.csv", text_of([course(year="2025")]))
    second = _ingest(house, "danish_tests")
    assert house.sql("select distinct load_id from raw.danish_tests") == [(second,)]


def test_the_real_inbox_stands_before_the_sample(house: Any) -> None:
    write_inbox(house.settings.sample_inbox)
    _ingest(house, "interviews")
    lay(house, "interviews/a.csv", text_of([answer()]))
    second = _ingest(house, "interviews")
    assert house.sql("select count(*), min(load_id) from raw.interviews") == [(1, second)]
    assert house.sql(f"select data_origin from meta.loads where load_id = '{second}'") == [("official",)]


def test_a_respondent_may_withdraw(house: Any) -> None:
    both = [answer(), answer(respondent_id="A002", score="2")]
    lay(house, "interviews/a.csv", text_of(both))
    _ingest(house, "interviews")
    lay(house, "interviews/a.csv", text_of(both[:1]))
    second = _ingest(house, "interviews")
    assert house.sql("select respondent_id, load_id from raw.interviews") == [("A001", second)]


def test_no_verdict_names_a_respondent_or_an_answer(house: Any) -> None:
    lay(house, "interviews/a.csv", text_of([answer(respondent_id="PSEUDO77")]))
    load_id = _ingest(house, "interviews")
    told = (
        str(house.sql("from meta.validations")) + str(house.sql("from meta.loads")) + str(house.sql("from meta.checks"))
    )
    pages = "".join(path.read_text() for path in house.settings.validation.rglob("*.html"))
    manifest = (house.settings.landing / "inbox" / "interviews" / load_id / "manifest.json").read_text()
    assert pages and "PSEUDO77" not in told + pages + manifest
