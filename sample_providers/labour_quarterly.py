"""KAS201 of the sample: population by labour-market status, averages of quarters and of the year.

A quarter's population is FOLK1E on its first day. PERIODE 1 is the mean of the four quarters, rounded cell
by cell in each municipality, so every total is exactly the sum of its parts.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Ints, frozen, half_up, total_first
from sample_providers.geography import area_values, area_variable, sum_areas
from sample_providers.labour import (
    EDGES,
    STATUS,
    SUBJECT,
    YEARS,
    band_values,
    employment_shares,
    unemployment_shares,
    year_variable,
)
from sample_providers.population import bands, origin_variable, persons, quarter_index, sex_variable
from sample_providers.table import Table, Value, Variable

_SEASON = (0.988, 1.002, 1.010, 1.000)


def _quarter(quarter: int) -> Ints:
    """Persons by status, municipality, sex, band, origin and year in one quarter (0 to 3)."""
    places = [quarter_index(f"{year}K{quarter + 1}") for year in YEARS]
    population = bands(persons(), EDGES, axis=2)[..., places]
    employed = half_up(population * np.minimum(employment_shares() * _SEASON[quarter], 0.98))
    rest = population - employed
    unemployed = half_up(rest * unemployment_shares())
    return np.stack([employed, unemployed, rest - unemployed])


@cache
def kas201_figures() -> Ints:
    """The cube of KAS201: area, status, ancestry, band, sex, period, year."""
    quarters = np.stack([_quarter(quarter) for quarter in range(4)])
    mean = (quarters.sum(axis=0, keepdims=True) + 2) // 4
    counts = np.concatenate([mean, quarters]).astype(np.int32)  # period, status, area, sex, band, origin, year
    areas = [value.code for value in area_values(provinces=True)]
    cube = sum_areas(counts, areas, axis=2).transpose(2, 1, 5, 4, 3, 0, 6)
    for axis in (1, 2, 3, 4):
        cube = total_first(cube, axis)
    return frozen(np.ascontiguousarray(cube))


def kas201() -> Table:
    """KAS201: population by area, status, ancestry, age, sex, period of the year and year."""
    status = [Value("TOT", "I alt", "Total"), *(Value(**vars(value)) for value in STATUS)]
    periods = [Value("1", "Hele året", "Whole year")]
    periods += [Value(f"K{n}", f"{n}. kvartal", f"Quarter {n}") for n in range(1, 5)]
    ages = [Value("TOT", "Alder i alt", "Age, total"), *band_values("-16")]
    variables = [
        area_variable(provinces=True),
        Variable("SOCIO", "socioøkonomisk status", "socioeconomic status", status, total="TOT"),
        origin_variable(total="TOT", danish="1"),
        Variable("ALDER", "alder", "age", ages, total="TOT"),
        sex_variable(total="TOT", men="M", women="K"),
        Variable("PERIODE", "periode", "period", periods, total="1"),
        year_variable(),
    ]
    return Table(
        id="KAS201",
        da="Befolkningen (gennemsnit)",
        en="Population (average)",
        subject=SUBJECT,
        updated="2025-12-11T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=kas201_figures,
        documentation="7cf0eb12-42e8-4fcd-96d9-24e0a1ad5b40",
    )
