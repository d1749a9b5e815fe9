"""What of dbt's events is told to Airflow: the ends of models and seeds, and what a person would be shown."""

from __future__ import annotations

import pytest

from warehouse.dbt_watch import is_told


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
