"""The SQL of the comparisons between two datasets. Each function returns offending keys, observed text and CTEs.

Codes are understood through the code map of the very load they came with, since two loads may spell them differently.
Nothing is compared that one side does not hold; a NULL (published ``..``) leaves its group out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from expectations.checks import listed, masked, values_table
from expectations.facts import Facts, Side
from warehouse.db import literal, quote
from warehouse.seeds import seed

WORKING_AGE = (
    "16-19",
    "20-24",
    "25-29",
    "30-34",
    "35-39",
    "40-44",
    "45-49",
    "50-54",
    "55-59",
    "60-64",
)
WORKING_AGE_BAND = "16-64"
RATE_TOLERANCE_PP = 0.05 + 1e-9
ORIGIN_COMBINATIONS = {
    "00": ("999", "24", "25", "34", "35"),
    "10": ("999",),
    "20": ("24", "25"),
    "24": ("24",),
    "25": ("25",),
    "30": ("34", "35"),
    "34": ("34",),
    "35": ("35",),
}
_SEXES = {"TOT": ("M", "K"), "M": ("M",), "K": ("K",)}
_GROUPS = (
    ("4", "western", "24"),
    ("4", "non_western", "25"),
    ("3", "western", "34"),
    ("3", "non_western", "35"),
    ("5", "danish", "1"),
)
COUNTRY_TOTAL = "0000"
Query = tuple[str, str, list[str]]


def _codes(side: Side, name: str, variable: str) -> str:
    """CTE (published, canonical) of one variable over the loads of a side."""
    return f"""{name} as (
    select distinct published_code as published, canonical_code as canonical from meta.codes
    where load_id in {listed(side.load_ids)} and upper(variable) = {literal(variable)}
        and canonical_code is not null and selected
)"""


def mapped(side: Side, table: str, variables: dict[str, str], extra: str) -> tuple[list[str], str]:
    """CTEs and a FROM clause that show a relation with canonical codes under the given names."""
    ctes = [_codes(side, f"{table}_{alias}", variable) for variable, alias in variables.items()]
    joins = "\n".join(
        f"inner join {table}_{alias} on cast(body.{quote(variable)} as varchar) = {table}_{alias}.published"
        for variable, alias in variables.items()
    )
    columns = ", ".join(f"{table}_{alias}.canonical as {alias}" for alias in variables.values())
    tid = "cast(body.TID as varchar) as period"
    return (
        ctes,
        f"select {columns}, {tid}, {extra} from {side.relation(table)} as body\n{joins}",
    )


_RATE_VARIABLES = {"OMRÅDE": "area", "HERKOMST": "origin", "ALDER": "age", "KØN": "sex", "BEREGNING": "measure"}
_COUNT_VARIABLES = {"OMRÅDE": "area", "HERKOMST": "origin", "ALDER": "age", "KØN": "sex", "SOCIO": "status"}

_CELLS = """cells as (
    select area, origin, sex, period, count(*) - count(persons) as unknown,
        sum(persons) filter (where status = '00') as employed,
        sum(persons) filter (where status = '50') as unemployed,
        sum(persons) as everybody
    from counts group by all
)"""

_GROUPED = """grouped as (
    select area, origin_parts.whole as origin, sex_parts.whole as sex, period, sum(unknown) as unknown,
        coalesce(sum(employed), 0) as employed, coalesce(sum(unemployed), 0) as unemployed,
        coalesce(sum(everybody), 0) as everybody
    from cells
    inner join origin_parts on cells.origin = origin_parts.part
    inner join sex_parts on cells.sex = sex_parts.part
    group by all
)"""

_COMPARED_RATES = """compared as materialized (
    select rates.*, grouped.everybody,
        100.0 * (employed + case when measure = 'EFK' then unemployed else 0 end) / everybody as derived_pct
    from rates
    inner join grouped using (area, origin, sex, period)
    where grouped.unknown = 0 and grouped.everybody > 0 and measure in ('BFK', 'EFK')
)"""


def rates_against_counts(facts: Facts, rates: Side, counts: Side) -> Query:
    """RAS200 against RAS201: per area, origin, sex and year, ages 16-64: employed (BFK), in the labour force (EFK)."""
    rate_ctes, rate_sql = mapped(rates, "ras200", _RATE_VARIABLES, "body.INDHOLD as rate_pct")
    count_ctes, count_sql = mapped(counts, "ras201", _COUNT_VARIABLES, "body.INDHOLD as persons")
    counted = f"age in {listed(WORKING_AGE)} and status in ('00', '50', '55')"
    ctes = [
        *rate_ctes,
        *count_ctes,
        values_table("origin_parts", ("whole", "part"), _pairs(ORIGIN_COMBINATIONS)),
        values_table("sex_parts", ("whole", "part"), _pairs(_SEXES)),
        f"rates as (select * from ({rate_sql}) where age = {literal(WORKING_AGE_BAND)} and rate_pct is not null)",
        f"counts as (select * from ({count_sql}) where {counted})",
        _CELLS,
        _GROUPED,
        _COMPARED_RATES,
    ]
    small = facts.settings.small_cell
    offending = f"""select json_object(
    'OMRÅDE', area, 'HERKOMST', origin, 'KØN', sex, 'BEREGNING', measure, 'TID', period,
    'published_pct', case when everybody < {small} then null else rate_pct end,
    'derived_pct', case when everybody < {small} then null else round(derived_pct, 2) end) as key
