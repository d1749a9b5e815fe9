"""From landing to ``raw_loads``: one immutable table per load, and what its codes mean in ``meta.codes``.

DuckDB reads the compressed bytes itself, into ENUM columns made beforehand of exactly the codes asked for: a
code that nobody asked for, or a line that is not one, cannot enter. Whether the figures are right is
``expectations``'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import duckdb

from warehouse import lake
from warehouse.db import literal, quote
from warehouse.errors import LoadRejected
from warehouse.landing import Manifest, open_payload
from warehouse.raw_views import load_table
from warehouse.records import RawTable, Record
from warehouse.settings import Settings

MISSING = ".."
VALUE = {
    "count": re.compile(rb"-?(0|[1-9][0-9]{0,17})|\.\."),
    "decimal": re.compile(rb"-?[0-9]{1,15}(,[0-9]{1,15})?|\.\."),
}
SQL_DECIMAL = r"-?[0-9]{1,15}(,[0-9]{1,15})?"
PARSED = "_parsed"
FEW = 8  # codes: to compare with each of so few is quicker than DuckDB's look-up in the ENUM
MB_A_THREAD = 100  # what a load takes; DuckDB would keep all that it has written in memory, up to most of the machine's


def load_statbank(connection: duckdb.DuckDBPyConnection, record: Record, manifest: Manifest, settings: Settings) -> int:
    """Fill the table of a StatBank load and its codes; the rows loaded. To be called inside a transaction.

    Raises:
        LoadRejected: a code not asked for, a malformed line or value, or another number of rows than
            received.
    """
    table = record.raw_tables[0]
    payload = manifest.folder(settings) / f"{manifest.files[0].name}.zst"
    codes = _codes_asked_for(manifest)
    name = load_table(table, manifest.load_id)
    connection.execute(f"drop table if exists {name}")
    in_lake = lake.is_lake(connection)
    try:
        with nullcontext() if in_lake else _bounded(connection):
            connection.execute(_create(name, record, payload, codes, as_text=in_lake))
    except (duckdb.Error, UnicodeDecodeError) as error:  # the latter: DuckDB quotes a line cut within a character
        raise _translated(record, manifest, payload, codes, error) from error
    rows = _count(connection, name)
    if rows != manifest.rows_received:
        raise LoadRejected(
            f"{rows} rows were loaded, {manifest.rows_received} were received",
            {"dataset": record.dataset, "load": manifest.load_id},
            "look at the landed body: it has blank or broken lines",
        )
    fill_codes(connection, manifest)
    return rows


def fill_codes(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Write how the published codes of a load were understood into ``meta.codes``; twice is once."""
    connection.execute("delete from meta.codes where load_id = ?", [manifest.load_id])
    columns: list[list[object]] = [[], [], [], [], [], []]
    for variable in manifest.resolved["variables"]:
        for position, (code, text, canonical, selected) in enumerate(variable["values"]):
            chosen = code in manifest.periods if canonical is None else selected
            row = (variable["code"].upper(), position, code, text, canonical, chosen)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    connection.execute(
        """insert into meta.codes
        select ?, ?, unnest(?::varchar[]), unnest(?::integer[]), unnest(?::varchar[]), unnest(?::varchar[]),
            unnest(?::varchar[]), unnest(?::boolean[])""",
        [manifest.load_id, manifest.dataset, *columns],
    )


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    load_id: str,
    rows: Sequence[Mapping[str, object]],
) -> int:
    """Create the table of a load from a few rows at hand (elections); the rows loaded.

    To be called inside a transaction.
    """
    name = load_table(table, load_id)
    definition = ", ".join(f"{quote(column)} {table.sql_type(column)}" for column in table.columns)
    connection.execute(f"drop table if exists {name}")
    connection.execute(f"create table {name} ({definition})")
    values = ", ".join(f"unnest(?::{table.sql_type(column)}[])" for column in table.columns)
    connection.execute(f"insert into {name} select {values}", [[row[c] for row in rows] for c in table.columns])
    return _count(connection, name)


def _codes_asked_for(manifest: Manifest) -> dict[str, list[str]]:
    return {item["code"].upper(): list(item["values"]) for item in manifest.request["variables"]}


