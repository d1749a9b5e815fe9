"""OpenLineage: what each task read and wrote, as events in files under ``<home>/logs/lineage``.

Airflow's OpenLineage provider emits an event when a task or a DAG run begins and ends. This module tells it what the
provider cannot know: which provider, landing, raw table, model or release a task reads and writes, and of which load.
It is named in Airflow's settings (:func:`warehouse.airflow.lineage_environment`) and imported by Airflow only. Out of
scope: deciding anything; nothing in the warehouse reads the events.

A dataset's name is ``<schema>.<table>`` for tables, ``landing/<provider>/<dataset>`` for received bytes and
``releases`` for what is published, all in one namespace; at the provider it is the dataset's name in the namespace of
the provider's address. Which version was read or written is in the facet ``version``: a load id or a release id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attr
from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage
from openlineage.client.client import Event
from openlineage.client.event_v2 import Dataset
from openlineage.client.facet_v2 import DatasetFacet, dataset_version_dataset
from openlineage.client.serde import Serde
from openlineage.client.transport.file import FileTransport

from warehouse.airflow import LINEAGE_NAMESPACE, dbt_manifest
from warehouse.landing import Manifest, read_manifest
from warehouse.records import catalogue, record_of
from warehouse.settings import read_settings


class DayFiles(FileTransport):
    """The file transport with one file a day, ``<folder>/YYYY-MM-DD.jsonl`` (days in UTC), one event a line.

    The client's own appends to one file for ever and writes a long event in several pieces, which tasks that end at
    the same moment can interleave; here a line is one write to a file opened for appending.
    """

    kind = "warehouse.lineage.DayFiles"

    def emit(self, event: Event) -> None:
        """Append an event. The provider logs an error and goes on: lineage never fails a task."""
        folder = Path(self.config.log_file_path)
        folder.mkdir(parents=True, exist_ok=True)
        line = (Serde.to_json(event) + "\n").encode()
        path = folder / f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


@attr.define
class LoadFacet(DatasetFacet):
    """What was received: the landing manifest's facts that identify the bytes."""

    load_id: str
    sha256: str
    bytes: int
    rows_received: int
    received_at: str
    source_updated_at: str | None
    data_origin: str


class Steps(BaseExtractor):  # type: ignore[misc, unused-ignore]
    """Inputs and outputs of every kind of task in ``dags/``, by its name and the load it works on."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """The operators of our DAGs, by name; the events of Cosmos itself would name files of this machine."""
        ours = ["_PythonDecoratedOperator", "_ShortCircuitDecoratedOperator"]
        return [*ours, "Producer", "Mart", "EmptyOperator"]

    def _execute_extraction(self) -> OperatorLineage:
        return self._lineage(None)

    def extract_on_complete(self, task_instance: Any) -> OperatorLineage:
        """At the end the task's own result is known too: the load id of ``land``, the release of ``publish``."""
        return self._lineage(task_instance.xcom_pull(task_ids=self.operator.task_id))

    def extract_on_failure(self, task_instance: Any) -> OperatorLineage:
        """A failed task wrote nothing: what it read, and what it would have written, without versions of results."""
        return self._lineage(None)

    def _lineage(self, result: Any) -> OperatorLineage:
        model = getattr(self.operator, "model_unique_id", None)
        if model:
            inputs, outputs = _of_model(str(model))
            return OperatorLineage(inputs=inputs, outputs=outputs)
        dataset, _, step = str(self.operator.task_id).rpartition(".")
        if step in {"judge", "publish"}:
            return OperatorLineage(inputs=_marts(), outputs=[_dataset("releases", result)] if step == "publish" else [])
        if step not in _STEPS or dataset not in catalogue():
            return OperatorLineage()
        arguments = getattr(self.operator, "op_args", None) or [None]
        load_id = result if step == "land" else arguments[0]
        if step != "land" and load_id is None:
            return OperatorLineage()  # skipped: there was nothing new
        manifest = _manifest(dataset, load_id)
        inputs, outputs = _STEPS[step](dataset, manifest)
        return OperatorLineage(inputs=inputs, outputs=outputs)


