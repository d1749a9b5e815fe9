"""JSON from outside, read as the standard has it and no looser.

Python's reader takes a key twice (the last one wins), NaN and Infinity, numbers too large to be told apart, and halves
of surrogate pairs that nobody can write down again; and it ends deep nesting with a RecursionError. Here each of them
is an error of one kind. What a document means is the caller's business.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 64
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """A body that is not JSON; ``line`` and ``column`` where the reader stopped, 0 where that is not known."""

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.line = line
        self.column = column


def read_json(body: bytes) -> Any:
    """A document in UTF-8, with or without a byte order mark.

    Raises:
        NotJson: not UTF-8, not JSON, nested too deep, a key twice in one object, a number out of range, or text that
            holds a NUL or cannot be encoded.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotJson("it is not UTF-8", body.count(b"\n", 0, error.start) + 1) from None
    try:
        document = json.loads(
            text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant, parse_float=_within_range
        )
        if "\\u0000" in text:
            raise ValueError("a NUL in a text")
        if _HALF.search(text):
            json.dumps(document, ensure_ascii=False).encode()
        _not_too_deep(document)
    except json.JSONDecodeError as error:
        raise NotJson(f"it is not JSON ({error.msg})", error.lineno, error.colno) from None
    except UnicodeEncodeError:
        raise NotJson("it is not JSON as it should be (half of a surrogate pair)") from None
    except RecursionError:
        raise NotJson("it is not JSON as it should be (nested deeper than this reader can follow)") from None
    except ValueError as error:
        raise NotJson(f"it is not JSON as it should be ({error})") from None
    return document


def _not_too_deep(document: Any) -> None:
    """Level by level, so that nobody after this meets the end of the stack."""
    level = [document]
    for _ in range(DEEPEST):
        below = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in below for item in items if isinstance(item, dict | list)]
        if not level:
            return
    raise ValueError(f"nested deeper than {DEEPEST} levels")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _within_range(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number out of range")
    return number
