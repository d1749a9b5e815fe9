"""Promise: a value enters as it was published, or not at all: every short text, held against the regular expression."""

from __future__ import annotations

import duckdb
import pytest

from ingestion.load import PARSED, VALUE, _value

LETTERS = "0129 +-._,eExXbBn\t"
LONG = [
    "100",
    "1000000",
    "999999",
    "123456789012345678",
    "-7",
    "-0",
    "0xF4240",
    "0x5F5E100",
    "0xFFFFFFFF",
    "1_000_000",
    "1.55e4",
    "12345e2",
    "1234e02",
    " 12345",
    "012345",
    "99999.9",
    "99999,9",
    "١٢",
    "1\u00a0000",
    "9" * 20,
]


@pytest.mark.parametrize(("unit", "kind", "longest"), [("count", "BIGINT", 5), ("decimal", "DOUBLE", 4)])
def test_a_text_is_a_value_where_it_is_written_as_one(unit: str, kind: str, longest: int) -> None:
    parsed, is_value = _value(unit, kind)
    with duckdb.connect() as connection:
        connection.execute("create table given (INDHOLD varchar)")
        connection.execute("insert into given select unnest(?::varchar[])", [LONG])
        for size in range(1, longest + 1):
            places = ", ".join(f"(select unnest(split(?, '')) as letter) as p{n}" for n in range(size))
            text = " || ".join(f"p{n}.letter" for n in range(size))
            connection.execute(f"insert into given select {text} from {places}", [LETTERS] * size)
        read = f"from (select *, {parsed} as {PARSED} from given) where {is_value}"
        taken = dict(connection.execute(f"select INDHOLD, {PARSED} {read}").fetchall())
        tried = [text for (text,) in connection.execute("select INDHOLD from given").fetchall()]
    wanted = {text for text in tried if VALUE[unit].fullmatch(text.encode()) and text != ".."}
    assert len(tried) > 1_000 and taken.keys() == wanted
    assert all(
        number == (int(text) if unit == "count" else float(text.replace(",", "."))) for text, number in taken.items()
    )
