"""Promise: the client waits as it says, reads Retry-After, and tells who it is without inventing a contact."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from ingestion.http import BadBody, BrokenAnswer, Client, Response, parse_error, retry_after
from sample_providers import Request, start
from warehouse.errors import ProviderError

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("12", 12.0),
        ("-3", 0.0),
        ("Thu, 01 Jan 2026 12:00:09 GMT", 9.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"message": "x"}', b"<html></html>", b"\xff"])
def test_a_body_that_is_no_error_is_none(body: bytes) -> None:
    assert parse_error(body) is None


def test_waits_grow_and_come_from_the_given_source_of_chance() -> None:
    def waits(seed: int) -> list[float]:
        slept: list[float] = []
        client = Client(sleep=slept.append, rng=random.Random(seed))
        with pytest.raises(ProviderError):
            client.fetch("http://127.0.0.1:9/v1", lambda response: response.body(10))
        return slept

    first = waits(1)
    assert first == waits(1) != waits(2)
    assert all(base <= wait <= base * 1.25 for wait, base in zip(first, (0.5, 1, 2, 4), strict=True))


def test_patience_ends_the_attempts() -> None:
    clock = iter(range(0, 10_000, 100))
    slept: list[float] = []
    client = Client(sleep=slept.append, clock=lambda: float(next(clock)), patience=150)
    with pytest.raises(ProviderError):
        client.fetch("http://127.0.0.1:9/v1", lambda response: response.body(10))
    assert len(slept) == 1


def test_a_body_longer_than_its_limit_is_broken() -> None:
    with start() as provider, pytest.raises(BrokenAnswer, match="longer than 10 bytes"):
        Client(attempts=1).fetch(f"{provider.statbank_url}/subjects", lambda response: response.body(10))


def test_the_client_says_who_it_is() -> None:
    seen: list[Request] = []

    with start(raw_answer=seen.append) as provider:
        import requests

        sent: list[requests.PreparedRequest] = []
        original = requests.Session.send

        def spy(self: requests.Session, request: requests.PreparedRequest, **kwargs: object) -> requests.Response:
            sent.append(request)
            return original(self, request, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.Session, "send", spy)
            Client().fetch(f"{provider.statbank_url}/subjects", lambda response: response.body(1 << 20))
    agent = sent[0].headers["User-Agent"]
    assert agent.startswith("integration-gap-warehouse/")
    assert "@" not in agent
    assert "Authorization" not in sent[0].headers
    assert len(seen) == 1


def test_the_reader_may_ask_for_another_try() -> None:
    tries: list[int] = []

    def read(response: Response) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise BadBody("not yet")
        return "good"

    with start() as provider:
        assert Client(sleep=lambda _: None).fetch(f"{provider.statbank_url}/subjects", read) == "good"
    assert len(tries) == 3
