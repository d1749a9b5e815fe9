"""Whole bodies to start from: what the sample providers write, and what was really published where it lies at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from house import REAL

from sample_providers import elections, inbox
from sample_providers.http import Request
from sample_providers.server import Providers

LARGEST_REAL = 1 << 16


@cache
def providers() -> Providers:
    """The sample providers, without a socket."""
    return Providers(None, None)


def statbank(table: str, form: str, **values: list[str]) -> tuple[dict[str, Any], bytes]:
    """A request for a few codes of a table, and the answer to it."""
    request = {
        "table": table,
        "format": form,
        "lang": "da",
        "valuePresentation": "Code",
        "variables": [{"code": code, "values": chosen} for code, chosen in values.items()],
    }
    return request, _answer("POST", "/v1/data", json.dumps(request).encode())


def tableinfo(table: str) -> bytes:
    """What StatBank says of a table."""
    return _answer("GET", "/v1/tableinfo", query={"id": table, "lang": "da", "format": "JSON"})


def election_files() -> tuple[list[bytes], list[bytes]]:
    """Indexes, and results of places."""
    found = elections.files()
    indexes = [body for path, body in found.items() if path.endswith("/fintal.xml")]
    results = [body for path, body in found.items() if not path.endswith("/fintal.xml")][:6]
    return indexes + real("elections/fv2022/fintal.xml", 1 << 19), results + real("elections/fv2022/fintal_19*.xml")


@cache
def delivered() -> dict[str, bytes]:
    """The files of the sample inbox by their place in it."""
    folder = Path("inbox")
    made: dict[str, bytes] = {}
    for place, text in inbox._files():
        made[f"valg_dk/{place}"] = text.encode()
    areas = [(code, n, e, p) for code, (_, places) in inbox._AREAS.items() for _, n, _, e, p in places]
    made |= dict(inbox.background.files(areas))
    made |= dict(inbox.delivered.files())
    return {str((folder / place).relative_to(folder)): body for place, body in made.items()}


def kind(name: str, most: int = 4) -> list[bytes]:
    """The sample files of a kind of the inbox."""
    return [body for place, body in sorted(delivered().items()) if place.startswith(f"{name}/")][:most]


def first_lines(body: bytes, lines: int) -> bytes:
    """The head of a delimited body, whole lines of it."""
    return b"".join(body.splitlines(keepends=True)[:lines])


def first_cells(body: bytes, cells: int, lines: int) -> bytes:
    """The head of a wide delimited body whose cells hold no comma."""
    return b"\r\n".join(b",".join(line.split(b",")[:cells]) for line in body.splitlines()[:lines])


def education(path: str, document: dict[str, Any]) -> Any:
    """The answer of the education ministry's API."""
    return json.loads(providers().education.answer(_tokened("POST", json.dumps(document).encode()), path).whole())


def jobindsats(path: str, query: dict[str, str]) -> bytes:
    """The answer of Jobindsats."""
    return providers().jobindsats.answer(_tokened("GET", b"", query), path).whole()


def real(pattern: str, largest: int = LARGEST_REAL) -> list[bytes]:
    """Published files, where they lie at hand; at most four of a pattern."""
    found = sorted(REAL.glob(pattern)) if REAL.is_dir() else []
    return [path.read_bytes() for path in found if path.stat().st_size <= largest][:4]


def _answer(method: str, path: str, body: bytes = b"", query: dict[str, str] | None = None) -> bytes:
    answer = providers().handle(Request(method, path, query or {}, body))
    assert answer.status == 200, answer.whole()
    return answer.whole()


def _tokened(method: str, body: bytes, query: dict[str, str] | None = None) -> Request:
    return Request(method, "", query or {}, body, headers={"authorization": "Bearer sample-token"})
