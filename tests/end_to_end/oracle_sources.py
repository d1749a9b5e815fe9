"""From what the providers answer to counts per stratum and part of the population, in plain Python and without SQL.

A table is a list of rows: code by variable, and ``value``, None where the source has ``..``. Codes are canonical. A row
that is not there is 0, as long as its area and period were asked for. Out of scope: what becomes of the counts
(``oracle``), and how a table is fetched (``oracle_files``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from oracle import Count, Counts, Stratum

Row = Mapping[str, Any]
Table = Sequence[Row]

IMMIGRANT, DESCENDANT = "non_western_immigrant", "non_western_descendant"
_SPLIT = {"24": "western", "34": "western", "25": IMMIGRANT, "35": DESCENDANT}
RAS201 = {**_SPLIT, "999": "danish"}
KAS201 = FOLK1E = KMSTA001 = {**_SPLIT, "1": "danish"}
LIGEUB1 = {**_SPLIT, "10": "danish"}
NATIONAL = {"1": "danish", "2": "western", "9": "non_western"}
SEXES = {"TOT": "total", "10": "total", "M": "men", "K": "women"}
QUALIFYING = {"H30", "H40", "H50", "H60", "H70", "H80"}
PREPARING = {"H20", "H35"}
NON_WESTERN_COUNTRIES = {"03", "04", "07", "08", "10", "11"}


class Sums:
    """Sums by key; a missing member makes its sum None."""

    def __init__(self) -> None:
        self._sums: dict[Any, float | None] = defaultdict(float)

    def add(self, key: Any, value: float | None) -> None:
        """Add a value, None for a missing one."""
        known = self._sums[key]
        self._sums[key] = None if known is None or value is None else known + value

    def __getitem__(self, key: Any) -> float | None:
        return self._sums.get(key, 0.0)


def plus(*values: float | None) -> float | None:
    """A sum that is None if anything of it is."""
    return None if None in values else sum(value for value in values if value is not None)


def employment(rows: Table, areas: Iterable[str], periods: Iterable[str], parts: Mapping[str, str]) -> Counts:
    """Employment, unemployment and the rest by RAS201 (no totals) or KAS201 (period such as 2019K3 in ``PERIOD``)."""
    quarterly = parts is KAS201
    sums = Sums()
    for row in rows:
        part, age = parts.get(row["HERKOMST"]), _first_age(row["ALDER"])
        if part is None or row["SOCIO"] == "TOT" or age is None or not 16 <= age <= 60:
            continue
        own = SEXES[row["KØN"]]
        for sex in {own} if quarterly else {own, "total"}:
            for group in ("16-64", "25-64") if age >= 25 else ("16-64",):
                sums.add((row["OMRÅDE"], row["PERIOD"], sex, group, part, row["SOCIO"]), row["value"])
    counts: dict[Stratum, dict[str, Count]] = {}
    for place in _product(areas, periods, ("total", "men", "women"), ("16-64", "25-64")):
        area, period, sex, group = place
        for part in set(parts.values()):
            working, out_of_work, outside = (sums[(*place, part, code)] for code in ("00", "50", "55"))
            everybody = plus(working, out_of_work, outside)
            found = {"employment_rate_quarterly" if quarterly else "employment_rate": Count(working, everybody)}
            if not quarterly and group == "16-64":
                found["unemployment_share"] = Count(out_of_work, plus(working, out_of_work))
                found["outside_labour_force"] = Count(outside, everybody)
            for indicator, count in found.items():
                counts.setdefault(Stratum(indicator, area, period, sex, group), {})[part] = count
    return counts


def education(rows: Table, areas: Iterable[str], periods: Iterable[str]) -> Counts:
    """Youth and qualifying education by LIGEUB1."""
    sums = Sums()
    for row in rows:
        part, age = LIGEUB1.get(row["HERKOMST"]), _first_age(row["ALDER"])
        if part is None or age is None or not 20 <= age <= 60 or row["HFUDD"] == "TOT":
            continue
        group = "20-24" if age == 20 else "25-64"
        kind = _level(row["HFUDD"])
        sums.add((row["BOPOMR"], row["PERIOD"], SEXES[row["KØN"]], group, part, kind), row["value"])
    counts: dict[Stratum, dict[str, Count]] = {}
    for place in _product(areas, periods, ("total", "men", "women"), ("20-24", "25-64")):
        area, period, sex, group = place
        for part in set(LIGEUB1.values()):
            kinds = ("basic", "preparing", "qualifying", "unknown")
            basic, preparing, qualifying, unknown = (sums[(*place, part, kind)] for kind in kinds)
            known = plus(basic, preparing, qualifying)
            young = group == "20-24"
            indicator = "youth_education" if young else "qualifying_education"
            events = plus(preparing, qualifying) if young else qualifying
            counts.setdefault(Stratum(indicator, area, period, sex, group), {})[part] = Count(events, known, unknown)
    return counts


def grade9(rows: Table, areas: Iterable[str], periods: Iterable[str]) -> Counts:
    """Completion of the 9th grade by UDDAKT20: F of a year out of B of the year before, both counted."""
    held = {"UDDANNELSE": "U29", "ALDER": "TOT", "HERKOMST": "TOT", "GRUNDSKOL": "0"}
    ninth = [row for row in rows if all(row[name] == code for name, code in held.items())]
    counted = {(row["PERIOD"], row["FSTATUS"]) for row in ninth}
    pupils = {
        (row["BOPOMR"], row["PERIOD"], SEXES[row["KØN"]], NATIONAL.get(row["HERKOMST1"]), row["FSTATUS"]): row["value"]
        for row in ninth
    }
    counts: dict[Stratum, dict[str, Count]] = {}
    asked = set(periods)
    for area, period, sex in _product(areas, asked, ("total", "men", "women")):
        before = str(int(period) - 1)
        if before not in asked or not {(period, "F"), (before, "B")} <= counted:
            continue
        for part in NATIONAL.values():
            done, started = (
                pupils.get((area, *key), 0) for key in ((period, sex, part, "F"), (before, sex, part, "B"))
            )
            counts.setdefault(Stratum("grade9_completion", area, period, sex), {})[part] = Count(done, started)
    return counts


def cash_benefits(
    rows: Table, areas: Iterable[str], periods: Iterable[str], population: Table, quarters: Iterable[str]
) -> Counts:
    """Cash benefits by KY038 out of the mean of four quarters of FOLK1E aged 18 to 66."""
    sums = Sums()
    for row in population:
        part = FOLK1E.get(row["HERKOMST"])
        if part and row["KØN"] == "TOT" and row["ALDER"].isdigit() and 18 <= int(row["ALDER"]) <= 66:
            sums.add((row["OMRÅDE"], row["PERIOD"][:4], _unsplit(part)), row["value"])
    recipients = {
        (row["OMRÅDE"], row["PERIOD"], NATIONAL.get(row["HERKOMST1"])): row["value"]
        for row in rows
        if row["YDELSESTYPE"] == "10000" and row["HERKOMST"] == "0"
    }
    counts: dict[Stratum, dict[str, Count]] = {}
    known = set(quarters)
    for area, year in _product(areas, periods):
        if not {f"{year}K{quarter}" for quarter in range(1, 5)} <= known:
            continue
        for part in NATIONAL.values():
            persons = sums[area, year, part]
            mean = None if persons is None else persons / 4
            count = Count(recipients.get((area, year, part), 0), mean)
            counts.setdefault(Stratum("cash_benefit_share", area, year, age_group="18-66"), {})[part] = count
    return counts


def parishes(rows: Table, owners: Mapping[str, str], periods: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    """Municipality, year, and persons by parish and part, church members and others together (KMSTA001)."""
    sums = Sums()
    for row in rows:
        part = KMSTA001.get(row["HERKOMST"])
        if part:
            sums.add((row["SOGN"], row["PERIOD"], part), row["value"])
    for area, year in _product(set(owners.values()), periods):
        own = [parish for parish, owner in owners.items() if owner == area]
        yield area, year, {p: {part: sums[p, year, part] for part in set(KMSTA001.values())} for p in own}


def turnout_by_origin(rows: Iterable[Row]) -> Counts:
    """Delivered turnout: a complete split goes first, then the whole, never both; only municipal elections."""
    found: dict[tuple[str, str, str], dict[str, Count]] = defaultdict(dict)
    for row in rows:
        if row["election_id"].startswith("KV"):
            count = Count(float(row["votes_cast"]), float(row["eligible_voters"]))
            found[row["election_id"], row["municipality_code"], row["origin"]][row["ancestry"]] = count
    counts: dict[Stratum, dict[str, Count]] = {}
    for (election, municipality, origin), by_ancestry in found.items():
        parts = counts.setdefault(Stratum("turnout_municipal", municipality, election), {})
        halves = {name: by_ancestry[name] for name in ("immigrant", "descendant") if name in by_ancestry}
        if "total" in by_ancestry and len(halves) < 2:
            parts[origin] = by_ancestry["total"]
        elif origin == "danish":
            parts[origin] = by_ancestry["danish_origin"]
        elif origin == "non_western":
            parts |= {f"non_western_{name}": count for name, count in halves.items()}
        elif len(halves) == 2:
            one, two = halves.values()
            parts[origin] = Count(plus(one.events, two.events), plus(one.persons, two.persons))
    return {stratum: parts for stratum, parts in counts.items() if parts}


def interviews(rows: Iterable[Row]) -> Counts:
    """Answers of 4 or 5 out of all, per community and over all; who discloses no origin counts in no group."""
    counts: dict[Stratum, dict[str, Count]] = {}
    for row in rows:
        part = {"non_western": "non_western", "other": "others"}.get(row["origin_group"])
        for place in ("total", row["community_id"]):
            stratum = Stratum("perceived_diversity", row["municipality_code"], row["wave_id"], subarea=place)
            parts = counts.setdefault(stratum, {"non_western": Count(0, 0), "others": Count(0, 0)})
            if part:
                agrees = int(row["score"]) >= 4
                parts[part] = Count(plus(parts[part].events, agrees), plus(parts[part].persons, 1))
    return counts


def danish_tests(rows: Iterable[Row]) -> Counts:
    """Passed out of course takers; everybody who is not of non-western origin is one of the others."""
    counts: dict[Stratum, dict[str, Count]] = {}
    for row in rows:
        part = "non_western" if row["origin"] == "non_western" else "others"
        parts = counts.setdefault(Stratum("danish_tests", row["municipality_code"], row["year"]), {})
        before = parts.get(part, Count(0, 0))
        passed, takers = float(row["passed_within_five_years"]), float(row["course_takers"])
        parts[part] = Count(plus(before.events, passed), plus(before.persons, takers))
    return counts


def turnout_by_area(areas: Iterable[Row]) -> Counts:
    """The third of the areas with the largest share against the third with the smallest, where all have a share.

    An area has election_id, municipality_code, number, id, eligible, cast, provisional and share (None: not known).
    """
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for area in areas:
        found[area["election_id"], area["municipality_code"]].append(area)
    counts: dict[Stratum, dict[str, Count]] = {}
    for (election, municipality), own in found.items():
        if len(own) < 3 or any(area["share"] is None for area in own):
            continue
        ranked = sorted(own, key=lambda area: (-area["share"], area["number"], area["id"]))
        third = len(own) // 3
        counts[Stratum("turnout_by_area", municipality, election)] = {
            part: Count(
                sum(area["cast"] for area in chosen),
                sum(area["eligible"] for area in chosen),
                provisional=any(area["provisional"] for area in chosen),
            )
            for part, chosen in (("non_western", ranked[:third]), ("others", ranked[-third:]))
        }
    return counts


def delivered(rows: Iterable[Row], indicator: str, events: str, persons: str) -> Counts:
    """Counts of an API with origin and ancestry: grades by school year, public support by quarter."""
    sums, found = Sums(), set()
    for row in rows:
        part = {"danish": "danish", "western": "western"}.get(row["origin"])
        if row["origin"] == "non_western":
            whole = row["ancestry"] in (None, "total")
            part = "non_western" if whole else f"non_western_{row['ancestry']}"
        if part is None or (row[persons] is None and row["value_status"] == "observed"):
            continue
        period = row["period"][-4:] if "/" in row["period"] else row["period"]
        place = (row["municipality_code"], period, part)
        found.add(place)
        for kind in (events, persons):
            sums.add((*place, kind), row[kind])
    counts: dict[Stratum, dict[str, Count]] = {}
    ages = "16-66" if indicator == "public_support_share" else "total"
    for area, period, part in found:
        place = (area, period, part)
        count = Count(sums[(*place, events)], sums[(*place, persons)])
        counts.setdefault(Stratum(indicator, area, period, age_group=ages), {})[part] = count
    return counts


def _level(code: str) -> str:
    if code == "H90":
        return "unknown"
    if code == "H10":
        return "basic"
    return "qualifying" if code in QUALIFYING else "preparing" if code in PREPARING else code


def _unsplit(part: str) -> str:
    return "non_western" if part.startswith("non_western") else part


def _first_age(band: str) -> int | None:
    first, _, last = band.partition("-")
    return int(first) if first.isdigit() and last.isdigit() else None


def _product(*lists: Iterable[str]) -> Iterator[tuple[str, ...]]:
    return product(*(list(values) for values in lists))
