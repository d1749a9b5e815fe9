"""Every service of docker-compose.yml runs its own command here, wired as the file says, and the DAGs go green.

With COMPOSE_TEST=1 only: it starts PostgreSQL, four Airflow services, the sample providers and the web server, and
waits some minutes for the real scheduler. tests/contract/test_compose.py holds what the file promises at no cost.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from compose_host import NGINX, POSTGRES_PROGRAMS, Stack, secrets

from compose.make_secrets import secret

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.environ.get("COMPOSE_TEST") != "1", reason="takes minutes: set COMPOSE_TEST=1"),
    pytest.mark.skipif(POSTGRES_PROGRAMS is None, reason="PostgreSQL is not installed here"),
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed here"),
    pytest.mark.xdist_group("compose"),
]
SAMPLE = {
    "WAREHOUSE_STATBANK_URL": "http://sample-providers:8765/v1",
    "WAREHOUSE_ELECTIONS_URL": "http://sample-providers:8765/valg",
    "WAREHOUSE_EDUCATION_URL": "http://sample-providers:8765/Api/v1",
    "WAREHOUSE_JOBINDSATS_URL": "http://sample-providers:8765/v3",
    "WAREHOUSE_MUNICIPALITIES": "151,153,163",
    "WAREHOUSE_FROM_YEAR": "2022",
}
PATIENCE = 1200.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services but Superset (tests/end_to_end/test_superset.py), up and healthy on sample figures."""
    made = Stack(tmp_path_factory.mktemp("compose"), {**{name: secret(name) for name in secrets()}, **SAMPLE})
    try:
        made.bring_up("sample-providers", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "web")
        yield made
    finally:
        made.stop()


def ask(stack: Stack, service: str, method: str, path: str, *, body: Any = None, token: str = "") -> tuple[int, bytes]:
    """Status and body of one request to a service."""
    connection = HTTPConnection("127.0.0.1", int(stack.ports[service]), timeout=30)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def log_in(stack: Stack, password: str) -> tuple[int, str]:
    """Status, and the token where there is one, of a log-in as `admin`."""
    status, body = ask(stack, "airflow-api", "POST", "/auth/token", body={"username": "admin", "password": password})
    return status, json.loads(body).get("access_token", "") if status < 300 else ""


def runs(stack: Stack, dag: str, token: str) -> list[str]:
    """The states of a DAG's runs."""
    status, body = ask(stack, "airflow-api", "GET", f"/api/v2/dags/{dag}/dagRuns", token=token)
    assert status == 200, body
    return [run["state"] for run in json.loads(body)["dag_runs"]]


def test_airflow_lets_nobody_in_without_the_password(stack: Stack) -> None:
    """Neither a stranger nor a wrong password gets anything; the password of .env does."""
    assert ask(stack, "airflow-api", "GET", "/api/v2/dags")[0] == 401
    assert log_in(stack, "admin")[0] == 401
    status, token = log_in(stack, stack.variables["AIRFLOW_ADMIN_PASSWORD"])
    assert status in {200, 201}
    assert ask(stack, "airflow-api", "GET", "/api/v2/dags", token=token)[0] == 200


def test_the_dags_go_green_under_the_scheduler(stack: Stack) -> None:
    """Ingest begins by itself, one DAG is triggered over the API, build_marts follows its assets, a release stands."""
    token = log_in(stack, stack.variables["AIRFLOW_ADMIN_PASSWORD"])[1]
    until = time.monotonic() + PATIENCE
    trigger = {"body": {"logical_date": None}, "token": token}
    while True:
        status, body = ask(stack, "airflow-api", "POST", "/api/v2/dags/ingest_dst/dagRuns", **trigger)
        if status != 404:  # until then the DAG processor has not read the file
            break
        assert time.monotonic() < until, stack.log("airflow-dag-processor")
        time.sleep(2)
    assert status in {200, 201}, body
    wanted = ("ingest_dst", "ingest_elections", "ingest_education", "ingest_inbox", "build_marts")
    while True:
        states = {dag: runs(stack, dag, token) for dag in wanted}
        assert not any("failed" in of_one for of_one in states.values()), (states, stack.log("airflow-scheduler"))
        if all(of_one and set(of_one) == {"success"} for of_one in states.values()):
            break
        assert time.monotonic() < until, (states, stack.log("airflow-scheduler", 80))
        time.sleep(3)
    assert (stack.volume("releases") / "current" / "integration_gaps.duckdb").is_file()


