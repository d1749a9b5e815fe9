"""Every expectation of the hand-delivered kinds can fail: a poisoned case trips it and only it, the clean case none.

The reader refuses most of this before it is stored; here the tables are filled past it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import duckdb
import pytest
from expectation_scratch import Candidate, Row, enter, own

from expectations.run import Verdict, validate
from warehouse.settings import Settings

LOAD, BEFORE = "20260201T000000Z_{}_aaaaaa", "20250101T000000Z_{}_bbbbbb"
RUN = ("ingest_inbox", "run-1")


def _candidate(dataset: str, table: str, periods: list[str], rows: list[Row], load_id: str) -> Candidate:
    return Candidate(dataset, load_id.format(dataset), periods, {table: rows}, run=RUN)


def turnout(load_id: str = LOAD) -> Candidate:
    """One municipality, parts beside their totals."""
    parts = [("danish", "danish_origin", 5000, 4000), ("danish", "total", 5000, 4000)]
    for origin, immigrants, descendants in (("western", 600, 100), ("non_western", 900, 300)):
        parts += [(origin, "immigrant", immigrants, 250), (origin, "descendant", descendants, 60)]
        parts += [(origin, "total", immigrants + descendants, 310)]
    rows: list[Row] = [
        {
            "election_id": "KV2021",
            "election_date": "2021-11-16",
            "municipality_code": "151",
            "origin": origin,
            "ancestry": ancestry,
            "eligible_voters": voters,
            "votes_cast": votes,
            "source": None,
            "file_name": "a.csv",
        }
        for origin, ancestry, voters, votes in parts
    ]
    return _candidate("turnout_by_origin", "turnout_by_origin", ["KV2021"], rows, load_id)


def interviews(load_id: str = LOAD) -> Candidate:
    """Three communities, two respondents each, two items."""
    rows: list[Row] = [
        {
            "wave_id": "2025-1",
            "wave_date": "2025-03-14",
            "municipality_code": "151",
            "community_id": community,
            "community_name": community,
            "respondent_id": f"{community}-{number}",
            "consent": "true",
            "origin_group": "other",
            "item_id": item,
            "score": 3,
            "file_name": "a.csv",
        }
        for community in ("a", "b", "c")
        for number in (1, 2)
        for item in ("q1", "q2")
    ]
    return _candidate("interviews", "interviews", ["2025-1"], rows, load_id)


def danish_courses(load_id: str = LOAD) -> Candidate:
    """Two groups in one year."""
    rows: list[Row] = [
        {
            "year": "2024",
            "municipality_code": "151",
            "origin": origin,
            "course_takers": 100,
            "passed_within_five_years": 60,
            "source": "x",
            "file_name": "a.csv",
        }
        for origin in ("western", "non_western")
    ]
    return _candidate("danish_tests", "danish_tests", ["2024"], rows, load_id)


def background(load_id: str = LOAD) -> Candidate:
    """Two areas, one sex and age, every group."""
    rows: list[Row] = [
        {
            "period": "EV2024",
            "label": "EV2024",
            "valgsted_id": area,
            "municipality_code": "151",
            "area_number": int(area[3:]),
            "topic": topic,
            "sex_age": "Kvinder 0-4 år",
            "group_code": f"{code:02d}",
            "group_text": "x",
            "persons": 50.5 if code == 1 else 1.5 if code > 3 else None,
            "file_name": "a.csv",
        }
        for area in ("151001", "151010")
        for topic, first in (("origin", 2), ("citizenship", 1))
        for code in range(first, 13)
    ]
    return _candidate("valgdatabase", "valgdatabase_background", ["EV2024"], rows, load_id)


CLEAN: dict[str, Callable[..., Candidate]] = {
    "turnout_by_origin": turnout,
    "interviews": interviews,
    "danish_tests": danish_courses,
    "valgdatabase": background,
}
Poison = Callable[[Candidate], object]


def _said(words: str, poison: Poison) -> Poison:
    """A poison that says itself in words, for the guard matrix."""
    poison.__doc__ = words
    return poison


def _shown(cells: dict[str, object]) -> str:
    def value(cell: object) -> str:
        if cell is None or cell == "":
            return "empty"
        return "holding a CPR-like number" if re.search(r"\d{6}-?\d{4}", str(cell)) else f"= {cell}"

    return ", ".join(f"{column} {value(cell)}" for column, cell in cells.items())


def _set(**cells: object) -> Poison:
    return _said(f"a row with {_shown(cells)}", lambda load: load.rows[0].update(cells))


def _again(**cells: object) -> Poison:
    words = f"a further row with {_shown(cells)}" if cells else "a row that comes twice"
    return _said(words, lambda load: load.rows.append({**load.rows[0], **cells}))


def _fourth(load: Candidate) -> None:
    """a fourth community in a wave"""
    other = {"community_id": "d", "community_name": "d", "respondent_id": "d-1"}
    load.rows.extend([{**row, **other} for row in load.rows[:2]])


def _other_day(column: str) -> Poison:
    return _said(f"a row with another {column}", lambda load: load.rows[-1].update({column: "2025-12-24"}))


def _lost(load: Candidate) -> None:
    """one row fewer loaded than received"""
    load.rows_received = len(load.rows) + 1


def _strange(load: Candidate) -> None:
    """a column that the contract does not name"""
    load.extra_columns.append("membership")


def _without(**wanted: object) -> Poison:
    return _said(f"no row with {_shown(wanted)}", lambda load: load.drop(**wanted))


def _too_many(load: Candidate) -> None:
    """more immigrants and descendants of a group than persons"""
    load.where(valgsted_id="151001", topic="origin", group_code="12")[0]["persons"] = 1000.0


CPR = "010190" + "-1234"
POISONED: list[tuple[str, str, Poison]] = [
    *(("columns_as_asked", dataset, _strange) for dataset in CLEAN),
    *(("rows_received_equal_rows_loaded", dataset, _lost) for dataset in CLEAN),
    ("keys_unique", "turnout_by_origin", _again(ancestry="total", eligible_voters=0, votes_cast=0)),
    ("keys_unique", "interviews", _again()),
    ("keys_unique", "danish_tests", _again()),
    ("keys_unique", "valgdatabase", _again()),
    ("codes_known", "turnout_by_origin", _again(election_id="KV2017")),
    ("codes_known", "turnout_by_origin", _again(municipality_code="999")),
    ("codes_known", "turnout_by_origin", _again(origin="african", ancestry="immigrant")),
    ("codes_known", "interviews", _again(item_id="q9", wave_id="2020-1")),
    ("codes_known", "danish_tests", _again(origin="total")),
    ("codes_known", "danish_tests", _again(municipality_code="000")),
    ("codes_known", "valgdatabase", _again(topic="tenure")),
    ("cells_filled", "turnout_by_origin", _set(file_name=None)),
    ("cells_filled", "interviews", _set(community_name="")),
    ("cells_filled", "danish_tests", _set(course_takers=None)),
    ("cells_filled", "valgdatabase", _set(group_text="")),
    ("value_not_negative", "turnout_by_origin", _again(municipality_code="153", eligible_voters=-1, votes_cast=-1)),
    ("value_not_negative", "danish_tests", _set(passed_within_five_years=-1)),
    ("value_not_negative", "valgdatabase", _set(persons=-1.0)),
    ("no_cpr_like_value", "turnout_by_origin", _set(source=f"se {CPR}")),
    ("no_cpr_like_value", "interviews", _again(item_id="q3", respondent_id=CPR)),
    ("no_cpr_like_value", "danish_tests", _set(file_name=f"a_{CPR.replace('-', '')}.csv")),
    ("no_cpr_like_value", "valgdatabase", _set(group_text=CPR)),
    ("votes_not_above_voters", "turnout_by_origin", _again(municipality_code="153", votes_cast=5001)),
    ("ancestry_fits_origin", "turnout_by_origin", _again(municipality_code="153", ancestry="immigrant")),
    ("turnout_parts_equal_total", "turnout_by_origin", _set(eligible_voters=4999)),
    ("turnout_parts_equal_total", "turnout_by_origin", _set(votes_cast=4001)),
    ("one_date_per_period", "turnout_by_origin", _other_day("election_date")),
    ("one_date_per_period", "interviews", _other_day("wave_date")),
    ("score_in_range", "interviews", _set(score=0)),
    ("score_in_range", "interviews", _set(score=6)),
    ("consent_given", "interviews", _set(consent="false")),
    ("respondents_under_pseudonym", "interviews", _again(item_id="q3", respondent_id="somebody@example.org")),
    ("at_most_three_communities", "interviews", _fourth),
    ("respondent_in_one_group", "interviews", _set(origin_group="non_western")),
    ("passed_not_above_takers", "danish_tests", _set(passed_within_five_years=101)),
    ("both_topics_present", "valgdatabase", _without(valgsted_id="151010", topic="citizenship")),
    ("groups_complete", "valgdatabase", _without(valgsted_id="151010", topic="citizenship", group_code="05")),
    ("origin_not_above_persons", "valgdatabase", _too_many),
    ("coverage_not_shrunk", "danish_tests", _without(origin="western")),
]


def judge(load: Candidate, connection: duckdb.DuckDBPyConnection, settings: Settings) -> Verdict:
    """Judge a load beside what raw owns already of the same delivery."""
    own(connection, settings, CLEAN[load.dataset](BEFORE))
    load.selection = "other files"
    return validate(enter(connection, settings, load), settings, connection)


@pytest.mark.parametrize("dataset", CLEAN)
def test_a_clean_load_is_accepted(dataset: str, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    verdict = judge(CLEAN[dataset](), connection, settings)
    assert [item.expectation for item in verdict.validations if not item.success] == []
    assert {item.severity for item in verdict.validations} == {"blocking"}
    told = {(name, kind) for name, kind, _ in POISONED} | {("coverage_not_shrunk", kind) for kind in CLEAN}
    named = {item.expectation for item in verdict.validations}
    assert {name for name in named if (name, dataset) not in told} <= {"value_not_negative"}


@pytest.mark.parametrize("case", range(len(POISONED)), ids=[f"{kind}-{name}" for name, kind, _ in POISONED])
def test_a_poisoned_load_trips_its_expectation_and_only_it(
    case: int, connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    expectation, dataset, poison = POISONED[case]
    load = CLEAN[dataset]()
    poison(load)
    verdict = judge(load, connection, settings)
    assert {item.expectation for item in verdict.validations if not item.success} == {expectation}
    assert not verdict.success
    told = json.dumps([item.sample_keys for item in verdict.validations]) + verdict.reason
    told += verdict.docs.read_text() + str([item.observed for item in verdict.validations])
    assert CPR not in told and CPR.replace("-", "") not in told and "somebody" not in told
    assert dataset != "interviews" or "a-1" not in told


def test_a_respondent_may_leave_between_two_loads(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load = interviews()
    load.drop(respondent_id="a-1")
    assert judge(load, connection, settings).success
