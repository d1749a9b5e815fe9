"""The journal: every event of the ledger, one JSON line each, chained by hash, kept with the landing.

``landing/.journal/journal.jsonl`` is what makes the landing enough: with the landed bytes, the seeds and the code it
gives the whole warehouse again. An event is written into the outbox ``meta.journal`` in the transaction of the change
that it tells of, and appended to the file when the writer opens and closes: a kill in between loses nothing. Each line
carries the hash of the line before it and its own, so that a changed byte, a lost or an added line is found.
What the events mean is ``warehouse.ledger``'s.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import WarehouseError
from warehouse.landing import make_durable, sync
from warehouse.settings import Settings

DDL = "create table if not exists meta.journal (seq bigint, line varchar);"
FIRST = "0" * 64
_TAIL = 1 << 16


@dataclass(frozen=True)
class Event:
    """One thing that happened: its number, when (UTC), what kind, to what (a load, a dataset, a release), and facts."""

    seq: int
    at: str
    kind: str
    subject: str
    facts: Mapping[str, Any]
    line: str


def state_of(events: Iterable[Event], stated: Mapping[str, Any]) -> tuple[list[Event], list[Event]]:
    """The events that a release was made of, and the others.

    ``stated`` is its manifest (or its own event): the marts were built of everything up to ``journal_seq``, and hold
    the verdicts that had fallen by ``judged_seq``; what happened beside the build is in neither.
    """
    built = int(stated["journal_seq"])
    judged = int(stated.get("judged_seq") or built)
    made_of: list[Event] = []
    others: list[Event] = []
    for event in events:
        belongs = event.seq <= built or (event.kind == "validated" and event.seq <= judged)
        (made_of if belongs else others).append(event)
    return made_of, others


def folder(settings: Settings) -> Path:
    """Where the journal and what belongs to it lie."""
    return settings.landing / ".journal"


def path(settings: Settings) -> Path:
    """The journal's file."""
    return folder(settings) / "journal.jsonl"


def verdict_path(settings: Settings, subject: str) -> Path:
    """Where Great Expectations' result on a load or a mart build is kept."""
    return folder(settings) / "verdicts" / f"{subject}.json"


def revisions_path(settings: Settings, release_id: str) -> Path:
    """Where the revisions of published gaps that came with a release are kept."""
    return folder(settings) / "revisions" / f"{release_id}.parquet"


def note(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    subject: str,
    facts: Mapping[str, Any],
    at: datetime | None = None,
) -> dict[str, Any]:
    """Put an event into the outbox; gives its facts as every later reader will see them (JSON).

    ``at`` is UTC without a zone: now, unless the event is written down later than it happened.
    """
    last = connection.execute("select seq, line from meta.journal order by seq desc limit 1").fetchone()
    seq, previous = (int(last[0]) + 1, str(json.loads(last[1])["sha256"])) if last else (1, FIRST)
    now = (at or datetime.now(UTC).replace(tzinfo=None)).isoformat()
    plain = {name: _plain(value) for name, value in facts.items()}
    event = {"seq": seq, "at": now, "kind": kind, "subject": subject, "facts": plain, "previous": previous}
    event["sha256"] = _digest(event)
    connection.execute("insert into meta.journal values (?, ?)", [seq, _dump(event)])
    return plain


