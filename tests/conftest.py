"""Fixtures for all tests. No test reaches past loopback, and none reads the settings of whoever runs it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import Home, home_on

from sample_providers import Running, start, write_inbox
from warehouse.db import file_lock

for name in [name for name in os.environ if name.startswith("WAREHOUSE_")]:
    del os.environ[name]

_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
        raise RuntimeError(f"a test tried to reach {address[0]}")
    _connect(self, address)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Only loopback answers."""
    socket.socket.connect = _loopback_only  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.fixture
def provider() -> Iterator[Running]:
    """Sample providers of this test's own, to poison and to count calls."""
    with start() as running:
        yield running


@pytest.fixture
def home(provider: Running, tmp_path: Path) -> Home:
    """An empty home that reads from ``provider``."""
    return home_on(provider, tmp_path / "home")


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home after `warehouse run` on the sample providers: made once for all workers, to be left as it is."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    path = shared / "sample_home"
    with start() as running:
        home = home_on(running, path, WAREHOUSE_SAMPLE_INBOX=str(path / "sample_inbox"))
        with file_lock(shared / "sample_home.lock", "make the sample home"):
            if not (path / "done").exists():
                write_inbox(path / "sample_inbox")
                made = home.warehouse("run")
                assert made.returncode == 0, made.stderr
                (path / "done").write_text(made.stdout)
        yield home
