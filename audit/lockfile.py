"""A hashed requirements file, read strictly: pinned versions and sha256 hashes, no addresses, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[a-z0-9,_-]+\])?==(?P<version>[A-Za-z0-9.!+]+)( ; (?P<marker>.+))?"
)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """One locked package; ``marker`` says for which Python and platform, '' for all."""

    name: str
    version: str
    marker: str = ""

    @property
    def wanted_here(self) -> bool:
        """Whether it is for this interpreter and platform."""
        return not self.marker or Marker(self.marker).evaluate()


def read(path: Path) -> tuple[list[Pin], list[str]]:
    """The pins of a lock file, and what is wrong with it, each with its line."""
    pins: list[Pin] = []
    problems: list[str] = []
    seen: set[tuple[str, str]] = set()
    for number, entry in _entries(path.read_text(encoding="utf-8")):
        head, *hashes = (part.strip() for part in re.split(r"\s(?=--)", entry))
        found = _PIN.fullmatch(head)
        if not found:
            problems.append(f"{path.name}, line {number}: not a pinned package: {head[:80]!r}")
            continue
        pin = Pin(canonicalize_name(found["name"]), found["version"], found["marker"] or "")
        if not hashes or not all(_HASH.fullmatch(item) for item in hashes):
            problems.append(f"{path.name}, line {number}: {pin.name} has no sha256 hash, or something else beside it")
        if (pin.name, pin.marker) in seen:
            problems.append(f"{path.name}, line {number}: {pin.name} is locked twice")
        seen.add((pin.name, pin.marker))
        pins.append(pin)
    if not pins:
        problems.append(f"{path.name}: it locks nothing")
    return pins, problems


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """The logical lines, joined where they are continued, without comments."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not joined and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first = first or number
        joined += line.removesuffix("\\").rstrip() + " "
        if not line.endswith("\\"):
            yield first, joined.strip()
            joined, first = "", 0
    if joined:
        yield first, joined.strip()
