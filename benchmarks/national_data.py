"""A build database of national size, grown out of the sample's own inside DuckDB.

The sample has fourteen municipalities and a few years. Here every municipality of the seed ``areas`` takes the figures
of one of the fourteen, years before the sample those of one of its years, and regions and country are the sums of their
municipalities: so totals still are their parts, FOLK1C is FOLK1E, and RAS200 is counted from RAS201. Parishes are
copied with their municipality. Elections and hand-delivered files stay as they are: they have few rows. Out of scope:
whether a figure is likely.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from sample_providers import Running, start, write_inbox
from warehouse import ledger
from warehouse.airflow import DBT_PROJECT
from warehouse.db import literal, quote, writer
from warehouse.raw_views import load_table
from warehouse.records import Record, catalogue
from warehouse.settings import Settings

FIRST_YEAR = 2008
PARISH_COPIES = 4
_YEARS_OF_THE_SAMPLE = (2018, 7)  # from then on every table has so many years
_RATES = {
    "BFK": "sum(indhold) filter (where socio = '00')",
    "EFK": "sum(indhold) filter (where socio <> '55')",
}
_RAS200_ORIGINS = {
    "00": ("999", "24", "25", "34", "35"),
    "10": ("999",),
    "20": ("24", "25"),
    "30": ("34", "35"),
    **{code: (code,) for code in ("24", "25", "34", "35")},
}


@dataclass(frozen=True)
class _Table:
    """A load's table while it grows: its area variable and all other dimensions but time."""

    record: Record
    load_id: str
    name: str
    area: str
    others: tuple[str, ...]


def fill(settings: Settings, first_year: int = FIRST_YEAR) -> int:
    """Load the sample into an empty home and grow it; gives the rows in ``raw_loads``."""
    write_inbox(settings.root / "sample_inbox")
    with start() as provider:
        _ingest(settings, provider)
    with writer(settings, "grow the sample") as connection:
        grow(connection, first_year)
        row = connection.execute(
            "select sum(estimated_size)::bigint from duckdb_tables() where schema_name = 'raw_loads'"
        ).fetchone()
    return int(row[0]) if row else 0


def _ingest(settings: Settings, provider: Running) -> None:
    from expectations.run import require, validate
    from ingestion import pipeline

    here = settings.model_copy(
        update={
            "statbank_url": provider.statbank_url,
            "elections_url": provider.elections_url,
            "sample_inbox": settings.root / "sample_inbox",
        }
    )
    for dataset, record in catalogue().items():
        if not pipeline.changed(dataset, here):
            continue
        load_id = pipeline.land(dataset, here)
        pipeline.load(load_id, here)
        if record.provider == "inbox":  # what is of the municipality's own counts only when it has been judged
            require(validate(load_id, here))
        else:
            with writer(here, "take for valid") as connection:
                ledger.set_status(connection, load_id, ledger.VALIDATED)
        pipeline.promote(load_id, here)


def grow(connection: duckdb.DuckDBPyConnection, first_year: int = FIRST_YEAR) -> None:
    """Give every StatBank load of the sample all municipalities, and every year from ``first_year``."""
    _areas(connection)
    for dataset in sorted(catalogue(), reverse=True):  # RAS201 before RAS200, which is counted from it
        record = catalogue()[dataset]
        last = ledger.last_promoted(connection, dataset)
        if record.provider != "statbank" or last is None:
            continue
        table = _table(record, last.load_id)
        _periods(connection, table, first_year)
        if table.area == "SOGN":
            _grow_parishes(connection, table)
        else:
            _grow_areas(connection, table)
        _enter(connection, table)
    connection.execute("drop schema growth cascade")


def _table(record: Record, load_id: str) -> _Table:
    raw = record.raw_tables[0]
    area = next(v.code.upper() for v in record.variables if v.role in {"area", "parish"})
    others = [name for name in raw.columns if name not in {area, raw.period_column, "INDHOLD"}]
    return _Table(record, load_id, load_table(raw, load_id), area, tuple(others))


def _areas(connection: duckdb.DuckDBPyConnection) -> None:
    seed = literal(str(DBT_PROJECT / "seeds" / "areas.csv"))
    connection.execute(
        f"""create or replace schema growth;
        create table growth.areas as select * from read_csv({seed}, all_varchar = true);
        create table growth.sampled as
        select row_number() over (order by area_code) - 1 as n, area_code as code
        from growth.areas where level = 'municipality' and area_code in (
            select canonical_code from meta.codes where dataset = 'folk1e' and variable = 'OMRÅDE' and selected);
        create table growth.municipalities as
        select area_code as code, name_da, coalesce(own.code, other.code) as source
        from (select *, row_number() over (order by area_code) as n from growth.areas where level = 'municipality') as a
        left join growth.sampled as own on a.area_code = own.code
        left join growth.sampled as other on a.n % (select count(*) from growth.sampled) = other.n;
        create table growth.weights as
        select a.region_code as code, m.source, count(*) as weight
        from growth.municipalities as m inner join growth.areas as a on m.code = a.area_code group by all
        union all select '000', source, count(*) from growth.municipalities group by all"""
    )


def _periods(connection: duckdb.DuckDBPyConnection, table: _Table, first_year: int) -> None:
    """Periods of the grown table, each with the one of the sample whose figures it takes."""
    start_year, years = _YEARS_OF_THE_SAMPLE
    earlier = (
        "select null, null where false"
        if table.record.cadence == "election"
        else f"""select year || suffix, {start_year} + ((year - {start_year}) % {years} + {years}) % {years} || suffix
        from range({first_year}, {start_year}) as years (year),
        (select distinct cast(tid as varchar)[5:] as suffix from {table.name})"""
    )
    connection.execute(
        f"""create or replace table growth.periods as
        select distinct cast(tid as varchar) as period, cast(tid as varchar) as source from {table.name}
        union all {earlier}"""
    )


