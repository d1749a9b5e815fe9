"""The warehouse of the decade in a process of its own: it runs the code, seeds and catalogue of a checkout.

Started as a program with the checkout first on the path; takes one JSON request a line, answers one JSON line. What
dbt and Great Expectations print goes to a log. Nothing here knows the world.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Request = dict[str, Any]


def _settings(variables: dict[str, str]) -> Any:
    from warehouse.settings import Settings

    names = {name.removeprefix("WAREHOUSE_").lower(): value for name, value in variables.items()}
    return Settings(_env_file=None, **names)  # type: ignore[call-arg, arg-type]


def ingest(settings: Any, request: Request) -> dict[str, Any]:
    """Every step of every dataset, as the ingest DAGs take them; what was refused or failed, with the reason."""
    import expectations.gx_duckdb  # noqa: F401
    from expectations.run import require, validate
    from ingestion import pipeline
    from ingestion.http import Client
    from warehouse.errors import WarehouseError
    from warehouse.records import catalogue

    pipeline.make_client = functools.partial(Client, sleep=lambda _: None)  # type: ignore[assignment]
    run, problems, loads = ("decade", str(request["run"])), {}, {}

    def step(dataset: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except WarehouseError as error:
            problems[dataset] = error.block()
            return None

    for name in catalogue():
        if step(name, functools.partial(pipeline.changed, name, settings, run)):
            load_id = step(name, functools.partial(pipeline.land, name, settings, run))
            if load_id:
                loads[name] = load_id
    steps = (
        lambda load_id: pipeline.load(load_id, settings),
        lambda load_id: require(validate(load_id, settings)),
        lambda load_id: pipeline.promote(load_id, settings),
    )
    for act in steps:
        for name, load_id in loads.items():
            if name not in problems:
                step(name, functools.partial(act, load_id))
    return {"loads": loads, "problems": problems}


def build(settings: Any, request: Request) -> dict[str, Any]:
    """Models and tests by dbt, the judgement of the marts, and the release, as ``build_marts`` does them.

    Not ``thorough``: without dbt's tests, and without the pages that people read, which take most of the time.
    """
    from dbt.cli.main import dbtRunner

    from expectations import marts_run
    from warehouse import release
    from warehouse.airflow import DBT_PROJECT, dbt_environment

    pages = release.write_report
    os.environ.update(dbt_environment(settings))
    where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    left_out = ["unit_test"] if request["thorough"] else ["unit_test", "test"]
    if not request["thorough"]:
        release.write_report = lambda *_: None
    done = dbtRunner().invoke(["-q", "--no-write-json", "build", *where, "--exclude-resource-type", *left_out])
    failed = [f"{one.node.name}: {one.message}" for one in getattr(done.result, "results", None) or ()
              if str(one.status) in {"error", "fail"}]  # fmt: skip
    if not done.success:
        return {"failed": failed or [str(done.exception)]}
    marts_run.require(marts_run.judge(settings))
    try:
        return {"release": release.publish(settings)}
    finally:
        release.write_report = pages


def verify(settings: Any, request: Request) -> dict[str, Any]:
    """What ``warehouse verify`` finds."""
    from warehouse import verify as module

    return {"findings": [f"{one.file} {one.what}" for one in module.verify(settings).findings]}


def rebuild(settings: Any, request: Request) -> dict[str, Any]:
    """``warehouse rebuild --as-of``: which tables differ."""
    from warehouse.rebuild import rebuild as again

    found = again(settings, request["as_of"], Path(request["into"]))
    return {"release": found.release_id, "differing": found.differing, "code_differs": found.code_differs}


ACTIONS = {"ingest": ingest, "build": build, "verify": verify, "rebuild": rebuild}


def main(log: Path) -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = ACTIONS[request["do"]](_settings(request["variables"]), request)
        except Exception as error:  # what goes wrong is told where it was asked
            said = error.block() if hasattr(error, "block") else str(error)
            answer = {"error": f"{type(error).__name__}: {said}"}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
