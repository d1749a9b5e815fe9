"""`warehouse doctor` finds what a kill or a hand left behind, names it, and mends it without removing what counts."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from house import BIN
from ledger_scratch import Ledger
from pydantic import SecretStr

from warehouse import db, disk, doctor, doctor_checks, journal, postgres, release
from warehouse.errors import BusyError
from warehouse.ledger import utc_now
from warehouse.settings import Settings
from warehouse.verify import verify

LOAD = "20260101T000000Z_fvkom_a00001"
NEW = "20260102T000000Z_fvkom_a00002"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up home in order, to be copied: one load, two releases."""
    root = tmp_path_factory.mktemp("made") / "home"
    home = Ledger(Settings(home=root, _env_file=None))  # type: ignore[call-arg]
    home.load(LOAD, 1)
    home.publish("20260103T000000Z", LOAD)
    home.publish("20260104T000000Z", LOAD)
    return root


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setattr(release, "_remember", lambda *_: None)  # the made-up releases have no gaps
    shutil.copytree(made, tmp_path / "home", symlinks=True)
    return Ledger(Settings(home=tmp_path / "home", _env_file=None))  # type: ignore[call-arg]


def _states(settings: Settings) -> dict[str, str]:
    """The worst state of each check."""
    order = [doctor.OK, doctor.WARN, doctor.BROKEN]
    found: dict[str, str] = {}
    for check in doctor.examine(settings, utc_now()):
        found[check.name] = max(found.get(check.name, doctor.OK), check.state, key=order.index)
        assert check.state == doctor.OK or check.next_step, check
    return found


def _files(settings: Settings) -> dict[str, bytes]:
    """What was landed and published, byte for byte; the journal apart, which grows."""
    roots = (settings.landing, settings.releases)
    paths = [path for root in roots for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    hidden = [path for path in paths if any(part.startswith(".") for part in path.relative_to(settings.root).parts)]
    return {str(path): path.read_bytes() for path in paths if path not in hidden}


def test_nothing_is_said_of_a_home_in_order(home: Ledger) -> None:
    assert set(_states(home.settings).values()) == {doctor.OK}


def _incoming(home: Ledger) -> None:
    (home.settings.landing / ".incoming" / NEW).mkdir(parents=True)
    (home.settings.landing / ".incoming" / NEW / "data.zst").write_bytes(b"half")


def _building(home: Ledger) -> None:
    (home.settings.releases / ".building" / "parquet").mkdir(parents=True)


def _half_link(home: Ledger) -> None:
    (home.settings.releases / ".current.new").symlink_to("20260104T000000Z")


def _half_page(home: Ledger) -> None:
    (home.settings.validation / "loads").mkdir(parents=True)
    (home.settings.validation / "loads" / ".x.html.part").write_text("half")


def _landed_only(home: Ledger) -> None:
    old = home.settings.landing / "statbank" / "fvkom" / LOAD
    text = (old / "manifest.json").read_text().replace(LOAD, NEW)
    shutil.copytree(old, old.with_name(NEW))
    (old.with_name(NEW) / "manifest.json").write_text(text)


def _torn(home: Ledger) -> None:
    with journal.path(home.settings).open("ab") as file:
        file.write(b'{"seq": 99, "at"')


def _behind_the_database(home: Ledger) -> None:
    file = journal.path(home.settings)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))


