"""The reader of hand-delivered CSV: what is taken, in every spelling that the contract allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inbox_files import CITIZENSHIP, GOOD, ORIGIN, Row, answer, background, course, text_of, turnout

from ingestion import inbox_csv, valgdatabase
from ingestion.cpr import looks_like_cpr
from ingestion.inbox import _landed_names
from ingestion.inbox_kinds import COMMUNITIES, KINDS
from warehouse.errors import LoadRejected
from warehouse.records import catalogue

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "elections" / "valgdatabase"


def _rows(kind: str, body: bytes) -> list[Any]:
    rows = inbox_csv.parse(body, kind, "a.csv")
    inbox_csv.check_together(kind, rows)
    return [placed.row for placed in rows]


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_spelling_of_the_contract_is_taken(kind: str, delimiter: str, end: str, mark: bytes) -> None:
    row = GOOD[kind]()
    body = mark + text_of([row], delimiter, end).encode()
    assert _rows(kind, body) == [row]
    assert _rows(kind, body.rstrip()) == [row]
    backwards = dict(reversed(row.items()))
    assert _rows(kind, mark + text_of([backwards], delimiter, end).encode()) == [row]


TAKEN: list[tuple[str, list[Row]]] = [
    ("turnout_by_origin", [turnout(source='Kommunen; "selv", æøå')]),
    ("turnout_by_origin", [turnout(eligible_voters="0", votes_cast="0")]),
    ("turnout_by_origin", [turnout(), turnout(ancestry="descendant"), turnout(ancestry="total")]),
    ("turnout_by_origin", [turnout(origin="danish", ancestry="danish_origin")]),
    ("turnout_by_origin", [turnout(origin="danish", ancestry="total")]),
    ("interviews", [answer(consent="TRUE")]),
    ("interviews", [answer(respondent_id=one) for one in ("7", "r-1", "resp_a", "9f86d081884c7d65", "ALPHA")]),
    ("interviews", [answer(community_id=c, community_name=c, respondent_id=c) for c in "abc"]),
    (
        "interviews",
        [answer(community_id=c, community_name=c, respondent_id=c) for c in "abc"]
        + [answer(wave_id="2026-1", wave_date="2026-03-01", community_id="d", respondent_id="d")]
        + [answer(municipality_code="153", community_id="e", respondent_id="e")],
    ),
    ("interviews", [answer(), answer(wave_id="2025-2", wave_date="2025-09-01", origin_group="other")]),
    ("danish_tests", [course(), course(origin="western"), course(year="2023")]),
]


@pytest.mark.parametrize("case", range(len(TAKEN)))
def test_what_is_right_is_taken(case: int) -> None:
    kind, rows = TAKEN[case]
    assert _rows(kind, text_of(rows).encode()) == rows


def test_the_columns_are_those_of_the_contract() -> None:
    contract = {
        "turnout_by_origin": "election_id election_date municipality_code origin ancestry eligible_voters votes_cast "
        "source note",
        "interviews": "wave_id wave_date municipality_code community_id community_name respondent_id consent "
        "origin_group item_id score",
        "danish_tests": "year municipality_code origin course_takers passed_within_five_years source note",
    }
    assert {kind: list(rules.columns) for kind, rules in KINDS.items()} == {k: v.split() for k, v in contract.items()}
    assert COMMUNITIES == 3


def test_every_kind_has_a_record_that_keeps_notes_out_of_raw() -> None:
    records = {name: record for name, record in catalogue().items() if record.provider == "inbox"}
    assert set(records) == set(KINDS)
    for kind, record in records.items():
        (table,) = record.raw_tables
        assert set(table.columns) - {"file_name"} == set(KINDS[kind].columns) - {"note"}
        assert table.key == KINDS[kind].key


@pytest.mark.parametrize(
    "text",
    [
        "010190-1234",
        "0101901234",
        "x 010190-1234 y",
        "(0101901234)",
        "svar_010190-1234.csv",
        "010190 1234",
        "id0101901234",
    ],
)
def test_what_looks_like_a_cpr_number(text: str) -> None:
    assert looks_like_cpr(text)


@pytest.mark.parametrize(
    "text", ["", "151", "12345678901", "010190-12345", "1010190-1234", "990190 1234", "2025-11-18", "9f0101901234abcd"]
)
def test_what_does_not(text: str) -> None:
    assert not looks_like_cpr(text)


def test_every_landed_name_is_its_own() -> None:
    assert _landed_names(["a/b.csv", "c.csv"]) == ["a__b.csv", "c.csv"]
    assert _landed_names(["a/b.csv", "a__b.csv"]) == ["0000.csv", "0001.csv"]
    assert _landed_names(["x" * 300 + ".csv"]) == ["0000.csv"]


@pytest.mark.parametrize(
    ("label", "file", "expected"),
    [
        ("EV2024 - ", "a.csv", "EV2024"),
        ("", "ev2024/a.csv", "EV2024"),
        ("", "a_EV2024.csv", "EV2024"),
        ("", "a.csv", "unlabelled"),
    ],
)
def test_the_label_is_the_columns_or_else_the_names(label: str, file: str, expected: str) -> None:
    export = valgdatabase.parse(background(ORIGIN, label=label).encode(), file)
    assert {column.label for column in export.columns} == {expected}
    assert {valgdatabase.period_of(column.label) for column in export.columns} == {"EV2024"}


def test_a_label_in_the_name_that_the_seed_lacks_is_refused() -> None:
    with pytest.raises(LoadRejected, match="KV2029"):
        valgdatabase.parse(background(ORIGIN, label="").encode(), "KV2029/a.csv")


def test_other_topics_of_the_database_are_passed_over() -> None:
    other = {"EV2024 - Ejerforhold_Antal_personer_01. Ejerbolig": "1,5", "Gruppe": "A", "KredsNr": "39"}
    text = text_of([{"ValgstedId": "151001"} | other], ";")
    assert valgdatabase.parse(text.encode(), "a.csv").columns == ()
    mixed = text_of([{"ValgstedId": "151001"} | other | {f"EV2024 - {CITIZENSHIP}_Mænd 70- år_01. Danmark": "-"}], ";")
    assert [column.topic for column in valgdatabase.parse(mixed.encode(), "a.csv").columns] == ["citizenship"]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files of the election database are not beside the repository")
def test_the_real_files_are_read() -> None:
    found = {path.name: valgdatabase.parse(path.read_bytes(), path.name) for path in sorted(REAL.glob("*.csv"))}
    assert sorted(export.rows for export in found.values()) == [0, 0, 0, 9 * 32 * 11, 9 * 32 * 12]
    labels = {column.label for export in found.values() for column in export.columns}
    assert labels == {"unlabelled"}
