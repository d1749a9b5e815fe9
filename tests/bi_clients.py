"""Clients of ``warehouse serve``: the command in a process of its own, and a DuckDB that speaks to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.serve import load_extension

TOKEN = "token-of-the-test-0123456789"
WAREHOUSE = Path(sys.executable).parent / "warehouse"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, token: str | None = TOKEN) -> dict[str, str]:
    """The environment of a `warehouse` on this home."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAREHOUSE_")}
    return {**clean, "WAREHOUSE_HOME": str(home), **({"WAREHOUSE_SERVE_TOKEN": token} if token else {})}


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """`warehouse serve` on a home; gives its port. It must end by itself, in order, when it is told to."""
    port = free_port()
    server = subprocess.Popen(
        [str(WAREHOUSE), "serve", "--port", str(port)],
        env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home,
    )  # fmt: skip
    assert server.stdout
    try:
        first = server.stdout.readline()
        assert first.startswith("Serving release"), first + server.stdout.read()
        yield port
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=20)[0]
        assert server.returncode == 0 and said.endswith("Stopped.\n") and TOKEN not in said, said
    finally:
        server.kill()
        server.communicate()


@contextmanager
def client(port: int, token: str = TOKEN) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the server attached as ``remote``."""
    connection = duckdb.connect()
    try:
        for name in ("httpfs", "quack"):
            load_extension(connection, name)
        connection.execute(f"attach 'quack:127.0.0.1:{port}' as remote (token '{token}')")
        yield connection
        connection.execute("detach remote")
    finally:
        connection.close()
