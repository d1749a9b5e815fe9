"""LIGEUB1 and UDDAKT20 of the sample: highest completed education, and pupils of the upper grades.

Residents aged 15-69 are those of FOLK1E on 1 October. Of UDDAKT20 the sample lists the grades 7 to 10 and the
ages 13 to 18 only, with totals over just these; pupils are made from the residents of the usual age.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Floats, Ints, apportion, frozen, half_up, total_first
from sample_providers.geography import area_values, area_variable, sum_areas
from sample_providers.population import bands, origin_variable, persons, quarter_index, sex_variable
from sample_providers.table import Table, Value, Variable

EDGES = [(first, first + 4) for first in range(15, 70, 5)]
YEARS = [str(year) for year in range(2018, 2026)]
LEVELS_HIGHER = 4  # from H40 up
SCHOOL_YEARS = [str(year) for year in range(2018, 2025)]
LEVELS = [
    ("H10", "H10 Grundskole", "H10 Primary education"),
    ("H20", "H20 Gymnasiale uddannelser", "H20 Upper secondary education"),
    ("H30", "H30 Erhvervsfaglige uddannelser", "H30 Vocational education and training"),
    ("H35", "H35 Adgangsgivende uddannelsesforløb", "H35 Qualifying educational programmes"),
    ("H40", "H40 Korte videregående uddannelser, KVU", "H40 Short cycle higher education"),
    ("H50", "H50 Mellemlange videregående uddannelser, MVU", "H50 Vocational bachelors educations"),
    ("H60", "H60 Bacheloruddannelser, BACH", "H60 Bachelors programs"),
    ("H70", "H70 Lange videregående uddannelser, LVU", "H70 Masters programs"),
    ("H80", "H80 Ph.d. og forskeruddannelser", "H80 PhD programs"),
    ("H90", "H90 Uoplyst mv.", "H90 Not stated"),
]
# Weights of the ten levels by origin (1, 24, 25, 34, 35) among adults, and those of the youngest.
_ADULT = np.array(
    [
        [160, 70, 350, 5, 60, 180, 30, 125, 10, 10],
        [90, 90, 170, 6, 50, 130, 60, 210, 14, 180],
        [260, 110, 190, 8, 45, 90, 40, 80, 6, 170],
        [170, 110, 250, 6, 55, 150, 50, 150, 8, 51],
        [240, 150, 220, 10, 55, 130, 60, 95, 4, 36],
    ],
    dtype=float,
)
_YOUNG = {
    0: np.array([1000, 60, 8, 2, 0, 0, 0, 0, 0, 12], dtype=float),
    1: np.array([260, 520, 120, 8, 12, 14, 50, 4, 0, 12], dtype=float),
}


def _level_weights() -> Floats:
    """Weights by origin, band, year and level: more schooling from year to year, a little."""
    weights = np.repeat(_ADULT[:, None], len(EDGES), axis=1)
    for band, young in _YOUNG.items():
        weights[:, band] = young * (0.6 + 0.4 * _ADULT / _ADULT[0])
    gain = 1 + 0.02 * np.arange(len(YEARS))[:, None] * (np.arange(len(LEVELS)) > 0)
    by_year: Floats = weights[:, :, None] * gain
    return by_year


def _origin_subtotals(cube: Ints, axis: int) -> Ints:
    """The origin axis as 0, 10, 21, 24, 25, 31, 34, 35."""
    danish, western, non_western, western_born, born = np.moveaxis(cube, axis, 0)
    immigrants, descendants = western + non_western, western_born + born
    groups = [danish + immigrants + descendants, danish, immigrants, western, non_western]
    return np.stack([*groups, descendants, western_born, born], axis=axis)


@cache
def ligeub1_figures() -> Ints:
    """The cube of LIGEUB1: area, ancestry, level, band, sex, year."""
    places = [quarter_index(f"{year}K4") for year in YEARS]
    people = bands(persons(), EDGES, axis=2)[..., places].transpose(0, 1, 3, 2, 4)  # area, sex, origin, band
    women = np.array([1.0, 1.15])[None, :, None, None, None, None] ** (np.arange(len(LEVELS)) >= LEVELS_HIGHER)
    by_level = apportion(people, _level_weights()[None, None] * women).astype(np.int32)
    cube = sum_areas(by_level.transpose(0, 2, 5, 3, 1, 4), [value.code for value in area_values()])
    cube = _origin_subtotals(cube, axis=1)
    for axis in (2, 3, 4):
        cube = total_first(cube, axis)
    return frozen(np.ascontiguousarray(cube))


def ligeub1() -> Table:
    """LIGEUB1: residents aged 15-69 by area, ancestry, highest completed education, age, sex and year."""
    origin = origin_variable(total="0", danish="10")
    origin.values[2:2] = [Value("21", "Indvandrere i alt", "Immigrants, total")]
    origin.values[5:5] = [Value("31", "Efterkommere i alt", "Descendants, total")]
    levels = [Value("TOT", "I alt", "Total"), *(Value(*level) for level in LEVELS)]
    ages = [Value("TOT", "Alder i alt", "Age, total")]
    ages += [Value(f"{a}-{b}", f"{a}-{b} år", f"{a}-{b} years") for a, b in EDGES]
    years = [Value(year, year, year) for year in YEARS]
    variables = [
        area_variable("BOPOMR"),
        origin,
        Variable("HFUDD", "højeste fuldførte uddannelse", "highest education completed", levels, total="TOT"),
        Variable("ALDER", "alder", "age", ages, total="TOT"),
        sex_variable(total="TOT", men="M", women="K"),
        Variable("Tid", "tid", "time", years, time=True),
    ]
    return Table(
        id="LIGEUB1",
        da="Befolkningens højeste fuldførte uddannelse (15-69 år)",
        en="Educational attainment (15-69 years)",
        subject="20301",
        updated="2026-04-08T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=ligeub1_figures,
        documentation="3a5ebc0e-9c0f-4a07-9e07-ab9a2e62d5a6",
    )


# Pupils -----------------------------------------------------------------------------------------------

GRADES = [("U27", 7), ("U28", 8), ("U29", 9), ("U30", 10)]
AGES = list(range(13, 19))
SCHOOLS = [
    ("1011", "Efterskoler", "Continuation schools"),
    ("1012", "Folkeskoler", "Public schools"),
    ("1013", "Friskoler og private grundskoler", "Private schools"),
    ("1014", "Kommunale ungdomsskoler og ungdomskostskoler", "Municipal youth schools"),
    ("1015", "Specialskoler for børn", "Special schools for children"),
    ("1016", "Dagbehandlingstilbud og behandlingshjem", "Day treatment and treatment homes"),
    ("1999", "Andre skoler", "Other schools"),
]
_SCHOOL = np.array([70, 720, 170, 8, 20, 8, 4], dtype=float)
_IN_GRADE = np.array([0.98, 0.97, 0.95, 0.45])  # of the residents of the usual age
# Completed of the pupils of the year before by origin (1, 24, 25, 34, 35, unknown), and the yearly gain.
_COMPLETED = np.array([0.958, 0.900, 0.820, 0.935, 0.905, 0.70])
_COMPLETED_GAIN = np.array([0.001, 0.002, 0.006, 0.001, 0.004, 0.0])
_AGE_OFFSET = np.array([0.04, 0.86, 0.10])  # a year younger, the usual age, a year older


def _pupils() -> Ints:
    """Pupils on 1 October by municipality, sex, grade, origin (unknown last) and year from 2017."""
    quarters = [quarter_index("2018K1"), *(quarter_index(f"{year}K4") for year in SCHOOL_YEARS)]
    usual = [grade + 6 for _, grade in GRADES]
    people = persons()[:, :, usual][..., quarters]
    pupils = half_up(people.astype(np.float64) * _IN_GRADE[:, None, None])
    unknown = pupils.sum(axis=3, keepdims=True) // 150
    return np.concatenate([pupils, unknown], axis=3)


@cache
def uddakt20_figures() -> Ints:
    """The cube of UDDAKT20: area, grade, age, ancestry, national origin, sex, school, status, year."""
    pupils = _pupils()
    share = _COMPLETED[:, None] + _COMPLETED_GAIN[:, None] * np.arange(len(SCHOOL_YEARS))
    done = half_up(pupils[..., :-1] * np.minimum(share, 0.995))
    entered = half_up(pupils[..., 1:] * 0.985)
    counts = np.stack([pupils[..., 1:], done, entered], axis=-2)  # area, sex, grade, origin, status, year
    by_school = apportion(counts, _SCHOOL)
    spread = apportion(by_school, _AGE_OFFSET)  # …, school, offset
    areas, sexes = counts.shape[:2]
    cube = np.zeros((areas, len(GRADES), len(AGES), 4, 4, sexes, len(SCHOOLS), 3, len(SCHOOL_YEARS)), np.int32)
    # ancestry 5, 4, 3, 0 and national origin 1, 2, 9, 000 of the six origin groups
    for origin, (ancestry, nation) in enumerate([(0, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 3)]):
        for grade in range(len(GRADES)):
            for offset in range(3):
                figures = spread[:, :, grade, origin, :, :, :, offset]  # area, sex, status, year, school
                cube[:, grade, grade + offset, ancestry, nation] += figures.transpose(0, 1, 4, 2, 3)
    cube = sum_areas(cube, [value.code for value in area_values()])
    for axis in (1, 2, 3, 4, 5, 6):
        cube = total_first(cube, axis)
    return frozen(np.ascontiguousarray(cube.transpose(1, 2, 3, 4, 5, 6, 0, 7, 8)))


def uddakt20() -> Table:
    """UDDAKT20: pupils by grade, age, ancestry, national origin, sex, school, area, status and year."""
    ancestry = [
        ("TOT", "I alt", "Total"),
        ("5", "Personer med dansk oprindelse", "Persons of Danish origin"),
        ("4", "Indvandrere", "Immigrants"),
        ("3", "Efterkommere", "Descendants"),
        ("0", "Uoplyst herkomst", "Ancestry not stated"),
    ]
    nations = [
        ("TOT", "I alt", "Total"),
        ("1", "Danmark", "Denmark"),
        ("2", "Vestlige lande", "Western countries"),
        ("9", "Ikke-vestlige lande", "Non-western countries"),
        ("000", "Uoplyst national oprindelse", "National origin not stated"),
    ]
    status = [
        ("B", "Elever pr. 1. oktober", "Pupils 1 October"),
        ("F", "Fuldført", "Completed"),
        ("T", "Tilgang", "Entrants"),
    ]
    grades = [("TOT", "I alt", "Total")]
    grades += [(code, f"{code} {grade}. klassetrin", f"{code} Grade {grade}") for code, grade in GRADES]
    ages = [("TOT", "Alder i alt", "Age, total"), *((str(a), f"{a} år", f"{a} years") for a in AGES)]
    years = [Value(year, year, year) for year in SCHOOL_YEARS]
    variables = [
        _variable("UDDANNELSE", "uddannelse", "education", grades, "TOT"),
        _variable("ALDER", "alder", "age", ages, "TOT"),
        _variable("HERKOMST", "herkomst", "ancestry", ancestry, "TOT"),
        _variable("HERKOMST1", "national oprindelse", "national origin", nations, "TOT"),
        sex_variable(total="10", men="M", women="K"),
        _variable("GRUNDSKOL", "skoletype", "type of school", [("0", "I alt", "Total"), *SCHOOLS], "0"),
        area_variable("BOPOMR"),
        _variable("FSTATUS", "status", "status", status, None),
        Variable("Tid", "tid", "time", years, time=True),
    ]
    return Table(
        id="UDDAKT20",
        da="Elever i grundskolen",
        en="Pupils in basic school",
        subject="20302",
        updated="2025-12-04T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=uddakt20_figures,
        documentation="1f1b0a68-3c1a-4c7b-92a6-6d3a5c3a5f1d",
    )


def _variable(name: str, da: str, en: str, values: list[tuple[str, str, str]], total: str | None) -> Variable:
    return Variable(name, da, en, [Value(*value) for value in values], total=total)
