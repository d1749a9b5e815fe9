"""Promise: a table that is not what the record and the code maps say is rejected, and the message says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ingestion import pipeline
from sample_providers import Request, Table
from warehouse.errors import LoadRejected, ProviderError

REJECTED: dict[str, tuple[str, Callable[[Table], object], list[str]]] = {
    "closed": ("folk1e", lambda t: setattr(t, "active", False), ["FOLK1E", "closed"]),
    "renamed_variable": (
        "ras200",
        lambda t: t.rename_variable("KØN", "KOEN"),
        ["RAS200", "variable KØN", "nearest: KOEN", "ras200.yml"],
    ),
    "removed_variable": ("ras200", lambda t: t.remove_variable("BEREGNING"), ["RAS200", "BEREGNING"]),
    "unknown_origin_code": (
        "folk1e",
        lambda t: t.add_code("HERKOMST", "26", "Indvandrere fra andre lande"),
        ["FOLK1E", "HERKOMST", "26", "Indvandrere fra andre lande", "nearest", "origin_codes.csv"],
    ),
    "changed_origin_text": (
        "folk1e",
        lambda t: t.relabel("HERKOMST", "25", "Indvandrere fra tredjelande"),
        ["FOLK1E", "HERKOMST", "25", "Indvandrere fra tredjelande", "ikke-vestlige", "origin_codes.csv"],
    ),
    "changed_listed_text": (
        "ras201",
        lambda t: t.relabel("SOCIO", "00", "I alt"),
        ["RAS201", "SOCIO", "00", "Beskæftigede", "ras201.yml"],
    ),
    "vanished_origin_code": (
        "folk1e",
        lambda t: t.remove_code("HERKOMST", "34"),
        ["FOLK1E", "HERKOMST", "34"],
    ),
    "zeros_and_another_text": (
        "ras200",
        lambda t: (t.recode("HERKOMST", "00", "0"), t.relabel("HERKOMST", "0", "Uoplyst")),
        ["RAS200", "HERKOMST", "Uoplyst"],
    ),
    "unknown_area": (
        "folk1e",
        lambda t: t.add_code("OMRÅDE", "862", "Nyby Kommune"),
        ["OMRÅDE", "862", "Nyby Kommune", "areas.csv"],
    ),
    "unknown_country": (
        "folk1c",
        lambda t: t.add_code("IELAND", "5999123", "Atlantis"),
        ["FOLK1C", "IELAND", "5999123", "Atlantis", "country_origin_classification.csv"],
    ),
    "country_name_of_another_group": (
        "folk1c",
        lambda t: t.relabel("IELAND", "5404", "Sverige"),
        ["FOLK1C", "IELAND", "5404", "AFG", "SWE", "clash"],
    ),
    "suppressed_value_is_not_zero": (
        "fvkom",
        lambda t: setattr(t, "suppressed", ".."),
        ["suppressedDataValue"],
    ),
    "focus_municipality_gone": ("folk1e", lambda t: t.remove_code("OMRÅDE", "151"), ["151", "WAREHOUSE_"]),
    "another_time_pattern": ("ras201", lambda t: t.add_period("2030M01"), ["2030M01", "ras201.yml"]),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_changed_table_is_rejected_and_named(house: Any, name: str) -> None:
    dataset, poison, words = REJECTED[name]
    table = house.provider.table(dataset.upper())
    if name == "suppressed_value_is_not_zero":
        house.provider.raw_answer = _suppressed
    else:
        poison(table)
    with pytest.raises(LoadRejected) as caught:
        pipeline.changed(dataset, house.settings, ("dag", "run"))
    block = caught.value.block()
    assert [word for word in words if word not in block] == []
    assert caught.value.next_step
    (row,) = house.sql("select dataset, provider, reason, dag_id from meta.loads where status = 'rejected'")
    assert row == (dataset, "statbank", block, "dag")
    assert house.slept == []


def _suppressed(request: Request) -> Any:
    if "tableinfo" not in request.path:
        return None
    body = request.real().whole()
    assert b'"suppressedDataValue":"0"' in body
    return 200, {}, body.replace(b'"suppressedDataValue":"0"', b'"suppressedDataValue":".."')


def test_every_unknown_country_is_named_up_to_ten(house: Any) -> None:
    table = house.provider.table("FOLK1C")
    for number in range(12):
        table.add_code("IELAND", f"98{number:02d}", f"Nyland {chr(65 + number)}")
    with pytest.raises(LoadRejected) as caught:
        pipeline.changed("folk1c", house.settings)
    block = caught.value.block()
    assert all(f"98{number:02d} 'Nyland {chr(65 + number)}'" in block for number in range(10))
    assert "and 2 more" in block
    assert "Nyland L" not in block


def test_leading_zeros_alone_are_the_same_code_and_raw_keeps_the_published_spelling(house: Any) -> None:
    house.provider.table("RAS200").recode("HERKOMST", "00", "000")
    house.ingest("ras200")
    assert house.sql("select count(*) > 0 from raw.ras200 where HERKOMST = '000'") == [(True,)]
    assert house.sql("select count(*) from raw.ras200 where HERKOMST = '00'") == [(0,)]
    codes = "select published_code from meta.codes where variable = 'HERKOMST' and canonical_code = '00'"
    assert house.sql(codes) == [("000",)]


def test_a_country_with_another_code_is_known_by_its_name(house: Any) -> None:
    house.provider.table("FOLK1C").recode("IELAND", "5404", "9404")
    house.ingest("folk1c")
    codes = "select published_code from meta.codes where variable = 'IELAND' and canonical_code = 'AFG'"
    assert house.sql(codes) == [("9404",)]


def test_an_unknown_table_fails_with_the_providers_message(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record = pipeline.record_of("fvkom").model_copy(update={"table": "FVKOM99"})
    monkeypatch.setattr(pipeline, "record_of", lambda dataset: record)
    with pytest.raises(ProviderError, match="EXTRACT-NOTFOUND"):
        pipeline.changed("fvkom", house.settings)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b";VAELG;", b";VALG;", []),
        (b"151;2022;34571", b"151;2022;34571.5", ["INDHOLD", "34571.5", "line"]),
        (b"151;2022;34571", b"151;2022;", ["INDHOLD", "line"]),
        (b"151;2022;34571", b"151;1999;34571", ["TID", "1999", "line"]),
        (b"151;2022;34571", b"999;2022;34571", ["OMR", "999", "line"]),
        (b"151;2022;34571", b'"151";2022;34571', ["OMR", "line"]),
        (b"151;2022;34571", b"151;2022; 34571", ["INDHOLD", "line"]),
    ],
)
def test_a_code_or_value_nobody_asked_for_cannot_enter(house: Any, old: bytes, new: bytes, words: list[str]) -> None:
    def hook(request: Request) -> Any:
        return 200, {}, request.real().whole().replace(old, new) if request.format else request.real().whole()

    house.provider.raw_answer = hook
    load_id = pipeline.land("fvkom", house.settings)
    if not words:
        assert pipeline.load(load_id, house.settings) == 168
        return
    with pytest.raises(LoadRejected) as caught:
        pipeline.load(load_id, house.settings)
    assert [word for word in words if word not in caught.value.block()] == []
    assert house.sql("select status, reason from meta.loads") == [("rejected", caught.value.block())]
    assert house.sql("select count(*) from duckdb_tables() where schema_name = 'raw_loads'") == [(0,)]
    assert house.sql("select count(*) from meta.codes") == [(0,)]
