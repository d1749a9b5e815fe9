"""A made-up home: loads of one figure each, through ledger and landing, and releases that name them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse import journal, ledger, release, retention
from warehouse.db import writer
from warehouse.landing import LandingFolder, Manifest, finish, landing_folder, stored_hashes
from warehouse.raw_views import load_table
from warehouse.records import record_of
from warehouse.release_files import file_hash
from warehouse.settings import Settings

NOW = datetime(2030, 1, 1)
OLD = datetime(2026, 1, 1)
STRICT = retention.Policy(releases=1, days=0)


class Ledger:
    """A home whose loads and releases are made up."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def load(
        self,
        load_id: str,
        figure: int,
        *,
        dataset: str = "fvkom",
        provider: str = "statbank",
        received: datetime = OLD,
        outcome: str = "promoted",
        files: tuple[str, ...] = ("data",),
    ) -> None:
        """Land, load, and promote or reject one period of a dataset."""
        record = record_of(dataset)
        with landing_folder(self.settings, provider, dataset, load_id) as folder:
            for name in files:
                folder.write(name, "u", [str(figure).encode()])
            manifest = _manifest(load_id, dataset, provider, received, folder)
            finish(folder, manifest)
        with writer(self.settings, "test") as connection:
            ledger.enter(connection, manifest, files=stored_hashes(manifest.folder(self.settings)))
            for table in record.raw_tables:
                columns = ", ".join(f'"{name}" {table.sql_type(name)}' for name in table.columns)
                connection.execute(f"create table {load_table(table, load_id)} ({columns})")
            if dataset == "fvkom":
                table = load_table(record.raw_tables[0], load_id)
                connection.execute(f"insert into {table} values ('VAELG', '151', '2015', ?)", [figure])
            ledger.set_status(connection, load_id, ledger.LOADED, rows_loaded=1, loaded_at=received)
            if outcome == "promoted":
                ledger.promote(connection, record, load_id)
            elif outcome == "rejected":
                ledger.set_status(connection, load_id, ledger.REJECTED, reason="failed: something")

    def promote(self, load_id: str) -> None:
        """Make a load of fvkom the owner of its period."""
        with writer(self.settings, "test") as connection:
            ledger.promote(connection, record_of("fvkom"), load_id)

    def publish(self, release_id: str, *load_ids: str, created: str = "2029-06-01", old: str | None = None) -> Path:
        """A release whose gaps name some loads, and whose revisions name the old side of one."""
        folder = self.settings.releases / release_id
        (folder / "parquet").mkdir(parents=True)
        gaps, revisions = (folder / "parquet" / f"{name}.parquet" for name in ("gaps", "revisions"))
        named, other = ", ".join(f"'{name}'" for name in load_ids), f"'{old}'" if old else "null"
        for query, path in (
            (f"select cast([{named}] as varchar[]) as load_ids", gaps),
            (f"select cast({other} as varchar) as old_load_id", revisions),
        ):
            duckdb.execute(f"copy ({query}) to '{path}' (format parquet)")
        with writer(self.settings, "test") as connection:
            manifest = {
                "release_id": release_id,
                "created_at": f"{created}T00:00:00+00:00",
                "journal_seq": journal.last_seq(connection),
                "tables": {path.stem: file_hash(path) for path in (gaps, revisions)},
                "files": {f"parquet/{path.name}": file_hash(path) for path in (gaps, revisions)},
            }
            (folder / "manifest.json").write_text(json.dumps(manifest))
            release.record(connection, self.settings, release_id, "published")
        release.point_current_at(self.settings, release_id)
        return folder

    def going(self, policy: retention.Policy = STRICT) -> dict[str, str]:
        """What would go, and why."""
        return {item.subject: item.why for item in retention.plan(self.settings, policy, NOW)}


def _manifest(load_id: str, dataset: str, provider: str, received: datetime, folder: LandingFolder) -> Manifest:
    return Manifest(
        load_id=load_id,
        provider=provider,
        dataset=dataset,
        url="u",
        request={},
        received_at=received,
        source_updated_at=received,
        bytes=folder.totals()[0],
        sha256=folder.totals()[1],
        rows_received=1,
        periods=("2015",),
        licence="l",
        citation="c",
        data_origin="official",
        landing_path=f"landing/{provider}/{dataset}/{load_id}",
        selection="s",
        files=tuple(folder.files),
    )
