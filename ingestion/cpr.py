"""What looks like a CPR number (the Danish personal number). Whoever finds one names the place, never the value."""

from __future__ import annotations

import re

_DASH = "[-\u2010\u2011\u2012\u2013]?"
# Six digits and four as a whole token. A hyphen or underscore beside it does not hide it ("answers-0101901234.csv").
CPR = re.compile(rf"(?<![^\W_])\d{{6}}{_DASH}\d{{4}}(?![^\W_])")
# The same behind up to three letters ("id0101901234"), or with a space, where the first digits are a day and month.
_DAY_AND_MONTH = r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])"
_LETTERS = r"[^\W\d_]{0,3}"
_DATED = re.compile(rf"(?<![^\W_]){_LETTERS}{_DAY_AND_MONTH}\d\d(?: |{_DASH})\d{{4}}{_LETTERS}(?![^\W_])")


def looks_like_cpr(text: str) -> bool:
    """Whether a cell, a name or a message holds what looks like a CPR number."""
    return bool(CPR.search(text) or _DATED.search(text))


def cpr_position(text: str) -> int | None:
    """Where the first such value begins in a longer text; None where there is none."""
    starts = [found.start() for found in (CPR.search(text), _DATED.search(text)) if found]
    return min(starts, default=None)
