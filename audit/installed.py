"""What is installed in this environment, held against the lock: versions, and licences that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, distributions

from packaging.utils import canonicalize_name

from audit.lockfile import Pin

OURS = {"integration-gap-warehouse", "pip", "setuptools"}  # the project itself, and what `venv` brings
FREE = re.compile(
    r"\b(mit|apache|bsd|isc|psf|python software foundation|0bsd|zlib|cc0|unlicense|mozilla|mpl)\b", re.IGNORECASE
)
COPYLEFT = re.compile(r"\b[al]?gpl|general public license", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """An installed package and what it says of its licence ('' for nothing)."""

    name: str
    version: str
    licence: str


def installed() -> list[Found]:
    """Every package of this environment."""
    found = []
    for item in distributions():
        facts = item.metadata
        classifiers = [c.split("::")[-1].strip() for c in facts.get_all("Classifier") or [] if c.startswith("License")]
        licence = _stated(facts, "License-Expression") or " OR ".join(classifiers) or _stated(facts, "License")[:80]
        found.append(Found(canonicalize_name(facts["Name"]), item.version, " ".join(licence.split())))
    return found


def _stated(facts: PackageMetadata, name: str) -> str:
    return str((facts.get_all(name) or [""])[0])


def differences(pins: Iterable[Pin], found: Iterable[Found]) -> list[str]:
    """Where the environment is not what the lock says."""
    wanted = {pin.name: pin.version for pin in pins if pin.wanted_here}
    there = {item.name: item.version for item in found}
    missing = [f"{name} {version} is locked and not installed" for name, version in wanted.items() if name not in there]
    other = [
        f"{name} is installed as {there[name]}, locked is {version}"
        for name, version in wanted.items()
        if name in there and there[name] != version
    ]
    more = [f"{name} {there[name]} is installed and not locked" for name in sorted(set(there) - set(wanted) - OURS)]
    return missing + other + more


def unknown_licences(found: Iterable[Found], by_hand: Mapping[str, str]) -> list[str]:
    """Packages whose licence nobody has looked at.

    Free licences without conditions on our own code pass by their name; a copyleft one, or none in the metadata, has
    to stand in ``by_hand`` (package → licence and why it may be used).
    """
    return [
        f"the licence of {item.name} is not known to us: {item.licence or 'none is stated'}"
        for item in found
        if item.name not in OURS | set(by_hand)
        and (COPYLEFT.search(item.licence) or not FREE.search(item.licence.replace("-", " ")))
    ]
