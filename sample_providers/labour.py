"""RAS201 and RAS200 of the sample: population by labour-market status, and the rates made from it.

The population at the end of November of year t is FOLK1E of the first quarter of t + 1, exactly.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Floats, Ints, frozen, half_up, rate_tenths, total_first
from sample_providers.geography import MUNICIPALITY_CODES, area_values, area_variable, sum_areas
from sample_providers.population import bands, origin_variable, persons, quarter_index, sex_variable
from sample_providers.table import MISSING, Table, Value, Variable

YEARS = [str(year) for year in range(2018, 2025)]
EDGES = [(0, 15), (16, 19), *((first, first + 4) for first in range(20, 65, 5)), (65, 66), (67, 125)]
WORKING = slice(1, 11)  # 16-19 … 60-64
UPDATED = "2026-04-23T08:00:00"
SUBJECT = "20102"

# Employed per 1,000 by band for Danish origin, men; the other groups are set against it.
_EMPLOYED = np.array([0, 540, 745, 800, 845, 870, 880, 878, 866, 835, 690, 330, 75]) / 1000
# Relative level (men, women) at the start by origin: 1, 24, 25, 34, 35; and its yearly gain.
_LEVEL = np.array([[0.985, 0.960], [0.860, 0.780], [0.765, 0.600], [0.930, 0.930], [0.885, 0.870]])
_GAIN = np.array([0.0020, 0.0060, 0.0115, 0.0030, 0.0050])
# Unemployed per 1,000 of those not employed, by origin, and relative level by year (2020 was a poor year).
_IDLE = np.array([0.090, 0.135, 0.125, 0.120, 0.130])
_TIDE = np.array([0.990, 0.997, 0.975, 1.006, 1.022, 1.022, 1.024])
_TIDE_IDLE = np.array([1.00, 0.95, 1.30, 0.80, 0.70, 0.75, 0.78])


def employment_shares() -> Floats:
    """Share employed by municipality, sex, band, origin and year, shape (14, 2, 13, 5, 7)."""
    year = np.arange(len(YEARS))
    level = _LEVEL[:, :, None] * (1 + _GAIN[:, None, None] * year) * _TIDE  # origin, sex, year
    level = level.transpose(1, 0, 2)[None, :, None]
    area = 1 + 0.025 * np.sin(2.1 * np.arange(len(MUNICIPALITY_CODES)) - 3)
    share = area[:, None, None, None, None] * _EMPLOYED[None, None, :, None, None] * level
    capped: Floats = np.minimum(share, 0.97)
    return capped


def unemployment_shares() -> Floats:
    """Share unemployed of those not employed by band, origin and year, shape (13, 5, 7)."""
    looking = np.zeros(len(EDGES))
    looking[WORKING] = 1
    looking[1] = 0.3  # most of the youngest without work are at school
    shares: Floats = looking[:, None, None] * _IDLE[:, None] * _TIDE_IDLE
    return shares


def november_population() -> Ints:
    """Persons by municipality, sex, band, origin and year: FOLK1E of the following first quarter."""
    quarters = [quarter_index(f"{int(year) + 1}K1") for year in YEARS]
    return bands(persons(), EDGES, axis=2)[..., quarters]


@cache
def status_counts() -> Ints:
    """Persons, shape (3 statuses, 14 municipalities, 2 sexes, 13 bands, 5 origins, 7 years)."""
    population = november_population()
    employed = half_up(population * employment_shares())
    rest = population - employed
    unemployed = half_up(rest * unemployment_shares())
    counts = np.stack([employed, unemployed, rest - unemployed])
    return frozen(counts.astype(np.int32))


def _areas() -> list[str]:
    return [value.code for value in area_values(provinces=True)]


@cache
def ras201_figures() -> Ints:
    """The cube of RAS201: area, status, ancestry (999, 24, 25, 34, 35), band, sex, year."""
    counts = sum_areas(status_counts(), _areas(), axis=1)
    return frozen(np.ascontiguousarray(counts.transpose(1, 0, 4, 3, 2, 5)))


def _with_origin_totals(counts: Ints) -> Ints:
    """The origin axis (last but one) as 00, 10, 20, 24, 25, 30, 34, 35."""
    danish, western, non_western, western_born, non_western_born = np.moveaxis(counts, -2, 0)
    immigrants, descendants = western + non_western, western_born + non_western_born
    groups = [danish + immigrants + descendants, danish, immigrants, western, non_western]
    return np.stack([*groups, descendants, western_born, non_western_born], axis=-2)


def _wide_bands(counts: Ints) -> Ints:
    """The age axis (index 3) as 16-64, 16-65 and 16-66; age 65 is split from 65-66 by its population."""
    population = persons()[..., [quarter_index(f"{int(year) + 1}K1") for year in YEARS]]
    at_65, both = population[:, :, 65], population[:, :, 65] + population[:, :, 66]
    last = counts[:, :, :, 11].astype(np.int64)
    part = np.zeros_like(last)
    for status in (0, 1):
        part[status] = last[status] * at_65 // np.maximum(both, 1)
    part[2] = at_65 - part[0] - part[1]
    to_64 = counts[:, :, :, WORKING].sum(axis=3, dtype=np.int64)
    return np.stack([to_64, to_64 + part, to_64 + last], axis=3)


@cache
def ras200_figures() -> Ints:
    """The cube of RAS200 in tenths of a per cent: area, ancestry, age, sex, rate (BFK, EFK), year."""
    counts = sum_areas(_wide_bands(status_counts()), _areas(), axis=1)
    counts = total_first(_with_origin_totals(counts), axis=2)  # status, area, sex, age, ancestry, year
    whole = counts.sum(axis=0)
    rates = np.stack([rate_tenths(counts[0], whole, MISSING), rate_tenths(counts[0] + counts[1], whole, MISSING)])
    rates[:, :, :, 1, :, : YEARS.index("2020")] = 0  # 16-65 is published from 2020, 16-66 from 2022
    rates[:, :, :, 2, :, : YEARS.index("2022")] = 0
    return frozen(np.ascontiguousarray(rates.transpose(1, 4, 3, 2, 0, 5).astype(np.int32)))


def year_variable() -> Variable:
    """Tid in years."""
    return Variable("Tid", "tid", "time", [Value(year, year, year) for year in YEARS], time=True)


def band_values(youngest: str) -> list[Value]:
    """The age bands of RAS201 and KAS201; they differ in the code of those under 16 (`youngest`)."""
    found = [Value(youngest, "Under 16 år", "Under 16 years")]
    found += [Value(f"{a}-{b}", f"{a}-{b} år", f"{a}-{b} years") for a, b in EDGES[1:-1]]
    return [*found, Value("67-", "67 år og derover", "67 years and over")]


STATUS = [
    Value("00", "Beskæftigede", "Employed"),
    Value("50", "Arbejdsløse", "Unemployed"),
    Value("55", "Uden for arbejdsstyrken", "Outside the labour force"),
]


def ras201() -> Table:
    """RAS201: population by area, status, ancestry, age, sex and year. No totals but the country."""
    variables = [
        area_variable(provinces=True),
        Variable("SOCIO", "socioøkonomisk status", "socioeconomic status", [Value(**vars(v)) for v in STATUS]),
        origin_variable(total=None, danish="999"),
        Variable("ALDER", "alder", "age", band_values("-15")),
        sex_variable(total=None, men="M", women="K"),
        year_variable(),
    ]
    return Table(
        id="RAS201",
        da="Befolkningen (ultimo november)",
        en="Population (end November)",
        subject=SUBJECT,
        updated=UPDATED,
        variables={variable.id: variable for variable in variables},
        figures=ras201_figures,
        documentation="7cf0eb12-42e8-4fcd-96d9-24e0a1ad5b40",
    )


def ras200() -> Table:
    """RAS200: employment and activity rates by area, ancestry, age, sex and year."""
    origin = origin_variable(total="00", danish="10")
    origin.values[2:2] = [Value("20", "Indvandrere", "Immigrants")]
    origin.values[5:5] = [Value("30", "Efterkommere", "Descendants")]
    ages = [
        Value("16-64", "16-64 år", "16-64 years"),
        Value("16-65", "16-65 år", "16-65 years"),
        Value("1666", "16-66 år", "16-66 years"),
    ]
    rates = [
        Value("BFK", "Beskæftigelsesfrekvens", "Employment rate"),
        Value("EFK", "Erhvervsfrekvens", "Activity rate"),
    ]
    variables = [
        area_variable(provinces=True),
        origin,
        Variable("ALDER", "alder", "age", ages),
        sex_variable(total="TOT", men="M", women="K"),
        Variable("BEREGNING", "frekvens", "rate", rates),
        year_variable(),
    ]
    return Table(
        id="RAS200",
        da="Beskæftigelses- og erhvervsfrekvenser (ultimo november)",
        en="Employment and activity rates (end November)",
        subject=SUBJECT,
        updated=UPDATED,
        variables={variable.id: variable for variable in variables},
        figures=ras200_figures,
        unit_da="Pct.",
        unit_en="Per cent",
        decimals=1,
        documentation="7cf0eb12-42e8-4fcd-96d9-24e0a1ad5b40",
    )
