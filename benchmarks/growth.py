"""Growth: one, two, four and eight times 9.6 million rows; seconds are to grow with them and memory not at all.

Ours and the floor in turn, as in ``benchmarks/load.py``. The drawing goes to ``docs/growth.svg``.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks import folk1e, measuring
from benchmarks.load import run_one
from benchmarks.measuring import Run
from benchmarks.provider import provider
from warehouse.settings import REPOSITORY

TIMES = (1, 2, 4, 8)
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONTENDERS = ("ours", "floor")
CHART = REPOSITORY / "docs" / "growth.svg"
LINEAR = 1.25  # a row may cost so much more at eight times the rows: the noise between rounds on a shared machine
FLAT = 1.5  # and memory may be so much more
_NAMES = {"ours": "this warehouse", "floor": "curl and read_csv"}


def measure() -> dict[str, Any]:
    """All sizes, three rounds, and the drawing."""
    points = [point for times in TIMES for point in _at(times)]
    draw(points, CHART)
    ours = [point for point in points if point["contender"] == "ours"]
    first, last = ours[0], ours[-1]
    return {
        "what": "the load of benchmarks/load.py at one, two, four and eight times the rows",
        "rounds": ROUNDS,
        "points": points,
        "seconds_per_row_at_most_times_first": round(
            last["seconds"] / last["rows"] / (first["seconds"] / first["rows"]), 3
        ),
        "memory_at_most_times_first": round(last["peak_memory_mb"] / first["peak_memory_mb"], 3),
        "goals": {"seconds_per_row": LINEAR, "memory": FLAT},
        "chart": str(CHART.relative_to(REPOSITORY)),
        **measuring.surroundings("python -m benchmarks growth", ("duckdb", "altair")),
    }


def _at(times: int) -> list[dict[str, Any]]:
    runs: dict[str, list[Run]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        body, quarters = Path(folder) / "body.csv", folk1e.QUARTERS * times
        rows = folk1e.write(body, quarters)
        with provider(body, quarters) as url:
            for number in range(ROUNDS):
                for name in CONTENDERS[:: -1 if number % 2 else 1]:
                    runs[name].append(run_one(name, url))
    return [
        {
            "contender": name,
            "times": times,
            "rows": rows,
            "seconds": measuring.median(run.seconds for run in runs[name]),
            "processor_seconds": measuring.median(float(run.told["cpu_seconds"]) for run in runs[name]),
            "peak_memory_mb": max(run.peak_mb for run in runs[name]),
        }
        for name in CONTENDERS
    ]


def draw(points: list[dict[str, Any]], path: Path) -> None:
    """Seconds and peak memory over the rows, side by side, as SVG."""
    import altair as alt

    shown = [{**point, "rows": point["rows"] / 1e6, "contender": _NAMES[str(point["contender"])]} for point in points]
    base = alt.Chart(alt.Data(values=shown)).mark_line(point=True)
    rows = alt.X("rows:Q", title="million rows", scale=alt.Scale(zero=True))
    colour = alt.Color("contender:N", title=None, scale=alt.Scale(range=["#8a8a8a", "#00508c"]))
    panels = [
        base.encode(x=rows, color=colour, y=alt.Y(f"{field}:Q", title=title)).properties(width=300, height=220)
        for field, title in (
            ("seconds", "seconds"),
            ("processor_seconds", "processor seconds"),
            ("peak_memory_mb", "peak memory, MB"),
        )
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    alt.hconcat(*panels).save(str(path))
