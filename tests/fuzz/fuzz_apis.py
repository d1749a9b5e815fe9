"""The readers of the two APIs with a login, from the bytes of an answer to the rows of ``raw``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import fuzz_corpus as corpus
import fuzz_rereading as plain
from fuzz_harness import Reader, Unreadable
from fuzz_mutations import by_json
from fuzz_readers import Bench

from ingestion import education, education_cube, jobindsats, jobindsats_table
from warehouse.records import record_of

PUPILS, SHARE = "Antal elever med prøver i dansk og matematik", "Andel elever med mindst 2 i dansk og matematik"
FULL_TIME, OF_POPULATION = "Antal fuldtidspersoner", "Fuldtidspersoner i pct. af befolkningen 16-66 år"


def education_page(table: Bench) -> Reader:
    """A page of the education ministry's cube."""
    cube = record_of("education_grades").cube
    assert cube is not None
    plan = education_cube.resolve(cube, table.settings, lambda body: corpus.education("skema", body))
    query = {**plan.query(education_cube.MUNICIPALITY), "side": 1, "side_størrelse": 10_000}
    rows = corpus.education("statistik", query)[:8]
    keys = [education_cube.key_of(detail) for detail in plan.details(education_cube.MUNICIPALITY)]

    def read(body: bytes) -> object:
        page = education_cube.check_page(education._json(body), plan, education_cube.MUNICIPALITY)
        made, _ = education_cube.table_rows(plan, cube, page, [])
        table.inserted("education_grades", made)
        found = table.rows("education_grades", "period, municipality_name, origin_text, pupils, share_pct")
        return sorted((row for row in found if row[3] is not None), key=str)

    def reread(body: bytes) -> object:
        found: dict[Any, Any] = {}
        document = plain.strict_json(body)
        try:
            for row in document:
                if "<uoplyst>" in [row[key] for key in keys] or "<fejl>" in [row[key] for key in keys]:
                    continue
                pupils, share = plain.danish(row.get(PUPILS), whole=True), plain.danish(row.get(SHARE))
                if pupils is not None and share is not None:
                    found[tuple(row[key] for key in keys)] = (int(pupils), share)
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable(str(error)) from None
        return sorted(((*key, *value) for key, value in found.items()), key=str)

    return Reader("education_page", [_json(rows), _json(rows[:2]), b"[]"], by_json, read, reread)


def education_skema(table: Bench) -> Reader:
    """What the ministry says of its cube: every answer of ``skema`` in one document, by what was asked."""
    cube = record_of("education_grades").cube
    assert cube is not None
    said: dict[str, Any] = {}

    def ask(body: dict[str, str]) -> object:
        return said.setdefault(json.dumps(body), corpus.education("skema", body))

    education_cube.resolve(cube, table.settings, ask)
    said = {key: value[:12] if isinstance(value, list) else value for key, value in said.items()}

    def read(body: bytes) -> object:
        document = education._json(body)
        if not isinstance(document, dict):
            return "no answers"
        made = education_cube.resolve(cube, table.settings, lambda asked: document.get(json.dumps(asked)))
        made.query(education_cube.MUNICIPALITY)
        return list(made.periods), sorted(made.municipalities)

    def reread(body: bytes) -> object:
        document = plain.strict_json(body)
        if not isinstance(document, dict):
            return "no answers"
        try:
            periods = next(v for k, v in document.items() if k.endswith('"[Skole\\u00e5r].[Skole\\u00e5r]"}'))
            towns_key = '"[Bop\\u00e6lskommune].[Bop\\u00e6lskommune]"}'
            places = next((v for k, v in document.items() if k.endswith(towns_key)), [])
            names = [p.get("name", p.get("Name")) if isinstance(p, dict) else p for p in periods]
            towns = [p.get("name", p.get("Name")) if isinstance(p, dict) else p for p in places]
            return sorted(n for n in names if n not in cube.missing), sorted(n for n in towns if n not in cube.missing)
        except (StopIteration, TypeError, AttributeError) as error:
            raise Unreadable(str(error)) from None

    return Reader("education_skema", [_json(said)], by_json, read, reread)


def jobindsats_data(table: Bench) -> Reader:
    """The figures of a table of Jobindsats."""
    support = record_of("jobindsats_support").support
    assert support is not None
    metadata = jobindsats._json(corpus.jobindsats("table/ptv_a02", {"format": "json"}))
    plan = jobindsats_table.resolve(support, table.settings, metadata)
    query = {**plan.query(support), "period.Q": plan.periods[-1]}
    whole = json.loads(
        corpus.jobindsats("data/ptv_a02", {k.lower() if "period" in k else k: v for k, v in query.items()}).decode(
            "utf-8-sig"
        )
    )
    whole["rows"] = whole["rows"][:9]

    def read(body: bytes) -> object:
        rows = jobindsats_table.check_data(jobindsats._json(body), support)
        made = jobindsats_table.table_rows(plan, support, table.settings, rows)
        table.inserted("jobindsats_support", made)
        found = table.rows("jobindsats_support", "period, area, origin_text, full_time_persons, share_pct")
        return sorted(found, key=str)

    def reread(body: bytes) -> object:
        document = plain.strict_json(body)
        found = {}
        try:
            places = [
                document["columns"].index(name) for name in ("Periode", "Område", "Herkomst", FULL_TIME, OF_POPULATION)
            ]
            for row in document["rows"]:
                period, area, origin, persons, share = (row[place] for place in places)
                if not {area, origin} & set(support.missing):
                    found[period.replace("Q", "K"), area, origin] = (plain.danish(persons), plain.danish(share))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise Unreadable(str(error)) from None
        return sorted(((*key, *value) for key, value in found.items()), key=str)

    return Reader("jobindsats_data", [_json(whole), b"\xef\xbb\xbf" + _json(whole)], by_json, read, reread)


def jobindsats_table_of(table: Bench) -> Reader:
    """What Jobindsats says of a table."""
    support = record_of("jobindsats_support").support
    assert support is not None
    sample = json.loads(corpus.jobindsats("table/ptv_a02", {"format": "json"}).decode("utf-8-sig"))
    sample["periods"] = [{**kind, "values": kind["values"][:4]} for kind in sample["periods"]]

    def read(body: bytes) -> object:
        made = jobindsats_table.resolve(support, table.settings, jobindsats._json(body))
        return sorted(made.origins), sorted(made.periods)

    def reread(body: bytes) -> object:
        document = plain.strict_json(body)
        if not isinstance(document, dict) or "periods" not in document:
            raise Unreadable("no periods")
        objects = list(_objects(document))
        hierarchies = [item for item in objects if item.get("hierarchy_id") == support.origin_hierarchy]
        if any(item != hierarchies[0] for item in hierarchies):
            raise Unreadable("a hierarchy twice")
        names = {i["value_name"] for i in _objects(hierarchies[:1]) if isinstance(i.get("value_name"), str)}
        try:
            kinds = {str(kind.get("periodtype_id")): kind for kind in document["periods"]}
            periods = [item["period_id"] for item in kinds["Q"]["values"]]
            return sorted(names - set(support.missing)), sorted(period for period in periods if period >= "2008")
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable(str(error)) from None

    return Reader("jobindsats_table", [_json(sample)], by_json, read, reread)


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
    for item in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from _objects(item)


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
