"""The proof that both contenders of ``benchmarks/validation.py`` can fail: a poisoned row for each check.

A load of two quarters over an earlier one of one quarter, thinned to a few ages whose total is counted again. Each
poison is put into a copy of its database; our suite and the plain SQL must count the same offending keys of every
check, some of them of the check that the poison is meant for, and none in the load as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb

from benchmarks import plain_checks
from warehouse.db import literal, quote

QUARTERS = 2
_AGES = "('10', '30', '50')"
_LEAF = """"OMRÅDE" = '851' and "KØN" = '1' and "ALDER" = '30' and "HERKOMST" = '1' and "TID" = '2008K1'"""
_TOTAL = """"OMRÅDE" = '851' and "KØN" = 'TOT' and "ALDER" = 'IALT' and "HERKOMST" = 'TOT' and "TID" = '2008K1'"""

# Check, or check and what of it, → statements; ``new`` is the load's table, ``load`` its id.
POISONS = {
    "columns_as_asked": "alter table {new} add column extra varchar",
    "keys_unique": f"insert into {{new}} from {{new}} where {_LEAF}",
    "codes_known": """alter table {new} alter "ALDER" type varchar;
        insert into {new} values ('851', '1', '126', '1', '2008K1', 0)""",
    "codes_known, code without a meaning": "update meta.codes set canonical_code = null "
    "where load_id = {load} and published_code = '99' and variable = 'ALDER'",
    "value_not_negative": f"update {{new}} set INDHOLD = -1 where {_LEAF}",
    "value_present": "update {new} set INDHOLD = null where \"TID\" = '2008K2' and \"ALDER\" in ('30', '50')",
    "every_period_and_area_present": f"delete from {{new}} where {_TOTAL}",
    "origin_parts_equal_total": f"update {{new}} set INDHOLD = INDHOLD + 1 where {_LEAF}",
    "sexes_equal_total": """update {new} set INDHOLD = INDHOLD + 1
        where "KØN" = '2' and "OMRÅDE" = '851' and "ALDER" = 'IALT' and "HERKOMST" = 'TOT' and "TID" = '2008K2'""",
    "ages_equal_total": """update {new} set INDHOLD = INDHOLD + 1
        where "ALDER" = '10' and "OMRÅDE" = '000' and "KØN" = 'TOT' and "HERKOMST" = 'TOT' and "TID" = '2008K2'""",
    "regions_equal_country": """update {new} set INDHOLD = INDHOLD + 1
        where "OMRÅDE" = '081' and "ALDER" = '10' and "KØN" = 'TOT' and "HERKOMST" = 'TOT' and "TID" = '2008K2'""",
    "municipalities_equal_country": f"update {{new}} set INDHOLD = INDHOLD - 1 where {_TOTAL}",
    "rows_received_equal_rows_loaded": f"delete from {{new}} where {_LEAF}",
    "coverage_not_shrunk, a large figure": f"delete from {{new}} where {_LEAF}",
    "coverage_not_shrunk, an area": "delete from {new} where \"OMRÅDE\" = '851' and \"TID\" = '2008K2'",
    "coverage_not_shrunk, rows": "delete from {new} where \"ALDER\" = '10' and \"TID\" = '2008K1' and INDHOLD < 50",
    "coverage_not_shrunk, a code": "delete from meta.codes where load_id = {load} and published_code = '99' "
    "and variable = 'ALDER'",
    "no_period_withdrawn": "delete from meta.codes where load_id = {load} and published_code = '2008K1';"
    "update meta.loads set periods = ['2008K2'] where load_id = {load}; "
    "delete from {new} where \"TID\" = '2008K1'",
}


def prove(folder: Path, poisons: Iterable[str] = tuple(POISONS)) -> int:
    """Fill a small home, put each of the poisons into a copy of it; gives the number of checks of the suite.

    Raises:
        RuntimeError: the two disagree, one misses a poison, or there is a check that no poison is meant for.
    """
    from benchmarks.validation import promote, two_loads

    folder.mkdir(parents=True)
    home = folder / "home"
    earlier, load_id, _ = two_loads(home, folder, QUARTERS)
    _thin(home / "warehouse.duckdb", (earlier, load_id))
    promote(home, earlier)
    sound = counted(home)
    if any(sound.values()):
        raise RuntimeError(f"the sound load is refused: {sound}")
    if unproved := set(sound) - {_check_of(poison) for poison in POISONS}:
        raise RuntimeError(f"no poison is meant for {', '.join(sorted(unproved))}")
    for poison in poisons:
        found = counted(home, poison)
        if not found[_check_of(poison)]:
            raise RuntimeError(f"{poison}: found by neither, {found}")
    return len(sound)


def _check_of(poison: str) -> str:
    return poison.partition(",")[0]


def _table(load_id: str) -> str:
    return f"raw_loads.{quote(f'folk1e__{load_id}')}"


def _thin(database: Path, loads: tuple[str, ...]) -> None:
    """Keep three ages and make their sum the total, in both loads alike."""
    with duckdb.connect(str(database)) as connection:
        for load_id in loads:
            table = _table(load_id)
            connection.execute(
                f"""delete from {table} where "ALDER" not in {_AGES};
                insert into {table} by name
                select "OMRÅDE", "KØN", 'IALT' as "ALDER", "HERKOMST", "TID", sum(INDHOLD) as INDHOLD
                from {table} group by all;
                update meta.loads set rows_received = (select count(*) from {table}),
                    rows_loaded = (select count(*) from {table}) where load_id = {literal(load_id)}"""
            )


def counted(home: Path, poison: str = "") -> dict[str, int]:
    """The offending keys of each check of the load that waits for its verdict, counted by both in a poisoned copy.

    Raises:
        RuntimeError: they do not count the same.
    """
    from benchmarks.validation import settings_of
    from expectations import engine, suites
    from expectations.facts import Facts, read_load
    from warehouse import ledger
    from warehouse.records import catalogue

    copy = home.parent / "copy"
    copy.mkdir(exist_ok=True)
    shutil.copyfile(home / "warehouse.duckdb", copy / "warehouse.duckdb")
    with duckdb.connect(str(copy / "warehouse.duckdb")) as connection:
        load_id = str(_one(connection, f"select load_id from meta.loads where status = {literal(ledger.LOADED)}"))
        if statements := POISONS.get(poison):
            connection.execute(statements.format(new=_table(load_id), load=literal(load_id)))
        records = catalogue()
        facts = Facts(connection, settings_of(copy), records["folk1e"], read_load(connection, load_id), records)
        findings, _ = engine.evaluate(connection, load_id, suites.build(facts))
        ours = {finding.check.name: finding.unexpected_count for finding in findings}
        plain = plain_checks.failures(connection, load_id)
    if ours != plain:
        differing = {name: (ours.get(name), plain.get(name)) for name in ours | plain}
        raise RuntimeError(
            f"{poison or 'sound'}: ours and plain SQL differ: { {n: c for n, c in differing.items() if c[0] != c[1]} }"
        )
    return ours


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    assert row
    return row[0]
