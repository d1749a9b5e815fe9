"""Promise: the real election files are read as published, and give the official figures of Ballerup."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.election_xml import AREA, DISTRICT, parse, parse_index, parse_result
from ingestion.http import BadBody
from ingestion.valg_dk import best
from ingestion.valg_dk_json import parse_file
from warehouse.seeds import seed

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "elections"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real election files are not beside the repository")
ELECTIONS = [
    ("fv2011", "FV2011", "2011-09-15", (34_263, 30_355, 30_061), (50_164, 88.18)),
    ("fv2022", "FV2022", "2022-11-01", (34_571, 28_600, 28_041), (50_797, 82.22)),
]


@pytest.mark.parametrize(("folder", "election", "date", "sums", "district"), ELECTIONS)
def test_the_polling_areas_of_ballerup_give_the_official_result(
    folder: str, election: str, date: str, sums: tuple[int, ...], district: tuple[int, float]
) -> None:
    index = parse_index((REAL / folder / "fintal.xml").read_bytes(), "fintal.xml")
    assert index.date == date
    areas = [place for place in index.areas if place.parent == "39"]
    results = [parse_result((REAL / folder / f"fintal_{a.id}.xml").read_bytes(), a.id) for a in areas]
    assert [(r.id, r.name, r.kind, r.date) for r in results] == [(a.id, a.name, AREA, date) for a in areas]
    own = {
        row["area_id"]
        for row in seed("polling_area_bridge")
        if row["election_id"] == election and row["municipality_code"] == "151"
    }
    mine = [result for result in results if result.id in own]
    assert (
        sum(r.eligible_voters for r in mine),
        sum(r.votes_cast for r in mine),
        sum(r.valid_votes for r in mine),
    ) == sums
    whole = parse_result((REAL / folder / "fintal_39.xml").read_bytes(), "fintal_39.xml")
    assert (whole.kind, whole.eligible_voters, whole.turnout_pct) == (DISTRICT, *district)
    assert whole.votes_cast == sum(r.votes_cast for r in results)
    assert {r.status_code for r in results} == {"12"}
    assert all(abs(100 * r.votes_cast / r.eligible_voters - r.turnout_pct) < 0.005001 for r in results)


@pytest.mark.parametrize("folder", ["fv2011", "fv2022"])
def test_no_candidate_is_ever_an_object(folder: str) -> None:
    body = (REAL / folder / "fintal_39.xml").read_bytes()
    assert b"<Person " in body
    root = parse(body, "fintal_39.xml")
    assert root.find(".//Person") is None
    assert root.find(".//Personer") is None


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_real_file_that_is_cut_is_broken(share: float) -> None:
    body = (REAL / "fv2022" / "fintal_39.xml").read_bytes()
    with pytest.raises(BadBody, match="not well-formed"):
        parse_result(body[: int(len(body) * share)], "fintal_39.xml")


def test_the_real_turnout_of_2025_is_read() -> None:
    files = sorted((REAL / "kv2025").glob("*.json"))
    rows = best(row for path in files if (row := parse_file(path.read_bytes(), path.name)))
    assert len(rows) == len(files) == 9
    assert sum(int(str(row["eligible_voters"])) for row in rows) == 41_088
    assert sum(int(str(row["votes_cast"])) for row in rows) == 26_726
    assert {(row["election_id"], row["result_kind"], row["counted_at"]) for row in rows} == {
        ("KV2025", "turnout", "20:00:00")
    }
    assert {row["municipality_code"] for row in rows} == {"151"}
