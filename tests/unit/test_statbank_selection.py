"""Promise: every code that is asked for is understood beforehand, and only what is new is fetched."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import pytest

from ingestion.codes import CodeMap, Countries, Known, Problem, bare_name, code_map, fold
from ingestion.common import State
from ingestion.selection import Resolution, plan, resolve
from ingestion.tableinfo import TableInfo
from warehouse.errors import LoadRejected, NotDelivered
from warehouse.ledger import Promoted
from warehouse.records import Record, catalogue
from warehouse.settings import Settings

AREAS = {"000": "Hele landet", "084": "Region Hovedstaden", "081": "Region Nordjylland", "02": "Landsdel"}
AREAS |= {"151": "Ballerup", "153": "Brøndby", "851": "Aalborg"}
ORIGINS = {
    "00": "I alt",
    "10": "Personer med dansk oprindelse",
    "20": "Indvandrere",
    "24": "Indvandrere fra vestlige lande",
    "25": "Indvandrere fra ikke-vestlige lande",
    "30": "Efterkommere",
    "34": "Efterkommere fra vestlige lande",
    "35": "Efterkommere fra ikke-vestlige lande",
}
VALUES: dict[str, dict[str, str]] = {
    "OMRÅDE": AREAS,
    "HERKOMST": ORIGINS,
    "ALDER": {"16-64": "16-64 år", "1666": "16-66 år"},
    "KØN": {"TOT": "I alt", "M": "Mænd", "K": "Kvinder"},
    "BEREGNING": {"BFK": "Beskæftigelsesfrekvens", "EFK": "Erhvervsfrekvens"},
    "Tid": {year: year for year in ("2006", "2007", "2008", "2020", "2021", "2022", "2023")},
}


def _info(**changes: Any) -> TableInfo:
    values = {**VALUES, **changes.pop("values", {})}
    variables = [
        {
            "id": code,
            "text": code.lower(),
            "elimination": False,
            "time": code == "Tid",
            "values": [{"id": own, "text": text} for own, text in codes.items()],
        }
        for code, codes in values.items()
    ]
    document = {"id": "RAS200", "text": "t", "description": "d", "unit": "Pct.", "suppressedDataValue": "0"}
    document |= {"updated": "2025-01-01T08:00:00", "active": True, "variables": variables, **changes}
    return TableInfo.model_validate(document)


def _settings(**changes: Any) -> Settings:
    return Settings(statbank_url="http://127.0.0.1:1/v1", **changes)


@pytest.fixture
def record() -> Record:
    return catalogue()["ras200"]


def _selected(resolution: Resolution, code: str) -> tuple[str, ...]:
    return next(v.selected for v in resolution.variables if v.code == code)


@pytest.mark.parametrize(
    ("municipalities", "expected"),
    [
        ("all", ("000", "084", "081", "151", "153", "851")),
        (("851",), ("000", "084", "081", "151", "851")),
        (("000",), ("000", "084", "151")),
        (("151", "153"), ("000", "084", "151", "153")),
    ],
)
def test_areas_are_those_that_the_settings_ask_for(
    record: Record, municipalities: Any, expected: tuple[str, ...]
) -> None:
    resolution = resolve(record, _info(), _settings(municipalities=municipalities))
    assert _selected(resolution, "OMRÅDE") == expected


def test_provinces_are_known_but_not_asked_for(record: Record) -> None:
    resolution = resolve(record, _info(), _settings())
    assert "02" not in _selected(resolution, "OMRÅDE")
    assert _selected(resolution, "ALDER") == ("16-64",)


def test_the_request_spells_everything_out(record: Record) -> None:
    resolution = resolve(record, _info(), _settings(from_year=2021))
    request = resolution.request(resolution.periods)
    assert [v["code"] for v in request["variables"]] == list(VALUES)
    assert all(v["values"] and "*" not in v["values"] for v in request["variables"])
    assert request["variables"][-1]["values"] == ["2021", "2022", "2023"]
    assert (request["format"], request["lang"], request["valuePresentation"]) == ("BULK", "da", "Code")
    assert resolution.header() == ("OMRÅDE", "HERKOMST", "ALDER", "KØN", "BEREGNING", "TID", "INDHOLD")


def test_the_case_of_a_variable_is_no_difference(record: Record) -> None:
    values = {("TID" if code == "Tid" else code.lower()): codes for code, codes in VALUES.items()}
    info = _info()
    renamed = [v.model_copy(update={"id": code}) for v, code in zip(info.variables, values, strict=True)]
    assert resolve(record, info.model_copy(update={"variables": tuple(renamed)}), _settings()).time == "TID"


def test_no_period_from_the_first_year_on_is_not_delivered(record: Record) -> None:
    with pytest.raises(NotDelivered, match="2030"):
        resolve(record, _info(), _settings(from_year=2030))


def test_a_new_variable_is_rejected(record: Record) -> None:
    with pytest.raises(LoadRejected, match="new variable: BRANCHE"):
        resolve(record, _info(values={"BRANCHE": {"TOT": "I alt"}}), _settings())


@pytest.mark.parametrize("code", ["000", "151"])
def test_an_area_that_must_be_there_is_named(record: Record, code: str) -> None:
    areas = {own: text for own, text in AREAS.items() if own != code}
    with pytest.raises(LoadRejected, match=f"no area {code}"):
        resolve(record, _info(values={"OMRÅDE": areas}), _settings())


def test_two_codes_for_one_thing_are_rejected(record: Record) -> None:
    origins = {**ORIGINS, "0": "I alt"}
    with pytest.raises(LoadRejected, match="two codes for the same thing"):
        resolve(record, _info(values={"HERKOMST": origins}), _settings())


@pytest.mark.parametrize("text", ["mænd", "  MÆND ", "Ma\u0308nd".replace("a\u0308", "æ")])
def test_case_and_white_space_of_a_text_are_no_difference(record: Record, text: str) -> None:
    values = {"KØN": {"TOT": "I  alt", "M": text, "K": "Kvinder"}}
    assert resolve(record, _info(values=values), _settings())


def _state(resolution: Resolution, **changes: Any) -> State:
    promoted = Promoted("old", resolution.updated, resolution.data_origin, resolution.selection, "hash")
    owned = dict.fromkeys(resolution.periods, "old")
    return State(dataclasses.replace(promoted, **changes), owned)


def test_the_plan(record: Record) -> None:
    resolution = resolve(record, _info(), _settings())
    wanted = ("2008", "2020", "2021", "2022", "2023")
    assert plan(record, resolution, State()).periods == wanted
    assert plan(record, resolution, _state(resolution)).periods == ()
    older = datetime.fromisoformat("2024-01-01T08:00:00")
    assert plan(record, resolution, _state(resolution, source_updated_at=older)).periods == ("2022", "2023")
    assert plan(record, resolution, _state(resolution, selection="other")).periods == wanted
    assert plan(record, resolution, _state(resolution, data_origin="official")).periods == wanted
    lacking = _state(resolution)
    lacking = State(lacking.promoted, {p: "old" for p in wanted if p != "2020"})
    assert plan(record, resolution, lacking).periods == ("2020",)


def test_the_selection_is_another_when_the_question_or_the_host_is(record: Record) -> None:
    base = resolve(record, _info(), _settings()).selection
    assert resolve(record, _info(), _settings(from_year=2021)).selection == base
    assert resolve(record, _info(), _settings(municipalities=("151",))).selection != base
    assert dataclasses.replace(resolve(record, _info(), _settings()), host="other").selection != base
    official = Settings(statbank_url="https://api.statbank.dk/v1")
    assert resolve(record, _info(), official).data_origin == "official"


TOTAL = CodeMap({"0000": Known("0000", "I alt")}, "f")
COUNTRIES = Countries(
    by_code={"5468": "VNM", "5488": "VNM", "5120": "SWE"},
    by_name={
        "vietnam": frozenset({"VNM"}),
        "sverige": frozenset({"SWE"}),
        "kongo": frozenset({"COD", "COG"}),
    },
    origins={"VNM": "non_western", "SWE": "western", "COD": "non_western", "COG": "non_western"},
    total=TOTAL,
)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("5468", "Vietnam", "VNM"),
        ("5488", "Something new", "VNM"),
        ("9999", " VIETNAM. ", "VNM"),
        ("0000", "I alt", "0000"),
        ("0", "I alt", "0000"),
    ],
)
def test_a_country_is_known_by_code_first_and_name_second(code: str, text: str, expected: str) -> None:
    assert COUNTRIES.canonical(code, text) == expected


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        ("9999", "Vietnamien", "nearest: vietnam"),
        ("9999", "Kongo", "several countries"),
        ("5468", "Sverige", "clash"),
        ("0", "Helt uoplyst", "does not know"),
        ("0000", "Helt uoplyst", "text has changed"),
    ],
)
def test_a_country_that_is_not_known_is_a_problem(code: str, text: str, why: str) -> None:
    answer = COUNTRIES.canonical(code, text)
    assert isinstance(answer, Problem)
    assert why in answer.why


def test_names_are_compared_folded() -> None:
    assert fold("  Cafe\u0301  X ") == "café x"
    assert bare_name("(Elfenbenskysten).") == "elfenbenskysten"


@pytest.mark.parametrize("dataset", ["folk1e", "folk1c", "ras200", "ras201", "fvkom"])
def test_every_variable_of_the_catalogue_has_a_code_map(dataset: str) -> None:
    record = catalogue()[dataset]
    for variable in record.variables:
        if variable.role != "time":
            found = code_map(record, variable)
            assert isinstance(found, Countries) or found.known or found.pattern
