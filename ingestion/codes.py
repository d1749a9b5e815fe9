"""From published codes to the codes of our code maps: one code at a time, and never a guess.

The wording of an origin code is part of it; of other codes it is compared by meaning alone (see ``CodeMap``).
A code is taken if the map has it, or if it differs from a code of the map in leading zeros alone and carries
the same published text. A country of origin may also be known by its published name. Everything else is a
:class:`Problem`, which names the code, the text, the nearest names and the file to edit. Which codes are
*asked for* is ``selection``'s.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from warehouse.records import Record, Variable
from warehouse.seeds import seed

COUNTRY_TOTAL = "0000"
NEAREST = 3
SAME_WORDS = 0.85
_PUNCTUATION = re.compile(r'[.,;:*()\[\]"]')
TOTALS = {"i alt", "alle", "total", "uoplyst"}


@dataclass(frozen=True)
class Known:
    """A code of a code map; ``text`` is compared where it is not None, ``names`` are for leading zeros and
    hints."""

    code: str
    text: str | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A published code that the code map does not take."""

    code: str
    text: str
    why: str


@dataclass(frozen=True)
class CodeMap:
    """The codes of one variable that we know, and the file that says so."""

    known: Mapping[str, Known]
    file: str
    pattern: re.Pattern[str] | None = None
    exact: bool = True

    def canonical(self, code: str, text: str) -> str | Problem:
        """Our code for a published one, or what is wrong with it."""
        code = unicodedata.normalize("NFC", code)
        entry = self.known.get(code)
        if entry is not None:
            if self._means_another(entry, text):
                return Problem(code, text, f"its text has changed: {entry.text!r} was known")
            return entry.code
        if self.pattern and self.pattern.fullmatch(code):
            return code
        for other in self.known.values():
            same_text = fold(text) in {fold(name) for name in (other.text, *other.names) if name}
            if same_text and _bare(other.code) == _bare(code):
                return other.code
        return Problem(code, text, "the code map does not know it" + self.hint(code, text))

    def _means_another(self, entry: Known, text: str) -> bool:
        """Whether a known code's text has changed.

        Where wordings are not confirmed (``exact`` is false), the code before the text is passed over, and other words
        are no change unless they are those of another code or of a total.
        """
        if entry.text is None or fold(entry.text) == fold(text):
            return False
        if self.exact:
            return True
        said, own = (_without_code(value, entry.code) for value in (text, entry.text))
        if said == own:
            return False
        others = [_without_code(k.text, k.code) for k in self.known.values() if k is not entry and k.text]
        return bool(self.pattern) or said in TOTALS or bool(difflib.get_close_matches(said, others, 1, SAME_WORDS))

    def hint(self, code: str, text: str) -> str:
        """The nearest known names, as an addition to a sentence."""
        names = {name: f"{k.code} {name}" for k in self.known.values() for name in (k.text, *k.names) if name}
        return nearest(text, names) or nearest(code, {key: key for key in self.known})


@dataclass(frozen=True)
class Countries:
    """The classification of countries of origin: by code first, by published name second."""

    by_code: Mapping[str, str]
    by_name: Mapping[str, frozenset[str]]
    origins: Mapping[str, str]
    total: CodeMap
    file: str = "dbt_project/seeds/country_origin_classification.csv"

    def canonical(self, code: str, text: str) -> str | Problem:
        """The country id of a published code, or what is wrong with it."""
        if _bare(code) == "":
            return self.total.canonical(code, text)
        named = self.by_name.get(bare_name(text), frozenset())
        country = self.by_code.get(code)
        if country is None:
            if len(named) == 1:
                return next(iter(named))
            if named:
                return Problem(code, text, f"its name belongs to several countries: {', '.join(sorted(named))}")
            return Problem(code, text, "known neither by code nor by name" + self._hint(text))
        foreign = {other for other in named if self.origins[other] != self.origins[country]}
        if named and country not in named and foreign:
            other = sorted(foreign)[0]
            why = f"code and name clash: the code is {country} ({self.origins[country]}), the name is {other}"
            return Problem(code, text, f"{why} ({self.origins[other]})")
        return country

    def _hint(self, text: str) -> str:
        return nearest(bare_name(text), {name: name for name in self.by_name})


def fold(text: str) -> str:
    """A text as it is compared: NFC, white space collapsed, letter case aside."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def bare_name(text: str) -> str:
    """The name of a country as it is compared: as :func:`fold`, without the punctuation that spellings differ in."""
    return " ".join(_PUNCTUATION.sub(" ", fold(text)).split()).strip(" '-")


def _without_code(text: str, code: str) -> str:
    return fold(text).removeprefix(fold(code)).strip()


def nearest(text: str, names: Mapping[str, str]) -> str:
    """``; nearest: …`` out of names (compared → shown), or ''."""
    folded = {fold(name): shown for name, shown in names.items()}
    close = difflib.get_close_matches(fold(text), list(folded), n=NEAREST, cutoff=0.6)
    return f"; nearest: {', '.join(folded[name] for name in close)}" if close else ""


def code_map(record: Record, variable: Variable) -> CodeMap | Countries:
    """The code map of a variable, out of the seeds or the record."""
    if variable.code_map == "origin_codes":
        return CodeMap(_origin_codes(str(record.table), variable.code), "dbt_project/seeds/origin_codes.csv")
    if variable.code_map == "areas":
        rows = seed("areas")
        known = {code: Known(code, text) for code, text in variable.codes.items()}
        known |= {r["area_code"]: Known(r["area_code"], None, (r["name_da"], r["name_en"])) for r in rows}
        return CodeMap(known, "dbt_project/seeds/areas.csv")
    if variable.code_map == "countries":
        total = CodeMap(_origin_codes(str(record.table), variable.code), "dbt_project/seeds/origin_codes.csv")
        return countries(total)
    file = f"ingestion/catalogue/{record.dataset}.yml"
    listed = {code: Known(code, text) for code, text in variable.codes.items()}
    return CodeMap(listed, file, re.compile(variable.pattern) if variable.pattern else None, exact=False)


def countries(total: CodeMap) -> Countries:
    """The classification of countries, out of its seed."""
    by_code, by_name, origins = _classification()
    return Countries(by_code, by_name, origins, total)


@lru_cache
def _classification() -> tuple[dict[str, str], dict[str, frozenset[str]], dict[str, str]]:
    by_code: dict[str, str] = {}
    by_name: dict[str, set[str]] = {}
    origins: dict[str, str] = {}
    for row in seed("country_origin_classification"):
        country = row["country_id"]
        origins[country] = row["origin"]
        for code in _parts(row["code"]):
            by_code[code] = country
        for name in (row["name_da"], row["name_en"], *_parts(row["aliases"])):
            if bare_name(name):
                by_name.setdefault(bare_name(name), set()).add(country)
    return by_code, {name: frozenset(ids) for name, ids in by_name.items()}, origins


def _origin_codes(table: str, variable: str) -> dict[str, Known]:
    rows = [r for r in seed("origin_codes") if r["table_id"] == table and fold(r["variable"]) == fold(variable)]
    return {row["code"]: Known(row["code"], row["text_da"]) for row in rows}


def _parts(text: str) -> Iterable[str]:
    return (part.strip() for part in text.split("|") if part.strip())


def _bare(code: str) -> str:
    return code.lstrip("0")
