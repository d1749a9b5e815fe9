"""One polite way to talk to a provider: retries within a bound, time-outs, and no surprises.

Only what can pass is tried again: 429, 5xx, time-outs, dropped connections, and a body that the reader finds
broken (:class:`BadBody`). Any other refusal fails at once with the provider's own message. What a body means
is the caller's business: it hands in a reader, which is called inside the retry.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from pydantic import SecretStr

from ingestion.deadline import Deadline, DeadlineAdapter
from ingestion.json_text import NotJson, read_json
from ingestion.retry_after import provider_time, retry_after
from warehouse import __version__
from warehouse.errors import MOST, LoadRejected, ProviderError, TokenRefused, WarehouseError, one_line

USER_AGENT = f"integration-gap-warehouse/{__version__} (municipal statistics on integration; python-requests)"
ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
PATIENCE_SECONDS = 180.0
EXCHANGE_SECONDS = 1800.0
BUDGET_SECONDS = 7200.0
REDIRECTS = 3
CHUNK_BYTES = 1 << 18
MESSAGE_BYTES = 1 << 16
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
TOO_MANY = 429
REFUSED_TOKEN = {401, 403}

T = TypeVar("T")


class BadBody(Exception):
    """What came is not what was asked for; asking again may help. ``body`` is what came, where it is at
    hand."""

    def __init__(self, what: str, body: bytes = b"") -> None:
        self.what = one_line(what, MOST)
        self.body = body
        super().__init__(self.what)


class NotFound(ProviderError):
    """The provider answered 404."""


class BrokenAnswer(LoadRejected):
    """An answer that stayed broken over every attempt; ``body`` is the last one, where it is at hand."""

    body: bytes = b""


class _Passing(Exception):
    """A refusal that may pass; ``wait`` is what the provider asks for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


def parse_error(body: bytes) -> str | None:
    """The provider's own message of an error body, ``CODE: message``; None where the body is not one."""
    try:
        document = read_json(body)
    except NotJson:
        return None
    if not isinstance(document, dict) or "errorTypeCode" not in document:
        return None
    return one_line(f"{document['errorTypeCode']}: {document.get('message', '')}".strip().removesuffix(":"))


class Client:
    """A session with one provider, bounded in all: each exchange by ``exchange_seconds``, the tries of one request by
    ``patience``, and everything that one client asks by ``budget`` (seconds).

    ``sleep``, ``rng`` and ``clock`` are for tests: nobody waits there.
    """

    def __init__(
        self,
        *,
        attempts: int = ATTEMPTS,
        first_wait: float = FIRST_WAIT_SECONDS,
        longest_wait: float = LONGEST_WAIT_SECONDS,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        patience: float = PATIENCE_SECONDS,
        exchange_seconds: float = EXCHANGE_SECONDS,
        budget: float = BUDGET_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attempts = attempts
        self.first_wait = first_wait
        self.longest_wait = longest_wait
        self.timeout = timeout
        self.patience = patience
        self.exchange_seconds = exchange_seconds
        self.budget = budget
        self._sleep = sleep
        self._random = rng or random.Random()  # noqa: S311  jitter is no secret
        self._clock = clock
        self._until: float | None = None

    def fetch(
        self,
        url: str,
        read: Callable[[Response], T],
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        token: SecretStr | None = None,
    ) -> T:
        """GET ``url`` (POST ``body`` as JSON where there is one) and hand the answer to ``read``.

        ``token`` goes out as a bearer token and comes back in no message, whatever the provider answers.

        Raises:
            NotFound: 404.
            TokenRefused: 401 or 403 to a request with a token.
            ProviderError: no answer within the bound, or a refusal, with the provider's own message.
            BrokenAnswer: ``read`` found the body broken every time.
        """
        try:
            return self._fetch(url, read, params, body, token)
        except WarehouseError as error:
            error.what = withheld(error.what, token)
            error.where = {key: withheld(v, token) if isinstance(v, str) else v for key, v in error.where.items()}
            raise

    def _fetch(
        self,
        url: str,
        read: Callable[[Response], T],
        params: Mapping[str, str] | None,
        body: object,
        token: SecretStr | None,
    ) -> T:
        started, trouble = self._clock(), ""
        if self._until is None:
            self._until = started + self.budget
        for attempt in range(1, self.attempts + 1):
            broken: BadBody | None = None
            wait: float | None = None
            try:
                return self._once(url, read, params, body, token)
            except BadBody as error:
                broken, trouble = error, error.what
            except _Passing as error:
                trouble, wait = str(error), error.wait
            pause, now = self._pause(attempt, wait), self._clock()
            out_of_time = (attempt > 1 and now - started > self.patience) or now + pause > self._until
            if attempt == self.attempts or out_of_time:
                raise self._failed(url, attempt, trouble, broken)
            self._sleep(pause)
        raise AssertionError("unreachable")

    def _deadline(self, url: str) -> Deadline:
        """The end of the next exchange."""
        left = (self._until or math.inf) - self._clock()
        if left <= 0:
            raise ProviderError(
                f"The provider is too slow: all requests together took longer than {self.budget:.0f} seconds",
                {"url": url},
                "run again later; what is published stays as it is",
            )
        return Deadline(self._clock, min(self.exchange_seconds, left), self.timeout[1])

    def _pause(self, attempt: int, asked: float | None) -> float:
        growing = self.first_wait * 2.0 ** (attempt - 1) * (1 + self._random.random() / 4)
        return min(self.longest_wait, max(growing, asked or 0.0))

    def _failed(self, url: str, attempts: int, trouble: str, broken: BadBody | None) -> WarehouseError:
        where: dict[str, object] = {"url": url, "attempts": attempts}
        if broken is None:
            return ProviderError(
                f"The provider did not answer: {trouble}",
                where,
                "run again later; what is published stays as it is",
            )
        failure = BrokenAnswer(
            f"The provider's answer is broken: {trouble}",
            where,
            "look at what came (it is kept aside in the landing), and run again later",
        )
        failure.body = broken.body
        return failure

    def _once(
        self,
        url: str,
        read: Callable[[Response], T],
        params: Mapping[str, str] | None,
        body: object,
        token: SecretStr | None,
    ) -> T:
        deadline = self._deadline(url)
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, DeadlineAdapter(deadline))
            session.trust_env = urlsplit(url).hostname not in LOOPBACK
            session.auth = _no_login
            if token is not None:
                session.headers["Authorization"] = f"Bearer {token.get_secret_value()}"
            answer = self._send(session, url, params, body)
            try:
                self._refuse(answer, url, token)
                return read(Response(answer, deadline))
            finally:
                answer.close()

    def _send(
        self, session: requests.Session, url: str, params: Mapping[str, str] | None, body: object
    ) -> requests.Response:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        method = "GET" if body is None else "POST"
        for _ in range(REDIRECTS + 1):
            try:
                answer = session.request(
                    method,
                    url,
                    params=params,
                    json=body,
                    headers=headers,
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                )
            except requests.Timeout as error:
                raise _Passing(f"time-out ({type(error).__name__})") from error
            except requests.ConnectionError as error:
                raise _Passing(f"no connection, or it was dropped ({_root(error)})") from error
            except requests.RequestException as error:
                raise ProviderError(f"The request cannot be sent: {error}", {"url": url}) from error
            if not answer.is_redirect:
                return answer
            target = urljoin(url, answer.headers["Location"])
            answer.close()
            _same_host(url, target)
            url, params = target, None
        raise ProviderError("The provider redirects in circles", {"url": url})

    def _refuse(self, answer: requests.Response, url: str, token: SecretStr | None) -> None:
        status = answer.status_code
        if status == requests.codes.ok:
            return
        wait = retry_after(answer.headers.get("Retry-After"), provider_time(answer.headers))
        if status == TOO_MANY or status >= requests.codes.server_error:
            raise _Passing(f"HTTP {status} {answer.reason}", wait)
        if token is not None and status in REFUSED_TOKEN:
            raise TokenRefused(f"The provider refuses the token (HTTP {status})", {"url": url, "status": status})
        message = _message(answer, token)
        kind = NotFound if status == requests.codes.not_found else ProviderError
        raise kind(
            f"The provider refused the request: {message}",
            {"url": url, "status": status},
            "correct the catalogue record or the address in the settings: they do not suit the provider",
        )


