"""A PostgreSQL of a test's own: a cluster in a temporary folder, on a free port, gone at the end.

The server's programs come with the operating system (Debian: ``apt-get install postgresql``; ``.ci/run`` does so).
PostgreSQL does not run as root: then the cluster belongs to the user ``postgres``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PASSWORD = "s3cret-of-the-test"


@dataclass(frozen=True)
class Cluster:
    """A running server; ``warehouse`` owns the database ``warehouse`` and may create roles."""

    port: int

    @property
    def dsn(self) -> str:
        """How the warehouse connects."""
        return f"postgresql://warehouse:{PASSWORD}@127.0.0.1:{self.port}/warehouse"

    def connect(self, user: str = "warehouse", **options: object) -> psycopg.Connection:
        """A connection of this user; all have the same password."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname="warehouse", user=user, password=PASSWORD, **options
        )

    def admin(self) -> psycopg.Connection:
        """A connection of the superuser; every statement stands for itself."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname="postgres", user="admin", password=PASSWORD, autocommit=True
        )

    def fresh(self) -> None:
        """An empty database, without roles that a test made."""
        with self.admin() as admin:
            admin.execute("drop database if exists warehouse with (force)")
            for role in ("analyst", "bi_reader"):
                admin.execute(f"drop role if exists {role}")
            admin.execute("create database warehouse owner warehouse")


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, or None where no server is installed."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return Path(found).parent if found else folders[-1].parent if folders else None


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster with nothing in it; skips the test, and says so, where no server is installed."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    base = Path(tempfile.mkdtemp(prefix="warehouse-test-pg-"))
    try:
        secret = base / "password"
        secret.write_text(PASSWORD)
        if as_user:
            for path in (base, secret):
                shutil.chown(path, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = str(base / "data")

        def call(*command: str) -> None:
            done = subprocess.run(
                [*as_user, str(bin_folder / command[0]), *command[1:]],
                cwd=base,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()

        call("initdb", "-D", data, "-U", "admin", "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8",
             "--no-locale", "--no-sync")  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={base} -c fsync=off"
        call("pg_ctl", "-D", data, "-o", options, "-l", str(base / "log"), "-w", "-t", "60", "start")
        try:
            cluster = Cluster(port)
            with cluster.admin() as admin:
                admin.execute(f"create role warehouse login createrole password '{PASSWORD}'")
            cluster.fresh()
            yield cluster
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(base, ignore_errors=True)