def test_a_build_that_is_cleared_in_the_browser_is_built_and_tested_anew(stack: Stack) -> None:
    """Cosmos would skip dbt at a second try, and what its tests had found would be published."""
    token = log_in(stack, stack.variables["AIRFLOW_ADMIN_PASSWORD"])[1]
    dag, dbt = "/api/v2/dags/build_marts", "dbt.dbt_producer_watcher"

    def tasks(run: str) -> dict[str, tuple[str, int]]:
        status, body = ask(stack, "airflow-api", "GET", f"{dag}/dagRuns/{quote(run)}/taskInstances", token=token)
        assert status == 200, body
        return {one["task_id"]: (one["state"], one["try_number"]) for one in json.loads(body)["task_instances"]}

    listed = json.loads(ask(stack, "airflow-api", "GET", f"{dag}/dagRuns", token=token)[1])["dag_runs"]
    built = next(one["dag_run_id"] for one in listed if tasks(one["dag_run_id"])[dbt] == ("success", 1))
    told = stack.volume("home") / "logs" / "dbt.log"
    before = told.read_text(encoding="utf-8").count("Completed successfully")
    clear = {"dry_run": False, "dag_run_id": built, "task_ids": [dbt], "include_downstream": True, "only_failed": False}
    status, body = ask(stack, "airflow-api", "POST", f"{dag}/clearTaskInstances", token=token, body=clear)
    assert status == 200, body
    until = time.monotonic() + PATIENCE
    while set((found := tasks(built)).values()) - {("success", 1), ("success", 2)} or found[dbt][1] != 2:
        assert time.monotonic() < until, (found, stack.log("airflow-scheduler", 80))
        assert not any(state in {"failed", "skipped", "upstream_failed"} for state, _ in found.values()), found
        time.sleep(3)
    assert {name for name, (_, tried) in found.items() if tried == 1} == {"needed"}
    assert told.read_text(encoding="utf-8").count("Completed successfully") == before + 1


def test_the_web_server_shows_pages_and_nothing_else(stack: Stack) -> None:
    """Report and validation pages of the current release are there; the database, the home and dot files are not."""
    current = stack.volume("releases") / "current"
    assert ask(stack, "web", "GET", "/validation/index.html") == (200, (current / "validation/index.html").read_bytes())
    if (current / "report" / "index.html").exists():
        assert ask(stack, "web", "GET", "/report/")[0] == 200
    hidden = ("/integration_gaps.duckdb", "/manifest.json", "/parquet/gaps.parquet", "/report/../manifest.json")
    for path in (*hidden, "/report/..%2fmanifest.json", "/report/.env", "/../warehouse.duckdb"):
        assert ask(stack, "web", "GET", path)[0] in {400, 404}, path
    assert ask(stack, "web", "POST", "/report/")[0] == 405


def test_the_reader_of_the_dashboards_only_reads(stack: Stack) -> None:
    """Superset's role sees the marts that publishing filled, and may neither write nor open another database."""
    password = stack.variables["SUPERSET_READER_PASSWORD"]
    address = f"postgresql://superset_reader:{password}@127.0.0.1:{stack.ports['postgres']}"
    with psycopg.connect(f"{address}/warehouse", autocommit=True) as connection:
        found = connection.execute("select count(*) from marts.gaps where municipality_code = '151'").fetchone()
        assert found and found[0] > 0
        with pytest.raises(psycopg.Error):
            connection.execute("create table public.mine (x int)")
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create schema mine")
    for other in ("airflow", "superset"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(f"{address}/{other}").close()
