"""The kinds of hand-delivered CSV files of our own: which columns, what a cell may be, what must agree within a file.

A kind that is not in this list does not exist. There is none with origin and membership of an association or a
resident board, and none may be added: origin may not be registered there. Free text is never quoted, answers neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ingestion.cpr import looks_like_cpr
from warehouse.seeds import seed

COMMUNITIES = 3

Row = Mapping[str, str]
Fault = tuple[str, str]
"""A column, and what is wrong with it; quotes nothing."""


@dataclass(frozen=True)
class Column:
    """What a cell of a column must be, as a rule and in words. ``quoted``: a wrong cell may be shown."""

    is_right: Callable[[str], bool]
    must: str
    quoted: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    ``key`` is what a row is known by; ``agree`` are pairs (known by, the same column everywhere); ``faults`` finds
    what is wrong between the cells of one row, ``most`` bounds how many different values of a column go together.
    ``quotes``: a wrong cell may be shown at all; single answers never are.
    """

    columns: Mapping[str, Column]
    key: tuple[str, ...]
    agree: tuple[tuple[tuple[str, ...], str], ...]
    faults: Callable[[Row], Fault | None]
    quotes: bool = True
    most: tuple[tuple[str, ...], str, int] | None = None


def _matching(pattern: str, must: str, quoted: bool = True) -> Column:
    compiled = re.compile(pattern, re.ASCII)
    return Column(lambda cell: compiled.fullmatch(cell) is not None, must, quoted)


def _one_of(*values: str) -> Column:
    return Column(lambda cell: cell in values, f"one of {', '.join(values)}")


def _is_day(cell: str) -> bool:
    try:
        return re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", cell, re.ASCII) is not None and bool(date.fromisoformat(cell))
    except ValueError:
        return False


@lru_cache
def _municipalities() -> frozenset[str]:
    return frozenset(row["area_code"] for row in seed("areas") if row["level"] == "municipality")


_PSEUDONYM = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NAME = re.compile(r"[A-Z][a-z]+([-_]?[A-Z][a-z]+)*", re.ASCII)  # Fatima, Anne-Marie, HansHansen


def _is_pseudonym(cell: str) -> bool:
    return bool(_PSEUDONYM.fullmatch(cell)) and not _NAME.fullmatch(cell) and not looks_like_cpr(cell)


def _text(longest: int) -> Column:
    return Column(lambda cell: len(cell) <= longest, f"at most {longest} characters", quoted=False)


COUNT = _matching(r"0|[1-9]\d{0,7}", "a whole number such as 1250, without signs or thousands points", quoted=False)
DAY = Column(_is_day, "a date such as 2025-11-18")
MUNICIPALITY = Column(lambda cell: cell in _municipalities(), "the three-digit code of a municipality, such as 151")
ORIGIN = _one_of("danish", "western", "non_western")
SOURCE, NOTE = _text(300), _text(1000)
CHARACTERS = "letters, digits, - and _"


def _turnout_faults(row: Row) -> Fault | None:
    if int(row["votes_cast"]) > int(row["eligible_voters"]):
        return "votes_cast", "more votes than eligible voters"
    if row["election_id"][2:] != row["election_date"][:4]:
        return "election_date", "another year than that of the election_id"
    danish = row["origin"] == "danish"
    if row["ancestry"] != "total" and danish != (row["ancestry"] == "danish_origin"):
        return "ancestry", "danish_origin belongs to danish, immigrant and descendant to western and non_western"
    return None


def _tests_faults(row: Row) -> Fault | None:
    if int(row["passed_within_five_years"]) > int(row["course_takers"]):
        return "passed_within_five_years", "more who passed than course takers"
    return None


