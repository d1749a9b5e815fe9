"""The Data Docs: one page per load and per mart build, an index of all, nothing small or personal, and no clock."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import duckdb
import pytest
from expectation_scratch import Candidate, enter, folk1e, ras200, ras201
from test_inbox_guards import danish_courses, interviews, turnout

from expectations import docs
from expectations.checks import BLOCKING, Check, check_sql
from expectations.engine import evaluate
from expectations.masking import Mask
from expectations.run import Verdict, validate
from warehouse.errors import LoadRejected
from warehouse.ledger import REJECTED, Validation, record_validations, set_status, utc_now
from warehouse.records import record_of
from warehouse.settings import Settings

BUILD = "20260201T000000Z_marts_aaaaaa"
REFUSED = LoadRejected(
    "The file a.csv is refused: a wrong value; it must be a whole number, got '3,0'",
    {"dataset": "danish_tests", "file": "a.csv", "line": 7},
    "correct the file",
)


def _judge_two(connection: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[str, str]:
    bad = ras201()
    bad.rows_received = 1
    accepted = validate(enter(connection, settings, folk1e()), settings, connection)
    rejected = validate(enter(connection, settings, bad), settings, connection)
    return accepted.load_id, rejected.load_id


def _judge(connection: duckdb.DuckDBPyConnection, settings: Settings, load: Candidate) -> Verdict:
    return validate(enter(connection, settings, load), settings, connection)


def _refuse(connection: duckdb.DuckDBPyConnection, settings: Settings, error: LoadRejected) -> str:
    """A load that was refused before any expectation: the ledger has its reason, and no verdicts."""
    load_id = enter(connection, settings, danish_courses("20260301T000000Z_{}_cccccc"))
    set_status(connection, load_id, REJECTED, reason=error.block())
    docs.write_index(settings, connection)
    return load_id


def _judge_marts(connection: duckdb.DuckDBPyConnection, settings: Settings, persons: int) -> Path:
    """A build of one mart in which a key offends that carries a count."""
    connection.execute(f"create schema marts; create table marts.gaps as select '151' as code, {persons} as persons")
    query = check_sql("select json_object('municipality_code', code, 'persons', persons) as key from $batch")
    check = Check("target_above_total", "marts.gaps", BLOCKING, "no group is larger than all", query)
    found, result = evaluate(connection, BUILD, [check])
    found = Mask.of(settings).apply(found, result)
    rows = [
        Validation("marts.gaps", f.check.name, f.check.severity, f.success, f.observed, f.unexpected_count, f.keys)
        for f in found
    ]
    record_validations(connection, BUILD, rows)
    page = docs.write_build_page(settings, BUILD, result, "failed: target_above_total")
    docs.write_index(settings, connection)
    return page


def _row(settings: Settings, load_id: str) -> str:
    index = (settings.validation / "index.html").read_text()
    return next(line for line in index.splitlines() if f"{load_id}.html" in line and "<tr" in line)


def _site(settings: Settings) -> dict[str, bytes]:
    return {
        str(path.relative_to(settings.validation)): path.read_bytes()
        for path in settings.validation.rglob("*")
        if path.is_file()
    }


def test_a_page_holds_the_verdict(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    accepted, rejected = _judge_two(connection, settings)
    good = docs.page_path(settings, accepted).read_text()
    bad = docs.page_path(settings, rejected).read_text()
    assert "Verdict: accepted" in good
    assert "Not met" not in good
    assert "Verdict: rejected" in bad
    assert "Failed: rows_received_equal_rows_loaded" in bad
    not_met = bad[bad.index("<h3>Not met") : bad.index("<h3>Met")]
    assert "<wbr>".join(("rows_", "received_", "equal_", "rows_", "loaded")) in not_met
    assert "keys_<wbr>unique" not in not_met
    for name in ("keys_<wbr>unique", "codes_<wbr>known", "columns_<wbr>as_<wbr>asked", "value_<wbr>present"):
        assert name in good
    assert "Great Expectations Version" in good


def test_a_page_shows_what_was_received(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load_id = enter(connection, settings, folk1e())
    facts = {
        "url": "https://api.statbank.dk/v1/data",
        "request": '{"table": "FOLK1E"}',
        "sha256": "c0ffee" * 10,
        "licence": "a licence",
        "source_updated_at": "2026-01-31 08:00:00",
    }
    set_status(connection, load_id, "loaded", **facts)
    page = validate(load_id, settings, connection).docs.read_text()
    for shown in (facts["url"], "&quot;FOLK1E&quot;", facts["sha256"], facts["licence"], "2026-01-31 08:00:00"):
        assert shown in page


def test_a_failed_check_is_rendered_without_complaint(
    connection: duckdb.DuckDBPyConnection, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    _judge_two(connection, settings)
    assert "Traceback" not in caplog.text


def test_index_lists_accepted_and_rejected(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    accepted, rejected = _judge_two(connection, settings)
    assert "Accepted" in _row(settings, accepted)
    row = _row(settings, rejected)
    assert "Rejected" in row
    assert "blocking: rows_<wbr>received_<wbr>equal_<wbr>rows_<wbr>loaded" in row
    assert record_of("ras201").title_da in row
    assert record_of("ras201").title_en in row
    index = (settings.validation / "index.html").read_text()
    assert index.index(rejected) < index.index(accepted)
    assert re.search(r"<strong>1</strong> loads rejected<br>The newest: <a href=\"loads/" + rejected, index)


def test_a_load_that_was_held_back_names_the_other(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    held = enter(connection, settings, ras200())
    validate(held, settings, connection)
    assert "Verdict: accepted" in docs.page_path(settings, held).read_text()
    bad = ras201()
    bad.rows_received = 1
    rejected = _judge(connection, settings, bad).load_id
    page = docs.page_path(settings, held).read_text()
    assert "Verdict: rejected" in page
    assert f'<a href="{rejected}.html">' in page
    assert "held back with its family" in _row(settings, held)


def test_a_load_that_was_refused_before_it_was_judged_has_a_page(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    load_id = _refuse(connection, settings, REFUSED)
    page = docs.page_path(settings, load_id).read_text()
    assert "Verdict: rejected" in page
    for shown in ("The file a.csv is refused", "dataset danish_tests, file a.csv, line 7", "correct the file"):
        assert shown in page
    assert f"landing/inbox/danish_tests/{load_id}" in page
    assert "The file a.csv is refused" in _row(settings, load_id)


def test_a_mart_build_has_a_page_and_a_row(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    page = _judge_marts(connection, settings, 4321)
    assert page == settings.validation / "marts" / f"{BUILD}.html"
    assert "Failed: target_above_total" in page.read_text()
    assert "persons 4321" in page.read_text()
    row = _row(settings, BUILD)
    assert "Rejected" in row
    assert "The marts before they are published" in row
    assert "blocking: target_<wbr>above_<wbr>total" in row


def test_everything_is_written_again_to_the_byte(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    _judge_two(connection, settings)
    _judge(connection, settings, ras200())
    _refuse(connection, settings, REFUSED)
    _judge_marts(connection, settings, 4321)
    before = _site(settings)
    assert len(before) == 1 + 5 + 4
    for path in settings.validation.rglob("*"):
        path.is_file() and path.unlink()  # type: ignore[func-returns-value]
    docs.render_all(settings, connection)
    after = _site(settings)
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] != after[name]] == []


def test_the_index_alone_brings_back_pages_that_are_gone(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    accepted, _ = _judge_two(connection, settings)
    before = _site(settings)
    docs.page_path(settings, accepted).unlink()
    docs.write_index(settings, connection)
    assert _site(settings) == before


def test_pages_ask_nothing_of_the_network(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    _judge_two(connection, settings)
    pages = sorted(settings.validation.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        text = page.read_text()
        assert not re.search(r"<(?:link|img|iframe|base)\b|\bsrc=|@import|@font-face|url\(", text)
        assert not re.search(r"href=\"(?![\w./-]+\.(?:html|json)\")", text)
        assert "default-src 'none'" in text
        assert "<script" not in text or page.name == "index.html"


def test_the_result_of_gx_is_kept_in_the_landing_and_beside_the_page(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    accepted, rejected = _judge_two(connection, settings)
    for load_id, success in ((accepted, True), (rejected, False)):
        kept = settings.landing / ".journal" / "verdicts" / f"{load_id}.json"
        result = json.loads(kept.read_text())
        assert result["success"] is success
        assert result["statistics"]["evaluated_expectations"] == len(result["results"])
        assert (settings.validation / "results" / f"{load_id}.json").read_bytes() == kept.read_bytes()


def _interviews(answers: int) -> Candidate:
    """Interviews of which some answers are out of range; each is one person's."""
    load = interviews()
    for row in load.rows[:answers]:
        row["score"] = 9
    return load


