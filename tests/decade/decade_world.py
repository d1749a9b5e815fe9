"""The Denmark of the decade: persons by municipality, sex, age and origin in any quarter, its borders, its revisions.

A small country on the provider's side, made from the starting figures of the sample: four municipalities are published,
five more stand behind the regions. Everything is a function of the seed and of the quarter. Out of scope: how tables
show it (``decade_tables``), and what the data team does about it (``decade_events``).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sample_providers.arithmetic import Floats, Ints, apportion, half_up
from sample_providers.geography import MUNICIPALITIES, REGIONS
from sample_providers.population import GROWTH, PERSONS, age_profiles

FIRST_QUARTER = "2019K4"
OLDEST = 70  # the last single year of age holds everybody older
EDGES = [(0, 15), (16, 19), *((first, first + 4) for first in range(20, 65, 5)), (65, 66), (67, OLDEST)]
REGION_OF = {"151": "084", "153": "084", "161": "084", "165": "084", "101": "084"}
REGION_OF |= {"253": "085", "461": "083", "751": "082", "851": "081"}
PLACES = list(REGION_OF)
PUBLISHED = ["151", "153", "161", "165"]
MERGED, INTO, MERGER = "165", "153", 2025
OLD_REGIONS, NEW_REGION, REFORM = ("084", "085"), "086", 2027
NAMES = {"000": "Hele landet", NEW_REGION: "Region Østdanmark", **{code: name for code, (name, _) in REGIONS.items()}}
NAMES |= MUNICIPALITIES


def later(quarter: str, steps: int) -> str:
    """The quarter that lies ``steps`` after another ('2019K4' and 1 give '2020K1')."""
    number = int(quarter[:4]) * 4 + int(quarter[5]) - 1 + steps
    return f"{number // 4}K{number % 4 + 1}"


def span(first: str, last: str) -> list[str]:
    """Every quarter from one to another, both included."""
    found = [first]
    while found[-1] < last:
        found.append(later(found[-1], 1))
    return found if first <= last else []


def members(area: str, year: int) -> list[str]:
    """The places (as of the beginning) that an area of that year consists of; none where it does not exist."""
    if area == "000":
        return PLACES
    if area in PLACES:
        own = [MERGED, INTO] if area == INTO and year >= MERGER else [area]
        return [] if area == MERGED and year >= MERGER else own
    if area == NEW_REGION:
        return [place for place in PLACES if REGION_OF[place] in OLD_REGIONS] if year >= REFORM else []
    return [] if area in OLD_REGIONS and year >= REFORM else [p for p in PLACES if REGION_OF[p] == area]


def areas(quarter: str, *, whole: bool = True) -> list[str]:
    """The codes that a table lists at that time; a code of the past stays listed."""
    regions = ["081", "082", "083", *OLD_REGIONS, *([NEW_REGION] if quarter >= f"{REFORM}K1" else [])]
    return [*(["000", *regions] if whole else []), *PUBLISHED]


def by_area(cube: Ints, codes: Sequence[str], year: int) -> Ints:
    """From figures by place (first axis) to those of the areas of that year; 0 for an area that is not there."""
    sums = [cube[[PLACES.index(place) for place in members(code, year)]].sum(axis=0, dtype=np.int64) for code in codes]
    return np.stack(sums)


@cache
def _weights() -> Floats:
    profiles = age_profiles()
    folded = np.concatenate([profiles[..., :OLDEST], profiles[..., OLDEST:].sum(axis=-1, keepdims=True)], axis=-1)
    place = np.arange(len(PLACES))[:, None, None, None]
    return folded * (1 + 0.10 * np.sin(1.7 * place + 0.31 * np.arange(OLDEST + 1)))


@cache
def residents(quarter: str) -> Ints:
    """Persons on the first day of a quarter: place, sex (men, women), age 0 to 70, origin (1, 24, 25, 34, 35)."""
    start = np.array([PERSONS[place][:5] for place in PLACES], dtype=float)
    growth = np.tile(GROWTH, (len(PLACES), 1))
    growth[:, 0] = [PERSONS[place][5] / 1000 for place in PLACES]
    steps = len(span(FIRST_QUARTER, quarter)) - 1 if quarter >= FIRST_QUARTER else 1 - len(span(quarter, FIRST_QUARTER))
    totals = half_up(start * (1 + growth) ** steps)
    shared = apportion(totals, _weights().reshape(len(PLACES), 5, -1))
    return shared.reshape(len(PLACES), 5, 2, OLDEST + 1).transpose(0, 2, 3, 1)


def bands(cube: Ints, edges: Iterable[tuple[int, int]]) -> Ints:
    """Single years (third axis) summed to bands."""
    return np.stack([cube[:, :, first : last + 1].sum(axis=2) for first, last in edges], axis=2)


@dataclass(frozen=True)
class Revision:
    """A figure of an earlier period that a table shows otherwise from a release on: ``amount`` persons of a cell."""

    table: str
    released: str
    period: str
    place: int
    sex: int
    band: int
    origin: int
    amount: int


@dataclass
class World:
    """A world by its seed: what is revised, and when."""

    seed: int = 2027
    last: str = "2029K3"
    revisions: list[Revision] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Deal the revisions of every table over the whole span."""
        dice = random.Random(self.seed)
        for quarter in span(FIRST_QUARTER, self.last)[1:]:
            year, part = int(quarter[:4]), quarter[4:]
            if dice.random() < 0.5:
                self._revise(dice, "FOLK1E", quarter, later(quarter, -dice.randint(1, 3)))
            for table, released, lag in (("RAS201", "K2", 3), ("LIGEUB1", "K2", 2), ("KY038", "K3", 2)):
                if part == released and dice.random() < 0.7:
                    self._revise(dice, table, quarter, str(year - lag))

    def _revise(self, dice: random.Random, table: str, released: str, period: str) -> None:
        place, sex, band = dice.randrange(len(PUBLISHED)), dice.randrange(2), dice.randrange(3, 9)
        self.revisions.append(
            Revision(table, released, period, place, sex, band, dice.randrange(1, 4), dice.randint(2, 6))
        )

    def revised(self, table: str, period: str, quarter: str) -> list[Revision]:
        """What a table has revised of a period by a quarter."""
        return [r for r in self.revisions if (r.table, r.period) == (table, period) and r.released <= quarter]

    def population(self, period: str, quarter: str) -> Ints:
        """:func:`residents` of a period as FOLK1E and FOLK1C show them in a quarter."""
        cube = residents(period)
        for found in self.revised("FOLK1E", period, quarter):
            cube = cube.copy() if cube is residents(period) else cube
            cube[found.place, found.sex, 10 + 5 * found.band, found.origin] += found.amount
        return cube
