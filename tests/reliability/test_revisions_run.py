"""Promise: when a provider revises, `marts.revisions` holds old, new, difference and both loads, and nothing else.

The mart is compared with what plain Python makes of the two landed bodies, and of the gaps before and after.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from house import Home

from sample_providers import Running, start
from warehouse import revisions
from warehouse.db import transaction, writer
from warehouse.landing import manifests, open_payload

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("revisions_run")]

CELL = {"OMRÅDE": "151", "YDELSESTYPE": "10000", "HERKOMST": "0"}
KEY = ("OMRÅDE", "YDELSESTYPE", "HERKOMST1", "HERKOMST")


class Revised(NamedTuple):
    """A home whose KY038 was revised, and its gaps before."""

    home: Home
    gaps_before: dict[tuple[str, ...], dict[str, Any]]


def _revise(provider: Running) -> None:
    """One recipient more, one cell that becomes 0 and leaves, one that comes, and other leading zeros."""
    table = provider.table("KY038")
    for origin in ("9", "TOT"):
        table.add(1, **CELL, HERKOMST1=origin, TID="2024")
    unknown = table.get(**CELL, HERKOMST1="000", TID="2023")
    assert unknown > 0
    table.set(0, **CELL, HERKOMST1="000", TID="2023")
    table.add(-unknown, **CELL, HERKOMST1="TOT", TID="2023")
    table.recode("HERKOMST1", "000", "0")
    table.updated = "2026-11-11T08:00:00"


def _gaps(home: Home) -> dict[tuple[str, ...], dict[str, Any]]:
    columns = (*revisions.GAP_KEY, *revisions.GAP_VALUES, "value_status")
    rows = home.rows(f"select {', '.join(columns)} from marts.gaps")
    return {row[:8]: dict(zip(columns, row, strict=True)) for row in rows}


def _remember(home: Home, release_id: str) -> int:
    with writer(home.settings, "test") as connection, transaction(connection):
        return revisions.remember(connection, release_id)


@pytest.fixture(scope="module")
def revised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Revised]:
    with start() as provider:
        path = tmp_path_factory.mktemp("revisions") / "home"
        slice_of_it = {"WAREHOUSE_MUNICIPALITIES": "151", "WAREHOUSE_FROM_YEAR": "2022"}
        home = Home(path, {"WAREHOUSE_STATBANK_URL": provider.statbank_url, **slice_of_it})
        home.ingest("folk1e", "ky038")
        home.build("--select", "+revisions", "--exclude-resource-type", "test")
        assert home.rows("select count(*) from marts.revisions") == [(0,)]
        assert _remember(home, "first") == 0
        before = _gaps(home)
        _revise(provider)
        home.ingest("ky038")
        home.build("--select", "+revisions", "loads", "--exclude-resource-type", "test")
        yield Revised(home, before)


def _body(home: Home, number: int) -> dict[tuple[str, ...], float]:
    """Cell → figure of a landed KY038, by the words of its own header; the codes of `000` under one name."""
    manifest = manifests(home.settings, "statbank", "ky038")[number]
    (landed,) = manifest.files
    with open_payload(manifest.folder(home.settings) / f"{landed.name}.zst") as stream:
        header, *lines = stream.read().decode("utf-8-sig").splitlines()
    names = [name.upper() for name in header.split(";")]
    cells = {}
    for line in lines:
        row = dict(zip(names, line.split(";"), strict=True))
        row["HERKOMST1"] = "0" if row["HERKOMST1"] == "000" else row["HERKOMST1"]
        cells[(*(row[name] for name in KEY), row["TID"])] = float(row["INDHOLD"].replace(",", "."))
    return cells


def test_source_values_are_those_that_differ_between_the_landed_bodies(revised: Revised) -> None:
    old, new = _body(revised.home, 0), _body(revised.home, 1)
    asked_again = {cell[-1] for cell in new}
    expected = {
        (*cell, old.get(cell, 0.0), new.get(cell, 0.0), new.get(cell, 0.0) - old.get(cell, 0.0))
        for cell in {*old, *new}
        if cell[-1] in asked_again and old.get(cell, 0.0) != new.get(cell, 0.0)
    }
    rows = revised.home.rows(
        """select key, period, old_value, new_value, difference from marts.revisions where object_name = 'raw.ky038'"""
    )
    assert {(*(json.loads(key)[name] for name in KEY), *values) for key, *values in rows} == expected
    assert len(expected) == len(rows) == 4
    assert {row[-1] for row in expected} == {1.0, -3.0}


def test_gaps_are_those_that_the_new_load_moved(revised: Revised) -> None:
    before, after = revised.gaps_before, _gaps(revised.home)
    expected = {}
    for key, old in before.items():
        for column in revisions.GAP_VALUES:
            was, now = old[column], after[key][column]
            if was != now and (was is None or now is None or abs(now - was) >= 1e-9):
                expected[(*key, column)] = (was, now)
    rows = revised.home.rows("select * exclude (seen_at) from marts.revisions where object_name = 'marts.gaps'")
    found = {}
    for _, key, period, was, now, difference, *_loads in rows:
        parts = {**json.loads(key), "period": period}
        found[(*(parts[name] for name in revisions.GAP_KEY), parts["column"])] = (was, now)
        assert difference == now - was
    assert found == expected
    assert {(key[0], key[3]) for key in found} == {("cash_benefit_share", "2024")}
    assert {key[-1] for key in found} == {"target_rate_pct", "gap_pp"}


def test_both_loads_and_the_time_are_named(revised: Revised) -> None:
    (old, new) = [manifest.load_id for manifest in manifests(revised.home.settings, "statbank", "ky038")]
    rows = revised.home.rows(
        """select distinct r.old_load_id, r.new_load_id, r.data_origin, r.seen_at = l.promoted_at
        from marts.revisions as r inner join meta.loads as l on r.new_load_id = l.load_id"""
    )
    assert rows == [(old, new, "sample", True)]


def test_what_was_published_is_remembered_and_not_seen_twice(revised: Revised, tmp_path: Path) -> None:
    """The last test of this file: it moves the home on."""
    home = revised.home
    rows = home.rows("select * from marts.revisions order by all")
    gaps = sum(row[0] == "marts.gaps" for row in rows)
    assert _remember(home, "second") == gaps > 0
    assert _remember(home, "second") == 0
    home.build("--select", "revisions")
    assert home.rows("select * from marts.revisions order by all") == rows
    with writer(home.settings, "test") as connection:
        revisions.export(connection, "second", tmp_path / "second.parquet")
        connection.execute("delete from meta.revisions where recorded_by = 'second'")
        revisions.restore(connection, tmp_path / "second.parquet")
        assert connection.execute("select count(*) from meta.revisions").fetchone() == (len(rows),)
