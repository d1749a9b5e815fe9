"""The totals that only some StatBank tables have can fail too: a poisoned case trips each of them and only it.

The tables are cubes made by hand, small enough to read: a few areas, two codes a dimension. The exception is the
population of every municipality there is, without which the country is not compared with the sum of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import duckdb
import pytest
from expectation_scratch import _AREA_UP as AREA_UP
from expectation_scratch import Candidate, Code, _cube, _selected, _time, enter, folk1e, own

from expectations.run import Verdict, validate
from warehouse.seeds import seed
from warehouse.settings import Settings

SEX_UP = {sex: [sex, "TOT"] for sex in ("M", "K")}
LOAD = "20260201T000000Z_{}_aaaaaa"
Ups = Mapping[str, Mapping[str, list[str]]]


def _load(dataset: str, ups: Ups, period: str, texts: Mapping[str, str] | None = None) -> Candidate:
    """A load of one period: every combination of base codes, summed up along every dimension."""
    cells: dict[tuple[str, ...], int] = {(): 0}
    for variable in ups.values():
        cells = {(*cell, code): n + position for cell, n in cells.items() for position, code in enumerate(variable)}
    base = {(*cell, period): 40 + n for cell, n in cells.items()}
    rows = _cube(base, [*({k: list(v) for k, v in up.items()} for up in ups.values()), {}], [*ups, "TID"])
    codes: dict[str, list[Code]] = {
        name: _selected(*dict.fromkeys(code for chain in up.values() for code in chain), texts=texts)
        for name, up in ups.items()
    }
    return Candidate(dataset, LOAD.format(dataset), [period], {dataset: rows}, {**codes, "TID": _time([period])})


def educations() -> Candidate:
    """LIGEUB1: origins with two subtotals below the total."""
    origins = {"10": ["10", "0"], "24": ["24", "21", "0"], "25": ["25", "21", "0"]}
    origins |= {"34": ["34", "31", "0"], "35": ["35", "31", "0"]}
    levels, ages = ({code: [code, "TOT"] for code in codes} for codes in (("H10", "H40"), ("20-24", "25-29")))
    return _load(
        "ligeub1", {"BOPOMR": AREA_UP, "HERKOMST": origins, "HFUDD": levels, "ALDER": ages, "KØN": SEX_UP}, "2023"
    )


def quarters() -> Candidate:
    """KAS201: labour-market statuses with a total, one part of the year."""
    statuses, origins, ages = (
        {code: [code, "TOT"] for code in codes} for codes in (("00", "50", "55"), ("1", "25", "35"), ("16-19", "60-64"))
    )
    parts = {"K1": ["K1"]}
    return _load(
        "kas201",
        {"OMRÅDE": AREA_UP, "SOCIO": statuses, "HERKOMST": origins, "ALDER": ages, "KØN": SEX_UP, "PERIODE": parts},
        "2023",
    )


def results() -> Candidate:
    """KVRES: votes cast are the valid and the invalid ones."""
    return _load("kvres", {"OMRÅDE": AREA_UP, "VALRES": {"V": ["V"], "GS": ["GS", "AS"], "US": ["US", "AS"]}}, "2021")


def country() -> Candidate:
    """FOLK1E of every municipality and region."""
    areas = {r["area_code"]: r["region_code"] for r in seed("areas") if r["level"] == "municipality"}
    up = {area: [area, region, "000"] for area, region in areas.items()}
    origins, ages = {o: [o, "TOT"] for o in ("1", "24", "25", "34", "35")}, {"0": ["0", "IALT"]}
    sexes = {sex: [sex, "TOT"] for sex in ("1", "2")}
    return _load("folk1e", {"OMRÅDE": up, "KØN": sexes, "ALDER": ages, "HERKOMST": origins}, "2020K1")


def parishes() -> Candidate:
    """KMSTA001: one parish for each municipality of the small FOLK1E, with its persons on 1 January 2020."""
    names = {"7511": ("151", "Ballerup"), "7512": ("161", "Glostrup"), "8501": ("851", "Aalborg")}
    people = folk1e()
    load = _load(
        "kmsta001",
        {
            "SOGN": {parish: [parish] for parish in names},
            "HERKOMST": {origin: [origin] for origin in ("1", "24", "25", "34", "35")},
            "FKMED": {"F": ["F"], "U": ["U"]},
        },
        "2020",
        {parish: f"{parish} {name} ({name} Kommune)" for parish, (_, name) in names.items()},
    )
    for row in load.rows:
        where = {"OMRÅDE": names[str(row["SOGN"])][0], "KØN": "TOT", "ALDER": "IALT", "TID": "2020K1"}
        (whole,) = people.where(HERKOMST=row["HERKOMST"], **where)
        row["INDHOLD"] = 10 if row["FKMED"] == "F" else int(str(whole["INDHOLD"])) - 10
    return load


CLEAN: dict[str, Callable[[], Candidate]] = {
    "ligeub1": educations,
    "kas201": quarters,
    "kvres": results,
    "folk1e": country,
    "kmsta001": parishes,
}


def _education(load: Candidate) -> None:
    """ten persons in the total of all educations who are in none of them"""
    sums = {"BOPOMR": {"151", "084", "000"}, "HERKOMST": {"25", "21", "0"}, "ALDER": {"20-24", "TOT"}}
    load.add(10, HFUDD="TOT", KØN={"M", "TOT"}, **sums)


def _subtotal(origin: str, load: Candidate) -> None:
    sums = {"BOPOMR": {"151", "084", "000"}, "HFUDD": {"H40", "TOT"}, "ALDER": {"20-24", "TOT"}}
    load.add(10, HERKOMST=origin, KØN={"M", "TOT"}, **sums)


def _immigrants(load: Candidate) -> None:
    """ten non-western immigrants who are not among all immigrants"""
    _subtotal("25", load)


def _descendants(load: Candidate) -> None:
    """ten non-western descendants who are not among all descendants"""
    _subtotal("35", load)


def _status(load: Candidate) -> None:
    """a hundred persons in the total of all labour-market statuses who are in none of them"""
    sums = {"OMRÅDE": {"151", "084", "000"}, "HERKOMST": {"25", "TOT"}, "ALDER": {"16-19", "TOT"}}
    load.add(100, SOCIO="TOT", KØN={"M", "TOT"}, **sums)


def _votes(load: Candidate) -> None:
    """one vote cast that is neither valid nor invalid"""
    load.add(1, VALRES="AS", OMRÅDE={"151", "084", "000"})


def _of_the_country(area: str, load: Candidate) -> None:
    load.add(10, OMRÅDE=area, KØN={"1", "TOT"}, ALDER={"0", "IALT"}, HERKOMST={"25", "TOT"})


def _regions(load: Candidate) -> None:
    """ten persons more in a region than the country has, every region being there"""
    _of_the_country("084", load)


def _municipalities(load: Candidate) -> None:
    """ten persons more in a municipality than the country has, every municipality being there"""
    _of_the_country("151", load)


def _parish(load: Candidate) -> None:
    """two hundred persons more in a municipality's parishes than the municipality has"""
    load.add(200, SOGN="7511", HERKOMST="25", FKMED="U")


