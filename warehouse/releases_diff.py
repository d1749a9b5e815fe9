"""What moved between two releases: tables, loads, code and settings, and every gap, the largest difference first.

Both release files are opened read-only. A table or column that one of the releases does not have is said, never an
error: releases outlive the code that wrote them. Numbers are rounded in the table for people and nowhere else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from warehouse import release
from warehouse.db import literal, quote
from warehouse.errors import SettingsError
from warehouse.revisions import GAP_KEY
from warehouse.settings import Settings
from warehouse.show import DASH

NOISE = 1e-9
_WIDTH = 100
_HASH = re.compile("[0-9a-f]{64}")
_OF_THE_RELEASE = {
    "release_id",
    "created_at",
    "rows",
    "tables",
    "files",
    "inputs",
    "journal_seq",
    "judged_seq",
    "rebuilt",
}
GAP_COLUMNS = (
    "change",
    *GAP_KEY,
    "old_gap_pp",
    "new_gap_pp",
    "difference",
    "old_status",
    "new_status",
    "loads_gone",
    "loads_come",
    "data_origin",
)
_GAP_FACTS = {"gap_pp": "double", "value_status": "varchar", "data_origin": "varchar", "load_ids": "varchar[]"}


@dataclass(frozen=True)
class TableChange:
    """A mart whose bytes differ: rows in both releases, and how many rows are only in one of them."""

    name: str
    old_rows: int | None
    new_rows: int | None
    gone: int | None = None
    come: int | None = None


@dataclass(frozen=True)
class Diff:
    """What moved from one release to another. ``gaps`` are rows of :data:`GAP_COLUMNS`."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    tables: Sequence[TableChange]
    loads: Sequence[tuple[str, str, str, Any]]
    facts: Sequence[tuple[str, Any, Any]]
    gaps: Sequence[tuple[Any, ...]]

    @property
    def is_sample(self) -> bool:
        """Whether one of the releases holds sample figures."""
        return "sample" in {self.old.get("data_origin"), self.new.get("data_origin")}


def find(settings: Settings, name: str) -> Path:
    """The folder of a release: its id, the beginning of one, ``current``, or ``previous`` (the one before it).

    Raises:
        SettingsError: when there is no such release, or several; it lists those that there are.
    """
    ids = [str(manifest["release_id"]) for manifest in release.releases(settings)]
    folder = release.current(settings)
    now = folder.name if folder else None
    older = [other for other in ids if now is not None and other < now]
    words = {"current": [now] if now in ids else [], "previous": older[:1]}
    found = words.get(name, [name] if name in ids else [other for other in ids if name and other.startswith(name)])
    if len(found) == 1:
        return settings.releases / str(found[0])
    what = f"{name!r} may be {', '.join(map(str, found))}" if found else f"There is no release {name!r}"
    there = f"choose one of: {', '.join(ids)}" if ids else "there is none yet: run `warehouse run` first"
    raise SettingsError(what, {"releases": settings.releases}, there)


def compare(old: Path, new: Path) -> Diff:
    """Compare two release folders."""
    before, after = release.read_manifest(old), release.read_manifest(new)
    with _both(old, new) as connection:
        return Diff(
            old=before,
            new=after,
            tables=list(_table_changes(connection, before, after)),
            loads=_load_changes(connection),
            facts=list(_fact_changes(before, after)),
            gaps=_gap_changes(connection),
        )


