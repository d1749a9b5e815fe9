"""Promise: the education ministry's API may fail in any way; nothing half or unread gets in, and no token gets out."""

from __future__ import annotations

import base64
import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from ingestion import education, pipeline
from sample_providers import Request
from sample_providers.tokens import TOKEN
from warehouse.errors import LoadRejected, ProviderError, TokenRefused, WarehouseError
from warehouse.settings import Settings

DATASET = "education_grades"
GRADES = "raw.education_grades"
PERIOD, HOME = "[Skoleår].[Skoleår]", "[Bopælskommune].[Bopælskommune]"
GROUP = "[Herkomst].[Herkomstgruppe]"
SHARE, PUPILS = "Andel elever med mindst 2 i dansk og matematik", "Antal elever med prøver i dansk og matematik"


def with_tokens(house: Any, token: str | None = TOKEN) -> Any:
    """The same house, pointed at the sample APIs, with a token."""
    house.settings = Settings(
        home=house.settings.home,
        education_url=house.provider.education_url,
        jobindsats_url=house.provider.jobindsats_url,
        education_token=token,  # type: ignore[arg-type]
        jobindsats_token=token,  # type: ignore[arg-type]
        _env_file=None,  # type: ignore[call-arg]
    )
    return house


@pytest.fixture
def school(house: Any) -> Any:
    return with_tokens(house)


def bytes_of_the_home(home: Path) -> bytes:
    """Everything that the warehouse wrote, unpacked."""
    found = []
    for path in home.rglob("*"):
        if path.is_file():
            found.append(str(path).encode())
            body = path.read_bytes()
            found.append(zstandard.ZstdDecompressor().stream_reader(body).read() if path.suffix == ".zst" else body)
    return b"\n".join(found)


def checks(house: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = house.sql("select outcome, detail from meta.checks order by checked_at")
    return found


def statistics(change: Callable[[Any, Request], Any]) -> Callable[[Request], Any]:
    """A hook that changes the rows of every page."""

    def hook(request: Request) -> bytes | None:
        if not request.path.endswith("/statistik"):
            return None
        rows = json.loads(request.real().whole())
        return json.dumps(change(rows, request), ensure_ascii=False).encode()

    return hook


def test_without_a_token_the_dataset_is_not_delivered(house: Any) -> None:
    with_tokens(house, None)
    assert not pipeline.changed(DATASET, house.settings)
    ((outcome, detail),) = checks(house)
    assert outcome == "not_delivered"
    assert "WAREHOUSE_EDUCATION_TOKEN is not set" in detail
    assert house.sql(f"select count(*) from {GRADES}") == [(0,)]
    assert pipeline.provider_state(DATASET, house.settings) is None
    assert house.provider.requests == []


def test_a_load_shows_published_figures(school: Any) -> None:
    load_id = school.ingest(DATASET)
    shown = school.sql(
        f"select origin, origin_text, municipality_basis, pupils, share_pct, value_status, load_id from {GRADES}"
        " where period = '2023/2024' and municipality_code = '151' order by origin"
    )
    assert [row[:3] for row in shown] == [
        ("danish", "Dansk", "home"),
        ("non_western", "Ikke-vestlig", "home"),
        ("western", "Vestlig", "home"),
    ]
    assert all(row[3] > 0 and 0 < row[4] <= 100 and row[5:] == ("observed", load_id) for row in shown)
    nation = school.sql(f"select max(pupils) from {GRADES} where municipality_code = '000'")[0][0]
    assert nation > 10_000  # "12.345" is twelve thousand, not twelve
    assert not pipeline.changed(DATASET, school.settings)


def test_absent_cells_are_null_with_a_status(school: Any) -> None:
    def drop(rows: Any, request: Request) -> Any:
        return [r for r in rows if (r.get(f"{HOME}.[Bopælskommune]"), r[f"{GROUP}.[Herkomstgruppe]"]) != GONE]

    GONE = ("Ballerup", "Vestlig")
    school.provider.raw_answer = statistics(drop)
    school.ingest(DATASET)
    shown = school.sql(
        f"select distinct pupils, share_pct, passed, value_status from {GRADES}"
        " where municipality_code = '151' and origin = 'western'"
    )
    assert shown == [(None, None, None, "suppressed_or_none")]


def test_changed_figures_are_a_new_load(school: Any) -> None:
    first = school.ingest(DATASET)
    school.provider.raw_answer = statistics(lambda rows, _: [{**row, SHARE: "50,0 %"} for row in rows])
    second = school.ingest(DATASET)
    assert first != second
    assert school.sql(f"select distinct load_id, share_pct from {GRADES}") == [(second, 50.0)]


def test_a_killed_run_takes_up_its_landing_only_for_the_same_figures(school: Any) -> None:
    assert pipeline.changed(DATASET, school.settings)
    first = pipeline.land(DATASET, school.settings)
    assert pipeline.land(DATASET, school.settings) == first
    school.provider.raw_answer = statistics(lambda rows, _: [{**row, SHARE: "50,0 %"} for row in rows])
    assert pipeline.land(DATASET, school.settings) != first


NOT_SPLIT: dict[str, tuple[dict[str, list[str] | None], str]] = {
    "no_origin": ({GROUP: None, "[Herkomst].[Herkomst]": None}, "no Herkomst dimension"),
    "foreign": ({GROUP: ["Dansk", "Udenlandsk", "<uoplyst>"]}, "only as Danish / foreign"),
    "ancestry": ({GROUP: None}, "only as Danish / foreign"),
}


@pytest.mark.parametrize("name", NOT_SPLIT)
def test_a_cube_without_the_target_group_is_not_delivered(school: Any, name: str) -> None:
    changes, said = NOT_SPLIT[name]
    for detail, members in changes.items():
        if members is None:
            del school.provider.education.details[detail]
        else:
            school.provider.education.details[detail] = members
    assert not pipeline.changed(DATASET, school.settings)
    ((outcome, detail),) = checks(school)
    assert outcome == "not_delivered"
    assert said in detail
    assert not any(path.endswith("statistik") for _, path, _, _ in school.provider.requests)


def test_a_renamed_measure_rejects_and_keeps_what_was_there(school: Any) -> None:
    first = school.ingest(DATASET)
    school.provider.education.measures[0] = SHARE + " (pct.)"
    with pytest.raises(LoadRejected, match="nearest: ") as caught:
        pipeline.changed(DATASET, school.settings, ("dag", "run"))
    assert SHARE + " (pct.)" in caught.value.block()
    assert school.sql(f"select distinct load_id from {GRADES}") == [(first,)]
    ((status, url),) = school.sql("select status, url from meta.loads where promoted_at is null")
    assert (status, url) == ("rejected", school.provider.education_url)


def test_a_refused_token_says_where_to_get_a_new_one(school: Any) -> None:
    with_tokens(school, "wrong-token")
    with pytest.raises(TokenRefused, match="GetStarted") as caught:
        pipeline.changed(DATASET, school.settings)
    assert "HTTP 401" in caught.value.block()
    assert "WAREHOUSE_EDUCATION_TOKEN" in caught.value.block()
    assert "wrong-token" not in caught.value.block()
    assert checks(school)[0][0] == "failed"
    assert school.slept == []
    assert len(school.provider.requests) == 1


def test_an_expired_token_makes_no_request(school: Any) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() - 86400}).encode()).decode().rstrip("=")
    with_tokens(school, f"head.{claims}.sign")
    with pytest.raises(TokenRefused, match=r"expired on \d{4}-\d\d-\d\d"):
        pipeline.changed(DATASET, school.settings)
    assert school.provider.requests == []


