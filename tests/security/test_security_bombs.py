"""Promise: a small answer that unfolds into a large one is stopped at its limit, in little memory."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingestion.bulk import Watch
from ingestion.election_xml import parse_result
from ingestion.http import BadBody, BrokenAnswer, Client, Response
from warehouse.errors import LoadRejected

UNFOLDED = 64 << 20
LIMIT = 1 << 20
MEMORY = 16 << 20
BOMBS = {
    "gzip": lambda: gzip.compress(b"0" * UNFOLDED),
    "deflate": lambda: zlib.compress(b"0" * UNFOLDED),
    "gzip, gzip": lambda: gzip.compress(gzip.compress(b"0" * UNFOLDED)),
}


@pytest.fixture(scope="module", params=BOMBS)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    body = BOMBS[request.param]()

    class Bomb(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", request.param)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bomb)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def _watched(response: Response) -> None:
    for _ in Watch(("A", "INDHOLD"), 10).over(response.chunks()):
        pass


@pytest.mark.parametrize("read", [lambda response: response.body(LIMIT), _watched], ids=["whole", "watched"])
def test_a_compressed_body_is_stopped_at_its_limit(address: str, read: object) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BrokenAnswer):
            Client(attempts=1).fetch(address, read)  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def test_entities_that_unfold_are_refused_before_they_do() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    body = f'<?xml version="1.0"?><!DOCTYPE Data [<!ENTITY l0 "ha">{laughs}]><Data>&l11;</Data>'.encode()
    with pytest.raises(LoadRejected, match="DTD"):
        parse_result(body, "a.xml")


def test_deep_elements_end_as_a_broken_file_or_none() -> None:
    for body in (b"<a>" * 200_000, b"<Data>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</Data>"):
        with pytest.raises((BadBody, LoadRejected)):
            parse_result(body, "a.xml")
