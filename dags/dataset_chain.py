"""The chain that every dataset goes through: changed → land → load → validate → promote.

Datasets of one family (FOLK1E with FOLK1C, RAS201 with RAS200) are judged together: none of them is promoted before
all of them are validated. Heavy modules are imported inside the tasks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Asset, MultipleCronTriggerTimetable, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse import progress
from warehouse.errors import LoadRejected, SettingsError, TokenRefused
from warehouse.records import Record, catalogue
from warehouse.settings import read_settings

WRITER_POOL = "duckdb_writer"
COPENHAGEN = pendulum.timezone("Europe/Copenhagen")
# Who gets the one writer first: what is on its way into raw, and only then a build.
FIRST, LAST = 100, 1


def tell_failure(context: Any) -> None:
    """Failure callback, once a task has failed for good: the reason and the next step, for whoever runs this."""
    if progress.watched():
        progress.failed(context["task_instance"].task_id, context.get("exception"))
        return
    from warehouse import notify

    notify.tell_failure(context, read_settings())


def looks(at: str) -> MultipleCronTriggerTimetable:
    """When a DAG looks at its providers: ``at`` ('30 8' is 08:30) in Copenhagen, summer time or not.

    Every morning around the release days that the catalogue knows as announced, and each Monday for all that comes on
    other days. A look costs one small question a dataset.
    """
    announced = [
        (record.release, (1, 4, 7, 10) if record.cadence == "quarter" else (1,))
        for record in catalogue().values()
        if record.release and record.release.basis == "announced"
    ]
    crons = set()
    for day, begins in announced:
        months = sorted((month + day.months - 1) % 12 + 1 for month in begins)
        window = f"{max(1, day.day - 2)}-{min(28, day.day + day.grace_days)}"
        crons.add(f"{at} {window} {','.join(map(str, months))} *")
    return MultipleCronTriggerTimetable(*sorted(crons), f"{at} * * 1", timezone=COPENHAGEN)


DEFAULT_ARGS = {
    "owner": "data team",
    "retries": 2,
    "retry_delay": timedelta(seconds=read_settings().retry_seconds),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=2),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": tell_failure,
    "priority_weight": FIRST,
    "weight_rule": "absolute",
}


def asset(record: Record) -> Asset:
    """The Airflow asset that stands for a dataset in ``raw``."""
    return Asset(name=record.dataset, uri=f"warehouse://raw/{record.dataset}", group=record.provider)


def _final(action: Any, *args: Any) -> Any:
    """Call a step; what a retry cannot mend fails at once."""
    try:
        return action(*args)
    except (LoadRejected, SettingsError, TokenRefused) as error:
        _show_refused(error)
        raise AirflowFailException(str(error)) from error


def _show_refused(error: Exception) -> None:
    """The validation reports show a load that was refused before it was judged, too."""
    from expectations import docs

    try:
        docs.refresh(read_settings())
    except Exception as other:  # the refusal itself is what must be heard
        error.add_note(f"The validation reports could not be written: {other}")


def _run() -> tuple[str, str]:
    context = get_current_context()
    return context["dag"].dag_id, str(context["run_id"])


def _dataset(load_id: str) -> str:
    return load_id.split("_", 1)[1].rsplit("_", 1)[0]


@task.short_circuit(ignore_downstream_trigger_rules=False)
def changed(dataset: str) -> bool:
    """Does the provider have something that raw does not?"""
    from ingestion import pipeline

    moved = bool(_final(pipeline.changed, dataset, read_settings()))
    progress.say(dataset, "something new" if moved else "nothing new")
    return moved


@task
def land(dataset: str) -> str:
    """Bytes as received into the landing; gives the load id."""
    from ingestion import pipeline

    load_id = str(_final(pipeline.land, dataset, read_settings(), _run()))
    progress.say(dataset, f"landed as {load_id}")
    return load_id


@task(pool=WRITER_POOL)
def load(load_id: str) -> str:
    """Landing → a table of its own in ``raw_loads``."""
    from ingestion import pipeline

    rows = _final(pipeline.load, load_id, read_settings())
    progress.say(_dataset(load_id), f"loaded {rows:,} rows")
    return load_id


@task(pool=WRITER_POOL)
def validate(load_id: str | None) -> str:
    """Great Expectations judge the load before it may enter."""
    if load_id is None:
        raise AirflowSkipException("nothing new of this dataset")
    from expectations.run import require
    from expectations.run import validate as judge

    verdict = judge(load_id, read_settings())
    progress.say(verdict.dataset, f"{verdict.evaluated} expectations, {verdict.failed} failed")
    _final(require, verdict)
    return load_id


@task(pool=WRITER_POOL)
def promote(load_id: str | None) -> None:
    """The load becomes the owner of its periods, in one transaction."""
    if load_id is None:
        raise AirflowSkipException("nothing new of this dataset")
    from ingestion import pipeline

    _final(pipeline.promote, load_id, read_settings())
    progress.say(_dataset(load_id), "promoted")


@task
def tell_late(datasets: list[str]) -> list[str]:
    """Say which datasets should have come and have not, also when others failed; a teardown, so no run fails by it."""
    from warehouse import lateness, notify
    from warehouse.ledger import utc_now

    settings = read_settings()
    found = lateness.late_datasets(settings, utc_now(), datasets)
    for item in found:
        expected = item.expected.period if item.expected else ""
        progress.say(item.dataset, f"late: {expected} has not come; {item.reason}")
    return [] if progress.watched() else notify.tell_late(found, settings)


def chains(records: Iterable[Record]) -> None:
    """One task group a dataset, tied together within families; after those with release days, what is late is told."""
    records = list(records)
    families: dict[str, list[tuple[Any, Any, Any]]] = {}
    # Within a family a step waits for the others of it, also when its own dataset has nothing new; outside of one a
    # step that has nothing to do is skipped without being started.
    for record in records:

        @task_group(group_id=record.dataset)
        def chain(record: Record = record) -> None:
            moved, landed = changed(record.dataset), land(record.dataset)
            loaded = load(landed)
            rule = "none_failed" if record.family else "all_success"
            judged = validate.override(trigger_rule=rule)(loaded)
            promoted = promote.override(trigger_rule=rule, outlets=[asset(record)])(judged)
            moved >> landed >> loaded >> judged >> promoted
            families.setdefault(record.family or record.dataset, []).append((loaded, judged, promoted))

        chain()
    dated = [record.dataset for record in records if record.release]
    if dated:
        [promoted for family in families.values() for *_, promoted in family] >> tell_late(dated).as_teardown()
    for members in families.values():
        for loaded, judged, _ in members:
            for _, other_judged, other_promoted in members:
                if other_judged is not judged:
                    loaded >> other_judged
                    judged >> other_promoted