def _create(name: str, record: Record, payload: Path, codes: Mapping[str, list[str]], as_text: bool) -> str:
    few = () if as_text else [column for column, values in codes.items() if len(values) <= FEW]
    types = {column: "VARCHAR" if column in few else _enum(values) for column, values in codes.items()}
    columns = ", ".join(f"{literal(c)}: {literal(t)}" for c, t in {**types, "INDHOLD": "VARCHAR"}.items())
    parsed, is_value = _value(record.unit, record.raw_tables[0].sql_type("INDHOLD"))
    error = "error('not a value: ' || INDHOLD)"
    value = f"case when INDHOLD is null then null when {is_value} then {PARSED} else {error} end"
    # A lake has no ENUM columns; the reader's are still what refuses a code that nobody asked for.
    plain = "cast({0} as varchar) as {0}" if as_text else "{0}"
    dimensions = ", ".join(
        _compared(column, values) if column in few else plain.format(quote(column)) for column, values in codes.items()
    )
    return f"""create table {name} as
    select {dimensions}, {value} as INDHOLD
    from (select *, {parsed} as {PARSED}
        from read_csv({literal(str(payload))}, compression = 'zstd', delim = ';',
            header = true, columns = {{{columns}}}, nullstr = {literal(MISSING)},
            force_not_null = [{", ".join(map(literal, codes))}],
            auto_detect = false, quote = '', escape = '', strict_mode = true))"""


def _value(unit: str, kind: str) -> tuple[str, str]:
    """SQL: the number that a text is parsed to, null where to none, and whether the text is a value as ``VALUE`` says.

    It comes as text and is cast in the same pass: DuckDB's own reader would round 1.6 to 2.
    """
    if unit == "count":
        written = f"cast({PARSED} as varchar) = INDHOLD or INDHOLD = '-0'"
        return f"try_cast(INDHOLD as {kind})", f"({_plain()}) or {written}"
    parsed = f"try_cast(replace(INDHOLD, ',', '.') as {kind})"
    return parsed, f"regexp_full_match(INDHOLD, {literal(SQL_DECIMAL)}) and {PARSED} is not null"


def _plain() -> str:
    """SQL: the text is certainly the number as it is written, without writing it back.

    So it is where the number has as many digits as the text has bytes. Of other texts that DuckDB takes for a whole
    number only those with an exponent come to as many, and then to a multiple of a hundred (``12e2``); hexadecimal ones
    from seven bytes on.
    """
    cases = [
        f"when {size} then {PARSED} between {10 ** (size - 1) if size > 1 else 0} and {10**size - 1}"
        + (f" and {PARSED} % 100 <> 0" if size > 2 else "")
        for size in range(1, 7)
    ]
    return f"case strlen(INDHOLD) {' '.join(cases)} else false end"


def _enum(codes: Sequence[str]) -> str:
    return f"ENUM({', '.join(map(literal, codes))})"


def _compared(column: str, codes: Sequence[str]) -> str:
    """A text as its code among a few, and an error when it is none of them."""
    found = " ".join(f"when {literal(code)} then cast({literal(code)} as {_enum(codes)})" for code in codes)
    return f"case {quote(column)} {found} else error('not asked for: ' || {quote(column)}) end as {quote(column)}"


@contextmanager
def _bounded(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """While it lasts, DuckDB holds no more than a load needs: memory does not grow with the rows."""
    row = connection.execute("select current_setting('memory_limit'), current_setting('threads')").fetchone()
    assert row
    connection.execute(f"set memory_limit = '{MB_A_THREAD * int(row[1])}MB'")
    try:
        yield
    finally:
        connection.execute(f"set memory_limit = {literal(row[0])}")


def _translated(
    record: Record,
    manifest: Manifest,
    payload: Path,
    codes: Mapping[str, list[str]],
    error: duckdb.Error | UnicodeDecodeError,
) -> LoadRejected:
    where: dict[str, object] = {
        "dataset": record.dataset,
        "table": record.table,
        "load": manifest.load_id,
        "file": manifest.files[0].name,
    }
    found = _first_bad_line(payload, codes, record.unit)
    what = str(error).splitlines()[0]
    if found:
        line, column, value, why = found
        where |= {"line": line, **({"column": column} if column else {})}
        what = f"The landed body has {why}: {value!r}"
    return LoadRejected(what, where, "compare request.json and the body in the landing; ask the producer, or run again")


def _first_bad_line(payload: Path, codes: Mapping[str, list[str]], unit: str) -> tuple[int, str, str, str] | None:
    """Line, column, value and what is wrong with it. Only for a load that failed: it reads line by line."""
    allowed = [(column, {code.encode() for code in values}) for column, values in codes.items()]
    with open_payload(payload) as stream:
        rest, number = b"", 0
        while chunk := stream.read(1 << 20):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                number += 1
                cells = line.rstrip(b"\r").split(b";")
                if number == 1:
                    continue
                if len(cells) != len(allowed) + 1:
                    return number, "", _text(line)[:200], f"a line of {len(cells)} cells"
                for cell, (column, known) in zip(cells, allowed, strict=False):
                    if cell not in known:
                        return number, column, _text(cell), "a code that was not asked for"
                if not VALUE[unit].fullmatch(cells[-1]):
                    return number, "INDHOLD", _text(cells[-1]), f"a value that is not a {unit}"
    return None


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "replace")


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"select count(*) from {name}").fetchone()
    return int(row[0]) if row else 0
