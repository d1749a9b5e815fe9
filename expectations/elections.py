"""The checks of one election load: keys, signs and the arithmetic of a count, area by area and district by district.

A check applies to every table that has the columns it speaks of; no number is expected where none was published.
"""

from __future__ import annotations

from expectations.checks import Check, check_sql, key_of, severity_of, values_table
from expectations.facts import Facts
from warehouse.db import quote
from warehouse.landing import read_manifest
from warehouse.records import RawTable

_SUMMED = ("eligible_voters", "valid_votes", "invalid_votes", "votes_cast")
_ROUNDING_PP = 0.005 + 1e-9


def build(facts: Facts) -> list[Check]:
    """The checks of an election load that need no other dataset, table by table."""
    checks: list[Check] = []
    for table in facts.record.raw_tables:
        checks += [
            _columns(facts, table),
            _keys(facts, table),
            _codes(facts, table),
            _not_negative(facts, table),
        ]
        checks += [_rows_check(facts, table, *rule) for rule in _RULES if set(rule[2]) <= set(table.columns)]
    areas, districts = _areas_and_districts(facts)
    if areas and districts:
        checks.append(_areas_sum_to_district(facts, areas, districts))
    listed = _listed_areas(facts)
    if listed:
        checks.append(_every_listed_area(facts, facts.record.raw_tables[0], listed))
    return sorted(checks, key=lambda check: check.table)


_RULES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "votes_not_above_voters",
        "nobody voted twice: no more votes than eligible voters",
        ("votes_cast", "eligible_voters"),
        "votes_cast > eligible_voters",
    ),
    (
        "valid_and_invalid_equal_cast",
        "valid and invalid votes are the votes cast",
        ("valid_votes", "invalid_votes", "votes_cast"),
        "valid_votes + invalid_votes <> votes_cast",
    ),
    (
        "invalid_parts_equal_invalid",
        "blank and other invalid votes are the invalid votes",
        ("blank_votes", "other_invalid_votes", "invalid_votes"),
        "blank_votes + other_invalid_votes <> invalid_votes",
    ),
    (
        "turnout_as_published",
        "votes cast by eligible voters is the published turnout to two decimals",
        ("votes_cast", "eligible_voters", "turnout_pct_published"),
        f"eligible_voters > 0 and abs(100.0 * votes_cast / eligible_voters - turnout_pct_published) > {_ROUNDING_PP}",
    ),
)


def _rows_check(facts: Facts, table: RawTable, name: str, text: str, _: tuple[str, ...], wrong: str) -> Check:
    query = check_sql(f"select {key_of(table.key)} from $batch where {wrong}")
    return Check(name, facts.table(table), severity_of(name), text, query)


def _columns(facts: Facts, table: RawTable) -> Check:
    name = "columns_as_asked"
    text = "the table has exactly the columns of its record"
    return Check(name, facts.table(table), severity_of(name), text, columns=tuple(table.columns))


def _keys(facts: Facts, table: RawTable) -> Check:
    name = "area_keys_unique"
    keys = ", ".join(map(quote, table.key))
    missing = " or ".join(f"{quote(column)} is null" for column in table.key)
    query = check_sql(f"select {key_of(table.key)} from $batch group by {keys} having count(*) > 1 or {missing}")
    return Check(
        name,
        facts.table(table),
        severity_of(name),
        "an area comes once per election",
        query,
    )


def _codes(facts: Facts, table: RawTable) -> Check:
    """The elections in the rows are those of the manifest."""
    name = "codes_known"
    period = quote(table.period_column)
    ctes = [values_table("asked", ("period",), [(p,) for p in facts.load.asked_periods(facts.record)])]
    query = check_sql(
        f"select distinct {key_of([table.period_column])} from $batch where {period} not in (select period from asked)"
        f" or {period} is null",
        ctes=ctes,
    )
    return Check(
        name,
        facts.table(table),
        severity_of(name),
        "every row is of an election that was asked for",
        query,
    )


def _not_negative(facts: Facts, table: RawTable) -> Check:
    name = "value_not_negative"
    numbers = [column for column, kind in table.columns.items() if kind != "text"]
    wrong = " or ".join(f"{quote(column)} < 0" for column in numbers) or "false"
    query = check_sql(f"select {key_of(table.key)} from $batch where {wrong}")
    return Check(
        name,
        facts.table(table),
        severity_of(name),
        "no published number is below 0",
        query,
    )


def _areas_and_districts(facts: Facts) -> tuple[RawTable | None, RawTable | None]:
    areas = next(
        (t for t in facts.record.raw_tables if {"area_id", "district_id"} <= set(t.columns)),
        None,
    )
    districts = next(
        (t for t in facts.record.raw_tables if "district_id" in t.columns and "area_id" not in t.columns),
        None,
    )
    return areas, districts


def _areas_sum_to_district(facts: Facts, areas: RawTable, districts: RawTable) -> Check:
    name = "areas_sum_to_district"
    sums = ", ".join(f"sum({c}) as {c}, count(*) - count({c}) as {c}_unknown" for c in _SUMMED)
    differing = " or ".join(f"(areas.{c}_unknown = 0 and areas.{c} <> districts.{c})" for c in _SUMMED)
    ctes = [
        f"areas as materialized (select election_id, district_id, {sums} from $batch group by all)",
        f"districts as (select * from {facts.relation(districts)})",
    ]
    offending = f"""select json_object(
    'election_id', coalesce(areas.election_id, districts.election_id),
    'district_id', coalesce(areas.district_id, districts.district_id)) as key
from areas
full join districts on areas.election_id = districts.election_id and areas.district_id = districts.district_id
where areas.district_id is null or districts.district_id is null or {differing}"""
    text = "the polling areas of a district sum to the district's own file"
    return Check(
        name,
        facts.table(areas),
        severity_of(name),
        text,
        check_sql(offending, ctes=ctes),
    )


def _listed_areas(facts: Facts) -> list[tuple[str, str]]:
    """Election and area of every polling area that the provider listed, out of the manifest of the load."""
    if not facts.load.landing_path:
        return []
    places = read_manifest(facts.settings.root / facts.load.landing_path).resolved.get("places", [])
    return [(place["election_id"], place["id"]) for place in places if place["id"] != place["district_id"]]


def _every_listed_area(facts: Facts, table: RawTable, listed: list[tuple[str, str]]) -> Check:
    name = "every_listed_area_present"
    offending = """select json_object('election_id', listed.election_id, 'area_id', listed.area_id) as key
from listed
left join got on listed.election_id = got.election_id and listed.area_id = got.area_id
where got.area_id is null"""
    ctes = [
        values_table("listed", ("election_id", "area_id"), listed),
        "got as materialized (select distinct election_id, area_id from $batch)",
    ]
    observed = "select cast(count(*) as varchar) || ' areas listed' from listed"
    text = "every polling area of the provider's index came"
    return Check(
        name,
        facts.table(table),
        severity_of(name),
        text,
        check_sql(offending, observed, ctes),
    )
