"""The checks of one StatBank load: schema, keys, codes, values, totals and completeness.

In BULK an absent row means 0, and a published ``..`` is NULL: sums take an absent row as 0 and leave a group alone that
holds a NULL. Codes are compared by canonical code, so a changed leading zero is no difference.
"""

from __future__ import annotations

import re

from expectations.checks import (
    ADVISORY,
    BLOCKING,
    Check,
    check_sql,
    key_of,
    listed,
    masked,
    severity_of,
    values_table,
)
from expectations.facts import Facts, area_levels, area_years
from warehouse.db import literal, quote
from warehouse.records import RawTable, Total

VALUE = "INDHOLD"
MISSING_SHARE_PCT = 20.0
CHRISTIANSOE = "411"
_TOTAL_NAMES = {
    "origin": "origin_parts_equal_total",
    "sex": "sexes_equal_total",
    "age": "ages_equal_total",
    "country": "countries_equal_total",
    "status": "statuses_equal_total",
    "education": "educations_equal_total",
}
_AREA_NAMES = {
    "regions": "regions_equal_country",
    "municipalities": "municipalities_equal_country",
}
_LEVELS = {"regions": "region", "municipalities": "municipality"}


def build(facts: Facts) -> list[Check]:
    """The checks of a StatBank load that need no other dataset."""
    table = facts.record.raw_tables[0]
    checks = [
        _columns(facts, table),
        _keys_unique(facts, table),
        _codes_known(facts, table),
        _value_not_negative(facts, table),
        _value_present(facts, table),
        _every_period_and_area(facts, table),
    ]
    if facts.record.expect.value_max is not None:
        checks.append(_value_in_range(facts, table, facts.record.expect.value_max))
    return checks + _totals(facts, table)


def _check(facts: Facts, name: str, description: str, query: str, severity: str = "") -> Check:
    table = facts.table(facts.record.raw_tables[0])
    return Check(name, table, severity or severity_of(name), description, query)


def _columns(facts: Facts, table: RawTable) -> Check:
    name = "columns_as_asked"
    text = "the table has exactly the columns that were asked for"
    return Check(name, facts.table(table), severity_of(name), text, columns=tuple(table.columns))


def _keys_unique(facts: Facts, table: RawTable) -> Check:
    keys = ", ".join(quote(column) for column in table.key)
    query = check_sql(f"select {key_of(table.key)} from $batch group by {keys} having count(*) > 1")
    return _check(
        facts,
        "keys_unique",
        "no combination of codes and period comes twice",
        query,
    )


def _codes_known(facts: Facts, table: RawTable) -> Check:
    """Every code in the rows is one that was asked for and that the code map knows; so is every code asked for."""
    known: list[tuple[str, str]] = []
    unmapped: list[tuple[str, str, str | None]] = []
    for variable in facts.record.variables:
        column = variable.code.upper()
        if variable.role == "time":
            known += [(column, period) for period in facts.load.asked_periods(facts.record)]
            continue
        for code in facts.load.codes.get(column, ()):
            if code.selected and code.canonical is not None:
                known.append((column, code.published))
            elif code.selected:
                unmapped.append((column, code.published, code.text))
    used = "\nunion all\n".join(
        f"select {literal(column)} as variable, cast({quote(column)} as varchar) as code from $batch group by all"
        for column in table.key
    )
    offending = """select json_object('variable', used.variable, 'code', used.code, 'text', null) as key
from used
left join known on used.variable = known.variable and used.code = known.code
where known.code is null
union all
select json_object('variable', variable, 'code', code, 'text', text) as key from unmapped"""
    ctes = [
        values_table("known", ("variable", "code"), known),
        values_table("unmapped", ("variable", "code", "text"), unmapped),
        f"used as (\n{used}\n)",
    ]
    text = "every code was asked for and is in the code map, and no period came that was not asked for"
    return _check(facts, "codes_known", text, check_sql(offending, ctes=ctes))


