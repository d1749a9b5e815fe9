"""The checks of one load of grades or of public support: keys, members, arithmetic, and that the target group is there.

A check applies to every table that has the columns it speaks of. What was asked for stands in the manifest of the load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from expectations.checks import Check, check_sql, key_of, severity_of, values_table
from expectations.facts import Facts
from warehouse.db import quote
from warehouse.landing import read_manifest
from warehouse.records import RawTable

# A published share has one decimal; a derived population repeats it exactly.
_ROUNDING_PP = 0.05 + 1e-6
# Six rounded figures against their rounded sum.
_ROUNDED_PERSONS = 3

_RULES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "status_fits_value",
        "a row that counts as observed has its figures, and no other row has any",
        ("value_status", "pupils", "share_pct"),
        "(value_status = 'observed') <> (pupils is not null and share_pct is not null)"
        " or (value_status <> 'observed' and (pupils is not null or share_pct is not null or passed is not null))"
        " or value_status not in ('observed', 'suppressed_or_none')",
    ),
    (
        "status_fits_value",
        "a row that counts as observed has its full-time persons, and a suppressed one has none",
        ("value_status", "full_time_persons"),
        "(value_status = 'observed') <> (full_time_persons is not null)"
        " or value_status not in ('observed', 'suppressed')",
    ),
    (
        "value_in_range",
        "a share is from 0 to 100 per cent",
        ("share_pct",),
        "share_pct < 0 or share_pct > 100",
    ),
    (
        "passed_not_above_pupils",
        "no more pupils passed than took the examinations, and as many as the share says",
        ("passed", "pupils", "share_pct"),
        f"passed > pupils or (pupils > 0 and abs(100.0 * passed / pupils - share_pct) > {_ROUNDING_PP})",
    ),
    (
        "share_fits_population",
        "full-time persons by population is the published share to one decimal",
        ("full_time_persons", "population", "share_pct"),
        "full_time_persons > population"
        f" or (population > 0 and abs(100.0 * full_time_persons / population - share_pct) > {_ROUNDING_PP})",
    ),
)


def build(facts: Facts) -> list[Check]:
    """The checks of a load of these providers that need no other dataset."""
    checks: list[Check] = []
    for table in facts.record.raw_tables:
        asked = _asked(facts)
        checks += [
            _check(facts, table, "columns_as_asked", "the table has exactly the columns of its record"),
            _keys(facts, table),
            _not_negative(facts, table),
            _codes(facts, table),
            _target_group(facts, table),
            _product(facts, table, asked),
        ]
        checks += [
            _check(facts, table, name, text, check_sql(f"select {key_of(table.key)} from $batch where {wrong}"))
            for name, text, columns, wrong in _RULES
            if set(columns) <= set(table.columns)
        ]
        if "full_time_persons" in table.columns:
            checks.append(_parts(facts, table))
        if "pupils" in table.columns:
            checks.append(_country(facts, table))
    return checks


def _check(facts: Facts, table: RawTable, name: str, text: str, query: str = "") -> Check:
    columns = None if query else tuple(table.columns)
    return Check(name, facts.table(table), severity_of(name), text, query, columns)


def _asked(facts: Facts) -> dict[str, Any]:
    """The plan in the manifest of the load: areas (name → code) and origins (text → origin and ancestry)."""
    if not facts.load.landing_path:
        return {}
    manifest = read_manifest(facts.settings.root / facts.load.landing_path)
    plan: dict[str, Any] = manifest.resolved.get("plan", {})
    return plan


def _keys(facts: Facts, table: RawTable) -> Check:
    keys = ", ".join(map(quote, table.key))
    missing = " or ".join(f"{quote(column)} is null" for column in table.key)
    query = check_sql(f"select {key_of(table.key)} from $batch group by {keys} having count(*) > 1 or {missing}")
    return _check(facts, table, "keys_unique", "an area and origin comes once per period", query)


def _not_negative(facts: Facts, table: RawTable) -> Check:
    numbers = [column for column, kind in table.columns.items() if kind != "text"]
    wrong = " or ".join(f"{quote(column)} < 0" for column in numbers)
    query = check_sql(f"select {key_of(table.key)} from $batch where {wrong}")
    return _check(facts, table, "value_not_negative", "no published number is below 0", query)


def _codes(facts: Facts, table: RawTable) -> Check:
    """Periods are those of the manifest; origin texts mean what the record says."""
    source = facts.record.cube or facts.record.support
    assert source is not None
    meanings = [(text, member.origin, member.ancestry) for text, member in source.origins.items()]
    ctes = [
        values_table("asked", ("period",), [(period,) for period in facts.load.asked_periods(facts.record)]),
        values_table("meaning", ("origin_text", "origin", "ancestry"), meanings),
    ]
    keys = ", ".join(f"got.{quote(column)}" for column in table.key)
    offending = f"""select {key_of(table.key)} from (
    select {keys} from $batch as got
    left join asked on got.period = asked.period
    left join meaning
        on got.origin_text = meaning.origin_text
        and got.origin = meaning.origin
        and got.ancestry is not distinct from meaning.ancestry
    where asked.period is null or meaning.origin_text is null
) as wrong"""
    query = check_sql(offending, ctes=ctes)
    return _check(facts, table, "codes_known", "periods and origins are those that were asked for", query)


def _target_group(facts: Facts, table: RawTable) -> Check:
    """Every period tells non-western from other origin; nobody of merely foreign origin stands in for it."""
    query = check_sql(
        """select json_object('period', period) as key from $batch
