"""One bound for a whole exchange with a provider: status line, headers and body together.

The time-outs of ``requests`` are per read: an answer that brings one byte a minute never ends. Here every read from
the socket is given what is left of the exchange, so it ends on time however the bytes come. Retries are ``http``'s.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter


class Deadline:
    """The end of an exchange: ``seconds`` from now, and at most ``silence`` seconds without a byte.

    Raises (from :meth:`left` and :meth:`heard`):
        TimeoutError: the exchange took too long, or nothing came for too long.
    """

    def __init__(self, clock: Callable[[], float], seconds: float, silence: float) -> None:
        self.seconds = seconds
        self.silence = silence
        self._clock = clock
        self._heard = clock()
        self._end = self._heard + seconds

    @property
    def over(self) -> bool:
        """Whether the exchange took too long."""
        return self._clock() >= self._end

    def left(self) -> float:
        """How many seconds the next read may take."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError(f"the answer takes longer than {self.seconds:.0f} seconds")
        return min(self.silence, left)

    def heard(self) -> None:
        """Bytes came. A time-out of the socket may have been missed where the machine slept."""
        self.left()
        moment = self._clock()
        if moment - self._heard > self.silence:
            raise TimeoutError(f"nothing came for {self.silence:.0f} seconds")
        self._heard = moment


class DeadlineAdapter(HTTPAdapter):
    """Connections whose answers end at a deadline; for one exchange (redirects included)."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(pool_connections=1, pool_maxsize=1)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """The pool of connections for a request; see the base class."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = type("Bounded", (pool.ConnectionCls,), {"response_class": staticmethod(self._answer)})
        return pool

    def _answer(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
        answer = HTTPResponse(sock, *args, **options)
        answer.fp.close()
        answer.fp = io.BufferedReader(_Bounded(sock, self._deadline))
        return answer


class _Bounded(io.RawIOBase):
    """What a socket brings, each read within the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._raw: Any = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        count: int | None = self._raw.readinto(buffer)
        self._deadline.heard()
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
