"""Revisions: what a later load changed, of source values and of published gaps.

``meta.revisions`` is the history. Source values enter it when a load is promoted: every period that the new load takes
over from another load is compared with it, cell by cell. Gaps enter it when a release is published: what the release
says of ``marts.revisions`` is remembered, and ``meta.published_gaps`` is from then on what the next build is compared
with (that comparison is the dbt model ``revisions``).

Out of scope: the municipality's own data. Old and new of its cells are persons' and would let a hidden cell be found,
so that no source revision of them is written; tables of StatBank, the election providers, the education ministry and
Jobindsats are open, and protected by their producers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.db import literal, quote
from warehouse.landing import sync
from warehouse.raw_views import EMPTIED, load_table
from warehouse.records import RawTable, Record

GAPS = "marts.gaps"
GAP_KEY = (
    "indicator_id",
    "municipality_code",
    "subarea_code",
    "period",
    "sex",
    "age_group",
    "target_group",
    "reference_group",
)
GAP_VALUES = ("target_rate_pct", "reference_rate_pct", "gap_pp", "standardised_gap_pp")
COLUMNS = (
    "object_name",
    "key",
    "period",
    "old_value",
    "new_value",
    "difference",
    "old_load_id",
    "new_load_id",
    "seen_at",
    "data_origin",
)

DDL = f"""
create table if not exists meta.revisions (
    recorded_by varchar, object_name varchar, "key" varchar, period varchar, old_value double, new_value double,
    difference double, old_load_id varchar, new_load_id varchar, seen_at timestamp, data_origin varchar
);
create table if not exists meta.published_gaps (
    release_id varchar, {", ".join(f"{name} varchar" for name in GAP_KEY)},
    {", ".join(f"{name} double" for name in GAP_VALUES)},
    value_status varchar, data_origin varchar, load_ids varchar[]
);
"""


@dataclass
class _Codes:
    """The codes of one load in the spelling of the newer load: variable → known to the table, and asked for."""

    known: dict[str, set[str]] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)


def is_open(record: Record) -> bool:
    """Whether the source values of a dataset may be named: all but the municipality's own data."""
    return record.provider != "inbox"


def record_source(connection: duckdb.DuckDBPyConnection, record: Record, load_id: str, seen_at: datetime | str) -> int:
    """Write down every source value that the load changes; how many there are. Twice is once.

    To be called inside the transaction that promotes the load, before the owners of its periods are replaced. Only
    loads of the same data origin are compared, and only loads whose tables are there with their rows. The StatBank
    leaves rows of 0 out: a cell that a load asked for and did not get is 0 there; one that it did not ask for says
    nothing and is no revision; one whose code the table did not have has no value. The same cell under ``0`` and
    ``000`` is one.

    Args:
        seen_at: when the load was promoted, UTC.
    """
    connection.execute("delete from meta.revisions where recorded_by = ?", [load_id])
    if not is_open(record):
        return 0
    for old_id, period, origin in _replaced(connection, record, load_id):
        for table in record.raw_tables:
            if _is_there(connection, table, old_id) and _is_there(connection, table, load_id):
                facts = {"old": old_id, "new": load_id, "period": period, "seen": seen_at, "origin": origin}
                _compare(connection, table, facts)
    row = connection.execute("select count(*) from meta.revisions where recorded_by = ?", [load_id]).fetchone()
    return int(row[0]) if row else 0


