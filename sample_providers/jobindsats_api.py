"""A sample of Jobindsats v3: `GET /v3/tables`, `/v3/table/<id>` and `/v3/data/<id>`, with a bearer token.

One table has figures, ptv_a02. As at the real one answers start with a byte order mark, suppressed values are null,
and the total of a hierarchy is a member of it. That the table has the origin hierarchy is an assumption: take it
(`_oprinda`) out of `hierarchies` to try what happens if it has not.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sample_providers.arithmetic import half_up
from sample_providers.geography import area_values, sum_areas
from sample_providers.http import JSON_TYPE, Answer, Request, json_answer
from sample_providers.population import ORIGIN_TEXTS, QUARTERS, persons
from sample_providers.tokens import refused

BOM = b"\xef\xbb\xbf"
TABLE = "ptv_a02"
FEWEST = 3
PERSONS, FULL_TIME = "Antal personer", "Antal fuldtidspersoner"
OF_LABOUR_FORCE = "Fuldtidspersoner i pct. af arbejdsstyrken 16-66 år"
OF_POPULATION = "Fuldtidspersoner i pct. af befolkningen 16-66 år"
POPULATION = "Befolkning 16-66 år"
ALL_ORIGINS, ALL_BENEFITS = "Herkomst i alt", "Ydelsesgrupper i alt"
ORIGIN_NAMES = [texts[0] for texts in ORIGIN_TEXTS.values()]
_SHARE = [0.155, 0.085, 0.235, 0.12, 0.14]  # of the population aged 16-66, by origin
_YEARLY = 0.985

Figures = dict[tuple[str, str, str], tuple[int, int]]


@cache
def figures() -> Figures:
    """(quarter '2024Q3', area, origin) → full-time persons on public support, population aged 16-66."""
    people = persons()[:, :, 16:67].sum(axis=(1, 2))  # municipality, origin, quarter
    codes = {value.code: value.da for value in area_values()}
    people = sum_areas(people, list(codes))
    found: Figures = {}
    for place, area in enumerate(codes.values()):
        for position, quarter in enumerate(QUARTERS):
            population = [int(people[place, origin, position]) for origin in range(len(ORIGIN_NAMES))]
            rates = [share * _YEARLY ** (position / 4) * (1 + 0.01 * (place % 5)) for share in _SHARE]
            full_time = [int(half_up(p * r)) for p, r in zip(population, rates, strict=True)]
            period = quarter.replace("K", "Q")
            for origin, name in enumerate(ORIGIN_NAMES):
                found[period, area, name] = (full_time[origin], population[origin])
            found[period, area, ALL_ORIGINS] = (sum(full_time), sum(population))
    return found


def _hierarchy(name: str, levels: list[tuple[str, list[str]]]) -> dict[str, Any]:
    """A hierarchy with its levels; the top value has the id `/`."""
    shown = []
    for level, names in levels:
        ids = ["/"] if level == "total" else [f"/{position}/" for position in range(1, len(names) + 1)]
        values = [{"value_id": i, "value_name": text} for i, text in zip(ids, names, strict=True)]
        shown.append({"level_id": level, "values": values})
    return {"hierarchy_id": name, "levels": shown}


class JobindsatsApi:
    """The API of one server. `hierarchies`, `columns`, `updated` and `periods` may be changed at any time."""

    def __init__(self) -> None:
        areas = [value.da for value in area_values()]
        self.updated = "2026-08-12T08:00:00"
        self.periods = {
            "M": ["2026M06", "2026M05"],
            "Q": [quarter.replace("K", "Q") for quarter in reversed(QUARTERS)],
        }
        self.hierarchies: dict[str, dict[str, Any]] = {
            "_nykom": _hierarchy("_nykom", [("total", areas[:1]), ("nykom", areas[1:])]),
            "_ygrpa02": _hierarchy(
                "_ygrpa02", [("total", [ALL_BENEFITS]), ("ygrpa02", ["A-dagpenge", "Kontanthjælp"])]
            ),
            "_kon": _hierarchy("_kon", [("total", ["Køn i alt"]), ("kon", ["Kvinder", "Mænd"])]),
            "_oprinda": _hierarchy("_oprinda", [("total", [ALL_ORIGINS]), ("oprinda", ORIGIN_NAMES)]),
        }
        self.columns = [PERSONS, FULL_TIME, OF_LABOUR_FORCE, OF_POPULATION]

    def answer(self, request: Request, path: str) -> Answer:
        """The answer to a request under /v3."""
        denied = refused(request)
        if denied is not None:
            return denied
        kind, _, table = path.partition("/")
        if request.method != "GET" or kind not in {"tables", "table", "data"} or (table or TABLE) != TABLE:
            return json_answer({"message": "Not found"}, 404)
        if request.query.get("format") != "json":
            return json_answer({"message": "format must be given"}, 400)
        try:
            document = (
                {"tables": self._tables, "table": self._metadata}[kind]() if kind != "data" else self._data(request)
            )
        except LookupError as error:
            return json_answer({"message": f"Unknown parameter or value: {error}"}, 422)
        plain = json_answer(document)
        return Answer(200, {"Content-Type": JSON_TYPE}, BOM + plain.whole())

    def _tables(self) -> object:
        table = {
            "table_id": TABLE,
            "table_name": "Antal personer og fuldtidspersoner",
            "update_latest": self.updated,
            "update_next": "2026-09-10T08:00:00",
            "update_freq": "M",
        }
        other = {**table, "table_id": "y01a02", "table_name": "A-dagpenge"}
        groups = [{"table_group_name": "Antal", "tables": [table, other]}]
        return [{"subject_name": "Offentligt forsørgede", "table_groups": groups}]

    def _metadata(self) -> object:
        dimensions = [{"dimension_id": name.strip("_"), "hierarchies": [h]} for name, h in self.hierarchies.items()]
        periods = [
            {"periodtype_id": kind, "values": [{"period_id": period} for period in ids]}
            for kind, ids in self.periods.items()
        ]
        return {"table_id": TABLE, "table_name": "Offentligt forsørgede", "periods": periods, "dimensions": dimensions}

    def _data(self, request: Request) -> object:
        asked = {
            name.removeprefix("hierarchy."): v for name, v in request.query.items() if name.startswith("hierarchy.")
        }
        for name in asked:
            if name not in self.hierarchies:
                raise LookupError(name)
        if request.query.get("mgroup.*") != "*" or asked.get("_nykom") != "*" or asked.get("_ygrpa02") != "/":
            raise LookupError("mgroup, _nykom, _ygrpa02")
        periods = request.query.get("period.q", "").split(",")
        for period in periods:
            if period not in self.periods["Q"]:
                raise LookupError(period)
        origins = [ALL_ORIGINS, *ORIGIN_NAMES] if asked.get("_oprinda") == "*" else [ALL_ORIGINS]
        split = ["Herkomst"] if "_oprinda" in asked else []
        rows = [
            [period, area.da, ALL_BENEFITS, *([origin] if split else []), *self._values(period, area.da, origin)]
            for period in periods
            for area in area_values()
            for origin in origins
        ]
        return {"columns": ["Periode", "Område", "Ydelsesgrupper", *split, *self.columns], "rows": rows}

    def _values(self, period: str, area: str, origin: str) -> list[float | None]:
        full_time, population = figures()[period, area, origin]
        if full_time < FEWEST:
            return [None] * len(self.columns)
        known: dict[str, float] = {
            PERSONS: full_time + full_time // 4,
            FULL_TIME: full_time,
            OF_LABOUR_FORCE: round(125 * full_time / population, 1),
            OF_POPULATION: round(100 * full_time / population, 1),
            POPULATION: population,
        }
        return [known[column] for column in self.columns]
