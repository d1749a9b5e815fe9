"""The areas of the sample: a Denmark of fourteen municipalities, so that every total is exactly its parts.

Codes and Danish names are those of Statistics Denmark, in the order of its area variable.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sample_providers.arithmetic import Ints
from sample_providers.table import Value, Variable

MUNICIPALITIES = {
    "101": "København",
    "147": "Frederiksberg",
    "165": "Albertslund",
    "151": "Ballerup",
    "153": "Brøndby",
    "159": "Gladsaxe",
    "161": "Glostrup",
    "163": "Herlev",
    "167": "Hvidovre",
    "183": "Ishøj",
    "253": "Greve",
    "461": "Odense",
    "751": "Aarhus",
    "851": "Aalborg",
}
MUNICIPALITY_CODES = list(MUNICIPALITIES)
_CAPITAL = ["165", "151", "153", "159", "161", "163", "167", "183"]
# code -> (Danish name, members). Only provinces (landsdele) with members in the sample are listed.
PROVINCES = {
    "01": ("Landsdel Byen København", ["101", "147"]),
    "02": ("Landsdel Københavns omegn", _CAPITAL),
    "05": ("Landsdel Østsjælland", ["253"]),
    "07": ("Landsdel Fyn", ["461"]),
    "09": ("Landsdel Østjylland", ["751"]),
    "11": ("Landsdel Nordjylland", ["851"]),
}
REGIONS = {
    "084": ("Region Hovedstaden", ["01", "02"]),
    "085": ("Region Sjælland", ["05"]),
    "083": ("Region Syddanmark", ["07"]),
    "082": ("Region Midtjylland", ["09"]),
    "081": ("Region Nordjylland", ["11"]),
}


def _english(name: str) -> str:
    for danish, english in (
        ("Hele landet", "All Denmark"),
        ("København", "Copenhagen"),
        ("Landsdel", "Province"),
    ):
        name = name.replace(danish, english)
    return name


def area_values(*, provinces: bool = False, country: bool = True, regions: bool = True) -> list[Value]:
    """The values of an area variable in published order: country, region, province, its municipalities."""
    found = [("000", "Hele landet")] if country else []
    for region, (region_name, parts) in REGIONS.items():
        found += [(region, region_name)] if regions else []
        for province in parts:
            name, members = PROVINCES[province]
            found += [(province, name)] if provinces else []
            found += [(code, MUNICIPALITIES[code]) for code in members]
    return [Value(code, name, _english(name)) for code, name in found]


def area_variable(
    name: str = "OMRÅDE", *, provinces: bool = False, country: bool = True, regions: bool = True
) -> Variable:
    """The area variable of a table (`OMRÅDE` or `BOPOMR`)."""
    values = area_values(provinces=provinces, country=country, regions=regions)
    texts = {"OMRÅDE": ("område", "region"), "BOPOMR": ("bopælsområde", "region of residence")}[name]
    total = "000" if country else None
    return Variable(name, *texts, values, total=total, map="Denmark_municipality_07")


def members(code: str) -> list[str]:
    """The municipalities that an area consists of (a municipality: itself)."""
    if code == "000":
        return MUNICIPALITY_CODES
    if code in REGIONS:
        return [part for province in REGIONS[code][1] for part in PROVINCES[province][1]]
    return PROVINCES[code][1] if code in PROVINCES else [code]


def sum_areas(cube: Ints, codes: Sequence[str], axis: int = 0) -> Ints:
    """From figures by municipality (in the order of MUNICIPALITY_CODES along `axis`) to those of `codes`."""
    parts = [[MUNICIPALITY_CODES.index(code) for code in members(area)] for area in codes]
    sums = [cube.take(part, axis=axis).sum(axis=axis, dtype=cube.dtype) for part in parts]
    return np.stack(sums, axis=axis)
