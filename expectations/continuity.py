"""The checks of a load against the ledger: every row arrived, and nothing that raw shows is lost.

``coverage_not_shrunk`` compares each period of the load with the same period in raw, or a new period with the newest
one before it. Variables with a long tail (single years of age, countries) may leave a code empty from one period to the
next; of these only the provider's list of codes is compared, and of parishes, which merge, not even that. A code that
is no longer asked for is no loss, nor is one that the record calls sparse.

Of the same period, a large figure that raw shows may not be left out either: an answer that lost its last rows is well
formed, and its totals may be too. Rates are small or large whoever is behind them, so theirs are not compared; nor are
answers of single persons, who may withdraw them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from expectations.checks import Check, check_sql, listed, severity_of, values_table
from expectations.facts import Facts, area_years, owners
from warehouse.db import literal, quote
from warehouse.raw_views import load_table
from warehouse.records import RawTable

_LONG_TAIL = frozenset({"pattern", "countries"})
_NO_YEARS = ("9999", "0000")
# A figure of at least as many persons does not become nobody by a revision.
LARGE = 50
_PERSONS = ("INDHOLD", "pupils", "full_time_persons")
# Their codes are not in meta.codes: loads are compared only where the question (areas, details, measures) is the same.
_SAME_QUESTION = frozenset({"education", "jobindsats"})


def build(facts: Facts) -> list[Check]:
    """The checks of any load against the ledger; those that compare with raw only where raw owns something."""
    checks = [_rows_received(facts)]
    owned = owners(
        facts.connection,
        facts.record.dataset,
        facts.load.data_origin,
        facts.load.load_id,
    )
    pairs = _pairs(facts, owned)
    if pairs:
        checks += [_coverage(facts, table, pairs, owned) for table in facts.record.raw_tables]
    if owned and facts.record.provider in {"statbank", *_SAME_QUESTION}:
        checks.append(_no_period_withdrawn(facts, owned))
    return checks


def _rows_received(facts: Facts) -> Check:
    name = "rows_received_equal_rows_loaded"
    table = facts.table(facts.record.raw_tables[0])
    ctes = [
        values_table(
            "ledger",
            ("received", "loaded"),
            [(_text(facts.load.rows_received), _text(facts.load.rows_loaded))],
        ),
        "counted as (select count(*) as found from $batch)",
    ]
    offending = """select json_object('rows_received', received, 'rows_loaded', loaded, 'rows_in_table', found) as key