def test_pages_are_followed_to_the_end(school: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    school.ingest(DATASET)
    whole = school.sql(f"select * exclude (load_id) from {GRADES} order by all")
    school.sql("delete from meta.period_owner")
    school.sql("delete from meta.loads")
    monkeypatch.setattr(education, "PAGE_ROWS", 50)
    load_id = school.ingest(DATASET)
    assert school.sql(f"select * exclude (load_id) from {GRADES} order by all") == whole
    landed = list(school.settings.landing.glob(f"education/{DATASET}/{load_id}/municipality_*.zst"))
    assert len(landed) > 2


@pytest.mark.parametrize("rows", [50, 10_000])
def test_the_first_page_may_be_page_0(school: Any, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(education, "PAGE_ROWS", rows)
    school.provider.education.first_page = 0
    school.ingest(DATASET)
    assert school.sql(f"select count(*) from {GRADES} where value_status = 'observed'") == [(315,)]


def test_a_refused_page_0_is_no_failure(school: Any) -> None:
    def hook(request: Request) -> Any:
        if request.path.endswith("statistik") and request.json()["side"] == 0:
            return (400, {}, b'{"message": "side must be at least 1"}')
        return None

    school.provider.raw_answer = hook
    school.ingest(DATASET)
    assert school.sql(f"select count(*) from {GRADES}") == [(315,)]


def test_pages_that_repeat_themselves_end_with_an_error(school: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(education, "PAGE_ROWS", 50)
    school.provider.raw_answer = statistics(lambda rows, request: FIRST.setdefault("rows", rows))
    FIRST: dict[str, Any] = {}
    with pytest.raises(LoadRejected, match="page 2 is the same as page 1"):
        pipeline.changed(DATASET, school.settings)


def test_pages_without_end_are_bounded(school: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(education, "PAGE_ROWS", 1)
    monkeypatch.setattr(education, "MOST_PAGES", 20)
    with pytest.raises(LoadRejected, match="more than 20 pages"):
        pipeline.changed(DATASET, school.settings)
    assert len(school.provider.requests) < 40


def test_rows_that_come_twice_count_once(school: Any) -> None:
    school.provider.raw_answer = statistics(lambda rows, _: rows + rows[:7])
    school.ingest(DATASET)
    assert school.sql(f"select count(*), count(distinct (period, municipality_code, origin)) from {GRADES}") == [
        (315, 315)
    ]


def test_two_rows_of_one_key_are_a_conflict(school: Any) -> None:
    school.provider.raw_answer = statistics(lambda rows, _: [*rows, {**rows[0], PUPILS: "9.999"}])
    with pytest.raises(LoadRejected, match="different things"):
        pipeline.changed(DATASET, school.settings)


@pytest.mark.parametrize(("text", "measure"), [("2,351", PUPILS), ("2.35", PUPILS), ("92.5 %", SHARE), ("*", SHARE)])
def test_a_number_of_another_kind_is_rejected(school: Any, text: str, measure: str) -> None:
    school.provider.raw_answer = statistics(lambda rows, _: [{**rows[0], measure: text}, *rows[1:]])
    with pytest.raises(LoadRejected) as caught:
        pipeline.changed(DATASET, school.settings)
    assert repr(text) in caught.value.block()
    assert school.sql(f"select count(*) from {GRADES}") == [(0,)]


BROKEN: dict[str, bytes] = {
    "html": b"<!DOCTYPE html><html><body>Vedligehold</body></html>",
    "empty": b"",
    "cut": b'[{"a": "b"}, {"a"',
    "object": b'{"elementer": []}',
    "other_columns": json.dumps([{"Andet": "1"}]).encode(),
    "latin_1": '[{"Skoleår": 1}]'.encode("latin-1"),
}


# skema's answers differ in shape from call to call: one of another shape is rejected without asking again.
_PLACES = [("statistik", name) for name in BROKEN] + [("skema", name) for name in ("html", "empty", "cut", "latin_1")]


@pytest.mark.parametrize(("path", "name"), _PLACES)
def test_a_broken_body_is_retried_and_then_rejected(school: Any, quick_client: Any, path: str, name: str) -> None:
    quick_client(attempts=3)
    school.provider.raw_answer = lambda request: BROKEN[name] if request.path.endswith(path) else None
    with pytest.raises(LoadRejected) as caught:
        pipeline.changed(DATASET, school.settings)
    assert len(school.slept) == 2
    if BROKEN[name]:
        assert (school.settings.root / str(caught.value.where["kept"])).read_bytes() == BROKEN[name]


def test_an_unreadable_skema_is_rejected(school: Any) -> None:
    school.provider.raw_answer = lambda request: BROKEN["object"] if request.path.endswith("skema") else None
    with pytest.raises(LoadRejected, match="cannot be read"):
        pipeline.changed(DATASET, school.settings)


def test_no_row_at_all_is_rejected(school: Any) -> None:
    school.provider.raw_answer = statistics(lambda rows, _: [])
    with pytest.raises(LoadRejected, match="without a single row"):
        pipeline.changed(DATASET, school.settings)


def test_a_busy_provider_is_asked_again(school: Any) -> None:
    school.provider.raw_answer = lambda request: (503, {}, b"") if request.number in {2, 5} else None
    school.ingest(DATASET)
    assert len(school.slept) == 2


def _echo(request: Request) -> Any:
    return request.headers.get("authorization", "").removeprefix("Bearer ").encode()


LEAKS: dict[str, Callable[[Request], Any]] = {
    "refused": lambda request: (403, {}, b"not you: " + _echo(request)),
    "bad_request": lambda request: (400, {}, b"x" * 190 + b" no: " + _echo(request)),
    "bad_request_json": lambda request: (
        400,
        {},
        json.dumps({"errorTypeCode": "X", "message": _echo(request).decode()}).encode(),
    ),
    "body": lambda request: b'{"echo": "' + _echo(request) + b'"}',
    "html": lambda request: b"<html>" + _echo(request) + b"</html>",
    "cut": lambda request: (200, {"Content-Length": "99999"}, b'[{"echo": "' + _echo(request)),
    "redirect": lambda request: (302, {"Location": f"http://127.0.0.1:1/{_echo(request).decode()}"}, b""),
    "redirect_to_host": lambda request: (302, {"Location": f"http://{_echo(request).decode()}/"}, b""),
    "none": lambda request: None,
}


@pytest.mark.parametrize("dataset", [DATASET, "jobindsats_support"])
@pytest.mark.parametrize("name", LEAKS)
def test_the_token_is_nowhere_to_be_found(
    school: Any, quick_client: Any, caplog: pytest.LogCaptureFixture, name: str, dataset: str
) -> None:
    caplog.set_level("DEBUG")
    quick_client(attempts=2)
    school.provider.raw_answer = LEAKS[name]
    said = ""
    try:
        school.ingest(dataset)
    except WarehouseError as error:
        said = error.block() + repr(error) + "".join(traceback.format_exception(error))
    assert (said == "") == (name == "none")
    assert TOKEN not in said
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(school.settings)
    assert TOKEN.encode() not in bytes_of_the_home(school.settings.root)
    for table in ("loads", "checks"):
        assert TOKEN not in str(school.sql(f"select * from meta.{table}"))


def test_a_dropped_connection_is_a_provider_error(school: Any, quick_client: Any) -> None:
    quick_client(attempts=2)
    school.provider.stop()
    with pytest.raises(ProviderError):
        pipeline.changed(DATASET, school.settings)