POISONED: dict[str, tuple[str, Callable[[Candidate], None]]] = {
    "educations_equal_total": ("ligeub1", _education),
    "origin_parts_equal_total_21": ("ligeub1", _immigrants),
    "origin_parts_equal_total_31": ("ligeub1", _descendants),
    "statuses_equal_total": ("kas201", _status),
    "result_parts_equal_total": ("kvres", _votes),
    "regions_equal_country": ("folk1e", _regions),
    "municipalities_equal_country": ("folk1e", _municipalities),
    "parishes_match_population": ("kmsta001", _parish),
}


def judge(load: Candidate, connection: duckdb.DuckDBPyConnection, settings: Settings) -> Verdict:
    """Judge a load; parishes beside the population that raw owns."""
    if load.dataset == "kmsta001":
        own(connection, settings, folk1e("20250101T000000Z_folk1e_bbbbbb"))
    return validate(enter(connection, settings, load), settings, connection)


def failing(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations if not item.success}


@pytest.mark.parametrize("dataset", CLEAN)
def test_a_clean_load_is_accepted(dataset: str, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    verdict = judge(CLEAN[dataset](), connection, settings)
    assert failing(verdict) == set()
    assert {name for name, (kind, _) in POISONED.items() if kind == dataset} <= {
        item.expectation for item in verdict.validations
    }


@pytest.mark.parametrize("expectation", POISONED)
def test_a_poisoned_load_trips_its_expectation_and_only_it(
    expectation: str, connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    dataset, poison = POISONED[expectation]
    load = CLEAN[dataset]()
    poison(load)
    verdict = judge(load, connection, settings)
    assert failing(verdict) == {expectation}
    (found,) = [item for item in verdict.validations if not item.success]
    assert verdict.success == (found.severity == "advisory")
