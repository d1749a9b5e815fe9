"""The rows behind a cell: codes in the provider's words, zeros that were left out, missing values, corrections, and
which rows of a delivery make up a group."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.corrections import COLUMNS
from warehouse.trace.evidence import Count
from warehouse.trace.ground import Ground
from warehouse.trace.keys import Cell
from warehouse.trace.rows import Stratum, Sum, count_rows, origin_codes
from warehouse.trace.sums import sums_of

LOAD = "20240101T000000Z_ras201_abcdef"
EMPLOYED = Count("ras201", {"status": ("00",)}, ages="bands")
STRATUM = Stratum("151", "2024", ("25", "35"), "total", "16-24")
CODES = [
    ("OMRÅDE", "151", "Ballerup", "151", True),
    ("SOCIO", "0", "Beskæftigede", "00", True),
    ("SOCIO", "50", "Arbejdsløse", "50", True),
    ("HERKOMST", "999", "Personer med dansk oprindelse", "999", True),
    ("HERKOMST", "25", "Indvandrere fra ikke-vestlige lande", "25", True),
    ("HERKOMST", "35", "Efterkommere fra ikke-vestlige lande", "35", True),
    ("ALDER", "16-19", "16-19 år", "16-19", True),
    ("ALDER", "20-24", "20-24 år", "20-24", True),
    ("ALDER", "25-29", "25-29 år", "25-29", True),
    ("KØN", "M", "Mænd", "M", True),
    ("KØN", "K", "Kvinder", "K", True),
]
PERSONS = [
    ("0", "25", "16-19", "M", 7),
    ("0", "35", "20-24", "K", 5),
    ("0", "25", "25-29", "M", 100),
    ("0", "999", "16-19", "M", 1000),
    ("50", "25", "16-19", "M", 10),
]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """The staging models that the rows are read from, and a release without corrections."""
    made: Ground = object.__new__(Ground)
    made.connection, made.memo, made.release = duckdb.connect(), {}, tmp_path
    made.connection.execute("create schema staging; create schema seeds")
    table(made, "seeds.origin_codes", "table_id, variable, code, origin, ancestry", [
        ("RAS201", "HERKOMST", "999", "danish", "danish_origin"),
        ("RAS201", "HERKOMST", "25", "non_western", "immigrant"),
        ("RAS201", "HERKOMST", "35", "non_western", "descendant"),
        ("RAS201", "HERKOMST", "24", "western", "immigrant"),
    ])  # fmt: skip
    made.connection.execute("alter table seeds.origin_codes add column is_total boolean default false")
    columns = "load_id, dataset, code_position, variable, published_code, published_text, canonical_code, is_selected"
    rows = [(LOAD, "ras201", place, *code) for place, code in enumerate(CODES)]
    table(made, "staging.stg_statbank__codes", columns, rows)
    table(made, "staging.stg_meta__period_owners", "dataset, period, load_id", [("ras201", "2024", LOAD)])
    table(made, "staging.stg_meta__loads", "load_id, data_origin", [(LOAD, "official")])
    persons(made, PERSONS)
    yield made
    made.connection.close()


def table(ground: Ground, name: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    """A table of a few rows."""
    marks = ", ".join("?" for _ in rows[0])
    for number, row in enumerate(rows):
        made = f"create or replace table {name} as" if number == 0 else f"insert into {name}"
        ground.connection.execute(f"{made} select * from (values ({marks})) as made ({columns})", list(row))


def persons(ground: Ground, rows: list[tuple[Any, ...]]) -> None:
    """RAS201 of Ballerup, 2024."""
    codes = ", ".join(f"published_{role}_code" for role in ("area", "status", "origin", "age", "sex"))
    filled = [(LOAD, "151", *row, "2024") for row in rows]
    table(ground, "staging.stg_statbank__ras201", f"load_id, {codes}, persons, year", filled)


def test_rows_are_in_the_providers_words_and_zeros_are_counted(ground: Ground) -> None:
    """Of 2 origins, 2 ages and 2 sexes two rows were written: the other six are 0."""
    rows, left_out = count_rows(ground, EMPLOYED, STRATUM)
    assert [row.value for row in rows] == [7, 5]
    assert left_out == 6
    assert rows[0].published == {
        "OMRÅDE": "151 Ballerup", "SOCIO": "0 Beskæftigede", "HERKOMST": "25 Indvandrere fra ikke-vestlige lande",
        "ALDER": "16-19 16-19 år", "KØN": "M Mænd", "Tid": "2024",
    }  # fmt: skip
    found = Sum("target_numerator", "stg_statbank__ras201", rows, 12.0, left_out)
    assert found.total == 12
    assert found.agrees


def test_a_sum_with_a_missing_member_is_not_known(ground: Ground) -> None:
    """It is not 0, and no published number agrees with it."""
    persons(ground, [*PERSONS, ("0", "25", "16-19", "K", None)])
    rows, _ = count_rows(ground, EMPLOYED, STRATUM)
    found = Sum("target_numerator", "stg_statbank__ras201", rows, 12.0)
    assert found.total is None
    assert not found.agrees


def test_a_correction_is_told_with_its_row(ground: Ground) -> None:
    """Who decided it, why, and what was published; other rows say nothing."""
    key = '{""OMRÅDE"": ""151"", ""SOCIO"": ""0"", ""HERKOMST"": ""25"", ""ALDER"": ""16-19"", ""KØN"": ""M"", ""TID"": ""2024""}'  # noqa: E501
    entry = f'x1,ras201,ras201,"{key}",INDHOLD,correct,9,7,fejl,a slip,letter,Statistics,2024-05-01,official'
    folder = ground.release / "lineage" / "seeds"
    folder.mkdir(parents=True)
    (folder / "corrections.csv").write_text(f"{','.join(COLUMNS)}\n{entry}\n", encoding="utf-8")
    rows, _ = count_rows(ground, EMPLOYED, STRATUM)
    assert rows[0].correction == (
        "correction x1: published as 9, taken as 7: a slip (Statistics, 2024-05-01; source: letter)"
    )
    assert rows[1].correction == ""


def test_groups_take_their_origins(ground: Ground) -> None:
    """A group is its parts, and nothing of another."""
    source = EMPLOYED.source
    assert origin_codes(ground, source, "non_western") == ("25", "35")
    assert origin_codes(ground, source, "non_western_descendant") == ("35",)
    assert set(origin_codes(ground, source, "others")) == {"999", "24"}


def delivered(indicator: str, target: str, numbers: tuple[float, float, float, float]) -> Cell:
    """An observed row of gaps."""
    names = ("target_numerator", "target_denominator", "reference_numerator", "reference_denominator")
    row = {
        "indicator_id": indicator, "municipality_code": "151", "period": "KV2021", "subarea_code": "total",
        "target_group": target, "reference_group": "others", "value_status": "observed",
        **dict(zip(names, numbers, strict=True)),
    }  # fmt: skip
    return Cell("gaps", {}, row)


def turnout(ground: Ground, rows: list[tuple[str, str, int, int]]) -> None:
    """Turnout by origin as it was delivered."""
    columns = "load_id, municipality_code, election_id, file_name, origin, ancestry, votes_cast, eligible_voters"
    filled = [("a", "151", "KV2021", "kv.csv", *row) for row in rows]
    table(ground, "staging.stg_inbox__turnout_by_origin", columns, filled)


@pytest.mark.parametrize("whole", [[], [("non_western", "total", 99, 999)]])
def test_a_complete_split_goes_before_the_whole_and_never_both(
    ground: Ground, whole: list[tuple[str, str, int, int]]
) -> None:
    """As in the counts of the indicator."""
    split = [("non_western", "immigrant", 40, 100), ("non_western", "descendant", 20, 40)]
    others = [("danish", "total", 700, 1000), ("western", "total", 30, 60)]
    turnout(ground, [*split, *whole, *others])
    sums = sums_of(ground, delivered("turnout_municipal", "non_western", (60.0, 140.0, 730.0, 1060.0)))
    assert [item.total for item in sums] == [60, 140, 730, 1060]
    assert all(item.agrees for item in sums)


def test_a_row_that_is_not_observed_gives_no_sum(ground: Ground) -> None:
    """Nothing is read at all."""
    cell = delivered("turnout_municipal", "non_western", (60.0, 140.0, 730.0, 1060.0))
    assert sums_of(ground, Cell("gaps", {}, {**cell.row, "value_status": "suppressed"})) == []


def test_answers_are_counted_and_never_named(ground: Ground) -> None:
    """Consent is asked for; an undisclosed origin is in neither group; no respondent is carried along."""
    columns = "load_id, municipality_code, wave_id, community_id, respondent_id, origin_group, score, has_consent"
    answers = [("non_western", 5, True), ("non_western", 1, True), ("other", 4, True), ("undisclosed", 5, True),
               ("non_western", 5, False)]  # fmt: skip
    filled = [("a", "151", "KV2021", "c1", f"r{n}", *answer) for n, answer in enumerate(answers)]
    table(ground, "staging.stg_inbox__interviews", columns, filled)
    sums = sums_of(ground, delivered("perceived_diversity", "non_western", (1.0, 2.0, 1.0, 1.0)))
    assert [item.total for item in sums] == [Fraction(1), 2, 1, 1]
    assert all(not row.published for item in sums for row in item.rows)