@contextmanager
def _both(old: Path, new: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    try:
        for name, folder in (("old", old), ("new", new)):
            connection.execute(f"attach {literal(str(folder / release.DATABASE))} as {quote(name)} (read_only)")
        yield connection
    finally:
        connection.close()


def _columns(connection: duckdb.DuckDBPyConnection, side: str, table: str) -> list[str]:
    rows = connection.execute(
        """select column_name from duckdb_columns()
        where database_name = ? and schema_name = 'marts' and table_name = ?
        and table_name in (select table_name from duckdb_tables() where database_name = ?) order by column_index""",
        [side, table, side],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _table_changes(
    connection: duckdb.DuckDBPyConnection, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[TableChange]:
    hashes = old.get("tables", {}), new.get("tables", {})
    for name in sorted({*hashes[0], *hashes[1]}):
        if hashes[0].get(name) == hashes[1].get(name):
            continue
        rows = old.get("rows", {}).get(name), new.get("rows", {}).get(name)
        shared = [c for c in _columns(connection, "old", name) if c in _columns(connection, "new", name)]
        if not shared:
            yield TableChange(name, *rows)
            continue
        sides = [f"select {', '.join(map(quote, shared))} from {side}.marts.{quote(name)}" for side in ("old", "new")]
        found = connection.execute(
            f"""select (select count(*) from ({sides[0]} except all {sides[1]})),
            (select count(*) from ({sides[1]} except all {sides[0]}))"""
        ).fetchone()
        assert found
        yield TableChange(name, *rows, *found)


def _load_changes(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, Any]]:
    """Dataset, load, what became of it, and the provider's own time of update."""
    if not (_columns(connection, "old", "loads") and _columns(connection, "new", "loads")):
        return []
    return connection.execute(
        """select coalesce(o.dataset, n.dataset), coalesce(o.load_id, n.load_id),
            case
                when n.load_id is null then 'gone'
                when o.load_id is null or o.status = n.status then n.status
                else o.status || ' → ' || n.status
            end, coalesce(n.source_updated_at, o.source_updated_at)
        from old.marts.loads as o full outer join new.marts.loads as n on o.load_id = n.load_id
        where o.status is distinct from n.status order by all"""
    ).fetchall()


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _fact_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Code and settings, as the manifests tell them."""
    before, after = (
        dict(_flat({name: value for name, value in manifest.items() if name not in _OF_THE_RELEASE}))
        for manifest in (old, new)
    )
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _gap_side(connection: duckdb.DuckDBPyConnection, side: str) -> str | None:
    columns = _columns(connection, side, "gaps")
    if not columns:
        return None
    facts = [
        f"{quote(name)} as {side}_{name}" if name in columns else f"cast(null as {kind}) as {side}_{name}"
        for name, kind in _GAP_FACTS.items()
    ]
    keys = [name if name in columns else f"'total' as {name}" for name in GAP_KEY]
    return f"select {', '.join([*keys, *facts])} from {side}.marts.gaps"


def _gap_changes(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    old, new = _gap_side(connection, "old"), _gap_side(connection, "new")
    if old is None or new is None:
        return []
    keys = ", ".join(GAP_KEY)
    return connection.execute(
        f"""with both_sides as (
            select *, old.there as in_old, new.there as in_new
            from (select *, true as there from ({old})) as old
            full outer join (select *, true as there from ({new})) as new using ({keys})
        ),
        changes as (
            select *, new_gap_pp - old_gap_pp as difference,
                case
                    when in_old is null then 'appeared'
                    when in_new is null then 'disappeared'
                    when old_value_status is distinct from new_value_status then 'status'
                    when abs(new_gap_pp - old_gap_pp) > {NOISE} then 'moved'
                end as change
            from both_sides
        )
        select change, {keys}, old_gap_pp, new_gap_pp, difference, old_value_status, new_value_status,
            list_sort(list_filter(old_load_ids, lambda i: not list_contains(coalesce(new_load_ids, []), i))),
            list_sort(list_filter(new_load_ids, lambda i: not list_contains(coalesce(old_load_ids, []), i))),
            coalesce(new_data_origin, old_data_origin)
        from changes where change is not null
        order by list_position(['moved', 'disappeared', 'appeared', 'status'], change), abs(difference) desc nulls last,
            {keys}"""
    ).fetchall()


def print_diff(diff: Diff, limit: int) -> None:
    """Everything that moved, for a person; at most ``limit`` gaps, and as many rows that came, went or changed."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    sample = "  (SAMPLE FIGURES)" if diff.is_sample else ""
    console.print(f"From {diff.old['release_id']} to {diff.new['release_id']}{sample}\n")
    if not diff.tables and not diff.facts:
        console.print("Nothing differs: every table has the same bytes, made by the same code and settings.")
        return
    tables = [
        (item.name, _count(item.old_rows), _count(item.new_rows), _count(item.gone), _count(item.come))
        for item in diff.tables
    ]
    _print(console, "Tables that differ", ("table", "rows before", "after", "rows gone", "rows new"), tables, 1)
    _print(console, "Loads that came or went", ("dataset", "load", "status", "provider's update"), diff.loads)
    facts = [(name, _short(old), _short(new)) for name, old, new in diff.facts]
    _print(console, "Code and settings", ("what", "before", "after"), facts)
    moved = [row for row in diff.gaps if row[0] == "moved"]
    others = [row for row in diff.gaps if row[0] != "moved"]
    _print_gaps(console, "Gaps that moved, largest first", moved, limit)
    _print_gaps(console, "Gaps that came, went or changed status", others, limit)
    if diff.is_sample:
        console.print("SAMPLE: figures come from the embedded sample providers, not from a statistical office.")


def _print(
    console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]], texts: int | None = None
) -> None:
    if not rows:
        console.print(f"{title}: none\n")
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for position, heading in enumerate(headings):
        is_number = texts is not None and position >= texts
        table.add_column(heading, overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(DASH if value is None or value == "" else str(value) for value in row))
    console.print(table)


