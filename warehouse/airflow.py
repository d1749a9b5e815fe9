"""Airflow, set up for this home and run either in this process or under its own scheduler.

``warehouse run`` runs the DAGs themselves through Airflow's in-process runner (``dag.test()``), with retries off (the
clients retry on their own, and the person waits). ``warehouse airflow …`` hands any command to the Airflow command
line with the same environment. Out of scope: what the DAGs do.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from warehouse import corrections, disk, lake
from warehouse.errors import WarehouseError
from warehouse.processes import tethered
from warehouse.settings import REPOSITORY, Settings

WRITER_POOL = "duckdb_writer"
LAKE_WRITERS = 16
DBT_PROFILE = "integration_gaps"
LINEAGE_NAMESPACE = "integration_gap_warehouse"
DBT_PROJECT = REPOSITORY / "dbt_project"
DAGS = REPOSITORY / "dags"


def dbt_manifest(settings: Settings) -> Path:
    """dbt's manifest of the project, written by :func:`prepare`: what Cosmos draws the DAG from."""
    return settings.root / "dbt" / "manifest.json"


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The environment of dbt: settings, and places to write outside the repository."""
    return {
        "WAREHOUSE_HOME": str(settings.root),
        "WAREHOUSE_FOCUS_MUNICIPALITY": settings.focus_municipality,
        "WAREHOUSE_SMALL_CELL": str(settings.small_cell),
        "DBT_TARGET_PATH": str(settings.root / "dbt" / "target"),
        "DBT_LOG_PATH": str(settings.root / "logs"),
        "DBT_LOG_LEVEL_FILE": "info",  # writing what dbt says to itself takes a third of a build
        "DBT_LOG_FORMAT_FILE": "text",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The environment of Airflow: its home under ours, no examples, no telemetry, no dbt process of its own."""
    home = settings.root / "airflow"
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Copenhagen",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "10",  # a first task may be there before the server that it asks
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__ENABLE_CACHE": "False",
        # Cosmos would write all it has told into a Variable after each thing it tells; at a failure it still does.
        "AIRFLOW__COSMOS__ENABLE_WATCHER_RELIABLE_RETRY": "False",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(DAGS), os.environ.get("PYTHONPATH", "")])),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        **lineage_environment(settings),
        **dbt_environment(settings),
    }
    # What a person has set for Airflow, such as another database, goes before our defaults.
    return {k: v for k, v in environment.items() if not (k.startswith("AIRFLOW__") and k in os.environ)}


