"""The advisory snapshot: what was publicly known against the locked versions on the day it was taken.

``check`` needs no network and no clock. ``refresh`` asks OSV (https://osv.dev) for the locked versions alone, and pip
which of them were yanked. A snapshot says what it was asked about: a version that it was not asked about is reported,
so that a new lock without a new snapshot does not pass in silence.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from audit.lockfile import Pin

OSV = "https://api.osv.dev/v1"
SECONDS = 60
BATCH = 500


def check(pins: Iterable[Pin], snapshot: Mapping[str, Any], accepted: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is known against the pins, and which pins the snapshot was not asked about."""
    known: list[str] = []
    unasked: list[str] = []
    asked = set(snapshot["asked"])
    for pin in pins:
        if f"{pin.name}=={pin.version}" not in asked:
            unasked.append(f"{pin.name} {pin.version}")
        if pin.version in snapshot["yanked"].get(pin.name, ()):
            known.append(f"{pin.name} {pin.version} was yanked by its publisher")
        for advisory in snapshot["advisories"]:
            if advisory["package"] == pin.name and advisory["id"] not in accepted and _affects(advisory, pin.version):
                known.append(f"{pin.name} {pin.version}: {advisory['id']}, {advisory['summary']}")
    return known, unasked


def refresh(pins: Iterable[Pin], locks: Iterable[Path], today: date, root: str = OSV) -> dict[str, Any]:
    """A new snapshot, from the network.

    Raises:
        OSError: no answer.
    """
    wanted = sorted({(pin.name, pin.version) for pin in pins})
    advisories: list[dict[str, Any]] = []
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        queries = [{"package": {"name": n, "ecosystem": "PyPI"}, "version": v} for n, v in batch]
        answer = _ask(f"{root}/querybatch", {"queries": queries})
        for (name, _), result in zip(batch, answer["results"], strict=True):
            for item in result.get("vulns", ()):
                advisories.append(_plain(name, _ask(f"{root}/vulns/{item['id']}")))
    yanked: dict[str, list[str]] = {}
    for lock in locks:
        for name, version in _yanked(lock):
            yanked.setdefault(name, []).append(version)
    return {
        "source": root,
        "taken": today.isoformat(),
        "asked": [f"{name}=={version}" for name, version in wanted],
        "advisories": sorted(advisories, key=lambda item: (item["package"], item["id"])),
        "yanked": yanked,
    }


def _affects(advisory: Mapping[str, Any], version: str) -> bool:
    if version in advisory.get("versions", ()):
        return True
    try:
        own = Version(version)
        return any(_within(own, one) for one in advisory.get("ranges", ()))
    except InvalidVersion:
        return True  # what cannot be compared is looked at by a person


def _within(own: Version, one: Mapping[str, str]) -> bool:
    begins = one.get("introduced", "0")
    started = begins == "0" or own >= Version(begins)
    if "fixed" in one:
        return started and own < Version(one["fixed"])
    return started and ("last_affected" not in one or own <= Version(one["last_affected"]))


def _plain(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an advisory in OSV's schema, for one package."""
    ranges: list[dict[str, str]] = []
    versions: set[str] = set()
    for affected in document.get("affected", ()):
        if affected.get("package", {}).get("name", "").lower().replace("_", "-") != name:
            continue
        versions |= set(affected.get("versions", ()))
        for span in affected.get("ranges", ()):
            if span.get("type") == "ECOSYSTEM":
                ranges += _spans(span["events"])
    summary = " ".join(str(document.get("summary") or document.get("details", "")).split())[:200]
    return {"id": document["id"], "package": name, "summary": summary, "ranges": ranges, "versions": sorted(versions)}


def _spans(events: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    spans: list[dict[str, str]] = []
    for event in events:
        if "introduced" in event:
            spans.append({"introduced": event["introduced"]})
        elif spans:
            spans[-1] |= {key: event[key] for key in ("fixed", "last_affected") if key in event}
    return spans


def _ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310  OSV, or a test's
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return json.load(answer)


def _yanked(lock: Path) -> list[tuple[str, str]]:
    """What pip says was yanked, of a lock for this platform; nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = [
            "--quiet",
            "--dry-run",
            "--ignore-installed",
            "--no-deps",
            "--require-hashes",
            "--report",
            str(report),
        ]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, "-r", str(lock)], check=True)
        items = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [
        (i["metadata"]["name"].lower().replace("_", "-"), i["metadata"]["version"]) for i in items if i.get("is_yanked")
    ]
