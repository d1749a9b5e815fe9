"""The journal: what was written down is told again, to the byte; a kill, a full disk and a forger each leave a sign."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse import journal, ledger
from warehouse.db import open_database, transaction, writer
from warehouse.errors import WarehouseError
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def written(settings: Settings) -> Settings:
    """A home whose journal tells of three checks."""
    with writer(settings, "test") as connection:
        for outcome in ("one", "two", "three"):
            ledger.record_check(connection, "fvkom", None, outcome, "æøå “quoted”\nsecond line")
    return settings


def _outcomes(settings: Settings) -> list[str]:
    return [event.facts["outcome"] for event in journal.read(settings)]


def _lines(settings: Settings) -> list[bytes]:
    return journal.path(settings).read_bytes().splitlines(keepends=True)


def test_events_are_told_as_they_were_written(written: Settings) -> None:
    events = journal.read(written)
    assert [event.seq for event in events] == [1, 2, 3]
    assert _outcomes(written) == ["one", "two", "three"]
    assert events[0].facts["detail"] == "æøå “quoted”\nsecond line"
    assert len(_lines(written)) == 3


def _a_byte(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"two"', b'"twp"'), lines[2]]


def _a_blank(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'{"seq":', b'{"seq": '), lines[2]]


def _an_escape(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace("æ".encode(), b"\\u00e6"), lines[2]]


def _lost(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2]]


def _turned(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1]]


def _added(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[0], *lines[1:]]


def _no_json(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"null\n", *lines[1:]]


@pytest.mark.parametrize("forge", [_a_byte, _a_blank, _an_escape, _lost, _turned, _added, _no_json])
def test_a_forged_line_is_named(written: Settings, forge: Callable[[list[bytes]], list[bytes]]) -> None:
    journal.path(written).write_bytes(b"".join(forge(_lines(written))))
    with pytest.raises(WarehouseError, match="line 2 is not what was written"):
        journal.read(written)


def test_a_torn_line_is_left_out_and_written_again(written: Settings) -> None:
    """A kill, or a full disk, in the middle of the last line: the outbox still has it."""
    whole = _lines(written)
    journal.path(written).write_bytes(b"".join(whole[:2]) + whole[2][:40])
    assert _outcomes(written) == ["one", "two"]
    with writer(written, "test"):
        pass
    assert _lines(written) == whole


def test_a_first_line_that_was_torn_off_is_written_again(written: Settings) -> None:
    whole = _lines(written)
    journal.path(written).write_bytes(whole[0][:40])
    assert journal.read(written) == []
    with writer(written, "test"):
        pass
    assert _lines(written) == whole


def test_a_last_line_that_is_no_json_is_an_error_to_act_on(written: Settings) -> None:
    with journal.path(written).open("ab") as handle:
        handle.write(b"\x00\xff\n")
    with pytest.raises(WarehouseError, match="journal was changed"), writer(written, "test"):
        pytest.fail("written on")


def test_a_line_longer_than_what_is_read_at_once(settings: Settings) -> None:
    with writer(settings, "test") as connection:
        ledger.record_check(connection, "fvkom", None, "first", "x" * 200_000)
    with writer(settings, "test") as connection:
        ledger.record_check(connection, "fvkom", None, "second")
    assert _outcomes(settings) == ["first", "second"]


def test_a_kill_between_the_commit_and_the_file_loses_nothing(settings: Settings) -> None:
    with writer(settings, "test") as connection:
        ledger.record_check(connection, "fvkom", None, "one")
    pid = os.fork()
    if pid == 0:
        with writer(settings, "test") as connection:
            ledger.record_check(connection, "fvkom", None, "two")
            os._exit(9)
    os.waitpid(pid, 0)
    assert _outcomes(settings) == ["one"]
    with writer(settings, "test"):
        pass
    assert _outcomes(settings) == ["one", "two"]


def test_what_is_rolled_back_leaves_no_trace(settings: Settings) -> None:
    with writer(settings, "test") as connection:
        ledger.record_check(connection, "fvkom", None, "one")
        with pytest.raises(KeyError), transaction(connection):
            ledger.record_check(connection, "fvkom", None, "two")
            ledger.record_check(connection, "fvkom", None, "three")
            raise KeyError
        ledger.record_check(connection, "fvkom", None, "four")
        assert connection.execute("select outcome from meta.checks").fetchall() == [("one",), ("four",)]
    assert _outcomes(settings) == ["one", "four"]


def test_the_first_error_is_the_one_to_hear(written: Settings) -> None:
    """A flush that fails too, and a transaction that DuckDB has given up, do not cover it."""
    with pytest.raises(KeyError, match="the cause"), writer(written, "test") as connection, transaction(connection):
        connection.execute("rollback")
        journal.path(written).write_bytes(b"null\n")
        raise KeyError("the cause")


def test_a_build_database_older_than_the_journal_is_refused(written: Settings) -> None:
    older = written.database.read_bytes()
    with writer(written, "test") as connection:
        ledger.record_check(connection, "fvkom", None, "four")
    written.database.write_bytes(older)
    with pytest.raises(WarehouseError, match=r"tells of 4 events, the build database of 3\b"), writer(written, "test"):
        pytest.fail("written on")
    assert _outcomes(written) == ["one", "two", "three", "four"]


def test_a_build_database_with_another_history_is_refused(written: Settings) -> None:
    with open_database(written.database) as connection:
        connection.execute("delete from meta.journal where seq = 3")
        ledger.record_check(connection, "fvkom", None, "another three")
        ledger.record_check(connection, "fvkom", None, "four")
    with pytest.raises(WarehouseError, match="another event 3"), writer(written, "test"):
        pytest.fail("written on")


def test_a_lost_build_database_is_not_replaced_by_an_empty_one(written: Settings) -> None:
    """An empty one in its place would keep `warehouse run` from putting the lost one back."""
    written.database.unlink()
    with pytest.raises(WarehouseError, match="warehouse rebuild"), writer(written, "test"):
        pytest.fail("written on")
    assert not written.database.exists()


def test_what_a_lost_database_left_behind_is_not_played_into_the_one_put_back(written: Settings) -> None:
    """DuckDB plays any write-ahead log of the right name, also that of another database."""
    from warehouse import rebuild

    work = written.at(written.root / "work")
    work.root.mkdir()
    with open_database(work.database) as connection:
        ledger.record_check(connection, "fvkom", None, "put back")
    pid = os.fork()
    if pid == 0:
        connection = duckdb.connect(str(written.database))
        connection.execute("insert into meta.checks (outcome) values ('left behind')")
        os._exit(9)
    os.waitpid(pid, 0)
    assert written.database.with_name("warehouse.duckdb.wal").exists()
    written.database.unlink()
    rebuild._put_back(work, written)
    with open_database(written.database) as connection:
        assert connection.execute("select outcome from meta.checks").fetchall() == [("put back",)]


def test_a_file_that_is_no_database_is_an_error_to_act_on(settings: Settings) -> None:
    settings.database.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseError, match="cannot be opened"), writer(settings, "test"):
        pytest.fail("opened")


def test_a_transaction_of_a_closed_connection_is_forgotten(tmp_path: Path) -> None:
    """Connections are told apart by their address, which the next one may have."""
    for _ in range(20):
        with open_database(tmp_path / "x.duckdb") as connection:
            with pytest.raises(KeyError), transaction(connection):
                connection.execute("create table t (x integer)")
                raise KeyError
            assert not connection.execute("select 1 from duckdb_tables() where table_name = 't'").fetchall()


def test_the_line_is_the_form_that_the_hash_is_of(written: Settings) -> None:
    """Anybody can check the chain: the hash is of the line without its last member."""
    import hashlib

    previous = "0" * 64
    for raw in _lines(written):
        document = json.loads(raw)
        stated = document.pop("sha256")
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        assert document["previous"] == previous
        assert hashlib.sha256(body).hexdigest() == stated
        previous = stated
