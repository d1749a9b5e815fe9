"""Danish texts of statistics: numbers as they are written, and areas and names as they are spelt.

A number is read by the declared kind of its measure, never by its looks: "2.351" is two thousand as a count, and
"2,351" a little over two as a decimal. What does not fit the kind is refused, not mended.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from warehouse.seeds import seed

Kind = Literal["integer", "decimal", "percent"]

DIGITS, LARGEST = 18, 10**18 - 1  # what fits a BIGINT
_WHOLE = r"-?(?:\d{1,3}(?:\.\d{3})+|\d+)"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "integer": re.compile(_WHOLE, re.ASCII),
    "decimal": re.compile(_WHOLE + r"(?:,\d+)?", re.ASCII),
    "percent": re.compile(_WHOLE + r"(?:,\d+)?(?:\s?%)?", re.ASCII),
}


def number(value: object, kind: Kind) -> int | float | None:
    """A published number: an ``integer`` as int, ``decimal`` and ``percent`` (in per cent) as float.

    None and blank text are missing. A JSON number is taken as it is; an integer must be whole.

    Raises:
        ValueError: quoting what is no number of that kind.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no {kind}")
    if isinstance(value, str):
        return _from_text(value, kind)
    if abs(value) > LARGEST or not math.isfinite(value):
        raise ValueError(f"{value!r} is no {kind}")
    if kind == "integer":
        if value != int(value):
            raise ValueError(f"{value!r} is no integer")
        return int(value)
    return float(value)


def _from_text(text: str, kind: Kind) -> int | float | None:
    cleaned = text.replace("\u00a0", " ").strip()
    if not cleaned:
        return None
    if not _PATTERNS[kind].fullmatch(cleaned):
        raise ValueError(f"{text!r} is no {kind} in Danish format")
    plain = cleaned.rstrip("% ").replace(".", "").replace(",", ".")
    if len(plain) > DIGITS:
        raise ValueError(f"{text!r} has more than {DIGITS} digits")
    return int(plain) if kind == "integer" else float(plain)


@lru_cache
def area_names() -> dict[str, str]:
    """Danish area name → area code, of the country, the regions and the municipalities."""
    wanted = {"country", "region", "municipality"}
    return {row["name_da"]: row["area_code"] for row in seed("areas") if row["level"] in wanted}


@lru_cache
def _folded() -> dict[str, str]:
    return {name.casefold(): code for name, code in area_names().items()}


def area_code(name: str) -> str | None:
    """The code of an area by its Danish name; None where the seed does not know the name.

    Names are compared whole: no final s is cut (Assens, Randers), no "Kommune" is taken off.
    """
    return _folded().get(name.strip().casefold())


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names nearest to one that is not known, at most three, best first; else the first three."""
    names: Sequence[str] = list(known)
    lower = {item.casefold(): item for item in names}
    close = difflib.get_close_matches(name.casefold(), list(lower), n=3, cutoff=0.4)
    return [lower[item] for item in close] or list(names[:3])
