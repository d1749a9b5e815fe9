"""Families are judged together, cross checks run once a run, and what was promoted is not judged again."""

from __future__ import annotations

import json

import duckdb
import pytest
from expectation_scratch import Candidate, enter, folk1c, folk1e, fvkom, own, ras200, ras201

from expectations.run import Verdict, require, validate
from warehouse.errors import LoadRejected, SettingsError, WarehouseError
from warehouse.ledger import PROMOTED, REJECTED, VALIDATED, promote, status_of
from warehouse.records import catalogue
from warehouse.settings import Settings

RATES = "employment_rate_matches_counts"
LATER = "20260301T000000Z_{}_cccccc"


def names(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations}


def reason_of(connection: duckdb.DuckDBPyConnection, load_id: str) -> str:
    row = connection.execute("select reason from meta.loads where load_id = ?", [load_id]).fetchone()
    return str(row[0]) if row else ""


def spoil(load: Candidate) -> Candidate:
    load.rows_received = 1
    return load


def test_rejected_load_holds_its_family_back(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    counts = enter(connection, settings, ras201())
    rates = enter(connection, settings, spoil(ras200()))
    assert validate(counts, settings, connection).success
    assert status_of(connection, counts) == VALIDATED
    assert not validate(rates, settings, connection).success
    assert status_of(connection, counts) == REJECTED
    assert reason_of(connection, counts) == f"held back: {rates} of its family was rejected"
    page = (settings.validation / "loads" / f"{counts}.html").read_text()
    assert f"Held back: {rates} of its family was rejected" in page


def test_load_whose_partner_was_rejected_is_judged_and_held_back(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    counts = enter(connection, settings, spoil(ras201()))
    validate(counts, settings, connection)
    rates = enter(connection, settings, ras200())
    verdict = validate(rates, settings, connection)
    assert not verdict.success
    assert verdict.failed == 0
    assert verdict.reason == f"held back: {counts} of its family was rejected"
    stored = connection.execute("select count(*) from meta.validations where load_id = ?", [rates]).fetchone()
    assert stored == (verdict.evaluated,)


def test_held_back_load_is_no_reason_to_hold_back(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    counts, rates = enter(connection, settings, ras201()), enter(connection, settings, spoil(ras200()))
    validate(rates, settings, connection)
    assert status_of(connection, counts) == REJECTED
    connection.execute("update meta.loads set rows_received = rows_loaded where load_id = ?", [rates])
    assert validate(rates, settings, connection).success
    assert validate(counts, settings, connection).success


def test_other_families_and_other_runs_are_left_alone(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    population = enter(connection, settings, folk1e())
    assert not validate(enter(connection, settings, spoil(ras201())), settings, connection).success
    assert validate(population, settings, connection).success
    other_run = ras200(LATER.format("ras200"))
    other_run.run = ("ingest_dst", "run-2")
    assert validate(enter(connection, settings, other_run), settings, connection).success


def test_cross_check_runs_once_on_the_declaring_load(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    counts, rates = enter(connection, settings, ras201()), enter(connection, settings, ras200())
    assert RATES not in names(validate(counts, settings, connection))
    assert RATES in names(validate(rates, settings, connection))


def test_cross_check_moves_to_the_partner_when_only_it_is_new(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    own(connection, settings, ras200())
    good = ras201(LATER.format("ras201"))
    verdict = validate(enter(connection, settings, good), settings, connection)
    assert RATES in names(verdict)
    assert verdict.success
    bad = ras201("20260401T000000Z_ras201_dddddd")
    bad.run = ("ingest_dst", "run-3")
    bad.add(50, OMRÅDE={"151", "084", "000"}, SOCIO="50", HERKOMST="25", ALDER="20-24", KØN="K", TID="2023")
    verdict = validate(enter(connection, settings, bad), settings, connection)
    assert verdict.reason == f"failed: {RATES}"


def test_cross_check_compares_with_raw_when_the_partner_is_old(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    own(connection, settings, ras201())
    verdict = validate(enter(connection, settings, ras200(LATER.format("ras200"))), settings, connection)
    found = next(item for item in verdict.validations if item.expectation == RATES)
    assert found.success
    assert int(found.observed.split()[0]) == len(ras200().rows)


def test_cross_check_takes_up_what_a_killed_run_left(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    left = ras201()
    left.run = ("ingest_dst", "killed")
    enter(connection, settings, left)
    verdict = validate(enter(connection, settings, ras200()), settings, connection)
    assert RATES in names(verdict)


def test_election_areas_are_checked_when_only_fvkom_is_new(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    from expectation_scratch import dst_elections

    own(connection, settings, dst_elections())
    new = fvkom("20260301T000000Z_fvkom_cccccc")
    new.add(-1, OMRÅDE="151", VALRES="VAELG")
    verdict = validate(enter(connection, settings, new), settings, connection)
    assert verdict.reason == "failed: areas_match_municipality_count"


def test_sample_and_official_are_never_compared(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    old = folk1e("20250101T000000Z_folk1e_bbbbbb")
    old.data_origin = "official"
    old.rows.extend(folk1e(periods=["2018K1"]).rows)
    old.periods.append("2018K1")
    own(connection, settings, old)
    verdict = validate(enter(connection, settings, folk1e()), settings, connection)
    assert verdict.success
    assert {"coverage_not_shrunk", "no_period_withdrawn"}.isdisjoint(names(verdict))


def test_require_names_expectation_and_keys(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load = folk1e()
    load.add(10, OMRÅDE="151", HERKOMST="TOT", KØN="TOT", ALDER="IALT", TID="2020K1")
    verdict = validate(enter(connection, settings, load), settings, connection)
    with pytest.raises(LoadRejected) as caught:
        require(verdict)
    block = caught.value.block()
    assert "origin_parts_equal_total (raw.folk1e): 1 offending" in block
    assert '"TID": "2020K1"' in block
    assert "next:" in block
    key = json.loads(next(i for i in verdict.validations if i.expectation == "origin_parts_equal_total").sample_keys[0])
    assert key == {"OMRÅDE": "151", "KØN": "TOT", "ALDER": "IALT", "TID": "2020K1", "difference": "10"}


def test_require_gives_an_accepted_verdict_back(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    verdict = validate(enter(connection, settings, folk1e()), settings, connection)
    assert require(verdict) is verdict


def test_at_most_ten_keys_and_no_small_number(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load = folk1e()
    load.add(3, HERKOMST="TOT")
    verdict = validate(enter(connection, settings, load), settings, connection)
    found = next(item for item in verdict.validations if item.expectation == "origin_parts_equal_total")
    assert found.unexpected_count == len(load.where(HERKOMST="TOT"))
    assert len(found.sample_keys) == 10
    assert all(json.loads(key)["difference"] == "<5" for key in found.sample_keys)


def test_promoted_load_keeps_status_and_verdict(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load = folk1e()
    load_id = enter(connection, settings, load)
    first = validate(load_id, settings, connection)
    promote(connection, load.record, load_id)
    again = validate(load_id, settings, connection)
    assert status_of(connection, load_id) == PROMOTED
    assert again == first


def test_ledger_holds_the_verdicts(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    verdict = validate(enter(connection, settings, spoil(folk1c())), settings, connection)
    row = connection.execute(
        "select status, reason, expectations_evaluated, expectations_failed from meta.loads where load_id = ?",
        [verdict.load_id],
    ).fetchone()
    assert row == (REJECTED, "failed: rows_received_equal_rows_loaded", verdict.evaluated, 1)
    assert connection.execute("select count(*) from meta.validations where not success").fetchone() == (1,)


def test_unknown_load_and_unknown_cross_check_are_said_so(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    with pytest.raises(WarehouseError, match="does not know the load nothing"):
        validate("nothing", settings, connection)
    record = catalogue()["fvkom"]
    odd = record.model_copy(update={"expect": record.expect.model_copy(update={"cross": (RATES,)})})
    load_id = enter(connection, settings, fvkom())
    with pytest.raises(SettingsError, match=RATES):
        validate(load_id, settings, connection, {**catalogue(), "fvkom": odd})


def test_every_declared_cross_check_exists() -> None:
    from expectations.cross import CROSSES

    declared = {name: record.dataset for record in catalogue().values() for name in record.expect.cross}
    assert declared == {name: cross.declarer for name, cross in CROSSES.items()}
