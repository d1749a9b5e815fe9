"""Promise: the recorded answers of the real StatBank are read by the client's own parsers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingestion.bulk import BOM
from ingestion.codes import CodeMap, code_map
from ingestion.statbank import parse_csv, parse_error, parse_jsonstat, parse_tableinfo
from warehouse.records import catalogue

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "statbank"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the recorded answers are not beside the repository")


@pytest.mark.parametrize(
    ("file", "table", "variables", "updated"),
    [
        ("tableinfo_STRAF42_da.json", "STRAF42", 6, "2025-03-25 08:00:00"),
        ("tableinfo_STRAF42_en.json", "straf42", 6, "2025-03-25 08:00:00"),
        ("tableinfo_FOLK1A_da.json", "FOLK1A", 5, "2025-08-11 08:00:00"),
    ],
)
def test_a_recorded_tableinfo_is_read(file: str, table: str, variables: int, updated: str) -> None:
    info = parse_tableinfo((REAL / file).read_bytes(), table)
    assert (len(info.variables), str(info.updated), info.active) == (variables, updated, True)
    assert info.suppressed_value == "0"
    assert [v.id for v in info.variables if v.time] == ["Tid"]


def test_the_recorded_codes_keep_their_zeros() -> None:
    info = parse_tableinfo((REAL / "tableinfo_STRAF42_da.json").read_bytes())
    assert info.variables[0].values[0].id == "00"


def test_every_real_area_sex_and_age_is_known_to_our_code_maps() -> None:
    info = parse_tableinfo((REAL / "tableinfo_FOLK1A_da.json").read_bytes(), "FOLK1A")
    record = catalogue()["folk1e"]
    for name, count in (("OMRÅDE", 105), ("KØN", 3), ("ALDER", 127)):
        known = code_map(record, record.variable(name))
        assert isinstance(known, CodeMap)
        values = next(v.values for v in info.variables if v.id == name)
        assert [known.canonical(value.id, value.text) for value in values] == [value.id for value in values]
        assert len(values) == count


def test_the_recorded_csv_is_read_with_its_byte_order_mark() -> None:
    body = (REAL / "data_STRAF42_2023_total_en.csv").read_bytes()
    assert body.startswith(BOM)
    header = ("HERKOMST1", "TID", "INDHOLD")
    assert parse_csv(body, header) == (header, [("Total", "2023", "233454")])


@pytest.mark.parametrize(
    ("file", "rows"),
    [("fvkom_votes_by_municipality.csv", 25_245), ("hfudd11_tot.csv", None), ("hfudd11_h70.csv", None)],
)
def test_the_real_extracts_are_read(file: str, rows: int | None) -> None:
    header, found = parse_csv((REAL / "extracts" / file).read_bytes())
    assert header[-1] == "INDHOLD"
    assert rows is None or len(found) == rows
    assert all(len(row) == len(header) for row in found)


def test_ballerups_voters_are_in_the_real_extract() -> None:
    _, rows = parse_csv((REAL / "extracts" / "fvkom_votes_by_municipality.csv").read_bytes())
    assert ("NUMBER OF VOTERS", "Ballerup", "2022", "34571") in rows


@pytest.mark.parametrize(
    ("file", "value", "period"),
    [
        ("data_STRAF42_eliminated_en.jsonstat.json", 227774, "2024"),
        ("data_STRAF42_2023_total_en.jsonstat.json", 233454, "2023"),
    ],
)
def test_the_recorded_jsonstat_is_read(file: str, value: float, period: str) -> None:
    found = parse_jsonstat((REAL / file).read_bytes())
    assert (found.values, found.dimensions["Tid"]) == ((value,), (period,))
    assert found.updated == "2025-03-25T07:00:00Z"


def test_every_recorded_error_is_read() -> None:
    observed = json.loads((REAL / "observed_errors.json").read_text(encoding="utf-8"))["observed"]
    assert len(observed) == 12
    for item in observed:
        body = json.dumps(item["body"], ensure_ascii=False).encode()
        assert parse_error(body) == f"{item['body']['errorTypeCode']}: {item['body']['message']}"
