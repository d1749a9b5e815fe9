"""The one dbt process of `build_marts`, told to Airflow as little as the tasks beside it need.

Cosmos' producer writes four messages for every node of dbt into Airflow's database, tests included. Our tests have no
task of their own, and a task that watches a model waits for its end: so only the ends of models and seeds are told, and
whatever dbt would show a person. Out of scope: what dbt builds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cosmos.operators.watcher import DbtProducerWatcherOperator

from warehouse.airflow import remember_parsed_project
from warehouse.settings import read_settings

WATCHED = frozenset({"model", "seed", "snapshot"})
QUIET = frozenset({"debug", "test"})


class Producer(DbtProducerWatcherOperator):
    """Cosmos' producer, with a filter before what it writes, and with the project as it was parsed before."""

    def run_command(self, *command: Any, **options: Any) -> Any:
        """Run dbt in Cosmos' copy of the project; only what has changed since :func:`prepare` is parsed again."""
        remember_parsed_project(read_settings())
        return super().run_command(*command, **options)

    def _make_parse_callable(self) -> Callable[[str, Any], None]:
        tell = super()._make_parse_callable()

        def tell_ends(line: str, extra: Any) -> None:
            if is_told(json.loads(line)):
                tell(line, extra)

        return tell_ends


def is_told(event: dict[str, Any]) -> bool:
    """Is this event of dbt worth a message: the end of a model or seed, or a line that dbt would show a person?"""
    info = event.get("info", {})
    node = event.get("data", {}).get("node_info") or {}
    if info.get("name") == "NodeFinished":
        return node.get("resource_type") in WATCHED
    return info.get("level") not in QUIET
