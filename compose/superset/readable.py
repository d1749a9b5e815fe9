"""The datasets of the dashboards: which marts as they are, and the ones with words in place of codes.

`forskelle` is `marts.gaps` with Danish labels, the indicator's headline marked, and one text that says whether the
figures are sample figures. It changes no number: a suppressed figure stays null and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from warehouse.seeds import seed

DATASETS = (
    *("gaps", "target_group", "target_group_table", "target_progress", "peer_comparison", "coverage"),
    *("gap_decomposition", "polling_area_turnout", "unknown_shares", "revisions", "dim_indicator", "dim_municipality"),
)
SAMPLE = "SAMPLE"
OFFICIAL = "Officielle"
STATUSES = {
    "not_set": "Målet er ikke fastsat",
    "not_measurable": "Kan ikke måles",
    "reached": "Målet er nået",
    "on_track": "På vej mod målet",
    "off_track": "Ikke på vej mod målet",
    "no_clear_change": "Ingen sikker ændring",
}
MEASURABLE = {
    "measured": "Måles",
    "proxy": "Indirekte mål",
    "under_development": "Under udvikling",
    "not_permitted": "Må ikke måles",
}
SEXES = {"total": "Alle", "men": "Mænd", "women": "Kvinder"}
ALL = {"total": "Alle"}
Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Readable:
    """A dataset made by a query: its name, the mart it rests on, and the columns it adds."""

    name: str
    mart: str
    description: str
    extra: Columns
    sql: Callable[[], str]
    all_columns: bool = True


def _case(column: str, words: dict[str, str], otherwise: str | None = None) -> str:
    branches = " ".join(f"when {_text(code)} then {_text(word)}" for code, word in words.items())
    return f"case {column} {branches} else {otherwise or column} end"


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _sample(column: str) -> str:
    return f"case {column} when 'sample' then {_text(SAMPLE)} when 'official' then {_text(OFFICIAL)} end"


def _warnings() -> str:
    """The warnings of a row as words, in the seed's order; null where there are none."""
    parts = ", ".join(
        f"case when {_text(row['usage_warning'])} = any(gaps.usage_warnings) then {_text(row['label_da'])} end"
        for row in seed("usage_warnings")
    )
    return f"nullif(concat_ws('; ', {parts}), '')"


def _gaps() -> str:
    statuses = {row["value_status"]: row["label_da"] for row in seed("value_statuses")}
    return f"""\
select
    gaps.*,
    dim_indicator.label_da as indicator_label,
    dim_focus_area.label_da as focus_area_label,
    target.label_da as target_group_label,
    reference.label_da as reference_group_label,
    {_case("gaps.value_status", statuses)} as value_status_label,
    {_warnings()} as usage_warnings_label,
    {_case("gaps.sex", SEXES)} as sex_label,
    {_case("gaps.age_group", ALL)} as age_group_label,
    {_case("gaps.subarea_name", ALL)} as subarea_label,
    case when gaps.is_clear then 'Ja' when not gaps.is_clear then 'Nej' end as is_clear_label,
    {_sample("gaps.data_origin")} as sample_marker,
    dim_indicator.sort_order,
    gaps.data_origin = 'sample' as is_sample,
    dim_municipality.is_focus_municipality,
    gaps.subarea_code = 'total' and target_progress.indicator_id is not null as is_headline,
    coalesce(gaps.period = newest.latest_period, false) as is_latest
from marts.gaps
inner join marts.dim_indicator on gaps.indicator_id = dim_indicator.indicator_id
inner join marts.dim_focus_area on gaps.focus_area = dim_focus_area.focus_area
inner join marts.dim_municipality
    on gaps.municipality_code = dim_municipality.municipality_code and dim_municipality.valid_to is null
left join marts.dim_origin_group as target on gaps.target_group = target.group_id
left join marts.dim_origin_group as reference on gaps.reference_group = reference.group_id
left join marts.target_progress
    on gaps.indicator_id = target_progress.indicator_id and gaps.municipality_code = target_progress.municipality_code
    and gaps.sex = target_progress.sex and gaps.age_group = target_progress.age_group
    and gaps.target_group = target_progress.target_group and gaps.reference_group = target_progress.reference_group
left join marts.target_progress as newest
    on gaps.indicator_id = newest.indicator_id and gaps.municipality_code = newest.municipality_code"""


def _coverage() -> str:
    statuses = {row["value_status"]: row["label_da"] for row in seed("value_statuses")}
    return f"""\
select
    coverage.*,
    dim_indicator.label_da as indicator_label,
    dim_focus_area.label_da as focus_area_label,
    {_case("coverage.value_status", statuses)} as value_status_label,
    {_case("coverage.measurability", MEASURABLE)} as measurability_label,
    dim_indicator.sort_order,
    dim_municipality.is_focus_municipality
from marts.coverage
inner join marts.dim_indicator on coverage.indicator_id = dim_indicator.indicator_id
inner join marts.dim_focus_area on coverage.focus_area = dim_focus_area.focus_area
inner join marts.dim_municipality
    on coverage.municipality_code = dim_municipality.municipality_code and dim_municipality.valid_to is null"""