KINDS: dict[str, Kind] = {
    "turnout_by_origin": Kind(
        columns={
            "election_id": _matching(r"(KV|RV|FV|EV)(19|20)\d\d", "kind and year of an election, such as KV2025"),
            "election_date": DAY,
            "municipality_code": MUNICIPALITY,
            "origin": ORIGIN,
            "ancestry": _one_of("danish_origin", "immigrant", "descendant", "total"),
            "eligible_voters": COUNT,
            "votes_cast": COUNT,
            "source": SOURCE,
            "note": NOTE,
        },
        key=("election_id", "municipality_code", "origin", "ancestry"),
        agree=((("election_id",), "election_date"),),
        faults=_turnout_faults,
    ),
    "interviews": Kind(
        columns={
            "wave_id": _matching(r"[A-Za-z0-9_-]{1,32}", f"{CHARACTERS}, at most 32, such as 2025-1"),
            "wave_date": DAY,
            "municipality_code": MUNICIPALITY,
            "community_id": _matching(r"[A-Za-z0-9_-]{1,64}", f"{CHARACTERS}, at most 64"),
            "community_name": Column(
                lambda cell: 0 < len(cell.strip()) == len(cell) <= 100, "a name of at most 100 characters"
            ),
            "respondent_id": Column(
                _is_pseudonym, f"a pseudonym ({CHARACTERS}), no name, number of a person or mail address"
            ),
            "consent": Column(lambda cell: cell.lower() == "true", "true: no answer is taken without consent"),
            "origin_group": Column(
                lambda cell: cell in {"non_western", "other", "undisclosed"},
                "one of non_western, other, undisclosed (as the respondent says)",
            ),
            "item_id": _matching(r"[A-Za-z0-9_-]{1,32}", f"{CHARACTERS}, at most 32, such as q1"),
            "score": _matching(r"[1-5]", "a whole number from 1 to 5"),
        },
        key=("wave_id", "respondent_id", "item_id"),
        agree=(
            (("wave_id",), "wave_date"),
            (("wave_id", "community_id"), "community_name"),
            (("wave_id", "community_id"), "municipality_code"),
            (("wave_id", "respondent_id"), "community_id"),
            (("wave_id", "respondent_id"), "origin_group"),
        ),
        faults=lambda row: None,
        quotes=False,
        most=(("wave_id", "municipality_code"), "community_id", COMMUNITIES),
    ),
    "danish_tests": Kind(
        columns={
            "year": _matching(r"(19|20)\d\d", "a year such as 2024"),
            "municipality_code": MUNICIPALITY,
            "origin": ORIGIN,
            "course_takers": COUNT,
            "passed_within_five_years": COUNT,
            "source": SOURCE,
            "note": NOTE,
        },
        key=("year", "municipality_code", "origin"),
        agree=(),
        faults=_tests_faults,
    ),
}


@dataclass(frozen=True)
class Placed:
    """A row of a delivery and where it stands."""

    file: str
    line: int
    row: Row


def cell_fault(kind: Kind, row: Row) -> Fault | None:
    """The first wrong cell of a row, then what does not agree between its cells."""
    for name, column in kind.columns.items():
        if not column.is_right(row[name]):
            got = f", got {row[name][:40]!r}" if kind.quotes and column.quoted and row[name] else ""
            return name, f"{'empty' if not row[name] else 'a wrong value'}; it must be {column.must}{got}"
    return kind.faults(row)


def delivery_fault(kind: Kind, rows: Sequence[Placed]) -> tuple[Placed, Fault] | None:
    """The first row that does not agree with those before it: a key twice, or one thing said in two ways."""
    keys: dict[tuple[str, ...], Placed] = {}
    said: dict[tuple[str, ...], tuple[str, Placed]] = {}
    members: dict[tuple[str, ...], set[str]] = {}
    for placed in rows:
        key = tuple(placed.row[name] for name in kind.key)
        if key in keys:
            where = f"{', '.join(kind.key)} stand in line {keys[key].line} of {keys[key].file} already"
            return placed, (kind.key[-1], f"a second row of the same key: {where}")
        keys[key] = placed
        for known_by, name in kind.agree:
            about = (name, *(placed.row[k] for k in known_by))
            value, first = said.setdefault(about, (placed.row[name], placed))
            if value != placed.row[name]:
                where = f"line {first.line} of {first.file}"
                return placed, (name, f"another {name} than in {where}, of the same {' and '.join(known_by)}")
        if kind.most:
            known_by, name, limit = kind.most
            found = members.setdefault(tuple(placed.row[k] for k in known_by), set())
            found.add(placed.row[name])
            if len(found) > limit:
                return placed, (name, f"more than {limit} different {name} of one {' and '.join(known_by)}")
    return None
