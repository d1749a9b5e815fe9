"""From a published cell to the bytes: finds the row, proves its loads, and has it computed twice.

``Tracer`` keeps what it has read, so that many cells of one release cost little more than one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from warehouse import journal
from warehouse.errors import SettingsError, WarehouseError
from warehouse.release import MANIFEST, current_database, read_manifest
from warehouse.release_files import DATABASE
from warehouse.settings import Settings
from warehouse.trace.again import Again, compute_again
from warehouse.trace.bases import Base, bases_of
from warehouse.trace.evidence import DATASETS, OWN_DATA
from warehouse.trace.figures import same
from warehouse.trace.ground import Ground, Scope, corrections_of, in_words, one_area
from warehouse.trace.keys import Cell, find
from warehouse.trace.lineage import FOLDER, MODELS, Model, ancestors, read_models
from warehouse.trace.proof import LoadProof, prove
from warehouse.trace.rows import Sum
from warehouse.trace.sums import Figures, figures_of, sums_of

OF_THE_LEDGER = {"loads", "validations"}
BY_AREA = {
    "gaps", "gap_beskaeftigelse", "gap_uddannelse", "gap_boligsocial", "gap_demokrati", "gap_decomposition",
    "target_progress", "unknown_shares", "target_group", "target_group_table",
}  # fmt: skip
OF_DATASETS = {
    "target_group": ("folk1e",),
    "target_group_table": ("folk1e",),
    "polling_area_turnout": ("dst_elections", "valg_dk", "valgdatabase"),
}


@dataclass(frozen=True)
class Trace:
    """A cell with everything found under it. ``problems`` is empty when every hash and every number agrees."""

    release: Mapping[str, Any]
    title: str
    cell: Cell
    withheld: str
    sums: tuple[Sum, ...]
    figures: Mapping[str, float | bool | None]
    again: Again | None
    bases: tuple[Base, ...]
    seeds: Mapping[str, str]
    loads: tuple[LoadProof, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def is_own_data(self) -> bool:
        """Whether the row is made of the municipality's own data."""
        return self.cell.row.get("indicator_id") in OWN_DATA

    @property
    def holds(self) -> bool:
        """Whether every hash matches and the cell is recomputed."""
        return not self.problems


