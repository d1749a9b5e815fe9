"""`warehouse serve`: what a client of the protocol quack may do, and that it can do nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from bi_clients import TOKEN, WAREHOUSE, client, environment, free_port, serving
from bi_releases import Releases

from warehouse import serve
from warehouse.errors import SettingsError, WarehouseError
from warehouse.settings import Settings

pytestmark = pytest.mark.xdist_group("serve")

REFUSED = [
    "from read_text('/etc/passwd')",
    "from main.read_text('/etc/passwd')",
    "from \"read_csv\"('/etc/passwd')",
    "from '/etc/passwd'",
    "select (from read_blob('/etc/passwd'))",
    "with x as (from read_csv('/etc/passwd')) from x",
    "from marts.gaps, lateral (from glob('/*'))",
    "from query('select 1')",
    "from quack_query('quack:127.0.0.1:1', 'select 1')",
    "from quack_stop('quack:127.0.0.1:1')",
    "from quack_active_connections()",
    "from duckdb_settings()",
    "from duckdb_secrets()",
    "select quack_check_token('a', 'b', 'c')",
    "select 1; drop view marts.gaps",
    "begin; drop view marts.gaps",
    "copy (select 1) to '{folder}/written.csv'",
    "export database '{folder}/written'",
    "attach '{folder}/written.duckdb' as w",
    "create table t (a integer)",
    "create temp table t (a integer)",
    "create table release_0.marts.t (a integer)",
    "create or replace macro may(session, query) as query",
    "insert into release_0.marts.gaps (gap_pp) values (1)",
    "delete from release_0.marts.gaps",
    "drop view marts.gaps",
    "detach release_0",
    "set memory_limit = '100GB'",
    "set global quack_authorization_function = 'quack_nop_authorization'",
    "load httpfs",
    "install httpfs",
    "checkpoint",
]


@pytest.fixture(scope="module")
def home(sample_home, tmp_path_factory) -> Path:
    releases = sample_home.path / "releases"
    folder = tmp_path_factory.mktemp("serve") / "home"
    (folder / "releases").mkdir(parents=True)
    (folder / "releases" / "current").symlink_to((releases / "current").resolve())
    return folder


@pytest.fixture(scope="module")
def port(home) -> Iterator[int]:
    with serving(home) as port:
        yield port


def test_what_is_not_reading_is_refused_and_leaves_nothing_behind(port, tmp_path) -> None:
    with client(port) as connection:
        done = []
        for statement in REFUSED:
            try:
                connection.execute("from remote.query(?)", [statement.format(folder=tmp_path)]).fetchall()
                done.append(statement)
            except duckdb.Error as error:
                assert "root:" not in str(error)
        assert done == []
        for statement in (
            "create table remote.main.t as select 1 as a",
            "create table remote.marts.t as select 1 as a",
            "insert into remote.marts.gaps (gap_pp) values (1)",
            "delete from remote.marts.gaps",
            "drop view remote.marts.gaps",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
        assert connection.execute("from remote.query('select count(*) from marts.gaps')").fetchone()[0] > 0
    assert list(tmp_path.iterdir()) == []


def test_beneath_the_first_guard_no_file_can_be_opened_and_nothing_be_set(home, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(serve, "_MAY", "create macro may(session, query) as query")
    settings = Settings(home=home, serve_token=TOKEN, _env_file=None)
    with serve.running(settings, port=free_port()) as server:
        port = server.connection.execute("select port from quack_server_list()").fetchone()[0]
        with client(port) as connection:
            for statement in (
                "from read_text('/etc/passwd')",
                f"select * from read_csv('{home}/releases/current/manifest.json')",
                f"copy (select 1 as a) to '{tmp_path}/written.csv'",
                f"attach '{tmp_path}/written.duckdb' as w",
                "delete from release_0.marts.gaps",
                "set memory_limit = '100GB'",
                "set global quack_authorization_function = 'quack_nop_authorization'",
                "set enable_external_access = true",
                "install httpfs",
            ):
                with pytest.raises(duckdb.Error):
                    connection.execute("from remote.query(?)", [statement]).fetchall()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("token", ["wrong-token-0123456789", "", TOKEN[:-1], TOKEN + "x"])
def test_another_token_is_refused(port, token) -> None:
    with pytest.raises(duckdb.Error, match=r"Authentication failed|token"), client(port, token):
        pass


def test_it_answers_what_the_release_says_with_the_comments(port, sample_home) -> None:
    with client(port) as connection:
        names = [r[0] for r in sample_home.published("select table_name from information_schema.tables order by 1")]
        for name in names:
            question = f"select count(*), sum(hash(t)) from (from marts.{name}) as t"
            assert connection.execute("from remote.query(?)", [question]).fetchall() == sample_home.published(question)
        comment = "select comment from duckdb_columns() where table_name = 'gaps' and column_name = 'gap_pp'"
        said = connection.execute("from remote.query(?)", [f"{comment} and database_name = 'memory'"]).fetchall()
        assert said == sample_home.published(comment) and said[0][0]
        assert connection.execute("select release_id from remote.marts.release").fetchall() == [
            ((sample_home.path / "releases" / "current").resolve().name,)
        ]


def test_a_release_that_cannot_be_read_leaves_the_one_before_answering(sample_home, tmp_path) -> None:
    like = sample_home.path / "releases" / "current" / "integration_gaps.duckdb"
    releases = Releases(tmp_path / "home", like)
    releases.publish(1)
    settings = releases.settings.at(releases.settings.home, serve_token=Settings(serve_token=TOKEN).serve_token)
    with serve.running(settings, port=free_port()) as server:
        folder = releases.publish(2)
        (folder / "integration_gaps.duckdb").write_bytes(b"half of a file")
        with pytest.raises(duckdb.Error):
            server.follow()
        assert server.connection.execute("select release_id from marts.release").fetchone() == ("release-001",)
        releases.publish(3)
        assert server.follow() and not server.follow()
        assert server.connection.execute("select min(gap_pp) from marts.gaps").fetchone() == (3.0,)
        server.forget(older_than=0)
        assert [held.release_id for held in server.attached] == ["release-003"]
        assert [path.name for path in server.slots[0].parent.iterdir()] == [server.attached[0].file.name]


@pytest.mark.parametrize("token", [None, "short", "sixteen letters and a quote '"])
def test_without_a_token_that_cannot_be_guessed_nothing_is_served(home, token) -> None:
    with (
        pytest.raises(SettingsError, match="WAREHOUSE_SERVE_TOKEN") as caught,
        serve.running(Settings(home=home, serve_token=token, _env_file=None)),
    ):
        pass
    assert token is None or token not in caught.value.what


def test_a_taken_port_and_a_home_without_release_are_told_of(home, port, tmp_path) -> None:
    done = subprocess.run(
        [str(WAREHOUSE), "serve", "--port", str(port)],
        env=environment(home), capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2 and f"Cannot listen on 127.0.0.1, port {port}" in done.stderr, done.stderr
    assert "next:" in done.stderr and TOKEN not in done.stderr
    with (
        pytest.raises(WarehouseError, match="no release yet"),
        serve.running(Settings(home=tmp_path, serve_token=TOKEN, _env_file=None)),
    ):
        pass
