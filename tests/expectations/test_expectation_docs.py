"""The Data Docs: one page per load, an index with accepted and rejected ones, and no call to anybody."""

from __future__ import annotations

import json
import os
import re

import duckdb
import pytest
from expectation_scratch import enter, folk1e, ras201

from expectations.docs import offline
from expectations.run import validate
from warehouse.settings import Settings


def _judge_two(connection: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[str, str]:
    bad = ras201()
    bad.rows_received = 1
    accepted = validate(enter(connection, settings, folk1e()), settings, connection)
    rejected = validate(enter(connection, settings, bad), settings, connection)
    return accepted.load_id, rejected.load_id


def test_pages_hold_the_verdict(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    accepted, rejected = _judge_two(connection, settings)
    good = (settings.validation / "loads" / f"{accepted}.html").read_text()
    bad = (settings.validation / "loads" / f"{rejected}.html").read_text()
    assert "Verdict: accepted" in good
    assert "Verdict: rejected: failed: rows_received_equal_rows_loaded" in bad
    for name in ("keys_unique", "codes_known", "columns_as_asked", "value_present"):
        assert f"folk1e.{name}" in good
    assert "Great Expectations Version" in good


def test_a_failed_check_is_rendered_without_complaint(
    connection: duckdb.DuckDBPyConnection, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    _judge_two(connection, settings)
    assert "Traceback" not in caplog.text


def test_index_lists_accepted_and_rejected(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    accepted, rejected = _judge_two(connection, settings)
    index = (settings.validation / "index.html").read_text()
    for load_id, verdict in ((accepted, "accepted"), (rejected, "rejected")):
        row = next(line for line in index.splitlines() if f"loads/{load_id}.html" in line)
        assert f">{verdict}<" in row
    links = re.findall(r'href="([^"]+)"', index)
    assert links
    assert all((settings.validation / link).is_file() for link in links)


def test_pages_ask_nothing_of_the_network(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    _judge_two(connection, settings)
    pages = [settings.validation / "index.html", *(settings.validation / "loads").iterdir()]
    assert len(pages) == 3
    for page in pages:
        text = page.read_text()
        assert "http:" not in text
        assert "https:" not in text
        assert "<script" not in text
        assert "@import" not in text


def test_links_of_a_page_lead_somewhere(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    _judge_two(connection, settings)
    for page in (settings.validation / "loads").iterdir():
        for link in re.findall(r'href="([^"#]+)"', page.read_text()):
            assert (page.parent / link).resolve().is_file(), link


def test_the_result_of_gx_is_kept_beside_the_page(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    accepted, rejected = _judge_two(connection, settings)
    for load_id, success in ((accepted, True), (rejected, False)):
        result = json.loads((settings.validation / "results" / f"{load_id}.json").read_text())
        assert result["success"] is success
        assert result["statistics"]["evaluated_expectations"] == len(result["results"])


def test_telemetry_is_off(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    from expectations.gx_duckdb import context

    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert context().variables.analytics_enabled is False


def test_offline_takes_remote_parts_out() -> None:
    page = offline(
        '<html><head><link rel="stylesheet" href="https://cdn.example/x.css"><script src="https://cdn.example/x.js">'
        '</script></head><body><img src="https://cdn.example/x.png"><a href="https://example.org/">text</a></body></html>'
    )
    assert "example" not in page
    assert "text" in page
