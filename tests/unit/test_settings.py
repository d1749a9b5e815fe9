"""Settings are read and checked in one place; wrong ones are named together with what they may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.errors import SettingsError
from warehouse.settings import read_settings


def _read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **variables: str):
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WAREHOUSE_FOCUS_MUNICIPALITY", "Ballerup", "three-digit"),
        ("WAREHOUSE_FOCUS_MUNICIPALITY", "0151", "three-digit"),
        ("WAREHOUSE_MUNICIPALITIES", "151,Herlev", "Herlev"),
        ("WAREHOUSE_FROM_YEAR", "soon", "WAREHOUSE_FROM_YEAR"),
        ("WAREHOUSE_STATBANK_URL", "ftp://x", "web address"),
        ("WAREHOUSE_SMALL_CELL", "0", "WAREHOUSE_SMALL_CELL"),
    ],
)
def test_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, told: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        _read(monkeypatch, tmp_path, **{name: value})
    assert name in caught.value.block()
    assert told in caught.value.block()


def test_defaults_are_those_of_the_contract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _read(monkeypatch, tmp_path)
    assert settings.focus_municipality == "151"
    assert settings.municipalities == "all"
    assert settings.from_year == 2008
    assert settings.small_cell == 5
    assert settings.statbank_url == "https://api.statbank.dk/v1"
    assert settings.elections_url == "https://www.dst.dk/valg"
    assert settings.root == tmp_path / "var"
    assert settings.inbox_folder == tmp_path / "var" / "inbox"


def test_dot_env_is_read_and_the_environment_goes_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WAREHOUSE_FROM_YEAR=2015\nWAREHOUSE_SMALL_CELL=7\nOTHER=1\n")
    settings = _read(monkeypatch, tmp_path, WAREHOUSE_SMALL_CELL="9")
    assert (settings.from_year, settings.small_cell) == (2015, 9)


def test_secrets_do_not_print(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _read(monkeypatch, tmp_path, WAREHOUSE_EDUCATION_TOKEN="very-secret")
    assert "very-secret" not in repr(settings) + str(settings.model_dump())
    assert settings.education_token is not None


def test_a_list_of_municipalities(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _read(monkeypatch, tmp_path, WAREHOUSE_MUNICIPALITIES="153, 151,153")
    assert settings.municipalities == ("153", "151")
    assert settings.takes_municipality("151")
    assert not settings.takes_municipality("101")
