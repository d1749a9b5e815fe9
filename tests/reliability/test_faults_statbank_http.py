"""Promise: a broken answer is retried within a bound, then rejected and kept aside; the earlier data stay."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ingestion import pipeline
from sample_providers import Answer, Request
from warehouse.errors import LoadRejected, ProviderError
from warehouse.landing import open_payload

CSV = {"Content-Type": "text/csv; charset=utf-8"}


def _real(request: Request) -> bytes:
    return request.real().whole()


BROKEN: dict[str, Callable[[Request], Any]] = {
    "cut_short_of_its_length": lambda r: Answer(200, {**CSV, "Content-Length": str(len(_real(r)))}, _real(r)[:-40]),
    "cut_in_a_line": lambda r: Answer(200, CSV, _real(r)[:-4]),
    "cut_between_cr_and_lf": lambda r: Answer(200, CSV, _real(r)[:-1]),
    "garbled_bytes": lambda r: Answer(200, CSV, _real(r)[:60] + b"\xff\xfe\x00" + _real(r)[60:]),
    "garbled_lines": lambda r: Answer(200, CSV, _real(r)[:-2] + b";;\r\n"),
    "bare_line_feeds": lambda r: Answer(200, CSV, _real(r).replace(b"\r\n", b"\n") + b"\r\n"),
    "empty": lambda r: Answer(200, CSV, b""),
    "header_only": lambda r: Answer(200, CSV, _real(r).split(b"\r\n")[0] + b"\r\n"),
    "html": lambda r: Answer(200, CSV, b"<!DOCTYPE html>\r\n<html><body>Vedligehold</body></html>\r\n"),
    "other_columns": lambda r: Answer(200, CSV, _real(r).replace(b"INDHOLD", b"ANTAL", 1)),
    "columns_in_another_order": lambda r: Answer(200, CSV, _real(r).replace(*_SWAPPED, 1)),
}


_SWAPPED = ("VALRES;OMRÅDE".encode(), "OMRÅDE;VALRES".encode())


def _poison(fault: Callable[[Request], Any], form: str | None = "BULK", times: int = 10**9) -> Any:
    left = [times]

    def hook(request: Request) -> Any:
        if (request.format or "").upper() != (form or "") or left[0] <= 0:
            return None
        left[0] -= 1
        return fault(request)

    return hook


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_is_retried_then_rejected_and_kept_aside(house: Any, name: str) -> None:
    house.ingest("fvkom")
    before = house.sql("select * from raw.fvkom order by all")
    house.provider.table("FVKOM").updated = "2026-01-02T08:00:00"
    house.provider.raw_answer = _poison(BROKEN[name])
    calls = house.provider.data_calls("FVKOM")
    with pytest.raises(LoadRejected) as caught:
        pipeline.land("fvkom", house.settings, ("dag", "run"))
    assert house.provider.data_calls("FVKOM") - calls == 5
    assert len(house.slept) == 4
    assert house.slept == sorted(house.slept)
    assert 7 < sum(house.slept) < 10
    kept = house.settings.root / str(caught.value.where["kept"])
    assert (kept / "request.json").is_file()
    with open_payload(kept / "data.csv.zst") as stream:
        stream.read()
    (row,) = house.sql("select status, reason, dag_id, run_id, load_id from meta.loads where status = 'rejected'")
    assert caught.value.what in row[1]
    assert row[2:4] == ("dag", "run")
    assert row[4] == kept.name
    assert house.sql("select * from raw.fvkom order by all") == before
    assert not list((house.settings.landing / ".incoming").iterdir())


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_heals_is_loaded_as_if_nothing_had_happened(house: Any, name: str) -> None:
    house.provider.raw_answer = _poison(BROKEN[name], times=2)
    house.ingest("fvkom")
    assert len(house.slept) == 2
    assert house.sql("select count(*) from raw.fvkom") == [(168,)]


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"id": "FVKOM"', b'{"id": "FVKOM"}', b"[]"])
def test_a_broken_tableinfo_is_retried_then_rejected(house: Any, body: bytes) -> None:
    house.provider.raw_answer = lambda request: Answer(200, {}, body) if "tableinfo" in request.path else None
    with pytest.raises(LoadRejected, match="tableinfo"):
        pipeline.changed("fvkom", house.settings)
    assert len(house.slept) == 4
    assert house.sql("select outcome from meta.checks") == [("failed",)]
    if body:
        (kept,) = (house.settings.landing / ".aside").glob("*/tableinfo.json")
        assert kept.read_bytes() == body


def test_the_tableinfo_of_another_table_is_not_taken(house: Any) -> None:
    def hook(request: Request) -> Any:
        if "tableinfo" in request.path:
            return Answer(200, {}, request.real().whole().replace(b'"FVKOM"', b'"KVRES"'))
        return None

    house.provider.raw_answer = hook
    with pytest.raises(LoadRejected, match="of table KVRES, asked for was FVKOM"):
        pipeline.changed("fvkom", house.settings)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_refusal_is_retried_then_fails_and_the_earlier_data_stay(house: Any, status: int) -> None:
    house.ingest("fvkom")
    before = house.sql("select * from raw.fvkom order by all")
    house.provider.table("FVKOM").updated = "2026-01-02T08:00:00"
    house.provider.raw_answer = _poison(lambda r: (status, {}, b"nope"))
    with pytest.raises(ProviderError, match=str(status)):
        pipeline.land("fvkom", house.settings)
    assert len(house.slept) == 4
    assert house.sql("select outcome from meta.checks order by checked_at desc limit 1") == [("failed",)]
    assert house.sql("select count(*) from meta.loads where status = 'rejected'") == [(0,)]
    assert house.sql("select * from raw.fvkom order by all") == before


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("0", None), ("86400", 30.0), ("soon", None)])
def test_retry_after_is_honoured_within_its_cap(house: Any, asked: str, waited: float | None) -> None:
    house.provider.raw_answer = _poison(lambda r: (429, {"Retry-After": asked}, b""), times=1)
    house.ingest("fvkom")
    (slept,) = house.slept
    assert slept == waited if waited else 0.5 <= slept <= 0.625


def test_retry_after_as_a_date_is_honoured(house: Any) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    house.provider.raw_answer = _poison(lambda r: (503, {"Retry-After": when}, b""), times=1)
    house.ingest("fvkom")
    assert 15 < house.slept[0] <= 20


def test_a_400_fails_at_once_with_the_providers_own_message(house: Any) -> None:
    body = '{"errorTypeCode":"EXTRACT-NOTFOUND","message":"Kan ikke finde værdien: 999 (OMRÅDE)"}'.encode()
    house.provider.raw_answer = _poison(lambda r: (400, {}, body))
    with pytest.raises(ProviderError, match="EXTRACT-NOTFOUND: Kan ikke finde værdien: 999"):
        pipeline.land("fvkom", house.settings)
    assert house.provider.data_calls("FVKOM") == 1
    assert house.slept == []


def test_an_error_body_under_status_200_fails_at_once(house: Any) -> None:
    house.provider.raw_answer = _poison(lambda r: b'{"errorTypeCode":"REQUEST-LIMIT","message":"For mange celler"}')
    with pytest.raises(ProviderError, match="REQUEST-LIMIT: For mange celler"):
        pipeline.land("fvkom", house.settings)
    assert house.slept == []


def test_a_time_out_is_retried_then_fails(house: Any, quick_client: Any) -> None:
    quick_client(timeout=(1.0, 0.05), attempts=3)

    def slow(request: Request) -> Any:
        time.sleep(0.3)
        return b""

    house.provider.raw_answer = slow
    with pytest.raises(ProviderError, match="time-out"):
        pipeline.changed("fvkom", house.settings)
    assert len(house.slept) == 2


@pytest.fixture
def hangs_up() -> Iterator[str]:
    """A server that takes a connection and drops it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)


