"""Promise: a text in a CSV file of ours never runs as a formula, and a negative number stays a number."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.datapackage import spreadsheet_safe, write_csv
from warehouse.release_files import Column
from warehouse.show import print_csv

HOSTILE = [
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1",
    "＝1", "＋1", "－1", "＠1", "a;=1", "a; =1", "a\n=1", "a\t@x", "=1;=2;=3", "\tplain",
]  # fmt: skip
PLAIN = ["", "Ballerup", "16-64", "a=b", "a, =b", "0101", "2024K3", "æøå", "'quoted'", "a;b", "10.0.0.1", "Dansk: -"]
cells = st.text(st.sampled_from("=+-@＝＋－＠\t\r\n ;,'\"ab1ø"), max_size=12)


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet, by comma or by semicolon, would meet a formula at the start of a cell."""
    parts = [text, *(part for mark in ";\t\r\n" for part in text.split(mark))]
    return any(part.lstrip(" ;\t\r\n")[:1] in set("=+-@＝＋－＠") and part.strip(" ;\t\r\n") for part in parts)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_only_text(text: str) -> None:
    safe = spreadsheet_safe(text)
    assert safe != text and not starts_formula(safe) and safe.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_is_left_as_it_is(text: str) -> None:
    assert spreadsheet_safe(text) == text


@settings(max_examples=120, deadline=None, derandomize=True)
@given(cells)
def test_no_text_begins_a_formula(text: str) -> None:
    safe = spreadsheet_safe(text)
    assert not starts_formula(safe)
    assert starts_formula(text) or text[:1] in {"\t", "\r", "\n"} or safe == text


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(cells, min_size=1, max_size=20))
def test_the_database_and_the_command_line_write_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with duckdb.connect() as connection:
        connection.execute("create table t (place integer, words varchar, list varchar[])")
        connection.executemany(
            "insert into t values (?, ?, ?)", [[n, text, [text, "b"]] for n, text in enumerate(texts)]
        )
        columns = [Column("place", "INTEGER", ""), Column("words", "VARCHAR", ""), Column("list", "VARCHAR[]", "")]
        write_csv(connection, "select * from t order by place", columns, path)
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))[1:]
    assert [row[1:] for row in rows] == [[spreadsheet_safe(text), spreadsheet_safe(f"{text}; b")] for text in texts]


def test_every_kind_of_column_is_safe_and_numbers_stay_numbers(tmp_path: Path) -> None:
    kinds = {
        "whole": ("BIGINT", "-5", "-5"),
        "share": ("DOUBLE", "-1.5", "-1.5"),
        "exact": ("DECIMAL(9,2)", "-1.5", "-1.50"),
        "day": ("DATE", "'2024-01-01'", "2024-01-01"),
        "yes": ("BOOLEAN", "true", "true"),
        "listed": ("ENUM('=x', 'b')", "'=x'", "'=x"),
        "many": ("VARCHAR[]", "['a', '=x']", "a; '=x"),
        "words": ("VARCHAR", "'@x'", "'@x"),
        "json": ("JSON", "'-1'", "'-1"),
        "missing": ("VARCHAR", "null", ""),
    }
    path = tmp_path / "t.csv"
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({', '.join(f'{name} {kind}' for name, (kind, _, _) in kinds.items())})")
        connection.execute(f"insert into t values ({', '.join(value for _, value, _ in kinds.values())})")
        described = connection.execute("describe t").fetchall()
        write_csv(connection, "from t", [Column(name, kind, "") for name, kind, *_ in described], path)
    (row,) = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    assert row == {name: expected for name, (_, _, expected) in kinds.items()}


def test_what_the_command_line_prints_is_safe_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(["a", "b", "c", "d"], [("=1+1", -1.5, ["-x", "@y"], None)])
    printed = capsys.readouterr().out
    assert printed == "a,b,c,d\n'=1+1,-1.5,'-x; '@y,\n"
    assert json.loads("-1.5") == float(printed.split(",")[4])
