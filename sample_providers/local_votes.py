"""KVRES of the sample: municipal elections by municipality. Every figure is invented."""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Ints, apportion, frozen, half_up
from sample_providers.geography import MUNICIPALITY_CODES, area_values, area_variable, sum_areas
from sample_providers.population import PERSONS
from sample_providers.table import Table, Value, Variable

YEARS = ["2005", "2009", "2013", "2017", "2021"]
PARTIES = [
    ("GSA", "A. Socialdemokratiet", "A. The Social Democratic Party", 34),
    ("GSB", "B. Radikale Venstre", "B. The Danish Social-Liberal Party", 6),
    ("GSC", "C. Det Konservative Folkeparti", "C. The Conservative Peoples Party", 12),
    ("GSF", "F. SF - Socialistisk Folkeparti", "F. The Socialist Peoples Party", 8),
    ("GSO", "O. Dansk Folkeparti", "O. The Danish Peoples Party", 6),
    ("GSV", "V. Venstre, Danmarks Liberale Parti", "V. Venstre, Danmarks Liberal Party", 20),
    ("GSØ", "Ø. Enhedslisten - De Rød-Grønne", "Ø. The Red-Green Alliance", 8),
    ("GSL", "Lokallister i alt", "Local lists, total", 6),
]
_TURNOUT = np.array([0.685, 0.645, 0.705, 0.695, 0.658])


@cache
def kvres_figures() -> Ints:
    """The cube of KVRES: area, result, year."""
    place = np.arange(len(MUNICIPALITY_CODES))[:, None]
    start = np.array([PERSONS[code] for code in MUNICIPALITY_CODES])
    voters = 0.79 * start[:, 0] + 0.62 * start[:, 1] + 0.66 * start[:, 2] + 0.30 * start[:, 4]
    growth = 1 + start[:, 5:] / 250
    eligible = half_up(voters[:, None] * growth ** (np.array(YEARS, dtype=int) - 2019))
    cast = half_up(eligible * (_TURNOUT + 0.03 * np.sin(1.9 * place)))
    invalid = cast // 48
    blank = invalid * 2 // 3
    valid = cast - invalid
    by_party = apportion(valid, np.array([party[3] for party in PARTIES], dtype=float))
    letters, personal = cast // 9, valid * 7 // 10
    rows = [
        eligible,
        cast,
        valid,
        *np.moveaxis(by_party, -1, 0),
        personal,
        letters,
        invalid,
        blank,
        invalid - blank,
    ]
    return frozen(sum_areas(np.stack(rows, axis=1), [value.code for value in area_values()]))


def kvres() -> Table:
    """KVRES: municipal elections by area, result and year."""
    results = [
        Value("V", "Vælgere", "Voters"),
        Value("AS", "Afgivne stemmer", "Votes cast"),
        Value("GS", "Gyldige stemmer", "Valid votes"),
        *(Value(code, da, en) for code, da, en, _ in PARTIES),
        Value("PS", "Personlige stemmer", "Personal votes"),
        Value("GB", "Brevstemmer", "Absentee votes"),
        Value("US", "Ugyldige stemmer", "Invalid votes"),
        Value("BS", "Blanke stemmer", "Blank votes"),
        Value("AGS", "Andre ugyldige stemmer", "Other invalid votes"),
    ]
    variables = [
        area_variable(),
        Variable("VALRES", "valgresultat", "result of the election", results),
        Variable("Tid", "tid", "time", [Value(year, year, year) for year in YEARS], time=True),
    ]
    return Table(
        id="KVRES",
        da="Kommunalvalg",
        en="Municipal elections",
        subject="20006",
        updated="2021-12-09T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=kvres_figures,
        documentation="2a1c2c0d-0c40-4d06-9d21-6d2b8a4f4e7b",
    )
