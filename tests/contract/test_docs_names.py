"""Commands, options, tables, settings, files and times that the pages name are those that exist; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import blocks, commands, inline, words
from typer.main import get_command

from warehouse import corrections
from warehouse.cli import app
from warehouse.settings import REPOSITORY, Settings

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *(DOCS / f"{name}.md" for name in ("operations", "auditors", "evidence"))]
OPERATIONS = DOCS / "operations.md"
PLACEHOLDER = re.compile(r"[A-Z…].*|\W+")
FOLDERS = ("dags/", "dbt_project/", "docs/", "expectations/", "ingestion/", "sample_providers/", "tests/", "warehouse/")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def found(said: list[str]) -> tuple[Any, list[str]]:
    """The command of the command line that a `warehouse …` names, and the words after it."""
    command: Any = get_command(app)
    rest = said[1:]
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def unknown(said: list[str]) -> list[str]:
    """What of a `warehouse …` command does not exist: the command, or options of it."""
    command, rest = found(said)
    if hasattr(command, "commands") and rest and not rest[0].startswith("--") and not PLACEHOLDER.fullmatch(rest[0]):
        return [" ".join(said)]
    if command.name == "airflow":  # Airflow's own, which the page's commands are run to check
        return []
    known = {"--help", *(name for option in command.params for name in (*option.opts, *option.secondary_opts))}
    return [word for word in rest if word.startswith("--") and word.split("=")[0] not in known]


def accept(line: str) -> None:
    """Let the command line parse a command, values and all, without running it."""
    command, rest = found(words(line))
    if hasattr(command, "commands") and rest:
        command.resolve_command(command.make_context(command.name, rest), rest)
    command.make_context(command.name, rest)


def every_option() -> set[str]:
    """Every option of every command."""

    def of(command: Any) -> Iterator[str]:
        for option in command.params:
            yield from (*option.opts, *option.secondary_opts)
        for other in getattr(command, "commands", {}).values():
            yield from of(other)

    return set(of(get_command(app)))


@pytest.mark.parametrize(
    "command",
    ["warehouse audit", "warehouse verify --deep", "warehouse releases compare", "warehouse rebuild --as-at 2026"],
)
def test_what_does_not_exist_is_found(command: str) -> None:
    assert unknown(command.split())


@every_page
def test_every_command_and_option_exists(page: Path) -> None:
    shell = [words(line) for block in blocks(page, "sh") for line in commands(block) if "warehouse" in line.split()[0]]
    named = [re.sub(r"[\[\]]", "", code).split() for code in inline(page)]
    named = [code for code in named if Path(code[0]).name == "warehouse"]
    assert shell or named
    assert [problem for said in shell + named for problem in unknown(said)] == []
    bare = {code.split()[0] for code in inline(page) if code.startswith("--")}
    assert bare - every_option() - {word for said in shell for word in said} == set()


@pytest.mark.parametrize(
    "line", ["warehouse prune --keep-days soon", "warehouse releases diff previous", "warehouse x"]
)
def test_a_command_line_that_is_not_accepted_is_found(line: str) -> None:
    with pytest.raises(Exception, match=r"(?i)valid integer|missing|no such command"):
        accept(line)


@every_page
def test_every_command_line_is_accepted(page: Path) -> None:
    for block in blocks(page, "sh"):
        for line in commands(block):
            if "warehouse" in line.split()[0]:
                accept(line)


@every_page
def test_every_mart_that_is_named_is_published(page: Path) -> None:
    published = {path.stem for path in (REPOSITORY / "dbt_project" / "models" / "marts").rglob("*.sql")}
    assert set(re.findall(r"\bmarts\.([a-z_]+)", page.read_text(encoding="utf-8"))) - published == set()


@every_page
def test_every_setting_and_file_that_is_named_exists(page: Path) -> None:
    settings = {f"WAREHOUSE_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\bWAREHOUSE_[A-Z_]+\b", page.read_text(encoding="utf-8"))) - settings == set()
    paths = [code for code in inline(page) if code.startswith(FOLDERS) and "<" not in code]
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_the_schedule_is_that_of_the_dags() -> None:
    told = dict(re.findall(r"^\| `(ingest_[a-z]+)` \| `([^`]+)` \|", OPERATIONS.read_text(encoding="utf-8"), re.M))
    true = {}
    for path in sorted((REPOSITORY / "dags").glob("ingest_*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        options = {option.arg: option.value for call in calls for option in call.keywords}
        schedule = options["schedule"]
        assert isinstance(schedule, ast.Call)
        assert ast.unparse(schedule.func) == "looks"  # its days: tests/dags/test_schedule.py
        at = ast.literal_eval(schedule.args[0])
        true[path.stem] = f"{at} 9-18 2,5,8,11 *, {at} * * 1"
        assert "COPENHAGEN" in ast.unparse(options["start_date"])
    assert told == true


def test_the_correction_that_is_shown_can_be_read(tmp_path: Path) -> None:
    (block,) = blocks(OPERATIONS, "csv")
    file = tmp_path / corrections.FILE
    file.write_text(block.text, encoding="utf-8")
    (entry,) = corrections.read(file)
    assert entry.data_origin == "official"


@every_page
def test_no_command_hides_in_a_block_that_is_not_run(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= {"sh", "sql", "python", "text", "csv"}
    lines = [line for block in blocks(page, "text") for line in block.text.splitlines()]
    assert [line for line in lines if re.match(r" *(\.venv/bin/|warehouse |make |python|select |with )", line)] == []
