"""Sample files that a municipality would deliver by hand: turnout by origin, interviews and Danish tests.

Every figure and every answer is invented. Turnout sums to KVRES of the sample where that has the election; some cells
are small on purpose, so that disclosure control has something to hide.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from sample_providers.arithmetic import apportion
from sample_providers.geography import area_values
from sample_providers.local_votes import YEARS, kvres_figures
from sample_providers.population import PERSONS

_TURNOUT = ("election_id", "election_date", "municipality_code", "origin", "ancestry")
_TURNOUT_FIGURES = ("eligible_voters", "votes_cast", "source", "note")
_INTERVIEWS = ("wave_id", "wave_date", "municipality_code", "community_id", "community_name")
_ANSWERS = ("respondent_id", "consent", "origin_group", "item_id", "score")
_TESTED = ("year", "municipality_code", "origin", "course_takers", "passed_within_five_years", "source", "note")
SOURCE = "Opdigtede tal (eksempel) / invented figures (sample)"
ELECTIONS = {"KV2017": "2017-11-21", "KV2021": "2021-11-16", "KV2025": "2025-11-18"}
TURNOUT_MUNICIPALITIES = ("151", "153", "161", "183")
TOTALS_ONLY = "183"  # delivered without the split into immigrants and descendants
PARTS = (
    ("danish", "danish_origin"),
    ("western", "immigrant"),
    ("non_western", "immigrant"),
    ("western", "descendant"),
    ("non_western", "descendant"),
)
_VOTERS = np.array([0.79, 0.55, 0.66, 0.25, 0.30])  # share of a group that may vote
_VOTING = np.array([0.72, 0.34, 0.45, 0.55, 0.43])  # share of those that do
_SMALL = {("KV2017", "161"): {3: (4, 2), 4: (31, 3)}, ("KV2021", "161"): {3: (6, 4)}}  # part → voters, votes

WAVES = {"2024-1": "2024-03-15", "2024-2": "2024-09-13", "2025-1": "2025-03-14", "2025-2": "2025-09-12"}
ITEMS = ("q1", "q2", "q3", "q4", "q5")
# community → name, respondents by group, level of the answers (in hundredths of a step, non-western and other)
COMMUNITIES = {
    "omraade-a": ("Boligområde A", {"non_western": 22, "other": 16, "undisclosed": 2}, (310, 350)),
    "omraade-b": ("Boligområde B", {"non_western": 13, "other": 26, "undisclosed": 3}, (330, 345)),
    "omraade-c": ("Boligområde C", {"non_western": 3, "other": 35, "undisclosed": 1}, (300, 360)),
}

TEST_YEARS = range(2019, 2025)
# municipality → takers in 2019 and share that passes, western and non-western, in per cent
_TESTS = {
    "151": {"western": (64, 71), "non_western": (182, 58)},
    "153": {"western": (71, 69), "non_western": (240, 55)},
    "161": {"western": (7, 57), "non_western": (88, 60)},
    "183": {"western": (58, 66), "non_western": (205, 53)},
}

Row = Sequence[object]


def files() -> Iterator[tuple[str, bytes]]:
    """The files by their place in the inbox."""
    for election in ELECTIONS:
        rows = [(*row, SOURCE, "") for row in turnout_rows(election)]
        # As a spreadsheet saves it: byte order mark, semicolons, CRLF.
        yield (
            f"turnout_by_origin/{election.lower()}.csv",
            _csv((*_TURNOUT, *_TURNOUT_FIGURES), rows, ";", "\r\n", bom=True),
        )
    for wave in WAVES:
        yield f"interviews/{wave}.csv", _csv((*_INTERVIEWS, *_ANSWERS), interview_rows(wave))
    tests = [(*row, SOURCE, "") for row in course_rows()]
    yield "danish_tests/danskproever.csv", _csv(_TESTED, tests)


def turnout_rows(election: str) -> Iterator[Row]:
    """Election, date, municipality, origin, ancestry, voters, votes."""
    for municipality in TURNOUT_MUNICIPALITIES:
        voters, votes = _split(election, municipality)
        common = (election, ELECTIONS[election], municipality)
        if municipality == TOTALS_ONLY:
            for origin in ("danish", "western", "non_western"):
                own = [place for place, part in enumerate(PARTS) if part[0] == origin]
                yield *common, origin, "total", sum(voters[p] for p in own), sum(votes[p] for p in own)
            continue
        for part, eligible, cast in zip(PARTS, voters, votes, strict=True):
            yield *common, *part, eligible, cast


def _split(election: str, municipality: str) -> tuple[list[int], list[int]]:
    eligible, cast = _municipal_count(election, municipality)
    weights = np.array(PERSONS[municipality][:5]) * _VOTERS
    voters = apportion(np.array([eligible]), weights[None, :])[0]
    votes = apportion(np.array([cast]), (voters * _VOTING)[None, :])[0]
    found = [int(n) for n in voters], [int(n) for n in votes]
    for part, small in _SMALL.get((election, municipality), {}).items():
        for counts, wanted in zip(found, small, strict=True):
            counts[0] += counts[part] - wanted
            counts[part] = wanted
    return found


def _municipal_count(election: str, municipality: str) -> tuple[int, int]:
    """Voters and votes of the municipality: KVRES of the sample, which ends with 2021; then a little growth."""
    place = [value.code for value in area_values()].index(municipality)
    year = election.removeprefix("KV")
    last = YEARS.index(year if year in YEARS else YEARS[-1])
    eligible, cast = (int(kvres_figures()[place, result, last]) for result in (0, 1))
    return (eligible, cast) if year in YEARS else (eligible * 102 // 100, cast * 105 // 100)


def interview_rows(wave: str) -> Iterator[Row]:
    """One answer a row: the same respondents in every wave, but for the one in eleven who is away."""
    turn = list(WAVES).index(wave)
    for community, (name, groups, level) in COMMUNITIES.items():
        respondents = [group for group, size in groups.items() for _ in range(size)]
        for number, group in enumerate(respondents, start=1):
            if (number + 5 * turn) % 11 == 0:
                continue
            middle = level[group != "non_western"] + 8 * turn
            for place, item in enumerate(ITEMS):
                spread = (37 * number + 61 * place + 17 * turn + 13 * len(respondents)) % 260 - 130
                score = min(5, max(1, (middle + spread + 50) // 100))
                code = f"{community[-1].upper()}{number:03d}"
                yield wave, WAVES[wave], "151", community, name, code, "true", group, item, score


def course_rows() -> Iterator[Row]:
    """Year, municipality, origin, course takers, passed within five years."""
    for year in TEST_YEARS:
        for municipality, groups in _TESTS.items():
            for origin, (takers, share) in groups.items():
                step = year - TEST_YEARS[0]
                now = takers + (takers * (step * 7 % 5 - 2)) // 40
                yield year, municipality, origin, now, now * (share + step) // 100


def _csv(header: Row, rows: Iterable[Row], delimiter: str = ",", end: str = "\n", bom: bool = False) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")
