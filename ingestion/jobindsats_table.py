"""What a table of Jobindsats has, checked against the record, and what its rows mean.

Plain documents in, plain values out: no connection and no token here. A suppressed value is ``null`` and stays null.
The denominator is Jobindsats' own: published, or worked out from the published share (exact to its one decimal);
FOLK1E counts other persons and is never mixed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingestion.danish import area_code, area_names, nearest, number
from ingestion.http import BadBody
from warehouse.errors import MOST, LoadRejected, NotDelivered, one_line
from warehouse.records import Measure, SupportTable
from warehouse.settings import Settings

OBSERVED, SUPPRESSED = "observed", "suppressed"
PUBLISHED, DERIVED = "published", "derived_from_share"
QUARTER = re.compile(r"(\d{4})Q([1-4])", re.ASCII)


@dataclass(frozen=True)
class Listed:
    """A table in the list of tables: when it was updated last and will be next, as published."""

    table: str
    update_latest: str
    update_next: str


@dataclass(frozen=True)
class Plan:
    """What is asked of a table, and how its members are understood; goes into the manifest as a document."""

    table: str
    periods: tuple[str, ...]
    areas: dict[str, str]
    origins: dict[str, tuple[str, str | None]]

    def document(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Plan:
        """The plan of a manifest."""
        origins = {text: (meaning[0], meaning[1]) for text, meaning in document["origins"].items()}
        return cls(document["table"], tuple(document["periods"]), dict(document["areas"]), origins)

    def query(self, support: SupportTable) -> dict[str, str]:
        """The parameters of a request for ``/data/<table>``."""
        held = {f"hierarchy.{hierarchy}": fixed.value for hierarchy, fixed in support.held.items()}
        return {
            "mgroup.*": "*",
            f"period.{support.period_type}": ",".join(self.periods),
            f"hierarchy.{support.area_hierarchy}": "*",
            f"hierarchy.{support.origin_hierarchy}": "*",
            **held,
            "format": "json",
        }


def listed(document: object, table: str) -> Listed:
    """The table in the provider's list of tables.

    Raises:
        BadBody: the list has another shape.
        LoadRejected: the table is not in it.
    """
    if not isinstance(document, list):
        raise BadBody("the list of tables is not a list")
    entries = {str(item["table_id"]): item for item in _walk(document) if isinstance(item.get("table_id"), str)}
    if not entries:
        raise BadBody("the list of tables names no table")
    if table not in entries:
        raise _unknown("table", table, list(entries))
    latest = entries[table].get("update_latest")
    if not isinstance(latest, str) or not latest.strip():
        raise BadBody(f"the list of tables does not say when {table} was updated")
    return Listed(table, latest.strip(), str(entries[table].get("update_next") or ""))


def resolve(support: SupportTable, settings: Settings, document: object) -> Plan:
    """Check the record against the table's metadata, and plan the request.

    Raises:
        NotDelivered: the table does not tell western from non-western origin.
        LoadRejected: a name of the record, or a member, is not known; the nearest names are given.
        BadBody: the metadata have another shape.
    """
    if not isinstance(document, dict) or "periods" not in document:
        raise BadBody("the table's metadata have no `periods`")
    hierarchies: dict[str, Mapping[str, Any]] = {}
    for item in _walk(document):
        name = item.get("hierarchy_id")
        if isinstance(name, str) and hierarchies.setdefault(name, item) != item:
            raise BadBody(f"the table's metadata describe the hierarchy {name!r} twice, in two ways")
    origins = _origins(support, hierarchies)
    for name in (support.area_hierarchy, *support.held):
        if name not in hierarchies:
            raise _unknown("hierarchy", name, list(hierarchies))
    areas = {}
    for text in _members(hierarchies[support.area_hierarchy]):
        if text in support.missing:
            continue
        code = area_code(text)
        if code is None:
            raise _unknown("area", text, list(area_names()), "the seed areas")
        areas[text] = code
    return Plan(support.table, _periods(support, settings, document["periods"]), areas, origins)


def check_data(document: object, support: SupportTable) -> list[dict[str, Any]]:
    """The rows of an answer, by column.

    Raises:
        BadBody: it is something else, or has other columns than asked for.
    """
    if not isinstance(document, dict) or not {"columns", "rows"} <= set(document):
        raise BadBody("the answer has no `columns` and `rows`")
    columns, rows = document["columns"], document["rows"]
    if not isinstance(columns, list) or not isinstance(rows, list) or not rows:
        raise BadBody("the answer has no rows")
    if len(set(map(str, columns))) != len(columns) or not all(isinstance(name, str) for name in columns):
        raise BadBody("the answer names a column twice, or with something else than text")
    required = {*support.columns.values(), *(fixed.column for fixed in support.held.values())}
    allowed = required | set(support.ignored)
    for measure in support.measures.values():
        name = next((name for name in measure.names if name in columns), None)
        allowed |= {name} if name else set()
        required |= set() if measure.optional else {name or measure.names[0]}
    for name in sorted(required - set(columns)):
        raise BadBody(f"the column {name!r} is not in the answer; nearest: {', '.join(nearest(name, columns))}")
    for name in sorted(set(columns) - allowed):
        raise BadBody(f"the answer has the column {name!r}, which was not asked for")
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        raise BadBody("a row has not as many cells as there are columns")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def table_rows(
    plan: Plan, support: SupportTable, settings: Settings, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, object]]:
    """The rows of ``raw.jobindsats_support``; those of missing members and of areas not asked for are left out.

    Raises:
        LoadRejected: a member that was not asked for, a value that is no number of its kind, or two rows of one key.
    """
    found: dict[tuple[str, str, str], dict[str, object]] = {}
    for row in rows:
        period, area, origin = (str(row[column]) for column in _keys(support))
        if area in support.missing or origin in support.missing:
            continue
        for what, member, known in (("period", period, plan.periods), ("area", area, plan.areas)):
            if member not in known:
                raise _unknown(what, member, list(known), "what was asked for")
        if origin not in plan.origins:
            raise _unknown("origin", origin, list(plan.origins), "the record's code map")
        for fixed in support.held.values():
            if row[fixed.column] != fixed.text:
                raise _unknown(fixed.column, str(row[fixed.column]), [fixed.text], "what was asked for")
        code = plan.areas[area]
        if not (code.startswith("0") or settings.takes_municipality(code)):
            continue
        made = _row(plan, support, (period, area, origin), row)
        if found.setdefault((period, area, origin), made) != made:
            raise _rejected(f"Two rows of {period} / {area} / {origin} say different things", "run again")
    return list(found.values())


def _keys(support: SupportTable) -> tuple[str, str, str]:
    return support.columns["period"], support.columns["area"], support.columns["origin"]


def quarter(period: str) -> str:
    """A quarter as StatBank writes it: 2024Q3 is 2024K3."""
    match = QUARTER.fullmatch(period)
    if not match:
        raise _rejected(f"{period!r} is not a quarter such as 2024Q3", "correct `period_type` in the record")
    return f"{match[1]}K{match[2]}"


def _row(plan: Plan, support: SupportTable, key: tuple[str, str, str], row: Mapping[str, Any]) -> dict[str, object]:
    values = {column: _value(row, measure, key) for column, measure in support.measures.items()}
    persons, share, population = (values.get(name) for name in ("full_time_persons", "share_pct", "population"))
    basis = None if population is None else PUBLISHED
    if population is None and persons and share:
        population, basis = persons / share * 100, DERIVED
    origin, ancestry = plan.origins[key[2]]
    return {
        "period": quarter(key[0]),
        "area": key[1],
        "municipality_code": plan.areas[key[1]],
        "origin_text": key[2],
        "origin": origin,
        "ancestry": ancestry,
        "full_time_persons": persons,
        "population": population,
        "population_basis": basis,
        "share_pct": share,
        "value_status": SUPPRESSED if persons is None else OBSERVED,
    }


def _value(row: Mapping[str, Any], measure: Measure, key: tuple[str, str, str]) -> float | None:
    name = next((name for name in measure.names if name in row), None)
    if name is None:
        return None
    try:
        return number(row[name], measure.kind)
    except ValueError as error:
        raise _rejected(f"{name}, {' / '.join(key)}: {error}", "compare the landed answer and the record") from error


def _origins(support: SupportTable, hierarchies: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str | None]]:
    if support.origin_hierarchy not in hierarchies:
        listed = one_line(", ".join(hierarchies))
        raise NotDelivered(
            f"The table {support.table} does not split by origin: it has the hierarchies {listed}",
            {"table": support.table},
            "nothing needs to be done; the indicator stays not delivered until the table splits by origin",
        )
    texts = [t for t in _members(hierarchies[support.origin_hierarchy]) if t not in support.missing]
    for text in texts:
        if text not in support.origins:
            raise _unknown(
                f"origin of {support.origin_hierarchy}", text, list(support.origins), "the record's code map"
            )
    meanings = {text: support.origins[text] for text in texts}
    if not any(member.origin == "non_western" for member in meanings.values()):
        shown = one_line(", ".join(texts))
        raise NotDelivered(
            f"The table {support.table} splits by origin, but not by western / non-western ({shown})",
            {"table": support.table},
            "nothing needs to be done: foreign origin is never used in place of non-western",
        )
    return {text: (member.origin, member.ancestry) for text, member in meanings.items()}


def _periods(support: SupportTable, settings: Settings, document: object) -> tuple[str, ...]:
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise BadBody("the table's `periods` are not a list")
    types = {str(item.get("periodtype_id")): item for item in document}
    if support.period_type not in types:
        raise _unknown("period type", support.period_type, list(types))
    listed = types[support.period_type].get("values")
    if not isinstance(listed, list):
        raise BadBody(f"the table's `periods` list no values of the type {support.period_type}")
    ids: list[str] = []
    for item in listed:
        if not isinstance(item, dict) or not isinstance(item.get("period_id"), str):
            raise BadBody(f"the table's `periods` hold something else than a period: {str(item)[:80]!r}")
        ids.append(item["period_id"])
    return tuple(sorted(i for i in ids if int(quarter(i)[:4]) >= settings.from_year))


def _members(hierarchy: Mapping[str, Any]) -> list[str]:
    """The names of the values of a hierarchy, on every level, in published order."""
    names = [item["value_name"] for item in _walk(hierarchy) if isinstance(item.get("value_name"), str)]
    return list(dict.fromkeys(names))


def _walk(document: object) -> Iterator[dict[str, Any]]:
    """Every object of a document, outer ones first, in order."""
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)


def _unknown(what: str, name: str, known: Sequence[str], where: str = "the provider's metadata") -> LoadRejected:
    return _rejected(
        f"{what}: {name!r} is not in {where}; nearest: {', '.join(nearest(name, known)) or 'nothing'}",
        "correct ingestion/catalogue/jobindsats_support.yml if the provider has renamed it, and run again",
    )


def _rejected(what: str, next_step: str) -> LoadRejected:
    return LoadRejected(one_line(what, MOST), {}, next_step)