def remember(connection: duckdb.DuckDBPyConnection, release_id: str, folder: Path | None = None) -> int:
    """Keep the gap revisions of a release, and take its gaps as what is published; the revisions added. Twice is once.

    To be called inside a transaction, when the release is current, and also when a publication finds nothing new: a
    publication that was killed in between is made up for.

    Args:
        folder: the folder of the release, whose Parquet files are read; without it the marts of the build database.
    """
    done = connection.execute("select 1 from meta.published_gaps where release_id = ? limit 1", [release_id])
    if done.fetchone():
        return 0
    gaps, revisions = (_mart(name, folder) for name in ("gaps", "revisions"))
    if revisions:
        names = ", ".join(quote(name) for name in COLUMNS)
        connection.execute(
            f"""insert into meta.revisions select {literal(release_id)}, * from (
                select {names} from {revisions} where object_name = {literal(GAPS)}
                except select {names} from meta.revisions)"""
        )
    columns = ", ".join((*GAP_KEY, *GAP_VALUES, "value_status", "data_origin", "load_ids"))
    connection.execute("delete from meta.published_gaps")
    connection.execute(f"insert into meta.published_gaps select {literal(release_id)}, {columns} from {gaps}")
    row = connection.execute("select count(*) from meta.revisions where recorded_by = ?", [release_id]).fetchone()
    return int(row[0]) if row else 0


def export(connection: duckdb.DuckDBPyConnection, recorded_by: str, path: Path) -> None:
    """Write the revisions that came with one release (or one load) as Parquet; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    rows = f"select * from meta.revisions where recorded_by = {literal(recorded_by)} order by all"
    connection.execute(f"copy ({rows}) to {literal(str(part))} (format parquet, compression zstd)")
    sync(part)
    part.replace(path)  # a kill leaves it whole, or not there
    sync(path.parent)


def restore(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Read back what :func:`export` wrote, in the place of what is there of the same release or load."""
    rows = f"read_parquet({literal(str(path))})"
    connection.execute(f"delete from meta.revisions where recorded_by in (select recorded_by from {rows})")
    connection.execute(f"insert into meta.revisions by name select * from {rows}")


def _mart(name: str, folder: Path | None) -> str | None:
    """Where a mart is read; None for one that a release from before it was invented does not have."""
    if folder is None:
        return f"marts.{quote(name)}"
    parquet = folder / "parquet" / f"{name}.parquet"
    return f"read_parquet({literal(str(parquet))})" if parquet.exists() else None


def _replaced(connection: duckdb.DuckDBPyConnection, record: Record, load_id: str) -> list[tuple[str, str, str]]:
    """Owner, period and data origin of all that the load takes over from its like."""
    return connection.execute(
        """select owner.load_id, owner.period, newer.data_origin from meta.period_owner as owner
        inner join meta.loads as older on owner.load_id = older.load_id
        inner join meta.loads as newer on newer.load_id = $load_id and older.data_origin = newer.data_origin
        where owner.dataset = $dataset and owner.load_id <> $load_id and list_contains(newer.periods, owner.period)
        order by all""",
        {"load_id": load_id, "dataset": record.dataset},
    ).fetchall()


def _is_there(connection: duckdb.DuckDBPyConnection, table: RawTable, load_id: str) -> bool:
    found = connection.execute(
        """select 1 from duckdb_tables()
        where schema_name = 'raw_loads' and table_name = ? and comment is distinct from ?""",
        [f"{table.name}__{load_id}", EMPTIED],
    )
    return found.fetchone() is not None


def _values(table: RawTable) -> list[str]:
    """The columns that hold figures. A number of an area is a name, not a figure."""
    kinds = table.columns.items()
    return [name for name, kind in kinds if kind != "text" and name not in table.key and not name.endswith("_number")]


