"""What a cube of the education ministry has, checked against the record, and what its rows mean.

Plain documents in, plain values out: no connection and no token here. A member that the provider leaves out of its rows
is suppressed or has nobody; which of the two, nobody can say, so the full product of the members is written with that
status. ``<fejl>`` and ``<uoplyst>`` are no groups.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingestion.danish import area_code, area_names, nearest, number
from ingestion.http import BadBody
from warehouse.errors import MOST, LoadRejected, NotDelivered, one_line
from warehouse.records import Cube, Measure
from warehouse.settings import COUNTRY, Settings

OBSERVED, ABSENT = "observed", "suppressed_or_none"
MUNICIPALITY, WHOLE_COUNTRY = "municipality", "country"
SCHOOL_YEAR = re.compile(r"(\d{4})/(\d{4})", re.ASCII)
COUNTRY_NAME = "Hele landet"

Ask = Callable[[dict[str, str]], object]
Row = Mapping[str, object]


@dataclass(frozen=True)
class Plan:
    """What is asked of a cube, and how its members are understood; goes into the manifest as a document.

    ``measures`` maps our column to the published name, ``municipalities`` and ``origins`` the published member to its
    code, and to origin and ancestry. ``basis`` is home or school.
    """

    area: str
    topic: str
    subtopic: str
    period_detail: str
    municipality_detail: str
    basis: str
    origin_detail: str
    measures: dict[str, str]
    periods: tuple[str, ...]
    municipalities: dict[str, str]
    all_municipalities: bool
    origins: dict[str, tuple[str, str | None]]

    def document(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Plan:
        """The plan of a manifest."""
        origins = {text: (meaning[0], meaning[1]) for text, meaning in document["origins"].items()}
        return cls(**{**document, "periods": tuple(document["periods"]), "origins": origins})

    def details(self, level: str) -> list[str]:
        """The details asked for: by municipality, or of the whole country."""
        place = [self.municipality_detail] if level == MUNICIPALITY else []
        return [self.period_detail, *place, self.origin_detail]

    def query(self, level: str) -> dict[str, Any]:
        """The body of a request for ``/statistik``, without the page."""
        filters: dict[str, list[str]] = {self.period_detail: list(self.periods)}
        if level == MUNICIPALITY and not self.all_municipalities:
            filters[self.municipality_detail] = list(self.municipalities)
        return {
            "område": self.area,
            "emne": self.topic,
            "underemne": self.subtopic,
            "nøgletal": list(self.measures.values()),
            "detaljering": self.details(level),
            "filtre": filters,
            "indlejret": False,
            "tomme_rækker": False,
            "formattering": "json",
        }


def key_of(detail: str) -> str:
    """The key under which a flat answer holds a detail: ``[A].[B]`` comes back as ``[A].[B].[B]``."""
    return f"{detail}.{detail[detail.rindex('[') :]}"


def resolve(cube: Cube, settings: Settings, ask: Ask) -> Plan:
    """Check the record against what ``skema`` says now, and plan the requests.

    Raises:
        LoadRejected: a name of the record, or a member, is not known; the nearest names are given.
        NotDelivered: the cube does not tell western from non-western origin.
        BadBody: an answer of ``skema`` has another shape.
    """
    asked: dict[str, str] = {}
    for level, name in (("område", cube.area), ("emne", cube.topic), ("underemne", cube.subtopic)):
        _exists(level, name, _ids(ask(dict(asked))))
        asked[level] = name
    details, measures = _shape(ask(dict(asked)))

    def members(detail: str) -> list[str]:
        return _members(ask({**asked, "detalje": detail}))

    origin_detail, origins = _origins(cube, details, members)
    chosen = {column: found for column, m in cube.measures.items() if (found := _measure(m, measures))}
    period_detail = _first("detaljering (skoleår)", cube.periods, details)
    basis, municipality_detail = _place(cube, details)
    return Plan(
        area=cube.area,
        topic=cube.topic,
        subtopic=cube.subtopic,
        period_detail=period_detail,
        municipality_detail=municipality_detail,
        basis=basis,
        origin_detail=origin_detail,
        measures=chosen,
        periods=_periods(members(period_detail), cube, settings.from_year),
        municipalities=_municipalities(members(municipality_detail), cube, settings),
        all_municipalities=settings.municipalities == "all",
        origins=origins,
    )


def check_page(document: object, plan: Plan, level: str) -> list[Row]:
    """The rows of one page: flat objects with the details asked for and no key that was not.

    Raises:
        BadBody: it is something else.
    """
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise BadBody("the answer is not a list of rows")
    required = {key_of(detail) for detail in plan.details(level)}
    allowed = required | set(plan.measures.values())
    for row in document:
        if not required <= set(row) <= allowed:
            wrong = sorted((required - set(row)) | (set(row) - allowed))
            raise BadBody(f"a row has other columns than asked for: {', '.join(wrong)}")
        if not all(isinstance(row[key], str) for key in required):
            raise BadBody("a row has a member that is not text")
    return document


def distinct(rows: Iterable[Row], plan: Plan, level: str) -> dict[tuple[str, ...], Row]:
    """The rows by their full key, each once.

    Raises:
        LoadRejected: two rows of the same key say different things.
    """
    keys = [key_of(detail) for detail in plan.details(level)]
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(str(row[name]) for name in keys)
        if found.setdefault(key, row) != row:
            raise _rejected(f"Two rows of {' / '.join(key)} say different things", "ask the producer, or run again")
    return found


def table_rows(
    plan: Plan, cube: Cube, municipality: Iterable[Row], country: Iterable[Row]
) -> tuple[list[dict[str, object]], dict[str, int]]:
    """The rows of ``raw.education_grades`` (full product of the members), and how many came, and were left out.

    Raises:
        LoadRejected: a member that was not asked for, a value that is no number of its kind, or two rows of one key.
    """
    by_place = _known(distinct(municipality, plan, MUNICIPALITY), plan, cube, MUNICIPALITY)
    nation = {
        (period, COUNTRY_NAME, origin): row
        for (period, origin), row in _known(distinct(country, plan, WHOLE_COUNTRY), plan, cube, WHOLE_COUNTRY).items()
    }
    published = by_place | nation
    periods = sorted({key[0] for key in published})
    places = [(name, code, plan.basis) for name, code in plan.municipalities.items()]
    places.append((COUNTRY_NAME, COUNTRY, "country"))
    rows = [
        _row(plan, cube, (period, place, origin), published.get((period, place[0], origin)))
        for period, place, origin in itertools.product(periods, places, plan.origins)
    ]
    absent = sum(row["value_status"] == ABSENT for row in rows)
    return rows, {"rows": len(rows), "observed": len(rows) - absent, "suppressed_or_none": absent}


def _row(
    plan: Plan, cube: Cube, key: tuple[str, tuple[str, str, str], str], published: Row | None
) -> dict[str, object]:
    period, place, origin_text = key
    values = {
        column: _value(published, plan.measures.get(column), measure, f"{period} / {place[0]} / {origin_text}")
        for column, measure in cube.measures.items()
    }
    needed = (values[column] for column, measure in cube.measures.items() if not measure.optional)
    observed = all(value is not None for value in needed)
    origin, ancestry = plan.origins[origin_text]
    return {
        "period": period,
        "municipality_name": place[0],
        "municipality_code": place[1],
        "municipality_basis": place[2],
        "origin_text": origin_text,
        "origin": origin,
        "ancestry": ancestry,
        **(values if observed else dict.fromkeys(values)),
        "value_status": OBSERVED if observed else ABSENT,
    }


def _value(row: Row | None, name: str | None, measure: Measure, key: str) -> int | float | None:
    if row is None or name is None:
        return None
    try:
        return number(row.get(name), measure.kind)
    except ValueError as error:
        raise _rejected(
            f"{name}, {key}: {error}", "compare the landed page and the kind in the catalogue record"
        ) from error


def _known(rows: Mapping[tuple[str, ...], Row], plan: Plan, cube: Cube, level: str) -> dict[tuple[str, ...], Row]:
    """The rows whose members were all asked for; those of a missing member are left out."""
    columns: list[Iterable[str]] = [plan.periods, plan.origins]
    if level == MUNICIPALITY:
        columns.insert(1, plan.municipalities)
    found = {}
    for key, row in rows.items():
        if any(member in cube.missing for member in key):
            continue
        for member, known in zip(key, columns, strict=True):
            if member not in known:
                raise _rejected(f"A row has the member {member!r}, which was not asked for", "run again")
        found[key] = row
    return found


def _origins(
    cube: Cube, details: Sequence[str], members: Callable[[str], list[str]]
) -> tuple[str, dict[str, tuple[str, str | None]]]:
    there = [detail for detail in cube.origin_details if detail in details]
    if not there:
        other = [detail for detail in details if "herkomst" in detail.casefold()]
        if other:
            raise _unknown("detaljering (herkomst)", cube.origin_details[0], other)
        raise NotDelivered(
            f"The cube {cube.subtopic} does not split by origin: it has no Herkomst dimension",
            {"cube": cube.subtopic},
            "nothing needs to be done; the indicator stays not delivered until the ministry splits it",
        )
    seen: list[str] = []
    for detail in there:
        texts = [text for text in members(detail) if text not in cube.missing]
        for text in texts:
            if text not in cube.origins:
                raise _unknown(f"origin of {detail}", text, list(cube.origins), "the record's code map")
        meanings: dict[str, tuple[str, str | None]] = {
            text: (cube.origins[text].origin, cube.origins[text].ancestry) for text in texts
        }
        if any(origin == "non_western" for origin, _ in meanings.values()):
            return detail, {text: meaning for text, meaning in meanings.items() if meaning[0] != "foreign"}
        seen += texts
    shown = one_line(", ".join(dict.fromkeys(seen)))
    raise NotDelivered(
        f"The cube {cube.subtopic} splits by origin only as Danish / foreign ({shown})",
        {"cube": cube.subtopic},
        "nothing needs to be done: foreign origin is never used in place of non-western",
    )


def _measure(measure: Measure, published: Sequence[str]) -> str | None:
    found = next((name for name in measure.names if name in published), None)
    if found is None and not measure.optional:
        raise _unknown("nøgletal", measure.names[0], published)
    return found


def _place(cube: Cube, details: Sequence[str]) -> tuple[str, str]:
    for basis in ("home", "school"):
        for detail in cube.municipalities.get(basis, ()):
            if detail in details:
                return basis, detail
    wanted = next(itertools.chain.from_iterable(cube.municipalities.values()))
    raise _unknown("detaljering (kommune)", wanted, details)


def _periods(texts: Sequence[str], cube: Cube, from_year: int) -> tuple[str, ...]:
    periods = []
    for text in texts:
        match = SCHOOL_YEAR.fullmatch(text)
        if text in cube.missing:
            continue
        if not match or int(match[2]) != int(match[1]) + 1:
            raise _rejected(f"The school year {text!r} is not written as 2023/2024", "ask the producer")
        if int(match[1]) >= from_year:
            periods.append(text)
    return tuple(sorted(periods))


def _municipalities(texts: Sequence[str], cube: Cube, settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        if text in cube.missing:
            continue
        code = area_code(text)
        if code is None:
            raise _unknown("municipality", text, list(area_names()), "the seed areas")
        if code in found.values():
            raise _rejected(f"Two members are the municipality {code}: one is {text!r}", "ask the producer")
        if settings.takes_municipality(code):
            found[text] = code
    return found


def _first(what: str, wanted: Sequence[str], published: Sequence[str]) -> str:
    found = next((name for name in wanted if name in published), None)
    if found is None:
        raise _unknown(what, wanted[0], published)
    return found


def _exists(level: str, name: str, published: Mapping[str, str]) -> None:
    if name not in published:
        near = nearest(name, published)
        raise _unknown(level, name, [f"{item} ({published[item]})" if published[item] else item for item in near])


def _ids(document: object) -> dict[str, str]:
    """Id → name of the areas, topics or subtopics."""
    if not isinstance(document, list):
        raise BadBody("skema's answer is not a list")
    found: dict[str, str] = {}
    for item in document:
        if isinstance(item, str):
            found[item] = ""
        elif isinstance(item, dict):
            lower = {str(key).casefold(): value for key, value in item.items()}
            if "id" not in lower:
                raise BadBody("skema's answer has an entry without an id")
            found[str(lower["id"])] = str(lower.get("name", ""))
        else:
            raise BadBody("skema's answer has an entry that is neither text nor an object")
    return found


def _shape(document: object) -> tuple[list[str], list[str]]:
    """The names of the details and of the measures of a cube."""
    if not isinstance(document, dict) or not {"detaljer", "nøgletal"} <= set(document):
        raise BadBody("skema's answer for the cube has no `detaljer` and `nøgletal`")
    return _members(document["detaljer"]), _members(document["nøgletal"])


def _members(document: object) -> list[str]:
    """Names out of a list of texts, or of objects with a name."""
    if not isinstance(document, list):
        raise BadBody("skema's answer is not a list of members")
    found = []
    for item in document:
        name = item.get("name", item.get("Name")) if isinstance(item, dict) else item
        if not isinstance(name, str):
            raise BadBody("skema's answer has a member without a name")
        found.append(name)
    return found


def _unknown(what: str, name: str, known: Sequence[str], where: str = "the provider's skema") -> LoadRejected:
    return _rejected(
        f"{what}: {name!r} is not in {where}; nearest: {', '.join(nearest(name, known)) or 'nothing'}",
        "correct ingestion/catalogue/education_grades.yml if the provider has renamed it, and run again",
    )


def _rejected(what: str, next_step: str) -> LoadRejected:
    return LoadRejected(one_line(what, MOST), {}, next_step)
