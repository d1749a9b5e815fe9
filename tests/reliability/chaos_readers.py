"""Ten readers in a loop, by every door of the warehouse; each look must meet one whole release.

Four read the release files (the DuckDB file through the link, attached, through SQLAlchemy, and the folder with its
Parquet), three ask ``warehouse serve``, and three PostgreSQL as a member of ``bi_reader``: one statement, a transaction
of several, and a connection of its own for each look. What a look meets is a :class:`Seen`: the release ids that it was
told, and per table the number of rows and a sum of its figures. :class:`Whole` knows what whole releases look like, and
names an error, a mixture, and an old release after a new one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psycopg
import sqlalchemy
from bi_clients import client
from chaos_compare import EXTENSIONS, made_again

from warehouse.db import literal, quote
from warehouse.release_files import DATABASE, Table, published_tables

PAUSE = 0.3  # seconds between two looks of a reader, and more after a costly one: readers must not eat the machine
SHARE = 40  # a reader rests so many times as long as a look has kept the processor
RELEASE = "select 'release' as name, release_id, 0 as row_count, 0 as figures from marts.release"
CHANGING = ("gap_beskaeftigelse", "gaps", "loads", "target_group", "validations")  # asked one by one over quack
Facts = Mapping[str, tuple[int, int]]
Row = tuple[str, str | None, int, int]


@dataclass(frozen=True)
class Seen:
    """One look: every release id that was met on the way, and table → rows and sum of figures."""

    facts: Facts
    ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: list[Row], *ids: str) -> Seen:
        """From the rows of :func:`statement`; ``ids`` are those that were met elsewhere."""
        told = {str(row[1]) for row in rows if row[1] is not None}
        return cls(
            {row[0]: (int(row[2]), int(row[3])) for row in rows if row[0] != "release"}, frozenset({*told, *ids})
        )


Look = Callable[[], Seen | None]


def summary(table: Table, source: str) -> str:
    """SQL for one table's row of a look: rows, and the first figures and the gaps as whole ten-thousandths.

    Sums of whole numbers, so that DuckDB and PostgreSQL add up to the same.
    """
    figures = [column.name for column in table.columns if column.type == "DOUBLE"]
    summed = [name for name in figures if name in {figures[0], "gap_pp"}]
    parts = [f"coalesce(sum(cast(floor({quote(name)} * 10000) as bigint)), 0)" for name in summed] or ["0"]
    if table.name == "validations":
        source = f"(select * from {source} where not {made_again()}) as kept"
    return (
        f"select {literal(table.name)} as name, null as release_id, count(*) as row_count, "
        f"cast({' + '.join(parts)} as bigint) as figures from {source}"
    )


def statement(tables: list[Table], schema: str = "marts", *, release: bool) -> str:
    """One statement that looks at every table, and at ``marts.release`` where a door has it."""
    looks = [summary(table, f"{schema}.{quote(table.name)}") for table in tables]
    return " union all ".join([*([RELEASE] if release else []), *looks])


def tables_of(folder: Path) -> list[Table]:
    """The published tables of a release folder."""
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        return published_tables(connection)


def facts_of(folder: Path) -> Facts:
    """What a look at this release must meet."""
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        rows = connection.execute(statement(published_tables(connection), release=False)).fetchall()
    return Seen.of(rows).facts


@dataclass
class Whole:
    """The releases that may be met, oldest first; ``ids`` are those that are known by name."""

    releases: list[Facts]
    ids: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def which(self, seen: Seen) -> int:
        """The place in ``releases`` of the one that a look met.

        Raises:
            ValueError: it met several, or a part of one; the message says which.
        """
        if len(seen.ids) > 1:
            raise ValueError(f"several releases in one look: {', '.join(sorted(seen.ids))}")
        if not seen.facts:
            raise ValueError("an empty look")
        fitting = [
            place
            for place, facts in enumerate(self.releases)
            if all(facts.get(name) == found for name, found in seen.facts.items())
        ]
        if not fitting:
            strange = [n for n, found in seen.facts.items() if all(f.get(n) != found for f in self.releases)]
            raise ValueError(f"a look like no release: {', '.join(strange) or 'tables of several releases'}")
        with self._lock:
            for release_id in seen.ids:  # a release id that nobody knows yet is that of what it shows
                place = self.ids.setdefault(release_id, fitting[-1])
                if place not in fitting:
                    raise ValueError(f"{release_id} with the figures of another release")
                return place
        return fitting[-1]


class Reader(threading.Thread):
    """Looks again and again until it is told to stop; keeps what was wrong, each kind once."""

    def __init__(self, name: str, look: Look, whole: Whole, pause: float = PAUSE) -> None:
        super().__init__(daemon=True, name=name)
        self.look, self.whole, self.pause = look, whole, pause
        self.looks, self.newest, self.errors, self.over = 0, -1, list[str](), threading.Event()

    def run(self) -> None:
        rest = self.pause
        while not self.over.wait(rest):
            began = time.thread_time()
            try:
                if (seen := self.look()) is not None:
                    self.looks += 1
                    self._judge(seen)
            except Exception as error:
                told = f"reader {self.name}: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
                if told not in self.errors:
                    self.errors.append(told)
            rest = max(self.pause, SHARE * (time.thread_time() - began) * (self.pause > 0))

    def _judge(self, seen: Seen) -> None:
        place = self.whole.which(seen)
        if place < self.newest:
            raise ValueError("the release before, after the new one")
        self.newest = place

    def finish(self, newest: int, seconds: float = 30.0) -> None:
        """Stop it, once it has met the release at this place (within so many seconds: otherwise that is an error)."""
        for _ in range(int(seconds * 20)):
            if self.newest >= newest or self.over.wait(0.05):
                break
        else:
            self.errors.append(f"reader {self.name} has not met the new release {seconds:.0f} s after the run")
        self.over.set()
        self.join(30)


@contextmanager
def reading(
    looks: Mapping[str, Look], whole: Whole, problems: list[str], reads: dict[str, int]
) -> Iterator[list[Reader]]:
    """Readers at work for the block; fills ``problems`` with what was wrong, ``reads`` with the numbers of looks."""
    readers = [Reader(name, look, whole) for name, look in looks.items()]
    for reader in readers:
        reader.start()
    try:
        yield readers
    finally:
        for reader in readers:
            reader.over.set()
        for reader in readers:
            reader.join(30)
            problems += reader.errors
            reads[reader.name] = reader.looks


def of_files(home: Path, tables: list[Table]) -> dict[str, Look]:
    """The looks at the files of a home; None while nothing was published there."""
    link = home / "releases" / "current"
    file, asked = link / DATABASE, statement(tables, release=False)
    alone = threading.Lock()  # a process opens a file once, and with the same settings

    def by_link() -> Seen:
        with alone, duckdb.connect(str(file), read_only=True) as connection:
            return Seen.of(connection.execute(asked).fetchall())

    def by_attaching() -> Seen:
        with duckdb.connect() as connection:
            connection.execute(f"attach {literal(str(file))} as shown (read_only)")
            return Seen.of(connection.execute(statement(tables, "shown.marts", release=False)).fetchall())

    def by_sqlalchemy() -> Seen:
        engine = sqlalchemy.create_engine(
            f"duckdb:///{file}", connect_args={"read_only": True}, poolclass=sqlalchemy.pool.NullPool
        )
        with alone, engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(sqlalchemy.text(asked))]
        engine.dispose()
        return Seen.of(rows)  # type: ignore[arg-type]

    def by_folder() -> Seen:
        folder = link.resolve()
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        with duckdb.connect() as connection:
            found: list[Row] = []
            counts: dict[str, int] = {}
            for table in tables:
                parquet = f"read_parquet({literal(str(folder / 'parquet' / f'{table.name}.parquet'))})"
                found += connection.execute(summary(table, parquet)).fetchall()
                counts |= dict(connection.execute(f"select {literal(table.name)}, count(*) from {parquet}").fetchall())
        if manifest["rows"] != counts:  # every row: a summary leaves out comparisons that were made again
            raise ValueError("the manifest counts other rows than the Parquet files have")
        return Seen.of(found, folder.name, manifest["release_id"], package["version"])

    looks = {"file": by_link, "attached": by_attaching, "sqlalchemy": by_sqlalchemy, "folder": by_folder}
    return {name: (lambda look=look: look() if link.is_symlink() else None) for name, look in looks.items()}


def of_server(stack: ExitStack, port: int, tables: list[Table]) -> dict[str, Look]:
    """The looks at a ``warehouse serve``; connections are closed with the stack."""
    asked = statement(tables, release=True)
    pieces = [summary(table, f"marts.{quote(table.name)}") for table in tables if table.name in CHANGING]
    one, several = (stack.enter_context(_client(port)) for _ in range(2))

    def by_statement() -> Seen:
        return Seen.of(one.execute("from remote.query(?)", [asked]).fetchall())

    def by_transaction() -> Seen:
        several.execute("from remote.query('begin transaction')").fetchall()
        try:
            rows = [
                row
                for piece in (RELEASE, *pieces, RELEASE)
                for row in several.execute("from remote.query(?)", [piece]).fetchall()
            ]
        finally:
            several.execute("from remote.query('commit')").fetchall()
        return Seen.of(rows)

    def anew() -> Seen:
        with _client(port) as connection:
            return Seen.of(connection.execute("from remote.query(?)", [asked]).fetchall())

    return {"quack-statement": by_statement, "quack-transaction": by_transaction, "quack-anew": anew}


@contextmanager
def _client(port: int) -> Iterator[duckdb.DuckDBPyConnection]:
    with ExitStack() as stack:
        with EXTENSIONS:
            connection = stack.enter_context(client(port))
        yield connection


def of_postgres(stack: ExitStack, dsn: str, tables: list[Table]) -> dict[str, Look]:
    """The looks at PostgreSQL; ``dsn`` is that of a member of ``bi_reader``."""
    asked, pieces = statement(tables, release=True), [summary(table, f"marts.{quote(table.name)}") for table in tables]
    one, several = (stack.enter_context(psycopg.connect(dsn, autocommit=True)) for _ in range(2))
    several.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def rows_of(connection: psycopg.Connection, query: str) -> list[Row]:
        return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]

    def by_statement() -> Seen:
        return Seen.of(rows_of(one, asked))

    def by_transaction() -> Seen:
        with several.transaction():
            return Seen.of([row for piece in (RELEASE, *pieces, RELEASE) for row in rows_of(several, piece)])

    def anew() -> Seen:
        with psycopg.connect(dsn, autocommit=True) as connection:
            return Seen.of(rows_of(connection, asked))

    return {"postgres-statement": by_statement, "postgres-transaction": by_transaction, "postgres-anew": anew}
