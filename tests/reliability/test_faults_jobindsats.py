"""Promise: Jobindsats may fail in any way; null stays null, and nothing is used in place of the target group."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from test_faults_education import checks, with_tokens

from ingestion import pipeline
from sample_providers import Request
from warehouse.errors import LoadRejected, ProviderError, TokenRefused

DATASET = "jobindsats_support"
SUPPORT = "raw.jobindsats_support"
FULL_TIME = "Antal fuldtidspersoner"
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def office(house: Any) -> Any:
    return with_tokens(house)


def answers(path: str, change: Callable[[Any], Any]) -> Callable[[Request], Any]:
    """A hook that changes the document of a path."""

    def hook(request: Request) -> bytes | None:
        if path not in request.path:
            return None
        document = json.loads(request.real().whole().decode("utf-8-sig"))
        return BOM + json.dumps(change(document), ensure_ascii=False).encode()

    return hook


def cells(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Request], Any]:
    """A hook that changes each row of the figures, given by column; None takes it away."""

    def of(document: Any) -> Any:
        rows = [change(dict(zip(document["columns"], row, strict=True))) for row in document["rows"]]
        return {**document, "rows": [[row[c] for c in document["columns"]] for row in rows if row]}

    return answers("/data/", of)


def test_without_a_token_the_dataset_is_not_delivered(house: Any) -> None:
    with_tokens(house, None)
    assert not pipeline.changed(DATASET, house.settings)
    ((outcome, detail),) = checks(house)
    assert outcome == "not_delivered"
    assert "WAREHOUSE_JOBINDSATS_TOKEN is not set" in detail
    assert house.sql(f"select count(*) from {SUPPORT}") == [(0,)]
    assert house.provider.requests == []


def test_a_load_shows_published_figures(office: Any) -> None:
    load_id = office.ingest(DATASET)
    (row,) = office.sql(
        f"select full_time_persons, population, population_basis, share_pct, value_status, load_id from {SUPPORT}"
        " where period = '2024K3' and municipality_code = '151' and origin = 'non_western' and ancestry = 'immigrant'"
    )
    assert row[2:] == ("derived_from_share", row[3], "observed", load_id)
    assert 100 * row[0] / row[1] == pytest.approx(row[3])
    ((updated,),) = office.sql("select strftime(source_updated_at, '%Y-%m-%d') from meta.loads")
    assert updated == "2026-08-12"
    assert not pipeline.changed(DATASET, office.settings)


def test_the_bytes_are_landed_with_their_bom(office: Any) -> None:
    from warehouse.landing import open_payload

    load_id = office.ingest(DATASET)
    (landed,) = office.settings.landing.glob(f"jobindsats/{DATASET}/{load_id}/data.json.zst")
    with open_payload(landed) as stream:
        assert stream.read(3) == BOM


def test_an_update_is_a_new_load_and_nothing_else_is(office: Any) -> None:
    first = office.ingest(DATASET)
    assert not pipeline.changed(DATASET, office.settings)
    office.provider.jobindsats.updated = "2026-09-10T08:00:00"
    second = office.ingest(DATASET)
    assert office.sql(f"select distinct load_id from {SUPPORT}") == [(second,)]
    assert first != second


def test_an_update_time_of_another_form_is_still_a_change_key(office: Any) -> None:
    office.provider.jobindsats.updated = "uge 33"
    office.ingest(DATASET)
    assert not pipeline.changed(DATASET, office.settings)
    office.provider.jobindsats.updated = "uge 37"
    assert pipeline.changed(DATASET, office.settings)


def test_without_the_origin_hierarchy_it_is_not_delivered(office: Any) -> None:
    del office.provider.jobindsats.hierarchies["_oprinda"]
    assert not pipeline.changed(DATASET, office.settings)
    ((outcome, detail),) = checks(office)
    assert outcome == "not_delivered"
    assert "does not split by origin" in detail
    assert not any("/data/" in path for _, path, _, _ in office.provider.requests)


def test_suppressed_is_null_and_not_zero(office: Any) -> None:
    measures = [FULL_TIME, "Antal personer", "Fuldtidspersoner i pct. af befolkningen 16-66 år"]
    office.provider.raw_answer = cells(lambda row: {**row, **dict.fromkeys(measures)} if _small(row) else row)
    office.ingest(DATASET)
    shown = office.sql(
        f"select distinct full_time_persons, population, share_pct, value_status from {SUPPORT}"
        " where municipality_code = '151' and origin = 'western' and ancestry = 'descendant'"
    )
    assert shown == [(None, None, None, "suppressed")]


def _small(row: dict[str, Any]) -> bool:
    return (row["Område"], row["Herkomst"]) == ("Ballerup", "Efterkommere fra vestlige lande")


def test_danish_text_and_json_numbers_are_the_same(office: Any) -> None:
    office.ingest(DATASET)
    whole = office.sql(f"select * exclude (load_id) from {SUPPORT} order by all")

    def danish(row: dict[str, Any]) -> dict[str, Any]:
        text = {k: f"{v:,}".translate(str.maketrans(",.", ".,")) for k, v in row.items() if isinstance(v, int | float)}
        return row | text

    office.provider.raw_answer = cells(danish)
    office.provider.jobindsats.updated = "2026-09-10T08:00:00"
    office.ingest(DATASET)
    assert office.sql(f"select * exclude (load_id) from {SUPPORT} order by all") == whole


REJECTED: dict[str, tuple[Callable[[Request], Any], str]] = {
    "renamed_column": (
        answers("/data/", lambda d: {**d, "columns": [c.replace("fuldtids", "heltids") for c in d["columns"]]}),
        "nearest: Antal heltidspersoner",
    ),
    "extra_column": (
        answers("/data/", lambda d: {"columns": [*d["columns"], "Ny"], "rows": [[*r, 1] for r in d["rows"]]}),
        "'Ny'",
    ),
    "no_rows": (answers("/data/", lambda d: {**d, "rows": []}), "no rows"),
    "other_period": (cells(lambda row: {**row, "Periode": "2031Q1"}), "2031Q1"),
    "other_area": (cells(lambda row: {**row, "Område": "Ballerup Kommune"}), "Ballerup"),
    "no_number": (cells(lambda row: {**row, FULL_TIME: "12.5"}), "12.5"),
    "renamed_table": (
        answers("/tables", lambda d: json.loads(json.dumps(d).replace("ptv_a02", "ptv_a03"))),
        "nearest: ptv_a03",
    ),
    "renamed_area_hierarchy": (
        answers("/table/", lambda d: json.loads(json.dumps(d).replace("_nykom", "_kommune"))),
        "_kommune",
    ),
    "renamed_origin": (
        answers("/table/", lambda d: json.loads(json.dumps(d).replace("Indvandrere fra vestlige", "Vestlige"))),
        "code map",
    ),
    "html": (lambda request: b"<html>Vedligehold</html>" if "/data/" in request.path else None, "web page"),
    "cut": (lambda request: b'\xef\xbb\xbf{"columns": [' if "/data/" in request.path else None, "not JSON"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_does_not_fit_is_rejected(office: Any, quick_client: Any, name: str) -> None:
    quick_client(attempts=2)
    hook, said = REJECTED[name]
    office.provider.raw_answer = hook
    with pytest.raises(LoadRejected) as caught:
        pipeline.changed(DATASET, office.settings)
        pipeline.land(DATASET, office.settings, ("dag", "run"))
    assert said in caught.value.block()
    assert office.sql("select distinct status from meta.loads") == [("rejected",)]
    assert office.sql(f"select count(*) from {SUPPORT}") == [(0,)]


def test_a_table_that_keeps_moving_is_rejected(office: Any) -> None:
    def hook(request: Request) -> None:
        if "/data/" in request.path:
            office.provider.jobindsats.updated = f"2026-09-10T08:00:{request.number:02d}"

    office.provider.raw_answer = hook
    assert pipeline.changed(DATASET, office.settings)
    with pytest.raises(LoadRejected, match="updated while it was fetched"):
        pipeline.land(DATASET, office.settings)


def test_a_refused_token_says_where_to_get_a_new_one(office: Any) -> None:
    with_tokens(office, "wrong-token")
    with pytest.raises(TokenRefused, match=r"jobindsats@star\.dk") as caught:
        pipeline.changed(DATASET, office.settings)
    assert "wrong-token" not in caught.value.block()


def test_a_busy_provider_fails_after_a_bound_and_keeps_what_was_there(office: Any, quick_client: Any) -> None:
    first = office.ingest(DATASET)
    quick_client(attempts=3)
    office.provider.raw_answer = lambda request: (429, {"Retry-After": "2"}, b"")
    with pytest.raises(ProviderError):
        pipeline.changed(DATASET, office.settings)
    assert len(office.slept) == 2
    assert office.sql(f"select distinct load_id from {SUPPORT}") == [(first,)]
