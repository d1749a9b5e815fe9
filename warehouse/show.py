"""What the command line prints: gap tables, status and releases. Numbers are rounded here, nowhere before."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from warehouse.datapackage import spreadsheet_safe
from warehouse.settings import Settings

DASH = "–"


def open_release(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a release file."""
    return duckdb.connect(str(path), read_only=True)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 170, highlight=False)


def select_gaps(
    connection: duckdb.DuckDBPyConnection,
    focus_area: str | None = None,
    municipality: str | None = None,
    period: str | None = None,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of ``marts.gaps`` that match, in the mart's own order."""
    wanted = {"focus_area": focus_area, "municipality_code": municipality, "period": period}
    filters = {name: value for name, value in wanted.items() if value}
    where = " and ".join(f"{name} = ?" for name in filters) or "true"
    result = connection.execute(f"select * from marts.gaps where {where} order by all", list(filters.values()))
    return [column[0] for column in result.description], result.fetchall()


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as CSV on standard output; lists are joined with ``; ``, and no text runs as a formula in a spreadsheet."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_safe("; ".join(value) if isinstance(value, list) else _plain(value)) for value in row])


def print_json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as a JSON list of objects on standard output."""
    documents = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]
    json.dump(documents, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _safe(value: Any) -> Any:
    return spreadsheet_safe(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


_HEADLINES = """
with newest as (
    select indicator_id, max(period) as period from marts.gaps
    where municipality_code = $municipality and value_status = 'observed' group by all
)
select
    d.label_en, g.period, g.age_group, g.sex, t.label_en, r.label_en, g.target_rate_pct, g.reference_rate_pct,
    g.gap_pp, g.gap_low_pp, g.gap_high_pp, g.is_clear, g.persons_to_parity, g.value_status, g.usage_warnings
from marts.gaps as g
inner join marts.dim_indicator as d using (indicator_id)
left join marts.dim_origin_group as t on g.target_group = t.group_id
left join marts.dim_origin_group as r on g.reference_group = r.group_id
left join newest as n on g.indicator_id = n.indicator_id
where
    g.municipality_code = $municipality and g.subarea_code = 'total' and g.focus_area = $focus_area
    and g.period = coalesce($period, n.period)
    and ($detail or (g.target_group = 'non_western' and g.reference_group = 'others'))
order by d.sort_order, g.age_group, t.sort_order, r.sort_order, g.sex = 'women', g.sex = 'men'
"""


_WITHOUT_FIGURES = """
select d.label_en, c.value_status, c.reason_en
from marts.coverage as c
inner join marts.dim_indicator as d using (indicator_id)
where c.municipality_code = ? and c.focus_area = ? and c.value_status <> 'observed'
order by d.sort_order
"""


def print_gap_tables(
    connection: duckdb.DuckDBPyConnection,
    municipality: str,
    focus_area: str | None = None,
    period: str | None = None,
    detail: bool = False,
) -> None:
    """One readable table a focus area: the newest period (or ``period``) of one municipality."""
    console = _console()
    name = connection.execute(
        "select any_value(municipality_name) from marts.gaps where municipality_code = ?", [municipality]
    ).fetchone()
    sample = connection.execute(
        "select count(*) from marts.gaps where municipality_code = ? and data_origin = 'sample'",
        [municipality],
    ).fetchone()
    areas = connection.execute(
        """select focus_area, label_da, label_en from marts.dim_focus_area
        where $1 is null or focus_area = $1 order by sort_order""",
        [focus_area],
    ).fetchall()
    shown = 0
    for area, label_da, label_en in areas:
        values = {"municipality": municipality, "focus_area": area, "period": period, "detail": detail}
        rows = connection.execute(_HEADLINES, values).fetchall()
        missing = [] if period else connection.execute(_WITHOUT_FIGURES, [municipality, area]).fetchall()
        if not rows and not missing:
            continue
        shown += 1
        title = f"{label_da} ({label_en}), {name[0] if name and name[0] else municipality}"
        compared = "" if detail else ": citizens of non-western origin compared with other citizens"
        console.print(
            _gap_table(title + compared + ("  (SAMPLE FIGURES)" if sample and sample[0] else ""), rows, detail)
        )
        for label, status, reason in missing:
            console.print(f"  {label}: {status}. {reason}", soft_wrap=True)
    if not shown:
        console.print(f"No gaps are published for municipality {municipality}" + (f" in {period}" if period else ""))
    elif sample and sample[0]:
        console.print("SAMPLE: these figures come from the embedded sample providers, not from a statistical office.")


def _gap_table(title: str, rows: Sequence[Sequence[Any]], detail: bool) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("indicator", "period", "age", "sex", *(("target", "reference") if detail else ())):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"period", "age", "sex"})
    for heading in ("target %", "reference %", "gap pp", "95 %", "persons to parity"):
        table.add_column(heading, justify="right", no_wrap=True)  # texts fold before a number is ever cut
    table.add_column("", overflow="fold")
    for row in rows:
        *texts, target, reference, gap, low, high, clear, parity, status, warnings = row
        remarks = [] if status == "observed" else [status]
        if clear is False:
            remarks.append("not clear")
        remarks += warnings or []
        interval = DASH if low is None else f"{low:.1f} to {high:.1f}"
        numbers = [_number(target), _number(reference), _number(gap), interval, _number(parity, 0)]
        shown = texts if detail else texts[:4]
        table.add_row(*(str(text) for text in shown), *numbers, ", ".join(remarks))
    return table


def _number(value: float | None, decimals: int = 1) -> str:
    return DASH if value is None else f"{value:,.{decimals}f}"


def print_rows(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A plain table of texts."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(DASH if value is None or value == "" else str(value) for value in row))
    _console().print(table)


def print_where(settings: Settings, folder: Path) -> None:
    """Where the release and the reports are."""
    print(f"Release:            {folder}")
    print(f"  DuckDB file:      {settings.releases / 'current' / 'integration_gaps.duckdb'}")
    print(f"  Report:           {folder / 'report' / 'index.html'}")
    print(f"  Validation:       {folder / 'validation' / 'index.html'}")
