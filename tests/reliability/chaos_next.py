"""The kind ``next``: a home with a release, its readers at work, and a provider that has moved.

The home is served by ``warehouse serve`` and has a database of its own in one PostgreSQL cluster, made from a template
that shows the release. What moved: a new quarter in FOLK1E and FOLK1C, and a revised KY038. Without a PostgreSQL on the
machine this kind is left out, and the report says so.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pg
import psycopg
from bi_clients import TOKEN, WAREHOUSE, free_port
from chaos_compare import differing_in_postgres
from chaos_readers import Reader, Whole, of_files, of_postgres, of_server, reading
from chaos_trial import NEXT, Reference, Trial
from psycopg import sql
from pydantic import SecretStr

from sample_providers import Table
from warehouse import postgres
from warehouse.settings import Settings

TEMPLATE = "published"
ANALYST = "analyst"
CELL = {"OMRÅDE": "151", "YDELSESTYPE": "10000", "HERKOMST": "0", "TID": "2024"}


def move(table: Table) -> None:
    """What the provider has published since: a quarter more, and one recipient more in a year that was known."""
    if table.id in {"FOLK1E", "FOLK1C"}:
        table.add_period("2026K4")
    elif table.id == "KY038":
        for origin in ("9", "TOT"):
            table.add(1, **CELL, HERKOMST1=origin)
    else:
        return
    table.updated = "2026-11-11T08:00:00"


class Databases:
    """A PostgreSQL cluster with one database a home, each from the same template."""

    def __init__(self, cluster: pg.Cluster) -> None:
        self.cluster = cluster

    def fill_template(self, home: Path) -> None:
        """Let the template show the release of a home, and make the role that readers have."""
        with self.cluster.admin() as admin:
            admin.execute(f"create database {TEMPLATE} owner warehouse")
        settings = Settings(home=home, postgres_dsn=SecretStr(self.dsn(TEMPLATE)), _env_file=None)  # type: ignore[call-arg]
        postgres.bring_up_to_date(settings, (home / "releases" / "current").resolve())
        with psycopg.connect(self.dsn(TEMPLATE)) as connection:
            connection.execute(f"create role {ANALYST} login password '{pg.PASSWORD}' in role bi_reader")

    def dsn(self, database: str, user: str = "warehouse") -> str:
        """How a user connects to a database."""
        return f"postgresql://{user}:{pg.PASSWORD}@127.0.0.1:{self.cluster.port}/{database}"

    def make(self, database: str) -> str:
        """A database that shows the release of the template; how the warehouse connects to it."""
        self.drop(database)
        statement = sql.SQL("create database {} template {} owner warehouse")
        with self.cluster.admin() as admin:
            admin.execute(statement.format(sql.Identifier(database), sql.Identifier(TEMPLATE)))
        return self.dsn(database)

    def drop(self, database: str) -> None:
        """Away with a database, whoever is connected."""
        with self.cluster.admin() as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


@contextmanager
def serving(environment: Mapping[str, str], problems: list[str]) -> Iterator[int]:
    """``warehouse serve`` on the home of an environment; its port. Whatever it cannot read, or how it ends, is told."""
    port, said = free_port(), list[str]()
    server = subprocess.Popen(
        [str(WAREHOUSE), "serve", "--port", str(port)],
        env={**environment, "WAREHOUSE_SERVE_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = server.stdout
    assert output
    try:
        if not (first := output.readline()).startswith("Serving release"):
            raise RuntimeError(f"warehouse serve did not start: {first}{output.read()}")
        listener = threading.Thread(target=lambda: said.extend(output), daemon=True)
        listener.start()
        yield port
        server.send_signal(signal.SIGTERM)
        code = server.wait(20)
        listener.join(5)
        if code or said[-1:] != ["Stopped.\n"]:
            problems.append(f"warehouse serve ended with {code}: {''.join(said)[-300:]}")
        problems += [f"warehouse serve: {line.strip()}" for line in said if line.startswith("Still")]
    finally:
        server.kill()
        server.wait()
        output.close()


@contextmanager
def watched(
    environment: Mapping[str, str], databases: Databases, database: str, reference: Reference, result: Trial
) -> Iterator[list[Reader]]:
    """Ten readers on the home of an environment and on its database, while the block lasts."""
    home, tables = Path(environment["WAREHOUSE_HOME"]), reference.tables
    whole = Whole(reference.whole, dict(reference.ids))
    with ExitStack() as stack:
        port = stack.enter_context(serving(environment, result.problems))
        looks = {
            **of_files(home, tables),
            **of_server(stack, port, tables),
            **of_postgres(stack, databases.dsn(database, ANALYST), tables),
        }
        with reading(looks, whole, result.problems, result.reads) as readers:
            yield readers


def all_show_the_same(
    environment: Mapping[str, str], readers: list[Reader], result: Trial, reference: Reference
) -> None:
    """After a plain run that went well: every reader meets its release, and PostgreSQL holds it row for row."""
    for reader in readers:
        reader.finish(newest=len(reference.whole) - 1)
    if reference.kind != NEXT:
        return
    folder = (Path(environment["WAREHOUSE_HOME"]) / "releases" / "current").resolve()
    result.problems += differing_in_postgres(environment["WAREHOUSE_POSTGRES_DSN"], folder)
