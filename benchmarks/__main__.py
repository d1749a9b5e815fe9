"""``make bench``: every benchmark in turn, each into ``benchmarks/results/<name>.json``; or those named."""

from __future__ import annotations

import json
import sys

from benchmarks import load, national
from warehouse.settings import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
BENCHMARKS = {"load": load.measure, "national": national.measure}


def main(names: list[str]) -> int:
    """Measure, print, and write; without names all of them."""
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        text = json.dumps(BENCHMARKS[name](), indent=1, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
