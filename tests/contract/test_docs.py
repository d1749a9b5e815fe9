"""What the README and the docs name exists, and what exists is named."""

from __future__ import annotations

import re

import pytest
import yaml
from typer.main import get_command

from warehouse.cli import app
from warehouse.settings import REPOSITORY, Settings

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def _marts() -> set[str]:
    return {path.stem for path in (REPOSITORY / "dbt_project" / "models" / "marts").rglob("*.sql")}


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    named = set(re.findall(r"`(WAREHOUSE_[A-Z0-9_]+)`", README))
    assert named == {f"WAREHOUSE_{name.upper()}" for name in Settings.model_fields}


def test_every_command_is_in_the_readme_and_no_other() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:^|[`/ ])warehouse ([a-z]+)\b", README)) & {*commands, "trace", "verify", "serve"}
    assert named == commands


def test_every_dag_is_in_the_readme_and_no_other() -> None:
    dags = {path.stem for path in (REPOSITORY / "dags").glob("*.py")} - {"dataset_chain"}
    assert set(re.findall(r"`((?:ingest|build)_[a-z]+)`", README)) == dags


def test_every_mart_is_in_the_readme() -> None:
    assert {name for name in _marts() if f"`{name}`" not in README} == set()


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets
    assert {"setup", "run", "test", "check", "bench", "up", "down"} <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_repository_lead_somewhere(page) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_published_column_is_described() -> None:
    bare = []
    for path in (REPOSITORY / "dbt_project" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            bare += [f"{model['name']}.{c['name']}" for c in model.get("columns", []) if not c.get("description")]
            if "Grain:" not in model.get("description", ""):
                bare.append(f"{model['name']} (grain)")
    assert bare == []
