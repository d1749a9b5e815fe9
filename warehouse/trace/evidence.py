"""Where each indicator lives: the staging model, and which published codes are in which of its counts.

One declaration an indicator, in canonical codes (those of ``stg_statbank__codes``), written from the definitions of the
strategy and the tables' own documentation, so that it stands beside the SQL of the marts and is not read out of it.
``association_democracy`` has no source, ever, and so no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Period = Literal["year", "year_before", "quarter_of_year", "quarters_of_year", "quarter"]
Ages = Literal["bands", "single", "none"]
Codes = tuple[str, ...]

PARTS: Mapping[str, Codes] = {
    "non_western": ("non_western_immigrant", "non_western_descendant"),
    "non_western_immigrant": (),
    "non_western_descendant": (),
    "others": ("danish", "western"),
    "danish": (),
}
OWN_DATA = {
    "turnout_municipal": "turnout_by_origin",
    "perceived_diversity": "interviews",
    "danish_tests": "danish_tests",
}
DATASETS = {"JOBINDSATS": "jobindsats_support", "UDDANNELSESSTATISTIK": "education_grades"}
QUARTERS = ("K1", "K2", "K3", "K4")


@dataclass(frozen=True)
class Coded:
    """A StatBank table: ``variables`` maps a role to the published variable; the staging column is
    ``published_<role>_code``. ``sexes`` are the codes that make up a sex of ours."""

    dataset: str
    value: str
    variables: Mapping[str, str]
    sexes: Mapping[str, Codes] = field(default_factory=dict)
    time: str = "year"

    @property
    def model(self) -> str:
        """The staging model."""
        return f"stg_statbank__{self.dataset}"

    @property
    def origin_variable(self) -> str:
        """The published variable that says the origin."""
        return self.variables["origin"]


def _sexes(total: Codes) -> dict[str, Codes]:
    return {"total": total, "men": ("M",), "women": ("K",)}


_LABOUR = {"area": "OMRÅDE", "status": "SOCIO", "origin": "HERKOMST", "age": "ALDER", "sex": "KØN"}
_PEOPLE = {"area": "OMRÅDE", "sex": "KØN", "age": "ALDER", "origin": "HERKOMST"}
TABLES: Mapping[str, Coded] = {
    "ras201": Coded("ras201", "persons", _LABOUR, _sexes(("M", "K"))),
    "kas201": Coded("kas201", "persons", {**_LABOUR, "part_of_year": "PERIODE"}, _sexes(("TOT",))),
    "ligeub1": Coded(
        "ligeub1", "persons",
        {"area": "BOPOMR", "education": "HFUDD", "origin": "HERKOMST", "age": "ALDER", "sex": "KØN"},
        _sexes(("TOT",)),
    ),
    "uddakt20": Coded(
        "uddakt20", "pupils",
        {
            "area": "BOPOMR", "pupil_status": "FSTATUS", "origin": "HERKOMST1", "sex": "KØN", "grade": "UDDANNELSE",
            "age": "ALDER", "ancestry": "HERKOMST", "school": "GRUNDSKOL",
        },
        _sexes(("10",)),
    ),
    "ky038": Coded(
        "ky038", "full_year_recipients",
        {"area": "OMRÅDE", "benefit": "YDELSESTYPE", "origin": "HERKOMST1", "ancestry": "HERKOMST"},
    ),
    "folk1e": Coded("folk1e", "persons", _PEOPLE, time="quarter"),
    "kmsta001": Coded("kmsta001", "persons", {"parish": "SOGN", "membership": "FKMED", "origin": "HERKOMST"}),
}  # fmt: skip


@dataclass(frozen=True)
class Count:
    """One count: rows of a table with these codes, of these ages, in this period; their sum over ``divisor``."""

    table: str
    held: Mapping[str, Codes]
    period: Period = "year"
    ages: Ages = "none"
    divisor: int = 1

    @property
    def source(self) -> Coded:
        """The table it is counted in."""
        return TABLES[self.table]


@dataclass(frozen=True)
class Coverage:
    """The numerator and the denominator of an indicator, each for the target and for the reference group."""

    numerator: Count
    denominator: Count


@dataclass(frozen=True)
class Delivered:
    """A model whose rows have our own columns already: origin, ancestry, and one column for each count."""

    dataset: str
    model: str
    numerator: str
    denominator: str
    period: str


def _labour(table: str, events: Codes, persons: Codes, period: Period) -> Coverage:
    return Coverage(
        Count(table, {"status": events}, period, "bands"),
        Count(table, {"status": persons}, period, "bands"),
    )


EMPLOYED, UNEMPLOYED, OUTSIDE = "00", "50", "55"
BASIC_SCHOOL, UNKNOWN_EDUCATION = "H10", "H90"
QUALIFYING: Codes = ("H30", "H40", "H50", "H60", "H70", "H80")
BEYOND_BASIC_SCHOOL: Codes = ("H20", "H35", *QUALIFYING)
KNOWN_EDUCATION: Codes = (BASIC_SCHOOL, *BEYOND_BASIC_SCHOOL)
_NINTH_GRADE: Mapping[str, Codes] = {"grade": ("U29",), "age": ("TOT",), "ancestry": ("TOT",), "school": ("0",)}
_EVERYBODY: Codes = (EMPLOYED, UNEMPLOYED, OUTSIDE)
ALL_BENEFITS: Mapping[str, Codes] = {"benefit": ("10000",), "ancestry": ("0",)}

EVIDENCE: Mapping[str, Coverage | Delivered] = {
    "employment_rate": _labour("ras201", (EMPLOYED,), _EVERYBODY, "year"),
    "employment_rate_quarterly": _labour("kas201", (EMPLOYED,), _EVERYBODY, "quarter_of_year"),
    "unemployment_share": _labour("ras201", (UNEMPLOYED,), (EMPLOYED, UNEMPLOYED), "year"),
    "outside_labour_force": _labour("ras201", (OUTSIDE,), _EVERYBODY, "year"),
    "cash_benefit_share": Coverage(
        Count("ky038", ALL_BENEFITS),
        Count("folk1e", {"sex": ("TOT",)}, "quarters_of_year", "single", divisor=4),
    ),
    "grade9_completion": Coverage(
        Count("uddakt20", {**_NINTH_GRADE, "pupil_status": ("F",)}),
        Count("uddakt20", {**_NINTH_GRADE, "pupil_status": ("B",)}, "year_before"),
    ),
    "youth_education": Coverage(
        Count("ligeub1", {"education": BEYOND_BASIC_SCHOOL}, ages="bands"),
        Count("ligeub1", {"education": KNOWN_EDUCATION}, ages="bands"),
    ),
    "qualifying_education": Coverage(
        Count("ligeub1", {"education": QUALIFYING}, ages="bands"),
        Count("ligeub1", {"education": KNOWN_EDUCATION}, ages="bands"),
    ),
    "public_support_share": Delivered(
        "jobindsats_support", "stg_education__public_support", "full_time_persons", "population", "quarter"
    ),
    "grade9_grades": Delivered("education_grades", "stg_education__grades", "passed", "pupils", "school_year"),
    "turnout_municipal": Delivered(
        "turnout_by_origin", "stg_inbox__turnout_by_origin", "votes_cast", "eligible_voters", "election_id"
    ),
    "danish_tests": Delivered(
        "danish_tests", "stg_inbox__danish_tests", "passed_within_five_years", "course_takers", "year"
    ),
    "perceived_diversity": Delivered("interviews", "stg_inbox__interviews", "agreeing", "answers", "wave_id"),
}
BY_PARISH = Count("kmsta001", {"membership": ("F", "U")})
BY_POLLING_AREA = {"DST_ELECTIONS": "stg_elections__dst_areas", "VALG_DK": "stg_elections__valg_dk"}
UNKNOWN_EDUCATION_COUNTS = Coverage(
    Count("ligeub1", {"education": (UNKNOWN_EDUCATION,)}, ages="bands"),
    Count("ligeub1", {"education": (*KNOWN_EDUCATION, UNKNOWN_EDUCATION)}, ages="bands"),
)
POPULATION = Count("folk1e", {"sex": ("TOT",), "age": ("IALT",)}, "quarter")


def ages_within(group: str, codes: Codes) -> Codes:
    """The published ages whose limits lie within an age group: of '16-64' the bands '16-19' to '60-64', or '16', '17'.

    Raises:
        ValueError: the group is not written as two ages.
    """
    limits = re.fullmatch(r"(\d+)-(\d+)", group)
    if limits is None:
        raise ValueError(f"{group} is no age group from one age to another")
    low, high = int(limits[1]), int(limits[2])
    found = []
    for code in codes:
        ages = re.fullmatch(r"(\d+)(?:-(\d+))?", code)
        if ages and low <= int(ages[1]) and int(ages[2] or ages[1]) <= high:
            found.append(code)
    return tuple(found)


def times(period: str, kind: Period) -> dict[str, Codes]:
    """Which published times a period of ours is made of: the codes of the table's time, and of its part of the year."""
    if kind == "year_before":
        return {"time": (str(int(period) - 1),)}
    if kind == "quarters_of_year":
        return {"time": tuple(f"{period}{quarter}" for quarter in QUARTERS)}
    if kind == "quarter_of_year":
        return {"time": (period[:4],), "part_of_year": (period[4:],)}
    return {"time": (period,)}


def part_of(origin: str, ancestry: str | None) -> str | None:
    """The part of the population that an origin and an ancestry stand for; None for totals, unknown and foreign."""
    if origin in ("danish", "western"):
        return origin
    if origin == "non_western":
        return origin if ancestry in (None, "total") else f"{origin}_{ancestry}"
    return None


def parts_of(group: str) -> Codes:
    """The parts that can make up a group: the whole, or what it is split into."""
    return (group, *PARTS.get(group, ()))
