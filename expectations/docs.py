"""The Data Docs: a static site under ``<home>/validation``, readable from the file system with no server.

GX's result of a suite is kept in the landing (``.journal/verdicts/<id>.json``), masked, as it was given; a page
(``loads/<load_id>.html``, ``marts/<build_id>.html``) is a function of that result and of the ledger, and so is the
index. No clock is read: :func:`render_all` writes the same bytes again. ``docs_facts`` reads the ledger, ``docs_gx``
has GX render its result, ``docs_pages`` and ``docs_index`` lay it out, ``masking`` says what may be shown.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations import docs_gx, docs_index, docs_pages
from expectations.docs_facts import LOADS, MARTS, Entry, build_entry, read_builds, read_loads
from expectations.masking import Mask
from warehouse import journal
from warehouse.db import writer
from warehouse.ledger import record_kept
from warehouse.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

_STAMP = re.compile(r"(\d{8}T\d{6})Z_")


def write_page(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    load_id: str,
    result: ExpectationSuiteValidationResult,
) -> Path:
    """Keep GX's result of a load and write the load's page, which is returned.

    ``result`` is masked already (``Mask.apply``); the ledger holds the verdict.
    """
    entry = read_loads(connection, settings, [load_id])[0]
    _keep(settings, load_id, entry.dataset, result)
    _write_entry(settings, entry)
    return page_path(settings, load_id)


def write_build_page(settings: Settings, build_id: str, result: ExpectationSuiteValidationResult, reason: str) -> Path:
    """Keep GX's result of a mart build and write its page, which is returned. Call :func:`write_index` afterwards.

    ``reason`` says why the build may not be published, and is empty when it may.
    """
    Mask.of(settings).result(result)
    result.meta["reason"] = reason
    _keep(settings, build_id, "marts", result)
    _write_build(settings, build_id)
    return page_path(settings, build_id, MARTS)


def page_path(settings: Settings, load_id: str, kind: str = LOADS) -> Path:
    """Where the page of a load or a mart build is."""
    return settings.validation / kind / f"{load_id}.html"


def verdict_path(settings: Settings, load_id: str) -> Path:
    """Where GX's result of a load or a mart build is kept."""
    return journal.verdict_path(settings, load_id)


def note_kept(settings: Settings, connection: duckdb.DuckDBPyConnection, load_id: str) -> None:
    """Write the hash of a kept result into the journal, so that a changed byte is found."""
    path = verdict_path(settings, load_id)
    record_kept(connection, load_id, {f"verdicts/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()})


def restate(settings: Settings, connection: duckdb.DuckDBPyConnection, load_id: str) -> None:
    """Write the page of a load again: its verdict changed after it was judged (it was held back)."""
    for entry in read_loads(connection, settings, [load_id]):
        _write_entry(settings, entry)


def write_index(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Path:
    """Write the index, and the pages of loads without a result of GX, so that every row of it has its page."""
    loads, builds = read_loads(connection, settings), read_builds(connection)
    for entry in (*loads, *builds):
        if not (verdict_path(settings, entry.id).exists() and page_path(settings, entry.id, entry.kind).exists()):
            _write_any(settings, entry)
    results = frozenset(path.stem for path in verdict_path(settings, "any").parent.glob("*.json"))
    path = settings.validation / "index.html"
    _write(path, docs_index.render(loads, builds, results))
    return path


def refresh(settings: Settings) -> Path:
    """Write the index with a writer of its own: for a load that was refused before it could be judged.

    Raises:
        BusyError: when another process is writing.
    """
    with writer(settings, "write the validation reports") as connection:
        return write_index(settings, connection)


def render_all(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Path:
    """Write every page and the index again, from the kept results and the ledger; the index is returned."""
    for entry in (*read_loads(connection, settings), *read_builds(connection)):
        _write_any(settings, entry)
    return write_index(settings, connection)


def _keep(settings: Settings, load_id: str, name: str, result: ExpectationSuiteValidationResult) -> None:
    """Keep GX's result in the landing, whole or not at all."""
    result.meta["run_id"] = {"run_name": load_id, "run_time": _run_time(load_id)}
    result.meta["batch_spec"] = {"data_asset_name": name, "load_id": load_id}
    text = json.dumps(result.to_json_dict(), ensure_ascii=False, indent=1) + "\n"
    _write(verdict_path(settings, load_id), text)


def _write_any(settings: Settings, entry: Entry) -> None:
    if entry.kind == MARTS and verdict_path(settings, entry.id).exists():
        _write_build(settings, entry.id)
    else:
        _write_entry(settings, entry)


def _write_entry(settings: Settings, entry: Entry) -> None:
    kept = _publish_result(settings, entry.id)
    document = docs_gx.render(kept) if kept is not None else None
    _write(page_path(settings, entry.id, entry.kind), docs_pages.render(entry, document, kept is not None))


def _write_build(settings: Settings, build_id: str) -> None:
    """The page of a mart build out of its kept result alone: it has no row in ``meta.loads``."""
    kept = _publish_result(settings, build_id)
    assert kept is not None
    document = docs_gx.render(kept)
    entry = build_entry(build_id, document.rows, json.loads(kept)["meta"].get("reason", ""))
    _write(page_path(settings, build_id, MARTS), docs_pages.render(entry, document, True))


def _publish_result(settings: Settings, load_id: str) -> str | None:
    """Copy a kept result to where the pages link to it; its text, or None when there is none."""
    path = verdict_path(settings, load_id)
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    _write(settings.validation / "results" / path.name, text)
    return text


def _run_time(load_id: str) -> str:
    stamp = _STAMP.match(load_id)
    moment = stamp[1] if stamp else "19700101T000000"
    return datetime.strptime(f"{moment}+0000", "%Y%m%dT%H%M%S%z").isoformat()


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; the same text again leaves it as it is."""
    body = text.encode()
    if path.exists() and path.read_bytes() == body:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as handle:
        handle.write(body)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)