class Response:
    """An answer with status 200, read as a stream of bytes."""

    def __init__(self, answer: requests.Response, deadline: Deadline) -> None:
        self._answer = answer
        self._deadline = deadline

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in any letter case."""
        return self._answer.headers

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            BadBody: when the body ends before it is complete.
        """
        try:
            yield from self._answer.iter_content(CHUNK_BYTES)
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
            raise BadBody(f"the body was cut short ({_root(error)})") from error
        except requests.RequestException as error:
            if self._deadline.over:
                raise _Passing(
                    f"time-out: the answer takes longer than {self._deadline.seconds:.0f} seconds"
                ) from error
            root = _root(error)
            what = "time-out: the body stopped" if root == "TimeoutError" else f"the connection was dropped ({root})"
            raise _Passing(what) from error

    def body(self, limit: int) -> bytes:
        """The whole body, of at most ``limit`` bytes.

        Raises:
            BadBody: when it is cut short or longer.
        """
        parts: list[bytes] = []
        size = 0
        try:
            for chunk in self.chunks():
                parts.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise BadBody(f"the body is longer than {limit} bytes")
        except BadBody as error:
            error.body = b"".join(parts)
            raise
        return b"".join(parts)


def looks_like_html(body: bytes) -> bool:
    """Whether a body begins as a web page does."""
    start = body[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def withheld(text: str, token: SecretStr | None) -> str:
    """The text without the token, should it hold it."""
    return text if token is None else text.replace(token.get_secret_value(), "(token withheld)")


def _message(answer: requests.Response, token: SecretStr | None) -> str:
    try:
        body: bytes = next(answer.iter_content(MESSAGE_BYTES), b"")
    except requests.RequestException:
        body = b""
    own = parse_error(body)
    if own:
        return withheld(own, token)
    plain = withheld(" ".join(body.decode("utf-8", "replace").split()), token)
    text = "" if looks_like_html(body) else plain[:200]
    return f"HTTP {answer.status_code} {answer.reason}" + (f": {text}" if text else "")


def _same_host(url: str, target: str) -> None:
    here, there = urlsplit(url), urlsplit(target)
    upgraded = (here.scheme, there.scheme) == ("http", "https") and here.port is None and there.port is None
    same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    if not same and not (upgraded and here.hostname == there.hostname):
        raise ProviderError(
            f"The provider redirects to another address, {there.scheme}://{there.netloc}; it is not followed",
            {"url": url},
            "if the provider has moved, set its new address in the settings",
        )


def _no_login(request: Any) -> Any:
    return request


def _root(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return type(error).__name__
