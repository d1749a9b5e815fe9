"""KMSTA001 against FOLK1E: the parishes of a municipality hold its population on 1 January.

A parish belongs to the municipality that its published text names at the end: "7001 Vor Frue (Københavns Kommune)".
A text that names none, or none that we know, leaves its parish out; parishes need not follow today's borders, so the
comparison has a tolerance. Not here: which parishes are asked for (all of them, in the record).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from expectations.checks import listed, masked, values_table
from expectations.cross_sql import Query, mapped
from expectations.facts import Facts, Side
from warehouse.db import literal
from warehouse.seeds import seed

TOLERANCE_PCT = 1.0
"""Identity 15 of the domain's tables: 1 per cent, by origin."""

_NAMED = re.compile(r"\(([^()]+?) (?:regions)?kommune\)$")
_ORIGINS = ("1", "24", "25", "34", "35")


def municipality_of(text: str) -> str | None:
    """The code of the municipality that a parish's published text names, also in the genitive, or None."""
    found = _NAMED.search(_folded(text))
    if not found:
        return None
    names = _municipalities()
    return names.get(found[1]) or names.get(found[1].removesuffix("s"))


def parishes_against_population(facts: Facts, parishes: Side, population: Side) -> Query:
    """Per municipality, origin and year that both hold: members and others of all its parishes against K1 of FOLK1E.

    A group may differ by 1 per cent, or by less than a small cell. The focus municipality must have a parish.
    """
    parish_ctes, parish_sql = mapped(
        parishes, "kmsta001", {"SOGN": "parish", "HERKOMST": "origin"}, "body.INDHOLD as persons"
    )
    variables = {"OMRÅDE": "area", "KØN": "sex", "ALDER": "age", "HERKOMST": "origin"}
    people_ctes, people_sql = mapped(population, "folk1e", variables, "body.INDHOLD as persons")
    places = _places(facts, parishes)
    whole = f"sex = 'TOT' and age = 'IALT' and origin in {listed(_ORIGINS)}"
    ctes = [
        *parish_ctes,
        *people_ctes,
        values_table("places", ("parish", "area"), places),
        f"""by_parish as materialized (
    select places.area, body.origin, body.period, sum(body.persons) as persons,
        count(*) - count(body.persons) as unknown
    from ({parish_sql}) as body inner join places on body.parish = places.parish
    group by all
)""",
        f"""by_area as materialized (
    select area, origin, left(period, 4) as period, sum(persons) as persons, count(*) - count(persons) as unknown
    from ({people_sql}) where {whole} and right(period, 2) = 'K1'
    group by all
)""",
        f"""focus as (
    select distinct by_area.period from by_area
    where by_area.area = {literal(facts.settings.focus_municipality)}
        and by_area.period in (select period from ({parish_sql}))
)""",
        _compared(facts.settings.small_cell),
    ]
    difference = masked("difference", facts.settings.small_cell)
    offending = f"""select json_object('OMRÅDE', area, 'TID', period, 'HERKOMST', origin,
    'difference', {difference}) as key
from compared where is_off
union all
select json_object('OMRÅDE', {literal(facts.settings.focus_municipality)}, 'TID', period,
    'is', 'named by no parish') as key
from focus
where period not in (
    select period from by_parish where area = {literal(facts.settings.focus_municipality)})"""
    observed = """select cast(count(distinct area) as varchar) || ' municipalities and '
    || cast(count(distinct period) as varchar) || ' years compared' from compared"""
    return offending, observed, ctes


def _compared(small_cell: int) -> str:
    return f"""compared as materialized (
    select by_area.area, by_area.period, by_area.origin,
        coalesce(by_parish.persons, 0) - by_area.persons as difference,
        abs(difference) > greatest({TOLERANCE_PCT} / 100 * by_area.persons, {small_cell} - 1) as is_off
    from by_area
    left join by_parish using (area, origin, period)
    where by_area.unknown = 0 and coalesce(by_parish.unknown, 0) = 0
        and (by_area.area, by_area.period) in (select (area, period) from by_parish)
)"""


def _places(facts: Facts, parishes: Side) -> list[tuple[str, str]]:
    """(canonical code, municipality) of the parishes whose text names one; the newest load has the last word."""
    texts = dict(
        facts.connection.execute(
            """select canonical_code, published_text from meta.codes
            where list_contains(?, load_id) and variable = 'SOGN' and selected order by load_id""",
            [list(parishes.load_ids)],
        ).fetchall()
    )
    found = [(parish, municipality_of(text or "")) for parish, text in sorted(texts.items())]
    return [(parish, area) for parish, area in found if area]


@lru_cache
def _municipalities() -> dict[str, str]:
    return {_folded(r["name_da"]): r["area_code"] for r in seed("areas") if r["level"] == "municipality"}


def _folded(text: str) -> str:
    """As names are compared: white space and letter case aside, å spelt aa."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold().replace("å", "aa")
