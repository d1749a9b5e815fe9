"""The report of a chaos run: every kill with its seed, moment, step and outcome, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write(folder: Path, seed: int, seconds: float, tables: int, trials: Sequence[Mapping[str, Any]]) -> None:
    """Write ``chaos.json`` and ``chaos.md``; ``seconds`` is how long the undisturbed run took."""
    facts = {"seed": seed, "undisturbed_seconds": round(seconds, 1), "tables": tables, "trials": list(trials)}
    (folder / "chaos.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "chaos.md").write_text(page(seed, seconds, tables, trials), encoding="utf-8")


def page(seed: int, seconds: float, tables: int, trials: Sequence[Mapping[str, Any]]) -> str:
    """The page."""
    hit = sum(trial["killed_at"] is not None for trial in trials)
    good = sum(not trial["problems"] for trial in trials)
    reads = sum(trial["reads"] for trial in trials)
    lines = [
        "# Kills at moments spread over a whole run",
        "",
        f"{len(trials)} trials with seed {seed}; {hit} hit the run while it was at work. The undisturbed run took "
        f"{seconds:.0f} s; {tables} tables are compared. After {good} of {len(trials)} the release of the one plain "
        f"run that followed equals the undisturbed one, and `warehouse verify` and `warehouse doctor` are clean. "
        f"A reader opened the current release {reads} times.",
        "",
        "| trial | signal | planned | killed at | last step before it | ended in | next run | outcome |",
        "| ---: | --- | --- | ---: | --- | ---: | ---: | --- |",
    ]
    for trial in trials:
        killed = f"{trial['killed_at']:.1f} s" if trial["killed_at"] is not None else "had ended"
        outcome = "; ".join(trial["problems"]).replace("\n", " ").replace("|", "/") or "equal"
        name = f"{trial['number']}{' (empty home)' if trial['fresh'] else ''}"
        lines.append(
            f"| {name} | {trial['signal']} | {trial['planned']} | {killed} | {trial['step']} | "
            f"{trial['ended_in']:.1f} s | {trial['recovered_in']:.0f} s | {outcome} |"
        )
    return "\n".join(lines) + "\n"
