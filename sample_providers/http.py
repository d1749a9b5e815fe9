"""What goes over the wire: a request as received, an answer as sent. No sockets here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "text/json; charset=utf-8"


@dataclass
class Answer:
    """Status, headers and body. An iterator as body is sent in chunks, without Content-Length."""

    status: int
    headers: dict[str, str]
    body: bytes | Iterator[bytes]

    def whole(self) -> bytes:
        """The body in one piece (it is kept, so the answer can still be sent)."""
        if not isinstance(self.body, bytes):
            self.body = b"".join(self.body)
        return self.body


@dataclass
class Request:
    """A request: `path` is decoded and without the query; names in `query` and `headers` are lower case.

    `table` and `format` are what a StatBank request names (`format` only for /data), else None. `number`
    counts the requests of this server from 1.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    table: str | None = None
    format: str | None = None
    number: int = 0
    ordinary: Callable[[Request], Answer] | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def real(self) -> Answer:
        """The answer this request would get if nobody interfered."""
        if self.ordinary is None:
            raise RuntimeError("this request was not made by a server")
        return self.ordinary(self)

    def json(self) -> Any:
        """The body as JSON. ValueError if it is none."""
        return json.loads(self.body.decode("utf-8-sig"))


# What a raw_answer hook may return: None = answer as usual; bytes = 200 with that body; or all of it.
Interference = Answer | bytes | tuple[int, Mapping[str, str], bytes] | None


def json_answer(content: Any, status: int = 200) -> Answer:
    """A JSON answer in one piece, with the content type of the StatBank."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, {"Content-Type": JSON_TYPE}, body)


def interfered(given: Interference) -> Answer | None:
    """The answer a hook asked for, or None."""
    if given is None or isinstance(given, Answer):
        return given
    if isinstance(given, bytes):
        return Answer(200, {"Content-Type": JSON_TYPE}, given)
    status, headers, body = given
    return Answer(status, dict(headers), body)
