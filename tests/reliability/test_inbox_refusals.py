"""Promise: a bad hand-delivered file is refused as a whole, before anything is stored, naming file, line and column."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inbox_files import CITIZENSHIP, CPR, GOOD, ORIGIN, answer, background, course, lay, text_of, turnout

from ingestion import pipeline
from warehouse import journal
from warehouse.errors import LoadRejected

Case = tuple[str, str | bytes, list[str]]


def _with(kind: str, column: str, value: str) -> Case:
    good = GOOD[kind]
    first = {
        "turnout_by_origin": {"origin": "western"},
        "interviews": {"item_id": "q0"},
        "danish_tests": {"year": "2020"},
    }
    return kind, text_of([good(**first[kind]), good(**{column: value})]), ["line 3", f"column {column}"]


def _without(kind: str, column: str) -> Case:
    row = {name: cell for name, cell in GOOD[kind]().items() if name != column}
    return kind, text_of([row]), [f"column {column}", "missing"]


def _plus(kind: str, column: str) -> Case:
    return kind, text_of([GOOD[kind]() | {column: "x"}]), ["line 1", f"column {column}", "unknown column"]


def _communities() -> Case:
    rows = [answer(community_id=name, community_name=name, respondent_id=f"{name}1") for name in "abcd"]
    return "interviews", text_of(rows), ["line 5", "column community_id", "more than 3"]


REFUSED: dict[str, Case] = {
    "unknown_column": _plus("turnout_by_origin", "kommentar"),
    "name_column": _plus("interviews", "name"),
    "membership_column": _plus("turnout_by_origin", "association_id"),
    "missing_column": _without("danish_tests", "origin"),
    "no_header": (
        "danish_tests",
        "2024,151,western,10,5,egen,\n2023,151,western,10,5,egen,\n",
        ["line 1", "no header"],
    ),
    "column_twice": ("danish_tests", text_of([course()]).replace("note", "source", 1), ["line 1", "column number 7"]),
    "no_rows": ("danish_tests", text_of([course()]).splitlines()[0], ["no row"]),
    "empty": ("danish_tests", "\n", ["empty"]),
    "ragged": ("danish_tests", text_of([course()]) + "2024,151\n", ["line 3", "2 cells under a header of 7"]),
    "empty_line": ("danish_tests", text_of([course()]) + "\n", ["line 3", "empty line"]),
    "open_quote": ("danish_tests", text_of([course()]) + '"2024', ["line 3", "CSV"]),
    "line_break_in_cell": ("danish_tests", text_of([course(note="a\nb")]), ["line 2", "column note"]),
    "mixed_line_ends": ("danish_tests", text_of([course()]) + "a\r\n", ["line end"]),
    "not_utf8": ("danish_tests", b"year\n\xe6", ["UTF-8", "line 2"]),
    "utf16": ("danish_tests", text_of([course()]).encode("utf-16-le"), ["NUL", "line 1"]),
    "a_web_page": ("danish_tests", "<!DOCTYPE html>\n<html></html>\n", ["line 1", "no header"]),
    "fraction": _with("turnout_by_origin", "votes_cast", "1.5"),
    "thousands_point": _with("turnout_by_origin", "eligible_voters", "1.000"),
    "negative": _with("turnout_by_origin", "votes_cast", "-1"),
    "no_number": _with("turnout_by_origin", "votes_cast", ""),
    "more_votes_than_voters": _with("turnout_by_origin", "votes_cast", "1001"),
    "unknown_origin": _with("turnout_by_origin", "origin", "african"),
    "unknown_ancestry": _with("turnout_by_origin", "ancestry", "third generation"),
    "danish_immigrant": ("turnout_by_origin", text_of([turnout(origin="danish")]), ["line 2", "column ancestry"]),
    "danish_date": _with("turnout_by_origin", "election_date", "18-11-2025"),
    "no_such_day": _with("turnout_by_origin", "election_date", "2025-02-30"),
    "another_year": _with("turnout_by_origin", "election_date", "2021-11-16"),
    "two_dates": (
        "turnout_by_origin",
        text_of([turnout(), turnout(origin="western", election_date="2025-11-19")]),
        ["line 3", "column election_date", "line 2"],
    ),
    "unknown_municipality": _with("turnout_by_origin", "municipality_code", "999"),
    "a_region": _with("turnout_by_origin", "municipality_code", "084"),
    "the_country": _with("danish_tests", "municipality_code", "000"),
    "no_leading_zeros": _with("danish_tests", "municipality_code", "0151"),
    "unknown_election": _with("turnout_by_origin", "election_id", "XX2025"),
    "key_twice": ("turnout_by_origin", text_of([turnout(), turnout(votes_cast="1")]), ["line 3", "column ancestry"]),
    "long_note": _with("turnout_by_origin", "note", "x" * 1001),
    "more_passed_than_took": _with("danish_tests", "passed_within_five_years", "201"),
    "no_year": _with("danish_tests", "year", "24"),
    "score_0": _with("interviews", "score", "0"),
    "score_6": _with("interviews", "score", "6"),
    "score_with_text": _with("interviews", "score", "4 fordi"),
    "no_consent": _with("interviews", "consent", "false"),
    "empty_consent": _with("interviews", "consent", ""),
    "unknown_group": _with("interviews", "origin_group", "danish"),
    "mail_address": _with("interviews", "respondent_id", "somebody@example.org"),
    "full_name": _with("interviews", "respondent_id", "Some Body"),
    "first_name": _with("interviews", "respondent_id", "Somebody"),
    "two_answers": ("interviews", text_of([answer(), answer(score="2")]), ["line 3", "column item_id", "line 2"]),
    "two_groups": (
        "interviews",
        text_of([answer(), answer(item_id="q2", origin_group="other")]),
        ["line 3", "column origin_group"],
    ),
    "two_communities_of_one": (
        "interviews",
        text_of([answer(), answer(item_id="q2", community_id="b")]),
        ["line 3", "column community_id"],
    ),
    "two_wave_dates": (
        "interviews",
        text_of([answer(), answer(item_id="q2", wave_date="2025-03-15")]),
        ["line 3", "column wave_date"],
    ),
    "four_communities": _communities(),
    "background_column": (
        "valgdatabase",
        background(ORIGIN, Medlemskab="1"),
        ["line 1", "Medlemskab"],
    ),
    "background_group": (
        "valgdatabase",
        background(ORIGIN).replace("03. Tyrkiet", "03. Syrien"),
        ["line 1", "03. Syrien"],
    ),
    "background_label": (
        "valgdatabase",
        background(ORIGIN, label="KV2029 - "),
        ["KV2029", "valgdatabase_reference_dates"],
    ),
    "background_point": ("valgdatabase", background(ORIGIN, cell="1.5"), ["line 2", "decimal comma"]),
    "background_text": ("valgdatabase", background(ORIGIN, cell=".."), ["line 2", "'..'"]),
    "background_station": ("valgdatabase", background(ORIGIN, ["15101"]), ["line 2", "column ValgstedId"]),
    "background_municipality": ("valgdatabase", background(ORIGIN, ["999001"]), ["line 2", "column ValgstedId"]),
    "background_area_twice": ("valgdatabase", background(ORIGIN, ["151001", "151001"]), ["line 3", "twice"]),
    "background_no_area": ("valgdatabase", background(ORIGIN).replace("ValgstedId", "Gruppe"), ["ValgstedId"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_refuses_the_delivery(house: Any, name: str) -> None:
    kind, content, words = REFUSED[name]
    good = background(CITIZENSHIP, ["153001"]) if kind == "valgdatabase" else text_of([_elsewhere(kind)])
    lay(house, f"{kind}/a_good.csv", good)
    lay(house, f"{kind}/deep/bad.csv", content)
    with pytest.raises(LoadRejected) as caught:
        pipeline.land(kind, house.settings)
    assert [word for word in ["deep/bad.csv", *words] if word not in caught.value.block()] == []
    _nothing_stored(house, kind)


def _elsewhere(kind: str) -> dict[str, str]:
    other = {
        "turnout_by_origin": {"election_id": "KV2017", "election_date": "2017-11-21"},
        "danish_tests": {"year": "2001"},
    }
    return GOOD[kind](**other.get(kind, {"wave_id": "2020-1"}))


def _nothing_stored(house: Any, kind: str) -> None:
    landed = [path for path in house.settings.landing.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert landed == [journal.path(house.settings)]  # that it was refused, and nothing of what was refused
    assert house.sql("select status, dataset from meta.loads") == [("rejected", kind)]
    assert house.sql("select count(*) from duckdb_tables() where schema_name = 'raw_loads'") == [(0,)]


def test_a_wrong_answer_is_never_quoted(house: Any) -> None:
    for column in answer():
        lay(house, "interviews/a.csv", text_of([answer(**{column: " Zzyzx siger @"})]))
        with pytest.raises(LoadRejected) as caught:
            pipeline.changed("interviews", house.settings)
        assert "Zzyzx" not in caught.value.block()


NO_DASH = CPR.replace("-", "")
SECRET: dict[str, Callable[[Any], object]] = {
    "in_a_text": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout(note=f"se {CPR}")])),
    "without_dash": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout(source=NO_DASH)])),
    "with_another_dash": lambda house: lay(
        house, "turnout_by_origin/a.csv", text_of([turnout(note=CPR.replace("-", "\u2013"))])
    ),
    "with_a_space": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout(note=CPR.replace("-", " "))])),
    "as_a_number": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout(votes_cast=NO_DASH)])),
    "as_a_code": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout(election_id=CPR)])),
    "as_a_column": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout() | {CPR: ""}])),
    "in_an_unknown_column": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout() | {"cpr": CPR}])),
    "in_a_ragged_row": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout()]) + f"x,{CPR}\n"),
    "in_an_open_quote": lambda house: lay(house, "turnout_by_origin/a.csv", text_of([turnout()]) + f'"{CPR}'),
    "beside_another_fault": lambda house: lay(
        house, "turnout_by_origin/a.csv", text_of([turnout(votes_cast="9999", note=CPR)])
    ),
    "without_a_header": lambda house: lay(house, "turnout_by_origin/a.csv", f"{CPR},1\n{CPR},2\n"),
    "as_a_respondent": lambda house: lay(house, "interviews/a.csv", text_of([answer(respondent_id=CPR)])),
    "in_a_respondent": lambda house: lay(house, "interviews/a.csv", text_of([answer(respondent_id=f"R{NO_DASH}")])),
    "as_a_score": lambda house: lay(house, "interviews/a.csv", text_of([answer(score=NO_DASH)])),
    "in_danish_tests": lambda house: lay(house, "danish_tests/a.csv", text_of([course(source=CPR)])),
    "in_the_database": lambda house: lay(house, "valgdatabase/a.csv", background(ORIGIN, ["151001", NO_DASH])),
    "in_another_topic": lambda house: lay(
        house, "valgdatabase/a.csv", background(ORIGIN, **{"Ejerforhold_Antal_personer_01. Ejerbolig": CPR})
    ),
    "in_a_file_name": lambda house: lay(house, f"danish_tests/{CPR}.csv", text_of([course()])),
    "in_a_longer_name": lambda house: lay(house, f"danish_tests/svar-{NO_DASH}_ny.csv", text_of([course()])),
    "in_a_folder": lambda house: lay(house, f"danish_tests/{CPR}/a.csv", text_of([course()])),
}


@pytest.mark.parametrize("name", SECRET)
def test_a_cpr_like_value_is_refused_and_seen_nowhere(
    house: Any, name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path: Path = SECRET[name](house)  # type: ignore[assignment]
    kind = path.relative_to(house.settings.inbox_folder).parts[0]
    for step in (pipeline.changed, pipeline.land):
        with pytest.raises(LoadRejected, match="CPR") as caught:
            step(kind, house.settings)
        assert name.endswith(("name", "folder")) or {"file", "line", "column"} <= set(caught.value.where)
        _unseen(caught.value.block() + str(caught.value.where) + repr(caught.value.__cause__))
        assert caught.value.__context__ is None or caught.value.__suppress_context__
    tables = [table for (table,) in house.sql("select schema_name || '.' || table_name from duckdb_tables()")]
    _unseen("".join(str(house.sql(f"select * from {table}")) for table in tables))
    seen = capfd.readouterr()
    _unseen(seen.out + seen.err + caplog.text)
    for stored in house.settings.root.rglob("*"):
        if not stored.is_relative_to(house.settings.inbox_folder):
            _unseen(stored.name + (stored.read_bytes().decode("latin-1") if stored.is_file() else ""))
    landed = [path for path in house.settings.landing.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert landed == [journal.path(house.settings)]  # that it was refused, and nothing of what was refused


def _unseen(text: str) -> None:
    for form in (CPR, NO_DASH, CPR.replace("-", " "), CPR.replace("-", "\u2013"), CPR[:6]):
        assert form not in text, "a CPR-like value was quoted"


@pytest.mark.parametrize(
    "text",
    ["2025-11-18", "20251118-2000", "151001", "12345678901", "+45 12 34 56 78", "3fa85f64-5717-4562-b3fc-2c963f66afa6"],
)
def test_what_is_no_cpr_number_is_taken(house: Any, text: str) -> None:
    lay(house, "turnout_by_origin/a.csv", text_of([turnout(note=text)]))
    assert pipeline.changed("turnout_by_origin", house.settings)


def test_a_file_that_is_too_large_is_refused(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.inbox.FILE_BYTES", 100)
    lay(house, "danish_tests/a.csv", text_of([course()]))
    with pytest.raises(LoadRejected, match="larger than"):
        pipeline.changed("danish_tests", house.settings)


@pytest.mark.parametrize("what", ["file", "folder", "kind"])
def test_a_link_that_leaves_the_inbox_is_refused(house: Any, tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text(text_of([course()]), encoding="utf-8")
    kind = house.settings.inbox_folder / "danish_tests"
    kind.parent.mkdir(parents=True)
    if what == "kind":
        kind.symlink_to(outside)
    else:
        kind.mkdir()
        (kind / "link.csv").symlink_to(outside / "a.csv" if what == "file" else outside)
    with pytest.raises(LoadRejected, match="link"):
        pipeline.changed("danish_tests", house.settings)
    assert house.sql("select data_origin from meta.loads") == [("official",)]


def test_what_is_no_plain_file_is_refused_and_does_not_block(house: Any) -> None:
    kind = house.settings.inbox_folder / "danish_tests"
    kind.mkdir(parents=True)
    os.mkfifo(kind / "pipe.csv")
    with pytest.raises(LoadRejected, match="no plain file"):
        pipeline.changed("danish_tests", house.settings)


def test_a_link_to_itself_and_a_name_of_strange_bytes_are_refused(house: Any) -> None:
    kind = house.settings.inbox_folder / "danish_tests"
    kind.mkdir(parents=True)
    (kind / "a.csv").symlink_to(kind / "a.csv")
    with pytest.raises(LoadRejected, match=r"a\.csv is refused"):
        pipeline.changed("danish_tests", house.settings)
    (kind / "a.csv").unlink()
    Path(os.fsdecode(os.fsencode(kind) + b"/\xe6.csv")).write_text(text_of([course()]), encoding="utf-8")
    with pytest.raises(LoadRejected, match="not UTF-8"):
        pipeline.changed("danish_tests", house.settings)


@pytest.mark.parametrize("strange", ["association_members", "foreninger", "borgere", CPR])
def test_an_unknown_folder_is_named_and_never_read(house: Any, strange: str, caplog: pytest.LogCaptureFixture) -> None:
    unread = lay(house, f"{strange}/members.csv", "name,origin\nSomebody,non_western\n")
    unread.chmod(0)
    lay(house, "danish_tests/a.csv", text_of([course()]))
    assert pipeline.changed("danish_tests", house.settings)
    assert ("name withheld" if strange == CPR else strange) in caplog.text
    assert CPR not in caplog.text and "Somebody" not in caplog.text


def test_the_same_file_twice_is_refused(house: Any) -> None:
    lay(house, "danish_tests/a.csv", text_of([course()]))
    lay(house, "danish_tests/copy.csv", text_of([course()]))
    with pytest.raises(LoadRejected, match=r"line 2 of a\.csv"):
        pipeline.changed("danish_tests", house.settings)
    lay(house, "valgdatabase/a.csv", background(ORIGIN))
    lay(house, "valgdatabase/copy.csv", background(ORIGIN))
    with pytest.raises(LoadRejected, match=r"stands in a\.csv already"):
        pipeline.changed("valgdatabase", house.settings)


def test_a_refused_file_leaves_what_was_there(house: Any) -> None:
    lay(house, "danish_tests/a.csv", text_of([course()]))
    first = house.ingest("danish_tests")
    lay(house, "danish_tests/a.csv", text_of([course(course_takers="1")]))
    with pytest.raises(LoadRejected):
        pipeline.changed("danish_tests", house.settings)
    assert house.sql("select load_id, course_takers from raw.danish_tests") == [(first, 200)]
