"""The warehouse is a function of landing, seeds and code: a lost home comes back, to the byte, and so does the past."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from house import Home, copy_of, home_on

from sample_providers import Running, start, write_inbox
from warehouse import journal, release, retention
from warehouse.db import open_database, writer
from warehouse.errors import LoadRejected
from warehouse.verify import verify

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rebuild")]

FIRST = ("kas201", "ky038", "folk1e", "kmsta001", "kvres", "turnout_by_origin", "interviews")


@pytest.fixture(scope="module")
def provider() -> Iterator[Running]:
    with start() as running:
        yield running


class Past:
    """A home of ten loads (two revised, one rejected) and two releases, and when the first one was the newest."""

    def __init__(self, home: Home, middle: str) -> None:
        self.home = home
        self.middle = middle
        manifests = release.releases(home.settings)
        self.releases: list[dict[str, Any]] = list(reversed(manifests))


@pytest.fixture(scope="module")
def past(provider: Running, tmp_path_factory: pytest.TempPathFactory) -> Past:
    path = tmp_path_factory.mktemp("past") / "home"
    home = home_on(provider, path, WAREHOUSE_SAMPLE_INBOX=str(path / "sample_inbox"))
    write_inbox(path / "sample_inbox")
    home.ingest(*FIRST)
    _publish(home)
    middle = datetime.now(UTC).replace(tzinfo=None).isoformat()
    time.sleep(1.1)  # releases are named by the second
    _revise(home, provider)
    _reject(home, provider)
    _publish(home)
    return Past(home, middle)


def _publish(home: Home) -> None:
    home.build("--exclude-resource-type", "test")
    release.publish(home.settings)


def _revise(home: Home, provider: Running) -> None:
    benefits = provider.table("KY038")
    for origin in ("9", "TOT"):
        benefits.add(1, OMRÅDE="151", YDELSESTYPE="10000", HERKOMST1=origin, TID="2024")
    benefits.updated = "2026-11-11T08:00:00"
    home.ingest("ky038")
    for file in (home.path / "sample_inbox" / "turnout_by_origin").glob("*.csv"):
        head, first, *rest = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join([head, first + " (read again)", *rest, ""]), encoding="utf-8")
    home.ingest("turnout_by_origin")


def _reject(home: Home, provider: Running) -> None:
    table = provider.table("FOLK1E")
    healthy, updated = table.get(OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", TID="2026K3"), table.updated
    table.set(healthy + 7, OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", TID="2026K3")
    table.updated = "2026-11-11T08:00:00"
    with pytest.raises(LoadRejected):
        home.ingest("folk1e")
    table.set(healthy, OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="25", TID="2026K3")
    table.updated = updated


def _only_landing(past: Past, path: Path) -> Home:
    """The home after everything but the landing was lost."""
    path.mkdir()
    shutil.copytree(past.home.path / "landing", path / "landing", symlinks=True)
    return Home(path, past.home.variables)


def test_the_past_is_what_the_test_says(past: Past) -> None:
    statuses = dict(past.home.rows("select status, count(*) from meta.loads group by all"))
    assert sum(statuses.values()) == 10, statuses
    assert statuses["rejected"] == 1
    assert len(past.releases) == 2
    assert past.releases[0]["tables"]["gaps"] != past.releases[1]["tables"]["gaps"]


def test_a_lost_home_comes_back_to_the_byte(past: Past, tmp_path: Path) -> None:
    lost = _only_landing(past, tmp_path / "lost")
    done = lost.warehouse("rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    again = release.read_manifest(lost.path / "releases" / "current")
    assert again["release_id"] == past.releases[1]["release_id"]
    assert again["tables"] == past.releases[1]["tables"]
    for table in ("meta.loads", "meta.validations", "meta.period_owner", "meta.checks", "meta.revisions"):
        query = f"select * from {table} order by all"
        assert lost.rows(query) == past.home.rows(query), table
    still_lost = f"releases/{past.releases[0]['release_id']}/manifest.json"
    assert [finding.file for finding in verify(lost.settings).findings] == [still_lost]


def test_the_middle_comes_back_to_the_byte_into_an_empty_folder(past: Past, tmp_path: Path) -> None:
    lost = _only_landing(past, tmp_path / "lost")
    done = lost.warehouse("rebuild", "--as-of", past.middle, "--into", str(tmp_path / "then"))
    assert done.returncode == 0, done.stdout + done.stderr
    then = Home(tmp_path / "then", past.home.variables)
    assert release.read_manifest(then.path / "releases" / "current")["tables"] == past.releases[0]["tables"]
    assert then.rows("select count(*) from meta.loads") == [(len(FIRST),)]
    assert lost.warehouse("rebuild", "--into", str(tmp_path / "then")).returncode == 2


def journal_of(home: Home) -> Any:
    """An empty database whose outbox ends where the journal's file does."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("create schema meta")
    connection.execute(journal.DDL)
    for event in journal.read(home.settings):
        connection.execute("insert into meta.journal values (?, ?)", [event.seq, event.line])
    return connection


