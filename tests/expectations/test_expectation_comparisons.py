"""How the checks compare: sparse rows, published ``..``, leading zeros, parts of the country, shrinking coverage."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from expectation_scratch import Candidate, enter, folk1c, folk1e, own, ras200, ras201

from expectations.run import Verdict, validate
from warehouse.errors import WarehouseError
from warehouse.records import catalogue
from warehouse.settings import Settings

Connection = duckdb.DuckDBPyConnection


def failing(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations if not item.success}


def judge(connection: Connection, settings: Settings, load: Candidate) -> Verdict:
    return validate(enter(connection, settings, load), settings, connection)


def test_absent_row_means_zero(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load.rows[:] = [row for row in load.rows if row["HERKOMST"] != "34"]
    for row in load.where(HERKOMST="TOT"):
        same = {k: row[k] for k in ("OMRÅDE", "KØN", "ALDER", "TID")}
        row["INDHOLD"] = sum(int(str(r["INDHOLD"])) for r in load.where(**same) if r["HERKOMST"] != "TOT")
    assert failing(judge(connection, settings, load)) == set()


def test_absent_total_is_not_the_sum_of_its_parts(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load.drop(OMRÅDE="151", KØN="1", ALDER="0", HERKOMST="TOT", TID="2020K1")
    assert "origin_parts_equal_total" in failing(judge(connection, settings, load))


def test_group_with_a_published_missing_is_left_alone(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load.where(OMRÅDE="151", KØN="1", ALDER="0", HERKOMST="34", TID="2020K1")[0]["INDHOLD"] = None
    assert failing(judge(connection, settings, load)) == set()


def test_leading_zeros_are_compared_by_canonical_code(connection: Connection, settings: Settings) -> None:
    own(connection, settings, folk1e("20250101T000000Z_folk1e_bbbbbb", ["2019K3", "2019K4"]))
    load = folk1e()
    for row in load.where(OMRÅDE="000"):
        row["OMRÅDE"] = "0"
    load.codes["OMRÅDE"] = [("0", "Hele landet", "000", True), *load.codes["OMRÅDE"][1:]]
    load.codes["TID"].append(("2019K3", "2019K3", None, False))
    verdict = judge(connection, settings, load)
    assert failing(verdict) == set()
    assert "coverage_not_shrunk" in {item.expectation for item in verdict.validations}


def test_leading_zeros_in_a_cross_check(connection: Connection, settings: Settings) -> None:
    own(connection, settings, ras201())
    load = ras200("20260301T000000Z_ras200_cccccc")
    for row in load.where(HERKOMST="00"):
        row["HERKOMST"] = "0"
    load.codes["HERKOMST"] = [("0", "I alt", "00", True), *load.codes["HERKOMST"][1:]]
    verdict = judge(connection, settings, load)
    assert failing(verdict) == set()
    compared = next(i.observed for i in verdict.validations if i.expectation == "employment_rate_matches_counts")
    assert compared == f"{len(load.rows)} rates compared"


def test_a_part_of_the_municipalities_is_not_the_country(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load.drop(OMRÅDE={"161", "081"})
    load.codes["OMRÅDE"] = [(c, t, k, c not in {"161", "081"}) for c, t, k, _ in load.codes["OMRÅDE"]]
    verdict = judge(connection, settings, load)
    assert failing(verdict) == set()
    assert {"regions_equal_country", "municipalities_equal_country"}.isdisjoint(
        {item.expectation for item in verdict.validations}
    )


def test_deselected_area_is_no_loss(connection: Connection, settings: Settings) -> None:
    own(connection, settings, folk1e("20250101T000000Z_folk1e_bbbbbb"))
    load = folk1e()
    load.drop(OMRÅDE="161")
    load.codes["OMRÅDE"] = [(c, t, k, c != "161") for c, t, k, _ in load.codes["OMRÅDE"]]
    load.selection = "another question"
    assert failing(judge(connection, settings, load)) == set()


def _origin_lost(load: Candidate) -> None:
    load.drop(HERKOMST="35", TID="2023")


def _status_lost_everywhere(load: Candidate) -> None:
    load.drop(SOCIO="55")


def _fewer_rows(load: Candidate) -> None:
    load.drop(ALDER="20-24", KØN="K", HERKOMST={"24", "25"})


@pytest.mark.parametrize("shrink", [_origin_lost, _status_lost_everywhere, _fewer_rows])
def test_coverage_may_not_shrink(
    shrink: Callable[[Candidate], None], connection: Connection, settings: Settings
) -> None:
    own(connection, settings, ras201("20250101T000000Z_ras201_bbbbbb", ["2021", "2022"]))
    load = ras201()
    load.codes["TID"].append(("2021", "2021", None, False))
    shrink(load)
    assert failing(judge(connection, settings, load)) == {"coverage_not_shrunk"}


def test_coverage_may_shrink_within_the_tolerance(connection: Connection, settings: Settings) -> None:
    own(connection, settings, ras201("20250101T000000Z_ras201_bbbbbb", ["2022"]))
    load = ras201()
    load.drop(SOCIO="50", ALDER="-15", KØN="K", HERKOMST="34")
    assert failing(judge(connection, settings, load)) == set()


def test_tail_of_the_ages_may_come_and_go(connection: Connection, settings: Settings) -> None:
    before = folk1e("20250101T000000Z_folk1e_bbbbbb", ["2019K4"])
    oldest = {"KØN": "TOT", "ALDER": "2", "HERKOMST": "24", "TID": "2019K4", "INDHOLD": 1}
    before.rows.extend({**oldest, "OMRÅDE": area} for area in ("151", "084", "000"))
    own(connection, settings, before)
    assert failing(judge(connection, settings, folk1e())) == set()


def test_persons_of_unknown_country_may_sit_in_any_group(connection: Connection, settings: Settings) -> None:
    own(connection, settings, folk1e())
    load = folk1c("20260301T000000Z_folk1c_cccccc")
    load.codes["IELAND"].append(("5999", "Uoplyst", "X-UNKNOWN", True))
    for row in load.where(HERKOMST={"4", "TOT"}, IELAND="5486"):
        unknown = 7 * {"000": 3, "084": 2}.get(str(row["OMRÅDE"]), 1)
        load.rows.append({**row, "IELAND": "5999", "INDHOLD": unknown})
        row["INDHOLD"] = int(str(row["INDHOLD"])) - unknown
    verdict = judge(connection, settings, load)
    assert failing(verdict) == set()
    observed = next(i.observed for i in verdict.validations if i.expectation == "countries_match_origin")
    assert observed.endswith("countries of unknown origin: X-UNKNOWN")


def test_rates_published_as_missing_are_apart(connection: Connection, settings: Settings) -> None:
    own(connection, settings, ras201())
    load = ras200("20260301T000000Z_ras200_cccccc")
    load.where(OMRÅDE="851", HERKOMST="34", KØN="K", TID="2023")[0]["INDHOLD"] = None
    load.drop(OMRÅDE="851", HERKOMST="35", KØN="K", TID="2023")
    assert failing(judge(connection, settings, load)) == set()


def test_total_without_its_code_cannot_be_checked_and_says_so(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load.drop(KØN="TOT")
    load.codes["KØN"] = load.codes["KØN"][1:]
    verdict = judge(connection, settings, load)
    assert failing(verdict) == {"sexes_equal_total"}
    found = next(item for item in verdict.validations if not item.success)
    assert '"code": "TOT"' in found.sample_keys[0]


def test_a_code_without_a_canonical_code_is_unknown(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load.codes["HERKOMST"].append(("36", "Nye", None, True))
    verdict = judge(connection, settings, load)
    assert failing(verdict) == {"codes_known"}


def test_severity_of_a_total_stands_in_its_record(connection: Connection, settings: Settings) -> None:
    record = catalogue()["folk1e"]
    totals = tuple(
        t.model_copy(update={"severity": "advisory", "tolerance": 9.0})
        for t in record.expect.totals
        if t.variable != "OMRÅDE"
    )
    expect = record.expect.model_copy(update={"totals": totals})
    records = {**catalogue(), "folk1e": record.model_copy(update={"expect": expect})}
    load = folk1e()
    load.add(10, OMRÅDE="151", KØN="1", ALDER="0", HERKOMST="TOT", TID="2020K1")
    load.add(9, OMRÅDE="851", KØN="1", ALDER="0", HERKOMST="TOT", TID="2020K1")
    verdict = validate(enter(connection, settings, load), settings, connection, records)
    assert verdict.success
    found = next(item for item in verdict.validations if item.expectation == "origin_parts_equal_total")
    assert (found.severity, found.success, found.unexpected_count) == ("advisory", False, 1)


def test_check_that_cannot_run_is_a_defect_not_a_verdict(connection: Connection, settings: Settings) -> None:
    load = folk1e()
    load_id = enter(connection, settings, load)
    connection.execute(f'alter table raw_loads."folk1e__{load_id}" drop column INDHOLD')
    with pytest.raises(WarehouseError, match="could not be run"):
        validate(load_id, settings, connection)
    assert connection.execute("select status from meta.loads").fetchone() == ("loaded",)
    assert connection.execute("select count(*) from meta.validations").fetchone() == (0,)
