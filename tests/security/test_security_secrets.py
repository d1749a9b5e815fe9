"""Promise: a secret comes from the settings alone; it neither prints nor travels in an address that is written down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from ingestion.http import withheld
from warehouse.errors import SettingsError
from warehouse.settings import Settings, read_settings

SECRET = "hush-hush-0123456789"
WORDS = ("token", "dsn", "password", "secret", "webhook")
ADDRESSES = ("statbank_url", "education_url", "jobindsats_url", "elections_url")
ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_that_is_a_secret_does_not_print() -> None:
    secrets = [name for name in Settings.model_fields if any(word in name for word in WORDS)]
    assert len(secrets) >= 4
    for name in secrets:
        assert "SecretStr" in str(Settings.model_fields[name].annotation), name
    values = {name: SecretStr(f"https://x/{SECRET}") for name in secrets}
    settings = Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]
    shown = [str(settings), repr(settings), settings.model_dump_json(), json.dumps(settings.model_dump(), default=str)]
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "address", [f"https://me:{SECRET}@host/v1", f"https://host/v1?key={SECRET}", f"https://host/v1#{SECRET}"]
)
def test_an_address_with_a_secret_in_it_is_refused_and_not_quoted(name: str, address: str) -> None:
    with pytest.raises(SettingsError, match="addresses are logged and published") as caught:
        read_settings(_env_file=None, **{name: address})
    assert SECRET not in caught.value.block()


def test_a_token_that_comes_back_in_an_error_is_withheld() -> None:
    assert SECRET not in withheld(f"CODE: your token {SECRET} is wrong", SecretStr(SECRET))


def test_no_other_file_of_ours_reads_the_environment_for_secrets() -> None:
    for room in ("warehouse", "ingestion", "expectations", "dags"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8").casefold()
            for line in text.splitlines():
                emptied = line.strip().endswith('= ""')
                if ("os.environ" in line or "getenv" in line) and not emptied:
                    assert not [word for word in WORDS if word in line], f"{path.name}: {line.strip()}"