def lineage_environment(settings: Settings) -> dict[str, str]:
    """OpenLineage events into files under ``<home>/logs/lineage``, unless a person sends them elsewhere.

    Events are made in a thread: a fork of a process that holds DuckDB and servers costs more and can hang.
    """
    elsewhere = {"AIRFLOW__OPENLINEAGE__CONFIG_PATH", "AIRFLOW__OPENLINEAGE__CONFIG_CONN_ID", "OPENLINEAGE_CONFIG"}
    elsewhere |= {"OPENLINEAGE_URL", *(name for name in os.environ if name.startswith("OPENLINEAGE__TRANSPORT"))}
    transport = {"type": "warehouse.lineage.DayFiles", "log_file_path": str(settings.root / "logs" / "lineage")}
    return {
        **({} if elsewhere & set(os.environ) else {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": LINEAGE_NAMESPACE,
        "AIRFLOW__OPENLINEAGE__EXTRACTORS": "warehouse.lineage.Steps",
        "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",
    }


def prepare(settings: Settings) -> None:
    """Bring Airflow's database, the writer pool and dbt's manifest up to date; cheap when they are.

    Raises:
        SettingsError: an entry of the corrections ledger is not one.
        WarehouseError: when Airflow or dbt refuses, with the end of what it printed.
    """
    with preparing(settings) as manifest_is_there:
        manifest_is_there()


@contextmanager
def preparing(settings: Settings, ahead: Sequence[str] = ()) -> Iterator[Callable[[], None]]:
    """As :func:`prepare`, but dbt's manifest, which no ingest DAG needs, is made meanwhile.

    Gives a function that waits for the manifest, and raises what :func:`prepare` does. While Airflow's database is
    being made, the modules named in ``ahead`` are imported, as many as it takes.
    """
    corrections.read()
    os.environ.update(airflow_environment(settings))
    (settings.root / "airflow").mkdir(parents=True, exist_ok=True)
    (settings.root / "logs").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(1) as in_turn:  # the database first: everything waits for it
        database, manifest = in_turn.submit(_migrate, settings), in_turn.submit(_refresh_manifest, settings)
        for name in ahead:
            if not database.done():
                import_module(name)
        database.result()
        yield manifest.result


def _migrate(settings: Settings) -> None:
    marker = settings.root / "airflow" / ".prepared"
    database = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "")
    writers = LAKE_WRITERS if settings.lake else 1  # in a lake each load has a table of its own
    state = hashlib.sha256(f"{_version('apache-airflow')} {database} {writers}".encode()).hexdigest()
    if marker.exists() and marker.read_text() == state:
        return
    pool = (WRITER_POOL, str(writers), "who may write the build database at once")
    call("python", "-m", "warehouse.airflow_database", *pool)
    marker.write_text(state)


def _refresh_manifest(settings: Settings) -> None:
    """dbt's manifest, and beside it what dbt remembers of the parsed project: for :func:`remember_parsed_project`."""
    manifest, parsed = dbt_manifest(settings), _parsed_project(settings)
    target = lake.dbt_target(settings)
    # What dbt remembers is of one profile, in which the path of the home stands.
    state = f"{project_hash(DBT_PROJECT)} {target} {settings.root}"
    marker = manifest.with_suffix(".sha256")
    if manifest.exists() and parsed.exists() and marker.exists() and marker.read_text() == state:
        return
    where = ("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT))
    call("dbt", "parse", *where, "--profile", DBT_PROFILE, "--target", target)  # as Cosmos calls it
    manifest.parent.mkdir(parents=True, exist_ok=True)
    aside = manifest.with_suffix(".new")
    for made in (parsed, manifest):
        shutil.copyfile(settings.root / "dbt" / "target" / made.name, aside)
        aside.replace(made)
    aside.write_text(state)
    aside.replace(marker)


def _parsed_project(settings: Settings) -> Path:
    return settings.root / "dbt" / "partial_parse.msgpack"


def remember_parsed_project(settings: Settings) -> None:
    """Let dbt find the project as :func:`prepare` parsed it: it parses anew what has changed since, nothing else.

    Cosmos builds in a copy of the project that is gone afterwards. What dbt remembers of a copy names its files.
    """
    parsed = _parsed_project(settings)
    remembered = settings.root / "dbt" / "target" / parsed.name
    remembered.unlink(missing_ok=True)
    if parsed.exists():
        remembered.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed, remembered)


def project_hash(folder: Path) -> str:
    """A hash of every file of the dbt project (names and contents)."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not {"target", "logs", "dbt_packages"} & set(path.relative_to(folder).parts):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def call(*command: str) -> None:
    """Run a program of this environment to its end.

    Raises:
        DiskError: when it fails because of the disk.
        WarehouseError: when it fails, with the end of what it printed.
    """
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(tethered([str(program), *command[1:]]), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if of_the_disk := disk.in_words(done.stdout + done.stderr):
            raise of_the_disk
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise WarehouseError(
            f"`{' '.join(command[:3])}` failed:\n{tail}",
            {"exit code": done.returncode},
            "mend what it names, and run again",
        )


def hand_over(settings: Settings, arguments: list[str]) -> None:
    """Become the Airflow command line, with this home's environment and everything it needs in place.

    Settings travel in the environment, with absolute paths, so that workers started elsewhere find the same home.
    """
    prepare(settings)
    os.environ["WAREHOUSE_HOME"] = str(settings.root)
    os.execv(str(Path(sys.executable).parent / "airflow"), ["airflow", *arguments])


def run_dag(dag_id: str) -> bool:
    """Run one DAG in this process, as the scheduler would, and tell whether it succeeded.

    One thing differs from the scheduler: no task is tried again after minutes of waiting.
    """
    from airflow.dag_processing.dagbag import DagBag

    from warehouse import lineage

    if str(DAGS) not in sys.path:
        sys.path.insert(0, str(DAGS))
    bag = DagBag(str(DAGS / f"{dag_id}.py"))
    if bag.import_errors or dag_id not in bag.dags:
        detail = "\n".join(bag.import_errors.values()) or "no such DAG"
        raise WarehouseError(
            f"The DAG {dag_id} does not load:\n{detail}", {"file": f"dags/{dag_id}.py"}, "correct the file"
        )
    dag: Any = bag.dags[dag_id]
    for task in dag.tasks:
        task.retries = 0
    started = datetime.now(UTC)
    lineage.dag_started(dag, started)
    with _alone_in_its_bundle(dag_id):
        return str(dag.test(logical_date=started).state) == "success"


@contextmanager
def _alone_in_its_bundle(dag_id: str) -> Iterator[None]:
    """Airflow reads the whole bundle before it runs a DAG of it; build_marts is none while dbt's manifest is made."""
    name = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
    before = os.environ.get(name)
    bundle = {
        "name": "dags-folder",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(DAGS / f"{dag_id}.py")},
    }
    os.environ[name] = json.dumps([bundle])
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})
