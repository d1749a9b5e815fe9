"""``warehouse run``: every ingest DAG with something to do and then ``build_marts``, through Airflow, in this process.

What a person sees is one line a step; what Airflow, dbt and Great Expectations print goes to a log file under
``<home>/logs``. One run at a time: a second one waits for the first.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime

from warehouse import airflow, corrections, lateness, ledger, postgres, progress, rebuild, release
from warehouse.db import file_lock
from warehouse.errors import WarehouseError
from warehouse.progress import Lines, output_to
from warehouse.records import INGEST_DAGS, records_of
from warehouse.settings import Settings, read_settings, writable_home

BUILD_DAG = "build_marts"
# What a run imports anyway, imported while Airflow's database is being made; the dearest first.
AHEAD = (
    "great_expectations",
    "airflow.dag_processing.dagbag",
    "airflow.api_fastapi.execution_api.app",
    "cosmos.operators.watcher",
    "dbt.cli.main",
)
GARBAGE = (50_000, 10, 10)  # Python's own (700, 10, 10) looks through all of Airflow and dbt for seconds of a run
LONGEST_RUN = 6 * 3600.0  # seconds that a second run waits for the first: a first load of the country takes a while


@contextmanager
def sample_settings(settings: Settings) -> Iterator[Settings]:
    """Start the sample providers on a free port and point the settings of this process at them."""
    from sample_providers import start, write_inbox

    folder = settings.root / "sample_inbox"
    write_inbox(folder)
    with start(port=0) as running:
        os.environ["WAREHOUSE_STATBANK_URL"] = running.statbank_url
        os.environ["WAREHOUSE_ELECTIONS_URL"] = running.elections_url
        os.environ["WAREHOUSE_EDUCATION_URL"] = running.education_url
        os.environ["WAREHOUSE_JOBINDSATS_URL"] = running.jobindsats_url
        # A sample run uses no token of yours: what needs one shows as not delivered.
        os.environ["WAREHOUSE_EDUCATION_TOKEN"] = os.environ["WAREHOUSE_JOBINDSATS_TOKEN"] = ""
        os.environ["WAREHOUSE_SAMPLE_INBOX"] = str(folder)
        yield read_settings()


def run(settings: Settings, sample: bool) -> tuple[bool, list[str]]:
    """Run everything; tells whether it went well, and the failures as readable blocks."""
    writable_home(settings)
    gc.set_threshold(*GARBAGE)
    lines = Lines(sys.stderr)
    wait = file_lock(
        settings.root / "run.lock",
        "warehouse run",
        wait_seconds=LONGEST_RUN,
        tell=lambda holder: lines.write("waiting", f"for {holder}"),
    )
    with wait, sample_settings(settings) if sample else nullcontext(settings) as active:
        run_now = progress.Run(lines.write)
        progress.attach(run_now)
        try:
            with output_to(active.root / "logs" / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log", lines):
                good = _run_dags(active)
        finally:
            progress.attach(None)
        return good and not run_now.failures, run_now.failures


def _run_dags(settings: Settings) -> bool:
    rebuild.restore_if_lost(settings)
    corrections.read()
    dags = _dags_with_news(settings)
    if not dags and release.is_up_to_date(settings):
        progress.say("release", "nothing new since the current release")
        return _postgres_is_up_to_date(settings)
    progress.say("airflow", "preparing its database, the writer pool and dbt's manifest")
    with airflow.preparing(settings, ahead=AHEAD) as manifest_is_there:
        results = [airflow.run_dag(dag_id) for dag_id in dags]
        if not all(results):
            progress.say("release", "not published: a load was rejected or failed; the release before stays current")
            return False
        if release.is_up_to_date(settings):
            progress.say("release", "nothing new since the current release")
            return _postgres_is_up_to_date(settings)
        manifest_is_there()
        return airflow.run_dag(BUILD_DAG)


def _dags_with_news(settings: Settings) -> list[str]:
    """The ingest DAGs that would find something to do, by the same look at the providers that their tasks take.

    Running a DAG costs more than asking its providers, and where nothing moved Airflow need not start at all. A
    provider that does not answer, or answers what it should not, is news: its DAG runs, and fails with the reason.
    """
    from ingestion import pipeline

    found: list[str] = []
    for dag_id in INGEST_DAGS:
        datasets = [record.dataset for record in records_of(dag_id)]
        if any(pipeline.has_news(dataset, settings) for dataset in datasets):
            found.append(dag_id)
            continue
        for dataset in datasets:
            progress.say(dataset, "nothing new")
        for item in lateness.late_datasets(settings, ledger.utc_now(), datasets):
            expected = item.expected.period if item.expected else ""
            progress.say(item.dataset, f"late: {expected} has not come; {item.reason}")
    return found


def _postgres_is_up_to_date(settings: Settings) -> bool:
    """PostgreSQL may have been away when the current release was published: it is brought up to date now."""
    folder = release.current(settings)
    assert folder
    try:
        postgres.bring_up_to_date(settings, folder)
    except WarehouseError as error:
        progress.failed("postgres", error)
        return False
    return True
