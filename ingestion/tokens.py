"""Tokens of the providers that ask for one: is it there, can it be one, has it expired; and what to do where not.

A token is only ever read here and in the HTTP client. No message, landing or manifest holds it. Out of scope: whether
the provider takes it, which only the provider can say.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from ingestion.common import Context, keep_aside
from ingestion.http import LOOPBACK, BrokenAnswer
from warehouse.errors import LoadRejected, NotDelivered, TokenRefused
from warehouse.landing import new_load_id

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_SEGMENTS = 3


@dataclass(frozen=True)
class Gate:
    """The door of a provider: its name and address, the setting that holds its token, and where to get a new one."""

    name: str
    url: str
    setting: str
    token: SecretStr | None
    renew: str

    def open(self, dataset: str, now: datetime | None = None) -> SecretStr:
        """The token, if it may be used.

        Raises:
            NotDelivered: there is none.
            TokenRefused: it cannot be a token, has expired, or would travel unencrypted.
        """
        if self.token is None:
            raise NotDelivered(
                f"{self.name} asks for a token and {self.setting} is not set",
                {"dataset": dataset},
                f"nothing needs to be done; to have these figures, {self.renew}",
            )
        if not _TOKEN.fullmatch(self.token.get_secret_value()):
            raise self._refused(dataset, "holds blanks or characters that no token has: give it without `Bearer`")
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise self._refused(dataset, "is not sent over an unencrypted connection: the address must be https")
        expired = expiry(self.token)
        if expired is not None and expired <= (now or datetime.now(UTC)):
            raise self._refused(dataset, f"expired on {expired:%Y-%m-%d}")
        return self.token

    @contextmanager
    def told(self, dataset: str) -> Iterator[None]:
        """Say of a refusal by the provider whose token it is and where to get a new one."""
        try:
            yield
        except TokenRefused as error:
            if "setting" in error.where:
                raise
            status = error.where.get("status")
            raise self._refused(dataset, f"is refused by {self.name} (HTTP {status}): unknown or expired") from None

    def _refused(self, dataset: str, what: str) -> TokenRefused:
        return TokenRefused(
            f"The token of {self.name} {what}",
            {"dataset": dataset, "setting": self.setting},
            f"{self.renew}; without a token the dataset is reported as not delivered",
        )


@contextmanager
def asking(context: Context, door: Gate) -> Iterator[SecretStr]:
    """The token, to ask with; a refused token and a broken answer are told in the dataset's own words.

    A broken answer is kept aside, unless it repeats the token.

    Raises:
        NotDelivered, TokenRefused: as :meth:`Gate.open`; or the provider refuses the token.
    """
    dataset = context.record.dataset
    token = door.open(dataset)
    try:
        with door.told(dataset):
            yield token
    except (LoadRejected, NotDelivered) as error:
        error.where = {"dataset": dataset, **error.where}
        if isinstance(error, BrokenAnswer) and error.body and token.get_secret_value().encode() not in error.body:
            kept = keep_aside(context.settings, f"{new_load_id(dataset)}/answer", error.body)
            error.where["kept"] = kept
        raise


def expiry(token: SecretStr) -> datetime | None:
    """When a JWT expires, by its own ``exp``; None where the token is no JWT or does not say. Nothing is verified."""
    segments = token.get_secret_value().split(".")
    if len(segments) != _SEGMENTS:
        return None
    try:
        padded = segments[1] + "=" * (-len(segments[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError):
        return None


def refuse_echo(body: bytes, token: SecretStr, dataset: str) -> None:
    """Refuse an answer that repeats the token, before any byte of it is kept.

    Raises:
        LoadRejected: it does; nothing of it is quoted.
    """
    if token.get_secret_value().encode() in body:
        raise LoadRejected(
            "The provider's answer repeats the token; nothing of it is kept",
            {"dataset": dataset},
            "ask the provider; a token that came back in an answer should be replaced",
        )
