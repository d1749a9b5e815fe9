"""The one dbt process of `build_marts`, told to Airflow as little as the tasks beside it need.

Cosmos' producer turns every event of dbt into JSON and writes four messages for every node into Airflow's database. A
task waits only for a mart, so only what is said of marts, and whatever has gone wrong, takes that way. The other lines
that dbt shows a person go into the task's log as they are; all of them stand in ``<home>/logs/dbt.log``, too. Out of
scope: what dbt builds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cosmos.operators.watcher import DbtProducerWatcherOperator

from warehouse.airflow import remember_parsed_project
from warehouse.settings import read_settings

MARTS = "marts/"  # in the models of dbt
QUIET = frozenset({"debug", "test"})
WRONG = frozenset({"warn", "error"})
FOR_TRIGGERS = frozenset({"MainReportVersion", "AdapterRegistered"})

Hears = Callable[[Any], None]


class Producer(DbtProducerWatcherOperator):
    """Cosmos' producer, with a filter before what it hears, and with the project as it was parsed before."""

    def run_command(self, *command: Any, **options: Any) -> Any:
        """Run dbt in Cosmos' copy of the project; only what has changed since :func:`prepare` is parsed again."""
        remember_parsed_project(read_settings())
        return super().run_command(*command, **options)

    @property
    def _dbt_runner_callbacks(self) -> list[Hears] | None:
        heard: list[Hears] | None = self.__dict__.get("_dbt_runner_callbacks")
        return heard

    @_dbt_runner_callbacks.setter
    def _dbt_runner_callbacks(self, callbacks: list[Hears] | None) -> None:
        self.__dict__["_dbt_runner_callbacks"] = callbacks and [self._filtered(callback) for callback in callbacks]

    def _filtered(self, callback: Hears) -> Hears:
        def hear(event: Any) -> None:
            if is_told(event):
                callback(event)
            elif event.info.level not in QUIET:
                self.log.info("%s", event.info.msg)

        return hear


def is_told(event: Any) -> bool:
    """Is this event of dbt (an ``EventMsg``) worth a message: of a mart, or of something that has gone wrong?"""
    if event.info.level in WRONG or event.info.name in FOR_TRIGGERS:
        return True
    if event.info.level in QUIET and event.info.name != "NodeFinished":
        return False
    node = getattr(event.data, "node_info", None)
    return node is not None and node.resource_type == "model" and node.node_path.startswith(MARTS)
