"""What the report reads: the rows of one municipality out of a finished release, arranged by indicator.

Labels of warnings and statuses, the members of the peer group and the texts of the series breaks come from the seeds
the release was built with; every figure comes from the release file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from warehouse.errors import WarehouseError
from warehouse.report.figures import Language, Row
from warehouse.report.vocabulary import series_kind
from warehouse.seeds import seed

STRATEGY_QUARTER = "2019K4"  # the quarter of the strategy's own table


@dataclass(frozen=True)
class Indicator:
    """One indicator of one municipality, ready to be told and drawn.

    Attributes:
        about: its row of ``dim_indicator``.
        coverage: why figures are missing, where they are.
        targets: its rows of ``target_progress``; the first gives the ages and groups shown.
        series: the headline gap in every period, oldest first.
        segments: for each row of ``series`` the stretch it belongs to; a trend line is never drawn across two.
        latest, baseline: the newest observed gap, and the one that a change is counted from.
        groups: the newest gap for each sex, age group and part of the target group.
        places: the newest gap for each housing community, where there are any.
        areas: the newest gap of the municipality, its peers, its region and the country.
        peer: the municipality's row of ``peer_comparison``.
        decomposition: where the newest gap comes from.
        unknown: how many nobody knows the outcome or the origin of, in the newest period.
    """

    about: dict[str, Any]
    coverage: dict[str, Any]
    targets: list[Row]
    series: list[Row] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    latest: Row | None = None
    baseline: Row | None = None
    groups: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    areas: list[Row] = field(default_factory=list)
    peer: Row | None = None
    decomposition: Row | None = None
    unknown: list[Row] = field(default_factory=list)

    @property
    def indicator_id(self) -> str:
        """Key of ``dim_indicator``."""
        return str(self.about["indicator_id"])

    @property
    def label(self) -> dict[Language, str]:
        """What the indicator is called."""
        return {"da": self.about["label_da"], "en": self.about["label_en"]}

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know before using the newest gap."""
        return list(self.latest["usage_warnings"] or []) if self.latest else []


@dataclass(frozen=True)
class Facts:
    """Everything the pages show."""

    manifest: dict[str, Any]
    municipality: dict[str, Any]
    region: dict[str, Any] | None
    area_labels: dict[str, dict[Language, str]]
    focus_areas: list[dict[str, Any]]
    indicators: list[Indicator]
    groups: list[dict[str, Any]]
    target_group: dict[str, list[Row]]
    loads: list[Row]
    failed_checks: list[dict[str, Any]]
    revisions: list[Row]
    breaks: list[dict[str, str]]

    @property
    def is_sample(self) -> bool:
        """Whether any figure came from the sample providers."""
        return bool(self.manifest["data_origin"] == "sample")

    @property
    def place(self) -> str:
        """Name of the municipality."""
        return str(self.municipality["label_da"])

    def of(self, focus_area: str) -> list[Indicator]:
        """The indicators of one focus area."""
        return [indicator for indicator in self.indicators if indicator.about["focus_area"] == focus_area]


