"""The marts of the sample home in memory, to poison: every change is made in a transaction that is rolled back.

Schema `before` is the release before, with the same gaps. Quarterly rates and the parts of most groups are left out of
every mart alike, which leaves each check something to look at in a quarter of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb
from house import Home

from expectations import marts
from expectations.checks import Check
from expectations.marts_checks import MartFacts
from expectations.marts_gaps import FOCUS_AREA_MARTS

OLD_LOAD = "20200101T000000Z_ras201_000000"
SHOWN = """(indicator_id in ('employment_rate', 'turnout_municipal') or target_group = 'non_western')
    and (indicator_id <> 'employment_rate_quarterly' or (sex = 'total' and age_group = '16-64'))
    and (indicator_id <> 'employment_rate' or age_group = '16-64')"""
CELL_MARTS = ("gaps", *FOCUS_AREA_MARTS, "peer_comparison", "gap_decomposition")
ONE = """indicator_id = 'employment_rate' and municipality_code = '151' and period = '2024' and sex = 'total'
    and age_group = '16-64' and target_group = 'non_western' and reference_group = 'others'"""
FROM_RATES = """update poison set
    gap_pp = reference_rate_pct - target_rate_pct,
    rate_ratio = target_rate_pct / reference_rate_pct,
    persons_to_parity = greatest(0, (reference_rate_pct - target_rate_pct) / 100 * target_denominator)"""
FROM_COUNTS = (
    """update poison set
        target_rate_pct = 100 * target_numerator / target_denominator,
        reference_rate_pct = 100 * reference_numerator / reference_denominator""",
    """update poison set
        target_low_pct = greatest(0, target_rate_pct - 1), target_high_pct = least(100, target_rate_pct + 1),
        reference_low_pct = greatest(0, reference_rate_pct - 1),
        reference_high_pct = least(100, reference_rate_pct + 1)""",
    FROM_RATES,
    "update poison set gap_low_pp = gap_pp - 1, gap_high_pp = gap_pp + 1, is_clear = abs(gap_pp) > 1",
)


@dataclass(frozen=True)
class Scratch:
    """The marts in memory, and the facts of their suite."""

    connection: duckdb.DuckDBPyConnection
    facts: MartFacts

    @contextmanager
    def poisoned(self, poison: Callable[[duckdb.DuckDBPyConnection], None]) -> Iterator[None]:
        """The marts with a poison in them."""
        self.connection.execute("begin transaction")
        try:
            poison(self.connection)
            yield
        finally:
            self.connection.execute("rollback")

    def failing(self, same_rules: bool = True) -> dict[tuple[str, str], tuple[int, list[str]]]:
        """Mart and expectation → how many keys offend, and the first of them, of every check that does not hold."""
        found = {}
        for check in marts.build(self.connection, replace(self.facts, same_rules=same_rules)):
            count, keys, _ = answer(self.connection, check)
            if count:
                found[check.table.replace('"', ""), check.name] = (count, keys)
        return found


def answer(connection: duckdb.DuckDBPyConnection, check: Check) -> tuple[int, list[str], str | None]:
    """What a check finds: the number of offending keys, the first of them, what was observed. The same SQL as in GX."""
    row = connection.execute(check.query.replace("$batch", check.table)).fetchone()
    assert row
    keys = duckdb.execute("select cast(json(?) as varchar[])", [row[1] or "[]"]).fetchone()
    assert keys
    return int(row[0]), keys[0], row[2]


def scratch_of(home: Home) -> Scratch:
    """The marts of a home, copied."""
    connection = duckdb.connect()
    connection.execute(f"attach '{home.path / 'warehouse.duckdb'}' as warehouse (read_only)")
    for schema in ("before", "marts", "meta", "intermediate"):
        connection.execute(f"create schema {schema}")
    tables = connection.execute(
        """select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' and (
            schema_name = 'marts' or (schema_name, table_name) in (('meta', 'loads'), ('meta', 'period_owner'),
            ('intermediate', 'int_gap__counts'), ('intermediate', 'int_disclosure__versions')))"""
    ).fetchall()
    for schema, table in tables:
        where = f"where {SHOWN}" if table in CELL_MARTS else ""
        connection.execute(f"create table {schema}.{table} as select * from warehouse.{schema}.{table} {where}")
    view = connection.execute(
        """select sql from duckdb_views() where database_name = 'warehouse' and view_name = 'target_group_table'"""
    ).fetchone()
    assert view
    connection.execute(str(view[0]).replace('"warehouse".', "").replace("warehouse.", ""))
    connection.execute("detach warehouse")
    connection.execute(
        "insert into meta.loads (load_id, dataset, periods) values (?, 'ras201', ['2023', '2024'])", [OLD_LOAD]
    )
    connection.execute("create table before.gaps as from marts.gaps")
    columns = frozenset(row[0] for row in connection.execute("describe marts.gaps").fetchall())
    return Scratch(connection, MartFacts(5, "before.gaps", columns, True))


def added(
    *changes: str, where: str = ONE, mart: str = "gap_beskaeftigelse"
) -> Callable[[duckdb.DuckDBPyConnection], None]:
    """A poison: copies of rows as those of a place that nothing else knows, changed, in `gaps` and in their mart."""

    def poison(connection: duckdb.DuckDBPyConnection) -> None:
        take(connection, where)
        run(connection, *changes)
        run(connection, *(f"insert into marts.{name} from poison" for name in ("gaps", mart)))

    return poison


def before(*changes: str, where: str = ONE) -> Callable[[duckdb.DuckDBPyConnection], None]:
    """A poison: copies of rows as those of a place that only the release before has."""

    def poison(connection: duckdb.DuckDBPyConnection) -> None:
        take(connection, where)
        run(connection, *changes, "insert into before.gaps from poison")

    return poison


def changed(*changes: str) -> Callable[[duckdb.DuckDBPyConnection], None]:
    """A poison: statements as they are."""
    return lambda connection: run(connection, *changes)


def take(connection: duckdb.DuckDBPyConnection, where: str) -> None:
    """Copy rows of `gaps` aside, under a place of their own."""
    connection.execute(
        f"""create or replace temp table poison as
        select * replace ('x' as subarea_code, 'X' as subarea_name) from marts.gaps where {where}"""
    )
    row = connection.execute("select count(*) from poison").fetchone()
    assert row
    assert row[0], f"nothing to poison where {where}"


def run(connection: duckdb.DuckDBPyConnection, *statements: str) -> None:
    """Run statements."""
    for statement in statements:
        connection.execute(statement)
