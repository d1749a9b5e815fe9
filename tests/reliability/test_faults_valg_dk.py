"""Promise: one bad file refuses the whole delivery before anything is stored, and no CPR-like value is quoted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion import pipeline
from warehouse.errors import LoadRejected

CPR = "010190" + "-1234"
NAME = "kv/valgdeltagelse/valgdeltagelse-701002.json"


def _turnout(**changes: Any) -> dict[str, Any]:
    counts = [
        {"AntalStemmeberretigedeVælgere": 100, "AfgivneStemmer": votes, "Tidspunkt": at}
        for votes, at in ((10, "10:00:00"), (70, "23:30:00"), (72, "00:20:00"))
    ]
    return {
        "Valgart": "Kommunal- og regionsrådsvalg",
        "Valgdag": "18-11-2025",
        "FrigivelsesTidspunktUTC": "18-11-2025 19:17:11",
        "Kommune": "Ballerup",
        "Kommunekode": 151,
        "Afstemningsområde": "Tapeten",
        "AfstemningsområdeDagiId": "701002",
        "AfstemningsområdeNummer": 1,
        "Valgdeltagelse": counts,
        **changes,
    }


def _results(**changes: Any) -> dict[str, Any]:
    head = {key: value for key, value in _turnout().items() if key != "Valgdeltagelse"}
    return {
        **head,
        "FrigivelsesTidspunktUTC": "20-11-2025 10:00:00",
        "Resultatart": "Fintælling",
        "AntalStemmeberettigedeVælgere": 101,
        "AfgivneStemmer": 80,
        "GyldigeStemmer": 78,
        "UgyldigeStemmerUdoverBlanke": 1,
        "BlankeUgyldigeFremmødteStemmer": 1,
        "BlankeUgyldigeBrevstemmer": 0,
        "GyldigeStemmerDifferenceFraForrigeValg": -3,
        "Kandidatlister": [{"Navn": "Somebody"}],
        **changes,
    }


def _lay(house: Any, name: str, content: object) -> Path:
    path: Path = house.settings.inbox_folder / "valg_dk" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False, indent=2).encode()
    path.write_bytes(body)
    return path


def _counts(votes: object, voters: object = 100, key: str = "AntalStemmeberretigedeVælgere") -> list[Any]:
    return [{key: voters, "AfgivneStemmer": votes, "Tidspunkt": "20:00:00"}]


REFUSED: dict[str, tuple[object, list[str]]] = {
    "unknown_key": (_turnout(Ekstra=1), ["Ekstra"]),
    "unknown_key_in_a_count": (_turnout(Valgdeltagelse=[{**_counts(1)[0], "X": 1}]), ["Valgdeltagelse.0.X"]),
    "missing_key": ({k: v for k, v in _turnout().items() if k != "Valgdag"}, ["Valgdag"]),
    "wrong_type": (_turnout(Kommunekode="Ballerup"), ["Kommunekode"]),
    "a_fraction": (_turnout(Valgdeltagelse=_counts(1.5)), ["AfgivneStemmer"]),
    "negative": (_turnout(Valgdeltagelse=_counts(-1)), ["AfgivneStemmer"]),
    "more_votes_than_voters": (_turnout(Valgdeltagelse=_counts(101)), ["more votes than voters"]),
    "more_votes_than_voters_in_results": (_results(AfgivneStemmer=102), ["more votes than voters"]),
    "neither_spelling": (
        _turnout(Valgdeltagelse=_counts(1, key="Vælgere")),
        ["AntalStemmeberettigedeVælgere"],
    ),
    "no_such_day": (_turnout(Valgdag="31-02-2025"), ["Valgdag"]),
    "unknown_election": (_turnout(Valgart="Menighedsrådsvalg"), ["Menighedsrådsvalg", "Valgart"]),
    "unknown_result_kind": (_results(Resultatart="Gæt"), ["Resultatart"]),
    "results_without_votes": (_results(AfgivneStemmer=None), ["AfgivneStemmer"]),
    "not_json": (b'{\n "Valgart": oops\n}', ["line 2", "column"]),
    "not_utf8": (b'{\n"Valgart": "\xff"}', ["UTF-8", "line 2"]),
    "key_twice": (b'{"Valgart": 1, "Valgart": 2}', ["twice"]),
    "some_other_json": ({"hello": "world"}, ["no kind of file"]),
    "a_bare_list": ([], ["no kind of file"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_refuses_the_delivery(house: Any, name: str) -> None:
    content, words = REFUSED[name]
    _lay(house, "kv/good.json", _turnout())
    _lay(house, NAME, content)
    with pytest.raises(LoadRejected) as caught:
        pipeline.land("valg_dk", house.settings)
    assert [word for word in [NAME, *words] if word not in caught.value.block()] == []
    assert not list(house.settings.landing.glob("valg_dk/*/*"))
    assert house.sql("select status from meta.loads") == [("rejected",)]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(_turnout(Kommune=f"Ballerup {CPR}"), indent=1).encode(),
        json.dumps(_turnout(Kommune=CPR.replace("-", "")), indent=1).encode(),
        json.dumps(_results(Kandidatlister=[{"Navn": CPR}]), indent=1).encode(),
        json.dumps(_turnout()).replace("Tapeten", "\\u0030" + CPR[1:]).encode(),
        json.dumps({CPR: 1}).encode(),
        f"not json at all\n{CPR}".encode(),
    ],
)
def test_a_cpr_like_value_refuses_the_file_and_is_never_quoted(house: Any, content: bytes) -> None:
    _lay(house, NAME, content)
    with pytest.raises(LoadRejected, match="CPR") as caught:
        pipeline.changed("valg_dk", house.settings)
    stored = [caught.value.block(), *(str(row) for row in house.sql("select * from meta.loads"))]
    stored += [str(row) for row in house.sql("select * from meta.checks")]
    assert not any(CPR in text or CPR.replace("-", "") in text for text in stored)


def test_the_line_of_a_cpr_like_value_is_named(house: Any) -> None:
    _lay(house, NAME, json.dumps(_turnout(Kommune=CPR), ensure_ascii=False, indent=2).encode())
    with pytest.raises(LoadRejected, match="line 5"):
        pipeline.changed("valg_dk", house.settings)


def test_a_cpr_like_file_name_is_refused_and_not_quoted(house: Any) -> None:
    _lay(house, f"kv/{CPR}.json", _turnout())
    with pytest.raises(LoadRejected, match="CPR") as caught:
        pipeline.changed("valg_dk", house.settings)
    assert CPR not in caught.value.block()


def test_a_file_that_is_too_large_is_refused(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.inbox.FILE_BYTES", 100)
    _lay(house, NAME, _turnout())
    with pytest.raises(LoadRejected, match="larger than"):
        pipeline.changed("valg_dk", house.settings)


def _rows(house: Any) -> list[tuple[Any, ...]]:
    house.ingest("valg_dk")
    columns = "election_id, area_id, result_kind, eligible_voters, votes_cast, counted_at, released_at_utc"
    return list(house.sql(f"select {columns} from raw.valg_dk_turnout order by all"))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # the clock passes midnight: the last count is the largest
        ([_turnout()], ("turnout", 100, 72, "00:20:00")),
        ([_turnout(), _results()], ("final", 101, 80, None)),
        ([_results(), _turnout(FrigivelsesTidspunktUTC="25-11-2025 10:00:00")], ("final", 101, 80, None)),
        (
            [_results(Resultatart="Foreløbig", AfgivneStemmer=75), _results(AfgivneStemmer=79)],
            ("final", 101, 79, None),
        ),
        (
            [_results(AfgivneStemmer=79), _results(FrigivelsesTidspunktUTC="21-11-2025 10:00:00")],
            ("final", 101, 80, None),
        ),
        (
            [
                _turnout(FrigivelsesTidspunktUTC="18-11-2025 20:00:00", Valgdeltagelse=_counts(60)),
                _turnout(),
            ],
            ("turnout", 100, 60, "20:00:00"),
        ),
        (
            [_turnout(Valgdeltagelse=_counts(5, key="AntalStemmeberettigedeVælgere"))],
            ("turnout", 100, 5, "20:00:00"),
        ),
    ],
)
def test_the_best_count_of_an_area_wins(house: Any, files: list[Any], expected: tuple[Any, ...]) -> None:
    for order in (files, files[::-1]):
        for number, content in enumerate(order):
            _lay(house, f"kv/{number}.json", content)
        (row,) = _rows(house)
        assert (row[0], row[1], *row[2:6]) == ("KV2025", "701002", *expected)
        house.sql("delete from meta.period_owner")
        house.sql("delete from meta.loads")


@pytest.mark.parametrize(
    ("kind", "day", "election"),
    [
        ("Kommunal- og regionsrådsvalg", "18-11-2025", "KV2025"),
        ("Folketingsvalg", "24-03-2026", "FV2026"),
        ("Europa-Parlamentsvalg", "09-06-2024", "EV2024"),
    ],
)
def test_the_election_is_named_by_kind_and_year(house: Any, kind: str, day: str, election: str) -> None:
    _lay(house, NAME, _turnout(Valgart=kind, Valgdag=day))
    assert _rows(house)[0][0] == election


PASSED_OVER: dict[str, Callable[[Any], object]] = {
    "test_data": lambda house: _lay(house, "kv/verifikation/valgdeltagelse/x.json", b"not json"),
    "hashes": lambda house: _lay(house, "kv/x.json.hash", b"0123"),
    "geography": lambda house: _lay(house, "kv/geografi/k.json", [{"Kode": 151, "Dagi_id": "389105"}]),
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_other_files_are_passed_over(house: Any, name: str) -> None:
    PASSED_OVER[name](house)
    assert not pipeline.changed("valg_dk", house.settings)
    assert house.sql("select outcome from meta.checks") == [("not_delivered",)]
    _lay(house, NAME, _turnout())
    assert len(_rows(house)) == 1


def test_a_link_out_of_the_inbox_is_not_followed(house: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text(json.dumps(_turnout()), encoding="utf-8")
    inbox = house.settings.inbox_folder / "valg_dk"
    inbox.mkdir(parents=True)
    (inbox / "link.json").symlink_to(outside / "secret.json")
    (inbox / "folder").symlink_to(outside)
    assert not pipeline.changed("valg_dk", house.settings)


def test_the_real_inbox_stands_before_the_sample(house: Any) -> None:
    from sample_providers import write_inbox

    write_inbox(house.settings.sample_inbox)
    house.ingest("valg_dk")
    assert house.sql("select distinct data_origin from meta.loads") == [("sample",)]
    assert not pipeline.changed("valg_dk", house.settings)
    _lay(house, NAME, _turnout())
    second = house.ingest("valg_dk")
    assert house.sql("select count(*), min(load_id) from raw.valg_dk_turnout") == [(1, second)]
    assert house.sql(f"select data_origin from meta.loads where load_id = '{second}'") == [("official",)]


def test_the_bytes_are_landed_as_they_are(house: Any) -> None:
    from warehouse.landing import open_payload

    path = _lay(house, NAME, _turnout())
    load_id = house.ingest("valg_dk")
    (landed,) = house.settings.landing.glob(f"valg_dk/valg_dk/{load_id}/*.json.zst")
    with open_payload(landed) as stream:
        assert stream.read() == path.read_bytes()


def test_what_valg_dk_publishes_beside_turnout_is_passed_over() -> None:
    from ingestion.valg_dk_json import parse_file

    def parsed(document: dict[str, Any]) -> Any:
        return parse_file(json.dumps(document, ensure_ascii=False).encode(), "file.json")

    assert parsed(_results(Noget={"nyt": 1}, Partier=[1]))["votes_cast"] == 80
    assert parsed(_turnout(Opstillingskreds="Ballerup", Storkredskode=2))["election_id"] == "KV2025"
    assert parsed(_turnout(Valgart="Regionsrådsvalg")) is None
    assert parsed(_turnout(Valgart="Folketingsvalg", Valgdag="24-03-2026"))["election_id"] == "FV2026"
