"""The declarations of `warehouse trace`: every indicator has its evidence, and periods and ages are read rightly."""

from __future__ import annotations

import pytest

from warehouse.errors import WarehouseError
from warehouse.records import catalogue
from warehouse.seeds import seed
from warehouse.trace.evidence import EVIDENCE, TABLES, Coverage, ages_within, part_of, parts_of, times
from warehouse.trace.lineage import Model, ancestors, read_models

WITHOUT_CODES = {"residential_dissimilarity", "turnout_by_area"}  # by parish and by polling area: code of their own
NEVER = {"association_democracy"}


def test_every_indicator_has_evidence_or_none_ever() -> None:
    """A new indicator without a declaration could not be traced."""
    declared = set(EVIDENCE) | WITHOUT_CODES | NEVER
    assert declared == {row["indicator_id"] for row in seed("indicators")}


@pytest.mark.parametrize("indicator", [name for name, value in EVIDENCE.items() if isinstance(value, Coverage)])
def test_a_declaration_names_every_variable_of_its_table(indicator: str) -> None:
    """A variable that is held at nothing would be summed over all its codes, totals included."""
    declared = EVIDENCE[indicator]
    assert isinstance(declared, Coverage)
    for count in (declared.numerator, declared.denominator):
        source = count.source
        held = {*count.held, "origin", "area", *times("2024", count.period)} - {"time"}
        held |= {"sex"} if source.sexes else set()
        held |= {"age"} if count.ages != "none" else set()
        assert held == set(source.variables)


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_are_those_of_the_catalogue(table: str) -> None:
    """With every variable but the time."""
    record = catalogue()[table]
    published = {v.code for v in record.variables if v.role != "time"}
    assert set(TABLES[table].variables.values()) == published


def test_ages_lie_within_their_group() -> None:
    """Bands and single years; never a total, an open end or a band that reaches beyond."""
    codes = ("-15", "15-19", "16-19", "20-24", "60-64", "60-66", "65-66", "67-", "TOT")
    assert ages_within("16-64", codes) == ("16-19", "20-24", "60-64")
    assert ages_within("18-66", ("17", "18", "66", "67", "IALT")) == ("18", "66")
    with pytest.raises(ValueError, match="total"):
        ages_within("total", codes)


def test_periods_are_the_published_times() -> None:
    """The school year begins the year before; a mean of a year has four quarters."""
    assert times("2024", "year") == {"time": ("2024",)}
    assert times("2024", "year_before") == {"time": ("2023",)}
    assert times("2019K3", "quarter_of_year") == {"time": ("2019",), "part_of_year": ("K3",)}
    assert times("2024", "quarters_of_year") == {"time": ("2024K1", "2024K2", "2024K3", "2024K4")}


def test_groups_are_made_of_their_parts_alone() -> None:
    """Western and unknown origin are never in the target group, nor non-western in the reference."""
    assert part_of("non_western", "immigrant") in parts_of("non_western")
    assert part_of("non_western", "descendant") not in parts_of("non_western_immigrant")
    assert part_of("western", "immigrant") in parts_of("others")
    assert part_of("western", "immigrant") not in parts_of("danish")
    for origin in ("unknown", "total", "foreign_any"):
        assert part_of(origin, "total") is None


def test_ancestors_come_before_what_reads_them() -> None:
    """Only what the table is made of, and the tables that are no models."""
    models = {
        m.address: m
        for m in (
            Model("stg", "staging", "sql", "view", "", ("raw.a", "seeds.b")),
            Model("other", "staging", "sql", "view", "", ("raw.c",)),
            Model("int", "intermediate", "sql", "table", "", ("staging.stg",)),
            Model("mart", "marts", "sql", "table", "", ("intermediate.int", "staging.stg")),
        )
    }
    ordered, sources = ancestors(models, "marts.mart")
    assert [model.name for model in ordered] == ["stg", "int", "mart"]
    assert sources == {"raw.a", "seeds.b"}


def test_a_release_without_lineage_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One made before releases carried their SQL."""
    with pytest.raises(WarehouseError, match=r"lineage/models\.json"):
        read_models(tmp_path_factory.mktemp("release"))
