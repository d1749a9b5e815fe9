"""Promise: the StatBank tables of part 2 need a record and no code, and each record holds its table to its word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from house import Home

from expectations.cross_parishes import municipality_of
from expectations.run import Verdict, validate
from ingestion import pipeline
from sample_providers import Running, Table
from warehouse.errors import LoadRejected, SettingsError
from warehouse.records import Variable, catalogue, read_record

DATASETS = ("kas201", "ligeub1", "uddakt20", "ky038", "kmsta001", "kvres")
RUN = ("test", "run")
PARISHES = "parishes_match_population"


def judged(home: Home, dataset: str, promote: bool = True) -> Verdict:
    """Every step of one dataset; promoted where the verdict allows it."""
    assert pipeline.changed(dataset, home.settings, RUN)
    load_id = pipeline.land(dataset, home.settings, RUN)
    pipeline.load(load_id, home.settings)
    verdict = validate(load_id, home.settings)
    if verdict.success and promote:
        pipeline.promote(load_id, home.settings)
    return verdict


def failing(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations if not item.success}


def table_of(provider: Running, dataset: str) -> Table:
    return provider.table(str(catalogue()[dataset].table))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_dataset_goes_from_the_provider_to_raw(home: Home, provider: Running, dataset: str) -> None:
    verdict = judged(home, dataset)
    assert (verdict.success, failing(verdict)) == (True, set())
    (row,) = home.rows("select status, rows_received, rows_loaded, data_origin, len(periods) from meta.loads")
    rows = home.rows(f"select count(*), count(distinct TID) from raw.{dataset}")
    assert row[0] == "promoted"
    assert row[1] == row[2] == rows[0][0] > 0
    assert row[3] == "sample"
    assert row[4] == rows[0][1]
    assert not pipeline.changed(dataset, home.settings)


SLICES: dict[str, dict[str, set[str]]] = {
    "kas201": {
        "SOCIO": {"TOT", "00", "50", "55"},
        "HERKOMST": {"TOT", "1", "24", "25", "34", "35"},
        "KØN": {"TOT", "M", "K"},
        "PERIODE": {"1", "K1", "K2", "K3", "K4"},
    },
    "ligeub1": {
        "HERKOMST": {"0", "10", "21", "24", "25", "31", "34", "35"},
        "HFUDD": {"TOT", "H10", "H20", "H30", "H35", "H40", "H50", "H60", "H70", "H80", "H90"},
        "KØN": {"TOT", "M", "K"},
    },
    "uddakt20": {
        "UDDANNELSE": {"U29"},
        "ALDER": {"TOT"},
        "HERKOMST": {"TOT"},
        "HERKOMST1": {"TOT", "1", "2", "9", "000"},
        "KØN": {"10", "M", "K"},
        "GRUNDSKOL": {"0"},
        "FSTATUS": {"B", "F"},
    },
    "ky038": {"YDELSESTYPE": {"10000"}, "HERKOMST": {"0"}, "HERKOMST1": {"TOT", "1", "2", "9", "000"}},
    "kmsta001": {"HERKOMST": {"1", "24", "25", "34", "35"}, "FKMED": {"F", "U"}},
    "kvres": {"VALRES": {"V", "AS", "GS", "US"}},
}


@pytest.mark.parametrize("dataset", DATASETS)
def test_only_the_slice_is_asked_for(home: Home, provider: Running, dataset: str) -> None:
    judged(home, dataset)
    for variable, codes in SLICES[dataset].items():
        assert {c for (c,) in home.rows(f'select distinct "{variable}" from raw.{dataset}')} == codes
    for variable in {"OMRÅDE", "BOPOMR"} & {v.code for v in catalogue()[dataset].variables}:
        areas = {c for (c,) in home.rows(f'select distinct "{variable}" from raw.{dataset}')}
        assert areas >= {"000", "081", "082", "083", "084", "085", "101", "151", "851"}
        assert not {code for code in areas if len(code) == 2 or code >= "900"}


ZEROS = [
    ("kas201", "OMRÅDE", "000", "0"),
    ("kas201", "SOCIO", "00", "0"),
    ("ligeub1", "BOPOMR", "000", "0"),
    ("ligeub1", "HERKOMST", "0", "00"),
    ("ligeub1", "HERKOMST", "0", "000"),
    ("uddakt20", "BOPOMR", "000", "0"),
    ("uddakt20", "GRUNDSKOL", "0", "0000"),
    ("uddakt20", "HERKOMST", "0", "00"),
    ("uddakt20", "HERKOMST1", "000", "0"),
    ("ky038", "OMRÅDE", "000", "00"),
    ("ky038", "HERKOMST", "0", "00"),
    ("ky038", "HERKOMST1", "000", "0"),
    ("kmsta001", "SOGN", "0000", "0"),
    ("kvres", "OMRÅDE", "000", "0000"),
]


@pytest.mark.parametrize("case", ZEROS, ids=" ".join)
def test_leading_zeros_alone_are_the_same_code(home: Home, provider: Running, case: tuple[str, str, str, str]) -> None:
    dataset, variable, code, published = case
    table_of(provider, dataset).recode(variable, code, published)
    assert failing(judged(home, dataset)) == set()
    query = "select published_code from raw.statbank_codes where variable = ? and canonical_code = ?"
    assert home.rows(query, variable, code) == [(published,)]


@pytest.mark.parametrize(
    ("dataset", "variable", "code"), [("ligeub1", "HERKOMST", "0"), ("uddakt20", "GRUNDSKOL", "0")]
)
def test_a_zero_code_with_another_text_is_not_the_total(
    home: Home, provider: Running, dataset: str, variable: str, code: str
) -> None:
    table = table_of(provider, dataset)
    table.recode(variable, code, "00")
    table.relabel(variable, "00", "Uoplyst")
    with pytest.raises(LoadRejected, match=rf"{variable}.*00 'Uoplyst'"):
        pipeline.changed(dataset, home.settings)


CHANGED = [
    ("kas201", "HERKOMST", "25", "Indvandrere fra tredjelande", "origin_codes.csv"),
    ("kas201", "SOCIO", "50", "Beskæftigede", "kas201.yml"),
    ("kas201", "PERIODE", "K1", "4. kvartal", "kas201.yml"),
    ("kas201", "KØN", "M", "Kvinder", "kas201.yml"),
    ("ligeub1", "HERKOMST", "35", "Efterkommere fra tredjelande", "origin_codes.csv"),
    ("ligeub1", "HFUDD", "H20", "H20 Erhvervsfaglige uddannelser", "ligeub1.yml"),
    ("uddakt20", "HERKOMST1", "9", "Tredjelande", "origin_codes.csv"),
    ("uddakt20", "FSTATUS", "F", "Tilgang", "uddakt20.yml"),
    ("uddakt20", "UDDANNELSE", "U29", "U29 10. klassetrin", "uddakt20.yml"),
    ("ky038", "HERKOMST1", "2", "Nordiske lande", "origin_codes.csv"),
    ("ky038", "YDELSESTYPE", "10000", "Kontanthjælp i alt", "ky038.yml"),
    ("kmsta001", "HERKOMST", "24", "Indvandrere", "origin_codes.csv"),
    ("kmsta001", "FKMED", "F", "Ikke medlem af Folkekirken", "kmsta001.yml"),
]


@pytest.mark.parametrize("case", CHANGED, ids=lambda case: " ".join(case[:3]))
def test_a_changed_text_is_rejected_by_name(
    home: Home, provider: Running, case: tuple[str, str, str, str, str]
) -> None:
    dataset, variable, code, text, file = case
    table_of(provider, dataset).relabel(variable, code, text)
    with pytest.raises(LoadRejected) as caught:
        pipeline.changed(dataset, home.settings)
    block = caught.value.block()
    assert [word for word in (dataset.upper(), variable, code, text, file) if word not in block] == []


@pytest.mark.parametrize(
    ("dataset", "variable"),
    [(d, "HERKOMST") for d in ("kas201", "ligeub1", "uddakt20", "ky038", "kmsta001")] + [("uddakt20", "HERKOMST1")],
)
def test_a_new_origin_code_is_rejected_by_name(home: Home, provider: Running, dataset: str, variable: str) -> None:
    table_of(provider, dataset).add_code(variable, "77", "Børn af efterkommere")
    with pytest.raises(LoadRejected, match=rf"{variable}.*77 'Børn af efterkommere'"):
        pipeline.changed(dataset, home.settings)


POISONED: dict[str, tuple[str, Callable[[Table], object], set[str]]] = {
    "kas201 status": (
        "kas201",
        lambda t: t.add(20, OMRÅDE="151", SOCIO="TOT", HERKOMST="TOT", ALDER="TOT", KØN="M", PERIODE="K1", Tid="2020"),
        {"statuses_equal_total", "origin_parts_equal_total", "ages_equal_total", "sexes_equal_total"},
    ),
    "kas201 origin": ("kas201", lambda t: t.add(20, OMRÅDE="151", HERKOMST="25"), {"origin_parts_equal_total"}),
    "kas201 municipality": (
        "kas201",
        lambda t: t.add(900, OMRÅDE="151"),
        {"municipalities_not_above_country"},
    ),
    "ligeub1 total": ("ligeub1", lambda t: t.add(1, BOPOMR="151", HERKOMST="0"), {"origin_parts_equal_total"}),
    "ligeub1 21": ("ligeub1", lambda t: t.add(1, BOPOMR="151", HERKOMST="24"), {"origin_parts_equal_total_21"}),
    "ligeub1 31": ("ligeub1", lambda t: t.add(1, BOPOMR="151", HERKOMST="34"), {"origin_parts_equal_total_31"}),
    "ligeub1 level": ("ligeub1", lambda t: t.add(1, BOPOMR="151", HFUDD="H40"), {"educations_equal_total"}),
    "ligeub1 sex": ("ligeub1", lambda t: t.add(1, BOPOMR="151", KØN="K"), {"sexes_equal_total"}),
    "ligeub1 age": ("ligeub1", lambda t: t.add(1, BOPOMR="151", ALDER="25-29"), {"ages_equal_total"}),
    "ligeub1 region": (
        "ligeub1",
        lambda t: t.add(1, BOPOMR="084", Tid="2020"),
        {"regions_equal_country"},
    ),
    "uddakt20 nation": (
        "uddakt20",
        lambda t: t.add(1, BOPOMR="151", UDDANNELSE="U29", HERKOMST1="9"),
        {"origin_parts_equal_total"},
    ),
    "uddakt20 sex": ("uddakt20", lambda t: t.add(1, BOPOMR="151", UDDANNELSE="U29", KØN="M"), {"sexes_equal_total"}),
    "ky038": ("ky038", lambda t: t.add(3, OMRÅDE="151", HERKOMST1="9"), {"origin_parts_equal_total"}),
    "kvres": ("kvres", lambda t: t.add(1, VALRES="AS", Tid="2021"), {"result_parts_equal_total"}),
    "kvres area": ("kvres", lambda t: t.add(1, OMRÅDE="000", Tid="2021"), {"regions_equal_country"}),
}


@pytest.mark.parametrize("name", POISONED)
def test_totals_that_are_not_the_sum_of_their_parts_are_rejected(home: Home, provider: Running, name: str) -> None:
    dataset, poison, expected = POISONED[name]
    poison(table_of(provider, dataset))
    verdict = judged(home, dataset)
    assert not verdict.success
    assert expected <= failing(verdict)
    assert home.rows("select status from meta.loads") == [("rejected",)]
    assert home.rows(f"select count(*) from raw.{dataset}") == [(0,)]


@pytest.mark.parametrize(
    ("dataset", "where"),
    [
        ("kas201", {"HERKOMST": "25", "SOCIO": "TOT", "ALDER": "TOT", "KØN": "TOT", "PERIODE": "K1"}),
        ("ky038", {"HERKOMST1": "9"}),
    ],
)
def test_rounding_is_no_rejection(home: Home, provider: Running, dataset: str, where: dict[str, str]) -> None:
    table_of(provider, dataset).add(2, OMRÅDE="151", **where)
    assert failing(judged(home, dataset)) == set()


def test_full_year_persons_may_have_decimals(home: Home, provider: Running) -> None:
    table_of(provider, "ky038").decimals = 1
    assert failing(judged(home, "ky038")) == set()
    assert home.rows("select count(*) > 0 from raw.ky038 where INDHOLD <> floor(INDHOLD)") == [(True,)]


def test_areas_that_are_no_areas_are_known_and_not_asked_for(home: Home, provider: Running) -> None:
    for code, text in (("998", "Udlandet"), ("999", "Uoplyst")):
        table_of(provider, "uddakt20").add_code("BOPOMR", code, text, value=3)
    assert judged(home, "uddakt20").success
    assert judged(home, "ky038").success
    query = "select published_code from raw.statbank_codes where variable in ('BOPOMR', 'OMRÅDE') and not selected"
    assert {code for (code,) in home.rows(query) if len(code) == 3} == {"997", "998", "999"}
    table_of(provider, "ky038").add_code("OMRÅDE", "996", "Nyt")
    with pytest.raises(LoadRejected, match=r"OMRÅDE.*996 'Nyt'"):
        pipeline.changed("ky038", home.settings)


@pytest.mark.parametrize(
    ("dataset", "area", "failures"),
    [
        ("uddakt20", "BOPOMR", set()),
        ("ky038", "OMRÅDE", set()),
        ("kas201", "OMRÅDE", set()),
        ("ligeub1", "BOPOMR", {"every_period_and_area_present"}),
    ],
)
def test_an_area_without_rows_is_accepted_only_where_the_record_says_so(
    home: Home, provider: Running, dataset: str, area: str, failures: set[str]
) -> None:
    table_of(provider, dataset).add_code(area, "411", "Christiansø")
    assert failing(judged(home, dataset)) == failures


def test_nobody_of_unknown_origin_in_a_new_year_is_no_loss(home: Home, provider: Running) -> None:
    table = table_of(provider, "ky038")
    assert judged(home, "ky038").success
    table.add_period("2025")
    for area in table.variable("OMRÅDE").codes:
        unknown = table.get(OMRÅDE=area, HERKOMST1="000", HERKOMST="0", YDELSESTYPE="10000", Tid="2025")
        table.add(-unknown, OMRÅDE=area, HERKOMST1="TOT", HERKOMST="0", YDELSESTYPE="10000", Tid="2025")
        table.set(0, OMRÅDE=area, HERKOMST1="000", Tid="2025")
    table.updated = "2026-09-25T08:00:00"
    verdict = judged(home, "ky038")
    assert failing(verdict) == set()
    assert "coverage_not_shrunk" in {item.expectation for item in verdict.validations}


def test_a_merged_parish_is_no_loss(home: Home, provider: Running) -> None:
    table = table_of(provider, "kmsta001")
    assert judged(home, "kmsta001").success
    gone = table.variable("SOGN").codes[1]
    table.remove_code("SOGN", gone)
    table.add_period("2027")
    table.updated = "2027-02-19T08:00:00"
    verdict = judged(home, "kmsta001")
    assert (verdict.success, failing(verdict)) == (True, set())


def test_parishes_keep_their_published_text(home: Home, provider: Running) -> None:
    table_of(provider, "kmsta001").add_code("SOGN", "9399", "9399 Nyt Sogn (Ukendt Kommune)")
    table_of(provider, "kmsta001").add_code("SOGN", "9398", "9398 Uden kommune")
    assert judged(home, "kmsta001").success
    texts = dict(home.rows("select published_code, published_text from raw.statbank_codes where variable = 'SOGN'"))
    assert texts["9399"] == "9399 Nyt Sogn (Ukendt Kommune)"
    assert sum(text.endswith("(Ballerup Kommune)") for text in texts.values()) == 5


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("7001 Vor Frue (Københavns Kommune)", "101"),
        ("7511 Ballerup (Ballerup Kommune)", "151"),
        ("8100 Skejby (Aarhus Kommune)", "751"),
        ("8100 Skejby (Århus Kommune)", "751"),
        ("8300 Aars (Vesthimmerlands Kommune)", "820"),
        ("7600 Rønne (Bornholms Regionskommune)", "400"),
        ("9357 Torkilstrup-Lillebrænde Sogn (Guldborgsund Kommune)", "376"),
        ("9000 Nykøbing (F) (Guldborgsund  kommune)", "376"),
        ("7200 Høje Taastrup (Høje-Taastrup Kommune)", "169"),
        ("0000 Uden placerbar adresse", None),
        ("9399 Nyt Sogn (Ukendt Kommune)", None),
        ("9399 Ballerup Kommune", None),
    ],
)
def test_the_municipality_of_a_parish_is_the_one_its_text_names(text: str, code: str | None) -> None:
    assert municipality_of(text) == code


@pytest.mark.parametrize("order", [("folk1e", "kmsta001"), ("kmsta001", "folk1e")])
def test_parishes_are_compared_with_the_population_whichever_comes_first(
    home: Home, provider: Running, order: tuple[str, str]
) -> None:
    table_of(provider, "kmsta001").add(200, SOGN=_parish(provider, "Skovlunde"), HERKOMST="25", FKMED="U", Tid="2024")
    assert PARISHES not in {item.expectation for item in judged(home, order[0]).validations}
    verdict = judged(home, order[1])
    assert verdict.success
    assert failing(verdict) == {PARISHES}
    (found,) = [item for item in verdict.validations if item.expectation == PARISHES]
    assert found.severity == "advisory"
    (key,) = found.sample_keys
    assert [word for word in ("151", "2024", "25", "200") if word not in str(key)] == []


def test_a_focus_municipality_that_no_parish_names_is_told(home: Home, provider: Running) -> None:
    table = table_of(provider, "kmsta001")
    for value in table.variable("SOGN").values:
        value.da = value.da.replace("(Ballerup Kommune)", "Ballerup")
    judged(home, "folk1e")
    verdict = judged(home, "kmsta001")
    (found,) = [item for item in verdict.validations if not item.success]
    assert found.expectation == PARISHES
    assert "named by no parish" in str(found.sample_keys[0])


def _parish(provider: Running, name: str) -> str:
    values = table_of(provider, "kmsta001").variable("SOGN").values
    return next(value.code for value in values if value.da.split(" ")[1] == name)


def test_codes_of_a_seed_cannot_be_listed_in_a_record(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="takes no `codes`"):
        Variable(code="HERKOMST", role="origin", code_map="origin_codes", codes={"1": "x"})
    text = (pipeline.catalogue()["ky038"].model_dump_json()).replace('"sparse":{"OMRÅDE"', '"sparse":{"AREAL"')
    path = tmp_path / "ky038.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="AREAL"):
        read_record(path)