from compared where abs(derived_pct - rate_pct) > {RATE_TOLERANCE_PP}"""
    return offending, "select cast(count(*) as varchar) || ' rates compared' from compared", ctes


def _pairs(wholes: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return [(whole, part) for whole, parts in wholes.items() for part in parts]


_COUNTRY_VARIABLES = {"OMRÅDE": "area", "KØN": "sex", "ALDER": "age", "HERKOMST": "ancestry", "IELAND": "country_id"}
_ORIGIN_VARIABLES = {"OMRÅDE": "area", "KØN": "sex", "ALDER": "age", "HERKOMST": "origin"}

_BY_ORIGIN = """by_origin as materialized (
    select area, period, origin, sum(persons) as persons, count(*) - count(persons) as unknown
    from origins group by all
)"""

_CLASSIFIED = """classified as materialized (
    select by_country.area, by_country.period, by_country.ancestry, by_country.country_id,
        coalesce(classes.class, 'unknown') as class, by_country.persons
    from by_country
    left join classes
        on by_country.country_id = classes.country_id
        and by_country.first_day between classes.valid_from and classes.valid_to
)"""

_SUMMED = """summed as (
    select area, period, ancestry, class, sum(persons) as persons, count(*) - count(persons) as unknown
    from classified group by all
)"""

_HELD = """held as (
    select area, period from by_country group by all
    intersect
    select area, period from by_origin
)"""

_COMPARED_COUNTRIES = """compared as materialized (
    select *, sum(remainder) over (partition by area, period, ancestry) as remainders
    from (
        select held.area, held.period, groups.ancestry, groups.origin,
            coalesce(by_origin.persons, 0) - coalesce(summed.persons, 0) as remainder,
            coalesce(unplaced.persons, 0) as unplaced,
            coalesce(by_origin.unknown, 0) + coalesce(summed.unknown, 0) + coalesce(unplaced.unknown, 0) as unknown
        from held
        cross join groups
        left join by_origin
            on held.area = by_origin.area and held.period = by_origin.period and groups.origin = by_origin.origin
        left join summed
            on held.area = summed.area and held.period = summed.period
            and groups.ancestry = summed.ancestry and groups.class = summed.class
        left join summed as unplaced
            on held.area = unplaced.area and held.period = unplaced.period
            and groups.ancestry = unplaced.ancestry and unplaced.class = 'unknown'
    )
    where unknown = 0
)"""


def countries_against_origins(facts: Facts, countries: Side, origins: Side) -> Query:
    """FOLK1C through the classification against FOLK1E, per area and quarter that both hold.

    FOLK1E has no group for an unknown country, so persons of an unknown country sit in one of its groups: what a group
    has beyond its countries lies from 0 to that number, and over western and non-western it is that number exactly.
    The classification counts that is valid on the quarter's first day.
    """
    country_ctes, country_sql = mapped(countries, "folk1c", _COUNTRY_VARIABLES, "body.INDHOLD as persons")
    origin_ctes, origin_sql = mapped(origins, "folk1e", _ORIGIN_VARIABLES, "body.INDHOLD as persons")
    total = "sex = 'TOT' and age = 'IALT'"
    month = "lpad(cast((cast(right(period, 1) as integer) - 1) * 3 + 1 as varchar), 2, '0')"
    ctes = [
        *country_ctes,
        *origin_ctes,
        values_table("classes", ("country_id", "class", "valid_from", "valid_to"), _classes()),
        values_table("groups", ("ancestry", "class", "origin"), _GROUPS),
        f"by_country as (select *, left(period, 4) || '-' || {month} || '-01' as first_day from ({country_sql})"
        f" where {total} and ancestry in ('5', '4', '3') and country_id <> {literal(COUNTRY_TOTAL)})",
        f"origins as (select * from ({origin_sql}) where {total} and origin in ('1', '24', '25', '34', '35'))",
        _BY_ORIGIN,
        _CLASSIFIED,
        _SUMMED,
        _HELD,
        _COMPARED_COUNTRIES,
    ]
    shown = masked("remainder", facts.settings.small_cell)
    offending = f"""select json_object('OMRÅDE', area, 'TID', period, 'HERKOMST', origin, 'difference', {shown}) as key
