"""The tables of the decade's StatBank: each as it is published in a quarter, with the codes and texts of the sample.

Every figure is a sum over ``decade_world``, so that the identities between tables hold. Out of scope: faults on the way
(``sample_providers.faults``) and changes of codes and texts, which ``decade_events`` lays over these tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from decade_world import (
    EDGES,
    INTO,
    MERGED,
    MERGER,
    NAMES,
    OLDEST,
    PLACES,
    PUBLISHED,
    World,
    areas,
    bands,
    by_area,
    later,
    residents,
    span,
)

from sample_providers import MISSING, Table, Value, Variable
from sample_providers.arithmetic import Floats, Ints, apportion, half_up, rate_tenths, total_first
from sample_providers.benefits import ky038
from sample_providers.countries import COUNTRIES, folk1c
from sample_providers.education import ligeub1, uddakt20
from sample_providers.labour import ras200, ras201
from sample_providers.labour_quarterly import kas201
from sample_providers.local_votes import kvres
from sample_providers.parishes import kmsta001
from sample_providers.population import folk1e
from sample_providers.votes import fvkom

MONTHS = {"K1": "02", "K2": "05", "K3": "08", "K4": "11"}
WORKING = slice(1, 11)
SCHOOL = [(first, first + 4) for first in range(15, 70, 5)]
LIVING = ("5172", "5436", "5404", "5486", "5154", "5180", "5120")
NEW_COUNTRY, NEW_COUNTRY_FROM = ("5799", "Nyland"), "2022K2"
RELABELLED, RELABELLED_FROM = "Indvandrere, ikke-vestlige lande", "2021K2"
CLOSED, SUCCESSOR, LAST_OF_CLOSED = "LIGEUB1", "LIGEUB2", "2023"
_EMPLOYED = np.array([0, 0.54, 0.74, 0.80, 0.85, 0.87, 0.88, 0.88, 0.86, 0.83, 0.68, 0.33, 0.07])
_LEVEL = np.array([0.98, 0.84, 0.70, 0.93, 0.88])
_IDLE = np.array([0.09, 0.13, 0.13, 0.12, 0.13])
_SCHOOLED = np.array([[16, 7, 35, 1, 6, 18, 3, 12, 1, 1], [9, 9, 17, 1, 5, 13, 6, 21, 1, 18],
                      [26, 11, 19, 1, 5, 9, 4, 8, 1, 16], [17, 11, 25, 1, 5, 15, 5, 15, 1, 5],
                      [24, 15, 22, 1, 5, 13, 6, 9, 1, 4]], dtype=float)  # fmt: skip
_BENEFIT = np.array([0.026, 0.024, 0.105, 0.030, 0.055])


@dataclass(frozen=True)
class Calendar:
    """When a yearly table comes (a quarter of the year), how many years behind, and with which first year."""

    part: str
    lag: int
    first: int

    def newest(self, quarter: str) -> tuple[int, int]:
        """The year of the newest release by a quarter, and the newest year that it holds."""
        year = int(quarter[:4]) - (quarter[4:] < self.part)
        return year, year - self.lag

    def years(self, quarter: str) -> list[str]:
        """The years that the table holds in a quarter."""
        return [str(year) for year in range(self.first, self.newest(quarter)[1] + 1)]

    def stamp(self, quarter: str) -> str:
        """The table's time of update."""
        return _stamp(f"{self.newest(quarter)[0]}{self.part}")


YEARLY = {
    "RAS201": Calendar("K2", 2, 2017), "RAS200": Calendar("K2", 2, 2017), "KAS201": Calendar("K4", 1, 2018),
    "LIGEUB1": Calendar("K2", 1, 2017), "LIGEUB2": Calendar("K2", 1, int(LAST_OF_CLOSED) + 1),
    "UDDAKT20": Calendar("K4", 1, 2017), "KY038": Calendar("K3", 1, 2018), "KMSTA001": Calendar("K1", 0, 2018),
}  # fmt: skip


def _stamp(quarter: str) -> str:
    return f"{quarter[:4]}-{MONTHS[quarter[4:]]}-11T08:00:00"


def _made(sample: Table, stamp: str, cube: Ints, periods: Sequence[str], **values: list[Value]) -> Table:
    """A table of the sample with other figures, periods and values of variables."""
    values[sample.time.id] = [Value(period, period, period.replace("K", "Q")) for period in periods]
    kept = {name: replace(variable, values=values.get(name, variable.values)) for name, variable in
            sample.variables.items()}  # fmt: skip
    return replace(sample, updated=stamp, variables=kept, figures=lambda: cube, _cube=None)


