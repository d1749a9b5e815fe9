"""The report of chaos runs: every kill with its seed, moment, step and outcome, as JSON and as a page.

The trials of several calls add up; one that is made again takes the place of the one before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Trials = Sequence[Mapping[str, Any]]
KINDS = {
    "first": "the home is empty, or Airflow is prepared in it",
    "next": "the home has a release, the provider has moved, and ten readers are at work during all of it",
}


def read(folder: Path) -> list[dict[str, Any]]:
    """The trials that are in ``chaos.json`` already."""
    file = folder / "chaos.json"
    return list(json.loads(file.read_text(encoding="utf-8"))["trials"]) if file.exists() else []


def write(folder: Path, seconds: Mapping[str, float], tables: int, trials: Trials, remarks: Sequence[str] = ()) -> None:
    """Write ``chaos.json`` and ``chaos.md``; ``seconds`` is how long the undisturbed run of each kind took."""
    last = {(trial["seed"], trial["number"]): trial for trial in trials}
    ordered = [last[key] for key in sorted(last)]
    facts = {"undisturbed_seconds": dict(seconds), "tables": tables, "remarks": list(remarks), "trials": ordered}
    for name, text in (
        ("chaos.json", json.dumps(facts, ensure_ascii=False, indent=1) + "\n"),
        ("chaos.md", page(seconds, tables, ordered, remarks)),
    ):
        part = folder / f".{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / name)


def page(seconds: Mapping[str, float], tables: int, trials: Trials, remarks: Sequence[str] = ()) -> str:
    """The page."""
    hit = sum(trial["killed_at"] is not None for trial in trials)
    good = sum(not trial["problems"] for trial in trials)
    seeds = ", ".join(str(seed) for seed in sorted({trial["seed"] for trial in trials}))
    commits = Counter(trial["code"] for trial in trials if trial["code"])
    code = ", ".join(f"{commit} ({count})" for commit, count in commits.most_common())
    lines = [
        "# Kills at moments spread over a whole run",
        "",
        f"{len(trials)} trials with seed {seeds}; {hit} hit the run while it was at work. {tables} tables are "
        f"compared. After {good} of {len(trials)} the release of the one plain run that followed equals the "
        "undisturbed one, `warehouse verify` and `warehouse doctor` are clean, and no reader met an error or a mixture."
        + (f" Commit (trials): {code}." if code else ""),
        "",
        *(_of_kind(kind, said, seconds, trials) for kind, said in KINDS.items()),
        *(f"- {remark}" for remark in remarks),
        "",
        "| trial | kind | signal | planned | killed at | last step before it | ended in | next run | reads | outcome |",
        "| ---: | --- | --- | --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    lines += [_row(trial, len(seeds.split(",")) > 1) for trial in trials]
    return "\n".join(lines) + "\n"


def _of_kind(kind: str, said: str, seconds: Mapping[str, float], trials: Trials) -> str:
    of_it = [trial for trial in trials if trial["kind"] == kind]
    reads: Counter[str] = Counter()
    for trial in of_it:
        reads.update(trial["reads"])
    doors = ", ".join(f"{name} {count}" for name, count in reads.items()) or "none"
    took = f"; the undisturbed run of the last call took {seconds[kind]:.0f} s" if kind in seconds else ""
    return f"- `{kind}`: {said}. {len(of_it)} trials{took}. Looks of its readers: {doors}."


def _row(trial: Mapping[str, Any], with_seed: bool) -> str:
    killed = f"{trial['killed_at']:.1f} s" if trial["killed_at"] is not None else "had ended"
    outcome = "; ".join(trial["problems"]).replace("\n", " ").replace("|", "/") or "equal"
    number = f"{trial['seed']}/{trial['number']}" if with_seed else f"{trial['number']}"
    kind = f"{trial['kind']}{' (empty home)' if trial['fresh'] else ''}"
    return (
        f"| {number} | {kind} | {trial['signal']} | {trial['planned']} | {killed} | {trial['step']} | "
        f"{trial['ended_in']:.1f} s | {trial['recovered_in']:.0f} s | {sum(trial['reads'].values())} | {outcome} |"
    )
