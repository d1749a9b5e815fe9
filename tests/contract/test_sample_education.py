"""Promise: the sample APIs with a token are as strict as the real ones are known to be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sample_providers import Running, start
from sample_providers.tokens import TOKEN

CUBE = {"område": "GS", "emne": "KARA", "underemne": "KARADM"}
PERIOD, HOME, GROUP = "[Skoleår].[Skoleår]", "[Bopælskommune].[Bopælskommune]", "[Herkomst].[Herkomstgruppe]"
SHARE, PUPILS = "Andel elever med mindst 2 i dansk og matematik", "Antal elever med prøver i dansk og matematik"
QUERY = {
    **CUBE,
    "nøgletal": [SHARE, PUPILS],
    "detaljering": [PERIOD, HOME, GROUP],
    "filtre": {PERIOD: ["2023/2024"]},
    "indlejret": False,
    "tomme_rækker": False,
    "formattering": "json",
    "side": 1,
}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start() as provider:
        yield provider


def post(running: Running, path: str, body: object, token: str | None = f"Bearer {TOKEN}") -> requests.Response:
    headers = {"Authorization": token} if token else {}
    return requests.post(f"{running.education_url}/{path}", json=body, headers=headers, timeout=10)


def get(running: Running, path: str, token: str | None = f"Bearer {TOKEN}", **query: str) -> requests.Response:
    headers = {"Authorization": token} if token else {}
    return requests.get(f"{running.jobindsats_url}/{path}", params=query, headers=headers, timeout=10)


@pytest.mark.parametrize("token", [None, TOKEN, "Bearer another", "bearer " + TOKEN])
def test_without_the_bearer_token_both_refuse(running: Running, token: str | None) -> None:
    assert post(running, "skema", {}, token).status_code == 401
    assert get(running, "tables", token, format="json").status_code == 401


def test_skema_goes_down_to_the_members(running: Running) -> None:
    assert {"ID": "GS", "Name": "Grundskolen"} in post(running, "skema", {}).json()
    assert {entry["ID"] for entry in post(running, "skema", {"område": "GS"}).json()} >= {"KARA", "ELEV"}
    cube = post(running, "skema", CUBE).json()
    assert {"name": GROUP, "count": 4} in cube["detaljer"]
    assert SHARE in cube["nøgletal"]
    assert post(running, "skema", {**CUBE, "detalje": GROUP}).json()[-1] == "<uoplyst>"
    assert post(running, "skema", {**CUBE, "område": "XX"}).status_code == 400


def test_values_are_danish_text_under_doubled_keys(running: Running) -> None:
    rows = post(running, "statistik", QUERY).json()
    first = rows[0]
    assert set(first) == {f"{PERIOD}.[Skoleår]", f"{HOME}.[Bopælskommune]", f"{GROUP}.[Herkomstgruppe]", SHARE, PUPILS}
    assert any("." in row[PUPILS] for row in rows)
    assert all(row[SHARE].endswith(" %") and "," in row[SHARE] for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        {"side_størrelse": 100_001},
        {"nøgletal": ["Noget andet"]},
        {"nøgletal": []},
        {"detaljering": ["[Skoleår].[Andet]"]},
        {"underemne": "KARAGNS"},
        {"indlejret": True},
        {"ekstra": 1},
    ],
)
def test_what_the_cube_does_not_have_is_refused(running: Running, change: dict[str, Any]) -> None:
    assert post(running, "statistik", {**QUERY, **change}).status_code == 400


def test_pages_are_short_and_then_empty(running: Running) -> None:
    whole = post(running, "statistik", QUERY).json()
    paged: list[Any] = []
    for side in range(1, 100):
        page = post(running, "statistik", {**QUERY, "side": side, "side_størrelse": 20}).json()
        paged += page
        if not page:
            break
    assert paged == whole


def test_small_cells_are_left_out_or_blank(running: Running) -> None:
    every = {**QUERY, "filtre": {}, "detaljering": [PERIOD, HOME, "[Herkomst].[Herkomst]", GROUP]}
    left_out = post(running, "statistik", every).json()
    blank = post(running, "statistik", {**every, "tomme_rækker": True}).json()
    hidden = [row for row in blank if row[PUPILS] == ""]
    assert hidden
    assert len(left_out) == len(blank) - len(hidden)
    assert all(row[SHARE] == "" for row in hidden)
    assert not any(row[PUPILS] in {"0", "1", "2"} for row in blank)


def test_jobindsats_answers_start_with_a_bom(running: Running) -> None:
    for path in ("tables", "table/ptv_a02"):
        body = get(running, path, format="json").content
        assert body.startswith(b"\xef\xbb\xbf")
        json.loads(body.decode("utf-8-sig"))


def data(running: Running, **changes: str) -> requests.Response:
    query = {
        "mgroup.*": "*",
        "period.Q": "2024Q3",
        "hierarchy._nykom": "*",
        "hierarchy._ygrpa02": "/",
        "hierarchy._oprinda": "*",
        "format": "json",
    }
    return get(running, "data/ptv_a02", **(query | changes))


def test_jobindsats_figures_add_up_over_origins(running: Running) -> None:
    document = json.loads(data(running).content.decode("utf-8-sig"))
    position = document["columns"].index("Antal fuldtidspersoner")
    ballerup = {row[3]: row[position] for row in document["rows"] if row[1] == "Ballerup"}
    total = ballerup.pop("Herkomst i alt")
    assert total == sum(ballerup.values())
    assert len(ballerup) == 5


@pytest.mark.parametrize("change", [{"period.Q": "2031Q1"}, {"hierarchy._andet": "*"}, {"mgroup.*": "x"}])
def test_jobindsats_refuses_what_the_table_does_not_have(running: Running, change: dict[str, str]) -> None:
    assert data(running, **change).status_code == 422


def test_jobindsats_knows_one_table(running: Running) -> None:
    assert get(running, "table/y01a02", format="json").status_code == 404
    assert get(running, "tables").status_code == 400
