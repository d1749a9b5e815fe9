"""Releases: the published marts, built aside, checked, and published whole.

A release is a folder under ``releases/``: the DuckDB file that BI tools open, the same tables as Parquet and CSV, a
``datapackage.json``, the validation reports, the SQL and seeds of the marts, and a manifest with a hash of every table
and file. It is assembled under a temporary name, renamed when it is complete, and ``releases/current`` is then pointed
at it by one atomic rename. A release never changes afterwards.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import __version__, disclosure, journal, ledger, progress, revisions
from warehouse.airflow import DBT_PROJECT, project_hash
from warehouse.datapackage import datapackage
from warehouse.db import WAIT_SECONDS, home_lock, transaction, writer
from warehouse.errors import WarehouseError
from warehouse.landing import sync, sync_tree
from warehouse.release_files import (
    DATABASE,
    Table,
    check,
    export_tables,
    file_hash,
    published_tables,
    row_count,
    write_database,
)
from warehouse.seeds import SEEDS
from warehouse.settings import Settings

MANIFEST = "manifest.json"


def current(settings: Settings) -> Path | None:
    """The folder of the current release, or None before the first."""
    link = settings.releases / "current"
    return link.resolve() if link.exists() else None


def current_database(settings: Settings) -> Path:
    """The file of the current release.

    Raises:
        WarehouseError: before the first release.
    """
    folder = current(settings)
    if folder is None:
        raise WarehouseError(
            "There is no release yet",
            {"home": settings.home},
            "run `warehouse run` (or `warehouse run --sample`) first",
        )
    return folder / DATABASE


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a release.

    Raises:
        WarehouseError: it cannot be read.
    """
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise WarehouseError(
            f"The manifest of a release cannot be read: {type(error).__name__}",
            {"file": f"releases/{folder.name}/{MANIFEST}"},
            "put the release back from a backup, or move its folder away and run `warehouse rebuild`",
        ) from None


def releases(settings: Settings) -> list[dict[str, Any]]:
    """The manifests of all releases, newest first; what a kill left half made has a hidden name and is none."""
    folders = [path.parent for path in settings.releases.glob(f"[!.]*/{MANIFEST}") if not path.parent.is_symlink()]
    return sorted((read_manifest(folder) for folder in folders), key=lambda m: str(m["release_id"]), reverse=True)


def is_up_to_date(settings: Settings) -> bool:
    """Whether the current release was built from exactly what raw, seeds, code and settings are now."""
    if current(settings) is None:
        return False
    with writer(settings, "look at the ledger") as connection:
        if _catch_up(connection, settings):
            return False  # the publication that was killed is gone through to its end
        folder = current(settings)
        return bool(folder and read_manifest(folder).get("inputs") == inputs(connection, settings))


def inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, built: bool = False) -> str:
    """A hash of all that the marts are a function of: promoted loads, code, seeds and the settings that dbt reads.

    With ``built``, of the loads that the marts of the build database were built of: others may have come since.
    """
    table = owner_table(connection) if built else "meta.period_owner"
    owners = connection.execute(f"select dataset, period, load_id from {table} order by all").fetchall()
    facts = [owners, code_version(), disclosure_version(), settings.focus_municipality, settings.small_cell]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def owner_table(connection: duckdb.DuckDBPyConnection) -> str:
    """Where it stands which loads the marts were built of (written down by dbt when it begins)."""
    known = connection.execute("select count(*) from meta.built_owner").fetchone()
    return "meta.built_owner" if known and known[0] else "meta.period_owner"


