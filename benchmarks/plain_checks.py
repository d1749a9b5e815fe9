"""Every check that the suite makes of a FOLK1E load, by hand, as plain SQL on the same tables.

Written as one would write it once for this one table: a few scans into small temporary tables, shared by whatever can
be told from them, and otherwise one statement a check. Each counts the keys that offend, as the check of the same name
does, so that the two can be held against each other (``benchmarks/validation_poisons.py``). Comparisons with
other datasets are not here: a home that holds FOLK1E alone has none.
"""

from __future__ import annotations

import duckdb

from warehouse.airflow import DBT_PROJECT
from warehouse.db import literal, quote

_SHARED = """
create or replace temp table level as
select area_code as area, level, left(valid_from, 4) as first_year, left(coalesce(valid_to, '9999'), 4) as last_year
from read_csv({areas}, all_varchar = true);
create or replace temp table asked as
select distinct published_code as period from meta.codes where load_id = {load} and variable = 'TID' and selected
union select unnest(periods) from meta.loads where load_id = {load};
create or replace temp table code as
select upper(variable) as variable, published_code as code, canonical_code as canonical, selected
from meta.codes where load_id = {load};
create or replace temp table owner as
select period, load_id from meta.period_owner where dataset = 'folk1e' and load_id <> {load};
create or replace temp table pair as
select period, case when period in (select o.period from owner as o) then period
    else (select max(o.period) from owner as o where o.period < asked.period) end as old_period
from asked;
create or replace temp table cell as
select "OMRÅDE", "KØN", "HERKOMST", "TID", count(*) as found, count(*) - count(INDHOLD) as missing,
    count(*) filter (where INDHOLD < 0) as negative
from {new} group by all;
"""

_OLD = """
create or replace temp table old_code as
select distinct upper(variable) as variable, published_code as code, canonical_code as canonical, selected
from meta.codes where load_id = {owner};
create or replace temp table old_cell as
select "OMRÅDE", "KØN", "HERKOMST", "TID", count(*) as found from {old}
where cast("TID" as varchar) in (select old_period from pair) group by all;
create or replace temp table old_used as
select pair.period, used.variable, coalesce(old_code.canonical, used.code) as code, used.found
from (
    select "TID" as period, 'OMRÅDE' as variable, cast("OMRÅDE" as varchar) as code, sum(found) as found
    from old_cell group by all
    union all select "TID", 'KØN', cast("KØN" as varchar), sum(found) from old_cell group by all
    union all select "TID", 'HERKOMST', cast("HERKOMST" as varchar), sum(found) from old_cell group by all
) as used
inner join pair on cast(used.period as varchar) = pair.old_period
left join old_code on used.variable = old_code.variable and used.code = old_code.code;
"""

_CHECKS = {
    "columns_as_asked": """
select count(*) from (select unnest(['OMRÅDE', 'KØN', 'ALDER', 'HERKOMST', 'TID', 'INDHOLD']) as name) as wanted
full join (
    select column_name as name from duckdb_columns() where schema_name = 'raw_loads' and table_name = {table}
) as got on wanted.name = got.name
where wanted.name is null or got.name is null""",
    "keys_unique": """
select count(*) from (
    select 1 from {new} group by "OMRÅDE", "KØN", "ALDER", "HERKOMST", "TID" having count(*) > 1
)""",
    "codes_known": """
select (
    select count(*) from (
        select 'OMRÅDE' as variable, cast("OMRÅDE" as varchar) as code from cell
        union select 'KØN', cast("KØN" as varchar) from cell
        union select 'HERKOMST', cast("HERKOMST" as varchar) from cell
        union select 'ALDER', cast("ALDER" as varchar) from {new} group by all
    ) as used
    where not exists (
        from code where code.variable = used.variable and code.code = used.code and selected and canonical is not null
    )
) + (
    select count(distinct "TID") from cell where cast("TID" as varchar) not in (select period from asked)
) + (
    select count(*) from code where selected and canonical is null and variable <> 'TID'
)""",
    "value_not_negative": "select coalesce(sum(negative), 0) from cell",
    "value_present": """
select count(*) from (select sum(missing) / sum(found) as share from cell group by "TID") where share > 0.2""",
    "every_period_and_area_present": """
select count(*) from asked
inner join (
    select code.code, first_year, last_year from code left join level on code.canonical = level.area
    where variable = 'OMRÅDE' and selected and canonical is not null
) as area on left(asked.period, 4) between coalesce(first_year, '0000') and coalesce(last_year, '9999')
left join (
    select cast("OMRÅDE" as varchar) as area, cast("TID" as varchar) as period from {new}
    where "KØN" = 'TOT' and "ALDER" = 'IALT' and "HERKOMST" = 'TOT' group by all
) as came on asked.period = came.period and area.code = came.area
where came.area is null""",
    "origin_parts_equal_total": """
select count(*) from (
    select 1 from {new} group by "OMRÅDE", "KØN", "ALDER", "TID"
    having count(*) = count(INDHOLD) and sum(case when "HERKOMST" = 'TOT' then INDHOLD else -INDHOLD end) <> 0
)""",
    "sexes_equal_total": """
select count(*) from (
    select 1 from {new} group by "OMRÅDE", "ALDER", "HERKOMST", "TID"
    having count(*) = count(INDHOLD) and sum(case when "KØN" = 'TOT' then INDHOLD else -INDHOLD end) <> 0
)""",
    "ages_equal_total": """
select count(*) from (
    select 1 from {new} group by "OMRÅDE", "KØN", "HERKOMST", "TID"
    having count(*) = count(INDHOLD) and sum(case when "ALDER" = 'IALT' then INDHOLD else -INDHOLD end) <> 0
)""",
    "regions_equal_country": """
select count(*) from (
    select 1 from {new} where "OMRÅDE" in {regions} or "OMRÅDE" = '000' group by "KØN", "ALDER", "HERKOMST", "TID"
    having count(*) = count(INDHOLD) and sum(case when "OMRÅDE" = '000' then INDHOLD else -INDHOLD end) <> 0
)""",
    "municipalities_equal_country": """
select count(*) from (
    select 1 from {new} where "OMRÅDE" not in {regions} group by "KØN", "ALDER", "HERKOMST", "TID"
    having count(*) = count(INDHOLD) and sum(case when "OMRÅDE" = '000' then INDHOLD else -INDHOLD end) <> 0
)""",
    "rows_received_equal_rows_loaded": """
select count(*) from meta.loads where load_id = {load} and (
    rows_received is distinct from rows_loaded or rows_loaded is distinct from (select sum(found) from cell)
)""",
}

