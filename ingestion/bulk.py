"""StatBank's answers of ``/data``: a watch over a BULK stream while it is stored, and small strict parsers.

The watch never holds the body: it sees each chunk go by, counts lines, and says at the end whether what came
is whole. Whether each value is right is the loader's business, in DuckDB.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from ingestion.http import BadBody, looks_like_html, parse_error
from warehouse.errors import ProviderError

BOM = b"\xef\xbb\xbf"
HEADER_BYTES = 1 << 12
ERROR_BYTES = 1 << 16


@dataclass(frozen=True)
class JsonStat:
    """A JSON-stat 1.x answer: dimension → codes in order, and the values in row-major order (None: no
    number)."""

    dimensions: dict[str, tuple[str, ...]]
    values: tuple[float | None, ...]
    updated: str


class Watch:
    """Watches a BULK body go by; ``rows`` is the number of data lines once it has gone by.

    Raises (from :meth:`over`):
        BadBody: empty, HTML, another header than asked for, not UTF-8, or cut short.
        ProviderError: an error body under status 200.
    """

    def __init__(self, header: Sequence[str]) -> None:
        self.header = tuple(header)
        self.rows = -1
        self._head = b""
        self._ends = 0
        self._feeds = 0
        self._separators = 0
        self._tail = b""
        self._checked = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand on the chunks as they are; each is stored before it is judged, so that what came can be
        kept."""
        for chunk in chunks:
            yield chunk
            if chunk:
                self._see(chunk)
        self._end()

    def _see(self, chunk: bytes) -> None:
        straddles = self._tail.endswith(b"\r") and chunk.startswith(b"\n")
        self._ends += chunk.count(b"\r\n") + straddles
        self._feeds += chunk.count(b"\n")
        self._separators += chunk.count(b";")
        self._tail = (self._tail + chunk)[-2:]
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError:
            raise BadBody(f"the body is garbled: not UTF-8 near line {self._feeds + 1}") from None
        if not self._checked:
            self._head += chunk[: ERROR_BYTES - len(self._head)]
            if b"\n" in self._head or len(self._head) >= HEADER_BYTES:
                self._check_header()

    def _check_header(self) -> None:
        self._checked = True
        start = self._head.removeprefix(BOM)
        if start.lstrip().startswith(b"{"):
            self._checked = len(self._head) >= ERROR_BYTES
            return
        if looks_like_html(start):
            raise BadBody("the body is a web page (HTML), not data")
        line = start.split(b"\n", 1)[0].removesuffix(b"\r").decode("utf-8", "replace")
        expected = ";".join(self.header)
        if line != expected:
            raise BadBody(f"the body has other columns than asked for: {line[:200]!r} instead of {expected!r}")

    def _end(self) -> None:
        if not self._head.strip():
            raise BadBody("the body is empty")
        own = parse_error(self._head)
        if own:
            raise ProviderError(
                f"The provider answered with an error under status 200: {own}",
                next_step="correct the catalogue record, or run again later",
            )
        if not self._checked or self._head.removeprefix(BOM).lstrip().startswith(b"{"):
            self._check_header()
            raise BadBody("the body is not data")
        if self._tail != b"\r\n":
            raise BadBody(f"the body was cut short: it does not end with a line end, after {self._ends} lines")
        if self._ends != self._feeds or self._separators != self._ends * (len(self.header) - 1):
            raise BadBody(f"the body is garbled: not every line has {len(self.header)} cells and ends with CRLF")
        self.rows = self._ends - 1


def parse_csv(body: bytes, header: Sequence[str] | None = None) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Parse a small CSV or BULK body: the header and the rows, every cell as text, codes with all their
    zeros.

    Raises:
        BadBody: empty, HTML, garbled, cut short, or with other columns than ``header``.
        ProviderError: an error body.
    """
    first = body.removeprefix(BOM).split(b"\r\n", 1)[0].decode("utf-8", "replace")
    watch = Watch(header or tuple(first.split(";")))
    for _ in watch.over([body]):
        pass
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";", quoting=csv.QUOTE_NONE)
    rows = [tuple(row) for row in reader]
    if rows[0][-1] != "INDHOLD":
        raise BadBody(f"the last column is {rows[0][-1]!r}, not INDHOLD")
    return rows[0], rows[1:]


def parse_jsonstat(body: bytes) -> JsonStat:
    """Parse a small JSON-stat 1.x body.

    Raises:
        BadBody: not JSON, not JSON-stat, or with another number of values than its dimensions say.
        ProviderError: an error body.
    """
    own = parse_error(body)
    if own:
        raise ProviderError(f"The provider answered with an error: {own}")
    try:
        dataset = json.loads(body.decode("utf-8-sig"))["dataset"]
        dimension = dataset["dimension"]
        codes = {name: _codes(dimension[name]["category"]["index"]) for name in dimension["id"]}
        sizes = [int(size) for size in dimension["size"]]
        values, updated = tuple(dataset["value"]), str(dataset["updated"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadBody(f"the body is not JSON-stat: {type(error).__name__} {error}", body) from None
    if [len(item) for item in codes.values()] != sizes or len(values) != prod(sizes):
        raise BadBody("the JSON-stat body has another number of values than its dimensions say", body)
    return JsonStat(codes, values, updated)


def _codes(index: dict[str, int] | list[str]) -> tuple[str, ...]:
    if isinstance(index, list):
        return tuple(index)
    return tuple(sorted(index, key=lambda code: index[code]))