def _log_left(home: Ledger) -> None:
    program = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('set checkpoint_threshold = \\'1GB\\'; create table left_over as select 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(home.settings.database)], check=True)
    assert db.wal_of(home.settings.database).exists()


def _dangling(home: Ledger) -> None:
    release.point_current_at(home.settings, "r9")


def _no_current(home: Ledger) -> None:
    (home.settings.releases / "current").unlink()


def _not_written_down(home: Ledger) -> None:
    old = home.settings.releases / "20260104T000000Z"
    shutil.copytree(old, old.with_name("20260105T000000Z"))
    manifest = json.loads((old / "manifest.json").read_text()) | {"release_id": "20260105T000000Z"}
    (old.with_name("20260105T000000Z") / "manifest.json").write_text(json.dumps(manifest))


def _airflow_left_open(home: Ledger) -> None:
    folder = home.settings.root / "airflow"
    folder.mkdir()
    (folder / ".prepared").write_text("x")
    with sqlite3.connect(folder / "airflow.db") as connection:
        connection.executescript(
            """create table dag_run (dag_id, run_id, state, end_date);
            create table task_instance (dag_id, run_id, state, end_date);
            create table job (state, latest_heartbeat);
            insert into dag_run values ('ingest_dst', 'r', 'running', null), ('build_marts', 'r', 'success', null);
            insert into task_instance values ('ingest_dst', 'r', 'running', null), ('ingest_dst', 'r', 'success', null);
            insert into job values ('running', '2020-01-01 00:00:00')"""
        )
    connection.close()


MENDED: dict[str, tuple[Callable[[Ledger], None], str, str]] = {
    "a landing that was killed": (_incoming, "half-written", doctor.WARN),
    "a release that was being built": (_building, "half-written", doctor.WARN),
    "a link that was not put in place": (_half_link, "half-written", doctor.WARN),
    "a page that was being written": (_half_page, "half-written", doctor.WARN),
    "a landing that is not in the ledger": (_landed_only, "landing", doctor.WARN),
    "a torn line of the journal": (_torn, "journal", doctor.WARN),
    "an event that is in the database alone": (_behind_the_database, "database", doctor.WARN),
    "a write-ahead log": (_log_left, "database", doctor.WARN),
    "a dangling link": (_dangling, "current", doctor.BROKEN),
    "no link": (_no_current, "current", doctor.BROKEN),
    "a release that is not in the journal": (_not_written_down, "releases", doctor.WARN),
    "runs that Airflow believes open": (_airflow_left_open, "airflow", doctor.WARN),
}


@pytest.mark.parametrize("case", MENDED)
def test_what_a_kill_left_is_found_and_mended(home: Ledger, case: str) -> None:
    poison, name, state = MENDED[case]
    poison(home)
    before = _files(home.settings)
    assert _states(home.settings)[name] == state
    assert _files(home.settings) == before, "looking changes nothing"
    mended = doctor.mend(home.settings, utc_now())
    assert name in [check.name for check in mended if check.mended]
    assert set(_states(home.settings).values()) == {doctor.OK}
    assert before.items() <= _files(home.settings).items(), "nothing that was landed or published was removed"
    assert verify(home.settings).findings == ()


def _chain_broken(home: Ledger) -> None:
    file = journal.path(home.settings)
    file.write_bytes(file.read_bytes().replace(b'"rows_received":1', b'"rows_received":2', 1))


def _landing_lost(home: Ledger) -> None:
    shutil.rmtree(home.settings.landing / "statbank" / "fvkom" / LOAD)


def _no_manifest(home: Ledger) -> None:
    (home.settings.landing / "statbank" / "fvkom" / NEW).mkdir()


def _release_lost(home: Ledger) -> None:
    shutil.rmtree(home.settings.releases / "20260103T000000Z")


def _half_release(home: Ledger) -> None:
    (home.settings.releases / "20260105T000000Z" / "parquet").mkdir(parents=True)


def _file_lost(home: Ledger) -> None:
    (home.settings.releases / "20260104T000000Z" / "parquet" / "gaps.parquet").unlink()


def _no_link(home: Ledger) -> None:
    link = home.settings.releases / "current"
    link.unlink()
    shutil.copytree(home.settings.releases / "20260104T000000Z", link)


def _airflow_harmed(home: Ledger) -> None:
    _airflow_left_open(home)
    (home.settings.root / "airflow" / "airflow.db").write_bytes(b"no database" * 500)


BROKEN: dict[str, tuple[Callable[[Ledger], None], str]] = {
    "a changed byte of the journal": (_chain_broken, "journal"),
    "a landing that is gone": (_landing_lost, "landing"),
    "a landing without manifest": (_no_manifest, "landing"),
    "a release that is gone": (_release_lost, "releases"),
    "a folder that is no release": (_half_release, "releases"),
    "a file of the current release": (_file_lost, "current"),
    "a folder where the link was": (_no_link, "current"),
    "Airflow's database": (_airflow_harmed, "airflow"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_no_program_can_mend_is_named_and_left(home: Ledger, case: str) -> None:
    poison, name = BROKEN[case]
    poison(home)
    before = _files(home.settings)
    assert _states(home.settings)[name] == doctor.BROKEN
    checks = doctor.mend(home.settings, utc_now())
    assert name in {check.name for check in checks if check.state == doctor.BROKEN}
    assert _files(home.settings) == before


@pytest.mark.parametrize("harm", ["gone", "garbled", "older"])
def test_a_lost_build_database_comes_back_from_the_landing(house, harm: str) -> None:  # type: ignore[no-untyped-def]
    settings: Settings = house.settings
    older = settings.root / "older"
    with db.writer(settings, "test"):
        pass
    shutil.copyfile(settings.database, older)
    load_id = house.ingest("uddakt20")
    rows = house.sql("select count(*), sum(INDHOLD) from raw.uddakt20")
    if harm == "gone":
        settings.database.unlink()
    elif harm == "garbled":
        settings.database.write_bytes(b"no database" * 5000)
    else:
        shutil.copyfile(older, settings.database)
    assert _states(settings)["database"] == doctor.BROKEN
    doctor.mend(settings, utc_now())
    assert _states(settings)["database"] == doctor.OK
    assert house.sql("select load_id, status from meta.loads") == [(load_id, "promoted")]
    assert house.sql("select count(*), sum(INDHOLD) from raw.uddakt20") == rows
    assert settings.database.with_name("warehouse.duckdb.aside-1").exists() == (harm != "gone")


def test_a_clock_that_went_back_is_found(home: Ledger) -> None:
    then = utc_now() - timedelta(days=1)
    assert {c.name for c in doctor.examine(home.settings, then) if c.state == doctor.BROKEN} == {"clock"}


def test_a_disk_without_room_is_found(home: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: doctor_checks.NO_ROOM - 1)
    assert _states(home.settings)["disk"] == doctor.BROKEN


def test_while_a_run_is_at_work_nothing_is_touched(home: Ledger) -> None:
    _building(home)
    with db.file_lock(home.settings.root / "run.lock", "the run"), release.alone(home.settings, "the run"):
        assert _states(home.settings)["half-written"] == doctor.OK
        with pytest.raises(BusyError, match="the run"):
            doctor.mend(home.settings, utc_now())
    assert (home.settings.releases / ".building").exists()


@pytest.fixture
def orphan(home: Ledger) -> Iterator[Path]:
    """A lock that a child inherited from a process that is dead."""
    lock = home.settings.root / "warehouse.lock"
    program = """
import os, sys, time
from pathlib import Path
from warehouse.db import file_lock
with file_lock(Path(sys.argv[1]), 'the parent'):
    child = os.fork()
    if child == 0:
        os.close(1)
        time.sleep(60)
        os._exit(0)
    print(child, flush=True)
    os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE, text=True, check=True)
    yield lock
    os.kill(int(done.stdout), 9)


def test_a_lock_whose_owner_is_dead_is_told_from_one_that_is_at_work(home: Ledger, orphan: Path) -> None:
    assert _states(home.settings)["locks"] == doctor.BROKEN
    with pytest.raises(BusyError, match=r"a child of process .* which is dead"), db.file_lock(orphan, "me", 0):
        pass


def test_a_process_id_that_was_given_away_again_is_not_the_owner(tmp_path: Path) -> None:
    with db.file_lock(tmp_path / "a.lock", "me"):
        owner = db.owner_of(tmp_path / "a.lock")
    assert owner and owner.is_alive
    assert owner.started
    reused = db.Owner(owner.pid, owner.host, owner.purpose, str(int(owner.started) + 1), owner.boot)
    assert reused.is_alive is False
    assert db.Owner(owner.pid, owner.host, owner.purpose, owner.started, "another start").is_alive is False
    assert db.Owner(owner.pid, "elsewhere", owner.purpose).is_alive is None


def test_the_command_says_one_line_a_check_and_ends_with_1_when_something_is_broken(home: Ledger) -> None:
    environment = {**os.environ, "WAREHOUSE_HOME": str(home.settings.root)}

    def said(*arguments: str) -> tuple[int, str]:
        command = [str(BIN / "warehouse"), "doctor", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    _no_current(home)
    code, text = said()
    assert (code, text.count("\nbroken ")) == (1, 1)
    code, text = said("--mend", "--format", "json")
    assert code == 0
    assert [check["name"] for check in json.loads(text) if check["mended"]] == ["current"]
    assert said("--nonsense")[0] == 2


def test_every_check_names_itself(home: Ledger) -> None:
    names = [name for name, _ in doctor_checks.looks(utc_now())]
    assert [check.name for check in doctor.examine(home.settings, utc_now())] == names


@pytest.mark.parametrize(("shown", "state"), [("20260104T000000Z", "ok"), ("20260103T000000Z", "warn"), (None, "warn")])
def test_postgresql_behind_the_current_release_is_brought_up_to_date(
    home: Ledger, monkeypatch: pytest.MonkeyPatch, shown: str | None, state: str
) -> None:
    settings = home.settings.model_copy(update={"postgres_dsn": SecretStr("dsn")})
    shows = [shown]
    monkeypatch.setattr(postgres, "shown_release", lambda *_: shows[-1])
    monkeypatch.setattr(postgres, "bring_up_to_date", lambda _, folder: shows.append(folder.name))
    assert _states(settings)["postgres"] == state
    doctor.mend(settings, utc_now())
    assert shows == [shown] if state == "ok" else [shown, "20260104T000000Z"]
    assert _states(settings)["postgres"] == "ok"


def test_postgresql_that_is_away_is_broken_and_says_what_to_do(home: Ledger) -> None:
    away = SecretStr("host=127.0.0.1 port=1 user=u dbname=d password=secret")
    settings = home.settings.model_copy(update={"postgres_dsn": away})
    (found,) = (check for check in doctor.examine(settings, utc_now()) if check.name == "postgres")
    assert (found.state, "secret" in str(found)) == (doctor.BROKEN, False)
    assert found.next_step