def dag_started(dag: Any, logical_date: datetime) -> None:
    """Say that a DAG run begins in this process: the scheduler does so itself, ``dag.test()`` does not."""
    from airflow.providers.openlineage.api import is_openlineage_active
    from airflow.providers.openlineage.plugins.listener import get_openlineage_listener

    if not is_openlineage_active():
        return
    get_openlineage_listener().adapter.dag_started(
        dag_id=dag.dag_id,
        run_id="",
        logical_date=logical_date,
        start_date=logical_date,
        nominal_start_time=None,
        nominal_end_time=None,
        owners=[dag.owner],
        tags=sorted(dag.tags),
        run_facets={},
        clear_number=0,
        job_description=dag.doc_md,
        is_asset_triggered=False,
    )


def _dataset(name: str, version: object = None, manifest: Manifest | None = None) -> Dataset:
    facets: dict[str, DatasetFacet] = {}
    if isinstance(version, str):
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(version)
    if manifest is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(manifest.load_id)
        facets["warehouse_load"] = LoadFacet(
            load_id=manifest.load_id,
            sha256=manifest.sha256,
            bytes=manifest.bytes,
            rows_received=manifest.rows_received,
            received_at=manifest.received_at.isoformat(),
            source_updated_at=manifest.source_updated_at.isoformat() if manifest.source_updated_at else None,
            data_origin=manifest.data_origin,
        )
    return Dataset(namespace=LINEAGE_NAMESPACE, name=name, facets=facets)


def _manifest(dataset: str, load_id: object) -> Manifest | None:
    folder = read_settings().landing / record_of(dataset).provider / dataset / str(load_id)
    return read_manifest(folder) if isinstance(load_id, str) and folder.is_dir() else None


def _at_provider(dataset: str, manifest: Manifest | None) -> list[Dataset]:
    """The dataset where it comes from; the host without user, password or query."""
    if manifest is None:
        return []
    address = urlsplit(manifest.url)
    port = f":{address.port}" if address.port else ""
    namespace = f"{address.scheme}://{address.hostname}{port}" if address.hostname else "inbox"
    return [Dataset(namespace=namespace, name=dataset)]


def _landed(dataset: str, manifest: Manifest | None) -> list[Dataset]:
    return [_dataset(f"landing/{record_of(dataset).provider}/{dataset}", manifest=manifest)]


def _tables(schema: str, dataset: str, manifest: Manifest | None) -> list[Dataset]:
    return [_dataset(f"{schema}.{table.name}", manifest=manifest) for table in record_of(dataset).raw_tables]


_Sides = tuple[list[Dataset], list[Dataset]]
_STEPS: dict[str, Callable[[str, Manifest | None], _Sides]] = {
    "land": lambda dataset, load: (_at_provider(dataset, load), _landed(dataset, load)),
    "load": lambda dataset, load: (_landed(dataset, load), _tables("raw_loads", dataset, load)),
    "validate": lambda dataset, load: (_tables("raw_loads", dataset, load), []),
    "promote": lambda dataset, load: (_tables("raw_loads", dataset, load), _tables("raw", dataset, load)),
}


@lru_cache(maxsize=1)
def _graph(path: Path, written_at: float) -> dict[str, tuple[str, list[str]]]:
    """dbt's manifest as unique id → (schema.table, unique ids it reads)."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    nodes = {**manifest["sources"], **manifest["nodes"]}
    return {
        key: (
            f"{node['schema']}.{node.get('alias') or node['identifier']}",
            node.get("depends_on", {}).get("nodes", []),
        )
        for key, node in nodes.items()
        if node["resource_type"] in {"source", "model", "seed"}
    }


def _dbt_graph() -> dict[str, tuple[str, list[str]]]:
    path = dbt_manifest(read_settings())
    return _graph(path, path.stat().st_mtime)


def _of_model(unique_id: str) -> _Sides:
    """A mart, and what it is made of: other marts, raw and seeds. The models between have no task of their own."""
    graph = _dbt_graph()
    name, parents = graph[unique_id]
    inputs, seen, to_see = set(), set(), list(parents)
    while to_see:
        key = to_see.pop()
        if key in seen or key not in graph:
            continue
        seen.add(key)
        table, behind = graph[key]
        if table.startswith("marts.") or not behind:
            inputs.add(table)
        else:
            to_see += behind
    return [_dataset(table) for table in sorted(inputs)], [_dataset(name)]


def _marts() -> list[Dataset]:
    return [_dataset(name) for name, _ in sorted(_dbt_graph().values()) if name.startswith("marts.")]
