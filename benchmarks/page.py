"""``python -m benchmarks page``: the measured tables of ``docs/benchmarks.md``, again from ``benchmarks/results``.

A table stands between ``<!-- figures: NAME -->`` and ``<!-- end -->``; the prose around it is written by hand. A
benchmark that wants figures on the page adds a function to ``SECTIONS``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from warehouse.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "benchmarks.md"
RESULTS = REPOSITORY / "benchmarks" / "results"
_WORDS = {
    "ours": "**this warehouse**",
    "floor": "floor: curl, `read_csv` as it comes",
    "floor_text": "the same, every column as text",
    "parse": "curl, and reading the file into nothing",
    "pandas": "pandas, codes as text",
    "pandas_categories": "pandas, codes as categories",
    "polars": "polars",
    "dlt_file": "dlt, Arrow to Parquet to import",
    "dlt_rows": "dlt, row by row",
    "denstatbank": "denstatbank",
    "plain": "plain SQL",
    "script": "the same SQL as one script",
    "start": "dbt's start: a build of one small seed",
    "models": "**dbt, seeds and models**",
    "tested": "dbt, with its tests, as the DAG runs it",
}
_CASES = {"first": "a first load", "again": "over an earlier load"}
_RUNS = {"first": "the first run, in an empty home", "nothing_new": "a run with nothing new"}


def write() -> int:
    """Fill every table of the page whose results are there."""
    text = PAGE.read_text(encoding="utf-8")
    for name, section in SECTIONS.items():
        file = RESULTS / f"{name}.json"
        if file.exists():
            table = section(json.loads(file.read_text(encoding="utf-8")))
            text = re.sub(
                rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)",
                lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}",
                text,
                flags=re.DOTALL,
            )
    PAGE.write_text(text, encoding="utf-8")
    return 0


def load(result: Mapping[str, Any]) -> str:
    """One line a contender, the quickest first, and how far the goals are met."""
    contenders = sorted(result["contenders"].items(), key=lambda item: float(item[1]["seconds"]))
    lines = [
        "| | seconds | to the floor | lowest to highest | processor, to the floor | peak memory, MB |",
        "| - " * 6 + "|",
    ]
    for name, got in contenders:
        ratio, cpu = got["ratio_to_floor"], got["processor_ratio_to_floor"]
        scaled = f" (from {got['scaled_from_rows']:,} rows)" if "scaled_from_rows" in got else ""
        lines.append(
            f"| {_WORDS[name]}{scaled} | {got['seconds']:.1f} | {ratio['median']:.2f} "
            f"| {ratio['lowest']:.2f} to {ratio['highest']:.2f} | {cpu['median']:.2f} | {got['peak_memory_mb']} |"
        )
    skipped = [f"Skipped: {', '.join(result['skipped'])}.", ""] if result["skipped"] else []
    return "\n".join([*lines, "", *skipped, _goals(result), "", _surroundings(result)])


def growth(result: Mapping[str, Any]) -> str:
    """One line a size."""
    lines = ["| rows | contender | seconds | processor seconds | peak memory, MB |", "| - " * 5 + "|"]
    for point in result["points"]:
        lines.append(
            f"| {point['rows']:,} | {_WORDS[point['contender']]} | {point['seconds']:.1f} "
            f"| {point['processor_seconds']:.1f} | {point['peak_memory_mb']} |"
        )
    goals = result["goals"]
    verdict = " ".join(
        [
            "Ours at the most rows, to the fewest:",
            _against("seconds a row", result["seconds_per_row_at_most_times_first"], goals["seconds_per_row"], 2),
            _against("Peak memory", result["memory_at_most_times_first"], goals["memory"], 2),
        ]
    )
    return "\n".join([*lines, "", verdict, "", _surroundings(result)])


def validation(result: Mapping[str, Any]) -> str:
    """One line a case and contender, and how far the goals are met."""
    lines = [
        "| | | seconds | to plain SQL | lowest to highest | processor seconds | to plain SQL | peak, MB | start |",
        "| - " * 9 + "|",
    ]
    verdicts = []
    for case, contenders in result["cases"].items():
        for name, got in contenders.items():
            ratio, cpu = got["ratio_to_plain"], got["processor_ratio_to_plain"]
            lines.append(
                f"| {_CASES[case]} | {_WORDS[name]}, {got['checks']} checks | {got['seconds']:.1f} "
                f"| {ratio['median']:.2f} | {ratio['lowest']:.2f} to {ratio['highest']:.2f} "
                f"| {got['processor_seconds']:.1f} | {cpu['median']:.2f} | {got['peak_memory_mb']} "
                f"| {got['start_seconds']:.1f} |"
            )
        ours, goals = contenders["ours"], result["goals"]
        verdicts += [
            f"{_CASES[case][:1].upper()}{_CASES[case][1:]}:",
            _against("ratio to plain SQL", ours["ratio_to_plain"]["median"], goals["ratio_to_plain"], 2),
            _against("Peak memory in MB", ours["peak_memory_mb"], goals["peak_memory_mb"], 0),
        ]
    proof = f"Both found a poisoned row of each of the {result['poisoned_checks_found_by_both']} checks before."
    return "\n".join([*lines, "", " ".join([*verdicts, proof]), "", _surroundings(result)])


def marts(result: Mapping[str, Any]) -> str:
    """One line a contender, the dearest nodes, and how far the goal is met."""
    lines = ["| | nodes | seconds | lowest to highest | processor seconds | peak memory, MB |", "| - " * 6 + "|"]
    for name, got in result["contenders"].items():
        lines.append(
            f"| {_WORDS[name]} | {got['nodes']} | {got['seconds']:.1f} "
            f"| {got['lowest_seconds']:.1f} to {got['highest_seconds']:.1f} "
            f"| {got['processor_seconds']:.1f} | {got['peak_memory_mb']} |"
        )
    lines += ["", "| dearest in dbt | seconds in dbt | seconds in the script |", "| - " * 3 + "|"]
    lines += [f"| `{node['node']}` | {node['dbt']:.1f} | {node['script']:.1f} |" for node in result["dearest"]]
    ratio, cpu = result["ratio_to_script"], result["processor_ratio_to_script"]
    verdict = " ".join(
        [
            f"{result['rows']:,} rows, {result['first_year']} on; {result['marts_compared']} marts, the same in all.",
            _against(
                "Models without dbt's start, to the script", ratio["median"], result["goals"]["ratio_to_script"], 2
            ),
            f"Lowest to highest {ratio['lowest']:.2f} to {ratio['highest']:.2f}; of processor seconds "
            f"{cpu['median']:.2f}.",
        ]
    )
    return "\n".join([*lines, "", verdict, "", _surroundings(result)])


def runs(result: Mapping[str, Any]) -> str:
    """The two runs, and the DAG files."""
    lines = ["| | seconds | goal | processor seconds | peak memory, MB |", "| - " * 5 + "|"]
    for kind, got in result["runs"].items():
        goal = result["goals"][kind]
        lines.append(
            f"| {_RUNS[kind]} | {got['seconds']:.1f} | {goal:.0f} | {got['processor_seconds']:.1f} "
            f"| {got['peak_memory_mb']} |"
        )
    lines += [
        f"| `dags/{file}` | {seconds:.2f} | {result['goals']['dag_file']:.0f} | | |"
        for file, seconds in result["dag_files"].items()
    ]
    return "\n".join([*lines, "", _surroundings(result)])


def _goals(result: Mapping[str, Any]) -> str:
    ours, goals = result["contenders"]["ours"], result["goals"]
    ratio, memory = ours["ratio_to_floor"]["median"], ours["peak_memory_mb"]
    floors = {"floor", "floor_text", "parse", "ours"}
    peers = {name: got for name, got in result["contenders"].items() if name not in floors}
    ahead, cheaper = (
        [name for name, got in peers.items() if got[field] <= ours[field]] for field in ("seconds", "processor_seconds")
    )
    return " ".join(
        [
            _against("Ratio to the floor", ratio, goals["ratio_to_floor"], 2),
            _against("Peak memory in MB", memory, goals["peak_memory_mb"], 0),
            f"Quicker than ours: {', '.join(ahead) or 'no peer'}; with fewer processor seconds: "
            f"{', '.join(cheaper) or 'no peer'}.",
        ]
    )


def _against(what: str, got: float, goal: float, digits: int) -> str:
    verdict = "met" if got <= goal else f"missed by {got - goal:.{digits}f}"
    return f"{what}: {got:.{digits}f}, goal {goal:.{digits}f}: {verdict}."


def _surroundings(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    versions = {**result["versions"], **result.get("peer_versions", {})}
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured {result['measured_at'][:10]} by `{result['command']}`, {result['rounds']} rounds, "
        f"on {machine['system']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB. "
        f"Versions: {named}."
    )


SECTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "load": load,
    "growth": growth,
    "validation": validation,
    "marts": marts,
    "runs": runs,
}
