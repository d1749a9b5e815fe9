"""A worker of the lake's trial, as a process of its own: every step of some datasets, and when each step was at work.

``python lake_trial.py FAMILY …`` (a family is datasets with commas between them) prints one JSON line a step: what,
of which dataset, from when to when (seconds of the machine's clock). ``python lake_trial.py --publish`` judges the
marts and publishes them. The settings come from the environment, as everywhere.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def step(what: str, dataset: str, action: Callable[..., Any], *arguments: Any) -> Any:
    """Do it, and print when it was at work."""
    begin = time.time()
    result = action(*arguments)
    print(json.dumps({"step": what, "dataset": dataset, "begin": begin, "end": time.time()}), flush=True)
    return result


def ingest(datasets: list[str]) -> None:
    """One family: landed, loaded, judged together, promoted; a rejected load raises."""
    from expectations.run import require, validate
    from ingestion import pipeline
    from warehouse.settings import read_settings

    settings, run = read_settings(), ("trial", "lake")
    moved = [name for name in datasets if step("look", name, pipeline.changed, name, settings, run)]
    loads = {name: step("land", name, pipeline.land, name, settings, run) for name in moved}
    for name, load_id in loads.items():
        step("load", name, pipeline.load, load_id, settings)
    for name, load_id in loads.items():
        require(step("validate", name, validate, load_id, settings))
    for name, load_id in loads.items():
        step("promote", name, pipeline.promote, load_id, settings)


def publish() -> None:
    """The marts are judged, and a release is made of them."""
    from expectations import marts_run
    from warehouse import release
    from warehouse.settings import read_settings

    settings = read_settings()
    marts_run.require(step("judge", "marts", marts_run.judge, settings))
    step("publish", "marts", release.publish, settings)


if __name__ == "__main__":
    if sys.argv[1:] == ["--publish"]:
        publish()
    else:
        for family in sys.argv[1:]:
            ingest(family.split(","))
