"""Promise: a release is rebuilt when anything that its marts are a function of has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse import disclosure
from warehouse.db import writer
from warehouse.release import inputs
from warehouse.settings import Settings


def test_the_rules_of_disclosure_control_are_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", _env_file=None)
    with writer(settings, "test") as connection:
        before = inputs(connection, settings)
        assert inputs(connection, settings) == before
        changed = tmp_path / "disclosure.py"
        changed.write_text("# another rule\n")
        monkeypatch.setattr(disclosure, "__file__", str(changed))
        assert inputs(connection, settings) != before
