"""Readers in a loop during ten publications: the file, `warehouse serve` and PostgreSQL show whole releases alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pg
import psycopg
import pytest
import sqlalchemy
from bi_clients import client, serving
from bi_releases import RELEASE_ID, WHOLE, Releases, number_of
from pydantic import SecretStr

from warehouse import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.xdist_group("postgres")
PUBLICATIONS = 10


class Reader(threading.Thread):
    """Looks again and again until told to stop; keeps the releases it saw and the first error it met."""

    def __init__(self, look: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self.look, self.seen, self.looks = look, {}, 0
        self.error: BaseException | None = None
        self.done = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            while not self.done.is_set():
                self.seen[self.look()] = None
                self.looks += 1
        except BaseException as error:
            self.error = error

    def wait_for(self, number: int, seconds: float = 20) -> None:
        """Wait until it has seen a release."""
        deadline = threading.Event()
        for _ in range(int(seconds * 100)):
            if number in self.seen or self.error:
                break
            deadline.wait(0.01)
        assert self.error is None and number in self.seen, (number, self.seen, self.error)

    def finish(self) -> list[int]:
        """Stop; gives the releases in the order they were first seen."""
        self.done.set()
        self.join(20)
        assert self.error is None, self.error
        return list(self.seen)


@pytest.fixture
def releases(sample_home, tmp_path) -> Releases:
    return Releases(tmp_path / "home", sample_home.path / "releases" / "current" / "integration_gaps.duckdb")


def _file_by_python(file: Path) -> Iterator[int]:
    while True:
        with duckdb.connect(str(file), read_only=True) as connection:
            row = connection.execute(WHOLE.format(schema="marts")).fetchone()
        yield number_of(row)


def _file_by_sqlalchemy(file: Path) -> Iterator[int]:
    while True:
        engine = sqlalchemy.create_engine(
            f"duckdb:///{file}", connect_args={"read_only": True}, poolclass=sqlalchemy.pool.NullPool
        )
        with engine.connect() as connection:
            row = connection.execute(sqlalchemy.text(WHOLE.format(schema="marts"))).one()
        engine.dispose()
        yield number_of(tuple(row))


def _quack_by_statement(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
    while True:
        yield number_of(connection.execute("from remote.query(?)", [WHOLE.format(schema="marts")]).fetchone())


def _quack_by_transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
    """Several tables of the attached server, one query each, held together by a transaction on the server."""
    while True:
        connection.execute("from remote.query('begin transaction')").fetchall()
        looks = [
            connection.execute(f"select count(*), min(gap_pp), max(gap_pp) from remote.marts.{name}").fetchone()
            for name in ("gaps", "gap_beskaeftigelse")
        ]
        release_id = connection.execute("select release_id from remote.marts.release").fetchone()
        connection.execute("from remote.query('commit')").fetchall()
        counts, lowest, highest = zip(*looks, strict=True)
        number = number_of((sum(counts), min(lowest), max(highest)))
        assert release_id == (RELEASE_ID.format(number),)
        yield number


def _postgres(connection: psycopg.Connection, level: psycopg.IsolationLevel) -> Iterator[int]:
    connection.isolation_level = level
    while True:
        with connection.transaction():
            row = connection.execute(WHOLE.format(schema="marts")).fetchone()
            release_id = connection.execute("select release_id from marts.release").fetchone()
        if level is psycopg.IsolationLevel.REPEATABLE_READ:
            assert release_id == (RELEASE_ID.format(number_of(row)),)
        yield number_of(row)


def _all_saw_whole_releases(readers: list[Reader], publish: Callable[[int], object]) -> None:
    for reader in readers:
        reader.wait_for(0)
    for number in range(1, PUBLICATIONS + 1):
        publish(number)
    for reader in readers:
        reader.wait_for(PUBLICATIONS)
    for reader in readers:
        seen = reader.finish()
        assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == PUBLICATIONS, seen
        assert reader.looks > PUBLICATIONS


@pytest.mark.parametrize("look", [_file_by_python, _file_by_sqlalchemy])
def test_readers_of_the_file_see_whole_releases(releases, look) -> None:
    releases.publish(0)
    file = releases.settings.releases / "current" / "integration_gaps.duckdb"
    _all_saw_whole_releases([Reader(look(file).__next__)], releases.publish)


def test_readers_of_the_server_see_whole_releases(releases) -> None:
    releases.publish(0)
    with ExitStack() as stack:
        port = stack.enter_context(serving(releases.settings.root))
        looks = (_quack_by_statement, _quack_by_transaction)
        readers = [Reader(look(stack.enter_context(client(port))).__next__) for look in looks]

        def publish(number: int) -> None:
            releases.publish(number)
            readers[0].wait_for(number)

        _all_saw_whole_releases(readers, publish)


def test_readers_of_postgresql_see_whole_releases(releases) -> None:
    with pg.running() as cluster:
        settings = Settings(home=releases.settings.home, postgres_dsn=SecretStr(cluster.dsn), _env_file=None)
        postgres.bring_up_to_date(settings, releases.make(0))
        levels = (psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ)
        with ExitStack() as stack:
            readers = [Reader(_postgres(stack.enter_context(cluster.connect()), level).__next__) for level in levels]
            _all_saw_whole_releases(readers, lambda number: postgres.bring_up_to_date(settings, releases.make(number)))
