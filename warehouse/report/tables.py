"""The tables of the pages, and the CSV file that holds the same rows unrounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.datapackage import write_csv
from warehouse.db import literal
from warehouse.lateness import SAMPLE, expected_after, state_of
from warehouse.records import catalogue
from warehouse.release_files import Column
from warehouse.report.facts import Facts, Indicator, labels
from warehouse.report.figures import Figure, Language, Row
from warehouse.report.texts import day, texts
from warehouse.report.vocabulary import ages, period_short
from warehouse.show import DASH

GAP_COLUMNS = ("target_rate_pct", "reference_rate_pct", "gap_pp", "gap_low_pp", "gap_high_pp")


@dataclass(frozen=True)
class Table:
    """A table of a page. Cells are texts, figures or sentences; None is a dash.

    ``csv`` is the name of the file in ``data/`` that holds the same rows, empty where there is none.
    """

    caption: str
    headings: tuple[str, ...]
    rows: list[list[Any]]
    csv: str = ""

    @property
    def numeric(self) -> set[int]:
        """Places of the columns that hold figures."""
        return {place for row in self.rows for place, value in enumerate(row) if isinstance(value, Figure)}


def group_name(row: Row, head: Row, language: Language) -> str:
    """What sets a row of the breakdown apart from the headline: a sex, an age group, a part of the target group."""
    t = texts(language)
    if row["sex"] != head["sex"]:
        return t.get(row["sex"], row["sex"])
    if row["target_group"] != head["target_group"]:
        return t.get(row["target_group"], row["target_group"])
    if row["age_group"] != head["age_group"]:
        return ages(row["age_group"], language)
    everybody = t["everybody"]
    return f"{everybody}, {ages(row['age_group'], language)}" if ages(row["age_group"], language) else everybody


def over_time(one: Indicator, language: Language) -> Table:
    """The headline gap of every period, newest first."""
    named = [(period_short(row["period"], language), row) for row in reversed(one.series)]
    return _gaps(one, texts(language)["period"], named, language, f"{one.indicator_id}_over_time.csv", marks=True)


def by_group(one: Indicator, language: Language) -> Table:
    """The newest gap by sex, age group and part of the target group."""
    named = [(group_name(row, one.groups[0], language), row) for row in one.groups]
    return _gaps(one, texts(language)["group"], named, language, f"{one.indicator_id}_groups.csv")


def by_place(one: Indicator, language: Language) -> Table:
    """The newest gap in each housing community."""
    named = [(row["subarea_name"], row) for row in one.places]
    return _gaps(one, texts(language)["area"], named, language, f"{one.indicator_id}_places.csv")


def by_area(one: Indicator, named: Sequence[tuple[str, Row]], language: Language) -> Table:
    """The newest gap here, among the peers, in the region and in the country."""
    return _gaps(one, texts(language)["area"], named, language, f"{one.indicator_id}_areas.csv")


def _gaps(
    one: Indicator, first: str, named: Sequence[tuple[str, Row]], language: Language, csv: str, *, marks: bool = False
) -> Table:
    t, statuses = texts(language), labels("value_statuses")
    has_rates = any(row["target_rate_pct"] is not None for _, row in named)
    has_limits = any(row["gap_low_pp"] is not None for _, row in named)
    gap_heading = t["gap_pp"] if has_rates else t["gap_index"]
    columns = [
        *([("target_rate_pct", t["target_rate"]), ("reference_rate_pct", t["reference_rate"])] if has_rates else []),
        ("gap_pp", gap_heading),
        *([("gap_low_pp", t["from"]), ("gap_high_pp", t["to"])] if has_limits else []),
    ]
    shown = []
    for name, row in named:
        remarks = []
        if row["value_status"] != "observed":
            remarks.append(statuses[row["value_status"]][language])
        if row["is_clear"] is False:
            remarks.append(t["not_certain"])
        if marks and row["is_series_break"]:
            remarks.append(t["break"])
        figures = [row.figure(column, language) for column, _ in columns]
        persons = [row.figure("target_denominator", language, decimals=0)] if has_rates else []
        shown.append([name, *figures, *persons, ", ".join(remarks)])
    if not any(row[-1] for row in shown):
        shown = [row[:-1] for row in shown]
    headings = (first, *(heading for _, heading in columns), *([t["persons"]] if has_rates else []), t["remark"])
    headings = headings[: len(shown[0])]
    return Table(one.about[f"label_{language}"], headings, shown, csv)


def target_group(quarter: str, rows: Sequence[Row], language: Language) -> Table:
    """The strategy's own table in one quarter."""
    t = texts(language)
    columns = ("danish_origin", "immigrants", "descendants", "total")
    shown = [[row[f"label_{language}"], *(row.figure(name, language, decimals=0) for name in columns)] for row in rows]
    headings = (t["origin"], *(t[name] for name in columns))
    return Table(period_short(quarter, language), headings, shown, "target_group_table.csv")


def loads(rows: Sequence[Row], language: Language, with_reason: bool = False) -> Table:
    """Deliveries: what came when, and what became of it."""
    t = texts(language)
    shown = []
    for row in rows:
        counts = [
            row.figure(name, language, 0) for name in ("rows_loaded", "expectations_evaluated", "expectations_failed")
        ]
        reason = [row["reason"]] if with_reason else []
        shown.append(
            [
                row["dataset"],
                _day(row["received_at"], language),
                _day(row["source_updated_at"], language),
                *counts,
                t.get(row["status"], row["status"]),
                *reason,
            ]
        )
    names = (
        "dataset",
        "received",
        "updated",
        "rows",
        "checks",
        "failed",
        "verdict",
        *(["reason"] if with_reason else []),
    )
    return Table("", tuple(t[name] for name in names), shown, "loads.csv")