_CONTINUITY = {
    "coverage_not_shrunk": """
with used as (
    select distinct cast(cell."TID" as varchar) as period, name as variable,
        coalesce(code.canonical, code.code) as code
    from cell
    cross join (select unnest(['OMRÅDE', 'KØN', 'HERKOMST']) as name)
    inner join code on variable = name
        and code.code = case name when 'OMRÅDE' then cast("OMRÅDE" as varchar) when 'KØN' then cast("KØN" as varchar)
            else cast("HERKOMST" as varchar) end
),

lost as (
    select period, variable, code from old_used
    where not exists (
        from used
        where used.period = old_used.period and used.variable = old_used.variable and used.code = old_used.code
    ) and not exists (
        from code where code.variable = old_used.variable and code.canonical = old_used.code and not selected
    ) and not exists (
        from level where old_used.variable = 'OMRÅDE' and level.area = old_used.code
            and left(period, 4) not between first_year and last_year
    )
),

unlisted as (
    select distinct variable, canonical from old_code as old
    where selected and canonical is not null and not exists (
        from code where code.variable = old.variable and coalesce(code.canonical, code.code) = old.canonical
    )
),

gone as (
    select period, sum(found) as found from old_used inner join level on old_used.code = level.area
    where variable = 'OMRÅDE' and left(period, 4) not between first_year and last_year group by all
),

fewer as (
    select pair.period from pair
    inner join (select cast("TID" as varchar) as period, sum(found) as found from old_cell group by all) as old
        on pair.old_period = old.period
    left join (select cast("TID" as varchar) as period, sum(found) as found from cell group by all) as new
        on pair.period = new.period
    left join gone on pair.period = gone.period
    where coalesce(new.found, 0) < (old.found - coalesce(gone.found, 0)) * 0.98
),

left_out as (
    select 1 from {old} as old
    anti join {new} as new using ("OMRÅDE", "KØN", "ALDER", "HERKOMST", "TID")
    where old.INDHOLD >= 50 and cast(old."TID" as varchar) in (select period from pair where period = old_period)
)

select (select count(*) from lost) + (select count(*) from unlisted) + (select count(*) from fewer)
    + (select count(*) from left_out)""",
    "no_period_withdrawn": """
select count(*) from owner
where period not in (select code from code where variable = 'TID') and period not in (select period from asked)""",
}


def failures(connection: duckdb.DuckDBPyConnection, load_id: str) -> dict[str, int]:
    """How many keys offend against each check of a FOLK1E load, by the check's name.

    Raises:
        ValueError: raw shows periods of several loads of FOLK1E; the script knows one.
    """
    owners = connection.execute(
        "select distinct load_id from meta.period_owner where dataset = 'folk1e' and load_id <> ?", [load_id]
    ).fetchall()
    if len(owners) > 1:
        raise ValueError("more than one earlier load")
    names = {
        "areas": literal(str(DBT_PROJECT / "seeds" / "areas.csv")),
        "load": literal(load_id),
        "table": literal(f"folk1e__{load_id}"),
        "new": f"raw_loads.{quote(f'folk1e__{load_id}')}",
        "regions": "('081', '082', '083', '084', '085')",
    }
    checks = dict(_CHECKS)
    connection.execute(_SHARED.format(**names))
    for (owner,) in owners:
        names |= {"owner": literal(owner), "old": f"raw_loads.{quote(f'folk1e__{owner}')}"}
        connection.execute(_OLD.format(**names))
        checks |= _CONTINUITY
    return {name: _number(connection, sql.format(**names)) for name, sql in checks.items()}


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row
    return int(row[0])
