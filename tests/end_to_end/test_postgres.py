"""The marts in a real PostgreSQL: equal to the release, in one transaction, for reading alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pg
import psycopg
import pytest
from bi_releases import WHOLE, Releases, number_of
from pydantic import SecretStr

from warehouse import postgres, release
from warehouse.errors import WarehouseError
from warehouse.release_files import published_tables
from warehouse.serve import load_extension
from warehouse.settings import Settings

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(scope="module")
def cluster() -> Iterator[pg.Cluster]:
    with pg.running() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def filled(cluster, sample_home) -> Path:
    """The folder of the release that PostgreSQL shows."""
    folder = (sample_home.path / "releases" / "current").resolve()
    cluster.fresh()
    assert postgres.bring_up_to_date(_settings(sample_home.path, cluster.dsn), folder)
    with cluster.connect() as connection:
        connection.execute(f"create role analyst login password '{pg.PASSWORD}' in role bi_reader")
    return folder


def _settings(home: Path, dsn: str) -> Settings:
    return Settings(home=home, postgres_dsn=SecretStr(dsn), _env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "statement",
    [
        "update marts.gaps set gap_pp = 0",
        "insert into marts.gaps select * from marts.gaps limit 1",
        "delete from marts.gaps",
        "truncate marts.gaps",
        "drop table marts.gaps",
        "alter table marts.gaps add column a integer",
        "create table marts.t (a integer)",
        "create table public.t (a integer)",
        "create temp table t (a integer)",
        "create schema s",
        "create role r",
        "comment on table marts.gaps is 'x'",
        "lock table marts.gaps in exclusive mode",
        "select * from secrets.t",
        "select pg_read_file('/etc/passwd')",
        "copy marts.gaps to '/tmp/x.csv'",
        "copy marts.gaps from program 'true'",
        "set role warehouse",
    ],
)
def test_bi_reader_can_do_nothing_but_select(filled, cluster, statement) -> None:
    with cluster.connect() as connection:
        connection.execute("create schema if not exists secrets")
        connection.execute("create table if not exists secrets.t (a integer)")
    with cluster.connect("analyst") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_bi_reader_can_select_every_table(filled, cluster) -> None:
    with cluster.connect("analyst") as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'marts'").fetchall()
        assert len(names) > 15
        for (name,) in names:
            connection.execute(f"select * from marts.{name} limit 1").fetchall()


def test_every_value_comment_and_key_is_the_releases(filled, cluster) -> None:
    connection = duckdb.connect(str(filled / "integration_gaps.duckdb"), read_only=True)
    tables = published_tables(connection)
    load_extension(connection, "postgres_scanner")
    connection.execute(f"attach '{cluster.dsn}' as pg (type postgres, read_only)")
    key_of = postgres.keys(tables)
    with cluster.connect() as there:
        for table in tables:
            ours, theirs = f"marts.{table.name}", f"pg.marts.{table.name}"
            counts = connection.execute(
                f"""select (select count(*) from {ours}), (select count(*) from {theirs}),
                (select count(*) from (from {ours} except all from {theirs}))"""
            ).fetchone()
            assert counts[0] == counts[1] and counts[2] == 0, table.name
            comments = there.execute(
                """select obj_description(attrelid, 'pg_class'), attname::text, col_description(attrelid, attnum)
                from pg_attribute where attrelid = %s::regclass and attnum > 0 order by attnum""",
                [ours],
            ).fetchall()
            assert comments == [(table.comment, c.name, c.comment) for c in table.columns]
            key = there.execute(
                "select pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass", [ours]
            ).fetchall()
            assert [k[0].split(" (")[1] for k in key] == [", ".join(key_of[table.name]) + ")"], table.name
        shown = there.execute("select release_id, data_origin from marts.release").fetchall()
    connection.close()
    assert shown == [(filled.name, "sample")]
    assert {table.name for table in tables} == set(key_of)


def test_texts_that_are_hard_to_carry_arrive_as_they_are(cluster, sample_home, tmp_path) -> None:
    cluster.fresh()
    releases = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / "integration_gaps.duckdb")
    folder = releases.make(1)
    hard = ["", "\\N", 'a "b"', "a,b;{c}", "line\nbreak", "back\\slash", "NULL", "'", "æøå – 表"]
    with duckdb.connect(str(folder / "integration_gaps.duckdb")) as connection:
        connection.execute("create table marts.hard (place integer, word varchar, words varchar[], figure double)")
        for place, word in enumerate(hard):
            connection.execute(
                "insert into marts.hard values (?, ?, ?, ?)", [place, word, [word, None, word], 0.1 + 0.2]
            )
        connection.execute("insert into marts.hard values (99, null, null, null), (100, 'x', [], 1e-300)")
    manifest = release.read_manifest(folder)
    manifest["tables"]["hard"] = "hash"
    release.write_json(folder / "manifest.json", manifest)
    postgres.bring_up_to_date(_settings(tmp_path, cluster.dsn), folder)
    with cluster.connect() as there:
        rows = there.execute("select place, word, words, figure from marts.hard order by place").fetchall()
    assert rows == [
        *((place, word, [word, None, word], 0.1 + 0.2) for place, word in enumerate(hard)),
        (99, None, None, None),
        (100, "x", [], 1e-300),
    ]


def test_a_transaction_keeps_its_release_and_holds_nothing_up(cluster, sample_home, tmp_path) -> None:
    cluster.fresh()
    releases = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / "integration_gaps.duckdb")
    settings = _settings(tmp_path, cluster.dsn)
    postgres.bring_up_to_date(settings, releases.make(1))
    with cluster.connect() as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert reader.execute("select release_id from marts.release").fetchone() == ("release-001",)
        postgres.bring_up_to_date(settings, releases.make(2))
        assert number_of(reader.execute(WHOLE.format(schema="marts")).fetchone()) == 1
        reader.commit()
        assert number_of(reader.execute(WHOLE.format(schema="marts")).fetchone()) == 2


def test_a_failure_half_way_leaves_the_release_before_and_the_next_publish_heals(
    cluster, sample_home, tmp_path
) -> None:
    cluster.fresh()
    releases = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / "integration_gaps.duckdb")
    settings = _settings(tmp_path, cluster.dsn)
    postgres.bring_up_to_date(settings, releases.make(1))
    folder = releases.make(2)
    with duckdb.connect(str(folder / "integration_gaps.duckdb")) as connection:
        connection.execute("insert into marts.gaps from marts.gaps limit 1")
    with pytest.raises(WarehouseError, match="did not take the release") as caught:
        postgres.bring_up_to_date(settings, folder)
    assert pg.PASSWORD not in str(caught.value) and "duplicate key" in caught.value.what
    with cluster.connect() as there:
        assert number_of(there.execute(WHOLE.format(schema="marts")).fetchone()) == 1
    assert postgres.bring_up_to_date(settings, releases.make(3))
    assert not postgres.bring_up_to_date(settings, releases.settings.releases / "release-003")


@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        ("postgresql://warehouse:hidden-word@127.0.0.1:1/warehouse", "nobody listens"),
        ("postgresql://warehouse:hidden-word@127.0.0.1:{port}/warehouse", "user or the password"),
        ("hidden-word without an equals sign", "not one it takes"),
    ],
)
def test_a_failed_connection_is_told_of_without_the_connection_string(
    cluster, sample_home, tmp_path, dsn, reason
) -> None:
    releases = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / "integration_gaps.duckdb")
    with pytest.raises(WarehouseError, match=reason) as caught:
        postgres.bring_up_to_date(_settings(tmp_path, dsn.format(port=cluster.port)), releases.make(1))
    assert "hidden-word" not in str(caught.value) and "are published" in caught.value.what
    assert caught.value.__cause__ is None and "warehouse run" in caught.value.next_step


def test_two_fillings_at_once_end_as_one(cluster, sample_home, tmp_path) -> None:
    cluster.fresh()
    releases = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / "integration_gaps.duckdb")
    settings = _settings(tmp_path, cluster.dsn)
    folder = releases.make(1)
    errors: list[BaseException] = []

    def fill() -> None:
        try:
            postgres.bring_up_to_date(settings, folder)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=fill) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with cluster.connect() as there:
        assert number_of(there.execute(WHOLE.format(schema="marts")).fetchone()) == 1


def test_publishing_brings_postgresql_up_to_date_also_when_nothing_is_new(cluster, tmp_path, monkeypatch) -> None:
    settings = _settings(tmp_path, cluster.dsn)
    seen = []
    monkeypatch.setattr(release, "_publish_files", lambda _: "release-001")
    monkeypatch.setattr(postgres, "bring_up_to_date", lambda *arguments: seen.append(arguments))
    assert release.publish(settings) == "release-001"
    assert seen == [(settings, settings.releases / "release-001")]
