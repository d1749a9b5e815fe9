"""What a mart stands on, put back in memory: the landing replayed, the release's seeds, the release's own SQL run.

Only as much as a row needs: the datasets behind it, and of tables by area the row's own area and the whole country.
The country stays because a model may ask whether a table has anything of a period at all.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse import corrections
from warehouse.airflow import DBT_PROJECT
from warehouse.corrections import Correction
from warehouse.db import literal, quote
from warehouse.errors import WarehouseError
from warehouse.records import Record, catalogue
from warehouse.settings import COUNTRY, Settings
from warehouse.trace.lineage import FOLDER, Model

AREA_CODE_MAP = "areas"
PUBLISHED = {"published", "restored"}


@dataclass(frozen=True)
class Scope:
    """How much is put back: these loads (None: all), and of tables by area these areas (None: all)."""

    loads: frozenset[str] | None = None
    areas: frozenset[str] | None = None

    def wants(self, dataset: str, load_id: str) -> bool:
        """Whether the bytes of a load are needed; the table of another one is left empty."""
        return self.loads is None or load_id in self.loads


def one_area(code: str) -> frozenset[str]:
    """An area and the whole country."""
    return frozenset({code, COUNTRY})


class Ground:
    """An in-memory database of the catalog ``warehouse``, as the release's SQL names it; models are run when asked for.

    Raises:
        WarehouseError: what was landed cannot be replayed (changed, or removed).
    """

    def __init__(self, settings: Settings, release: Path, manifest: Mapping[str, Any], scope: Scope) -> None:
        self.scope = scope
        self.memo: dict[str, Any] = {}
        self.release = release
        self._small_cell = int(manifest["small_cell"])
        self._made: set[str] = set()
        self.connection = duckdb.connect()
        try:
            self.connection.execute("set autoinstall_known_extensions = false; set autoload_known_extensions = false")
            self.connection.execute("attach ':memory:' as warehouse; use warehouse")
            _replay(self.connection, settings, manifest, scope)
            if scope.areas is not None:
                _narrow(self.connection, scope)
            _seeds(self.connection, release)
            # What runs from here on is the release's SQL: it reads tables, and no file.
            self.connection.execute("set enable_external_access = false")
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def make(self, models: list[Model]) -> None:
        """Run models that have not been run yet, in their order.

        Raises:
            WarehouseError: the SQL of a model fails on what the landing gives.
        """
        for model in models:
            if model.address in self._made:
                continue
            self.connection.execute(f"create schema if not exists {quote(model.schema)}")
            try:
                if model.language == "python":
                    self._run_python(model)
                else:
                    kind = "view" if model.materialized == "view" else "table"
                    self.connection.execute(f"create {kind} {_name(model)} as {model.sql}")
            except duckdb.Error as error:
                raise WarehouseError(
                    f"The release's own SQL of {model.address} fails on the landing: {str(error).splitlines()[0]}",
                    {"model": model.address},
                    "run `warehouse verify`: the release or the landing has been changed",
                ) from error
            self._made.add(model.address)

    def rows(self, query: str, values: list[Any] | dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of a query as dictionaries.

        Raises:
            WarehouseError: the release's models are not those that the evidence is declared for.
        """
        try:
            cursor = self.connection.execute(query, values or [])
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"The release has another make than this code knows: {str(error).splitlines()[0]}",
                {"release": self.release.name},
                "trace it with the version of the code that made it (its manifest.json names it)",
            ) from error
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def corrections(self, dataset: str, data_origin: str) -> tuple[Correction, ...]:
        """The entries of the corrections ledger on a dataset, as the release was made with."""
        name = f"corrections of {dataset} {data_origin}"
        if name not in self.memo:
            self.memo[name] = corrections_of(self.release, dataset, data_origin)
        found: tuple[Correction, ...] = self.memo[name]
        return found

    def _run_python(self, model: Model) -> None:
        module = _python_model(model.name)
        parents = {parent.rpartition(".")[2]: parent for parent in model.parents}
        dbt = _Dbt(self.connection, parents, {"small_cell": self._small_cell})
        made = module.model(dbt, self.connection)
        made.create(f"{model.schema}.{model.name}")


@dataclass(frozen=True)
class _Dbt:
    """What a Python model of dbt asks for: the tables it reads, and its settings."""

    connection: duckdb.DuckDBPyConnection
    parents: Mapping[str, str]
    settings: Mapping[str, Any]

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        return self.connection.table(self.parents[name])

    @property
    def config(self) -> Mapping[str, Any]:
        return self.settings


def _name(model: Model) -> str:
    return f"{quote(model.schema)}.{quote(model.name)}"