def test_a_dropped_connection_is_retried_then_fails(house: Any, hangs_up: str) -> None:
    settings = house.settings.model_copy(update={"statbank_url": hangs_up})
    with pytest.raises(ProviderError, match="dropped"):
        pipeline.changed("fvkom", settings)
    assert len(house.slept) == 4


def test_a_provider_that_is_down_fails_within_the_bound(house: Any) -> None:
    house.provider.stop()
    with pytest.raises(ProviderError, match="no connection"):
        pipeline.changed("fvkom", house.settings)
    assert sum(house.slept) < 20


def test_a_redirect_to_another_host_is_not_followed(house: Any) -> None:
    house.provider.raw_answer = lambda r: (302, {"Location": "http://127.0.0.2:9/v1/tableinfo"}, b"")
    with pytest.raises(ProviderError, match="redirects to another address"):
        pipeline.changed("fvkom", house.settings)
    assert house.slept == []


def test_a_table_that_is_updated_while_it_is_fetched_is_fetched_again(house: Any) -> None:
    def hook(request: Request) -> Any:
        if request.format and house.provider.data_calls("FVKOM") == 1:
            house.provider.table("FVKOM").updated = "2026-05-05T08:00:00"
        return None

    house.provider.raw_answer = hook
    load_id = house.ingest("fvkom")
    assert house.provider.data_calls("FVKOM") == 2
    assert house.sql(f"select source_updated_at from meta.loads where load_id = '{load_id}'") == [
        (datetime.fromisoformat("2026-05-05T08:00:00"),)
    ]


def test_a_table_that_keeps_moving_is_rejected(house: Any) -> None:
    def hook(request: Request) -> Any:
        if request.format:
            house.provider.table("FVKOM").updated = f"2026-05-{house.provider.data_calls():02d}T08:00:00"
        return None

    house.provider.raw_answer = hook
    with pytest.raises(LoadRejected, match="updated while it was fetched"):
        pipeline.land("fvkom", house.settings)
