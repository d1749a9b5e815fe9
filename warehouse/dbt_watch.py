"""The one dbt process of `build_marts`, and the marts' tasks after it.

Cosmos' producer turns every event of dbt into JSON and writes four messages for every node into Airflow's database. A
task asks only for a mart, so only what is said of marts, and whatever has gone wrong, takes that way. The other lines
that dbt shows a person go into the task's log as they are; all of them stand in ``<home>/logs/dbt.log``, too.

Cosmos' consumers wait beside the producer, deferred. Here they come after it: Airflow fails a task that is taken up
again before the scheduler has heard that it had been deferred (the LocalExecutor knows both by one name), and a
consumer that finds the producer failed runs dbt itself, without the writer and its tests. Out of scope: what dbt
builds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException
from cosmos.exceptions import CosmosDbtRunError
from cosmos.operators.watcher import DbtProducerWatcherOperator, DbtRunWatcherOperator

from warehouse.airflow import remember_parsed_project
from warehouse.errors import WarehouseError
from warehouse.settings import read_settings

MARTS = "marts/"  # in the models of dbt
QUIET = frozenset({"debug", "test"})
WRONG = frozenset({"warn", "error"})

Hears = Callable[[Any], None]


class Producer(DbtProducerWatcherOperator):
    """Cosmos' producer, with a filter before what it hears, and with the project as it was parsed before.

    It runs at every try. Cosmos skips it at a second one, and dbt's tests with it, since its consumers may be at work;
    ours come afterwards. What dbt itself refuses is not tried again: it would find the same.
    """

    def execute(self, context: Any, **options: Any) -> Any:
        """Run dbt.

        Raises:
            AirflowFailException: a model or a test has failed.
        """
        anew = _Anew(context["ti"])
        try:
            return super().execute({**context, "ti": anew, "task_instance": anew}, **options)
        except (AirflowException, CosmosDbtRunError) as error:
            raise AirflowFailException(str(error)) from error

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


class _Anew:
    """A task instance as if at its first try."""

    try_number = 1

    def __init__(self, task_instance: Any) -> None:
        self._task_instance = task_instance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task_instance, name)


class Mart(DbtRunWatcherOperator):
    """A mart's task, once dbt has ended well: it shows what dbt said of the mart, and never runs dbt.

    Raises (from ``execute``):
        AirflowFailException: dbt has said nothing of the mart.
    """

    def _handle_retry(self, try_number: int, producer_task_state: str | None, context: Any) -> bool | None:
        return None  # Cosmos would run dbt; what dbt has said still stands there

    def _handle_no_dbt_node_status(self, producer_task_state: str | None, try_number: int, context: Any) -> bool:
        nothing = WarehouseError(
            f"dbt has ended ({producer_task_state}) and has said nothing of {self.model_unique_id}",
            {"task": self.producer_task_id},
            "read the log of that task, and start build_marts again",
        )
        raise AirflowFailException(str(nothing))


def is_told(event: Any) -> bool:
    """Is this event of dbt (an ``EventMsg``) worth a message: of a mart, or of something that has gone wrong?"""
    if event.info.level in WRONG:
        return True
    if event.info.level in QUIET and event.info.name != "NodeFinished":
        return False
    node = getattr(event.data, "node_info", None)
    return node is not None and node.resource_type == "model" and node.node_path.startswith(MARTS)
