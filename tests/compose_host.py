"""docker-compose.yml without containers: the file read as compose reads it, and its services as processes of this host.

Every service's own command runs with the environment that the file (and the image's Dockerfile) gives it. What a
container has and a host has not is put in its place: a volume is a folder, a service's name and port are an address on
the loopback, a program of an image is the one of the same name here. Everything else is as the file says.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from warehouse.settings import REPOSITORY

FILE = REPOSITORY / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
POSTGRES_PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
VENV = Path(sys.executable).parent
LISTENS = {"postgres": "5432", "airflow-api": "8080", "superset": "8088", "web": "8080", "sample-providers": "8765"}
Service = dict[str, Any]


def read(variables: dict[str, str]) -> dict[str, Any]:
    """The file with its variables filled in.

    Raises:
        LookupError: a variable that must be there (`${NAME:?…}`) is not, as `docker compose` would refuse.
    """

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if variables.get(name):
            return variables[name]
        if kind == "?":
            raise LookupError(f"{name}: {rest}")
        return rest or ""

    def fill(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: fill(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [fill(inner) for inner in part]
        return VARIABLE.sub(value, part) if isinstance(part, str) else part

    document: dict[str, Any] = fill(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    return document


def secrets() -> list[str]:
    """The names of the variables that the file asks for with `:?`."""
    found = VARIABLE.findall(FILE.read_text(encoding="utf-8"))
    return sorted({name for name, kind, _ in found if kind == "?"})


def build_folder(service: Service) -> Path | None:
    """The folder an image is built from, or None for one that is taken as it is."""
    return (REPOSITORY / service["build"]["context"]).resolve() if "build" in service else None


def image_environment(service: Service) -> dict[str, str]:
    """What the last stage of the image's Dockerfile sets with ENV."""
    folder = build_folder(service)
    if folder is None:
        return {}
    text = (folder / service["build"].get("dockerfile", "Dockerfile")).read_text(encoding="utf-8")
    last_stage = text.replace("\\\n", " ").split("\nFROM ")[-1]
    lines = [line.removeprefix("ENV ") for line in last_stage.splitlines() if line.startswith("ENV ")]
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Stack:
    """The services of one reading of the file, under one folder; `stop` ends all of them."""

    folder: Path
    variables: dict[str, str]
    superset_venv: Path | None = None
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the file, and take a port for every service that listens."""
        self.document = read(self.variables)
        self.ports = {name: str(free_port()) for name in LISTENS}
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)

    def service(self, name: str) -> Service:
        """A service as the file has it."""
        found: Service = self.document["services"][name]
        return found

    def place(self, name: str, text: str) -> str:
        """A text of a service with the container's folders, hosts and ports turned into those of this host."""
        service = self.service(name)
        own = {"/tmp": self.folder / "tmp" / name}
        if (folder := build_folder(service)) is not None:
            own["/app"] = folder
        for mount in service.get("volumes", []):
            source, target = mount.split(":")[:2]
            own[target] = REPOSITORY / source if source.startswith(".") else self.volume(source)
        own["/tmp"].mkdir(parents=True, exist_ok=True)
        paths = "|".join(re.escape(path) for path in sorted(own, key=len, reverse=True))
        text = re.sub(rf"(?<![\w./-])(?:{paths})(?=[/;\s]|$)", lambda found: str(own[found[0]]), text)
        for other, port in LISTENS.items():
            text = re.sub(rf"\b{other}:{port}\b", f"127.0.0.1:{self.ports[other]}", text)
        for port, mine in {LISTENS["postgres"]: self.ports["postgres"], **self.own_port(name)}.items():
            text = re.sub(rf"(?<![\d.]){port}(?!\d)", mine, text)
        return text.replace("0.0.0.0", "127.0.0.1")

    def own_port(self, name: str) -> dict[str, str]:
        """The port a service listens on in its container, and here."""
        return {LISTENS[name]: self.ports[name]} if name in LISTENS else {}

    def volume(self, name: str) -> Path:
        """The folder that stands for a named volume; `releases` lies inside `home`, as it is mounted."""
        inside = self.folder / "volumes" / ("home/releases" if name == "releases" else name)
        inside.mkdir(parents=True, exist_ok=True)
        return inside

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a service: the image's, then the file's; nothing of whoever runs the test."""
        service = self.service(name)
        programs = [VENV, *([POSTGRES_PROGRAMS] if POSTGRES_PROGRAMS else []), "/usr/bin", "/bin", "/usr/sbin"]
        if name.startswith("superset") and self.superset_venv:
            programs.insert(0, self.superset_venv / "bin")
        given = image_environment(service) | {key: str(value) for key, value in service.get("environment", {}).items()}
        placed = {key: "127.0.0.1" if key == "PGHOST" else self.place(name, value) for key, value in given.items()}
        return {**placed, "PATH": os.pathsep.join(map(str, programs)), "LANG": "C.UTF-8"}

    def command(self, name: str) -> list[str]:
        """The command of a service on this host."""
        words = [self.place(name, word) for word in self.service(name)["command"]]
        if name == "postgres":
            data = self.volume("postgres")
            here = [f"port={self.ports[name]}", "listen_addresses=127.0.0.1", f"unix_socket_directories={data.parent}"]
            words += ["-D", str(data), *(word for setting in here for word in ("-c", setting))]
        if name == "web":
            words[words.index("-c") + 1] = str(self.nginx_configuration())
        return words

    def nginx_configuration(self) -> Path:
        """The web server's file with this host's folders and port."""
        text = self.place("web", (REPOSITORY / "compose" / "web" / "nginx.conf").read_text(encoding="utf-8"))
        path = self.folder / "tmp" / "web" / "nginx.conf"
        # A master that is root hands its workers to `nobody`, who may not enter a test's folder.
        path.write_text(("user root;\n" if os.geteuid() == 0 else "") + text, encoding="utf-8")
        return path

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service in a process group of its own."""
        if name == "postgres":
            self._make_cluster()
        log = (self.folder / "logs" / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            self.command(name),
            env=self.environment(name),
            cwd=build_folder(self.service(name)) or self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **self._owner(name),
        )
        log.close()
        return self.running[name]

    def _owner(self, name: str) -> dict[str, Any]:
        """PostgreSQL does not run as root."""
        if name != "postgres" or os.geteuid() != 0:
            return {}
        account = pwd.getpwnam("postgres")
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _make_cluster(self) -> None:
        """What the image's entry point does on a new volume."""
        data, given = self.volume("postgres"), self.environment("postgres")
        password = self.folder / "volumes" / "password"
        password.write_text(given["POSTGRES_PASSWORD"])
        if os.geteuid() == 0:
            for path in (data, password, data.parent):
                shutil.chown(path, "postgres")
            for parent in data.parents:  # a test's folders are closed to other users
                if parent.stat().st_uid == 0 and parent != Path("/"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        words = ["initdb", "-D", str(data), "-U", "postgres", f"--pwfile={password}"]
        subprocess.run(
            [*words, *shlex.split(given["POSTGRES_INITDB_ARGS"])],
            env=given,
            cwd=data,
            check=True,
            capture_output=True,
            **self._owner("postgres"),
        )
        password.unlink()

    def healthy(self, name: str) -> bool:
        """Whether the service's own health check passes."""
        words = [self.place(name, word) for word in self.service(name)["healthcheck"]["test"][1:]]
        done = subprocess.run(words, env=self.environment(name), capture_output=True, timeout=30, check=False)
        return done.returncode == 0

    def bring_up(self, *names: str, seconds: float = 180) -> None:
        """Start services after those they depend on, each when its conditions hold, as compose does.

        Raises:
            AssertionError: one ended, or did not become healthy in time; with the end of its log.
        """
        for name in names:
            if name in self.running:
                continue
            self.bring_up(*self.service(name).get("depends_on", {}), seconds=seconds)
            process, until = self.start(name), time.monotonic() + seconds
            if self.service(name).get("restart") == "no":
                assert process.wait(timeout=seconds) == 0, self.log(name)
                continue
            while not self.healthy(name):
                assert process.poll() is None, f"{name} ended\n{self.log(name)}"
                assert time.monotonic() < until, f"{name} did not become healthy\n{self.log(name)}"
                time.sleep(1)

    def log(self, name: str, lines: int = 40) -> str:
        """The end of what a service has printed."""
        path = self.folder / "logs" / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def stop(self) -> None:
        """End every service and its children, the last started first."""
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            for name, process in reversed(self.running.items()):
                # PostgreSQL waits for its sessions to end, unless it is interrupted.
                fast = name == "postgres" and wanted is signal.SIGTERM
                try:
                    os.killpg(process.pid, signal.SIGINT if fast else wanted)
                except ProcessLookupError:
                    continue
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    continue
