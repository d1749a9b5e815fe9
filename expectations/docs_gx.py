"""GX's result of a suite as Data Docs content: GX's own renderer says what stands on the page, not how it looks.

GX's default view of that content asks content delivery networks for styles and scripts; the pages here have a view of
their own (``docs_pages``). Importing GX takes seconds: it is imported when the first result is rendered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

_TAG = re.compile(r"<[^>]*>")
_SUCCESS = "fa-check-circle"


@dataclass(frozen=True)
class Row:
    """One expectation of one table: whether it was met, what it says, what was observed, and up to ten keys."""

    met: bool
    table: str
    name: str
    severity: str
    what: str
    observed: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """What a page shows of a result: the expectations in the order of the suite, and GX's facts of the run."""

    rows: tuple[Row, ...]
    facts: tuple[tuple[str, str], ...]


def render(archived: str) -> Document:
    """The Data Docs content of a result as GX wrote it (JSON)."""
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    import expectations.gx_duckdb  # noqa: F401  (registers the expectation of this project)

    raw = json.loads(archived)
    result = ExpectationSuiteValidationResultSchema().load(raw)
    page = ValidationResultsPageRenderer().render(result).to_json_dict()
    known = {item["expectation_config"]["description"]: item for item in raw["results"]}
    rows, facts = [], []
    for cells in _table_rows(page):
        if len(cells) >= 3:
            rows.append(_row(cells, known))
        elif len(cells) == 2:
            facts.append((_text(cells[0]), _text(cells[1])))
    order = {text: place for place, text in enumerate(known)}
    rows.sort(key=lambda row: order.get(_label(row), len(order)))
    return Document(tuple(rows), tuple(facts))


def _row(cells: list[Any], known: Mapping[str, Any]) -> Row:
    text = _text(cells[1])
    item = known.get(text)
    if item is None:
        return Row(_SUCCESS in json.dumps(cells[0]), "", text, "", "", _text(cells[2]))
    meta = item["expectation_config"]["meta"]
    return Row(
        met=bool(item["success"]),
        table=text.split(".", 1)[0],
        name=meta["check"],
        severity=meta["severity"],
        what=meta["description"],
        observed=_observed(item, _text(cells[2])),
        keys=tuple(item["result"].get("keys") or ()),
    )


def _observed(item: Mapping[str, Any], rendered: str) -> str:
    """GX writes a list of columns as Python would; a reader wants them with commas."""
    value = item["result"].get("observed_value")
    return ", ".join(map(str, value)) if isinstance(value, list) else rendered


def _label(row: Row) -> str:
    return f"{row.table}.{row.name} ({row.severity}): {row.what}"


def _table_rows(content: Any) -> Iterator[list[Any]]:
    """The rows of every table of the document, wherever GX put it."""
    if isinstance(content, list):
        for part in content:
            yield from _table_rows(part)
    elif isinstance(content, dict):
        if content.get("content_block_type") == "table":
            yield from content["table"]
        else:
            for part in content.values():
                yield from _table_rows(part)


def _text(cell: Any) -> str:
    """The text of a cell: strings, numbers, and GX's templates with their parameters."""
    if isinstance(cell, list):
        return " ".join(filter(None, map(_text, cell)))
    if isinstance(cell, dict):
        template = cell.get("string_template")
        if not isinstance(template, dict):
            return ""
        params = template.get("params")
        if not params:
            return str(template["template"])
        return _TAG.sub("", Template(template["template"]).safe_substitute(params)).strip()
    return str(cell)
