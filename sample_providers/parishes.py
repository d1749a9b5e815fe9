"""KMSTA001 of the sample: parish population by origin and church membership, in agreement with FOLK1E.

Parish codes and the division into parishes are invented. Each municipality's parishes sum exactly to FOLK1E
of the first quarter, by origin.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Ints, apportion, frozen, half_up
from sample_providers.geography import MUNICIPALITIES, MUNICIPALITY_CODES
from sample_providers.population import group_totals, origin_variable, quarter_index
from sample_providers.table import Table, Value, Variable

YEARS = [str(year) for year in range(2018, 2027)]
_NAMED = {"151": ["Ballerup", "Skovlunde", "Måløv", "Pederstrup", "Egebjerg"]}
_MANY = {"101": 10, "751": 8, "461": 7, "851": 7}
_DIRECTIONS = [
    "Vor Frue",
    "Sankt Nikolaj",
    "Vestre",
    "Østre",
    "Søndre",
    "Nordre",
    "Midt",
    "Have",
    "Skov",
    "Strand",
]
_MEMBERS = np.array([0.72, 0.22, 0.04, 0.35, 0.05])


def parish_names() -> list[tuple[str, str, str]]:
    """(code, name, municipality code) of every parish."""
    found = []
    for place, code in enumerate(MUNICIPALITY_CODES):
        names = _NAMED.get(code) or [f"{MUNICIPALITIES[code]} {part}" for part in _DIRECTIONS[: _MANY.get(code, 4)]]
        found += [(f"{7100 + 20 * place + n}", name, code) for n, name in enumerate(names)]
    return found


def _residents() -> Ints:
    """Persons by parish, origin and year."""
    totals = group_totals()[..., [quarter_index(f"{year}K1") for year in YEARS]]
    parishes = parish_names()
    blocks = []
    for place, code in enumerate(MUNICIPALITY_CODES):
        count = sum(owner == code for *_, owner in parishes)
        size = 1 + 0.5 * np.sin(1.9 * np.arange(count) + place)
        lean = np.exp(0.9 * np.cos(2.6 * np.arange(count) + place))  # where non-western residents live
        weights = np.stack([size, size, size * lean, size, size * lean])
        blocks.append(apportion(totals[place], weights[:, None]).transpose(2, 0, 1))
    return np.concatenate(blocks)


@cache
def kmsta001_figures() -> Ints:
    """The cube of KMSTA001: parish (0000 first, 9999 last, both empty), ancestry, membership, year."""
    residents = _residents()
    yearly = 1 - 0.006 * np.arange(len(YEARS))
    inside = half_up(residents * _MEMBERS[:, None] * yearly)
    cube = np.stack([inside, residents - inside], axis=2).astype(np.int32)
    return frozen(np.pad(cube, [(1, 1), (0, 0), (0, 0), (0, 0)]))


def kmsta001() -> Table:
    """KMSTA001: residents on 1 January by parish, ancestry, membership of the church and year. No totals."""
    parishes = [Value("0000", "0000 Uden placerbar adresse", "0000 Without a known address")]
    for code, name, owner in parish_names():
        municipality = "Københavns" if owner == "101" else MUNICIPALITIES[owner]
        text = f"{code} {name} ({municipality} Kommune)"
        parishes.append(Value(code, text, text))
    parishes.append(Value("9999", "9999 Uden fast bopæl", "9999 Without permanent residence"))
    membership = [
        Value("F", "Medlem af Folkekirken", "Member of the National Church"),
        Value("U", "Ikke medlem af Folkekirken", "Not member of the National Church"),
    ]
    years = [Value(year, year, year) for year in YEARS]
    variables = [
        Variable("SOGN", "sogn", "parish", parishes),
        origin_variable(total=None, danish="1"),
        Variable("FKMED", "folkekirkemedlemsskab", "membership of the National Church", membership),
        Variable("Tid", "tid", "time", years, time=True),
    ]
    return Table(
        id="KMSTA001",
        da="Befolkningen 1. januar",
        en="Population 1 January",
        subject="20401",
        updated="2026-02-19T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=kmsta001_figures,
        documentation="0b9b8f83-d7e4-4a8e-9a90-9a6a4b5a5c0e",
    )