def test_how_many_persons_offend_is_not_told(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    told = []
    for answers, load_id in ((1, "20260201T000000Z_{}_aaaaaa"), (2, "20260202T000000Z_{}_bbbbbb")):
        load = _interviews(answers)
        load.load_id = load_id.format(load.dataset)
        for row in load.rows:  # all of one question, so that only the number of persons could tell them apart
            row["item_id"] = "q1"
        verdict = _judge(connection, settings, load)
        found = next(item for item in verdict.validations if item.expectation == "score_in_range")
        assert not found.success
        told.append((found.observed, found.unexpected_count, found.sample_keys))
    assert told[0] == told[1]


def test_no_small_cell_of_own_data_is_shown(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Of interviews even rows in all are persons: three of them are ``<5``, in the ledger, the result and the page."""
    load = interviews()
    del load.rows[3:]
    load.rows_received = 2
    verdict = _judge(connection, settings, load)
    found = next(item for item in verdict.validations if item.expectation == "rows_received_equal_rows_loaded")
    assert found.observed == "<5 rows"
    key = {"rows_received": "<5", "rows_loaded": "<5", "rows_in_table": "<5"}
    assert [json.loads(k) for k in found.sample_keys] == [key]
    kept = json.loads(docs.verdict_path(settings, verdict.load_id).read_text())
    results = {item["expectation_config"]["meta"]["check"]: item for item in kept["results"]}
    item = results["rows_received_equal_rows_loaded"]
    assert item["result"]["observed_value"] == "<5 rows"
    assert [json.loads(k) for k in item["result"]["keys"]] == [key]
    queries = [i["expectation_config"]["kwargs"].get("unexpected_rows_query", "") for i in kept["results"]]
    assert not any("select" in query for query in queries)
    assert "rows_received &lt;5" in verdict.docs.read_text()


def test_no_file_of_the_site_holds_a_small_number(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Below a threshold of 1000, 777 persons are few: no page, no result and no row of the verdicts has them."""
    wide = settings.model_copy(update={"small_cell": 1000})
    load, counts = interviews(), turnout()
    load.rows_received = 777
    counts.rows[0].update(eligible_voters=777, votes_cast=778)
    poisoned = folk1e()
    poisoned.add(777, OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="24", TID="2020K1")
    for candidate in (load, counts, poisoned):
        assert not _judge(connection, wide, candidate).success
    _judge_marts(connection, wide, 777)
    kept = [path.read_text() for path in docs.verdict_path(wide, BUILD).parent.iterdir()]
    told = [*(body.decode() for body in _site(wide).values()), *kept]
    told.append(str(connection.execute("from meta.validations").fetchall()))
    assert len(told) == 1 + 4 + 4 + 4 + 1
    assert any("&lt;1000" in page for page in told)
    assert [text for text in told if re.search(r"(?<![0-9])77[78](?![0-9])", text)] == []


def test_no_wrong_cell_of_an_own_file_is_quoted(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load_id = _refuse(connection, settings, REFUSED)
    shown = docs.page_path(settings, load_id).read_text() + (settings.validation / "index.html").read_text()
    assert "3,0" not in shown
    assert "got a value that is not shown" in shown


def test_no_small_number_of_a_mart_is_shown(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    page = _judge_marts(connection, settings, 3).read_text()
    assert "municipality_code 151, persons &lt;5" in page
    kept = json.loads(docs.verdict_path(settings, BUILD).read_text())
    assert [json.loads(key) for key in kept["results"][0]["result"]["keys"]] == [
        {"municipality_code": "151", "persons": "<5"}
    ]
    ((keys,),) = connection.execute("select sample_keys from meta.validations where load_id = ?", [BUILD]).fetchall()
    assert "<5" in keys


@pytest.mark.parametrize(
    ("dataset", "key", "shown"),
    [
        ("danish_tests", {"year": "2024", "course_takers": 4}, {"year": "2024", "course_takers": "<5"}),
        ("danish_tests", {"year": "2024", "course_takers": 5}, {"year": "2024", "course_takers": 5}),
        ("danish_tests", {"year": "2024", "course_takers": 0}, {"year": "2024", "course_takers": 0}),
        ("danish_tests", {"source": "010190-1234 a"}, {"source": "(withheld: it looks like a CPR number) a"}),
        ("interviews", {"wave_id": "1", "respondent_id": "A7", "score": 5}, {"wave_id": "1"}),
        ("ras201", {"KØN": "1", "difference": "-3.0"}, {"KØN": "1", "difference": "<5"}),
        ("ras201", {"variable": "KØN", "code": "1"}, {"variable": "KØN", "code": "1"}),
    ],
)
def test_what_of_a_key_is_shown(
    dataset: str, key: dict[str, object], shown: dict[str, object], settings: Settings
) -> None:
    mask = Mask.of(settings, record_of(dataset))
    once = mask.key(json.dumps(key))
    assert json.loads(once) == shown
    assert mask.key(once) == once


def test_a_page_has_no_time_of_its_writing(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load_id = _judge(connection, settings, folk1e()).load_id
    set_status(connection, load_id, "validated", validated_at=utc_now().replace(year=2001))
    docs.render_all(settings, connection)
    page = docs.page_path(settings, load_id).read_text()
    assert "Judged 2001-" in page


def test_telemetry_is_off(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    from expectations.gx_duckdb import context

    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert context().variables.analytics_enabled is False