def _python_model(name: str) -> Any:
    """A Python model out of this code's dbt project: a release carries SQL to be run again, but no Python."""
    paths = list(DBT_PROJECT.glob(f"models/**/{name}.py"))
    spec = importlib.util.spec_from_file_location(name, paths[0]) if paths else None
    if spec is None or spec.loader is None:
        raise WarehouseError(
            f"The release was made with the Python model {name}, which this code does not have",
            {"model": name},
            "trace the release with the version of the code that made it (its manifest.json names it)",
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _replay(
    connection: duckdb.DuckDBPyConnection, settings: Settings, manifest: Mapping[str, Any], scope: Scope
) -> None:
    from ingestion.replay import replay
    from warehouse import journal, ledger, revisions

    ledger.ensure_schema(connection)
    events = journal.read(settings)
    state, release_id = int(manifest["journal_seq"]), manifest["release_id"]
    replay(connection, settings, journal.state_of(events, manifest)[0], scope.wants)
    # What moved in the published gaps is no function of the landed bytes: it is kept with the journal.
    own = next((event.seq for event in events if event.kind in PUBLISHED and event.subject == release_id), state)
    for event in events:
        path = journal.revisions_path(settings, event.subject)
        if event.kind in PUBLISHED and event.seq <= own and path.is_file():
            revisions.restore(connection, path)


def _narrow(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Cut every table by area to the areas of the scope, and what was asked for as well."""
    assert scope.areas is not None
    for record in catalogue().values():
        area = _area_variable(record)
        if area is None:
            continue
        known = {"dataset": record.dataset, "variable": area, "areas": sorted(scope.areas)}
        connection.execute(
            """update meta.codes set selected = false where dataset = $dataset and upper(variable) = $variable
            and not list_contains($areas, canonical_code)""",
            known,
        )
        codes = connection.execute(
            """select distinct published_code from meta.codes where dataset = $dataset
            and upper(variable) = $variable and list_contains($areas, canonical_code)""",
            known,
        ).fetchall()
        for table in record.raw_tables:
            view = f"raw.{quote(table.name)}"
            wanted = ", ".join(literal(code) for (code,) in codes) or "null"
            connection.execute(f"create temp table narrowed as select * from {view} where {quote(area)} in ({wanted})")
            connection.execute(f"drop view {view}; create table {view} as from narrowed; drop table narrowed")


def _area_variable(record: Record) -> str | None:
    return next((v.code.upper() for v in record.variables if v.code_map == AREA_CODE_MAP), None)


def _seeds(connection: duckdb.DuckDBPyConnection, release: Path) -> None:
    """The seeds as the release was made with, typed as their YAML says; an empty cell is null, as in dbt."""
    connection.execute("create schema if not exists seeds")
    types = seed_types()
    for path in sorted((release / FOLDER / "seeds").glob("*.csv")):
        file = (
            f"read_csv({literal(str(path))}, header = true, all_varchar = true, delim = ',', quote = '\"',"
            " escape = '\"', nullstr = '')"
        )
        own = types.get(path.stem, {})
        columns = [row[0] for row in connection.execute(f"describe from {file}").fetchall()]
        typed = ", ".join(f"cast({quote(name)} as {own.get(name, 'varchar')}) as {quote(name)}" for name in columns)
        connection.execute(f"create table seeds.{quote(path.stem)} as select {typed} from {file}")


def corrections_of(release: Path, dataset: str, data_origin: str) -> tuple[Correction, ...]:
    """The entries on a dataset in the corrections ledger that a release carries."""
    file = release / FOLDER / "seeds" / corrections.FILE
    return corrections.entries_of(dataset, data_origin, file) if file.is_file() else ()


def in_words(entry: Correction) -> str:
    """A correction as a line for a reader: what it replaced, why, and who decided."""
    old = "missing" if entry.expected is None else entry.expected
    new = "dropped" if entry.corrected is None else f"taken as {entry.corrected}"
    decided = f"{entry.decided_by}, {entry.decided_on}; source: {entry.source}"
    return f"correction {entry.correction_id}: published as {old}, {new}: {entry.reason_en} ({decided})"


def seed_types() -> dict[str, dict[str, str]]:
    """Seed → column → type, out of the YAML beside the seeds."""
    types: dict[str, dict[str, str]] = {}
    for path in sorted((DBT_PROJECT / "seeds").glob("*.yml")):
        for seed in yaml.safe_load(path.read_text(encoding="utf-8")).get("seeds", []):
            types[seed["name"]] = seed.get("config", {}).get("column_types", {})
    return types
