"""A trace as a tree that a person reads from the top: the cell, its rows, its loads, the bytes. Numbers are rounded
here and nowhere before; what is too long for a page is said with its count, and complete in ``--format json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from warehouse.trace.document import plain
from warehouse.trace.figures import same
from warehouse.trace.proof import LoadProof
from warehouse.trace.rows import StagingRow, Sum
from warehouse.trace.tracer import Trace

ROWS_SHOWN = 5
BASES_SHOWN = 6
FILES_SHOWN = 4
CODES_SHOWN = 8
REQUEST_SHOWN = 300
UNWRAPPED = 100_000
GOOD, BAD = "[green]✓[/]", "[bold red]✗[/]"
_HIDDEN_COLUMNS = {"source_tables", "load_ids", "load_id", "data_origin", "source_updated_at"}


def print_tree(trace: Trace) -> None:
    """Print a trace on standard output; wrapped in a terminal, one line an item in a file or a pipe."""
    console = Console(width=None if sys.stdout.isatty() else UNWRAPPED, highlight=False)
    console.print(tree(trace))


def tree(trace: Trace) -> Tree:
    """The whole trace."""
    top = Tree(f"[bold]{escape(trace.title)}[/]", guide_style="dim")
    _published(top, trace)
    _staging(top, trace)
    _recomputed(top, trace)
    _bases(top, trace)
    _seeds(top, trace)
    for proof in trace.loads:
        _load(top, proof)
    _verdict(top, trace)
    return top


def _published(top: Tree, trace: Trace) -> None:
    release, key, row = trace.release, trace.cell.key, trace.cell.row
    branch = top.add(
        f"[bold]published[/] as a row of marts.{trace.cell.table}, release {release['release_id']},"
        f" {release['data_origin']} figures"
    )
    branch.add(escape(" · ".join(f"{name} {_text(value)}" for name, value in key.items())))
    lines, told = _gap_lines(row) if row.get("target_denominator") is not None else ([], set())
    for line in lines:
        branch.add(line)
    for name, value in row.items():
        if name not in {*key, *told, *_HIDDEN_COLUMNS} and value not in (None, []):
            branch.add(f"{name}  [bold]{escape(_text(value))}[/]")
    if trace.withheld:
        branch.add(f"[yellow]{escape(trace.withheld)}[/]")


def _gap_lines(row: Mapping[str, Any]) -> tuple[list[str], set[str]]:
    """A gap as three lines, and the columns that they tell."""
    lines = []
    for side in ("target", "reference"):
        events, persons = row[f"{side}_numerator"], row[f"{side}_denominator"]
        rate = "" if events is None else f": [bold]{_text(row[f'{side}_rate_pct'])} %[/] ({_limits(row, side, '_pct')})"
        of = _text(persons) if events is None else f"{_text(events)} of {_text(persons)}"
        lines.append(f"{side} group {row[f'{side}_group']}  {of}{rate}")
    limits = "" if row["gap_low_pp"] is None else f" ({_limits(row, 'gap', '_pp')})"
    lines.append(f"gap_pp  [bold]{_text(row['gap_pp'])}[/]{limits}")
    told = {name for name in row if name.startswith(("target_", "reference_", "gap_"))}
    return lines, told | {"focus_area", "municipality_name", "period_start", "frequency", "subarea_name"}


def _limits(row: Mapping[str, Any], what: str, unit: str) -> str:
    return f"{_text(row[f'{what}_low{unit}'])} to {_text(row[f'{what}_high{unit}'])}"


def _staging(top: Tree, trace: Trace) -> None:
    for item in trace.sums:
        branch = top.add(f"{_mark(item.agrees)} [bold]{item.column}[/]  {_equation(item)}")
        if trace.is_own_data:
            continue
        for row in item.rows[:ROWS_SHOWN]:
            branch.add(_row(row))
        rest = len(item.rows) - ROWS_SHOWN
        if rest > 0:
            branch.add(f"[dim]… and {rest} more rows, all of them in --format json[/]")


def _equation(item: Sum) -> str:
    divided = f" / {item.divisor}" if item.divisor != 1 else ""
    rows = "row" if len(item.rows) == 1 else "rows"
    zeros = f", {item.left_out} left out by the provider because they are 0" if item.left_out else ""
    against = "the published number" if item.agrees else f"but published is {_text(item.published)}"
    total = "a value is missing" if item.total is None else _text(plain(item.total))
    return f"= {total}, {against}: the sum of {len(item.rows)} {rows} of staging.{item.model}{divided}{zeros}"


def _row(row: StagingRow) -> str:
    places = " · ".join(f"{name} {escape(text)}" for name, text in row.published.items())
    corrected = f"  [yellow]{escape(row.correction)}[/]" if row.correction else ""
    return f"{places} → [bold]{_text(plain(row.value))}[/]{corrected}"


def _recomputed(top: Tree, trace: Trace) -> None:
    if trace.figures:
        good = [name for name, value in trace.figures.items() if same(value, trace.cell.row[name])]
        mark = _mark(len(good) == len(trace.figures))
        branch = top.add(
            f"{mark} [bold]in plain Python[/]  from these sums alone: {', '.join(good) or 'nothing'} agree"
        )
        for name, value in trace.figures.items():
            if name not in good:
                branch.add(f"{BAD} {name} is {_text(value)}, published {_text(trace.cell.row[name])}")
    if trace.again is None:
        return
    models = "1 model" if trace.again.models == 1 else f"{trace.again.models} models"
    total, wrong = len(trace.cell.row), len(trace.again.differing)
    what = f"{total - wrong} of {total} columns agree" if trace.again.found == 1 else f"{trace.again.found} such rows"
    top.add(f"{_mark(trace.again.agrees)} [bold]by the release's own SQL[/]  {models} run again on the landing: {what}")


def _bases(top: Tree, trace: Trace) -> None:
    if not trace.bases:
        return
    branch = top.add(f"[bold]rests on[/]  {len(trace.bases)} published gaps")
    for base in trace.bases[:BASES_SHOWN]:
        branch.add(f"{base.role}: gap_pp [bold]{_text(base.cell.row['gap_pp'])}[/]  [dim]{base.command}[/]")
    if len(trace.bases) > BASES_SHOWN:
        branch.add(f"[dim]… and {len(trace.bases) - BASES_SHOWN} more, all of them in --format json[/]")


def _seeds(top: Tree, trace: Trace) -> None:
    if trace.loads or not trace.seeds:
        return
    branch = top.add("[bold]seeds[/]  of the release, as they were")
    for name, digest in trace.seeds.items():
        branch.add(f"{name}  sha256 {digest}")


def _load(top: Tree, proof: LoadProof) -> None:
    said = proof.published
    branch = top.add(
        f"{_mark(proof.holds)} [bold]load {proof.load_id}[/]  {said['status']}, {said['data_origin']} data"
    )
    if proof.files:
        files = branch.add(f"{_mark(all(f.holds for f in proof.files))} sha256 of the landed bytes, computed now:")
        wrong = [item for item in proof.files if not item.holds]
        for item in [*wrong, *(f for f in proof.files if f.holds)][: max(FILES_SHOWN, len(wrong))]:
            now = "as received" if item.holds else f"was {item.stated}"
            files.add(
                f"{_mark(item.holds)} {escape(item.path)}  {item.bytes:,} bytes  {item.now or 'not there'}  {now}"
            )
        if len(proof.files) > FILES_SHOWN:
            matching = sum(item.holds for item in proof.files)
            files.add(f"[dim]{matching} of {len(proof.files)} files match; each is in --format json[/]")
    if proof.manifest:
        asked = branch.add(
            f"request  {escape(str(said['url']))}  (complete in {proof.manifest.landing_path}/request.json)"
        )
        for line in _request(proof.manifest.request):
            asked.add(escape(line))
    updated = said["source_updated_at"] or "not stated by the provider"
    branch.add(f"updated by the provider  {updated}; received {said['received_at']} UTC")
    branch.add(f"licence  {escape(str(said['licence']))}")
    branch.add(f"citation  {escape(str(said['citation']))}")
    branch.add(_verdicts(proof))
    for text in proof.corrections:
        branch.add(f"[yellow]{escape(text)}[/]")
    if said["reason"]:
        branch.add(f"reason  {escape(str(said['reason']).splitlines()[0])}")
    branch.add(f"journal  {' → '.join(proof.journal)}")


def _verdicts(proof: LoadProof) -> str:
    found = proof.verdicts
    kinds = {"blocking": found["blocking_failed"], "advisory": found["advisory_failed"]}
    failed = [f"{number} {kind} failed" for kind, number in kinds.items() if number]
    return f"judged  {found['expectations']} expectations, {', '.join(failed) or 'none failed'}"


def _verdict(top: Tree, trace: Trace) -> None:
    if trace.holds:
        top.add(f"{GOOD} [bold]traced[/]: every hash matches, and the row is recomputed")
        return
    branch = top.add(f"{BAD} [bold red]not traced[/]")
    for problem in trace.problems:
        branch.add(escape(problem))


def _mark(good: bool) -> str:
    return GOOD if good else BAD


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "missing"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _request(request: Mapping[str, Any]) -> list[str]:
    """A request to the StatBank variable by variable; any other as it is, cut where it is long."""
    if "variables" not in request:
        text = json.dumps(request, ensure_ascii=False)
        rest = len(text) - REQUEST_SHOWN
        return [text if rest <= 0 else f"{text[:REQUEST_SHOWN]}… ({rest} more characters)"]
    lines = [" · ".join(f"{name} {value}" for name, value in request.items() if name != "variables")]
    for variable in request["variables"]:
        values = variable["values"]
        more = f", … ({len(values)} codes)" if len(values) > CODES_SHOWN else ""
        lines.append(f"{variable['code']}: {', '.join(values[:CODES_SHOWN])}{more}")
    return lines
