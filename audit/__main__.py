"""``python -m audit`` (part of ``make check``, offline) and ``python -m audit refresh`` (``make audit-refresh``)."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit import advisories, lockfile
from audit.installed import differences, installed, unknown_licences

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OWN = ROOT / "requirements.lock"
SNAPSHOT, BY_HAND = HERE / "advisories.json", HERE / "by_hand.json"


def locks() -> list[Path]:
    """Every lock file of the repository, our own first."""
    others = [ROOT / "compose" / "superset" / "requirements.lock", ROOT / "benchmarks" / "requirements.lock"]
    return [OWN, *(path for path in others if path.exists())]


def audit() -> tuple[list[str], list[str]]:
    """What is wrong, and what should be known."""
    snapshot, by_hand = _read(SNAPSHOT), _read(BY_HAND)
    problems: list[str] = []
    unasked: list[str] = []
    for path in locks():
        pins, wrong = lockfile.read(path)
        known, missing = advisories.check(pins, snapshot, by_hand["accepted_advisories"])
        problems += wrong + [f"{path.parent.name}/{path.name}: {item}" for item in known]
        unasked += missing
        if path == OWN:
            found = installed()
            problems += differences(pins, found) + unknown_licences(found, by_hand["licences"])
    notes = [f"advisories of {snapshot['taken']} from {snapshot['source']}, {len(snapshot['advisories'])} of them"]
    if unasked:
        some = ", ".join(unasked[:3]) + (" …" if len(unasked) > 3 else "")
        notes.append(f"{len(unasked)} locked versions were not asked about ({some}): run `make audit-refresh`")
    return problems, notes


def refresh() -> None:
    """Take a new snapshot from the network."""
    pins = [pin for path in locks() for pin in lockfile.read(path)[0]]
    taken = advisories.refresh(pins, [OWN], datetime.now(UTC).date())
    SNAPSHOT.write_text(json.dumps(taken, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Audit, or refresh and audit; 1 where something is wrong."""
    if arguments == ["refresh"]:
        refresh()
    elif arguments:
        print("usage: python -m audit [refresh]", file=sys.stderr)
        return 2
    problems, notes = audit()
    print("\n".join([*problems, *notes]))
    return 1 if problems else 0


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