def _progress() -> str:
    return f"""\
select
    target_progress.*,
    dim_indicator.label_da as indicator_label,
    dim_focus_area.label_da as focus_area_label,
    {_case("target_progress.status", STATUSES)} as status_label,
    dim_indicator.sort_order
from marts.target_progress
inner join marts.dim_indicator on target_progress.indicator_id = dim_indicator.indicator_id
inner join marts.dim_focus_area on target_progress.focus_area = dim_focus_area.focus_area"""


def _peers() -> str:
    return """\
select
    peer_comparison.*,
    dim_indicator.label_da as indicator_label,
    dim_indicator.sort_order,
    dim_municipality.is_focus_municipality
from marts.peer_comparison
inner join marts.dim_indicator on peer_comparison.indicator_id = dim_indicator.indicator_id
inner join marts.dim_municipality
    on peer_comparison.municipality_code = dim_municipality.municipality_code and dim_municipality.valid_to is null
inner join marts.target_progress
    on peer_comparison.indicator_id = target_progress.indicator_id
    and peer_comparison.municipality_code = target_progress.municipality_code
    and peer_comparison.period = target_progress.latest_period and peer_comparison.sex = target_progress.sex
    and peer_comparison.age_group = target_progress.age_group
    and peer_comparison.target_group = target_progress.target_group
    and peer_comparison.reference_group = target_progress.reference_group"""


def _population() -> str:
    return f"""\
select
    target_group_table.*,
    target_group_table.label_da as origin_label,
    {_sample("target_group_table.data_origin")} as sample_marker,
    dim_municipality.is_focus_municipality,
    target_group_table.quarter = max(target_group_table.quarter) over () as is_latest
from marts.target_group_table
inner join marts.dim_municipality
    on target_group_table.municipality_code = dim_municipality.municipality_code
    and dim_municipality.valid_to is null"""


_NAMES: Columns = (("indicator_label", "VARCHAR"), ("focus_area_label", "VARCHAR"))
_FOCUS: Columns = (("is_focus_municipality", "BOOLEAN"),)
READABLE = (
    Readable(
        "forskelle",
        "gaps",
        "Alle forskelle med ord i stedet for koder. Positiv forskel: målgruppen er dårligst stillet. Et tal, der er "
        "skjult eller mangler, er tomt og har sin grund i Talstatus; det er aldrig 0.",
        (
            *_NAMES,
            *(
                ("target_group_label", "VARCHAR"),
                ("reference_group_label", "VARCHAR"),
                ("value_status_label", "VARCHAR"),
            ),
            *(
                ("usage_warnings_label", "VARCHAR"),
                ("sex_label", "VARCHAR"),
                ("age_group_label", "VARCHAR"),
                ("subarea_label", "VARCHAR"),
                ("is_clear_label", "VARCHAR"),
                ("sample_marker", "VARCHAR"),
                ("sort_order", "INTEGER"),
            ),
            *(("is_sample", "BOOLEAN"), *_FOCUS, ("is_headline", "BOOLEAN"), ("is_latest", "BOOLEAN")),
        ),
        _gaps,
    ),
    Readable(
        "daekning",
        "coverage",
        "Hvilke tal der findes, og hvorfor andre mangler, med ord i stedet for koder.",
        (
            *_NAMES,
            ("value_status_label", "VARCHAR"),
            ("measurability_label", "VARCHAR"),
            ("sort_order", "INTEGER"),
            *_FOCUS,
        ),
        _coverage,
    ),
    Readable(
        "maal",
        "target_progress",
        "Hvor langt kommunen er med hvert af strategiens mål, med ord i stedet for koder.",
        (*_NAMES, ("status_label", "VARCHAR"), ("sort_order", "INTEGER")),
        _progress,
    ),
    Readable(
        "sammenligning",
        "peer_comparison",
        "Kommunens nyeste hovedtal ved siden af andre kommuners, regionens og landets.",
        (("indicator_label", "VARCHAR"), ("sort_order", "INTEGER"), *_FOCUS),
        _peers,
    ),
    Readable(
        "befolkning",
        "target_group_table",
        "Befolkningen efter oprindelse, som i strategiens egen tabel.",
        (("origin_label", "VARCHAR"), ("sample_marker", "VARCHAR"), *_FOCUS, ("is_latest", "BOOLEAN")),
        _population,
    ),
)
