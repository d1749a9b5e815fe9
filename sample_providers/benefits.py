"""KY038 of the sample: full-year recipients of cash benefits, made from the population aged 18-66."""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Ints, apportion, frozen, half_up, total_first
from sample_providers.geography import area_values, area_variable, sum_areas
from sample_providers.population import persons, quarter_index
from sample_providers.table import Table, Value, Variable

YEARS = [str(year) for year in range(2018, 2025)]
# code, Danish, English, weight; two benefits had ended before the sample's first year.
BENEFITS: list[tuple[str, str, str, float]] = [
    ("10050", "Kontanthjælp i alt", "Social assistance, total", 600),
    ("10025", "Uddannelseshjælp i alt", "Education assistance, total", 260),
    ("10060", "Løntilskud vedrørende kontant- og uddannelseshjælpsmodtagere", "Wage subsidies", 12),
    (
        "10070",
        "Kontant- og uddannelseshjælp under forrevalidering",
        "Assistance during pre-rehabilitation",
        8,
    ),
    ("10020", "Kontanthjælp og integrationsydelse til udlændinge", "Assistance to foreigners", 70),
    ("10040", "Revalideringsydelse", "Rehabilitation benefit", 40),
    ("10032", "Kontantydelse", "Cash benefit (from October 2015)", 10),
    ("10035", "Arbejdsmarkedsydelse", "Labour market benefit (from January 2014)", 0),
    ("10030", "Særlig uddannelsesydelse", "Special education benefit (until January 2014)", 0),
]
_SHARE = np.array([0.026, 0.024, 0.105, 0.030, 0.055])  # by origin at the start
_YEARLY = np.array([0.96, 0.95, 0.935, 0.96, 0.94])


def _recipients() -> Ints:
    """Full-year recipients by municipality, origin (unknown last) and year."""
    quarters = [quarter_index(f"{year}K{quarter}") for year in YEARS for quarter in range(1, 5)]
    grown = persons()[:, :, 18:67].sum(axis=(1, 2), dtype=np.int64)[..., quarters]
    mean = grown.reshape(*grown.shape[:2], len(YEARS), 4).mean(axis=-1)
    area = 1 + 0.12 * np.sin(1.3 * np.arange(len(mean)))[:, None, None]
    counts = half_up(mean * _SHARE[:, None] * _YEARLY[:, None] ** np.arange(len(YEARS)) * area)
    return np.concatenate([counts, counts.sum(axis=1, keepdims=True) // 200], axis=1)


@cache
def ky038_figures() -> Ints:
    """The cube of KY038: area (997 last), benefit, national origin, ancestry, year."""
    weights = np.array([benefit[3] for benefit in BENEFITS])
    counts = apportion(_recipients(), weights).transpose(0, 3, 1, 2).astype(np.int32)  # area, benefit, origin, year
    cube = np.zeros((len(counts), len(BENEFITS), 4, 4, len(YEARS)), np.int32)
    for origin, (nation, ancestry) in enumerate([(0, 0), (1, 1), (2, 1), (1, 2), (2, 2), (3, 3)]):
        cube[:, :, nation, ancestry] = counts[:, :, origin]
    areas = sum_areas(cube, [value.code for value in area_values(provinces=True)])
    abroad = areas[:1] // 400
    areas[:1] += abroad
    areas = np.concatenate([areas, abroad])
    for axis in (1, 2, 3):
        areas = total_first(areas, axis)
    return frozen(areas)


def ky038() -> Table:
    """KY038: recipients by area, benefit, national origin, ancestry and year; 000 includes 997."""
    area = area_variable(provinces=True)
    area.values.append(Value("997", "Udland og uoplyst", "Abroad and not stated"))
    benefits = [Value("10000", "Ydelser i alt", "Benefits, total")]
    benefits += [Value(code, da, en) for code, da, en, _ in BENEFITS]
    nations = [
        Value("TOT", "I alt", "Total"),
        Value("1", "Personer med dansk oprindelse", "Persons of Danish origin"),
        Value("2", "Vestlige lande", "Western countries"),
        Value("9", "Ikke vestlige lande", "Non-western countries"),
        Value("000", "Uoplyst national oprindelse", "National origin not stated"),
    ]
    ancestry = [
        Value("0", "I alt", "Total"),
        Value("10", "Dansk oprindelse", "Danish origin"),
        Value("20", "Indvandrere", "Immigrants"),
        Value("30", "Efterkommere", "Descendants"),
        Value("40", "Uoplyst", "Not stated"),
    ]
    years = [Value(year, year, year) for year in YEARS]
    variables = [
        area,
        Variable("YDELSESTYPE", "ydelsestype", "type of benefit", benefits, total="10000"),
        Variable("HERKOMST1", "national oprindelse", "national origin", nations, total="TOT"),
        Variable("HERKOMST", "herkomst", "ancestry", ancestry, total="0"),
        Variable("Tid", "tid", "time", years, time=True),
    ]
    return Table(
        id="KY038",
        da="Kontanthjælpsmodtagere mv. (helårspersoner)",
        en="Recipients of cash benefits (full-year persons)",
        subject="20205",
        updated="2025-09-25T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=ky038_figures,
        unit_da="-",
        unit_en="-",
        documentation="5f6a9f8d-6c6f-4f52-8b0e-0f8d9f5d3c4e",
    )