def _areas(quarter: str, *, whole: bool = True) -> list[Value]:
    return [Value(code, NAMES[code]) for code in areas(quarter, whole=whole)]


def _kept(variable: Variable, codes: Sequence[str]) -> list[Value]:
    return [value for value in variable.values if value.code in codes]


def _over(periods: Sequence[str], cube: Callable[[str], Ints], quarter: str) -> Ints:
    """Figures by place for each period, as areas, with time as the last axis."""
    return np.stack([by_area(cube(period), areas(quarter), int(period[:4])) for period in periods], axis=-1)


class StatBank:
    """Every table as of a quarter of a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def table(self, name: str, quarter: str) -> Table:
        """A table as it is published in a quarter. KeyError if there is none of that id."""
        made: Table = getattr(self, f"_{name.lower()}")(quarter)
        return made

    def _folk1e(self, quarter: str) -> Table:
        def cube(period: str) -> Ints:
            found = self.world.population(period, quarter)
            for axis in (1, 2, 3):
                found = total_first(found, axis)
            return found

        periods = span("2018K1", quarter)
        ages = _kept(folk1e().variable("ALDER"), ["IALT", *(str(age) for age in range(OLDEST + 1))])
        figures = _over(periods, cube, quarter)
        return _made(folk1e(), _stamp(quarter), figures, periods, OMRÅDE=_areas(quarter), ALDER=ages)

    def _folk1c(self, quarter: str) -> Table:
        sample = folk1c()
        rows = [country for country in COUNTRIES if country[0] in LIVING]
        listed = [*_kept(sample.variable("IELAND"), ["0000", "5100", *(row[0] for row in rows)])]
        new = quarter >= NEW_COUNTRY_FROM
        listed += [Value(*NEW_COUNTRY)] if new else []

        def cube(period: str) -> Ints:
            people = self.world.population(period, quarter).sum(axis=(1, 2))  # place, origin
            found = np.zeros((len(PLACES), 3, len(listed) - 1), np.int64)  # 5, 4, 3; without the total of countries
            found[:, 0, 0] = people[:, 0]
            for origin in range(1, 5):
                western = origin in (1, 3)
                weights = [(row[4] if origin < 3 else row[5]) * (row[3] == western) for row in rows]
                weights += [0.0 if western or period < NEW_COUNTRY_FROM else 9.0] if new else []
                found[:, 1 if origin < 3 else 2, 1:] += apportion(people[:, origin], np.array(weights, dtype=float))
            return total_first(total_first(found, 1), 2)[:, None, None]

        periods = span("2018K1", quarter)
        values = {"OMRÅDE": _areas(quarter), "IELAND": listed}
        values |= {name: _kept(sample.variable(name), ["TOT", "IALT"]) for name in ("KØN", "ALDER")}
        return _made(sample, _stamp(quarter), _over(periods, cube, quarter), periods, **values)

    def _yearly(
        self, name: str, sample: Table, quarter: str, cube: Callable[[str], Ints], **values: list[Value]
    ) -> Table:
        calendar = YEARLY[name]
        years = calendar.years(quarter)
        values[sample.variable("BOPOMR" if "BOPOMR" in sample.variables else "OMRÅDE").id] = _areas(quarter)
        return _made(sample, calendar.stamp(quarter), _over(years, cube, quarter), years, **values)

    def _status(self, people: Ints, year: int, quarter: str, season: float = 1.0) -> Ints:
        """Employed, unemployed and others: place, status, sex, band, origin."""
        women = np.array([1.0, 0.95])[:, None, None]
        share = _EMPLOYED[:, None] * _LEVEL * women * season * (1 + 0.004 * (year - 2018) * (_LEVEL < 0.9))
        employed = half_up(people * np.minimum(share, 0.97))
        looking = half_up((people - employed) * _IDLE * (np.arange(len(EDGES)) > 0)[:, None])
        return np.stack([employed, looking, people - employed - looking], axis=1)

    def _november(self, year: str, quarter: str) -> Ints:
        found = self._status(bands(residents(f"{int(year) + 1}K1"), EDGES), int(year), quarter)
        for r in self.world.revised("RAS201", year, quarter):
            found[r.place, 0, r.sex, r.band, r.origin] -= r.amount
            found[r.place, 1, r.sex, r.band, r.origin] += r.amount
        return found

    def _ras201(self, quarter: str) -> Table:
        def cube(year: str) -> Ints:
            return self._november(year, quarter).transpose(0, 1, 4, 3, 2)

        made = self._yearly("RAS201", ras201(), quarter, cube)
        if quarter >= RELABELLED_FROM:
            made.relabel("HERKOMST", "25", RELABELLED)
        return made

    def _ras200(self, quarter: str) -> Table:
        years, listed = YEARLY["RAS200"].years(quarter), areas(quarter)
        shown = []
        for year in years:
            counts = by_area(self._november(year, quarter)[:, :, :, WORKING].sum(axis=3), listed, int(year))
            one, two, three, four, five = np.moveaxis(total_first(counts, 2), -1, 0)
            groups = [one + two + three + four + five, one, two + three, two, three, four + five, four, five]
            by_origin = np.stack(groups, axis=1)  # area, origin, status, sex
            whole = by_origin.sum(axis=2)
            working = [by_origin[:, :, 0], by_origin[:, :, :2].sum(axis=2)]
            rates = np.stack([rate_tenths(part, whole, MISSING) for part in working], axis=-1)
            there = (counts.sum(axis=(1, 2, 3)) > 0)[:, None, None, None]
            shown.append(np.where(there, rates, 0)[:, :, None])  # area, origin, age, sex, rate
        values = {"OMRÅDE": _areas(quarter), "ALDER": _kept(ras200().variable("ALDER"), ["16-64"])}
        return _made(ras200(), YEARLY["RAS200"].stamp(quarter), np.stack(shown, axis=-1), years, **values)

    def _kas201(self, quarter: str) -> Table:
        def cube(year: str) -> Ints:
            people = [bands(residents(f"{year}K{part}"), EDGES) for part in range(1, 5)]
            season = (0.988, 1.002, 1.010, 1.0)
            counts = np.stack([self._status(p, int(year), quarter, s) for p, s in zip(people, season, strict=True)])
            mean = (counts.sum(axis=0, keepdims=True) + 2) // 4
            found = np.concatenate([mean, counts]).transpose(1, 2, 5, 4, 3, 0)  # place, status, origin, band, sex, part
            for axis in (1, 2, 3, 4):
                found = total_first(found, axis)
            return found

        return self._yearly("KAS201", kas201(), quarter, cube)

    def _schooling(self, name: str, quarter: str) -> Table:
        def cube(year: str) -> Ints:
            people = bands(residents(f"{year}K4"), SCHOOL)  # place, sex, band, origin
            found = apportion(people, self._school_weights(int(year)))
            for r in self.world.revised(CLOSED, year, quarter):
                found[r.place, r.sex, r.band, r.origin, 0] -= 1
                found[r.place, r.sex, r.band, r.origin, 2] += 1
            one, two, three, four, five = np.moveaxis(found, 3, 0)
            groups = [one + two + three + four + five, one, two + three, two, three, four + five, four, five]
            shown = np.stack(groups, axis=1).transpose(0, 1, 4, 3, 2)  # place, origin, level, band, sex
            for axis in (2, 3, 4):
                shown = total_first(shown, axis)
            return shown

        return self._yearly(name, ligeub1(), quarter, cube)

    def _school_weights(self, year: int) -> Floats:
        gain = 1 + 0.02 * (year - 2017) * (np.arange(10) > 0)
        young = np.array([9, 6, 2, 1, 0.3, 0.3, 0.5, 0.1, 0, 0.3])
        weights = np.repeat((_SCHOOLED * gain)[None], len(SCHOOL), axis=0)
        weights[0] = young
        return weights

    def _ligeub1(self, quarter: str) -> Table:
        closed = quarter >= f"{int(LAST_OF_CLOSED) + 2}K2"
        made = self._schooling(CLOSED, f"{int(LAST_OF_CLOSED) + 1}K2" if closed else quarter)
        made.active = not closed
        return made

    def _ligeub2(self, quarter: str) -> Table:
        return replace(self._schooling(SUCCESSOR, quarter), id=SUCCESSOR)

    def _uddakt20(self, quarter: str) -> Table:
        def pupils(year: str) -> Ints:
            found = half_up(residents(f"{year}K4")[:, :, 15] * 0.95)
            return np.concatenate([found, found.sum(axis=2, keepdims=True) // 150], axis=2)  # place, sex, origin

        def cube(year: str) -> Ints:
            done = pupils(str(int(year) - 1)) * np.array([0.958, 0.9, 0.82, 0.93, 0.9, 0.7])
            found = np.stack([pupils(year), half_up(done), pupils(year)], axis=-1)
            nations = [found[:, :, [0]], found[:, :, [1, 3]], found[:, :, [2, 4]], found[:, :, [5]]]
            shown = np.stack([nation.sum(axis=2) for nation in nations], axis=1)
            return total_first(total_first(shown, 1), 2)  # place, nation, sex, status

        sample, years = uddakt20(), YEARLY["UDDAKT20"].years(quarter)
        held = {"UDDANNELSE": "U29", "ALDER": "TOT", "HERKOMST": "TOT", "GRUNDSKOL": "0"}
        values = {name: _kept(sample.variable(name), [code]) for name, code in held.items()}
        figures = _over(years, cube, quarter).transpose(1, 2, 0, 3, 4)[None, None, None, :, :, None]
        stamp = YEARLY["UDDAKT20"].stamp(quarter)
        return _made(sample, stamp, figures, years, BOPOMR=_areas(quarter), **values)

    def _ky038(self, quarter: str) -> Table:
        def cube(year: str) -> Ints:
            people = sum(residents(f"{year}K{n}")[:, :, 18:67].sum(axis=(1, 2)) for n in range(1, 5)) / 4
            found = half_up(people * _BENEFIT * 0.96 ** (int(year) - 2018))
            for r in self.world.revised("KY038", year, quarter):
                found[r.place, r.origin] += r.amount
            danish, western, other, born, others = found.T
            parts = np.stack([danish, western + born, other + others, found.sum(axis=1) // 200], axis=1)
            return total_first(parts, 1)[:, None, :, None]

        values = {"YDELSESTYPE": _kept(ky038().variable("YDELSESTYPE"), ["10000"])}
        values["HERKOMST"] = _kept(ky038().variable("HERKOMST"), ["0"])
        return self._yearly("KY038", ky038(), quarter, cube, **values)

    def _kmsta001(self, quarter: str) -> Table:
        sample, years = kmsta001(), YEARLY["KMSTA001"].years(quarter)
        owners = parishes()
        cubes = []
        for year in years:
            people = residents(f"{year}K1").sum(axis=(1, 2))  # place, origin
            shares = []
            for place in PUBLISHED:
                size = 1 + 0.5 * np.sin(1.9 * np.arange(4) + PLACES.index(place))
                lean = size * np.exp(0.9 * np.cos(2.6 * np.arange(4) + PLACES.index(place)))
                weights = np.stack([size, size, lean, size, lean])
                shares.append(apportion(people[PLACES.index(place)], weights).T)
            found = np.concatenate(shares)  # parish, origin
            inside = found * 6 // 10
            cubes.append(np.stack([inside, found - inside], axis=-1))
        texts = [(code, f"{code} Sogn {code} ({NAMES[owner_in(int(years[-1]), place)]} Kommune)") for code, place in
                 owners.items()]  # fmt: skip
        nowhere = _kept(sample.variable("SOGN"), ["0000", "9999"])
        values = [nowhere[0], *(Value(code, text, text) for code, text in texts), nowhere[1]]
        cube = np.pad(np.stack(cubes, axis=-1), [(1, 1), (0, 0), (0, 0), (0, 0)])
        return _made(sample, YEARLY["KMSTA001"].stamp(quarter), cube, years, SOGN=values)

    def _kvres(self, quarter: str) -> Table:
        return _elections(kvres(), quarter, {"2021": "2022K1"}, areas(later(quarter, 0)))

    def _fvkom(self, quarter: str) -> Table:
        return _elections(fvkom(), quarter, {"2022": "2023K1"}, PUBLISHED)


def parishes() -> dict[str, str]:
    """Parish → the place (as of the beginning) that it lies in."""
    return {f"{7100 + 20 * n + k}": place for n, place in enumerate(PUBLISHED) for k in range(4)}


def owner_in(year: int, place: str) -> str:
    """The municipality of a place in a year."""
    return INTO if place == MERGED and year >= MERGER else place


def _elections(table: Table, quarter: str, known_from: dict[str, str], listed: Sequence[str]) -> Table:
    """A table of elections of the sample with fewer areas, and without elections that are still to come."""
    for code in [code for code in table.variable("OMRÅDE").codes if code not in listed]:
        table.remove_code("OMRÅDE", code)
    table.updated = "2019-12-01T08:00:00"
    for year, first in known_from.items():
        if quarter < first:
            table.remove_period(year)
        else:
            table.updated = _stamp(first)
    return table
