"""A sample of the education ministry's API: `POST /Api/v1/skema` and `/Api/v1/statistik`, with a bearer token.

One cube has figures, GS/KARA/KARADM. It is as strict as the real one is known to be: numbers are Danish text, cells
below three pupils are left out (blank with `tomme_rækker`), and pages end with a short or an empty one. That the cube
tells western from non-western origin is an assumption: change `details` to try what happens if it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sample_providers.arithmetic import Ints, half_up
from sample_providers.geography import MUNICIPALITIES
from sample_providers.http import Answer, Request, json_answer
from sample_providers.population import persons, quarter_index
from sample_providers.tokens import refused

AREAS = {"DAG": "Dagtilbud", "GS": "Grundskolen", "GYM": "Gymnasiale uddannelser", "EUD": "Erhvervsuddannelser"}
TOPICS = {"GS": {"ELEV": "Elever", "KARA": "Karakterer", "TRIV": "Trivsel"}}
SUBTOPICS = {"KARA": {"KARAGNS": "Gennemsnit i obligatoriske prøver", "KARADM": "Gennemsnit i dansk og matematik"}}
SHARE, PUPILS = "Andel elever med mindst 2 i dansk og matematik", "Antal elever med prøver i dansk og matematik"
PERIOD, HOME, SCHOOL = "[Skoleår].[Skoleår]", "[Bopælskommune].[Bopælskommune]", "[Institution].[Beliggenhedskommune]"
ORIGIN, ORIGIN_GROUP = "[Herkomst].[Herkomst]", "[Herkomst].[Herkomstgruppe]"
UNKNOWN = "<uoplyst>"
FEWEST = 3
LARGEST_PAGE = 100_000
START_YEARS = list(range(2018, 2025))
# Members of the two origin details for Danish, western and non-western immigrants and descendants, and unknown.
_MEANINGS = [
    ("Dansk", "Dansk"),
    ("Indvandrere", "Vestlig"),
    ("Indvandrere", "Ikke-vestlig"),
    ("Efterkommere", "Vestlig"),
    ("Efterkommere", "Ikke-vestlig"),
    (UNKNOWN, UNKNOWN),
]
_PASSED = [0.925, 0.86, 0.71, 0.89, 0.81, 0.60]
_KEYS = {
    "område",
    "emne",
    "underemne",
    "nøgletal",
    "detaljering",
    "filtre",
    "indlejret",
    "tomme_rækker",
    "formattering",
    "side",
    "side_størrelse",
}

Cell = dict[str, Any]


@cache
def _cells() -> list[Cell]:
    """Pupils with exams, and those with at least 2, by school year, municipality and origin."""
    fifteen: Ints = persons()[:, :, 15].sum(axis=1)
    cells = []
    for year in START_YEARS:
        by_origin = half_up(fifteen[..., quarter_index(f"{year}K4")] * 0.93)
        for area, name in enumerate(MUNICIPALITIES.values()):
            counts = [*map(int, by_origin[area]), int(by_origin[area].sum()) // 150]
            for pupils, (origin, group), share in zip(counts, _MEANINGS, _PASSED, strict=True):
                passed = min(pupils, int(pupils * (share + 0.003 * (year - START_YEARS[0])) + 0.5))
                members = {PERIOD: f"{year}/{year + 1}", HOME: name, SCHOOL: name, ORIGIN: origin, ORIGIN_GROUP: group}
                cells.append({**members, PUPILS: pupils, SHARE: passed})
    return cells


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", ".")


class EducationApi:
    """The API of one server. `details` (detail → members), `measures` and `first_page` may be changed at any time.

    A detail that is renamed or added needs its members in `translate`: detail → (detail of the
    figures, member → member).
    """

    def __init__(self) -> None:
        self.details: dict[str, list[str]] = {
            PERIOD: [f"{year}/{year + 1}" for year in START_YEARS],
            HOME: [*MUNICIPALITIES.values(), UNKNOWN],
            SCHOOL: list(MUNICIPALITIES.values()),
            ORIGIN: ["Dansk", "Indvandrere", "Efterkommere", UNKNOWN, "<fejl>"],
            ORIGIN_GROUP: ["Dansk", "Vestlig", "Ikke-vestlig", UNKNOWN],
        }
        self.measures = [SHARE, PUPILS, "Gennemsnit - Dansk bundne prøver"]
        self.translate: dict[str, tuple[str, dict[str, str]]] = {}
        self.first_page = 1

    def answer(self, request: Request, path: str) -> Answer:
        """The answer to a request under /Api/v1."""
        denied = refused(request)
        if denied is not None:
            return denied
        if request.method != "POST" or path not in {"skema", "statistik"}:
            return json_answer({"message": "No HTTP resource was found."}, 404)
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return json_answer({"message": "The request is not JSON."}, 400)
        try:
            return json_answer(self._skema(body) if path == "skema" else self._statistics(body))
        except LookupError as error:
            return json_answer({"message": f"Ukendt: {error}"}, 400)

    def _skema(self, body: dict[str, Any]) -> object:
        if "område" not in body:
            return _listed(AREAS)
        topics = TOPICS.get(body["område"])
        if topics is None:
            raise LookupError(body["område"])
        if "emne" not in body:
            return _listed(topics)
        subtopics = SUBTOPICS.get(body["emne"], {})
        if "underemne" not in body:
            return _listed(subtopics)
        if body["underemne"] not in subtopics:
            raise LookupError(body["underemne"])
        if "detalje" in body:
            return self.details[body["detalje"]]
        details = [{"name": name, "count": len(members)} for name, members in self.details.items()]
        return {"detaljer": details, "nøgletal": self.measures, "rapporter": []}

    def _statistics(self, body: dict[str, Any]) -> list[dict[str, str]]:
        unknown = set(body) - _KEYS
        if unknown or (body.get("område"), body.get("emne"), body.get("underemne")) != ("GS", "KARA", "KARADM"):
            raise LookupError(", ".join(sorted(unknown)) or "kube")
        details, measures = body["detaljering"], body["nøgletal"]
        for name, known in [(d, self.details) for d in details] + [(m, self.measures) for m in measures]:
            if name not in known:
                raise LookupError(name)
        if body.get("indlejret") is not False or body.get("formattering") != "json" or not measures:
            raise LookupError("indlejret, formattering")
        size = int(body.get("side_størrelse", LARGEST_PAGE))
        if not 0 < size <= LARGEST_PAGE:
            raise LookupError("side_størrelse")
        rows = list(self._rows(details, measures, body.get("filtre") or {}, bool(body.get("tomme_rækker"))))
        start = max(0, int(body["side"]) - self.first_page) * size
        return rows[start : start + size]

    def _rows(
        self, details: list[str], measures: list[str], filters: dict[str, list[str]], empty: bool
    ) -> Iterator[dict[str, str]]:
        sums: dict[tuple[str, ...], list[int]] = {}
        for cell in _cells():
            members = {detail: self._member(detail, cell) for detail in {*details, *filters}}
            if all(members[detail] in wanted for detail, wanted in filters.items()):
                found = sums.setdefault(tuple(members[detail] for detail in details), [0, 0])
                found[0] += cell[PUPILS]
                found[1] += cell[SHARE]
        for key, (pupils, passed) in sums.items():
            hidden = pupils < FEWEST
            if hidden and not empty:
                continue
            share = f"{100 * passed / pupils:.1f} %".replace(".", ",") if pupils else ""
            published = {SHARE: share, PUPILS: _thousands(pupils), "Gennemsnit - Dansk bundne prøver": "7,3"}
            row = {f"{d}.{d[d.rindex('[') :]}": member for d, member in zip(details, key, strict=True)}
            yield row | {m: "" if hidden else published.get(m, _thousands(passed)) for m in measures}

    def _member(self, detail: str, cell: Cell) -> str:
        source, names = self.translate.get(detail, (detail, {}))
        member = str(cell[source])
        return names.get(member, member)


def _listed(entries: dict[str, str]) -> list[dict[str, str]]:
    return [{"ID": key, "Name": name} for key, name in entries.items()]
