"""The checks of a load of hand-delivered files: keys, codes, consent, pseudonyms, and parts against their totals.

The reader has refused what it could before anything was stored; these checks hold whatever filled the table. Verdicts
are published: no key names a person or quotes a cell that could be an answer or a CPR number.
"""

from __future__ import annotations

from collections.abc import Mapping

from expectations.checks import Check, check_sql, key_of, listed, severity_of
from expectations.facts import Facts, area_levels
from warehouse.db import literal, quote
from warehouse.records import RawTable

_MAY_BE_EMPTY = frozenset({"source", "persons"})
_CPR = r"(^|[^0-9A-Za-zÆØÅæøå])[0-9]{6}-?[0-9]{4}($|[^0-9A-Za-zÆØÅæøå])"
_ORIGINS = ("danish", "western", "non_western")

# table → column → the values that it may hold
_CODES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "turnout_by_origin": {
        "origin": _ORIGINS,
        "ancestry": ("danish_origin", "immigrant", "descendant", "total"),
    },
    "interviews": {"origin_group": ("non_western", "other", "undisclosed")},
    "danish_tests": {"origin": _ORIGINS},
    "valgdatabase_background": {
        "topic": ("origin", "citizenship"),
        "group_code": tuple(f"{number:02d}" for number in range(1, 13)),
    },
}

# name, what must hold, offending rows: each shows the columns of the key that may be shown
_ROW_RULES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "turnout_by_origin": (
        ("votes_not_above_voters", "no more votes than eligible voters", "votes_cast > eligible_voters"),
        (
            "ancestry_fits_origin",
            "danish_origin belongs to danish, immigrant and descendant to western and non_western",
            "ancestry <> 'total' and (origin = 'danish') <> (ancestry = 'danish_origin')",
        ),
    ),
    "danish_tests": (
        (
            "passed_not_above_takers",
            "no more who passed than course takers",
            "passed_within_five_years > course_takers",
        ),
    ),
    "interviews": (
        ("score_in_range", "every score is 1 to 5", "score not between 1 and 5"),
        ("consent_given", "every answer is given with consent", "lower(consent) is distinct from 'true'"),
        (
            "respondents_under_pseudonym",
            "no respondent is named by a mail address, a name with spaces or a long text",
            "not regexp_full_match(respondent_id, '[A-Za-z0-9_-]{1,64}')",
        ),
    ),
}


def build(facts: Facts) -> list[Check]:
    """The checks of a hand-delivered load that need no other dataset."""
    table = facts.record.raw_tables[0]
    checks = [_columns(facts, table), _keys(facts, table), _codes(facts, table), _filled(facts, table)]
    checks += [_not_negative(facts, table), _no_cpr(facts, table)]
    for name, text, wrong in _ROW_RULES.get(table.name, ()):
        checks.append(_check(facts, table, name, text, f"select {_key(table)} from $batch where {wrong}"))
    for name, text, offending in _SET_RULES.get(table.name, ()):
        checks.append(_check(facts, table, name, text, offending))
    return checks


def _check(facts: Facts, table: RawTable, name: str, text: str, offending: str, *ctes: str) -> Check:
    return Check(name, facts.table(table), severity_of(name), text, check_sql(offending, ctes=ctes))


def _key(table: RawTable) -> str:
    """The key to show. Where rows are single persons each key counts once: how many share it is not told."""
    return ("distinct " if table.personal else "") + key_of(table.shown_key)


def _columns(facts: Facts, table: RawTable) -> Check:
    name = "columns_as_asked"
    text = "the table has exactly the columns of its record"
    return Check(name, facts.table(table), severity_of(name), text, columns=tuple(table.columns))


def _keys(facts: Facts, table: RawTable) -> Check:
    keys, seen = ", ".join(map(quote, table.key)), ", ".join(map(quote, table.shown_key))
    missing = " or ".join(f"{quote(column)} is null" for column in table.key)
    offending = f"""select {_key(table)} from (
    select {seen} from $batch group by {keys} having count(*) > 1 or {missing}
)"""
    return _check(facts, table, "keys_unique", "every key comes once", offending)


def _codes(facts: Facts, table: RawTable) -> Check:
    """Periods are those of the manifest, municipalities those of the seed, codes those of the contract."""
    municipalities = sorted(code for code, level in area_levels().items() if level == "municipality")
    allowed = {**_CODES[table.name], table.period_column: facts.load.asked_periods(facts.record)}
    if "municipality_code" in table.columns:
        allowed["municipality_code"] = tuple(municipalities)
    parts = [
        f"select json_object('column', {literal(column)}, 'is', 'a value that is not known') as key from $batch "
        f"where {quote(column)} is null or {quote(column)} not in {listed(values or ('',))} limit 1"
        for column, values in allowed.items()
    ]
    offending = "\nunion all\n".join(f"({part})" for part in parts)
    return _check(facts, table, "codes_known", "every code is one of the contract's", offending)


