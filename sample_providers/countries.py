"""FOLK1C of the sample: population by country of origin, in exact agreement with FOLK1E.

Within each area and quarter the persons of one origin group (say non-western immigrants) are first shared
out over the group's countries, then every country over sexes and age bands, so that both margins hold.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Floats, Ints, apportion, frozen, total_first
from sample_providers.geography import area_values, area_variable, sum_areas
from sample_providers.population import (
    QUARTERS,
    bands,
    group_totals,
    persons,
    quarter_index,
    quarter_variable,
    sex_variable,
)
from sample_providers.table import Table, Value, Variable

# code, Danish name, English name, western, weight among immigrants, weight among descendants
COUNTRIES: list[tuple[str, str, str, bool, float, float]] = [
    ("5103", "Statsløs", "Stateless", False, 4, 6),
    ("5104", "Finland", "Finland", True, 14, 6),
    ("5106", "Island", "Iceland", True, 22, 18),
    ("5110", "Norge", "Norway", True, 62, 40),
    ("5120", "Sverige", "Sweden", True, 84, 36),
    ("5122", "Albanien", "Albania", False, 8, 4),
    ("5126", "Belgien", "Belgium", True, 6, 3),
    ("5128", "Bulgarien", "Bulgaria", True, 56, 22),
    ("5129", "Tjekkoslovakiet", "Czechoslovakia", True, 3, 2),
    ("5130", "Frankrig", "France", True, 38, 16),
    ("5134", "Grækenland", "Greece", True, 26, 12),
    ("5140", "Nederlandene", "Netherlands", True, 30, 20),
    ("5142", "Irland", "Ireland", True, 12, 5),
    ("5150", "Italien", "Italy", True, 60, 24),
    ("5152", "Jugoslavien", "Yugoslavia", False, 46, 92),
    ("5154", "Polen", "Poland", True, 190, 120),
    ("5156", "Portugal", "Portugal", True, 18, 8),
    ("5158", "Rumænien", "Romania", True, 150, 70),
    ("5160", "Schweiz", "Switzerland", True, 8, 4),
    ("5162", "Sovjetunionen", "Soviet Union", False, 7, 5),
    ("5164", "Spanien", "Spain", True, 44, 18),
    ("5170", "Storbritannien", "United Kingdom", True, 82, 44),
    ("5172", "Tyrkiet", "Turkey", False, 170, 230),
    ("5174", "Ungarn", "Hungary", True, 22, 10),
    ("5180", "Tyskland", "Germany", True, 120, 62),
    ("5182", "Østrig", "Austria", True, 10, 6),
    ("5214", "Etiopien", "Ethiopia", False, 14, 12),
    ("5216", "Eritrea", "Eritrea", False, 30, 22),
    ("5228", "Ghana", "Ghana", False, 14, 12),
    ("5244", "Marokko", "Morocco", False, 56, 78),
    ("5246", "Nigeria", "Nigeria", False, 12, 6),
    ("5272", "Egypten", "Egypt", False, 16, 12),
    ("5289", "Somalia", "Somalia", False, 62, 104),
    ("5306", "Brasilien", "Brazil", False, 30, 8),
    ("5314", "Canada", "Canada", True, 12, 5),
    ("5354", "Mexico", "Mexico", False, 8, 2),
    ("5390", "USA", "United States", True, 56, 22),
    ("5404", "Afghanistan", "Afghanistan", False, 86, 52),
    ("5410", "Bangladesh", "Bangladesh", False, 10, 6),
    ("5418", "Sri Lanka", "Sri Lanka", False, 28, 30),
    ("5432", "Indien", "India", False, 82, 34),
    ("5436", "Irak", "Iraq", False, 130, 110),
    ("5438", "Iran", "Iran", False, 110, 46),
    ("5446", "Jordan", "Jordan", False, 10, 16),
    ("5448", "Kina", "China", False, 76, 26),
    ("5456", "Libanon", "Lebanon", False, 74, 132),
    ("5464", "Nepal", "Nepal", False, 24, 6),
    ("5468", "Vietnam", "Vietnam", False, 60, 62),
    ("5472", "Pakistan", "Pakistan", False, 110, 128),
    ("5474", "Filippinerne", "Philippines", False, 66, 14),
    ("5486", "Syrien", "Syria", False, 140, 66),
    ("5492", "Thailand", "Thailand", False, 62, 6),
    ("5502", "Australien", "Australia", True, 10, 4),
    ("5514", "New Zealand", "New Zealand", True, 4, 2),
    ("5607", "Estland", "Estonia", True, 10, 5),
    ("5609", "Letland", "Latvia", True, 28, 14),
    ("5611", "Litauen", "Lithuania", True, 62, 36),
    ("5700", "Rusland", "Russia", False, 34, 14),
    ("5704", "Ukraine", "Ukraine", False, 36, 10),
    ("5750", "Kroatien", "Croatia", True, 14, 10),
    ("5754", "Bosnien-Hercegovina", "Bosnia and Herzegovina", False, 80, 66),
    ("5756", "Makedonien", "North Macedonia", False, 18, 26),
    ("5757", "Serbien", "Serbia", False, 12, 8),
    ("5761", "Kosovo", "Kosovo", False, 10, 8),
    ("5776", "Tjekkiet", "Czechia", True, 10, 4),
    ("5778", "Slovakiet", "Slovakia", True, 14, 6),
]
EDGES = [(first, first + 4) for first in range(0, 100, 5)] + [(100, 125)]
GOLDEN = 0.6180339887498949


@cache
def country_totals(group: int) -> tuple[Ints, Ints]:
    """Countries of an origin group (1 to 4 in ORIGINS) and persons, shape (14, 35, countries)."""
    western, immigrant = group in (1, 3), group in (1, 2)
    rows = [place for place, country in enumerate(COUNTRIES) if country[3] == western]
    start = np.array([COUNTRIES[row][4 if immigrant else 5] for row in rows], dtype=float)
    area = np.arange(group_totals().shape[0])[:, None, None]
    weights: Floats = start * (1 + 0.45 * np.sin(2.3 * area + 1.1 * np.arange(len(rows))))
    weights = np.repeat(weights, len(QUARTERS), axis=1)
    for place, row in enumerate(rows):
        if COUNTRIES[row][0] == "5704" and immigrant:
            weights[:, quarter_index("2022K2") :, place] *= 4
    return np.array(rows), apportion(group_totals()[:, group], weights)


def _spread(cells: Ints, totals: Ints) -> Ints:
    """Persons by cell and country with both margins exact: a fixed permutation deals persons to countries."""
    count = int(cells.sum())
    if count == 0:
        return np.zeros((len(cells), len(totals)), dtype=np.int32)
    step = max(1, round(count * GOLDEN))
    while np.gcd(step, count) != 1:
        step += 1
    dealt = np.repeat(np.arange(len(totals)), totals)[np.arange(count, dtype=np.int64) * step % count]
    key = np.repeat(np.arange(len(cells)), cells) * len(totals) + dealt
    return np.bincount(key, minlength=len(cells) * len(totals)).reshape(len(cells), len(totals))


@cache
def folk1c_figures() -> Ints:
    """The cube of FOLK1C: area, sex, age band, ancestry (TOT, 5, 4, 3), country, quarter."""
    banded = bands(persons(), EDGES, axis=2)
    areas, sexes, ages, _, quarters = banded.shape
    cube = np.zeros((areas, sexes, ages, 3, len(COUNTRIES) + 1, quarters), dtype=np.int32)
    cube[:, :, :, 0, 0] = banded[:, :, :, 0]
    for group in (1, 2, 3, 4):
        rows, totals = country_totals(group)
        ancestry = 1 if group in (1, 2) else 2
        for area in range(areas):
            for quarter in range(quarters):
                cells = banded[area, :, :, group, quarter].ravel()
                spread = _spread(cells, totals[area, quarter]).reshape(sexes, ages, len(rows))
                cube[area, :, :, ancestry, rows + 1, quarter] = np.moveaxis(spread, -1, 0)
    summed = sum_areas(cube, [value.code for value in area_values()])
    for axis in (1, 2, 3, 4):
        summed = total_first(summed, axis)
    return frozen(summed)


def folk1c() -> Table:
    """FOLK1C: population by area, sex, age, ancestry, country of origin and quarter."""
    ages = [Value("IALT", "Alder i alt", "Age, total")]
    ages += [Value(f"{a}-{b}", f"{a}-{b} år", f"{a}-{b} years") for a, b in EDGES[:-1]]
    ages += [Value("100OV", "100 år og derover", "100 years and over")]
    ancestry = [
        Value("TOT", "I alt", "Total"),
        Value("5", "Personer med dansk oprindelse", "Persons of Danish origin"),
        Value("4", "Indvandrere", "Immigrants"),
        Value("3", "Efterkommere", "Descendants"),
    ]
    origin = [Value("0000", "I alt", "Total"), Value("5100", "Danmark", "Denmark")]
    origin += [Value(code, da, en) for code, da, en, *_ in COUNTRIES]
    variables = [
        area_variable(),
        sex_variable(total="TOT", men="1", women="2"),
        Variable("ALDER", "alder", "age", ages, total="IALT"),
        Variable("HERKOMST", "herkomst", "ancestry", ancestry, total="TOT"),
        Variable("IELAND", "oprindelsesland", "country of origin", origin, total="0000"),
        quarter_variable(),
    ]
    return Table(
        id="FOLK1C",
        da="Befolkningen den 1. i kvartalet",
        en="Population at the first day of the quarter",
        subject="20021",
        updated="2026-08-11T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=folk1c_figures,
    )
