"""Good rows of each hand-delivered kind, and what writes them into an inbox; tests poison one thing at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CPR = "010190" + "-1234"
ORIGIN = "Indvandrere og efterkommere fordelt efter oprindelsesland"
CITIZENSHIP = "Antal personer opgjort efter statsborgerskab køn og aldersgrupper"
GROUPS = {
    "01": "Danmark",
    "02": "Nordiske lande",
    "03": "Tyrkiet",
    "04": "Tidligere Jugoslavien",
    "05": "Gamle EU-lande",
    "06": "Nye EU-lande",
    "07": "Øvrige Europa",
    "08": "Afrika",
    "09": "Nordamerika",
    "10": "Syd- og Mellemamerika",
    "11": "Asien og Oceanien",
    "12": "Uoplyst",
}
Row = dict[str, str]


def turnout(**changes: str) -> Row:
    """One row of ``turnout_by_origin``."""
    return {
        "election_id": "KV2025",
        "election_date": "2025-11-18",
        "municipality_code": "151",
        "origin": "non_western",
        "ancestry": "immigrant",
        "eligible_voters": "1000",
        "votes_cast": "400",
        "source": "Egen opgørelse",
        "note": "",
    } | changes


def answer(**changes: str) -> Row:
    """One row of ``interviews``."""
    return {
        "wave_id": "2025-1",
        "wave_date": "2025-03-14",
        "municipality_code": "151",
        "community_id": "a",
        "community_name": "Område A",
        "respondent_id": "A001",
        "consent": "true",
        "origin_group": "non_western",
        "item_id": "q1",
        "score": "4",
    } | changes


def course(**changes: str) -> Row:
    """One row of ``danish_tests``."""
    return {
        "year": "2024",
        "municipality_code": "151",
        "origin": "non_western",
        "course_takers": "200",
        "passed_within_five_years": "120",
        "source": "",
        "note": "",
    } | changes


GOOD = {"turnout_by_origin": turnout, "interviews": answer, "danish_tests": course}


def text_of(rows: Iterable[Row], delimiter: str = ",", end: str = "\n") -> str:
    """Rows as CSV; the columns of the first row."""
    listed = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(listed[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()


def background(
    topic: str, areas: Iterable[str] = ("151001",), label: str = "EV2024 - ", cell: str = "10", **changes: str
) -> str:
    """An export of the election database, as the database gives it; ``changes`` replace cells of the first row."""
    first = 2 if topic == ORIGIN else 1
    names = [
        f"{label}{topic}_{sex_age}_{code}. {text}"
        for sex_age in ("Kvinder 0-4 år", "Mænd 70- år")
        for code, text in GROUPS.items()
        if int(code) >= first
    ]
    rows: list[dict[str, Any]] = [{"ValgstedId": area, **dict.fromkeys(names, cell)} for area in areas]
    rows[0] |= changes
    return text_of(rows, ";", "\r\n")


def lay(house: Any, name: str, content: str | bytes) -> Path:
    """Put a file into the inbox."""
    path: Path = house.settings.inbox_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
