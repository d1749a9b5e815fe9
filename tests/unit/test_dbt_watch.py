"""What of dbt's events is told to Airflow, and what dbt remembers of the project from one build to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.airflow import remember_parsed_project
from warehouse.dbt_watch import is_told
from warehouse.settings import Settings


def event(name: str, level: str, resource_type: str = "") -> dict[str, object]:
    node = {"resource_type": resource_type, "node_status": "success"} if resource_type else None
    return {"info": {"name": name, "level": level}, "data": {"node_info": node} if node else {}}


@pytest.mark.parametrize("kind", ["model", "seed"])
def test_the_end_of_what_a_task_may_wait_for_is_told(kind: str) -> None:
    assert is_told(event("NodeFinished", "debug", kind))


@pytest.mark.parametrize(
    "silent",
    [
        event("NodeFinished", "debug", "test"),
        event("NodeStart", "debug", "model"),
        event("NodeCompiling", "debug", "model"),
        event("SQLQuery", "debug", "model"),
        event("Formatting", "debug"),
    ],
)
def test_what_nobody_waits_for_is_not(silent: dict[str, object]) -> None:
    assert not is_told(silent)


def test_an_error_is_always_told() -> None:
    assert is_told(event("RunResultError", "error", "test"))
    assert is_told(event("LogTestResult", "warn", "test"))
    assert is_told(event("MainReportVersion", "info"))


def test_dbt_remembers_the_project_and_no_copy_of_it(tmp_path: Path) -> None:
    """What a build left of Cosmos' copy, whose files are gone, is never there for the next one."""
    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    remembered = tmp_path / "dbt" / "target" / "partial_parse.msgpack"
    remembered.parent.mkdir(parents=True)
    remembered.write_bytes(b"of a copy")
    remember_parsed_project(settings)
    assert not remembered.exists()
    (tmp_path / "dbt" / "partial_parse.msgpack").write_bytes(b"of the project")
    remembered.write_bytes(b"of a copy")
    remember_parsed_project(settings)
    assert remembered.read_bytes() == b"of the project"