from compared where remainder < 0 or remainder > unplaced or remainders <> unplaced"""
    observed = """select cast(count(distinct (area, period)) as varchar) || ' areas and quarters compared; '
    || coalesce((select 'countries of unknown origin: ' || string_agg(distinct country_id, ', ' order by country_id)
        from classified where class = 'unknown' and persons > 0), 'no country of unknown origin') from held"""
    return offending, observed, ctes


def _classes() -> list[tuple[str, str, str, str]]:
    """Country, its origin, and the first and last day on which that holds, from the seed."""
    return [
        (row["country_id"], row["origin"], row["valid_from"] or "0000-01-01", row["valid_to"] or "9999-12-31")
        for row in seed("country_origin_classification")
    ]


_BRIDGED = """bridged as materialized (
    select areas.election_id, areas.district_id, bridge.municipality_code, areas.area_id,
        areas.eligible_voters, areas.votes_cast
    from areas
    left join bridge on areas.election_id = bridge.election_id and areas.area_id = bridge.area_id
)"""

_COMPLETE = """complete as (
    select districts.election_id, districts.municipality_code
    from districts
    left join bridged on districts.election_id = bridged.election_id and districts.district_id = bridged.district_id
    group by all
    having count(*) = count(bridged.municipality_code)
)"""

_AREAS_SUMMED = """summed as (
    select complete.election_id, complete.municipality_code, right(complete.election_id, 4) as year,
        sum(bridged.eligible_voters) as eligible, sum(bridged.votes_cast) as votes,
        count(*) - count(bridged.eligible_voters) + count(*) - count(bridged.votes_cast) as unknown
    from complete
    inner join bridged using (election_id, municipality_code)
    group by all
)"""

_PUBLISHED = """published as (
    select area, period, sum(votes) filter (where result = 'VAELG') as eligible,
        sum(votes) filter (where result in ('GYLD_IALT', 'UGYLD_IALT')) as votes, count(*) - count(votes) as unknown
    from counts group by all
)"""

_COMPARED_AREAS = """compared as materialized (
    select summed.*, published.eligible as published_eligible, published.votes as published_votes
    from summed
    inner join published on summed.municipality_code = published.area and summed.year = published.period
    where summed.unknown = 0 and published.unknown = 0
)"""


def areas_against_fvkom(facts: Facts, elections: Side, fvkom: Side) -> Query:
    """Polling areas against FVKOM, for municipalities whose nomination districts are bridged area by area.

    An election id ends in its year. A municipality is compared when every polling area of every district it has areas
    in is in the bridge.
    """
    bridge = [(r["election_id"], r["area_id"], r["municipality_code"]) for r in seed("polling_area_bridge")]
    districts = [(r["election_id"], r["district_id"], r["municipality_code"]) for r in seed("nomination_districts")]
    mapping, published_sql = mapped(fvkom, "fvkom", {"OMRÅDE": "area", "VALRES": "result"}, "body.INDHOLD as votes")
    ctes = [
        *mapping,
        values_table("bridge", ("election_id", "area_id", "municipality_code"), bridge),
        values_table("districts", ("election_id", "district_id", "municipality_code"), districts),
        f"areas as (select * from {elections.relation('dst_election_areas')})",
        _BRIDGED,
        _COMPLETE,
        _AREAS_SUMMED,
        f"counts as ({published_sql})",
        _PUBLISHED,
        _COMPARED_AREAS,
    ]
    offending = """select json_object('election_id', election_id, 'municipality_code', municipality_code,
    'areas_eligible', eligible, 'fvkom_eligible', published_eligible,
    'areas_cast', votes, 'fvkom_cast', published_votes) as key
from compared where eligible is distinct from published_eligible or votes is distinct from published_votes"""
    return (
        offending,
        "select cast(count(*) as varchar) || ' municipal counts compared' from compared",
        ctes,
    )
