"""The sample providers as one HTTP server on the loopback: StatBank at /v1, elections at /valg, the education
ministry's API at /Api/v1 and Jobindsats at /v3.

`start` is the way in. Out of scope: TLS, and what the faults are (`faults` has them; `raw_answer` is their seam).
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sample_providers import elections
from sample_providers.catalogue import TABLES
from sample_providers.education_api import EducationApi
from sample_providers.http import Answer, Interference, Request, interfered, json_answer
from sample_providers.jobindsats_api import JobindsatsApi
from sample_providers.query import ApiError
from sample_providers.statbank import StatBank, named_in
from sample_providers.table import Table

Mutate = Callable[[Table], object]
RawAnswer = Callable[[Request], Interference]
Logged = tuple[str, str, str | None, str | None]


class Providers:
    """Tables, hooks and the log of requests of one server."""

    def __init__(self, mutate: Mutate | None, raw_answer: RawAnswer | None) -> None:
        self.mutate, self.raw_answer = mutate, raw_answer
        self.requests: list[Logged] = []
        self._tables: dict[str, Table] = {}
        self._lock = threading.RLock()
        self._statbank = StatBank(self.find, self.listed)
        self.education, self.jobindsats = EducationApi(), JobindsatsApi()

    def find(self, name: str) -> Table | None:
        """The live table of that id in any letter case, or None. Made, and mutated, at first use."""
        key = name.upper()
        with self._lock:
            if key not in self._tables and key in TABLES:
                table = TABLES[key]()
                if self.mutate is not None:
                    self.mutate(table)
                self._tables[key] = table
            return self._tables.get(key)

    def listed(self) -> list[Table]:
        """Every table, in the order of the catalogue."""
        return [table for name in TABLES if (table := self.find(name)) is not None]

    def handle(self, request: Request) -> Answer:
        """Log a request and answer it, unless the `raw_answer` hook does."""
        root, _, path = request.path.lstrip("/").partition("/")
        if root == "v1":
            request.table, request.format = named_in(request, path)
        with self._lock:
            self.requests.append((request.method, request.path, request.table, request.format))
            request.number = len(self.requests)
        request.ordinary = self.ordinary
        given = interfered(self.raw_answer(request)) if self.raw_answer is not None else None
        return given if given is not None else self.ordinary(request)

    def ordinary(self, request: Request) -> Answer:
        """The answer of the provider itself."""
        root, _, path = request.path.lstrip("/").partition("/")
        if root == "v1":
            return self._statbank.answer(request, path)
        if root == "valg":
            return elections.answer(path)
        if root == "Api" and path.startswith("v1/"):
            return self.education.answer(request, path.removeprefix("v1/"))
        if root == "v3":
            return self.jobindsats.answer(request, path)
        text = "Siden kan ikke findes. / Page not found."
        return json_answer(ApiError("REQUEST-NOTFOUND", text).body("da"), 404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the log is `Running.requests`."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, unquote(parts.path), query, body, headers=headers)
        try:
            self._send(self._answer(request))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, request: Request) -> Answer:
        """The answer; a mistake in a hook or in a poisoned table shows as 500 and on stderr."""
        try:
            return self.server.providers.handle(request)
        except Exception as error:
            traceback.print_exc()
            return json_answer({"errorTypeCode": "SAMPLE-MISTAKE", "message": repr(error)}, 500)

    def _send(self, answer: Answer) -> None:
        body = answer.body
        if "Date" in answer.headers:
            self.send_response_only(answer.status)
        else:
            self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if isinstance(body, bytes):
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            # a body shorter than its announced length must end with the connection
            self.close_connection |= int(answer.headers.get("Content-Length", len(body))) != len(body)
        elif "Content-Length" in answer.headers:
            self.end_headers()
            for piece in body:
                self.wfile.write(piece)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._send_chunks(body)

    def _send_chunks(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], providers: Providers) -> None:
        super().__init__(address, _Handler)
        self.providers = providers

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no mistake of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Running:
    """A running server; a context manager that stops it. Hooks and tables may be changed while it runs."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._server.server_address[1]

    @property
    def root(self) -> str:
        """The address without a path, such as `http://127.0.0.1:8000`."""
        return f"http://{self._server.server_address[0]!s}:{self.port}"

    @property
    def statbank_url(self) -> str:
        """The root of the StatBank API."""
        return f"{self.root}/v1"

    @property
    def elections_url(self) -> str:
        """The root of the election results."""
        return f"{self.root}/valg"

    @property
    def education_url(self) -> str:
        """The root of the education ministry's API; it asks for `sample_providers.tokens.TOKEN`."""
        return f"{self.root}/Api/v1"

    @property
    def jobindsats_url(self) -> str:
        """The root of Jobindsats; it asks for the same token."""
        return f"{self.root}/v3"

    @property
    def education(self) -> EducationApi:
        """The live education API: what is changed shows in the next answer."""
        return self._server.providers.education

    @property
    def jobindsats(self) -> JobindsatsApi:
        """The live Jobindsats: what is changed shows in the next answer."""
        return self._server.providers.jobindsats

    @property
    def requests(self) -> list[Logged]:
        """(method, path, table or None, format or None) of every request so far; format only for /data."""
        return self._server.providers.requests

    @property
    def raw_answer(self) -> RawAnswer | None:
        """The hook that may answer in the provider's place; may be set and cleared at any time."""
        return self._server.providers.raw_answer

    @raw_answer.setter
    def raw_answer(self, hook: RawAnswer | None) -> None:
        self._server.providers.raw_answer = hook

    def table(self, name: str) -> Table:
        """The live table of that id: what is changed shows in the next answer. KeyError if unknown."""
        found = self._server.providers.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def data_calls(self, table: str | None = None) -> int:
        """How many /data requests were served (of one table)."""
        return sum(form is not None and table in (None, named) for _, _, named, form in self.requests)

    def stop(self) -> None:
        """Stop listening; may be called twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def start(
    port: int = 0,
    host: str = "127.0.0.1",
    *,
    mutate: Mutate | None = None,
    raw_answer: RawAnswer | None = None,
) -> Running:
    """Start the sample providers in a daemon thread; port 0 takes a free one. OSError if the port is taken.

    `mutate(table)` is called once for each table before it is first served and may change anything, e.g.
    `table.relabel("HERKOMST", "25", "Noget andet")`, `table.active = False`, `table.updated = "…"`,
    `table.set(None, OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", Tid="2019K4")`; see `Table` for
    get, set, add, relabel, recode, add_code, remove_code, add_period, remove_period, rename_variable and
    remove_variable. Look at `table.id` first: it is called for every table. Afterwards
    `running.table("FOLK1E")` gives the live table, to be changed between two runs.

    `raw_answer(request)` sees every request and may return None (answer as usual), bytes (200 with that
    body), `(status, headers, body)` or an `Answer`; `request.real()` is what would have been answered.
    A Content-Length header larger than the body is sent as given and the connection is closed (a cut body); an
    iterator with a Content-Length is sent piece by piece, as slowly as it comes. `faults.Misbehaviour` is such a hook.
    """
    return Running(_Server((host, port), Providers(mutate, raw_answer)))
