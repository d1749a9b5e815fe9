"""The published tables for those without DuckDB: CSV that a spreadsheet opens safely, and ``datapackage.json``.

The package descriptor follows the Data Package specification (Frictionless) version 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.db import literal, quote

if TYPE_CHECKING:
    from warehouse.release_files import Column, Table

BOM = b"\xef\xbb\xbf"
_FORMULA = r"((?:\A|[;\t\r\n])[; \t\r\n]*)([=+\-@＝＋－＠])|\A([\t\r\n])"
_APOSTROPHE = r"\1'\2\3"
_FIGURE = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*|BOOLEAN|DATE|TIME|TIMESTAMP.*)$")
_TYPES = {
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "VARCHAR": "string",
    "VARCHAR[]": "string",
}


def write_csv(connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[Column], path: Path) -> None:
    """Write a query as CSV: UTF-8 with a byte order mark (so that spreadsheets read Danish letters), comma, quotes.

    What :func:`spreadsheet_safe` says of texts holds for every column that is neither a number, a truth value nor a
    time. Lists are written with ``; `` between their members. Missing is empty.
    """
    exported = ", ".join(f"{_safe(column)} as {quote(column.name)}" for column in columns)
    body = path.with_suffix(".body")
    connection.execute(f"copy (select {exported} from ({rows})) to {literal(str(body))} (format csv, header)")
    with path.open("wb") as target, body.open("rb") as source:
        target.write(BOM)
        while chunk := source.read(1 << 20):
            target.write(chunk)
    body.unlink()


def _safe(column: Column) -> str:
    name = quote(column.name)
    if _FIGURE.match(column.type):
        return name
    text = f"array_to_string({name}, '; ')" if column.type.endswith("[]") else f"cast({name} as varchar)"
    return f"regexp_replace({text}, {literal(_FORMULA)}, {literal(_APOSTROPHE)}, 'g')"


def spreadsheet_safe(text: str) -> str:
    """A text as it may stand in a CSV file that a spreadsheet opens: as text, never as a formula.

    An apostrophe goes before ``= + - @`` (also in full width) where a cell can begin: at the start, and after a
    semicolon, tab or line end inside (a Danish spreadsheet parts cells at semicolons), blanks aside; and before a tab
    or line end at the start. Numbers are not texts: a negative one stays a number. Method: OWASP, "CSV Injection".
    """
    return re.sub(_FORMULA, _APOSTROPHE, text)


def datapackage(tables: Sequence[Table], manifest: dict[str, Any]) -> dict[str, Any]:
    """The descriptor of a release: every CSV with its fields, their types and descriptions."""
    sample = " (SAMPLE: not real figures)" if manifest["data_origin"] == "sample" else ""
    return {
        "profile": "tabular-data-package",
        "name": "integration-gaps",
        "id": f"integration-gaps-{manifest['release_id'].lower()}",
        "title": f"Integration gaps{sample}",
        "description": "Gaps between citizens of non-western origin and other citizens, per focus area of the "
        "municipality's integration strategy. For monitoring group differences; no decisions about single citizens.",
        "version": manifest["release_id"],
        "created": manifest["created_at"],
        "licenses": [
            {
                "name": "CC-BY-4.0",
                "title": "Creative Commons Attribution 4.0",
                "path": "https://creativecommons.org/licenses/by/4.0/",
            }
        ],
        "sources": [
            {"title": "Danmarks Statistik (StatBank Denmark)", "path": "https://www.dst.dk"},
            {"title": "valg.dk / KOMBIT", "path": "https://valg.dk"},
        ],
        "resources": [_resource(table) for table in tables],
    }


def _resource(table: Table) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": table.name.replace("_", "-"),
        "title": table.name,
        "path": f"csv/{table.name}.csv",
        "description": table.comment,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": {
            "fields": [
                {"name": c.name, "type": _TYPES.get(c.type, _time_type(c.type)), "description": c.comment}
                for c in table.columns
            ],
            "missingValues": [""],
        },
    }


def _time_type(kind: str) -> str:
    return "datetime" if kind.startswith("TIMESTAMP") else "any"
