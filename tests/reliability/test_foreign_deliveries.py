"""Promise: whole folders as the providers publish them are taken; a wrong home or municipality is a setting's error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion import pipeline
from ingestion.valg_dk_json import parse_file
from ingestion.valgdatabase import parse
from warehouse.errors import SettingsError
from warehouse.settings import Settings, read_settings, writable_home

HEAD = {
    "Valgart": "Folketingsvalg",
    "Valgdag": "24-03-2026",
    "FrigivelsesTidspunktUTC": "24-03-2026 19:17:11",
    "Kommune": "København",
    "Kommunekode": 101,
}
AREA = {"Afstemningsområde": "A", "AfstemningsområdeDagiId": "700001", "AfstemningsområdeNummer": 1}
COUNTS = {"Resultatart": "Fintælling", "AfgivneStemmer": 400, "AntalStemmeberettigedeVælgere": 500}


def _bytes(*parts: dict[str, Any]) -> bytes:
    return json.dumps({k: v for part in parts for k, v in part.items()}, ensure_ascii=False).encode()


def test_results_of_a_whole_municipality_are_passed_over() -> None:
    assert parse_file(_bytes(HEAD, COUNTS), "k.json") is None


def test_codes_may_be_numbers_or_texts() -> None:
    row = parse_file(_bytes(HEAD, AREA, COUNTS, {"Kommunekode": "101", "AfstemningsområdeDagiId": 700001}), "a.json")
    assert row is not None
    assert (row["municipality_code"], row["area_id"]) == ("101", "700001")


def test_folders_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for name in ("valgresultater", "partistemmefordeling", "mandatfordeling", "kandidat-data", "geografi"):
        folder = settings.inbox_folder / "valg_dk" / "folketingsvalg-135-24-03-2026" / name
        folder.mkdir(parents=True)
        (folder / "a.json").write_bytes(_bytes(HEAD, AREA, COUNTS) if name == "valgresultater" else b'{"Andet": 1}')
    assert pipeline.changed("valg_dk", settings)


def test_votes_and_elections_of_the_database_are_passed_over() -> None:
    votes = '"ValgstedId";"KV2021 - Stemmeberettigede";"KV2021 - A. Socialdemokratiet"\r\n151001;4000;-\r\n'
    assert parse(votes.encode(), "ValgData.csv").columns == ()
    assert parse(b"Valgdag;ValgId\r\n16-11-2021;KV2021\r\n", "Valg.csv").columns == ()


def test_a_home_that_cannot_be_written_to_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="WAREHOUSE_HOME"):
        writable_home(Settings(home=tmp_path / "file"))


@pytest.mark.parametrize("wrong", [{"focus_municipality": "152"}, {"municipalities": "151,888"}])
def test_a_municipality_that_does_not_exist_is_a_wrong_setting(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="names no municipality"):
        read_settings(**wrong)