from ledger cross join counted
where received is distinct from loaded or loaded is distinct from cast(found as varchar)"""
    observed = "select cast(found as varchar) || ' rows' from counted"
    text = "as many rows are in the table as were received"
    return Check(name, table, severity_of(name), text, check_sql(offending, observed, ctes))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _pairs(facts: Facts, owned: dict[str, str]) -> list[tuple[str, str]]:
    """Period of the load → period of raw to compare it with."""
    pairs = []
    for period in facts.load.asked_periods(facts.record):
        if period in owned and facts.record.provider in _SAME_QUESTION:
            if _selection(facts, owned[period]) == facts.load.selection:
                pairs.append((period, period))
        elif period in owned:
            pairs.append((period, period))
        elif facts.record.provider == "statbank":
            before = max((old for old in owned if old < period), default=None)
            if before is not None:
                pairs.append((period, before))
    return pairs


def _compared(facts: Facts, table: RawTable) -> list[str]:
    """The columns whose codes must all still be there in each period."""
    if facts.record.provider != "statbank":
        shown = [*table.shown_key, *({"community_id"} & set(table.columns))]
        return [column for column in dict.fromkeys(shown) if column != table.period_column]
    return [v.code.upper() for v in facts.record.variables if v.code_map not in {*_LONG_TAIL, "none"}]


def _coverage(facts: Facts, table: RawTable, pairs: list[tuple[str, str]], owned: dict[str, str]) -> Check:
    name = "coverage_not_shrunk"
    columns = _compared(facts, table)
    loads = sorted({owned[old] for _, old in pairs})
    shown = {load: sorted({old for _, old in pairs if owned[old] == load}) for load in loads}
    ctes = [
        values_table("pairs", ("period", "old_period"), pairs),
        values_table("owner", ("period", "load_id"), sorted(owned.items())),
        values_table(
            "new_codes",
            ("variable", "published", "canonical", "selected"),
            _codes(facts),
        ),
        values_table("area_years", ("variable", "code", "first_year", "last_year"), _area_years(facts)),
        f"old_counts as materialized ({_counts(_of_raw(table, shown), table.period_column, columns)})",
        f"new_counts as materialized ({_counts(['$batch'], table.period_column, columns)})",
        _OLD_USED,
        _NEW_USED,
        _GONE_AREAS,
    ]
    same_question = [load for load in loads if _selection(facts, load) == facts.load.selection]
    offending = "\nunion all\n".join(
        (
            _LOST_CODES,
            _unlisted(facts, loads),
            _fewer_rows(same_question, facts.record.expect.shrink_tolerance_pct),
            *_left_out(facts, table, [(new, owned[old]) for new, old in pairs if new == old]),
        )
    )
    observed = "select cast(count(*) as varchar) || ' periods compared' from pairs"
    text = "every area, code and large figure that raw shows is still there, and not markedly fewer rows"
    return Check(
        name,
        facts.table(table),
        severity_of(name),
        text,
        check_sql(offending, observed, ctes),
    )


def _area_years(facts: Facts) -> list[tuple[str, str, str, str]]:
    """Variable, code, and the first and last year in which the code must have rows; for a sparse code no year."""
    sparse = {(variable.upper(), code) for variable, codes in facts.record.expect.sparse.items() for code in codes}
    variables = [v.code.upper() for v in facts.record.variables if v.role == "area"]
    spans = [(variable, area, *years) for variable in variables for area, years in area_years().items()]
    return [span for span in spans if span[:2] not in sparse] + [(*key, *_NO_YEARS) for key in sorted(sparse)]


def _codes(facts: Facts) -> list[tuple[str, str, str, str]]:
    return [
        (
            variable,
            code.published,
            code.canonical or code.published,
            "yes" if code.selected else "no",
        )
        for variable, codes in facts.load.codes.items()
        for code in codes
    ]


def _selection(facts: Facts, load_id: str) -> str | None:
    row = facts.connection.execute("select selection from meta.loads where load_id = ?", [load_id]).fetchone()
    return row[0] if row else None


def _of_raw(table: RawTable, periods: Mapping[str, Sequence[str]]) -> list[str]:
    """What ``raw`` shows of periods (by the load that owns them), out of the loads' own tables.

    There the codes are those of an ``ENUM``, which DuckDB compares and groups as numbers; the view makes texts of them.
    """
    period = f"cast({quote(table.period_column)} as varchar)"
    return [f"(select * from {load_table(table, load)} where {period} in {listed(periods[load])})" for load in periods]


def _counts(relations: Sequence[str], period: str, columns: Sequence[str]) -> str:
    """Rows per period, and per period and code of each column: (period, variable, code, found).

    One scan a relation counts the combinations of codes, of which there are few; these are added up as texts, since
    each load has an ``ENUM`` of its own.
    """
    shown, names = quote(period), list(map(quote, dict.fromkeys((period, *columns))))
    texts = ", ".join(f"cast({name} as varchar) as {name}" for name in names)
    combined = " union all ".join(
        f"select {texts}, found from (select {', '.join(names)}, count(*) as found from {relation} group by all)"
        for relation in relations
    )
    sets = ", ".join([f"({shown})", *(f"({shown}, {quote(column)})" for column in columns)])
    kinds = " ".join(f"when grouping({quote(column)}) = 0 then {literal(column)}" for column in columns)
    codes = ", ".join(map(quote, columns))
    return (
        f"select {shown} as period, case {kinds} else '' end as variable, coalesce({codes}, '') as code, "
        f"cast(sum(found) as bigint) as found from ({combined}) group by grouping sets ({sets})"
    )


_OLD_COUNTED = """from pairs
    inner join old_counts as counts on pairs.old_period = counts.period and counts.variable <> ''
    inner join owner on counts.period = owner.period
    left join meta.codes as codes
        on owner.load_id = codes.load_id
        and counts.variable = upper(codes.variable)
        and counts.code = codes.published_code"""

_OLD_USED = f"""old_used as (
    select pairs.period, counts.variable, coalesce(codes.canonical_code, counts.code) as code
    {_OLD_COUNTED}
)"""

# Rows of areas that are no more in the period: they are not missed.
_GONE_AREAS = f"""gone_areas as (
    select pairs.period, sum(counts.found) as found
    {_OLD_COUNTED}
    inner join area_years
        on counts.variable = area_years.variable
        and coalesce(codes.canonical_code, counts.code) = area_years.code
        and left(pairs.period, 4) not between area_years.first_year and area_years.last_year
        and area_years.first_year <> {literal(_NO_YEARS[0])}
    group by pairs.period
)"""

_NEW_USED = """new_used as (
    select counts.period, counts.variable, coalesce(new_codes.canonical, counts.code) as code
    from new_counts as counts
    left join new_codes on counts.variable = new_codes.variable and counts.code = new_codes.published
    where counts.variable <> ''
)"""

_LOST_CODES = """select
    json_object('period', old_used.period, 'variable', old_used.variable, 'code', old_used.code) as key
from old_used
left join new_used
    on old_used.period = new_used.period
    and old_used.variable = new_used.variable
    and old_used.code = new_used.code
left join new_codes
    on old_used.variable = new_codes.variable and old_used.code = new_codes.canonical and new_codes.selected = 'no'
left join area_years
    on old_used.variable = area_years.variable
    and old_used.code = area_years.code
    and left(old_used.period, 4) not between area_years.first_year and area_years.last_year