def built_state(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Up to which event of the journal the marts were built, and judged."""
    row = connection.execute("select journal_seq, judged_seq from meta.build").fetchone()
    built, judged = row or (None, None)
    built = journal.last_seq(connection) if built is None else int(built)
    return {"journal_seq": built, "judged_seq": max(built, int(judged or 0))}


def code_version() -> str:
    """A hash of the dbt project: with the loads, what a release is a function of."""
    return project_hash(DBT_PROJECT)


def disclosure_version() -> str:
    """A hash of the rules of disclosure control: the one model that is not SQL takes them from there."""
    return file_hash(Path(disclosure.__file__))


def publish(settings: Settings) -> str:
    """Publish the marts of the build database as a new release, unless nothing in them is new; then see to PostgreSQL.

    Returns the id of the release that is current afterwards.

    Raises:
        WarehouseError: when a check on the finished files fails: the release before stays as it is; or when PostgreSQL
            does not take the release: its files are published all the same.
    """
    from warehouse import postgres

    release_id = _publish_files(settings)
    postgres.bring_up_to_date(settings, settings.releases / release_id)
    return release_id


def _publish_files(settings: Settings) -> str:
    with alone(settings, "publish a release"), workshop(settings) as work:
        with writer(settings, "publish a release") as connection:
            _catch_up(connection, settings)
            tables = published_tables(connection)
            hashes = export_tables(connection, tables, work)
            before = current(settings)
            if before is not None and read_manifest(before)["tables"] == hashes:
                _remember(connection, settings, before.name)
                progress.say("release", "nothing new: the marts are those of the current release")
                return before.name
            release_id = _next_id(settings)
            facts = {
                "release_id": release_id,
                "created_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
                "data_origin": "sample" if "sample" in _data_origins(connection) else "official",
                "focus_municipality": settings.focus_municipality,
                "small_cell": settings.small_cell,
                "inputs": inputs(connection, settings, built=True),
                "software": {
                    "warehouse": __version__,
                    "duckdb": duckdb.__version__,
                    "dbt_project_sha256": code_version(),
                    "disclosure_sha256": disclosure_version(),
                },
                **built_state(connection),
            }
            assemble(connection, tables, work)
        finish(settings, work, tables, hashes, facts)
        put_in_place(settings, work, release_id)
        point_current_at(settings, release_id)
        with writer(settings, "write the release down") as connection:
            _remember(connection, settings, release_id)
            record(connection, settings, release_id, "published")
        progress.say("release", f"published {release_id}")
        return release_id


def alone(settings: Settings, purpose: str, wait_seconds: float = WAIT_SECONDS) -> AbstractContextManager[None]:
    """While it is held, nobody else makes or removes releases.

    Raises:
        BusyError: on entering, when somebody does for longer than ``wait_seconds``.
    """
    return home_lock(settings, "release.lock", purpose, wait_seconds)


@contextmanager
def workshop(settings: Settings, name: str = ".building") -> Iterator[Path]:
    """An empty folder to assemble a release in; gone afterwards, unless it was put in place."""
    work = settings.releases / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def assemble(connection: duckdb.DuckDBPyConnection, tables: list[Table], work: Path) -> None:
    """Write what needs the build database: the DuckDB file, and the SQL and seeds that the marts were made with."""
    write_database(connection, tables, work / DATABASE)
    (work / "lineage" / "seeds").mkdir(parents=True)
    columns = ("name", "schema_name", "language", "materialized", "compiled_sql", "depends_on")
    rows = connection.execute(f"select {', '.join(columns)} from meta.models order by name").fetchall()
    models = [dict(zip(columns, row, strict=True)) for row in rows]
    write_json(work / "lineage" / "models.json", models)
    for path in sorted(SEEDS.glob("*.csv")):
        shutil.copyfile(path, work / "lineage" / "seeds" / path.name)


def finish(settings: Settings, work: Path, tables: list[Table], hashes: dict[str, str], facts: dict[str, Any]) -> None:
    """Write the documents of a release, its report and its manifest, and check the finished files.

    Raises:
        WarehouseError: the DuckDB file and its Parquet differ, or a comment is missing.
    """
    manifest = {
        **facts,
        "rows": {name: row_count(work / "parquet" / f"{name}.parquet") for name in hashes},
        "tables": hashes,
    }
    write_json(work / "datapackage.json", datapackage(tables, manifest))
    for name in ("report", "validation"):
        (work / name).mkdir()
    if settings.validation.is_dir():
        unfinished = shutil.ignore_patterns(".*.part")
        shutil.copytree(settings.validation, work / "validation", ignore=unfinished, dirs_exist_ok=True)
    write_report(work, tables, manifest)
    manifest["files"] = {
        str(path.relative_to(work)): file_hash(path) for path in sorted(work.rglob("*")) if path.is_file()
    }
    write_json(work / MANIFEST, manifest)
    check(work, tables)


def write_report(work: Path, tables: list[Table], manifest: dict[str, Any]) -> None:
    """Write what people read: the gap report, and the dictionary of tables and columns, in both languages."""
    from warehouse import dictionary, report

    report.write(work / "report", work / DATABASE, manifest)
    dictionary.write(work / "report", tables, manifest)


def put_in_place(settings: Settings, work: Path, release_id: str) -> None:
    """Give a finished release its name; from now on nothing in it changes."""
    for path in work.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    sync_tree(work)
    work.rename(settings.releases / release_id)
    sync(settings.releases)


def record(connection: duckdb.DuckDBPyConnection, settings: Settings, release_id: str, outcome: str) -> None:
    """Write a release into the journal: ``published``, or ``restored`` when a rebuild gave it again."""
    facts = facts_of(settings, settings.releases / release_id, release_id, outcome)
    ledger.record_release(connection, release_id, {"journal_seq": journal.last_seq(connection), **facts})


def facts_of(settings: Settings, folder: Path, release_id: str, outcome: str) -> dict[str, Any]:
    """What the journal says of a release, of which ``folder`` holds the files."""
    manifest = read_manifest(folder)
    gaps = journal.revisions_path(settings, release_id)
    kept = (
        "journal_seq",
        "judged_seq",
        "created_at",
        "data_origin",
        "focus_municipality",
        "small_cell",
        "inputs",
        "software",
    )
    return {
        "outcome": outcome,
        "manifest_sha256": file_hash(folder / MANIFEST),
        "kept": {f"revisions/{gaps.name}": file_hash(gaps)} if gaps.is_file() else {},
        **{name: manifest[name] for name in (*kept, "tables") if name in manifest},
    }


def _remember(connection: duckdb.DuckDBPyConnection, settings: Settings, release_id: str) -> None:
    """Keep what the release says of gaps: the next one tells what moved since."""
    with transaction(connection):
        if revisions.remember(connection, release_id, settings.releases / release_id):
            revisions.export(connection, release_id, journal.revisions_path(settings, release_id))


def catch_up(settings: Settings) -> bool:
    """Publish to the end what a kill left in place and not in the journal; whether there was any."""
    with writer(settings, "publish to the end") as connection:
        return _catch_up(connection, settings)


def _catch_up(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Publish to the end what is in place and not in the journal, a kill came in between; whether there was any."""
    known = {event.subject for event in journal.of_kinds(connection, "published", "restored")}
    found = [m["release_id"] for m in reversed(releases(settings)) if m["release_id"] not in known]
    for release_id in found:
        now = current(settings)
        if now is None or now.name < release_id:
            point_current_at(settings, release_id)
        _remember(connection, settings, release_id)
        record(connection, settings, release_id, "published")
    return bool(found)


def _data_origins(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        """select distinct data_origin from meta.loads
        where load_id in (select load_id from meta.period_owner) order by 1"""
    ).fetchall()
    return [str(row[0]) for row in rows]


def write_json(path: Path, document: object) -> None:
    """Write a document as readable JSON."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _next_id(settings: Settings) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = {path.name for path in settings.releases.iterdir()}
    return next(name for n in range(100) if (name := f"{stamp}-{n:02d}" if n else stamp) not in taken)


def point_current_at(settings: Settings, release_id: str) -> None:
    """Let readers find a release under `releases/current`, by one atomic rename."""
    link = settings.releases / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(release_id)
    link.replace(settings.releases / "current")
    sync(settings.releases)
