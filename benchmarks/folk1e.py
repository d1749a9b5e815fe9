"""A FOLK1E of national size: the sample's population, grown to every municipality and to as many quarters as wanted.

Every municipality of the seed ``areas`` takes the figures of one of the sample's fourteen, every quarter those of one
of the sample's, and regions and country are the sums of their municipalities: so totals still are their parts. With 59
quarters BULK, which leaves out zeros, has 9.6 million rows, about what Statistics Denmark has. Out of scope: whether a
figure is likely.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sample_providers import Table, Value
from sample_providers.geography import MUNICIPALITY_CODES
from sample_providers.population import folk1e
from warehouse.airflow import DBT_PROJECT

QUARTERS = 59
FIRST_YEAR = 2008

Ints = npt.NDArray[np.int32]


def table(quarters: int = QUARTERS) -> Table:
    """The table as the provider describes it, without figures: those are in :func:`write`."""
    described = folk1e()
    described.variables["OMRÅDE"].values = [Value(area["area_code"], area["name_da"]) for area in _areas()]
    described.variables["Tid"].values = [Value(code, code) for code in periods(quarters)]
    return described


def periods(quarters: int) -> list[str]:
    """The first ``quarters`` quarters from 2008K1 on."""
    return [f"{FIRST_YEAR + n // 4}K{n % 4 + 1}" for n in range(quarters)]


def write(path: Path, quarters: int = QUARTERS, areas: int | None = None) -> int:
    """Write the table (or its first ``areas``) as BULK: UTF-8 without BOM, CRLF, no row of 0; gives the rows."""
    rows = 0
    with path.open("wb") as handle:
        handle.write((";".join([*(name.upper() for name in folk1e().variables), "INDHOLD"]) + "\r\n").encode())
        for lines in _blocks(quarters, areas):
            rows += len(lines)
            handle.write("".join(lines).encode())
    return rows


def _blocks(quarters: int, areas: int | None) -> Iterator[list[str]]:
    """The lines of one area after the other, time running fastest as StatBank does."""
    sex, age, origin = (folk1e().variables[name].codes for name in ("KØN", "ALDER", "HERKOMST"))
    inner = [f"{s};{a};{o};" for s in sex for a in age for o in origin]
    tails = [f"{code};" for code in periods(quarters)]
    known = _figures()
    for place, area in enumerate(_areas()[:areas]):
        block = _quarters(known[place], quarters).reshape(len(inner), -1)
        where, when = np.nonzero(block)
        found = zip(where.tolist(), when.tolist(), block[where, when].tolist(), strict=True)
        head = area["area_code"]
        yield [f"{head};{inner[i]}{tails[t]}{figure}\r\n" for i, t, figure in found]


def figures(quarters: int = QUARTERS) -> Ints:
    """Persons by area, sex, age, origin and quarter."""
    return _quarters(_figures(), quarters)


def _quarters(known: Ints, quarters: int) -> Ints:
    return known[..., np.arange(quarters) % known.shape[-1]]


@cache
def _areas() -> tuple[dict[str, str], ...]:
    with (DBT_PROJECT / "seeds" / "areas.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["valid_from"] <= f"{FIRST_YEAR}" and not row["valid_to"]]
    return tuple(row for row in rows if row["level"] in {"country", "region", "municipality"})


@cache
def _figures() -> Ints:
    """Persons by area, sex, age, origin and quarter of the sample."""
    sample = folk1e()
    cube = sample.cube
    known = [sample.variables["OMRÅDE"].index(code) for code in MUNICIPALITY_CODES]
    areas = _areas()
    found = np.zeros((len(areas), *cube.shape[1:]), dtype=np.int32)
    for place, area in enumerate(areas):
        if area["level"] == "municipality":
            code = area["area_code"]
            own = code if code in MUNICIPALITY_CODES else MUNICIPALITY_CODES[place % len(MUNICIPALITY_CODES)]
            found[place] = cube[known[MUNICIPALITY_CODES.index(own)]]
    for place, area in enumerate(areas):
        if area["level"] != "municipality":
            inside = [
                p
                for p, other in enumerate(areas)
                if other["level"] == "municipality"
                and (area["level"] == "country" or other["region_code"] == area["region_code"])
            ]
            found[place] = found[inside].sum(axis=0, dtype=np.int32)
    return found
