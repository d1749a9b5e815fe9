"""Promise: a run that was killed anywhere, or is repeated, ends as if nothing had happened; only what is new
is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion import pipeline
from warehouse.errors import LoadRejected
from warehouse.landing import open_payload, read_manifest
from warehouse.settings import Settings


def _asked(house: Any, load_id: str) -> dict[str, list[str]]:
    request = json.loads((_folder(house, load_id) / "request.json").read_text(encoding="utf-8"))
    return {item["code"]: item["values"] for item in request["variables"]}


def _folder(house: Any, load_id: str) -> Path:
    (folder,) = house.settings.landing.glob(f"*/*/{load_id}")
    return Path(folder)


def test_nothing_new_is_not_asked_for(house: Any) -> None:
    first = house.ingest("fvkom")
    assert not pipeline.changed("fvkom", house.settings)
    assert pipeline.land("fvkom", house.settings) == first
    assert house.provider.data_calls("FVKOM") == 1
    assert house.sql("select outcome from meta.checks order by checked_at") == [("changed",), ("unchanged",)]


def test_an_update_asks_for_new_periods_and_the_revision_window_only(house: Any) -> None:
    house.ingest("ras201")
    table = house.provider.table("RAS201")
    before = [value.code for value in table.variable("Tid").values]
    new = str(int(before[-1]) + 1)
    table.add_period(new)
    table.updated = "2026-11-01T08:00:00"
    second = house.ingest("ras201")
    assert _asked(house, second)["Tid"] == [before[-1], new]
    owners = dict(house.sql("select period, load_id from meta.period_owner where dataset = 'ras201'"))
    assert owners[new] == owners[before[-1]] == second != owners[before[-2]]
    assert set(owners) == {*before, new}


@pytest.mark.parametrize(
    ("change", "everything"),
    [({"municipalities": ("151", "153")}, True), ({"from_year": 2020}, False)],
)
def test_a_changed_selection_asks_for_everything(house: Any, change: dict[str, Any], everything: bool) -> None:
    house.ingest("ras201")
    house.settings = Settings(**{**house.settings.model_dump(), **change})
    assert pipeline.changed("ras201", house.settings) is everything
    if everything:
        asked = _asked(house, house.ingest("ras201"))
        assert asked["OMRÅDE"] == ["000", "084", "151", "153"]
        assert len(asked["Tid"]) == 7


def test_an_earlier_first_year_asks_for_the_missing_periods(house: Any) -> None:
    house.settings = Settings(**{**house.settings.model_dump(), "from_year": 2022})
    house.ingest("ras201")
    house.settings = Settings(**{**house.settings.model_dump(), "from_year": 2020})
    assert _asked(house, house.ingest("ras201"))["Tid"] == ["2020", "2021"]


def test_a_withdrawn_period_stays_and_is_told(house: Any) -> None:
    house.ingest("ras201")
    table = house.provider.table("RAS201")
    gone = table.variable("Tid").values[2].code
    table.remove_period(gone)
    assert not pipeline.changed("ras201", house.settings)
    (detail,) = house.sql("select detail from meta.checks order by checked_at desc limit 1")[0]
    assert gone in detail
    assert house.sql(f"select count(*) > 0 from raw.ras201 where TID = '{gone}'") == [(True,)]


def test_a_municipality_that_the_table_lacks_is_named(house: Any) -> None:
    house.settings = Settings(**{**house.settings.model_dump(), "municipalities": ("151", "859")})
    with pytest.raises(LoadRejected, match="859"):
        pipeline.changed("folk1e", house.settings)


def test_a_landing_that_was_not_judged_is_taken_up_again(house: Any) -> None:
    first = pipeline.land("fvkom", house.settings)
    assert pipeline.land("fvkom", house.settings) == first
    pipeline.load(first, house.settings)
    assert pipeline.land("fvkom", house.settings) == first
    assert house.provider.data_calls("FVKOM") == 1


def test_a_rejected_landing_is_not_taken_up_again(house: Any) -> None:
    first = pipeline.land("fvkom", house.settings)
    house.sql(f"update meta.loads set status = 'rejected' where load_id = '{first}'")
    assert pipeline.land("fvkom", house.settings) != first


def test_what_a_killed_landing_left_is_swept_away(house: Any) -> None:
    left = house.settings.landing / ".incoming" / "20260101T000000Z_fvkom_abcdef"
    other = house.settings.landing / ".incoming" / "20260101T000000Z_ras201_abcdef"
    for folder in (left, other):
        folder.mkdir(parents=True)
        (folder / "data.csv.zst").write_bytes(b"half")
    pipeline.land("fvkom", house.settings)
    assert not left.exists()
    assert other.exists()


def test_a_kill_between_landing_and_ledger_loses_nothing(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.ledger, "enter", killed)
        with pytest.raises(KeyboardInterrupt):
            pipeline.land("fvkom", house.settings)
    (folder,) = house.settings.landing.glob("statbank/fvkom/*")
    assert pipeline.land("fvkom", house.settings) == folder.name
    assert house.provider.data_calls("FVKOM") == 1


def test_a_kill_while_loading_leaves_nothing_of_it(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load_id = pipeline.land("fvkom", house.settings)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ingestion.load.fill_codes", killed)
        with pytest.raises(KeyboardInterrupt):
            pipeline.load(load_id, house.settings)
    assert house.sql("select count(*) from duckdb_tables() where schema_name = 'raw_loads'") == [(0,)]
    assert house.sql("select status from meta.loads") == [("landed",)]
    assert pipeline.load(load_id, house.settings) == 168
    assert pipeline.load(load_id, house.settings) == 168
    assert house.sql("select count(*) = count(distinct (variable, position)) from meta.codes") == [(True,)]


def test_a_load_that_is_not_validated_is_not_promoted(house: Any) -> None:
    load_id = pipeline.land("fvkom", house.settings)
    for _ in range(2):
        with pytest.raises(LoadRejected, match="not validated"):
            pipeline.promote(load_id, house.settings)
        pipeline.load(load_id, house.settings)
    assert house.sql("select count(*) from meta.period_owner") == [(0,)]


def test_a_landing_that_was_edited_is_not_loaded(house: Any) -> None:
    load_id = pipeline.land("fvkom", house.settings)
    path = _folder(house, load_id) / "data.csv.zst"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(LoadRejected, match="has changed since it was received"):
        pipeline.load(load_id, house.settings)


def test_rows_that_got_lost_on_the_way_are_noticed(house: Any) -> None:
    load_id = pipeline.land("fvkom", house.settings)
    path = _folder(house, load_id) / "manifest.json"
    path.write_text(path.read_text().replace('"rows_received": 168', '"rows_received": 169'))
    with pytest.raises(LoadRejected, match="168 rows were loaded, 169 were received"):
        pipeline.load(load_id, house.settings)


def test_the_landing_holds_the_bytes_and_says_what_they_are(house: Any) -> None:
    load_id = house.ingest("fvkom")
    folder = _folder(house, load_id)
    manifest = read_manifest(folder)
    with open_payload(folder / "data.csv.zst") as stream:
        body = stream.read()
    assert (len(body), body.count(b"\r\n") - 1) == (manifest.bytes, manifest.rows_received)
    assert manifest.data_origin == "sample"
    assert manifest.response["Statbankapi-Request-Id"]
    assert manifest.request == json.loads((folder / "request.json").read_text(encoding="utf-8"))
    assert json.loads((folder / "tableinfo.json").read_text(encoding="utf-8"))["id"] == "FVKOM"
    (row,) = house.sql("select rows_received, rows_loaded, status, sha256 from meta.loads")
    assert row == (168, 168, "promoted", manifest.sha256)


def test_raw_views_of_every_dataset_exist_after_the_first_look(house: Any) -> None:
    pipeline.changed("fvkom", house.settings)
    views = {name for (name,) in house.sql("select view_name from duckdb_views() where schema_name = 'raw'")}
    tables = {table.name for record in pipeline.catalogue().values() for table in record.raw_tables}
    assert views == tables | {"statbank_codes"}
    assert house.sql("select count(*) from raw.folk1e") == [(0,)]


def test_codes_with_leading_zeros_survive(house: Any) -> None:
    house.ingest("ras201")
    assert {c for (c,) in house.sql('select distinct "OMRÅDE" from raw.ras201')} >= {"000", "084", "151"}
    assert house.sql("select count(distinct SOCIO), min(SOCIO) from raw.ras201") == [(3, "00")]


def test_the_providers_state_is_a_time(house: Any) -> None:
    assert str(pipeline.provider_state("fvkom", house.settings)).startswith("20")
    assert pipeline.provider_state("valg_dk", house.settings) is None
