"""What docker-compose.yml promises, read from the file: nothing is started here.

Each promise is a function that tells what breaks it; it is first shown a file that does, and then the real one.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_host import FILE, LISTENS, VENV, build_folder, read, secrets

from warehouse.settings import REPOSITORY, Settings

Document = dict[str, Any]
MAKE_SECRETS = REPOSITORY / "compose" / "make_secrets.py"
VALUES = {name: f"value-of-{name.lower()}" for name in secrets()}
LIMITS = ("mem_limit", "cpus", "pids_limit")
PROGRAMS_OF_IMAGES = {"postgres": {"postgres", "psql", "pg_isready"}, "nginxinc/nginx-unprivileged": {"nginx", "wget"}}


@pytest.fixture
def document() -> Document:
    """The file, filled in, each service a copy of its own."""
    return copy.deepcopy(read(VALUES))


def services(document: Document) -> list[tuple[str, Document]]:
    """Names and services."""
    return list(document["services"].items())


def one_shot(service: Document) -> bool:
    """Whether it runs to its end and is not started again."""
    return bool(service.get("restart") == "no")


def unhardened(document: Document) -> list[str]:
    """Services that run as root, keep capabilities, may gain privileges, or may write to their image."""
    wrong = []
    for name, service in services(document):
        user = str(service.get("user", "0"))
        good = re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) and service.get("cap_drop") == ["ALL"]
        good = good and service.get("security_opt") == ["no-new-privileges:true"] and service.get("read_only") is True
        if not good or service.get("privileged") or service.get("cap_add") or service.get("network_mode"):
            wrong.append(name)
    return wrong


def unlimited(document: Document) -> list[str]:
    """Services without a bound on memory, processors or processes."""
    return [name for name, service in services(document) if not all(service.get(limit) for limit in LIMITS)]


def unpinned(document: Document) -> list[str]:
    """Images, of services and of Dockerfiles, whose tag is missing, moving or short of a whole version."""
    images = [service["image"] for _, service in services(document)]
    for folder in {build_folder(service): service for _, service in services(document) if "build" in service}.values():
        text = ((build_folder(folder) or REPOSITORY) / folder["build"].get("dockerfile", "Dockerfile")).read_text()
        images += re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    return [image for image in images if not re.search(r":v?\d+\.\d+(\.\d+)?([-.\w]*)(@sha256:[0-9a-f]{64})?$", image)]


def unwatched(document: Document) -> list[str]:
    """Services that stay up without a health check, and conditions on health of a service that has none."""
    wrong = []
    for name, service in services(document):
        check = service.get("healthcheck", {})
        complete = all(check.get(key) for key in ("test", "interval", "timeout", "retries"))
        if not one_shot(service) and not complete:
            wrong.append(name)
        for other, how in service.get("depends_on", {}).items():
            needed = document["services"].get(other)
            condition = "service_completed_successfully" if needed and one_shot(needed) else "service_healthy"
            if needed is None or how != {"condition": condition}:
                wrong.append(f"{name} → {other}")
    return wrong


def exposed(document: Document) -> list[str]:
    """Ports that are not on the loopback, and services outside the web-facing three that have any."""
    wrong = []
    for name, service in services(document):
        for port in service.get("ports", []):
            if name not in {"airflow-api", "superset", "web"} or not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", str(port)):
                wrong.append(f"{name} {port}")
    return wrong


def deaf(document: Document) -> list[str]:
    """Published services whose server listens on its container's own loopback, where no published port leads."""
    given = {name: service.get("environment", {}) for name, service in services(document)}
    heard = {
        "airflow-api": given["airflow-api"].get("AIRFLOW__API__HOST") == "0.0.0.0",
        "superset": given["superset"].get("SUPERSET_BIND", "").startswith("0.0.0.0:"),
        "web": "listen 8080;" in (REPOSITORY / "compose" / "web" / "nginx.conf").read_text(),
    }
    return [name for name, service in services(document) if service.get("ports") and not heard[name]]


