"""Sample population by municipality, sex, age, origin and quarter: the figures behind FOLK1E.

Every other table is made from these, so that the identities between tables hold exactly. The figures are
invented except Ballerup's five counts of 2019K4, which are those printed in the municipality's strategy.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Floats, Ints, apportion, frozen, half_up, total_first
from sample_providers.geography import MUNICIPALITY_CODES, area_values, area_variable, sum_areas
from sample_providers.table import Table, Value, Variable

ORIGINS = ["1", "24", "25", "34", "35"]
AGES = 126
OLDEST = 104
QUARTERS = [f"{year}K{quarter}" for year in range(2018, 2027) for quarter in range(1, 5)][:35]
BASE_QUARTER = QUARTERS.index("2019K4")
# Persons on 1 October 2019 in the order of ORIGINS, and the quarterly growth of Danish origin in per mille.
PERSONS = {
    "101": (466_200, 55_800, 64_100, 9_300, 33_400, 1.6),
    "147": (82_600, 9_500, 7_600, 1_300, 3_000, -0.6),
    "165": (18_400, 1_420, 4_450, 310, 3_230, -1.1),
    "151": (40_175, 1_563, 4_037, 319, 2_381, 0.4),
    "153": (22_100, 1_830, 6_080, 370, 4_950, -1.2),
    "159": (54_900, 3_480, 6_610, 590, 3_720, 0.3),
    "161": (17_900, 1_090, 2_420, 214, 1_310, 0.5),
    "163": (23_000, 1_230, 2_640, 246, 1_790, -0.2),
    "167": (43_100, 2_570, 4_390, 420, 2_810, -0.7),
    "183": (12_900, 1_610, 4_330, 380, 3_940, -1.5),
    "253": (43_400, 1_620, 3_050, 352, 2_140, 0.2),
    "461": (169_200, 10_400, 14_600, 1_480, 8_600, 0.2),
    "751": (288_700, 17_100, 26_200, 2_530, 15_100, 1.3),
    "851": (188_300, 11_900, 11_400, 1_260, 4_400, 0.4),
}
GROWTH = (0.0, 0.0085, 0.0042, 0.0110, 0.0068)  # a quarter, on top of the area's own for Danish origin


def _bell(age: Floats, middle: float, width: float) -> Floats:
    return np.exp(-(((age - middle) / width) ** 2) / 2)


@cache
def age_profiles() -> Floats:
    """Weights by origin, sex and single year of age, shape (5, 2, 126); 0 from age 105."""
    age = np.arange(AGES, dtype=float)
    old = 1 / (1 + np.exp((age - 81) / 5.5))
    danish = (1 + 0.12 * np.sin(age / 9)) * old
    western = 0.10 * old + 1.1 * _bell(age, 31, 7) + 0.35 * _bell(age, 48, 13)
    non_western = 0.10 * _bell(age, 12, 7) + 0.85 * _bell(age, 41, 13) + 0.22 * _bell(age, 64, 9)
    western_born = np.exp(-age / 11) + 0.16 * _bell(age, 28, 16)
    non_western_born = _bell(age, 4, 12) + 0.42 * _bell(age, 23, 9) + 0.02 * _bell(age, 42, 8)
    profiles = np.stack([danish, western, non_western, western_born, non_western_born])
    men = 0.51 - 0.0016 * np.clip(age - 55, 0, 40)
    profiles = np.stack([profiles * men, profiles * (1 - men)], axis=1)
    return profiles * (age <= OLDEST)


@cache
def group_totals() -> Ints:
    """Persons by municipality, origin and quarter, shape (14, 5, 35)."""
    start = np.array([PERSONS[code][:5] for code in MUNICIPALITY_CODES], dtype=float)
    growth = np.tile(GROWTH, (len(MUNICIPALITY_CODES), 1))
    growth[:, 0] = [PERSONS[code][5] / 1000 for code in MUNICIPALITY_CODES]
    steps = np.arange(len(QUARTERS)) - BASE_QUARTER
    return frozen(half_up(start[..., None] * (1 + growth[..., None]) ** steps))


@cache
def persons() -> Ints:
    """Persons, shape (14 municipalities, 2 sexes, 126 ages, 5 origins, 35 quarters)."""
    totals = group_totals()
    area = np.arange(len(MUNICIPALITY_CODES))[:, None, None, None]
    age = np.arange(AGES)
    weights = age_profiles() * (1 + 0.10 * np.sin(1.7 * area + 0.31 * age))
    flat = weights.reshape(len(MUNICIPALITY_CODES), len(ORIGINS), 1, 2 * AGES)
    shared = apportion(totals, flat).astype(np.int32)
    cube = shared.reshape(*totals.shape, 2, AGES)  # area, origin, quarter, sex, age
    return frozen(np.ascontiguousarray(cube.transpose(0, 3, 4, 1, 2)))


def quarter_index(quarter: str) -> int:
    """The position of a quarter ('2019K4') on the last axis of `persons`."""
    return QUARTERS.index(quarter)


def bands(cube: Ints, edges: list[tuple[int, int]], axis: int) -> Ints:
    """Single years summed to bands; `edges` are the first and the last age of each band, both included."""
    ages = np.moveaxis(cube, axis, 0)
    sums = [ages[first : last + 1].sum(axis=0, dtype=cube.dtype) for first, last in edges]
    return np.moveaxis(np.stack(sums), 0, axis)


@cache
def folk1e_figures() -> Ints:
    """The cube of FOLK1E: area, sex, age, origin, quarter, each with its total first."""
    cube = persons()
    for axis in (1, 2, 3):
        cube = total_first(cube, axis)
    return frozen(sum_areas(cube, [value.code for value in area_values()]))


def quarter_variable() -> Variable:
    """Tid in quarters."""
    values = [Value(quarter, quarter, quarter.replace("K", "Q")) for quarter in QUARTERS]
    return Variable("Tid", "tid", "time", values, time=True)


def sex_variable(*, total: str | None, men: str, women: str) -> Variable:
    """KØN with the codes of a table; `total` None where the table has no total."""
    values = [Value(total, "I alt", "Total")] if total else []
    values += [Value(men, "Mænd", "Men"), Value(women, "Kvinder", "Women")]
    return Variable("KØN", "køn", "sex", values, total=total)


ORIGIN_TEXTS = {
    "danish": ("Personer med dansk oprindelse", "Persons of Danish origin"),
    "24": ("Indvandrere fra vestlige lande", "Immigrants from western countries"),
    "25": ("Indvandrere fra ikke-vestlige lande", "Immigrants from non-western countries"),
    "34": ("Efterkommere fra vestlige lande", "Descendants from western countries"),
    "35": ("Efterkommere fra ikke-vestlige lande", "Descendants from non-western countries"),
}


def origin_variable(*, total: str | None, danish: str) -> Variable:
    """HERKOMST in five groups with the codes of a table."""
    values = [Value(total, "I alt", "Total")] if total else []
    values += [Value(danish if key == "danish" else key, *texts) for key, texts in ORIGIN_TEXTS.items()]
    return Variable("HERKOMST", "herkomst", "ancestry", values, total=total)


def folk1e() -> Table:
    """FOLK1E: population by area, sex, age, origin and quarter."""
    ages = [Value("IALT", "Alder i alt", "Age, total")]
    ages += [Value(str(age), f"{age} år", f"{age} year" if age == 1 else f"{age} years") for age in range(AGES)]
    variables = [
        area_variable(),
        sex_variable(total="TOT", men="1", women="2"),
        Variable("ALDER", "alder", "age", ages, total="IALT"),
        origin_variable(total="TOT", danish="1"),
        quarter_variable(),
    ]
    return Table(
        id="FOLK1E",
        da="Befolkningen den 1. i kvartalet",
        en="Population at the first day of the quarter",
        subject="20021",
        updated="2026-08-11T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=folk1e_figures,
    )
