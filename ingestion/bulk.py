"""StatBank's answers of ``/data``: a watch over a BULK stream while it is stored, and small strict parsers.

The watch never holds the body: it sees each chunk go by, counts lines, and says at the end whether what came
is whole. Whether each value is right is the loader's business, in DuckDB.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ingestion.http import CHUNK_BYTES, BadBody, looks_like_html, parse_error
from ingestion.json_text import NotJson, read_json
from warehouse.errors import ProviderError

BOM = b"\xef\xbb\xbf"
HEADER_BYTES = 1 << 12
ERROR_BYTES = 1 << 16
LINE_BYTES = 1 << 16
_RETURN, _FEED, _SEPARATOR = b"\r\n;"


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
        BadBody: empty, HTML, another header than asked for, not UTF-8, cut short, or without an end: more rows than
            ``most_rows`` (the cells asked for), or a line of more than ``LINE_BYTES``.
        ProviderError: an error body under status 200.
    """

    def __init__(self, header: Sequence[str], most_rows: int | None = None) -> None:
        self.header = tuple(header)
        self.rows = -1
        self._most_rows = most_rows
        self._bytes = 0
        self._returns = 0
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
        seen = np.frombuffer(chunk, dtype=np.uint8)  # four times as quick as bytes.count
        returns, feeds = seen == _RETURN, seen == _FEED
        self._ends += int(np.count_nonzero(returns[:-1] & feeds[1:])) + straddles
        self._feeds += int(np.count_nonzero(feeds))
        self._separators += int(np.count_nonzero(seen == _SEPARATOR))
        self._returns += int(np.count_nonzero(returns))
        self._bytes += len(chunk)
        self._tail = (self._tail + chunk)[-2:]
        try:
            if not chunk.isascii() or self._decoder.getstate()[0]:  # most are, and that is told ten times as quickly
                self._decoder.decode(chunk)
        except UnicodeDecodeError:
            raise BadBody(f"the body is garbled: not UTF-8 near line {self._feeds + 1}") from None
        if b"\0" in chunk:
            raise BadBody(f"the body is garbled: a NUL byte near line {self._feeds + 1}")
        if self._most_rows is not None and self._feeds > self._most_rows + 1:
            raise BadBody(f"the body has more rows than the {self._most_rows} cells that were asked for")
        if self._bytes > (self._feeds + 1) * LINE_BYTES + CHUNK_BYTES:
            raise BadBody(f"the body has lines of more than {LINE_BYTES} bytes")
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
            raise BadBody(f"the body has other columns than asked for: {line[:200]!r} instead of {expected[:200]!r}")

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
        if not self._ends == self._feeds == self._returns or self._separators != self._ends * (len(self.header) - 1):
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
    rows = [tuple(line.split(";")) for line in body.decode("utf-8-sig").removesuffix("\r\n").split("\r\n")]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise BadBody(f"the body is garbled: line {number} has {len(row)} cells, the header {len(rows[0])}")
    if rows[0][-1] != "INDHOLD":
        raise BadBody(f"the last column is {rows[0][-1]!r}, not INDHOLD")
    return rows[0], rows[1:]


def parse_jsonstat(body: bytes) -> JsonStat:
    """Parse a small JSON-stat 1.x body.

    Raises:
        BadBody: not JSON, not JSON-stat, with another number of values than its dimensions say, or with one that is
            no number.
        ProviderError: an error body.
    """
    own = parse_error(body)
    if own:
        raise ProviderError(f"The provider answered with an error: {own}")
    try:
        dataset = read_json(body)["dataset"]
        dimension, values, updated = dataset["dimension"], dataset["value"], dataset["updated"]
        ids, sizes = dimension["id"], dimension["size"]
        if not all(isinstance(item, list) for item in (ids, sizes, values)) or not isinstance(updated, str):
            raise TypeError("id, size and value are lists, updated is text")
        codes = {name: _codes(dimension[name]["category"]["index"]) for name in ids}
    except (NotJson, KeyError, TypeError) as error:
        raise BadBody(f"the body is not JSON-stat: {type(error).__name__} {error}", body) from None
    if not all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        raise BadBody("the JSON-stat body has a value that is no number", body)
    if [len(item) for item in codes.values()] != sizes or len(values) != prod(sizes) or len(codes) != len(ids):
        raise BadBody("the JSON-stat body has another number of values than its dimensions say", body)
    return JsonStat(codes, tuple(values), updated)


def _codes(index: object) -> tuple[str, ...]:
    """The codes of a dimension in order, each place once."""
    if isinstance(index, dict):
        places = {place: code for code, place in index.items() if type(place) is int}
        if sorted(places) != list(range(len(index))):
            raise TypeError("an index that does not count from 0")
        return tuple(places[place] for place in range(len(index)))
    if not isinstance(index, list) or not all(isinstance(code, str) for code in index) or len({*index}) != len(index):
        raise TypeError("an index that is no list of codes")
    return tuple(index)