where new_used.code is null and new_codes.canonical is null and area_years.code is null"""


def _unlisted(facts: Facts, loads: list[str]) -> str:
    """Codes that were asked for before and that the provider's own list no longer has."""
    parishes = [v.code.upper() for v in facts.record.variables if v.role == "parish"]
    return f"""select distinct json_object('variable', old.variable, 'code', old.code, 'is', 'no longer listed') as key
from (
    select upper(variable) as variable, canonical_code as code from meta.codes
    where load_id in ({", ".join(map(literal, loads))}) and selected and canonical_code is not null
        and upper(variable) not in {listed(parishes or [""])}
) as old
left join new_codes on old.variable = new_codes.variable and old.code = new_codes.canonical
where new_codes.canonical is null"""


def _fewer_rows(loads: list[str], tolerance_pct: float) -> str:
    """Periods with markedly fewer rows, where the question asked was the same."""
    same = ", ".join(map(literal, loads)) or "null"
    return f"""select json_object('period', pairs.period, 'compared_with', pairs.old_period, 'is', 'fewer rows') as key
from pairs
inner join old_counts on pairs.old_period = old_counts.period and old_counts.variable = ''
inner join owner on pairs.old_period = owner.period and owner.load_id in ({same})
left join new_counts on pairs.period = new_counts.period and new_counts.variable = ''
left join gone_areas on pairs.period = gone_areas.period
where coalesce(new_counts.found, 0)
    < (old_counts.found - coalesce(gone_areas.found, 0)) * (100 - {tolerance_pct}) / 100.0"""


def _left_out(facts: Facts, table: RawTable, again: list[tuple[str, str]]) -> list[str]:
    """Large figures, or delivered rows, that raw shows for a period and that the load has no number for.

    ``again``: the periods that raw owns already, and their loads.
    """
    value = next((name for name in _PERSONS if name in table.columns), None)
    rate = facts.record.provider == "statbank" and facts.record.unit != "count"
    inbox = facts.record.provider == "inbox"
    if rate or table.personal or (value is None and not inbox):
        return []
    if not inbox:
        again = [pair for pair in again if _selection(facts, pair[1]) == facts.load.selection]
    if not again:
        return []
    loads = sorted({load for _, load in again})
    shown = {load: sorted(period for period, other in again if other == load) for load in loads}
    large, there = "true", "$batch"
    if value and not inbox:
        large = f"{quote(value)} >= {LARGE}"
        there = there if value == "INDHOLD" else f"(select * from $batch where {quote(value)} is not null)"
    for column, codes in _passed_over(facts, loads).items():
        large += f" and cast({quote(column)} as varchar) not in {listed(codes)}"
    columns = ", ".join(map(quote, table.columns))
    of_raw = " union all ".join(f"select {columns} from {relation}" for relation in _of_raw(table, shown))
    same = " and ".join(f"there.{quote(name)} = shown.{quote(name)}" for name in table.key)
    key = ", ".join(f"{literal(name)}, cast(shown.{quote(name)} as varchar)" for name in table.key)
    return [
        f"""select json_object({key}, 'is', 'left out') as key
from ({of_raw}) as shown
anti join {there} as there on {same}
where {large}"""
    ]


def _passed_over(facts: Facts, loads: list[str]) -> dict[str, list[str]]:
    """Column → published codes that are not compared: sparse ones, and those that are not spelt so any more."""
    found: dict[str, list[str]] = {}
    for variable, sparse in facts.record.expect.sparse.items():
        spelt = facts.load.canonical(variable)
        found[variable.upper()] = [code for canonical in sparse for code in spelt.get(canonical, ())]
    asked = facts.connection.execute(
        f"""select upper(variable), published_code from meta.codes where selected and canonical_code is not null
        and load_id in ({", ".join(map(literal, loads))}) group by all order by all"""
    ).fetchall()
    spelt_now = {(column, code.published) for column, codes in facts.load.codes.items() for code in codes}
    for column, code in asked:
        if (column, code) not in spelt_now:
            found.setdefault(column, []).append(code)
    return {column: codes for column, codes in found.items() if codes}


def _no_period_withdrawn(facts: Facts, owned: dict[str, str]) -> Check:
    name = "no_period_withdrawn"
    if facts.record.provider == "statbank":
        published = {code.published for code in facts.load.codes.get(facts.record.time.code.upper(), ())}
    else:  # these answer with every period at once; another question may be about other periods
        published = {period for period, load in owned.items() if _selection(facts, load) != facts.load.selection}
    gone = sorted(p for p in set(owned) - published - set(facts.load.periods) if not facts.record.is_history(p))
    offending = "select json_object('period', period) as key from gone"
    query = check_sql(
        offending,
        ctes=[values_table("gone", ("period",), [(period,) for period in gone])],
    )
    text = "the provider still lists every period that raw shows"
    return Check(name, facts.table(facts.record.raw_tables[0]), severity_of(name), text, query)
