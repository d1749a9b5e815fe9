"""Figures and sentences: every number on a page remembers which cell of which mart it is.

A :class:`Figure` shows a rounded number and carries the unrounded one, its mart, key and column as ``data-``
attributes, so that a page can be read back and compared with the release. A :class:`Sentence` is a text with figures
in it: ``str()`` gives the plain text, a template gives the marked one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from markupsafe import Markup, escape

Language = Literal["da", "en"]
Shown = Literal["plain", "abs", "ceil"]

LANGUAGES: tuple[Language, ...] = ("da", "en")
MINUS = "\N{MINUS SIGN}"
KEYS = {
    "gaps": (
        *("indicator_id", "municipality_code", "period", "sex", "age_group", "subarea_code"),
        *("target_group", "reference_group"),
    ),
    "peer_comparison": (
        *("indicator_id", "municipality_code", "period", "sex", "age_group"),
        *("target_group", "reference_group"),
    ),
    "gap_decomposition": (
        *("indicator_id", "municipality_code", "period", "sex", "age_group"),
        *("target_group", "reference_group"),
    ),
    "target_progress": ("indicator_id", "municipality_code", "sex", "age_group", "target_group", "reference_group"),
    "target_group_table": ("municipality_code", "quarter", "origin"),
    "unknown_shares": (
        *("indicator_id", "municipality_code", "period", "sex", "age_group"),
        *("group_id", "unknown_of"),
    ),
    "loads": ("load_id",),
    "revisions": ("object_name", "key", "period", "new_load_id"),
}


def number(value: float, decimals: int, language: Language) -> str:
    """A number as people write it: ``12.345,6`` in Danish, ``12,345.6`` in English; rounded half to even, no ``-0``."""
    text = f"{value:,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("-")
    if language == "da":
        text = text.translate(str.maketrans(",.", ".,"))
    return text.replace("-", MINUS)


@dataclass(frozen=True)
class Figure:
    """One published number.

    Attributes:
        value: unrounded, as in the mart.
        shown: ``plain``; ``abs`` where words tell the direction; ``ceil`` for whole persons, rounded up.
    """

    value: float
    language: Language
    decimals: int = 1
    shown: Shown = "plain"
    mart: str = ""
    key: str = ""
    column: str = ""

    def __str__(self) -> str:
        value = self.value
        if self.shown == "abs":
            value = abs(value)
        elif self.shown == "ceil":
            value = math.ceil(value)
        return number(value, self.decimals, self.language)

    def __html__(self) -> Markup:
        facts = {
            "mart": self.mart,
            "column": self.column,
            "value": repr(self.value),
            "decimals": str(self.decimals),
            "shown": self.shown,
        }
        key = self.key.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
        attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in facts.items())
        return Markup(  # noqa: S704 - every part is escaped; the key's quotes stay, for it is a third of the page
            f"<span class=\"n\" data-key='{key}'{attributes}>{escape(str(self))}</span>"
        )


@dataclass(frozen=True)
class Row:
    """One row of a mart."""

    mart: str
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    @property
    def key(self) -> str:
        """The row's key as JSON, its columns in a fixed order."""
        facts = {column: _plain(self.values[column]) for column in KEYS[self.mart]}
        return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))

    def figure(self, column: str, language: Language, decimals: int = 1, shown: Shown = "plain") -> Figure | None:
        """The number of a column; None where the mart has none."""
        value = self.values[column]
        if value is None:
            return None
        return Figure(value, language, decimals, shown, self.mart, self.key, column)


@dataclass(frozen=True)
class Sentence:
    """A text with ``{name}`` places for figures, texts and other sentences."""

    template: str
    parts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.parts)

    def __html__(self) -> Markup:
        return escape(self.template).format(**self.parts)

    def __bool__(self) -> bool:
        return bool(self.template)


def say(template: str, **parts: object) -> Sentence:
    """A sentence; see :class:`Sentence`."""
    return Sentence(template, parts)


def join(*sentences: Sentence) -> Sentence:
    """Sentences after one another; empty ones are left out."""
    kept = [sentence for sentence in sentences if sentence]
    names = [f"s{place}" for place in range(len(kept))]
    return Sentence(" ".join(f"{{{name}}}" for name in names), dict(zip(names, kept, strict=True)))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
