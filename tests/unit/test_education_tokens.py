"""Promise: a token that is missing, expired or malformed is told before a request is made, and never shown."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from ingestion.tokens import Gate, expiry, refuse_echo
from warehouse.errors import LoadRejected, NotDelivered, TokenRefused

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def jwt(**claims: object) -> str:
    """A token of three segments with these claims."""
    parts = [json.dumps({"alg": "none"}).encode(), json.dumps(claims).encode(), b"signature-part"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def gate(token: str | None, url: str = "https://provider.example/v1") -> Gate:
    return Gate("the provider", url, "WAREHOUSE_X_TOKEN", None if token is None else SecretStr(token), "get a new one")


def test_without_a_token_nothing_is_delivered() -> None:
    with pytest.raises(NotDelivered, match="WAREHOUSE_X_TOKEN is not set"):
        gate(None).open("grades", NOW)


@pytest.mark.parametrize("token", ["plain-token", jwt(exp=NOW.timestamp() + 60), jwt(sub="x"), "a.b.c", "a.b.c=="])
def test_a_token_that_may_be_used_is_given(token: str) -> None:
    assert gate(token).open("grades", NOW).get_secret_value() == token


def test_an_expired_token_says_when() -> None:
    token = jwt(exp=datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp())
    with pytest.raises(TokenRefused, match="expired on 2026-05-01") as caught:
        gate(token).open("grades", NOW)
    assert "get a new one" in caught.value.block()
    assert token not in caught.value.block()


@pytest.mark.parametrize("token", ["Bearer abc", "abc\ndef", "abc\r\nX-Header: 1", "tøken", "a b"])
def test_what_cannot_be_a_token_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(TokenRefused, match="without `Bearer`") as caught:
        gate(token).open("grades", NOW)
    assert token not in caught.value.block()


def test_a_token_does_not_travel_unencrypted() -> None:
    with pytest.raises(TokenRefused, match="https"):
        gate("plain-token", "http://provider.example/v1").open("grades", NOW)
    assert gate("plain-token", "http://127.0.0.1:1/v1").open("grades", NOW)


@pytest.mark.parametrize("claims", [{}, {"exp": "soon"}, {"exp": None}, {"exp": 1e300}, {"exp": [1]}])
def test_a_token_that_does_not_say_when_it_expires_is_taken(claims: dict[str, object]) -> None:
    assert expiry(SecretStr(jwt(**claims))) is None


def test_a_claim_that_is_no_object_is_no_claim() -> None:
    assert expiry(SecretStr("YQ.WzFd.YQ")) is None


def test_a_refusal_names_the_setting_and_where_to_get_a_new_token() -> None:
    with pytest.raises(TokenRefused) as caught, gate("plain-token").told("grades"):
        raise TokenRefused("The provider refuses the token (HTTP 403)", {"status": 403})
    block = caught.value.block()
    assert "HTTP 403" in block
    assert "WAREHOUSE_X_TOKEN" in block
    assert "get a new one" in block


def test_an_answer_that_repeats_the_token_is_refused() -> None:
    refuse_echo(b'{"rows": []}', SecretStr("plain-token"), "grades")
    with pytest.raises(LoadRejected) as caught:
        refuse_echo(b'{"echo": "plain-token"}', SecretStr("plain-token"), "grades")
    assert "plain-token" not in caught.value.block()
