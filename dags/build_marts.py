"""raw → marts → release, whenever a dataset has been promoted.

One dbt process builds and tests every model; each mart shows as a task after it (Cosmos' watcher). Then the marts are
judged (Great Expectations), against the current release too; only then the release is built aside, checked and
published whole.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

import pendulum
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, SeedRenderingBehavior, TestBehavior
from cosmos.operators.watcher import DbtRunWatcherOperator
from dataset_chain import COPENHAGEN, DEFAULT_ARGS, LAST, WRITER_POOL, asset

from warehouse import lake
from warehouse.airflow import DBT_PROFILE, dbt_environment, dbt_manifest
from warehouse.dbt_watch import Mart, Producer
from warehouse.errors import WarehouseError
from warehouse.records import catalogue
from warehouse.settings import REPOSITORY, read_settings

DBT_PROJECT = REPOSITORY / "dbt_project"


@task.short_circuit(pool=WRITER_POOL)
def needed() -> bool:
    """Is there anything to build? Datasets that came together set off several runs, and the first one builds them all.

    PostgreSQL, which may have been away when the release was published, is given it now.
    """
    from warehouse import postgres, release

    settings = read_settings()
    if not release.is_up_to_date(settings):
        return True
    folder = release.current(settings)
    assert folder
    postgres.bring_up_to_date(settings, folder)
    return False


@task(pool=WRITER_POOL)
def judge() -> str:
    """Judge the marts; a blocking expectation that is not met leaves the current release as it is."""
    from expectations import marts_run

    verdict = marts_run.judge(read_settings())
    try:
        return marts_run.require(verdict).build_id
    except WarehouseError as error:  # a retry would find the same
        raise AirflowFailException(str(error)) from error


@task(pool=WRITER_POOL)
def publish() -> str:
    """Build the release aside, check it, and let ``releases/current`` point at it."""
    from warehouse import release

    return release.publish(read_settings())


with DAG(
    dag_id="build_marts",
    doc_md=__doc__,
    schedule=reduce(or_, (asset(record) for record in catalogue().values())),
    start_date=pendulum.datetime(2025, 1, 1, tz=COPENHAGEN),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULT_ARGS, "priority_weight": LAST},
    tags=["marts"],
):
    marts = DbtTaskGroup(
        group_id="dbt",
        project_config=ProjectConfig(
            dbt_project_path=DBT_PROJECT,
            manifest_path=dbt_manifest(read_settings()),
        ),
        profile_config=ProfileConfig(
            profile_name=DBT_PROFILE,
            target_name=lake.dbt_target(read_settings()),
            profiles_yml_filepath=DBT_PROJECT / "profiles.yml",
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=["path:models/marts"],  # a task for each mart: under a scheduler every task is a process
            test_behavior=TestBehavior.NONE,  # no task of their own: see below
            seed_rendering_behavior=SeedRenderingBehavior.NONE,  # dbt loads them; no task for each
        ),
        operator_args={
            "env": dbt_environment(read_settings()),
            "append_env": True,
            "emit_datasets": False,  # our own lineage names the tables; Cosmos would add assets by machine paths
            "dbt_cmd_flags": ["--exclude-resource-type", "unit_test"],  # those test the code, in `make test`
        },
    )
    dbt = marts.children["dbt.dbt_producer_watcher"]
    dbt.__class__ = Producer
    dbt.select = None  # everything, whatever has a task
    dbt.pool = WRITER_POOL
    # Models and their tests under one hold of the writer: a load promoted in between would fail the tests.
    dbt.dbt_cmd_flags = [*dbt.dbt_cmd_flags, "--resource-type", "test"]
    dbt.dbt_cmd_global_flags = ["--log-level", "none"]  # Cosmos throws away what dbt prints, having heard it
    for mart in [step for step in marts.children.values() if isinstance(step, DbtRunWatcherOperator)]:
        mart.__class__, mart.deferrable = Mart, False
        if not mart.upstream_task_ids:  # it rests on no other mart
            dbt >> mart
    needed() >> marts >> judge() >> publish()