@pytest.mark.parametrize("what", ["payload", "manifest", "tableinfo", "journal", "verdict", "release file", "parquet"])
def test_one_changed_byte_is_named(past: Past, tmp_path: Path, what: str) -> None:
    home = copy_of(past.home, tmp_path / "copy")
    folder = home.path / "landing" / "statbank" / "ky038"
    release_folder = (home.path / "releases" / "current").resolve()
    file = {
        "payload": next(folder.glob("*/*.zst")),
        "manifest": next(folder.glob("*/manifest.json")),
        "tableinfo": next(folder.glob("*/tableinfo.json")),
        "journal": journal.path(home.settings),
        "verdict": next((home.path / "landing/.journal/verdicts").iterdir()),
        "release file": release_folder / "manifest.json",
        "parquet": release_folder / "parquet" / "gaps.parquet",
    }[what]
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(body)
    findings = verify(home.settings).findings
    assert [finding.file for finding in findings] == [str(file.relative_to(home.path))]
    if what == "payload":
        done = home.warehouse("verify")
        assert done.returncode == 1
        assert str(file.relative_to(home.path)) in done.stdout


def test_a_lost_build_database_comes_back_by_itself(past: Past, tmp_path: Path) -> None:
    from warehouse import rebuild

    home = copy_of(past.home, tmp_path / "copy")
    (home.path / "warehouse.duckdb").unlink()
    assert rebuild.restore_if_lost(home.settings)
    for table in ("period_owner", "revisions", "published_gaps"):  # the next release is compared with the last
        query = f"select * from meta.{table} order by all"
        assert home.rows(query) == past.home.rows(query), table
    assert not rebuild.restore_if_lost(home.settings)


def test_a_home_from_before_the_journal_gets_one_that_says_the_same(past: Past, tmp_path: Path) -> None:
    from warehouse import rebuild

    home = copy_of(past.home, tmp_path / "copy")
    journal.path(home.settings).unlink()
    with open_database(home.settings.database) as connection:
        connection.execute("drop table meta.journal")
    assert home.warehouse("verify").returncode == 1  # until something writes, nothing vouches for the landing
    with writer(home.settings, "the first writing command"):
        pass
    assert home.warehouse("verify").returncode == 0
    (home.path / "warehouse.duckdb").unlink()
    assert rebuild.restore_if_lost(home.settings)
    for table in ("loads", "period_owner"):
        query = f"select * from meta.{table} order by all"
        assert home.rows(query) == past.home.rows(query), table


def test_an_older_copy_of_the_build_database_is_refused(past: Past, tmp_path: Path) -> None:
    home = copy_of(past.home, tmp_path / "copy")
    (home.path / "warehouse.duckdb").unlink()
    done = home.warehouse("status")
    assert "rebuild" in done.stderr + done.stdout


def test_retention_keeps_what_a_kept_release_needs(past: Past, tmp_path: Path) -> None:
    """Thinned, then lost, then rebuilt; poisoned too: the journal states another hash of one table."""
    home = copy_of(past.home, tmp_path / "copy")
    later, policy = datetime(2030, 1, 1), retention.Policy(releases=1, days=0)
    assert home.warehouse("prune").stdout.startswith("Nothing may go")
    items = retention.plan(home.settings, policy, later)
    assert {(item.kind, item.why) for item in items} == {
        ("release", "older than those kept"),
        ("payload", "rejected"),
    }
    assert (home.path / items[0].path).exists()
    assert retention.prune(home.settings, policy, later) == items
    assert not (home.path / items[0].path).exists()
    assert home.warehouse("verify").returncode == 0

    lost = _only_landing(Past(home, past.middle), tmp_path / "lost")
    _restate(lost, "gaps")
    done = lost.warehouse("rebuild")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("differs")] == ["differs: gaps"]
    assert not (lost.path / "releases" / "current").exists()


def _restate(home: Home, table: str) -> None:
    """Write into the journal that the newest release had another hash of one table."""
    events = journal.read(home.settings)
    published = next(event for event in reversed(events) if event.kind == "published")
    tables = {**published.facts["tables"], table: "0" * 64}
    with journal_of(home) as connection:
        journal.note(connection, "published", published.subject, {**published.facts, "tables": tables})
        (line,) = connection.execute("select line from meta.journal order by seq desc limit 1").fetchone()
    journal.append(journal.path(home.settings), [line])
