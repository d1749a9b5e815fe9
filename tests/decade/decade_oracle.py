"""The oracle of the decade: every gap again in plain Python, out of what the provider's tables say in a quarter.

The figures are those of ``oracle_sources`` and ``oracle``. What is added here is borders: an area has rows in the
years in which it exists, and a parish is that municipality's to which it belonged in the year.
"""

from __future__ import annotations

from pathlib import Path

import oracle_files as files
import oracle_sources as sources
from decade_tables import CLOSED, SUCCESSOR, owner_in, parishes
from decade_world import members
from oracle import REFERENCES, TARGETS, Expected, Key, Stratum, dissimilarity, gaps

from sample_providers import Running

Gaps = dict[Key, Expected]
AGES = [str(age) for age in range(18, 67)]
PARTS = ["1", "24", "25", "34", "35"]


class Oracle:
    """Remembers what a table gave as long as it is not updated: a decade asks forty times."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, Gaps]] = {}

    def expected(self, provider: Running, inbox: Path) -> Gaps:
        """Every row that ``gaps`` must have."""
        found: Gaps = {}
        for name in ("RAS201", "KAS201", CLOSED, SUCCESSOR, "UDDAKT20", "KMSTA001", "KY038"):
            found |= self._of(name, provider)
        found |= gaps(sources.turnout_by_origin(files.inbox(inbox, "turnout_by_origin")))
        found |= gaps(sources.interviews(files.inbox(inbox, "interviews")))
        found |= gaps(sources.danish_tests(files.inbox(inbox, "danish_tests")))
        areas = list(files.polling_areas(provider.elections_url, inbox))
        return {**found, **gaps(sources.turnout_by_area(areas))}

    def _of(self, name: str, provider: Running) -> Gaps:
        try:
            table = provider.table(name)
        except KeyError:  # the successor is still to come
            return {}
        population = provider.table("FOLK1E").updated if name == "KY038" else ""
        state = (table.updated, len(table.time.codes), population)
        if self._known.get(name, ("",))[0] != state:
            self._known[name] = (state, self._made(name, provider.statbank_url))
        return self._known[name][1]

    def _made(self, name: str, url: str) -> Gaps:
        if name == "KMSTA001":
            return _index(files.statbank(url, name))
        counts: dict[Stratum, dict[str, sources.Count]] = {}
        if name == "RAS201":
            table = files.statbank(url, name)
            counts |= sources.employment(table, *_asked(table, "OMRÅDE"), sources.RAS201)
        elif name == "KAS201":
            chosen = {"SOCIO": ["00", "50", "55"], "PERIODE": ["K1", "K2", "K3", "K4"], "HERKOMST": PARTS}
            table = files.statbank(url, name, **chosen)
            counts |= sources.employment(table, *_asked(table, "OMRÅDE"), sources.KAS201)
        elif name == "UDDAKT20":
            table = files.statbank(url, name)
            counts |= sources.grade9(table, *_asked(table, "BOPOMR"))
        elif name == "KY038":
            table = files.statbank(url, name)
            people = files.statbank(url, "FOLK1E", KØN=["TOT"], ALDER=AGES, HERKOMST=PARTS)
            quarters = {row["PERIOD"] for row in people}
            counts |= sources.cash_benefits(table, *_asked(table, "OMRÅDE"), people, quarters)
        else:
            table = files.statbank(url, name, HERKOMST=["10", *PARTS[1:]])
            counts |= sources.education(table, *_asked(table, "BOPOMR"))
        return gaps({stratum: parts for stratum, parts in counts.items() if _existed(stratum)})


def _asked(table: sources.Table, variable: str) -> tuple[set[str], set[str]]:
    return files.areas_of(table, variable), {row["PERIOD"] for row in table}


def _existed(stratum: Stratum) -> bool:
    """Whether the area was there in the year; of pupils, also in the year before, from which they are followed."""
    year = int(stratum.period[:4])
    years = (year - 1, year) if stratum.indicator == "grade9_completion" else (year,)
    return all(members(stratum.municipality, one) for one in years)


def _index(table: sources.Table) -> Gaps:
    found: Gaps = {}
    for year in sorted({row["PERIOD"] for row in table}):
        owners = {parish: owner_in(int(year), place) for parish, place in parishes().items()}
        rows = [row for row in table if row["PERIOD"] == year]
        for area, _, persons in sources.parishes(rows, owners, {year}):
            for target in TARGETS:
                for reference in REFERENCES:
                    key = Key(Stratum("residential_dissimilarity", area, year), target, reference)
                    found[key] = dissimilarity(persons, target, reference)
    return found
