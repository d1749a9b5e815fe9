"""The dbt data tests as guards, and a scratch copy of the build database to poison.

What a data test reads of staging and of all that follows is copied into memory, views as tables, rows in a fixed order.
A poison is applied in a transaction, every guard that reads a poisoned relation is run, and the transaction is rolled
back. What stands downstream of a poisoned relation is not built again, so only guards that read the relation itself
can answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

SINGULAR = "singular"
_WRITTEN = re.compile(r"(?:update|insert into|delete from)\s+(\w+\.\w+)", re.I)
_NAMED = re.compile(r'"(\w+)"\."(\w+)"\."(\w+)"')


@dataclass(frozen=True)
class Guard:
    """One dbt data test.

    ``kind`` is the generic test's name, or ``singular``; ``relation`` (``schema.name``) is what a generic test is
    declared on, empty for a singular one; ``reads`` is every relation that its SQL names.
    """

    name: str
    kind: str
    severity: str
    relation: str
    column: str
    arguments: dict[str, Any] = field(hash=False)
    reads: frozenset[str]
    sql: str

    @property
    def handle(self) -> str:
        """What a poison written by hand is filed under: the name, or of a generic test relation, kind and column."""
        return self.name if self.kind == SINGULAR else f"{self.relation} {self.kind} {self.column}".strip()

    @property
    def columns(self) -> list[str]:
        """The columns that it is about."""
        return list(self.arguments.get("columns", [self.column] if self.column else []))


@dataclass(frozen=True)
class Poison:
    """Statements that spoil data, or (``replaced``: before, after) a text of the guard's own compiled SQL."""

    words: str
    statements: tuple[str, ...] = ()
    replaced: tuple[str, str] | None = None

    @property
    def relations(self) -> frozenset[str]:
        """What the statements write to."""
        return frozenset(name for statement in self.statements for name in _WRITTEN.findall(statement))


def read_guards(manifest: Path) -> list[Guard]:
    """Every data test of a compiled manifest, by name.

    Raises:
        ValueError: when a test is not compiled: the manifest is not that of a whole run.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    return sorted((_guard(node, nodes) for node in nodes.values() if node["resource_type"] == "test"), key=_by_name)


def unit_tests(manifest: Path) -> int:
    """How many dbt unit tests a manifest holds."""
    return len(json.loads(manifest.read_text(encoding="utf-8"))["unit_tests"])


def _by_name(guard: Guard) -> str:
    return guard.name


def _guard(node: dict[str, Any], nodes: dict[str, Any]) -> Guard:
    if not node.get("compiled_code"):
        raise ValueError(f"{node['name']} is not compiled")
    generic = node.get("test_metadata")
    arguments = {k: v for k, v in generic["kwargs"].items() if k != "model"} if generic else {}
    about = nodes[node["attached_node"]] if generic else {}
    return Guard(
        name=node["name"],
        kind=generic["name"] if generic else SINGULAR,
        severity=node["config"]["severity"].lower(),
        relation=f"{about['schema']}.{about['alias']}" if generic else "",
        column=arguments.get("column_name") or "",
        arguments=arguments,
        reads=frozenset(f"{schema}.{name}" for _, schema, name in _NAMED.findall(node["compiled_code"])),
        sql=f"select {node['config']['fail_calc']} from (\n{node['compiled_code']}\n) as failing",
    )


@dataclass
class Scratch:
    """Every relation that a guard reads, in memory; raw, which no poison touches, is read where it is, read-only."""

    file: Path
    guards: list[Guard]

    def __post_init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set threads = 1")
        self.connection.execute(f"attach '{self.file}' as warehouse (read_only)")
        self.connection.execute("attach ':memory:' as scratch")
        for relation in sorted(set().union(*(guard.reads for guard in self.guards))):
            schema = relation.split(".")[0]
            kind, order = ("view", "") if schema == "raw" else ("table", " order by all")
            self.connection.execute(f"create schema if not exists scratch.{schema}")
            self.connection.execute(f"create {kind} scratch.{relation} as select * from warehouse.{relation}{order}")
        self.connection.execute("use scratch")
        self._latest: list[str] = []

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the scratch."""
        return self.connection.execute(query).fetchall()

    def columns(self, relation: str) -> dict[str, str]:
        """Column names and types."""
        if relation not in self._columns:
            found = self.rows(f"select column_name, column_type from (describe {relation})")
            self._columns[relation] = dict(found)
        return self._columns[relation]

    @cached_property
    def _columns(self) -> dict[str, dict[str, str]]:
        return {}

    @contextmanager
    def poisoned(self, statements: Iterable[str]) -> Iterator[None]:
        """With the statements applied, then as before."""
        self.connection.execute("begin")
        try:
            for statement in statements:
                self.connection.execute(statement)
            yield
        finally:
            self.connection.execute("rollback")

    def fails(self, guard: Guard, poison: Poison | None = None) -> bool:
        """Whether a guard finds anything."""
        sql = guard.sql
        if poison and poison.replaced:
            before, after = poison.replaced
            if before not in sql:
                raise ValueError(f"{guard.name}: its SQL holds no {before!r}")
            sql = sql.replace(before, after)
        return bool(self.rows(_NAMED.sub(r"\2.\3", sql))[0][0])

    def others_tripped(self, guard: Guard, relations: frozenset[str], first_only: bool = True) -> list[str]:
        """Other guards on the poisoned relations that fail now; those that failed lately are asked first."""
        others = [other for other in self.guards if other.name != guard.name and other.reads & relations]
        others.sort(key=lambda other: self._latest.index(other.name) if other.name in self._latest else 10**6)
        tripped: list[str] = []
        for other in others:
            if self.fails(other):
                tripped.append(other.name)
                self._latest = [other.name, *(name for name in self._latest if name != other.name)][:20]
                if first_only:
                    break
        return tripped

    def trips(self, guard: Guard, poison: Poison) -> bool:
        """Whether a poison trips a guard, whatever else it trips."""
        with self.poisoned(poison.statements):
            return self.fails(guard, poison)