def _print_gaps(console: Console, title: str, rows: Sequence[Sequence[Any]], limit: int) -> None:
    shown = [_gap_row(dict(zip(GAP_COLUMNS, row, strict=True))) for row in rows[:limit]]
    headings = ("indicator", "place", "period", "sex, age", "groups", "gap pp", "difference", "why")
    if not shown:
        console.print(f"{title}: none\n")
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        is_number = heading == "difference"
        table.add_column(
            heading, overflow="fold", no_wrap=heading == "period", justify="right" if is_number else "left"
        )
    for row in shown:
        table.add_row(*row)
    console.print(table)
    if len(rows) > limit:
        console.print(f"{len(rows) - limit:,} more: `--limit N`, or `--format csv` for all, unrounded\n")


def _gap_row(gap: Mapping[str, Any]) -> tuple[str, ...]:
    place = gap["municipality_code"] + ("" if gap["subarea_code"] == "total" else f" {gap['subarea_code']}")
    sides = [
        DASH if status is None else f"{value:.2f}" if value is not None else str(status)
        for value, status in ((gap["old_gap_pp"], gap["old_status"]), (gap["new_gap_pp"], gap["new_status"]))
    ]
    difference = DASH if gap["difference"] is None else f"{gap['difference']:+.2f}"
    return (
        gap["indicator_id"],
        place,
        gap["period"],
        f"{gap['sex']}, {gap['age_group']}",
        f"{gap['target_group']} / {gap['reference_group']}",
        " → ".join(sides),
        difference,
        _why(gap),
    )


def _why(gap: Mapping[str, Any]) -> str:
    """The loads that came in, by dataset and the end of their ids; without one it was the code or a setting."""
    loads = gap["loads_come"] or []
    names = [load_id.split("_", 1)[-1].rsplit("_", 1) for load_id in loads]
    if names:
        return ", ".join(f"{parts[0]} …{parts[-1]}" for parts in names)
    return "loads went" if gap["loads_gone"] else "code, seeds or settings"


def _short(value: Any) -> str | None:
    """A fact of a manifest as a person reads it: of a hash the beginning."""
    text = None if value is None else str(value)
    return f"{text[:12]}…" if text and _HASH.fullmatch(text) else text


def _count(value: int | None) -> str:
    return DASH if value is None else f"{value:,}"
