"""Every command and query of docs/bi.md is run, as it stands, against a release, the server and PostgreSQL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pg
import pytest
from bi_clients import TOKEN, client, environment, free_port, serving
from pydantic import SecretStr

from warehouse import postgres
from warehouse.settings import REPOSITORY, Settings

pytestmark = pytest.mark.xdist_group("postgres")
PAGE = (REPOSITORY / "docs" / "bi.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:9494"


def blocks(kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.S)


def commands(program: str) -> list[str]:
    """The command lines of one program."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith(program)]


def statements(kind: str) -> list[str]:
    """The statements of the blocks of one kind."""
    return [line.strip() for block in blocks(kind) for line in block.split(";") if line.strip()]


def _run(command: list[str], folder: Path, **variables: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **variables}, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def port(sample_home) -> Iterator[int]:
    with serving(sample_home.path) as port:
        yield port


def test_every_block_is_of_a_kind_that_is_run() -> None:
    kinds = set(re.findall(r"^```(\w.*)$", PAGE, re.M))
    assert kinds == {"sql", "sql quack", "sql admin", "sql owner", "sql reader", "python", "sh", "text"}
    assert len(blocks("sql")) == 3 and len(blocks("python")) == 3 and len(blocks("text")) == 2
    assert {line.split()[0] for block in blocks("sh") for line in block.splitlines()} == {"duckdb", "warehouse", "psql"}


@pytest.mark.parametrize("code", blocks("python"), ids=["python", "sqlalchemy", "quack"])
def test_each_python_example_prints_something(code, sample_home, port) -> None:
    code = code.replace(ADDRESS, f"127.0.0.1:{port}")
    assert _run([sys.executable, "-c", code], sample_home.path, WAREHOUSE_SERVE_TOKEN=TOKEN).strip()


@pytest.mark.parametrize("query", blocks("sql"))
def test_each_query_finds_rows_in_the_file_and_on_the_server(query, sample_home, port) -> None:
    rows = sample_home.published(query)
    assert rows
    with client(port) as connection:
        assert connection.execute("from remote.query(?)", [query]).fetchall() == rows


def test_a_transaction_on_the_server_is_as_the_page_says(port) -> None:
    with client(port) as connection:
        answers = [connection.execute(statement).fetchall() for statement in statements("sql quack")]
    assert [len(answer) for answer in answers] == [0, 1, 1, 0]


def test_the_server_starts_as_the_page_says(sample_home) -> None:
    (command,) = commands("warehouse")
    words = command.replace("9494", str(free_port())).split()
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / words[0]), *words[1:]],
        env=environment(sample_home.path), stdout=subprocess.PIPE, text=True, cwd=sample_home.path,
    )  # fmt: skip
    try:
        assert server.stdout and server.stdout.readline().startswith("Serving release")
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_the_duckdb_command_line_answers(sample_home) -> None:
    program = shutil.which("duckdb") or shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("no DuckDB command line is installed (PyPI: duckdb-cli)")
    (command,) = commands("duckdb")
    _, readonly, file, query = re.fullmatch(r'(\S+) (\S+) (\S+) "(.*)"', command).groups()  # type: ignore[union-attr]
    assert "gaps" in _run([program, readonly, file, query], sample_home.path)


def test_every_table_is_a_csv_that_a_spreadsheet_reads(sample_home) -> None:
    folder = sample_home.path / "releases" / "current" / "csv"
    names = {row[0] for row in sample_home.published("select table_name from information_schema.tables")}
    assert {path.stem for path in folder.glob("*.csv")} == names
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in folder.glob("*.csv"))


def _small_release(like: Path, folder: Path) -> Path:
    """A release with what the queries of the page ask for, and nothing else: it fills PostgreSQL in a moment."""
    folder.mkdir()
    wanted = {"gaps": "municipality_code in ('000', '151')", "coverage": "municipality_code = '151'"}
    with duckdb.connect(str(folder / "integration_gaps.duckdb")) as connection:
        connection.execute(f"attach '{like / 'integration_gaps.duckdb'}' as sample (read_only)")
        connection.execute("create schema marts")
        for name in ("gaps", "coverage", "dim_indicator"):
            where = wanted.get(name, "true")
            connection.execute(f"create table marts.{name} as from sample.marts.{name} where {where}")
    shutil.copyfile(like / "manifest.json", folder / "manifest.json")
    return folder


def test_postgresql_is_set_up_filled_and_read_as_the_page_says(sample_home, tmp_path) -> None:
    with pg.running() as cluster:
        with cluster.admin() as admin:
            admin.execute("drop database warehouse")
            admin.execute("drop role warehouse")
            for statement in statements("sql admin"):
                admin.execute(statement.replace("choose-one", pg.PASSWORD))
        settings = Settings(home=sample_home.path, postgres_dsn=SecretStr(cluster.dsn), _env_file=None)
        like = (sample_home.path / "releases" / "current").resolve()
        postgres.bring_up_to_date(settings, _small_release(like, tmp_path / like.name))
        with cluster.connect() as owner:
            for statement in statements("sql owner"):
                owner.execute(statement.replace("choose-another", pg.PASSWORD))
        with cluster.connect("analyst", autocommit=True) as reader:
            for statement in statements("sql reader"):
                reader.execute(statement)
            for query in blocks("sql"):
                assert reader.execute(query).fetchall() == sample_home.published(query)
        if not (program := shutil.which("psql")):
            pytest.skip("psql is not installed")
        (command,) = commands("psql")
        where, query = re.fullmatch(r'psql "(.*)" --command "(.*)"', command).groups()  # type: ignore[union-attr]
        where = where.replace("db.example", "127.0.0.1").replace("5432", str(cluster.port))
        said = _run([program, where, "--command", query], sample_home.path, PGPASSWORD=pg.PASSWORD)
        assert like.name in said


def test_the_settings_and_the_version_that_the_page_names_exist() -> None:
    assert {f"WAREHOUSE_{name.upper()}" for name in Settings.model_fields} >= set(
        re.findall(r"`(WAREHOUSE_[A-Z_]+)`", PAGE)
    )
    assert f"({duckdb.__version__})" in PAGE
