"""Superset, provisioned from the files of the repository, shows the same gaps as `warehouse gaps`.

With SUPERSET_VENV only: a virtual environment made of compose/superset/requirements.lock, which takes minutes to
install. PostgreSQL, its roles and Superset start as docker-compose.yml says; headless Chromium logs in and reads. That
the files are up to date is held at no cost, always.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from browser import CHROMIUM
from compose_host import POSTGRES_PROGRAMS, Stack, secrets
from house import Home
from playwright.sync_api import Browser, BrowserContext, Page, Response

from compose.make_secrets import secret
from warehouse import postgres
from warehouse.settings import REPOSITORY

FOLDER = REPOSITORY / "compose" / "superset"
VENV = os.environ.get("SUPERSET_VENV")
LEAD = {  # what the big numbers show, and of which ages
    "employment_rate": "16-64",
    "qualifying_education": "25-64",
    "residential_dissimilarity": "total",
    "turnout_municipal": "total",
}
AREAS = ("beskaeftigelse", "uddannelse", "boligsocial", "demokrati")
superset = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not VENV, reason="set SUPERSET_VENV to an environment of compose/superset/requirements.lock"),
    pytest.mark.skipif(POSTGRES_PROGRAMS is None, reason="PostgreSQL is not installed here"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here"),
    pytest.mark.xdist_group("superset"),
]


def marked(function: Any) -> Any:
    """A test that needs Superset running."""
    for mark in superset:
        function = mark(function)
    return function


@pytest.fixture(scope="session")
def generate() -> Any:
    """The generator, as a module."""
    sys.path.insert(0, str(FOLDER))
    try:
        import generate as module
    finally:
        sys.path.remove(str(FOLDER))
    return module


def test_the_files_follow_the_marts(sample_home: Home, generate: Any, tmp_path: Path) -> None:
    """What the generator makes of the release, the seeds and the labels is what the repository holds, byte for byte."""
    made = {
        path.relative_to(tmp_path): path.read_bytes()
        for path in generate.write(sample_home.settings.releases / "current", tmp_path)
    }
    held = {path.relative_to(FOLDER / "assets"): path.read_bytes() for path in (FOLDER / "assets").rglob("*.yaml")}
    assert made == held, "run: python compose/superset/generate.py RELEASE"


def test_a_column_without_a_danish_label_is_refused(generate: Any) -> None:
    """The error names the column, the dataset and the file to add it to."""
    with pytest.raises(generate.WarehouseError, match="No Danish label for new_thing_pct") as error:
        generate.dataset("gaps", [("gap_pp", "DOUBLE"), ("new_thing_pct", "DOUBLE")], "…")
    assert "labels_da.csv" in str(error.value)


def test_the_files_hold_no_password_and_no_zero_for_missing() -> None:
    """One database, whose address has no password; no query fills an empty figure; identifiers are unique."""
    texts = {path: path.read_text(encoding="utf-8") for path in (FOLDER / "assets").rglob("*.yaml")}
    databases = [yaml.safe_load(text) for path, text in texts.items() if path.parent.name == "databases"]
    assert [one["sqlalchemy_uri"] for one in databases] == ["postgresql+psycopg2://superset_reader@postgres/warehouse"]
    assert databases[0]["sqlalchemy_uri"] in (FOLDER / "superset_config.py").read_text(encoding="utf-8")
    assert not any(re.search(r"coalesce\([^)]*(_pct|_pp|persons)", text) for text in texts.values())
    identifiers = [yaml.safe_load(text).get("uuid") for path, text in texts.items() if path.name != "metadata.yaml"]
    assert None not in identifiers and len(set(identifiers)) == len(identifiers)


@pytest.fixture(scope="module")
def stack(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL with the sample release in schema `marts`, and Superset on it."""
    variables = {name: secret(name) for name in secrets()}
    made = Stack(tmp_path_factory.mktemp("superset"), variables, superset_venv=Path(VENV or ""))
    try:
        made.bring_up("postgres", "postgres-init")
        settings = sample_home.settings
        address = f"127.0.0.1:{made.ports['postgres']}/warehouse"
        dsn = f"postgresql://warehouse:{variables['MARTS_DB_PASSWORD']}@{address}"
        release = (settings.releases / "current").resolve()
        assert postgres.bring_up_to_date(type(settings)(home=settings.home, postgres_dsn=dsn, _env_file=None), release)
        made.bring_up("superset")
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def signed_in(stack: Stack, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which the administrator of .env has logged in."""
    context = browser.new_context(viewport={"width": 1500, "height": 1100}, base_url=address(stack))
    page = context.new_page()
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", stack.variables["SUPERSET_ADMIN_PASSWORD"])
    page.click("button[type=submit]")
    page.wait_for_url("**/superset/welcome/**", timeout=60_000)
    page.close()
    yield context
    context.close()


def address(stack: Stack) -> str:
    """Where Superset answers."""
    return f"http://127.0.0.1:{stack.ports['superset']}"


def opened(context: BrowserContext, dashboard: str) -> tuple[Page, list[Response]]:
    """A dashboard with all its charts drawn, and the answers that they were drawn from."""
    page, answers = context.new_page(), []
    page.on("response", lambda answer: answers.append(answer) if "/api/v1/chart/data" in answer.url else None)
    page.goto(f"/superset/dashboard/integration-{dashboard}/?standalone=1", timeout=90_000)
    page.wait_for_selector("[data-test-viz-type=table], .slice_container", timeout=60_000)
    page.set_viewport_size({"width": 1500, "height": 6000})
    page.wait_for_load_state("networkidle", timeout=120_000)
    return page, answers


def danish(value: float) -> str:
    """One decimal, as a Dane writes it."""
    return f"{value:.1f}".replace(".", ",")


def published(home: Home) -> dict[str, dict[str, Any]]:
    """The headline gap of each lead indicator, as `warehouse gaps --format json` has it."""
    rows = json.loads(home.warehouse("gaps", "--municipality", "151", "--format", "json").stdout)
    wanted = {"sex": "total", "target_group": "non_western", "reference_group": "others", "subarea_code": "total"}
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["period_start"]):
        observed = row["value_status"] == "observed" and all(row[name] == value for name, value in wanted.items())
        if observed and LEAD.get(row["indicator_id"]) == row["age_group"]:
            found[row["indicator_id"]] = row  # the newest comes last
    return found


@marked
def test_a_stranger_sees_no_figure(stack: Stack, browser: Browser) -> None:
    """Without the password there is a log-in page, and the API gives nothing."""
    page = browser.new_page(base_url=address(stack))
    page.goto("/superset/dashboard/integration-overblik/")
    assert "/login" in page.url
    assert page.request.get(f"{address(stack)}/api/v1/dashboard/").status in {401, 403}
    page.close()


@marked
def test_the_overview_shows_the_gaps_of_the_warehouse(sample_home: Home, signed_in: BrowserContext) -> None:
    """The four big numbers, unrounded in the answers and rounded on the page, and the mark of sample figures."""
    page, answers = opened(signed_in, "overblik")
    text = page.inner_text("body")
    gaps = published(sample_home)
    assert set(gaps) == set(LEAD)
    rows = [row for answer in answers for result in answer.json()["result"] for row in result["data"]]
    shown = [row["Forskel"] for row in rows if set(row) == {"Forskel"}]
    for indicator, row in gaps.items():
        assert any(value == pytest.approx(row["gap_pp"], abs=1e-9) for value in shown), indicator
        assert danish(row["gap_pp"]) in text, indicator
    assert "SAMPLE" in text and "Ballerup" in text
    page.close()


@marked
@pytest.mark.parametrize("area", AREAS)
def test_each_dashboard_opens_without_an_error(signed_in: BrowserContext, area: str) -> None:
    """Every chart gets its answer, the sample mark is there, and a hidden figure is empty with its reason."""
    page, answers = opened(signed_in, area)
    assert len(answers) >= 5
    assert all(answer.status == 200 for answer in answers)
    assert "SAMPLE" in page.inner_text("body")
    assert page.locator("[data-test=error-alert], .ant-alert-error").count() == 0
    rows = [row for answer in answers for result in answer.json()["result"] for row in result["data"]]
    hidden = [row for row in rows if str(row.get("value_status_label", "Målt")) != "Målt" and "gap_pp" in row]
    assert all(row["gap_pp"] is None and row["target_rate_pct"] is None for row in hidden)
    if area == "boligsocial":
        assert hidden and "Skjult" in page.inner_text("body")
    page.close()