def expected(facts: Facts, language: Language) -> Table:
    """When the next period of each dataset should come, and whether it was late when the release was made."""
    t = texts(language)
    newest: dict[str, tuple[str, str]] = {}
    for row in facts.loads:
        if row["status"] == "promoted" and row["periods"]:
            period = max(row["periods"])
            newest[row["dataset"]] = max(newest.get(row["dataset"], ("", "")), (period, row["data_origin"]))
    made = datetime.fromisoformat(facts.manifest["created_at"])
    shown = []
    for dataset, (period, origin) in sorted(newest.items()):
        coming = expected_after(catalogue()[dataset], period) if dataset in catalogue() else None
        if coming:
            state = "sample" if origin == SAMPLE else state_of(coming, made)
            periods = (period_short(period, language), period_short(coming.period, language))
            shown.append([dataset, *periods, day(coming.day, language), t[f"expected_{state}"]])
    names = ("dataset", "newest", "next_period", "expected_day", "status")
    return Table("", tuple(t[name] for name in names), shown)


def missing(facts: Facts, language: Language) -> Table:
    """Indicators without figures, or with periods missing, and why."""
    t, statuses = texts(language), labels("value_statuses")
    shown = []
    for one in facts.indicators:
        covered = one.coverage
        if not covered or (covered["value_status"] == "observed" and not covered["periods_missing"]):
            continue
        periods = ", ".join(period_short(period, language) for period in covered["periods_missing"] or [])
        shown.append(
            [
                one.about[f"label_{language}"],
                statuses[covered["value_status"]][language],
                periods,
                covered[f"reason_{language}"],
            ]
        )
    return Table("", (t["indicator"], t["status"], t["missing_periods"], t["reason"]), shown, "coverage.csv")


def unknown(facts: Facts, groups: dict[str, str], language: Language) -> Table:
    """How many nobody knows the answer for, in the newest period of each indicator."""
    t = texts(language)
    shown = [
        [
            one.about[f"label_{language}"],
            groups.get(row["group_id"], t["everybody"]),
            t[f"unknown_{row['unknown_of']}"],
            period_short(row["period"], language),
            row.figure("unknown_share_pct", language),
        ]
        for one in facts.indicators
        for row in one.unknown
    ]
    return Table(
        "", (t["indicator"], t["group"], t["unknown_of"], t["period"], t["unknown_share"]), shown, "unknown_shares.csv"
    )


def failed_checks(facts: Facts, language: Language) -> Table:
    """Checks that were not met: advisory ones, and those of rejected deliveries."""
    t = texts(language)
    shown = [
        [one["load_id"], one["expectation"], t.get(one["severity"], one["severity"]), one["observed"]]
        for one in facts.failed_checks
    ]
    return Table("", (t["dataset"], t["check"], t["severity"], t["remark"]), shown)


def revisions(facts: Facts, language: Language) -> Table:
    """The newest revised values."""
    t = texts(language)
    shown = []
    for row in facts.revisions:
        values = [
            row.figure(name, language, 2) if isinstance(row[name], int | float) else row[name]
            for name in ("old_value", "new_value")
        ]
        shown.append(
            [
                row["object_name"],
                row["key"],
                period_short(row["period"], language),
                *values,
                _day(row["seen_at"], language),
            ]
        )
    return Table("", (t["object"], t["group"], t["period"], t["old"], t["new"], t["received"]), shown)


def write_csvs(connection: duckdb.DuckDBPyConnection, facts: Facts, folder: Path) -> None:
    """Write the CSV behind every table, unrounded, with the marts' own column names."""
    code = literal(str(facts.municipality["municipality_code"]))
    for one in facts.indicators:
        if one.latest is None:
            continue
        for kind, kept in (
            ("over_time", one.series),
            ("groups", one.groups),
            ("places", one.places),
            ("areas", one.areas),
        ):
            if kept:
                _csv(connection, _query_of(kept), folder / f"{one.indicator_id}_{kind}.csv")
    quarters = ", ".join(literal(quarter) for quarter in facts.target_group) or "''"
    mine = f"where municipality_code = {code}"
    _csv(
        connection,
        f"select * from marts.target_group_table {mine} and quarter in ({quarters}) order by quarter, origin",
        folder / "target_group_table.csv",
    )
    _csv(connection, f"select * from marts.coverage {mine} order by indicator_id", folder / "coverage.csv")
    _csv(connection, f"select * from marts.unknown_shares {mine} order by all", folder / "unknown_shares.csv")
    _csv(connection, "select * from marts.loads order by load_id", folder / "loads.csv")


def _query_of(kept: Sequence[Row]) -> str:
    """A query for exactly these rows of ``gaps``, one after another as given."""
    names = (
        "indicator_id",
        "municipality_code",
        "period",
        "sex",
        "age_group",
        "subarea_code",
        "target_group",
        "reference_group",
    )
    keys = ", ".join(
        f"({place}, {', '.join(literal(str(row[name])) for name in names)})" for place, row in enumerate(kept)
    )
    return f"""select gaps.* from marts.gaps inner join (values {keys}) as wanted (place, {", ".join(names)})
        using ({", ".join(names)}) order by wanted.place"""


def _csv(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    described = connection.execute(f"describe {query}").fetchall()
    write_csv(connection, query, [Column(name, kind, "") for name, kind, *_ in described], path)


def _day(value: date | None, language: Language) -> str:
    return day(value, language) if value else DASH