def _compare(connection: duckdb.DuckDBPyConnection, table: RawTable, facts: Mapping[str, object]) -> None:
    keys = [column for column in table.key if column != table.period_column]
    values = _values(table)
    spelled = _spellings(connection, facts)
    older, newer = (_codes(connection, facts, side, spelled) for side in ("old", "new"))
    for value in values:
        named = {key: quote(key) for key in keys} | ({"column": literal(value)} if len(values) > 1 else {})
        pairs = ", ".join(f"{literal(name)}, {expression}" for name, expression in named.items())
        lists: dict[str, list[str]] = {}
        old_asked, old_foreign = _conditions(keys, older, "old", lists)
        new_asked, new_foreign = _conditions(keys, newer, "new", lists)
        old_rows = _rows(table, str(facts["old"]), value, {key: spelled.get(key, {}) for key in keys})
        new_rows = _rows(table, str(facts["new"]), value, {key: {} for key in keys})
        connection.execute(
            f"""insert into meta.revisions
            with older as ({old_rows}), newer as ({new_rows}),
            pairs as (
                select {", ".join(map(quote, keys))}, older.figure as old_figure, newer.figure as new_figure,
                    older.is_there is not null as in_old, newer.is_there is not null as in_new
                from older full outer join newer using ({", ".join(map(quote, keys))})
                where older.figure is distinct from newer.figure or older.is_there is distinct from newer.is_there
            ),
            judged as (
                select json_object({pairs})::varchar as cell,
                    case when in_old then old_figure when {old_asked} then 0 end as old_value,
                    case when in_new then new_figure when {new_asked} then 0 end as new_value
                from pairs
                where (in_old or not ({old_foreign})) and (in_new or not ({new_foreign}))
            )
            select $new, {literal(f"raw.{table.name}")}, cell, $period, old_value, new_value, new_value - old_value,
                $old, $new, cast($seen as timestamp), $origin
            from judged where old_value is distinct from new_value""",
            {**facts, **lists},
        )


def _rows(table: RawTable, load_id: str, value: str, spelled: Mapping[str, Mapping[str, str]]) -> str:
    """The cells of one period of a load: every code as text, in the spelling of the newer load."""
    columns = []
    for key, changed in spelled.items():
        text = f"cast({quote(key)} as varchar)"
        cases = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in sorted(changed.items()))
        columns.append(f"case {text} {cases} else {text} end as {quote(key)}" if cases else f"{text} as {quote(key)}")
    return f"""select {", ".join(columns)}, cast({quote(value)} as double) as figure, true as is_there
        from {load_table(table, load_id)} where cast({quote(table.period_column)} as varchar) = $period"""


def _conditions(keys: list[str], codes: _Codes, side: str, lists: dict[str, list[str]]) -> tuple[str, str]:
    """SQL: whether a load asked for a cell, and whether it left out a code of it that the table had."""
    if not set(keys) <= set(codes.known):
        return "false", "false"
    asked, foreign = [], []
    for position, key in enumerate(keys):
        name = f"{side}_{position}"
        lists[f"{name}_asked"] = sorted(codes.asked.get(key, set()))
        lists[f"{name}_left"] = sorted(codes.known[key] - codes.asked.get(key, set()))
        asked.append(f"{quote(key)} in (select unnest(cast(${name}_asked as varchar[])))")
        foreign.append(f"{quote(key)} in (select unnest(cast(${name}_left as varchar[])))")
    return " and ".join(asked), " or ".join(foreign)


def _spellings(connection: duckdb.DuckDBPyConnection, facts: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Variable → older → newer spelling, of codes that mean the same and are no longer written the same."""
    found = connection.execute(
        """with codes as (
            select * from meta.codes where load_id in ($old, $new) and canonical_code is not null
            qualify count(*) over (partition by load_id, variable, canonical_code) = 1
        )
        select older.variable, older.published_code, newer.published_code from codes as older
        inner join codes as newer using (variable, canonical_code)
        where older.load_id = $old and newer.load_id = $new and older.published_code <> newer.published_code""",
        {"old": facts["old"], "new": facts["new"]},
    ).fetchall()
    spelled: dict[str, dict[str, str]] = {}
    for variable, old, new in found:
        spelled.setdefault(variable, {})[old] = new
    return spelled


def _codes(
    connection: duckdb.DuckDBPyConnection, facts: Mapping[str, object], side: str, spelled: dict[str, dict[str, str]]
) -> _Codes:
    rows = connection.execute(
        "select variable, published_code, selected from meta.codes where load_id = ?", [facts[side]]
    ).fetchall()
    codes = _Codes()
    for variable, published, selected in rows:
        code = spelled.get(variable, {}).get(published, published) if side == "old" else published
        codes.known.setdefault(variable, set()).add(code)
        if selected:
            codes.asked.setdefault(variable, set()).add(code)
    return codes
