"""Promise: no answer can hold the warehouse up, however its bytes come; a wrong clock at the provider does no harm."""

from __future__ import annotations

import functools
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fault_bench import Clock

from ingestion import pipeline
from ingestion.http import BadBody, Client, Response
from ingestion.retry_after import provider_time, retry_after
from sample_providers import Misbehaviour, Request, start
from warehouse.errors import ProviderError
from warehouse.settings import Settings

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def read(response: Response) -> bytes:
    return response.body(1 << 20)


@contextmanager
def dripping(text: bytes, clock: Clock, seconds: float) -> Iterator[str]:
    """A server that sends ``text`` byte by byte, and then goes on for ever with its last byte."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(1 << 16)
                        for place in range(100_000):
                            connection.sendall(text[min(place, len(text) - 1) :][:1])
                            clock.drag(seconds)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nX-Long: a",
        b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n\r\nx",
    ],
    ids=["status_line", "headers", "body", "body_without_length"],
)
def test_bytes_that_trickle_in_end_at_the_deadline(text: bytes) -> None:
    clock = Clock()
    client = Client(clock=clock, sleep=clock.sleep, attempts=2, exchange_seconds=600, timeout=(5, 1e6))
    with dripping(text, clock, 10) as url, pytest.raises(ProviderError, match="time-out"):
        client.fetch(url, read)
    assert 1200 <= clock() < 1800
    assert len(clock.slept) == 1


def test_silence_is_a_time_out_by_the_clock() -> None:
    clock = Clock()

    def late(request: Request) -> None:
        clock.pass_by(61)

    with start(raw_answer=late) as provider, pytest.raises(ProviderError, match="time-out"):
        Client(clock=clock, sleep=clock.sleep).fetch(f"{provider.statbank_url}/subjects", read)
    assert clock() < 300


def test_a_socket_without_a_byte_is_given_up_in_real_time() -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(ProviderError, match="time-out"):
        Client(attempts=1, exchange_seconds=0.2).fetch(f"http://127.0.0.1:{server.getsockname()[1]}/", read)
    assert time.monotonic() - began < 30


def test_all_requests_of_a_client_share_one_budget() -> None:
    clock = Clock()

    def slow(request: Request) -> None:
        clock.pass_by(50)

    with start(raw_answer=slow) as provider:
        client = Client(clock=clock, sleep=clock.sleep, budget=120)
        url = f"{provider.statbank_url}/subjects"
        client.fetch(url, read)
        client.fetch(url, read)
        with pytest.raises(ProviderError) as caught:
            client.fetch(url, read)
        with pytest.raises(ProviderError, match="all requests together took longer than 120 seconds") as last:
            client.fetch(url, read)
    assert "time-out" in caught.value.what
    assert last.value.next_step
    assert clock() < 250


def test_a_long_download_that_was_cut_is_tried_once_more() -> None:
    clock, tries = Clock(), []

    def broken(response: Response) -> bytes:
        clock.pass_by(400)
        tries.append(1)
        if len(tries) == 1:
            raise BadBody("cut")
        return response.body(1 << 20)

    with start() as provider:
        client = Client(clock=clock, sleep=clock.sleep, timeout=(5, 900))
        assert client.fetch(f"{provider.statbank_url}/subjects", broken)
    assert len(tries) == 2


@pytest.mark.parametrize("header", ["9" * 400, "1" + "0" * 308, "1" + "0" * 309])
def test_a_wait_beyond_all_measure_is_cut(header: str) -> None:
    assert retry_after(header, NOW) in (math.inf, float(header) if len(header) < 310 else math.inf)
    assert Client()._pause(1, retry_after(header, NOW)) == 30.0


@pytest.mark.parametrize("header", ["Fri, 31 Dec 9999 23:59:59 -2359", "\0", "[]"])
def test_a_date_that_is_none_asks_for_nothing(header: str) -> None:
    assert retry_after(header, NOW) is None


def test_a_date_is_read_by_the_providers_own_clock() -> None:
    headers = {"Date": "Sat, 01 Jan 2050 12:00:00 GMT", "Retry-After": "Sat, 01 Jan 2050 12:00:07 GMT"}
    assert retry_after(headers["Retry-After"], provider_time(headers)) == 7.0
    assert abs((provider_time({"Date": "now"}) - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize("dataset", ["fvkom", "dst_elections"])
def test_the_status_does_not_wait_for_a_slow_provider(
    dataset: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    quick: Callable[..., Client] = functools.partial(Client, clock=clock, sleep=clock.sleep)
    monkeypatch.setattr(pipeline, "Client", quick)
    hook = Misbehaviour("drip_always", wait=clock.drag)
    with start(raw_answer=hook.drip) as provider:
        settings = Settings(
            home=tmp_path,
            statbank_url=provider.statbank_url,
            elections_url=provider.elections_url,
            _env_file=None,  # type: ignore[call-arg]
        )
        with pytest.raises(ProviderError):
            pipeline.provider_state(dataset, settings)
    assert clock() < 150