def _grow_areas(connection: duckdb.DuckDBPyConnection, table: _Table) -> None:
    area, others = quote(table.area), ", ".join(f"s.{quote(name)}" for name in table.others)
    with_totals = "000" in _published(connection, table.name, table.area)
    is_rate = table.record.unit != "count" and table.record.dataset == "ras200"
    totals = (
        f"""union all select w.code, {others}, s.tid, sum(w.weight * s.indhold)
        from {table.name} as s inner join growth.weights as w on s.{area} = w.source group by all"""
        if with_totals and not is_rate
        else ""
    )
    connection.execute(
        f"""create or replace table growth.rows as
        with wide as (
            select m.code as {area}, {others}, s.tid, s.indhold
            from {table.name} as s inner join growth.municipalities as m on s.{area} = m.source
            {totals}
        )
        select wide.* replace (p.period as tid) from wide inner join growth.periods as p on wide.tid = p.source"""
    )
    if is_rate:
        _insert_rates(connection)
    connection.execute(
        f"""insert into meta.codes
        select {literal(table.load_id)}, {literal(table.record.dataset)}, {literal(table.area)},
            1000 + row_number() over (order by code), code, name_da, code, true
        from growth.municipalities where code not in (select code from growth.sampled)"""
    )


def _insert_rates(connection: duckdb.DuckDBPyConnection) -> None:
    """Rates of regions and country to one decimal, of the RAS201 that has grown before."""
    origins = ", ".join(f"('{code}', '{part}')" for code, parts in _RAS200_ORIGINS.items() for part in parts)
    for code, events in _RATES.items():
        connection.execute(
            f"""insert into growth.rows by name
            select "OMRÅDE", o.code as herkomst, '16-64' as alder, x.code as "KØN", '{code}' as beregning, tid,
                round(100.0 * coalesce({events}, 0) / sum(indhold), 1) as indhold
            from growth.ras201 as s
            inner join (values {origins}) as o (code, part) on s.herkomst = o.part
            inner join (values ('TOT', 'M'), ('TOT', 'K'), ('M', 'M'), ('K', 'K')) as x (code, part) on s."KØN" = x.part
            where s."OMRÅDE" in (select code from growth.weights) and alder not in ('-15', '65-66', '67-')
            group by all having sum(indhold) > 0"""
        )


def _grow_parishes(connection: duckdb.DuckDBPyConnection, table: _Table) -> None:
    others = ", ".join(f"s.{quote(name)}" for name in table.others)
    connection.execute(
        rf"""create or replace table growth.parishes as
        with published as (
            select published_code as source, published_text as text,
                regexp_extract(published_text, '\(([^()]+) Kommune\)$', 1) as name
            from meta.codes where load_id = {literal(table.load_id)} and variable = 'SOGN'
        ),
        copies as (
            select p.source, m.name_da, copy, row_number() over (order by m.code, copy, p.source) as n
            from growth.municipalities as m
            inner join growth.municipalities as s on m.source = s.code
            inner join published as p on p.name in (s.name_da, s.name_da || 's'), range({PARISH_COPIES}) as c (copy)
            where m.code <> m.source
        )
        select source as code, source, text, false as is_new from published
        union all select cast(7500 + n as varchar), source, 'Sogn ' || n || ' (' || name_da || ' Kommune)', true
        from copies"""
    )
    connection.execute(
        f"""create or replace table growth.rows as
        select a.code as sogn, {others}, p.period as tid, s.indhold
        from {table.name} as s
        inner join growth.parishes as a on s.sogn = a.source
        inner join growth.periods as p on s.tid = p.source;
        insert into meta.codes
        select {literal(table.load_id)}, {literal(table.record.dataset)}, 'SOGN',
            1000 + row_number() over (order by code), code, text, code, true
        from growth.parishes where is_new"""
    )


def _enter(connection: duckdb.DuckDBPyConnection, table: _Table) -> None:
    """Put the grown table in the place of the load's own, typed as a load is, and let it own its periods."""
    raw = table.record.raw_tables[0]
    columns = []
    for name, kind in raw.columns.items():
        codes = (
            ", ".join(literal(code) for code in _published(connection, "growth.rows", name)) if kind == "text" else ""
        )
        columns.append(f"cast({quote(name)} as {f'enum({codes})' if codes else raw.sql_type(name)}) as {quote(name)}")
    connection.execute(
        f"""create or replace table {table.name} as select {", ".join(columns)} from growth.rows;
        update meta.loads set periods = (select list(period order by period) from growth.periods),
            rows_received = (select count(*) from growth.rows), rows_loaded = (select count(*) from growth.rows)
        where load_id = {literal(table.load_id)}"""
    )
    if table.record.dataset == "ras201":
        connection.execute("create table growth.ras201 as from growth.rows")
    ledger.promote(connection, table.record, table.load_id)


def _published(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> list[str]:
    rows = connection.execute(f"select distinct cast({quote(column)} as varchar) from {table} order by 1").fetchall()
    return [str(row[0]) for row in rows]


def home_of(folder: Path) -> Settings:
    """Settings of a home of its own, that takes everything from ``FIRST_YEAR`` on."""
    return Settings(home=folder, _env_file=None)  # type: ignore[call-arg]
