"""Promise: what stands in the data is never read as SQL."""

from __future__ import annotations

import ast
from pathlib import Path

import duckdb
import pytest
from fuzz_readers import bench
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.load import load_statbank
from warehouse.db import literal, quote
from warehouse.records import record_of

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "x') as y, error('ran') --"
words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(words, words.filter(bool))
def test_texts_and_names_come_back_as_they_went_in(text: str, name: str) -> None:
    found = duckdb.execute(f"select {literal(text)} as {quote(name)}")
    assert (found.description[0][0], found.fetchall()) == (name, [(text,)])


def in_quotes(source: str) -> list[int]:
    """Lines of f-strings that put a value between quotes of SQL by themselves."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
            words = set(text.lower().replace("(", " ").split())
            fixed = all(_fixed(part) for part in node.values)
            if (
                words & {"select", "insert", "update", "attach", "copy", "from", "where"}
                and "'\0" in text
                and not fixed
            ):
                found.append(node.lineno)
    return found


def _fixed(part: ast.expr) -> bool:
    """Text, or a constant of the module."""
    return not isinstance(part, ast.FormattedValue) or (isinstance(part.value, ast.Name) and part.value.id.isupper())


def test_no_statement_puts_a_value_between_quotes_by_hand() -> None:
    assert in_quotes("f\"select 1 from t where a = '{x}'\"") and not in_quotes("f\"select '{X}' from t\"")
    files = [path for room in ("warehouse", "ingestion", "expectations") for path in (ROOT / room).rglob("*.py")]
    bad = {path.name: lines for path in files if (lines := in_quotes(path.read_text(encoding="utf-8")))}
    assert bad == {}


@pytest.mark.parametrize("code", [HOSTILE, "''", '"', "a,b", "{x}", "\\'", "$1", "?"])
def test_a_code_of_a_provider_is_only_a_code(code: str, tmp_path: Path) -> None:
    request = {"variables": [{"code": name, "values": [code]} for name in ("OMRÅDE", "it's")]}
    record = record_of("ras201")
    body = f"OMRÅDE;IT'S;INDHOLD\r\n{code};{code};5\r\n".encode()
    with bench(tmp_path) as table:
        load_statbank(table.connection, record, table.manifest("ras201", body, 1, request), table.settings)
        assert [tuple(map(str, row)) for row in table.rows("ras201")] == [(code, code, "5")]