def last_seq(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest event; 0 before the first."""
    row = connection.execute("select coalesce(max(seq), 0) from meta.journal").fetchone()
    return int(row[0]) if row else 0


def of_kinds(connection: duckdb.DuckDBPyConnection, *kinds: str) -> list[Event]:
    """The events of some kinds that the build database knows, oldest first."""
    rows = connection.execute(
        "select line from meta.journal where list_contains(?, line ->> '$.kind') order by seq", [list(kinds)]
    ).fetchall()
    return [_event(json.loads(line), line) for (line,) in rows]


def flush(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Append to the file what the outbox has and the file has not. The caller is the one writer.

    Raises:
        WarehouseError: the file knows more than the build database: that was lost, or put back from an older copy.
    """
    file = path(settings)
    known, last = last_seq(connection), _last_in(file)
    written = last.seq if last else 0
    if written > known or (last and not _same_line(connection, last)):
        raise WarehouseError(
            f"The journal in the landing tells of {written} events, the build database of {known}"
            + ("" if written > known else f", and of another event {written}"),
            {"journal": f"landing/.journal/{file.name}"},
            "the build database was lost or is an older copy: move it away and run `warehouse rebuild`",
        )
    rows = connection.execute("select line from meta.journal where seq > ? order by seq", [written]).fetchall()
    if rows or (file.is_file() and is_torn(file)):
        append(file, (line for (line,) in rows))


def append(file: Path, lines: Iterable[str]) -> None:
    """Append whole lines to a journal, durably; a line that a kill has torn off is cut away first."""
    make_durable(file.parent, file.parents[2])
    is_new = not file.exists()
    with file.open("ab") as handle:
        handle.truncate(_whole_bytes(file))
        for line in lines:
            handle.write(line.encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
    if is_new:
        sync(file.parent)


def exists(settings: Settings) -> bool:
    """Whether anything has ever been written down."""
    file = path(settings)
    return file.is_file() and file.stat().st_size > 0


def refuse_empty(settings: Settings) -> None:
    """Stop before an empty build database is made where the landing's journal tells of one that was lost.

    Raises:
        WarehouseError: there is a journal.
    """
    if exists(settings):
        raise WarehouseError(
            "The build database is gone; the journal in the landing tells what it held",
            {"file": settings.database.name},
            "run `warehouse rebuild`, or `warehouse run`: both put it back from the landing",
        )


def is_torn(file: Path) -> bool:
    """Whether the last line has no end."""
    return _whole_bytes(file) < file.stat().st_size


def known_to_database(settings: Settings) -> int:
    """How many events the build database knows; 0 where it is not there, or somebody is writing in it."""
    from warehouse import lake

    try:
        opened = lake.attached(settings) if settings.lake else duckdb.connect(str(settings.database), read_only=True)
        with opened as connection:
            return last_seq(connection)
    except duckdb.Error:
        return 0


def read(settings: Settings) -> list[Event]:
    """Every event, oldest first, each line held against its hash and the line before it.

    Raises:
        WarehouseError: naming the first line that is not what was written.
    """
    return list(_events(path(settings)))


def _events(file: Path) -> Iterator[Event]:
    if not file.is_file():
        return
    previous = FIRST
    with file.open("rb") as handle:
        for number, raw in enumerate(handle, 1):
            if not raw.endswith(b"\n"):
                return  # torn off by a kill: the outbox still has it
            event = _parsed(raw, number, previous, file)
            previous = str(json.loads(event.line)["sha256"])
            yield event


def _parsed(raw: bytes, number: int, previous: str, file: Path) -> Event:
    try:
        line = raw.decode().removesuffix("\n")
        document = json.loads(line)
        stated = document.pop("sha256")
        good = stated == _digest(document) and document["previous"] == previous and document["seq"] == number
        # A byte that JSON does not look at (a blank, an escape) is a change too.
        good = good and line == _dump({**document, "sha256": stated})
        if good:
            return _event(document, line)
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    raise _changed(file, number)


def _changed(file: Path, number: int | str) -> WarehouseError:
    return WarehouseError(
        f"The journal was changed: line {number} is not what was written",
        {"file": f"landing/.journal/{file.name}", "line": number},
        "put the file back from a backup; the build database and the releases are untouched",
    )


def _event(document: Mapping[str, Any], line: str) -> Event:
    return Event(document["seq"], document["at"], document["kind"], document["subject"], document["facts"], line)


def _digest(event: Mapping[str, Any]) -> str:
    return hashlib.sha256(_dump(event).encode()).hexdigest()


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _whole_bytes(file: Path) -> int:
    """How many bytes of the file are whole lines."""
    size = file.stat().st_size
    with file.open("rb") as handle:
        end = size
        while end > 0:
            start = max(0, end - _TAIL)
            handle.seek(start)
            cut = handle.read(end - start).rfind(b"\n")
            if cut >= 0:
                return start + cut + 1
            end = start
    return 0


def _last_in(file: Path) -> Event | None:
    """The last whole line of the file, without going through all of it."""
    if not file.is_file():
        return None
    end = _whole_bytes(file)
    if end == 0:
        return None
    with file.open("rb") as handle:
        start, found = end - 1, b""
        while start > 0 and b"\n" not in found:
            start = max(0, start - _TAIL)
            handle.seek(start)
            found = handle.read(end - 1 - start)
    try:
        line = found.rsplit(b"\n", 1)[-1].decode()
        return _event(json.loads(line), line)
    except (ValueError, KeyError, TypeError):
        raise _changed(file, "the last") from None


def _same_line(connection: duckdb.DuckDBPyConnection, event: Event) -> bool:
    row = connection.execute("select line from meta.journal where seq = ?", [event.seq]).fetchone()
    return bool(row and row[0] == event.line)