def _value_not_negative(facts: Facts, table: RawTable) -> Check:
    query = check_sql(f"select {key_of(table.key)} from $batch where {VALUE} < 0")
    return _check(facts, "value_not_negative", "no published number is below 0", query)


def _value_in_range(facts: Facts, table: RawTable, value_max: float) -> Check:
    query = check_sql(f"select {key_of(table.key)} from $batch where {VALUE} > {value_max}")
    return _check(
        facts,
        "value_in_range",
        f"no published number is above {value_max:g}",
        query,
    )


def _value_present(facts: Facts, table: RawTable) -> Check:
    """Advisory: the share of rows that the provider published without a number."""
    share = "100.0 * (count(*) - count(INDHOLD)) / greatest(count(*), 1)"
    period = quote(table.period_column)
    offending = f"""select {key_of([table.period_column], share_pct="round(share_pct, 1)")} from shares
where share_pct > {MISSING_SHARE_PCT}"""
    shares = (
        f"select {period}, {share} as share_pct, count(*) - count(INDHOLD) as missing from $batch group by {period}"
    )
    ctes = [f"shares as materialized ({shares})"]
    observed = "select cast(coalesce(sum(missing), 0) as varchar) || ' rows published without a number' from shares"
    text = f"at most {MISSING_SHARE_PCT:g} per cent of a period's rows are published without a number (`..`)"
    return _check(facts, "value_present", text, check_sql(offending, observed, ctes))


def _every_period_and_area(facts: Facts, table: RawTable) -> Check:
    """Asked for = received: each period and area asked for has rows, and among them its total."""
    area = next((v.code.upper() for v in facts.record.variables if v.role == "area"), None)
    period = table.period_column
    areas, years = _areas_asked(facts, area), area_years()
    spans = [(code, *years.get(area_code, ("0000", "9999"))) for area_code, codes in areas.items() for code in codes]
    groups = [period, *([area] if area else [])]
    present = (
        f"present as materialized (select {', '.join(f'cast({quote(g)} as varchar) as {quote(g)}' for g in groups)}, "
        f"count(*) filter (where {_total_row(facts)}) as totals from $batch group by {', '.join(map(quote, groups))})"
    )
    asked = f"select period.code as {quote(period)}" + (f", area.code as {quote(area)}" if area else "")
    asked += " from period" + (
        " inner join area on left(period.code, 4) between area.first_year and area.last_year" if area else ""
    )
    same = " and ".join(f"asked.{quote(g)} = present.{quote(g)}" for g in groups)
    key = ", ".join(f"{literal(g)}, asked.{quote(g)}" for g in groups)
    offending = f"""select json_object({key}, 'missing',
    case when present.totals is null then 'every row' else 'the total row' end) as key
from asked left join present on {same}
where coalesce(present.totals, 0) = 0"""
    ctes = [
        values_table("period", ("code",), [(p,) for p in facts.load.asked_periods(facts.record)]),
        values_table("area", ("code", "first_year", "last_year"), spans),
        f"asked as ({asked})",
        present,
    ]
    observed = "select cast(count(*) as varchar) || ' periods and areas asked for' from asked"
    text = "every period and area that was asked for came, with its total row where the table has totals"
    return _check(
        facts,
        "every_period_and_area_present",
        text,
        check_sql(offending, observed, ctes),
    )


def _areas_asked(facts: Facts, area: str | None) -> dict[str, tuple[str, ...]]:
    if not area:
        return {}
    sparse = facts.record.expect.sparse.get(facts.record.variable(area).code, ())
    return {code: published for code, published in facts.load.canonical(area).items() if code not in sparse}


def _total_row(facts: Facts) -> str:
    """SQL that is true for a row that carries the grand total of every variable which has one."""
    conditions: dict[str, str] = {}
    for total in facts.record.expect.totals:
        variable = facts.record.variable(total.variable)
        published = facts.load.canonical(variable.code).get(total.total)
        if variable.role != "area" and not total.only_where and published is not None:
            conditions.setdefault(variable.code, f"{quote(variable.code.upper())} in {listed(published)}")
    return " and ".join(conditions.values()) or "true"