def misconnected(document: Document) -> list[str]:
    """A database that more than its own inner network reaches, or a web server that reaches the database."""
    wrong = [] if document["networks"]["database"] == {"internal": True} else ["database is not internal"]
    if document["services"]["postgres"]["networks"] != ["database"]:
        wrong.append("postgres")
    if document["services"]["web"]["networks"] != ["web"]:
        wrong.append("web")
    used = {network for _, service in services(document) for network in service.get("networks", ["default"])}
    return wrong + sorted(used ^ set(document["networks"]))


def unknown_volumes(document: Document) -> list[str]:
    """Named volumes used and not declared, declared and not used, or bound folders that are not in the repository."""
    named, wrong = set(), []
    for _, service in services(document):
        for mount in service.get("volumes", []):
            source, _, how = mount.partition(":")
            if source.startswith("."):
                wrong += [] if (REPOSITORY / source).is_dir() and how.endswith(":ro") else [mount]
            else:
                named.add(source)
    return wrong + sorted(named ^ set(document["volumes"]))


def without_program(document: Document) -> list[str]:
    """Commands and checks whose program is not of the lock or the image, or whose file the image has not."""
    wrong = []
    for name, service in services(document):
        words = [service["command"], service.get("healthcheck", {}).get("test", ["CMD", "true"])[1:] or ["true"]]
        for program, *rest in words:
            folder = build_folder(service)
            image = service["image"].split(":")[0]
            own = (
                PROGRAMS_OF_IMAGES.get(image, set())
                if folder is None
                else {"sh", *(path.name for path in VENV.iterdir())}
            )
            if program not in {*own, "true"}:
                wrong.append(f"{name}: {program}")
            missing = [word for word in rest if word.startswith("/app/") and not _in_image(folder, word)]
            wrong += [f"{name}: {word}" for word in missing]
    return wrong


