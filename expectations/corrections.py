"""The check that the corrections ledger still speaks of what is published: healed, or nothing there, and a load fails.

Every other check of a load judges the figures that will be used, corrected ones among them; this one alone looks at the
load as published. It is in the suite of a table when the ledger has an entry for a period of the load.
"""

from __future__ import annotations

from collections.abc import Sequence

from expectations.checks import Check, check_sql, masked, severity_of, values_table
from expectations.facts import Facts
from warehouse.corrections import Correction, entries_of
from warehouse.db import literal, quote
from warehouse.records import RawTable

NAME = "corrections_hold"
HEALED = "healed: the provider publishes the corrected value; remove the entry"
CHANGED = "healed or changed: the provider publishes another value than the expected one; remove the entry"
NOTHING = "matches nothing: no row of the load has this key; correct or remove the entry"
SEVERAL = "matches several rows: the key is published more than once"


def build(facts: Facts) -> list[Check]:
    """The check for each table of the load on whose periods the ledger has entries.

    Raises:
        SettingsError: when the ledger is not what it must be; the load is not judged, and is taken up again.
    """
    periods = set(facts.load.asked_periods(facts.record))
    entries = entries_of(facts.record.dataset, facts.load.data_origin)
    checks = []
    for table in facts.record.raw_tables:
        due = [e for e in entries if e.table_name == table.name and e.key[table.period_column] in periods]
        if due:
            checks.append(_check(facts, table, due))
    return checks


def _check(facts: Facts, table: RawTable, entries: Sequence[Correction]) -> Check:
    """One scan: the rows of the entries, as published, whatever the corrections make of them."""
    columns = ("correction_id", "column_name", "expected", "corrected", *table.key)
    rows = [
        (e.correction_id, e.column_name, e.expected, e.corrected, *(e.key[name] for name in table.key)) for e in entries
    ]
    same = " and ".join(f"cast(body.{quote(name)} as varchar) = entries.{quote(name)}" for name in table.key)
    ctes = [
        values_table("entries", columns, rows),
        f"""found as materialized (
    select entries.correction_id, {_as_text(table, entries, "body")} as published
    from {facts.table(table)} as body inner join entries on {same}
)""",
        f"""held as (
    select entries.correction_id, count(found.correction_id) as rows_found, any_value(found.published) as published,
        any_value({_canonical(table, entries, "expected")}) as expected,
        any_value({_canonical(table, entries, "corrected")}) as corrected
    from entries left join found on entries.correction_id = found.correction_id
    group by entries.correction_id
)""",
    ]
    number = "try_cast(published as double)"
    shown = f"case when {number} is null then published else {masked(number, facts.settings.small_cell)} end"
    offending = f"""select json_object('correction_id', correction_id, 'is', case
    when rows_found = 0 then {literal(NOTHING)} when rows_found > 1 then {literal(SEVERAL)}
    when published = corrected then {literal(HEALED)} else {literal(CHANGED)} end,
    'published', case when rows_found = 1 then {shown} end) as key
from held where rows_found <> 1 or published is distinct from expected"""
    observed = "select cast(count(*) as varchar) || ' corrections' from entries"
    text = "each correction matches one published row, which still holds the value that the correction expects"
    return Check(NAME, facts.table(table), severity_of(NAME), text, check_sql(offending, observed, ctes))


def _as_text(table: RawTable, entries: Sequence[Correction], relation: str) -> str:
    """SQL for the published value of the column that an entry names."""
    cases = [
        f"when {literal(name)} then cast({relation}.{quote(name)} as varchar)"
        for name in sorted({entry.column_name for entry in entries})
    ]
    return f"case entries.column_name {' '.join(cases)} end"


def _canonical(table: RawTable, entries: Sequence[Correction], column: str) -> str:
    """SQL for a value of the ledger as the database would write it in the type of its column."""
    names = sorted({e.column_name for e in entries if table.columns[e.column_name] == "decimal"})
    text = f"entries.{quote(column)}"
    cases = [f"when {literal(name)} then cast(cast({text} as double) as varchar)" for name in names]
    return f"case entries.column_name {' '.join(cases)} else {text} end" if cases else text