class Tracer:
    """Traces cells of one release of a home.

    Args:
        release_id: None is the current release.
        whole: put everything back at once, for many cells; otherwise as little as each cell needs.

    Raises:
        SettingsError: there is no such release.
        WarehouseError: there is no release yet, or its file cannot be opened.
    """

    def __init__(self, settings: Settings, release_id: str | None = None, whole: bool = False) -> None:
        self.settings = settings
        self.folder = _release_folder(settings, release_id)
        self.manifest = read_manifest(self.folder)
        self.connection = _opened(self.folder / DATABASE)
        self._whole = whole
        self._grounds: dict[Scope, Ground] = {}
        self._proofs: dict[str, LoadProof] = {}

    def __enter__(self) -> Tracer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the release and give the memory back."""
        self.connection.close()
        for ground in self._grounds.values():
            ground.close()

    def trace(self, table: str, given: Mapping[str, str]) -> Trace:
        """Walk one published row back.

        Raises:
            SettingsError: the key names no row, or several.
            WarehouseError: the release does not say how it was made.
        """
        cell, models = find(self.connection, table, given), self.models
        bases = bases_of(self.connection, cell)
        scope, load_ids = self._scope(cell), self._load_ids(cell, bases)
        proofs = tuple(self.proof(load_id) for load_id in load_ids)
        problems = [*self.release_problems, *(problem for proof in proofs for problem in proof.problems)]
        again: Again | None = None
        sums: list[Sum] = []
        figures: Figures = {}
        try:
            ground = self._ground(scope)
            again = compute_again(ground, models, cell)
            if again.is_shown:
                sums = sums_of(ground, cell)
                figures = figures_of(cell, sums, self._higher_is_better(cell))
        except WarehouseError as error:
            problems.append(error.block())
        if again is not None:
            problems += _again_problems(cell, again) + _sum_problems(cell, sums, figures)
        return Trace(
            self.manifest,
            self._title(cell),
            cell,
            _withheld(cell),
            tuple(sums),
            figures,
            again,
            bases,
            self._seeds(cell),
            proofs,
            tuple(dict.fromkeys(problems)),
        )

    def proof(self, load_id: str) -> LoadProof:
        """What stands under a load of the release."""
        if load_id not in self._proofs:
            loads = self._rows("select * from marts.loads where load_id = ?", load_id)
            if not loads:
                raise WarehouseError(
                    f"marts.loads of the release has no load {load_id}, which a row of it names",
                    {"release": self.folder.name},
                    "run `warehouse verify`: the release has been changed",
                )
            verdicts = self._rows("select success, severity from marts.validations where load_id = ?", load_id)
            entries = corrections_of(self.folder, loads[0]["dataset"], loads[0]["data_origin"])
            corrections = tuple(in_words(entry) for entry in entries)
            self._proofs[load_id] = prove(self.settings, loads[0], verdicts, self.events, corrections)
        return self._proofs[load_id]

    @cached_property
    def events(self) -> list[journal.Event]:
        """The whole journal, each line held against its hash: what came after the release tells of it too."""
        return journal.read(self.settings)

    @cached_property
    def models(self) -> dict[str, Model]:
        """The models that made the release."""
        return read_models(self.folder)

    @cached_property
    def release_problems(self) -> list[str]:
        """The files of the release that trace reads and that are not what its manifest or the journal says."""
        stated = {name: digest for name, digest in self.manifest.get("files", {}).items() if _is_read(name)}
        problems = [
            f"releases/{self.folder.name}/{name}: the file is not the one that was published"
            for name, digest in stated.items()
            if _file_hash(self.folder / name) != digest
        ]
        told = [
            event for event in self.events if event.subject == self.folder.name and "manifest_sha256" in event.facts
        ]
        if told and told[-1].facts["manifest_sha256"] != _file_hash(self.folder / MANIFEST):
            problems.append(f"releases/{self.folder.name}/{MANIFEST}: the file is not the one that was published")
        return problems

    def _ground(self, scope: Scope) -> Ground:
        if scope not in self._grounds:
            for other in self._grounds.values():
                other.close()
            self._grounds.clear()
            self._grounds[scope] = Ground(self.settings, self.folder, self.manifest, scope)
        return self._grounds[scope]

    def _scope(self, cell: Cell) -> Scope:
        """The least that suffices: nothing for dimensions and the ledger, everything for coverage."""
        if self._whole:
            return Scope()
        if cell.table in OF_THE_LEDGER or cell.table.startswith("dim_"):
            return Scope(frozenset())
        if cell.table == "revisions":
            return Scope(frozenset(self._versions(cell.row["old_load_id"])))
        datasets = self._datasets(cell)
        if datasets is None:
            return Scope()
        loads = self._rows(
            "select load_id from marts.loads where list_contains(?, dataset) and (status = 'promoted'"
            " or (provider = 'inbox' and promoted_at is not null))",
            sorted(datasets),
        )
        areas = one_area(cell.row["municipality_code"]) if cell.table in BY_AREA else None
        return Scope(frozenset(row["load_id"] for row in loads), areas)

    def _versions(self, load_id: str) -> list[str]:
        """Every load of the dataset of a load: a revision is between two of them."""
        query = "select load_id from marts.loads where dataset = (select dataset from marts.loads where load_id = ?)"
        return [row["load_id"] for row in self._rows(query, load_id)]

    def _datasets(self, cell: Cell) -> set[str] | None:
        if cell.table in OF_DATASETS:
            return set(OF_DATASETS[cell.table])
        indicator = cell.row.get("indicator_id")
        if indicator is None or cell.table == "coverage":
            return None
        tables = self._rows("select source_tables from marts.dim_indicator where indicator_id = ?", indicator)
        return {DATASETS.get(name, name.lower()) for row in tables for name in row["source_tables"] or ()}

    def _load_ids(self, cell: Cell, bases: Iterable[Base]) -> list[str]:
        """The loads that the row names itself, or the rows it rests on; else those of its indicator's datasets."""
        row = cell.row
        named = [*(row.get("load_ids") or []), *(row[n] for n in row if n.endswith("load_id") and row[n])]
        named += [load_id for base in bases for load_id in base.cell.row["load_ids"]]
        if not named and "indicator_id" in row and not cell.table.startswith("dim_"):
            datasets = self._datasets(Cell("gaps", {}, row)) or set()
            query = "select load_id from marts.loads where list_contains(?, dataset) and status = 'promoted' order by 1"
            named = [found["load_id"] for found in self._rows(query, sorted(datasets))]
        return sorted(set(named) & self._known_loads) if cell.table == "validations" else sorted(set(named))

    @cached_property
    def _known_loads(self) -> set[str]:
        return {row["load_id"] for row in self._rows("select load_id from marts.loads")}

    def _seeds(self, cell: Cell) -> dict[str, str]:
        """The seeds that the row is made of, with the hash that the release's manifest states."""
        _, sources = ancestors(self.models, f"marts.{cell.table}")
        names = sorted(f"{FOLDER}/seeds/{s.removeprefix('seeds.')}.csv" for s in sources if s.startswith("seeds."))
        return {name: self.manifest["files"][name] for name in names if name in self.manifest.get("files", {})}

    def _title(self, cell: Cell) -> str:
        """The row in words: what, where and when."""
        row = cell.row
        named = self._rows("select label_en from marts.dim_indicator where indicator_id = ?", row.get("indicator_id"))
        places = self._rows(
            "select label_en from marts.dim_municipality where municipality_code = ?", row.get("municipality_code")
        )
        what = named[0]["label_en"] if named else cell.table
        where = [f"{place['label_en']} ({row['municipality_code']})" for place in places]
        when = [str(row[name]) for name in ("period", "quarter", "election_id") if row.get(name)]
        return ", ".join([what, *where, *when])

    def _higher_is_better(self, cell: Cell) -> bool:
        query = "select higher_is_better from marts.dim_indicator where indicator_id = ?"
        found = self._rows(query, cell.row.get("indicator_id"))
        return bool(found and found[0]["higher_is_better"])

    def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        cursor = self.connection.execute(query, list(values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise WarehouseError(
            f"The release's database cannot be opened: {str(error).splitlines()[0]}",
            {"file": f"releases/{path.parent.name}/{path.name}"},
            "run `warehouse verify`: the release has been changed; `warehouse rebuild` makes it again",
        ) from None


def _release_folder(settings: Settings, release_id: str | None) -> Path:
    if release_id is None:
        return current_database(settings).parent
    folder = settings.releases / release_id
    if not release_id or "/" in release_id or not (folder / MANIFEST).is_file():
        known = sorted(path.parent.name for path in settings.releases.glob(f"*/{MANIFEST}"))
        raise SettingsError(f"There is no release {release_id!r}", next_step=f"choose one of: {', '.join(known)}")
    return folder.resolve()


def _is_read(name: str) -> bool:
    return name in (DATABASE, f"{FOLDER}/{MODELS}") or name.startswith(f"{FOLDER}/seeds/")


def _file_hash(path: Path) -> str | None:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _withheld(cell: Cell) -> str:
    """Why single rows, or all numbers, are not shown; empty where everything is."""
    own, status = cell.row.get("indicator_id") in OWN_DATA, cell.row.get("value_status", "observed")
    if "target_numerator" not in cell.row and cell.table != "unknown_shares":
        return ""
    if status == "suppressed" and own:
        return "the counts are confidential and are not shown"
    if status == "suppressed":
        return (
            "suppressed as unreliable: a count is small, or missing at the provider. No number is shown that the"
            " release does not show; the provider's own table is open to the request below"
        )
    if status != "observed":
        return f"the row is {status}: there is no number to recompute"
    if own:
        return "single rows of the municipality's own data are not shown; their sums are what is published"
    return ""


def _again_problems(cell: Cell, again: Again) -> list[str]:
    where = f"marts.{cell.table}"
    if again.found != 1:
        return [f"{where}: the release's own SQL gives {again.found} such rows from the landing, not 1"]
    return [
        f"{where}.{name}: {difference}"
        for name, difference in ((name, _difference(cell, again, name)) for name in again.differing)
    ]


def _difference(cell: Cell, again: Again, name: str) -> str:
    shown = all(row.get("value_status", "observed") == "observed" for row in (cell.row, again.row))
    values = f" published {cell.row[name]}, recomputed {again.row.get(name)}" if shown else ""
    return f"the published value is not what the landing gives{':' if values else ''}{values}"


def _sum_problems(cell: Cell, sums: Iterable[Sum], figures: Figures) -> list[str]:
    where = f"marts.{cell.table}"
    unequal = [item for item in sums if not item.agrees]
    problems = [
        f"{where}.{item.column}: published {item.published}, and the rows of {item.model} add up to"
        f" {'a missing value' if item.total is None else float(item.total)}"
        for item in unequal
    ]
    problems += [
        f"{where}.{name}: published {cell.row[name]}, and in Python it is {value}"
        for name, value in figures.items()
        if not same(value, cell.row[name])
    ]
    return problems
