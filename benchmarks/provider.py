"""A StatBank on the loopback whose FOLK1E is of national size: ``python -m benchmarks.provider BODY QUARTERS``.

The description comes from the sample providers, the BULK answer from a file written beforehand, so that what is
measured is the client and not the making of figures. Prints its address and serves until its input is closed. JSON-stat
is answered as StatBank does, up to a million cells, and kept, so that a second question costs nothing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import folk1e
from benchmarks.measuring import python_module
from sample_providers import Answer, Request, Table, start
from warehouse.settings import REPOSITORY

CHUNK_BYTES = 1 << 16


def serve(body: Path, quarters: int) -> None:
    """Serve until standard input ends."""
    kept: dict[bytes, Answer] = {}

    def answer(request: Request) -> Answer | None:
        if request.format == "BULK":
            headers = {"Content-Type": "text/csv; charset=utf-8", "Cache-Control": "no-cache"}
            return Answer(200, headers, _pieces(body))
        if request.format is None:
            return None
        if request.body not in kept:
            kept[request.body] = request.real()
            kept[request.body].whole()
        return kept[request.body]

    def grow(table: Table) -> None:
        if table.id == "FOLK1E":
            table.variables = folk1e.table(quarters).variables
            table.figures = lambda: folk1e.figures(quarters)

    with start(mutate=grow, raw_answer=answer) as running:
        print(running.statbank_url, flush=True)
        sys.stdin.read()


def _pieces(body: Path) -> Iterator[bytes]:
    with body.open("rb") as handle:
        while piece := handle.read(CHUNK_BYTES):
            yield piece


@contextmanager
def provider(body: Path, quarters: int) -> Iterator[str]:
    """The provider in a process of its own; gives its address."""
    process = subprocess.Popen(
        python_module("benchmarks.provider", body, str(quarters)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
