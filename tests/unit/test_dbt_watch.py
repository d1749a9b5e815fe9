"""Of what dbt says, Airflow's database gets what a task waits for, and whatever has gone wrong.

And what dbt remembers of the project from one build to the next.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cosmos.settings
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from cosmos import ProfileConfig
from cosmos.exceptions import CosmosDbtRunError
from cosmos.operators.local import DbtLocalBaseOperator
from dbt.adapters.events.types import SQLQuery
from dbt.events.types import (
    LogModelResult,
    LogStartLine,
    LogTestResult,
    MainReportVersion,
    NodeCompiling,
    NodeFinished,
    NodeStart,
    SkippingDetails,
)
from dbt_common.events.base_types import BaseEvent, EventLevel, msg_from_base_event
from dbt_common.events.types import Formatting

from warehouse.airflow import DBT_PROJECT, remember_parsed_project
from warehouse.dbt_watch import Mart, Producer, is_told
from warehouse.settings import Settings

MART = {"resource_type": "model", "node_path": "marts/gaps.sql", "unique_id": "model.integration_gaps.gaps"}
STEP = {"resource_type": "model", "node_path": "intermediate/int_series.sql", "unique_id": "model.integration_gaps.i"}
SEED = {"resource_type": "seed", "node_path": "areas.csv", "unique_id": "seed.integration_gaps.areas"}
TEST = {"resource_type": "test", "node_path": "marts/unique_gaps.sql", "unique_id": "test.integration_gaps.unique"}
NUMBER: dict[str, Any] = {"index": 1, "total": 2}


def said(event: BaseEvent, level: EventLevel | None = None) -> Any:
    return msg_from_base_event(event, level=level)


def result(node: dict[str, str], level: EventLevel) -> Any:
    common = {"status": level.value, "node_info": node, "execution_time": 0.1}
    if node is TEST:
        return said(LogTestResult(name="unique", index=1, num_models=2, num_failures=0, **common), level)
    return said(LogModelResult(description="a table", **NUMBER, **common), level)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (said(NodeFinished(node_info=MART), EventLevel.DEBUG), True),
        (said(NodeFinished(node_info=STEP), EventLevel.DEBUG), False),
        (said(NodeFinished(node_info=TEST), EventLevel.DEBUG), False),
        (said(LogStartLine(description="a table", **NUMBER, node_info=MART)), True),
        (said(LogStartLine(description="a table", **NUMBER, node_info=STEP)), False),
        (said(SkippingDetails(resource_type="model", schema="", node_name="gaps", **NUMBER, node_info=MART)), True),
        (said(LogStartLine(description="a table", **NUMBER, node_info=MART), EventLevel.DEBUG), False),
        (result(MART, EventLevel.INFO), True),
        (result(STEP, EventLevel.INFO), False),
        (result(TEST, EventLevel.INFO), False),
        (result(STEP, EventLevel.ERROR), True),
        (result(TEST, EventLevel.ERROR), True),
        (result(TEST, EventLevel.WARN), True),
        (said(MainReportVersion(version="1", log_version=3)), False),
        (said(NodeStart(node_info=MART), EventLevel.DEBUG), False),
        (said(NodeCompiling(node_info=MART), EventLevel.DEBUG), False),
        (said(SQLQuery(conn_name="gaps", sql="select 1", node_info=MART), EventLevel.DEBUG), False),
        (said(Formatting("")), False),
        (said(NodeFinished(node_info=SEED), EventLevel.DEBUG), False),
    ],
)  # fmt: skip
def test_a_mart_and_what_has_gone_wrong_are_told(event: Any, told: bool) -> None:
    assert is_told(event) is told


def test_the_other_lines_stand_in_the_log_of_the_task(caplog: pytest.LogCaptureFixture) -> None:
    profile = ProfileConfig("integration_gaps", "dev", profiles_yml_filepath=DBT_PROJECT / "profiles.yml")
    producer, heard = Producer(project_dir=str(DBT_PROJECT), profile_config=profile), list[Any]()
    assert producer._dbt_runner_callbacks is None
    producer._dbt_runner_callbacks = [heard.append]
    [hear] = producer._dbt_runner_callbacks
    failed, passed = result(TEST, EventLevel.ERROR), result(TEST, EventLevel.INFO)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for event in (failed, passed, said(NodeFinished(node_info=STEP), EventLevel.DEBUG)):
            hear(event)
    assert heard == [failed]
    assert [record.getMessage() for record in caplog.records] == [passed.info.msg]


class Said:
    """A task instance: which try it is, and what dbt has said (XCom key → value)."""

    def __init__(self, said: dict[str, Any], try_number: int = 1) -> None:
        self.said, self.try_number, self.dag_id, self.map_index = said, try_number, "build_marts", -1

    def xcom_push(self, **_: Any) -> None:
        pass

    def xcom_pull(self, task_ids: str | None = None, *, key: str, **_: Any) -> Any:
        return self.said.get(key)


@pytest.mark.parametrize("try_number", [1, 2])
@pytest.mark.parametrize("state", ["success", "failed", "skipped"])
def test_a_mart_shows_what_dbt_said_and_never_runs_dbt(
    monkeypatch: pytest.MonkeyPatch, state: str, try_number: int
) -> None:
    mart = Mart(
        task_id="gaps_run",
        project_dir=str(DBT_PROJECT),
        profile_config=ProfileConfig("integration_gaps", "dev", profiles_yml_filepath=DBT_PROJECT / "profiles.yml"),
        deferrable=False,
        extra_context={"dbt_node_config": {"unique_id": MART["unique_id"]}},
    )
    monkeypatch.setattr(Mart, "_get_producer_task_status", lambda *_: state)
    monkeypatch.setattr(Mart, "build_and_run_cmd", lambda *_, **__: pytest.fail("it ran dbt"))

    def poke(status: str | None) -> Any:
        said = {"model__integration_gaps__gaps_status": {"status": status, "outlet_uris": []}} if status else {}
        return mart.poke({"ti": Said(said, try_number), "run_id": "a"})

    assert poke("success") is True
    with pytest.raises(AirflowException, match="finished with status 'error'"):
        poke("error")
    with pytest.raises(AirflowFailException, match=rf"({state}).*said nothing of {MART['unique_id']}[^$]*next: "):
        poke(None)


@pytest.mark.parametrize("refused", [AirflowException, CosmosDbtRunError])
def test_dbt_runs_at_every_try_and_what_it_refuses_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, refused: type[Exception]
) -> None:
    """Cosmos skips a second try, and the tests with it: what they had found would be published."""
    profile = ProfileConfig("integration_gaps", "dev", profiles_yml_filepath=DBT_PROJECT / "profiles.yml")
    producer = Producer(project_dir=str(DBT_PROJECT), profile_config=profile, emit_datasets=False)
    runs: list[int] = []

    def run(_: Any, context: Any, **__: Any) -> str:
        runs.append(context["ti"].map_index)
        if len(runs) == 3:
            raise refused("2 of 329 tests failed")
        return "built"

    monkeypatch.setattr(DbtLocalBaseOperator, "execute", run)
    monkeypatch.setattr(cosmos.settings, "enable_watcher_reliable_retry", False)
    for try_number in (1, 2):
        assert producer.execute({"ti": Said({}, try_number), "run_id": "a"}) == "built"
    with pytest.raises(AirflowFailException, match="2 of 329 tests failed"):
        producer.execute({"ti": Said({}), "run_id": "a"})
    assert runs == [-1, -1, -1]


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