group by period
having count(*) filter (where origin = 'non_western') = 0
    or count(*) filter (where origin in ('danish', 'western')) = 0
    or count(*) filter (where origin not in ('danish', 'western', 'non_western', 'total')) > 0"""
    )
    return _check(facts, table, "target_group_is_split", "every period has non-western and other origin", query)


def _product(facts: Facts, table: RawTable, asked: dict[str, Any]) -> Check:
    """Every area and origin asked for is there in every period of the load."""
    name = "every_period_and_area_present"
    ctes = [
        values_table("period", ("period",), [(period,) for period in facts.load.periods]),
        values_table("area", ("municipality_code",), [(code,) for code in _areas(facts, asked)]),
        values_table("origin", ("origin_text",), [(text,) for text in asked.get("origins", {})]),
        "got as materialized (select distinct period, municipality_code, origin_text from $batch)",
    ]
    offending = """select json_object(
    'period', period.period, 'municipality_code', area.municipality_code, 'origin_text', origin.origin_text) as key
from period cross join area cross join origin
left join got
    on period.period = got.period
    and area.municipality_code = got.municipality_code
    and origin.origin_text = got.origin_text
where got.period is null"""
    observed = "select cast(count(*) as varchar) || ' of period, area and origin' from got"
    text = "every area and origin that was asked for is there in every period"
    return _check(facts, table, name, text, check_sql(offending, observed, ctes))


def _areas(facts: Facts, asked: dict[str, Any]) -> Sequence[str]:
    if facts.record.cube is not None:
        return [*asked.get("municipalities", {}).values(), "000"] if asked else []
    codes = list(asked.get("areas", {}).values())
    return [code for code in codes if code.startswith("0") or facts.settings.takes_municipality(code)]


def _country(facts: Facts, table: RawTable) -> Check:
    """A pupil is in one municipality, or in none that is known; hidden cells and municipalities not asked for lack."""
    name = "municipalities_not_above_country"
    ctes = [
        """areas as (
    select period, origin_text, municipality_code, max(pupils) as pupils from $batch
    group by period, origin_text, municipality_code
)"""
    ]
    offending = """select json_object('period', period, 'origin_text', origin_text) as key from areas
group by period, origin_text
having sum(pupils) filter (where municipality_code <> '000') > max(pupils) filter (where municipality_code = '000')"""
    text = "the municipalities have no more pupils than the country"
    return _check(facts, table, name, text, check_sql(offending, ctes=ctes))


def _parts(facts: Facts, table: RawTable) -> Check:
    """Full-time persons add up over origins, where none is suppressed."""
    query = check_sql(
        f"""select json_object('period', period, 'municipality_code', municipality_code) as key from $batch
group by period, municipality_code
having count(*) filter (where origin = 'total') = 1
    and count(*) = count(full_time_persons)
    and abs(sum(full_time_persons) filter (where origin <> 'total')
        - sum(full_time_persons) filter (where origin = 'total')) > {_ROUNDED_PERSONS}"""
    )
    return _check(facts, table, "origin_parts_equal_total", "the origins add up to the total", query)