def _totals(facts: Facts, table: RawTable) -> list[Check]:
    checks: list[Check] = []
    for total in facts.record.expect.totals:
        variable = facts.record.variable(total.variable)
        if isinstance(total.parts, str) and total.parts in _LEVELS:
            name, held = _AREA_NAMES[total.parts], _level_held(facts, variable.code, _LEVELS[total.parts])
            if held == "selection":
                continue
            if held == "part" or total.severity == ADVISORY:
                checks.append(_total_check(facts, table, name.replace("equal", "not_above"), total, above_only=True))
            if held == "part":
                continue
        else:
            name = _TOTAL_NAMES.get(variable.role, f"{variable.role}_parts_equal_total")
        if name in {check.name for check in checks}:
            name += "_" + re.sub(r"\W+", "_", total.total.lower())
        checks.append(_total_check(facts, table, name, total))
    return checks


def _level_held(facts: Facts, variable: str, level: str) -> str:
    """How much of an area level a load holds: all of it (``whole``), all that the table lists of it (``part``: the
    country can be more), or a ``selection`` out of a longer list, which says nothing of the country."""
    levels = area_levels()
    codes = [c for c in facts.load.codes.get(variable.upper(), ()) if levels.get(c.canonical or c.published) == level]
    if not codes or not all(code.selected for code in codes):
        return "selection"
    listed_areas = {code.canonical or code.published for code in codes}
    year = max(facts.load.asked_periods(facts.record), default="")[:4]
    existing = {a for a, (first, last) in area_years().items() if levels[a] == level and first <= year <= last}
    return "whole" if existing - {CHRISTIANSOE} <= listed_areas else "part"


def _parts(facts: Facts, total: Total) -> list[str]:
    """Canonical codes of the parts."""
    known = facts.load.canonical(total.variable)
    if total.parts == "rest":
        return [code for code in known if code != total.total]
    if isinstance(total.parts, str):
        levels = area_levels()
        return [code for code in known if levels.get(code) == _LEVELS[total.parts]]
    return list(total.parts)


def _total_check(facts: Facts, table: RawTable, name: str, total: Total, above_only: bool = False) -> Check:
    """``above_only``: the parts may be less than the total (persons without a known area), never more."""
    known, parts = facts.load.canonical(total.variable), _parts(facts, total)
    column = total.variable.upper()
    relation = "is no less than" if above_only else "equals"
    text = f"{column} {total.total} {relation} the sum of its parts, everything else held equal"
    severity = BLOCKING if above_only else total.severity
    unknown = [code for code in (total.total, *parts) if code not in known]
    if unknown or not parts:
        rows = [(column, code) for code in unknown or ["every part"]]
        ctes = [values_table("absent", ("variable", "code"), rows)]
        query = check_sql("select json_object('variable', variable, 'code', code, 'is', 'not in the table') as key "
                          "from absent", ctes=ctes)  # fmt: skip
        return _check(facts, name, text, query, severity)
    groups = [key for key in table.key if key != column]
    whole, codes = (
        listed(known[total.total]),
        [p for code in (total.total, *parts) for p in known[code]],
    )
    where = [f"{quote(column)} in {listed(codes)}"]
    for variable, code in total.only_where.items():
        where.append(f"{quote(variable.upper())} in {listed(facts.load.canonical(variable).get(code, (code,)))}")
    value = f"case when {quote(column)} in {whole} then {VALUE} else -{VALUE} end"
    slack = 1e-6 if facts.record.unit == "decimal" else 0
    off = f"-sum({value})" if above_only else f"abs(sum({value}))"
    shown = masked("difference", facts.settings.small_cell)
    offending = f"select {key_of(groups, difference=shown)} from differing"
    names = ", ".join(quote(group) for group in groups)
    ctes = [f"""differing as (
    select {names}, sum({value}) as difference from $batch
    where {" and ".join(where)}
    group by {names}
    having count(*) = count({VALUE}) and {off} > {total.tolerance + slack}
)"""]  # fmt: skip
    return _check(facts, name, text, check_sql(offending, ctes=ctes), severity)
