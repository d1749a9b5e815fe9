"""Promise: the plain SQL that the benchmark of the validation stands beside makes the same checks, and can fail.

Here a few poisons; ``python -m benchmarks validation`` tries one for each check before it measures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import plain_checks, validation_poisons

FEW = ("regions_equal_country", "coverage_not_shrunk, a large figure")


def test_a_plain_check_that_passes_everything_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plain_checks._CHECKS, "regions_equal_country", "select 0")
    with pytest.raises(RuntimeError, match="regions_equal_country: ours and plain SQL differ"):
        validation_poisons.prove(tmp_path / "small", FEW)
    monkeypatch.undo()
    home = tmp_path / "small" / "home"
    for poison in FEW:
        found = validation_poisons.counted(home, poison)
        assert found[poison.partition(",")[0]] > 0


def test_every_check_has_a_poison_of_its_own() -> None:
    meant = {poison.partition(",")[0] for poison in validation_poisons.POISONS}
    assert meant == {*plain_checks._CHECKS, *plain_checks._CONTINUITY}
