"""Promise: every claim of docs/threat_model.md names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def unknown(page: str) -> list[str]:
    """The tests that a page names and that are not there."""
    return [
        f"{file}::{name}"
        for file, name in NAMED.findall(page)
        if not (ROOT / file).is_file() or f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]


def test_every_claim_has_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "threat_model.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| who |", "| --- |"))]
    assert len(rows) >= 15 and all(NAMED.search(row) for row in rows)
    assert unknown(page) == []
    assert unknown("`tests/security/test_nothing.py::test_x` `tests/conftest.py::test_x`") != []