def _filled(facts: Facts, table: RawTable) -> Check:
    needed = [column for column in table.columns if column not in {*_MAY_BE_EMPTY, *table.key}]
    empty = " or ".join(
        f"{quote(c)} is null" + (f" or {quote(c)} = ''" if table.columns[c] == "text" else "") for c in needed
    )
    text = "no cell is empty but those that may be"
    return _check(facts, table, "cells_filled", text, f"select {_key(table)} from $batch where {empty}")


def _not_negative(facts: Facts, table: RawTable) -> Check:
    numbers = [column for column, kind in table.columns.items() if kind != "text" and column != "score"]
    wrong = " or ".join(f"{quote(column)} < 0" for column in numbers) or "false"
    text = "no number is below 0"
    return _check(facts, table, "value_not_negative", text, f"select {_key(table)} from $batch where {wrong}")


def _no_cpr(facts: Facts, table: RawTable) -> Check:
    """Only the column is named: the value must not be, nor a key that could hold it."""
    texts = [column for column, kind in table.columns.items() if kind == "text"]
    offending = "\nunion all\n".join(
        f"(select json_object('column', {literal(c)}) as key from $batch "
        f"where regexp_matches({quote(c)}, {literal(_CPR)}) limit 1)"
        for c in texts
    )
    text = "no text looks like a CPR number"
    return _check(facts, table, "no_cpr_like_value", text, offending)


_PARTS_EQUAL_TOTAL = """select json_object(
    'election_id', election_id, 'municipality_code', municipality_code, 'origin', origin) as key
from (
    select
        election_id, municipality_code, origin,
        sum(eligible_voters) filter (where ancestry = 'total') as total_voters,
        sum(votes_cast) filter (where ancestry = 'total') as total_votes,
        sum(eligible_voters) filter (where ancestry <> 'total') as voters,
        sum(votes_cast) filter (where ancestry <> 'total') as votes,
        count(*) filter (where ancestry <> 'total') as parts,
        if(origin = 'danish', 1, 2) as parts_of_total
    from $batch
    group by election_id, municipality_code, origin
)
where (parts = parts_of_total and (voters <> total_voters or votes <> total_votes))
    or voters > total_voters or votes > total_votes"""

_MOST_COMMUNITIES = """select json_object('wave_id', wave_id, 'municipality_code', municipality_code) as key
from $batch
group by wave_id, municipality_code
having count(distinct community_id) > 3"""

_ONE_GROUP = """select distinct json_object('wave_id', wave_id) as key
from (
    select wave_id from $batch
    group by wave_id, respondent_id
    having count(distinct community_id) > 1 or count(distinct origin_group) > 1
)"""

_ONE_DATE = """select json_object('{period}', {period}) as key
from $batch
group by {period}
having count(distinct {day}) > 1"""

_TOPICS = """select json_object('period', period, 'valgsted_id', valgsted_id) as key
from $batch
group by period, valgsted_id
having count(distinct topic) filter (where topic in ('origin', 'citizenship')) <> 2"""

_GROUPS = """select json_object('period', period, 'valgsted_id', valgsted_id, 'topic', topic) as key
from (
    select
        period, valgsted_id, topic, count(distinct group_code) as groups, count(distinct sex_age) as bands,
        count(distinct sex_age || '@' || group_code) as cells
    from $batch
    where topic in ('origin', 'citizenship')
    group by period, valgsted_id, topic
)
where groups <> if(topic = 'origin', 11, 12) or cells <> groups * bands"""

_NOT_ABOVE = """select json_object('period', period, 'valgsted_id', valgsted_id) as key
from $batch
group by period, valgsted_id
having sum(persons) filter (where topic = 'origin') > sum(persons) filter (where topic = 'citizenship') + 0.5"""

_SET_RULES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "turnout_by_origin": (
        ("turnout_parts_equal_total", "the parts of an origin sum to its total", _PARTS_EQUAL_TOTAL),
        ("one_date_per_period", "an election has one day", _ONE_DATE.format(period="election_id", day="election_date")),
    ),
    "interviews": (
        ("at_most_three_communities", "a wave follows at most three communities", _MOST_COMMUNITIES),
        ("respondent_in_one_group", "a respondent has one community and one group in a wave", _ONE_GROUP),
        ("one_date_per_period", "a wave has one day", _ONE_DATE.format(period="wave_id", day="wave_date")),
    ),
    "valgdatabase_background": (
        ("both_topics_present", "every area has persons by citizenship and by origin", _TOPICS),
        ("groups_complete", "every country group is there for every sex and age", _GROUPS),
        ("origin_not_above_persons", "no more immigrants and descendants than persons", _NOT_ABOVE),
    ),
}