def _in_image(folder: Path | None, word: str) -> bool:
    path = word.removeprefix("/app/")
    if folder is None or not (folder / path).is_file():
        return False
    kept = [line[1:] for line in (folder / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return any(path == entry or path.startswith(f"{entry}/") for entry in kept)


def _change(path: str, value: Any) -> Callable[[Document], None]:
    """A poisoned file: one value of it is another."""

    def apply(document: Document) -> None:
        *way, last = path.split("/")
        place = document
        for step in way:
            place = place[step]
        place[last] = value

    return apply


PROMISES = [
    (unhardened, _change("services/web/user", "0:0")),
    (unhardened, _change("services/postgres/read_only", False)),
    (unhardened, _change("services/superset/cap_drop", [])),
    (unhardened, _change("services/airflow-api/security_opt", [])),
    (unlimited, _change("services/airflow-scheduler/mem_limit", None)),
    (unpinned, _change("services/web/image", "nginx:latest")),
    (unpinned, _change("services/postgres/image", "postgres")),
    (unwatched, _change("services/airflow-triggerer/healthcheck", {})),
    (unwatched, _change("services/superset/depends_on", {"superset-init": {"condition": "service_started"}})),
    (exposed, _change("services/superset/ports", ["8088:8088"])),
    (exposed, _change("services/postgres/ports", ["127.0.0.1:5432:5432"])),
    (deaf, _change("services/airflow-api/environment/AIRFLOW__API__HOST", "127.0.0.1")),
    (deaf, _change("services/superset/environment/SUPERSET_BIND", "127.0.0.1:8088")),
    (misconnected, _change("services/web/networks", ["web", "database"])),
    (misconnected, _change("networks/database", {})),
    (unknown_volumes, _change("volumes/other", {})),
    (unknown_volumes, _change("services/web/volumes", ["./nowhere:/srv:ro"])),
    (without_program, _change("services/web/command", ["caddy"])),
    (without_program, _change("services/superset/command", ["sh", "/app/gone.sh"])),
]


@pytest.mark.parametrize(("promise", "poison"), PROMISES)
def test_promises_of_the_file(document: Document, promise: Callable[[Document], list[str]], poison: Any) -> None:
    """A file that breaks the promise is told of; ours does not break it."""
    assert promise(document) == []
    poison(document)
    assert promise(document) != []


def test_it_does_not_start_without_a_secret(document: Document) -> None:
    """Every secret is asked for with `:?`, so that each missing one stops compose; none has a default or a literal."""
    for name in VALUES:
        with pytest.raises(LookupError, match=f"{name}: run make secrets"):
            read({other: value for other, value in VALUES.items() if other != name})
    settings = [(key, str(value)) for _, one in services(document) for key, value in one.get("environment", {}).items()]
    secret = re.compile(r"PASSWORD$|SECRET|FERNET_KEY|_DSN$|_URI$|SQL_ALCHEMY_CONN")
    for key, value in settings:
        assert not secret.search(key) or "value-of-" in value, f"{key} holds a literal"


def test_the_secrets_of_the_file_are_those_that_make_secrets_makes() -> None:
    """`.env.example` has an empty line for each, and no other."""
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == secrets()


def test_make_secrets_keeps_what_is_there(tmp_path: Path) -> None:
    """A value is never changed, other lines stay, only the owner may read, and no value is printed."""
    shutil.copy(REPOSITORY / ".env.example", tmp_path)
    env = tmp_path / ".env"
    env.write_text("# mine\nWAREHOUSE_FROM_YEAR=2015\nPOSTGRES_PASSWORD=kept\nAIRFLOW_JWT_SECRET=\n")
    env.chmod(0o644)
    told = [_make_secrets(tmp_path) for _ in range(2)]
    text = env.read_text()
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert text.startswith("# mine\nWAREHOUSE_FROM_YEAR=2015\nPOSTGRES_PASSWORD=kept\nAIRFLOW_JWT_SECRET=")
    assert set(secrets()) <= set(values) and all(values[name] for name in secrets())
    assert len({values[name] for name in secrets()}) == len(secrets())
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "none was changed" in told[1]
    assert not any(values[name] in told[0] for name in secrets() if name != "POSTGRES_PASSWORD")


def _make_secrets(folder: Path) -> str:
    words = [sys.executable, str(MAKE_SECRETS), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_images_leave_secrets_and_data_outside() -> None:
    """Both build contexts take only what they name, and neither names .env, a home or the tests."""
    for folder in (REPOSITORY, REPOSITORY / "compose" / "superset"):
        lines = [line for line in (folder / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
        assert lines[0] == "*"
        kept = {line[1:] for line in lines if line.startswith("!")}
        assert not kept & {".", ".env", "var", ".git", ".venv", "tests"} and all(
            (folder / name).exists() for name in kept
        )
    lock = (REPOSITORY / "compose" / "superset" / "requirements.lock").read_text()
    assert not re.search(r"https?://|--index|--find-links", lock)
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z])", lock) if "==" in entry)


def test_settings_of_the_warehouse_reach_airflow(document: Document) -> None:
    """Every setting that a person may put in .env goes on to Airflow, under a name that the warehouse knows."""
    given = {key for key in document["services"]["airflow-scheduler"]["environment"] if key.startswith("WAREHOUSE_")}
    known = {f"WAREHOUSE_{name.upper()}" for name in Settings.model_fields}
    assert known - given <= {"WAREHOUSE_INBOX", "WAREHOUSE_SAMPLE_INBOX", "WAREHOUSE_SERVE_TOKEN"}
    assert given - known <= {"WAREHOUSE_POSTGRES_DSN"}
    assert set(LISTENS) <= set(document["services"])


def test_a_compose_program_accepts_the_file(tmp_path: Path) -> None:
    """`docker compose config` (or the older docker-compose, which knows no `name`) finds nothing wrong."""
    new = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False) if _has("docker") else None
    program = ["docker", "compose"] if new and new.returncode == 0 else ["docker-compose"]
    if program == ["docker-compose"] and not _has("docker-compose"):
        pytest.skip("no docker compose here")
    text = FILE.read_text()
    (tmp_path / "docker-compose.yml").write_text(
        text if program[0] == "docker" else re.sub(r"(?m)^name:.*\n", "", text)
    )
    (tmp_path / "compose").symlink_to(REPOSITORY / "compose")
    words = [*program, "-f", str(tmp_path / "docker-compose.yml"), "config"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    refused = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode != 0 and "run make secrets" in refused.stderr
    done = subprocess.run(words, cwd=tmp_path, env=environment | VALUES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) >= {"postgres", "airflow-api", "superset", "web"}


def _has(program: str) -> bool:
    return shutil.which(program) is not None
