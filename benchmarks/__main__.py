"""``make bench``: every benchmark in turn, each into ``benchmarks/results/<name>.json``; or those named.

``python -m benchmarks peers-setup`` builds the environment of the peers that ``load`` stands beside, ``python -m
benchmarks page`` writes the measured tables of ``docs/benchmarks.md`` again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import growth, load, marts, national, page, runs, validation
from warehouse.settings import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "load": load.measure,
    "growth": growth.measure,
    "national": national.measure,
    "validation": validation.measure,
    "marts": marts.measure,
    "runs": runs.measure,
}


def main(names: list[str]) -> int:
    """Measure, print, and write; without names all of them. 2 for a name that is none."""
    if names in (["peers-setup"], ["page"]):
        return load.peers_setup() if names == ["peers-setup"] else page.write()
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        text = json.dumps(BENCHMARKS[name](), indent=1, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