def read(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Facts:
    """Read all that the report shows of the manifest's focus municipality.

    Raises:
        WarehouseError: when the release does not know the municipality.
    """
    code = str(manifest["focus_municipality"])
    areas = {area["municipality_code"]: area for area in _current_areas(connection)}
    if code not in areas:
        raise WarehouseError(
            f"The release has no municipality {code}",
            {"table": "marts.dim_municipality", "release": manifest["release_id"]},
            "set WAREHOUSE_FOCUS_MUNICIPALITY to the three-digit code of a municipality",
        )
    region = areas.get(areas[code]["region_code"] or "")
    about = dicts(connection, "select * from marts.dim_indicator order by sort_order")
    return Facts(
        manifest=manifest,
        municipality=areas[code],
        region=region,
        area_labels={key: {"da": area["label_da"], "en": area["label_en"]} for key, area in areas.items()},
        focus_areas=dicts(connection, "select * from marts.dim_focus_area order by sort_order"),
        indicators=[_indicator(connection, code, region, one) for one in about],
        groups=dicts(connection, "select * from marts.dim_origin_group order by sort_order"),
        target_group=_target_group(connection, code),
        loads=rows(connection, "loads", "select * from marts.loads order by provider, dataset, received_at, load_id"),
        failed_checks=dicts(
            connection, "select * from marts.validations where not success order by load_id, object_name, expectation"
        ),
        revisions=_revisions(connection),
        breaks=[dict(one) for one in seed("series_breaks") if one["cuts_trend"] == "true"],
    )


def dicts(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    result = connection.execute(query, list(values))
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def rows(connection: duckdb.DuckDBPyConnection, mart: str, query: str, *values: Any) -> list[Row]:
    """The rows of a query on one mart, each knowing its key."""
    return [Row(mart, values_of_row) for values_of_row in dicts(connection, query, *values)]


def members_of(municipality_code: str) -> list[str]:
    """The municipalities that this one compares itself with (seed peer_groups), without itself."""
    found = [one["member_code"] for one in seed("peer_groups") if one["municipality_code"] == municipality_code]
    return [code for code in found if code != municipality_code]


def peer_group_label(municipality_code: str) -> dict[Language, str]:
    """What the peer group is called, in both languages; empty texts where there is none."""
    for one in seed("peer_groups"):
        if one["municipality_code"] == municipality_code:
            return {"da": one["label_da"], "en": one["label_en"]}
    return {"da": "", "en": ""}


def labels(name: str) -> dict[str, dict[Language, str]]:
    """Labels of a closed vocabulary that is a seed: its first column is the code."""
    table = seed(name)
    code = next(iter(table[0]))
    return {one[code]: {"da": one["label_da"], "en": one["label_en"]} for one in table}


def _current_areas(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Areas, the version that holds today last."""
    return dicts(connection, "select * from marts.dim_municipality order by valid_to is null, valid_to")


def _indicator(
    connection: duckdb.DuckDBPyConnection, code: str, region: dict[str, Any] | None, about: dict[str, Any]
) -> Indicator:
    mine = (about["indicator_id"], code)
    where = "where indicator_id = ? and municipality_code = ?"
    coverage = dicts(connection, f"select * from marts.coverage {where}", *mine)
    targets = rows(
        connection,
        "target_progress",
        f"""select * from marts.target_progress {where}
        order by sex, age_group, target_group, reference_group, baseline_period""",
        *mine,
    )
    found = Indicator(about, coverage[0] if coverage else {}, targets)
    gaps = rows(connection, "gaps", f"select * from marts.gaps {where} order by period_start, period", *mine)
    observed = [row for row in gaps if row["value_status"] == "observed"]
    if not targets or not observed:
        return found
    head = {name: targets[0][name] for name in ("sex", "age_group", "target_group", "reference_group")}
    series = [row for row in gaps if row["subarea_code"] == "total" and _matches(row, head)]
    latest = next((row for row in reversed(series) if row["value_status"] == "observed"), None)
    if latest is None:
        return found
    newest = [
        row for row in gaps if row["period"] == latest["period"] and row["reference_group"] == head["reference_group"]
    ]
    at = (*mine, latest["period"], *head.values())
    same = f"{where} and period = ? and sex = ? and age_group = ? and target_group = ? and reference_group = ?"
    peers = rows(connection, "peer_comparison", f"select * from marts.peer_comparison {same}", *at)
    parts = rows(connection, "gap_decomposition", f"select * from marts.gap_decomposition {same}", *at)
    return Indicator(
        about,
        found.coverage,
        targets,
        series,
        _segments(series),
        latest,
        _baseline(series, targets[0]["baseline_period"], latest),
        _breakdown(newest, head),
        [row for row in newest if row["subarea_code"] != "total" and _matches(row, head)],
        _areas(
            connection, latest, [code, *members_of(code), *([region["municipality_code"]] if region else []), "000"]
        ),
        peers[0] if peers else None,
        parts[0] if parts else None,
        _unknown(connection, latest),
    )


def _baseline(series: list[Row], period: str | None, latest: Row) -> Row | None:
    """The observed row of the baseline period; None where it cannot be compared with the latest one."""
    for place, row in enumerate(series):
        if row["period"] == period and row["value_status"] == "observed":
            since = series[place + 1 : series.index(latest) + 1]
            kinds = {series_kind(one["period"]) for one in (row, latest)}
            return None if len(kinds) > 1 or any(one["is_series_break"] for one in since) else row
    return None


def _matches(row: Row, head: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in head.items())


def _segments(series: list[Row]) -> list[int]:
    """Numbers the stretches of a series that may be joined by a line: of one kind, without a break or a hole."""
    segments, place, before = [], 0, None
    for row in series:
        hole = row["value_status"] != "observed"
        kind = series_kind(row["period"])
        if row["is_series_break"] or hole or (before is not None and before != kind):
            place += 1
        segments.append(place)
        before = None if hole else kind
        place += hole
    return segments


def _breakdown(newest: list[Row], head: dict[str, Any]) -> list[Row]:
    """The headline gap, then one thing changed at a time: sex, age group, part of the target group."""
    whole = [row for row in newest if row["subarea_code"] == "total"]
    changed = [[name for name, value in head.items() if row[name] != value] for row in whole]
    order = {"sex": 1, "age_group": 2, "target_group": 3}
    kept = [
        (order[names[0]] if names else 0, row) for row, names in zip(whole, changed, strict=True) if len(names) <= 1
    ]
    women = {"men": 1, "women": 2}
    return [row for _, row in sorted(kept, key=lambda pair: (pair[0], women.get(pair[1]["sex"], 0), pair[1].key))]


def _areas(connection: duckdb.DuckDBPyConnection, latest: Row, codes: list[str]) -> list[Row]:
    names = ("indicator_id", "period", "sex", "age_group", "subarea_code", "target_group", "reference_group")
    where = " and ".join(f"{name} = ?" for name in names)
    query = f"""select * from marts.gaps where {where} and municipality_code in (select unnest(?::varchar[]))
        and value_status = 'observed' order by municipality_code"""
    return rows(connection, "gaps", query, *(latest[name] for name in names), codes)


def _unknown(connection: duckdb.DuckDBPyConnection, latest: Row) -> list[Row]:
    query = """select * from marts.unknown_shares where indicator_id = ? and municipality_code = ? and period = ?
        and sex = ? and age_group = ? and value_status = 'observed' and group_id in (?, ?, 'all')
        order by unknown_of, group_id = 'others', group_id"""
    names = ("indicator_id", "municipality_code", "period", "sex", "age_group", "target_group", "reference_group")
    return rows(connection, "unknown_shares", query, *(latest[name] for name in names))


def _target_group(connection: duckdb.DuckDBPyConnection, code: str) -> dict[str, list[Row]]:
    """The strategy's table for the strategy's own quarter and the newest one."""
    query = """select * from marts.target_group_table where municipality_code = ? and quarter = ?
        order by case origin when 'danish' then 1 when 'western' then 2 else 3 end"""
    newest = connection.execute(
        "select max(quarter) from marts.target_group_table where municipality_code = ?", [code]
    ).fetchone()
    quarters = dict.fromkeys([STRATEGY_QUARTER, newest[0] if newest and newest[0] else STRATEGY_QUARTER])
    found = {quarter: rows(connection, "target_group_table", query, code, quarter) for quarter in quarters}
    return {quarter: kept for quarter, kept in found.items() if kept}


def _revisions(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The newest revisions; releases before the mart existed have none."""
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'revisions'"
    ).fetchone()
    if not known:
        return []
    return rows(
        connection,
        "revisions",
        "select * from marts.revisions order by seen_at desc, object_name, key, new_load_id limit 50",
    )
