"""Promise: a StatBank that somebody else wrote, with other words, other orders and fewer areas, is no rejection."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expectations.run import validate
from ingestion import pipeline
from ingestion.codes import Problem, code_map
from ingestion.http import Client
from sample_providers import Request, Table, start
from warehouse.errors import LoadRejected
from warehouse.records import record_of
from warehouse.settings import Settings

ORIGINS = {"HERKOMST", "HERKOMST1", "IELAND", "SOGN"}


def _judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, **provider: Any) -> Any:
    monkeypatch.setattr(pipeline, "make_client", functools.partial(Client, sleep=lambda _: None))
    with start(**provider) as running:
        settings = Settings(home=tmp_path / "home", statbank_url=running.statbank_url)
        load_id = pipeline.land(dataset, settings, ("dag", "run"))
        pipeline.load(load_id, settings)
        return validate(load_id, settings)


def _other_words(table: Table) -> None:
    for variable in table.variables.values():
        if variable.id.upper() not in ORIGINS and not variable.time:
            for value in variable.values:
                value.da = value.da.removeprefix(value.code).strip() + ", se fodnote"


def _other_order(table: Table) -> None:
    table._cube = np.flip(table.cube.transpose()).copy()
    turned = list(table.variables.values())[::-1]
    for variable in turned:
        variable.values.reverse()
    table.variables = {variable.id: variable for variable in turned}


def _few_areas(table: Table) -> None:
    area = table.variable("OMRÅDE")
    for code in [c for c in area.codes if c not in {"000", "084", "151", "161"}]:
        table.remove_code(area.id, code)


@pytest.mark.parametrize(
    ("dataset", "change"),
    [
        ("ras201", _other_words),
        ("kas201", _other_words),
        ("folk1e", _other_order),
        ("folk1e", _few_areas),
    ],
)
def test_healthy_figures_in_another_dress_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, change: Callable[[Table], None]
) -> None:
    verdict = _judged(tmp_path, monkeypatch, dataset, mutate=change)
    assert verdict.success, verdict.reason


@pytest.mark.parametrize("persons", [-7, 7])
def test_a_country_that_is_not_the_sum_of_its_regions_is_a_rejection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, persons: int
) -> None:
    verdict = _judged(tmp_path, monkeypatch, "ras201", mutate=lambda t: t.add(persons, OMRÅDE="000", Tid="2020"))
    assert "regions_equal_country" in verdict.reason


def test_a_byte_order_mark_and_shuffled_rows_are_no_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Any:
        if "tableinfo" in request.path:
            return 200, {}, b"\xef\xbb\xbf" + request.real().whole()
        head, *rows, end = request.real().whole().split(b"\r\n")
        random.Random(1).shuffle(rows)
        return 200, {}, b"\xef\xbb\xbf" + b"\r\n".join([head, *rows, end])

    assert _judged(tmp_path, monkeypatch, "ras200", raw_answer=answer).success


def test_ages_that_nobody_asks_for_may_be_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def more(table: Table) -> None:
        for code in ("-15", "67-", "1666"):
            if code not in table.variable("ALDER").codes:
                table.add_code("ALDER", code, code)

    assert _judged(tmp_path, monkeypatch, "ras200", mutate=more).success


@pytest.mark.parametrize("name", ["Vietnam (Syd)", "Skt Vincent og Grenadinerne", "Yemen (Syd)", "Korea (Nord)"])
def test_a_country_is_known_by_its_name_whatever_the_punctuation(name: str) -> None:
    record = record_of("folk1c")
    assert not isinstance(code_map(record, record.variable("IELAND")).canonical("9991", name), Problem)


def test_an_unreachable_statbank_is_named_with_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "make_client", functools.partial(Client, sleep=lambda _: None))
    settings = Settings(home=tmp_path / "home", statbank_url="http://127.0.0.1:9/v1")
    with pytest.raises(Exception, match="table FOLK1E") as caught:
        pipeline.changed("folk1e", settings)
    assert not isinstance(caught.value, LoadRejected)
