"""The StatBank's answers about tables: subjects, tables and tableinfo, in the recorded shapes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sample_providers.query import ApiError
from sample_providers.table import Table, Variable

# id, Danish, English, parent
SUBJECTS = [
    ("1", "Borgere", "People", None),
    ("2", "Arbejde og indkomst", "Labour and income", None),
    ("3", "Økonomi", "Economy", None),
    ("4", "Sociale forhold", "Social conditions", None),
    ("5", "Uddannelse og forskning", "Education and research", None),
    ("6", "Erhvervsliv", "Business", None),
    ("7", "Transport", "Transport", None),
    ("8", "Kultur og fritid", "Culture and leisure", None),
    ("9", "Miljø og energi", "Environment and energy", None),
    ("19", "Om Danmarks Statistik", "About Statistics Denmark", None),
    ("3401", "Befolkning", "Population", "1"),
    ("3412", "Demokrati", "Democracy", "1"),
    ("3415", "Tilknytning til arbejdsmarkedet", "Labour market affiliation", "2"),
    ("3419", "Offentligt forsørgede", "Persons receiving public benefits", "4"),
    ("3413", "Uddannelse", "Education", "5"),
    ("3427", "Folkekirken", "National church", "8"),
    ("20021", "Befolkningstal", "Population figures", "3401"),
    ("20006", "Valg", "Elections", "3412"),
    ("20102", "Beskæftigelse", "Employment", "3415"),
    ("20205", "Kontanthjælp", "Social assistance", "3419"),
    ("20301", "Uddannelsesniveau", "Educational attainment", "3413"),
    ("20302", "Elever i grundskolen", "Pupils in basic school", "3413"),
    ("20401", "Medlemmer af folkekirken", "Members of the national church", "3427"),
]


def subjects(
    tables: Iterable[Table], wanted: list[str], lang: str, *, recursive: bool, with_tables: bool
) -> list[dict[str, Any]]:
    """The subject tree: the top level, or the subjects asked for with what is directly below them."""
    listed = list(tables)
    if not wanted:
        top = [row for row in SUBJECTS if row[3] is None]
        return [_subject(row, listed, lang, depth=99 if recursive else 0, with_tables=with_tables) for row in top]
    known = {row[0]: row for row in SUBJECTS}
    for name in wanted:
        if name not in known:
            raise ApiError("EXTRACT-NOTFOUND", f"Kan ikke finde emnet: {name}", f"Could not find subject: {name}")
    depth = 99 if recursive else 1
    return [_subject(known[name], listed, lang, depth=depth, with_tables=with_tables) for name in wanted]


def _subject(row: Any, tables: list[Table], lang: str, *, depth: int, with_tables: bool) -> dict[str, Any]:
    below = [other for other in SUBJECTS if other[3] == row[0]]
    found: dict[str, Any] = {
        "id": row[0],
        "description": row[2] if lang == "en" else row[1],
        "active": True,
        "hasSubjects": bool(below) or row[3] is None,
        "subjects": [],
    }
    if depth:
        found["subjects"] = [_subject(o, tables, lang, depth=depth - 1, with_tables=with_tables) for o in below]
    if with_tables:
        found["tables"] = [summary(table, lang) for table in tables if table.subject == row[0]]
    return found


def _path(subject: str) -> list[str]:
    parents = {row[0]: row[3] for row in SUBJECTS}
    path, here = [], parents.get(subject) and subject
    while here:
        path.append(here)
        here = parents[here]
    return path


def table_list(
    tables: Iterable[Table], wanted: list[str], lang: str, *, past_days: int | None, inactive: bool
) -> list[dict[str, Any]]:
    """The tables, of some subjects or of all, updated in the last `past_days` days."""
    now = datetime.now(ZoneInfo("Europe/Copenhagen")).replace(tzinfo=None)  # `updated` is local, without a zone
    since = None if past_days is None else now - timedelta(days=past_days)
    return [
        summary(table, lang)
        for table in tables
        if (table.active or inactive)
        and (not wanted or set(wanted) & set(_path(table.subject)))
        and (since is None or datetime.fromisoformat(table.updated) >= since)
    ]


def summary(table: Table, lang: str) -> dict[str, Any]:
    """A table as /tables lists it."""
    periods = [value.text(lang) for value in table.time.values]
    return {
        "id": table.id,
        "text": table.text(lang),
        "unit": table.unit_en if lang == "en" else table.unit_da,
        "updated": table.updated,
        "firstPeriod": periods[0] if periods else "",
        "latestPeriod": periods[-1] if periods else "",
        "active": table.active,
        "variables": [variable.text(lang) for variable in table.variables.values()],
    }


def tableinfo(table: Table, lang: str) -> dict[str, Any]:
    """A table as /tableinfo describes it."""
    names = [variable.text(lang) for variable in table.variables.values()]
    by, last = ("by", "and") if lang == "en" else ("efter", "og")
    page = "documentationofstatistics" if lang == "en" else "statistikdokumentation"
    note = None
    if table.footnote is not None:
        note = {"text": table.footnote, "mandatory": table.mandatory_footnote}
    return {
        "id": table.id,
        "text": table.text(lang),
        "description": f"{table.text(lang)} {by} {', '.join(names[:-1])} {last} {names[-1]}",
        "unit": table.unit_en if lang == "en" else table.unit_da,
        "suppressedDataValue": table.suppressed,
        "updated": table.updated,
        "active": table.active,
        "contacts": [{"name": "", "phone": "", "mail": ""}],
        "documentation": {
            "id": table.documentation,
            "url": f"https://www.dst.dk/{page}/{table.documentation}",
        },
        "footnote": note,
        "variables": [_variable(variable, lang) for variable in table.variables.values()],
    }


def _variable(variable: Variable, lang: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": variable.id,
        "text": variable.text(lang),
        "elimination": variable.total is not None,
        "time": variable.time,
    }
    if variable.map:
        found["map"] = variable.map
    found["values"] = [{"id": value.code, "text": value.text(lang)} for value in variable.values]
    return found
