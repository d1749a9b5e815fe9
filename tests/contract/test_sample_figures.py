"""The sample figures agree with each other, with the strategy's table and with official election results."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sample_providers import MISSING, Table
from sample_providers.catalogue import TABLES
from sample_providers.geography import MUNICIPALITY_CODES, REGIONS, members

DOMAIN = Path(__file__).resolve().parents[2] / ".." / "shared" / "domain"


@cache
def table(name: str) -> Table:
    return TABLES[name]()


def axis(name: str, variable: str) -> int:
    return list(table(name).variables).index(variable)


def taken(name: str, variable: str, codes: list[str]) -> np.ndarray:
    """The cube of a table for some codes of one variable."""
    owner = table(name).variables[variable]
    return table(name).cube.take([owner.index(code) for code in codes], axis=axis(name, variable))


def domain(name: str) -> list[dict[str, str]]:
    path = DOMAIN / name
    if not path.exists():
        pytest.skip(f"no domain page {name}")
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", ["FOLK1E", "FOLK1C", "RAS201", "KAS201", "LIGEUB1", "UDDAKT20", "KY038", "KVRES"])
def test_areas_sum_to_regions_and_to_the_country(name: str) -> None:
    variables = table(name).variables
    area = next(variable for variable in ("OMRÅDE", "BOPOMR") if variable in variables)
    whole = taken(name, area, ["000"]).sum(axis=axis(name, area))
    if "997" in variables[area].codes:
        whole = whole - taken(name, area, ["997"]).sum(axis=axis(name, area))
    assert (taken(name, area, list(REGIONS)).sum(axis=axis(name, area)) == whole).all()
    assert (taken(name, area, MUNICIPALITY_CODES).sum(axis=axis(name, area)) == whole).all()
    for region in REGIONS:
        parts = taken(name, area, members(region)).sum(axis=axis(name, area))
        assert (parts == taken(name, area, [region]).sum(axis=axis(name, area))).all()


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        *[("FOLK1E", v) for v in ("KØN", "ALDER", "HERKOMST")],
        *[("FOLK1C", v) for v in ("KØN", "ALDER", "HERKOMST", "IELAND")],
        *[("KAS201", v) for v in ("SOCIO", "HERKOMST", "ALDER", "KØN")],
        *[("LIGEUB1", v) for v in ("HFUDD", "ALDER", "KØN")],
        *[("UDDAKT20", v) for v in ("UDDANNELSE", "ALDER", "HERKOMST", "HERKOMST1", "KØN", "GRUNDSKOL")],
        *[("KY038", v) for v in ("YDELSESTYPE", "HERKOMST1", "HERKOMST")],
    ],
)
def test_totals_are_the_sum_of_their_parts(name: str, variable: str) -> None:
    owner = table(name).variables[variable]
    assert owner.total is not None
    parts = [code for code in owner.codes if code != owner.total]
    at = axis(name, variable)
    assert (taken(name, variable, parts).sum(axis=at) == taken(name, variable, [owner.total]).sum(axis=at)).all()


def test_folk1e_holds_the_table_of_the_strategy() -> None:
    folk1e = table("FOLK1E")
    found = {
        code: folk1e.get(OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST=code, Tid="2019K4")
        for code in folk1e.variables["HERKOMST"].codes
    }
    assert found == {"TOT": 48475, "1": 40175, "24": 1563, "25": 4037, "34": 319, "35": 2381}
    assert folk1e.variables["Tid"].codes[0] == "2018K1" and folk1e.variables["Tid"].codes[-1] == "2026K3"


def test_folk1c_by_class_of_country_is_folk1e() -> None:
    classes = {row["code"]: row["origin"] for row in domain("country_codes.csv")}
    origin = table("FOLK1C").variables["IELAND"].codes[1:]
    assert set(origin) <= set(classes)
    counts = table("FOLK1C").cube[:, 0, 0]  # area, ancestry, country, quarter
    ancestry = table("FOLK1C").variables["HERKOMST"]
    for code, group, kind in [
        ("1", "5", "danish"),
        ("24", "4", "western"),
        ("25", "4", "non_western"),
        ("34", "3", "western"),
        ("35", "3", "non_western"),
    ]:
        places = [1 + origin.index(country) for country in origin if classes[country] == kind]
        mine = counts[:, ancestry.index(group), places].sum(axis=1)
        assert (mine == table("FOLK1E").cube[:, 0, 0, table("FOLK1E").variables["HERKOMST"].index(code)]).all()
    danish = counts[:, ancestry.index("5")]
    assert (danish[:, 1] == danish[:, 0]).all() and (counts[:, 1, 1] == counts[:, 0, 1]).all()


def test_country_names_are_those_of_the_classification() -> None:
    names = {row["code"]: (row["name_da"], row["name_en"]) for row in domain("country_codes.csv")}
    for value in table("FOLK1C").variables["IELAND"].values[1:]:
        assert (value.da, value.en) == names[value.code]


def test_origin_codes_and_texts_are_those_of_the_code_map() -> None:
    rows = [row for row in domain("origin_codes.csv") if row["table_id"] in TABLES]
    for name in {row["table_id"] for row in rows}:
        for variable in {row["variable"] for row in rows if row["table_id"] == name and row["variable"] != "IELAND"}:
            expected = {
                r["code"].lstrip("0"): r["text_da"] for r in rows if (r["table_id"], r["variable"]) == (name, variable)
            }
            values = table(name).variables[variable].values
            assert {value.code.lstrip("0"): value.da for value in values} == expected, (name, variable)


def test_folk1c_bands_are_sums_of_folk1e_ages() -> None:
    everyone = table("FOLK1E").cube[:, :, :, 0]  # area, sex, age, quarter
    banded = table("FOLK1C").cube[:, :, :, 0, 0]
    assert (banded[:, :, 1] == everyone[:, :, 1:6].sum(axis=2)).all()
    assert (banded[:, :, -1] == everyone[:, :, 101:].sum(axis=2)).all()


def test_ras201_is_the_population_of_the_next_first_quarter() -> None:
    ras201 = table("RAS201")
    places = [ras201.variables["OMRÅDE"].index(code) for code in table("FOLK1E").variables["OMRÅDE"].codes]
    people = ras201.cube[places].sum(axis=1)  # area, origin, band, sex, year
    quarters = [table("FOLK1E").variables["Tid"].index(f"{int(year) + 1}K1") for year in ras201.variables["Tid"].codes]
    folk = table("FOLK1E").cube[:, 1:, 1:][..., quarters]  # area, sex, age, origin, year
    order = [table("FOLK1E").variables["HERKOMST"].index(code) for code in ("1", "24", "25", "34", "35")]
    folk = folk[:, :, :, order].transpose(0, 3, 2, 1, 4)
    for band, (first, last) in enumerate([(0, 15), (16, 19), (20, 24)]):
        assert (people[:, :, band] == folk[:, :, first : last + 1].sum(axis=2)).all()
    assert (people.sum(axis=2) == folk.sum(axis=2)).all()
    assert (ras201.cube >= 0).all()


def test_ras200_is_ras201_rounded_to_one_decimal() -> None:
    counts = table("RAS201").cube[:, :, :, 1:11].sum(axis=3, dtype=np.int64)  # area, status, origin, sex, year
    rates = table("RAS200").cube[:, :, 0]  # area, origin, sex, rate, year: 16-64
    origin = [table("RAS200").variables["HERKOMST"].index(code) for code in ("10", "24", "25", "34", "35")]
    whole = counts.sum(axis=1)
    for rate, part in ((0, counts[:, 0]), (1, counts[:, 0] + counts[:, 1])):
        mine = rates[:, origin][:, :, 1:, rate]
        exact = np.divide(1000 * part, whole, out=np.zeros(whole.shape), where=whole > 0)
        assert (np.abs(mine - exact)[whole > 0] <= 0.5).all()
        assert (mine[whole == 0] == MISSING).all()
    both = counts.sum(axis=3)
    everyone = 1000 * both[:, 0].sum(axis=1) / both.sum(axis=(1, 2))
    assert (np.abs(rates[:, 0, 0, 0] - everyone) <= 0.5).all()


def test_employment_gap_of_ballerup_is_plausible_and_closing() -> None:
    rate = {
        (code, year): table("RAS200").get(
            OMRÅDE="151", HERKOMST=code, ALDER="16-64", KØN="TOT", BEREGNING="BFK", Tid=year
        )
        for code in ("10", "25", "35")
        for year in ("2018", "2024")
    }
    assert 74 < rate["10", "2018"] < 80 and 53 < rate["25", "2018"] < 60 and 60 < rate["35", "2018"] < 67
    assert rate["10", "2024"] - rate["25", "2024"] < rate["10", "2018"] - rate["25", "2018"]


@pytest.mark.parametrize(("year", "official"), [("2022", (34571, 28041, 559)), ("2011", (34263, 30061, 294))])
def test_fvkom_of_ballerup_is_official(year: str, official: tuple[int, int, int]) -> None:
    found = [table("FVKOM").get(VALRES=code, OMRÅDE="151", Tid=year) for code in ("VAELG", "GYLD_IALT", "UGYLD_IALT")]
    assert found == list(official)


def test_fvkom_parties_and_reasons_sum() -> None:
    fvkom = table("FVKOM")
    parties = [code for code in fvkom.variables["VALRES"].codes if len(code) >= 4 and code.isdigit()]
    assert (
        taken("FVKOM", "VALRES", [*parties, "UDENFOR_IALT"]).sum(axis=0) == taken("FVKOM", "VALRES", ["GYLD_IALT"])[0]
    ).all()
    assert (taken("FVKOM", "VALRES", ["1", "19"]).sum(axis=0) == taken("FVKOM", "VALRES", ["UGYLD_IALT"])[0]).all()
    texts = [value.da for value in fvkom.variables["VALRES"].values]
    assert len(texts) - len(set(texts)) == 3
    assert fvkom.variables["OMRÅDE"].codes == MUNICIPALITY_CODES


def test_kas201_is_folk1e_of_the_quarter_and_its_mean() -> None:
    kas201 = table("KAS201")
    places = [kas201.variables["OMRÅDE"].index(code) for code in table("FOLK1E").variables["OMRÅDE"].codes]
    people = kas201.cube[places][:, 0, :, 0, 0]  # area, origin, period, year
    years = kas201.variables["Tid"].codes
    for quarter in range(1, 5):
        at = [table("FOLK1E").variables["Tid"].index(f"{year}K{quarter}") for year in years]
        assert (people[:, :, quarter] == table("FOLK1E").cube[:, 0, 0][:, :, at]).all()
    cells = kas201.cube[kas201.variables["OMRÅDE"].index("151"), 1:, 1:, 1:, 1:].astype(float)
    assert (np.abs(cells[..., 0, :] - cells[..., 1:, :].mean(axis=-2)) <= 0.5).all()


def test_ligeub1_is_folk1e_on_the_first_of_october() -> None:
    ligeub1 = table("LIGEUB1")
    years = [table("FOLK1E").variables["Tid"].index(f"{year}K4") for year in ligeub1.variables["Tid"].codes]
    folk = table("FOLK1E").cube[:, 0, 16:71][..., years].sum(axis=1)  # ages 15-69: area, origin, year
    order = [table("FOLK1E").variables["HERKOMST"].index(code) for code in ("TOT", "1", "24", "25", "34", "35")]
    mine = taken("LIGEUB1", "HERKOMST", ["0", "10", "24", "25", "34", "35"])[:, :, 0, 0, 0]
    assert (mine == folk[:, order]).all()
    for subtotal, parts in {"21": ["24", "25"], "31": ["34", "35"], "0": ["10", "21", "31"]}.items():
        whole = taken("LIGEUB1", "HERKOMST", [subtotal])[:, 0]
        assert (taken("LIGEUB1", "HERKOMST", parts).sum(axis=1) == whole).all()


def test_completed_ninth_grade_is_part_of_last_years_pupils() -> None:
    def pupils(status: str) -> np.ndarray:
        owner = table("UDDAKT20").variables
        where = (owner["UDDANNELSE"].index("U29"), 0, 0, slice(None), 0, 0)
        return table("UDDAKT20").cube[where][:, :, owner["FSTATUS"].index(status)]  # nation, area, year

    started, completed = pupils("B")[..., :-1], pupils("F")[..., 1:]
    assert (completed <= started).all()
    rate = completed[:, 0].sum(axis=-1) / started[:, 0].sum(axis=-1)
    danish, non_western = rate[1], rate[3]
    assert 0.94 < danish < 0.98 and 0.86 < non_western < danish


def test_kmsta001_by_municipality_is_folk1e() -> None:
    kmsta001 = table("KMSTA001")
    residents = kmsta001.cube.sum(axis=2)  # parish, origin, year
    years = [table("FOLK1E").variables["Tid"].index(f"{year}K1") for year in kmsta001.variables["Tid"].codes]
    for code, ending in (("151", "(Ballerup Kommune)"), ("101", "(Københavns Kommune)")):
        mine = [n for n, value in enumerate(kmsta001.variables["SOGN"].values) if value.da.endswith(ending)]
        folk = table("FOLK1E").cube[table("FOLK1E").variables["OMRÅDE"].index(code), 0, 0][:, years]
        assert (residents[mine].sum(axis=0) == folk[1:]).all()


def test_kvres_votes_add_up() -> None:
    def votes(*codes: str) -> np.ndarray:
        return taken("KVRES", "VALRES", list(codes)).sum(axis=1)

    parties = [code for code in table("KVRES").variables["VALRES"].codes if code.startswith("GS") and code != "GS"]
    assert (votes("AS") == votes("GS", "US")).all() and (votes("US") == votes("BS", "AGS")).all()
    assert (votes(*parties) == votes("GS")).all() and (votes("AS") < votes("V")).all()


@pytest.mark.parametrize("name", list(TABLES))
def test_figures_fit_the_description(name: str) -> None:
    found = table(name)
    assert found.cube.shape == tuple(len(variable.values) for variable in found.variables.values())
    for variable in found.variables.values():
        assert len(set(variable.codes)) == len(variable.codes)
        assert all(value.da and value.text("en") for value in variable.values)
