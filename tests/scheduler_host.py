"""A real `airflow standalone` of a test's own, and the loopback servers that take its messages.

It is started through the command line (`warehouse airflow standalone`) on free ports, in a process group of its own,
and talked to over Airflow's public API; `stop` ends the group, whose children outlive the parent otherwise.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from compose_host import free_port
from house import BIN, Home

INGEST = ("ingest_dst", "ingest_elections", "ingest_education", "ingest_inbox")
DAGS = (*INGEST, "build_marts")
ENDED = {"success", "failed"}


@dataclass
class Scheduler:
    """Airflow's scheduler, API server, DAG processor and triggerer on one home."""

    home: Home
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The home's environment, with ports that nobody else uses."""
        return {
            **self.home.environment,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{self.port}/execution/",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__API__WORKERS": "1",
        }

    @property
    def log(self) -> Path:
        """What all of Airflow's parts printed."""
        return self.home.path.parent / "standalone.log"

    def start(self, patience: float = 180.0) -> Scheduler:
        """Start it, and wait until it answers and has read the DAG files."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "warehouse"), "airflow", "standalone"],
                env=self.environment,
                cwd=self.home.path.parent,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait(self._is_ready, "the scheduler to come up", patience)
        return self

    def stop(self) -> None:
        """End the whole process group: first asked, then made to."""
        if self.process is None:
            return
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, kind)
            except ProcessLookupError:
                break
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(20)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and document of one request to Airflow's API."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def runs(self, dag: str) -> dict[str, str]:
        """Run id → state of a DAG's runs."""
        status, found = self.ask("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100")
        assert status == 200, found
        return {run["dag_run_id"]: run["state"] for run in found["dag_runs"]}

    def tries(self, dag: str, run: str) -> dict[str, tuple[str, int]]:
        """Task id → state and number of the last try, of one run."""
        status, found = self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=200")
        assert status == 200, found
        return {task["task_id"]: (task["state"], task["try_number"]) for task in found["task_instances"]}

    def trigger(self, dag: str) -> str:
        """Start a run as a person would, and give its id."""
        status, found = self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})
        assert status in {200, 201}, found
        return str(found["dag_run_id"])

    def run(self, dag: str, patience: float = 300.0) -> str:
        """Start a run, wait until it and whatever it sets off has ended, and give its id."""
        run = self.trigger(dag)
        self.settle(patience)
        return run

    def settle(self, patience: float = 600.0) -> dict[str, dict[str, str]]:
        """Wait until no run of any DAG is under way, and none has begun meanwhile; the states of all runs."""
        last: list[Any] = [None]

        def quiet() -> bool:
            now = {dag: self.runs(dag) for dag in DAGS}
            done = all(state in ENDED for runs in now.values() for state in runs.values())
            same, last[0] = now == last[0], now
            return done and same

        self.wait(quiet, "all runs to end", patience, pause=6.0)
        found: dict[str, dict[str, str]] = last[0]
        return found

    def wait(self, ready: Callable[[], bool], what: str, patience: float, pause: float = 1.0) -> None:
        """Wait until something holds; a time-out tells the end of the log."""
        until = time.monotonic() + patience
        while not ready():
            assert self.process is None or self.process.poll() is None, self.tail()
            assert time.monotonic() < until, f"waited {patience:.0f} s for {what}\n{self.tail()}"
            time.sleep(pause)

    def tail(self, lines: int = 60) -> str:
        """The end of what it printed."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _is_ready(self) -> bool:
        try:
            status, found = self.ask("GET", "/auth/token")
            if status not in {200, 201}:
                return False
            self.token = found["access_token"]
            return all(self.ask("GET", f"/api/v2/dags/{dag}")[0] == 200 for dag in DAGS)
        except (OSError, ValueError):
            return False


class Webhook(ThreadingHTTPServer):
    """Takes JSON messages; `taken` holds path and document of each, `status` is what it answers."""

    def __init__(self, status: int = 200) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.status = status
        super().__init__(("127.0.0.1", 0), _WebhookHandler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """Where it takes messages; the path stands for the secret that such addresses hold."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook/secret-8f1c"


class _WebhookHandler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        if self.server.status in {301, 302, 307}:
            self.send_header("Location", self.server.address)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Mailbox(socketserver.ThreadingTCPServer):
    """An SMTP server on the loopback; `taken` holds what was sent, headers and all."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[str] = []
        super().__init__(("127.0.0.1", 0), _MailHandler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def connection(self) -> str:
        """It as an Airflow connection."""
        return json.dumps(
            {
                "conn_type": "smtp",
                "host": "127.0.0.1",
                "port": self.server_address[1],
                "extra": {"from_email": "warehouse@town.example", "disable_ssl": True, "disable_tls": True},
            }
        )


class _MailHandler(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("220 loopback")
        while line := self.rfile.readline().decode("latin-1").strip():
            word = line[:4].upper()
            if word == "DATA":
                self._say("354 go on")
                self._take()
            self._say("221 bye" if word == "QUIT" else "250 good")
            if word == "QUIT":
                return

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline().decode("utf-8").rstrip("\r\n")) != ".":
            lines.append(line)
        self.server.taken.append("\n".join(lines))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
