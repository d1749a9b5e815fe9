"""Every expectation can fail: a poisoned case trips it and only it, and the clean case trips none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import pytest
from expectation_scratch import CLEAN, Candidate, dst_elections, enter, folk1c, folk1e, fvkom, own, ras200, ras201

from expectations.checks import ADVISORY, BLOCKING
from expectations.run import Verdict, validate
from warehouse.settings import Settings

BEFORE = "20250101T000000Z_{}_bbbbbb"


@dataclass
class Scene:
    """A load to judge, the other loads of its run, and what raw owns already."""

    load: Candidate
    partners: list[Candidate] = field(default_factory=list)
    before: list[Candidate] = field(default_factory=list)
    withdrawn: bool = False


def scene(dataset: str) -> Scene:
    """The clean scene of a dataset: everything that its suite can compare with is there."""
    scenes: dict[str, Callable[[], Scene]] = {
        "folk1e": lambda: Scene(folk1e(), before=[folk1e(BEFORE.format("folk1e"), ["2019K3", "2019K4"])]),
        "folk1c": lambda: Scene(folk1c(), [folk1e()], [folk1c(BEFORE.format("folk1c"), ["2019K3", "2019K4"])]),
        "ras201": lambda: Scene(ras201(), before=[ras201(BEFORE.format("ras201"), ["2021", "2022"])]),
        "ras200": lambda: Scene(ras200(), [ras201()], [ras200(BEFORE.format("ras200"), ["2021", "2022"])]),
        "dst_elections": lambda: Scene(
            dst_elections(), before=[fvkom(), dst_elections(BEFORE.format("dst_elections"))]
        ),
        "fvkom": lambda: Scene(
            fvkom("20260201T000000Z_fvkom_aaaaaa"), before=[fvkom(BEFORE.format("fvkom")), dst_elections()]
        ),
    }
    return scenes.get(dataset, lambda: Scene(CLEAN[dataset]()))()


def judge(scene: Scene, connection: duckdb.DuckDBPyConnection, settings: Settings) -> Verdict:
    """Enter a scene and validate its load."""
    for load in scene.before:
        if load.dataset == scene.load.dataset and not scene.withdrawn:
            _still_listed(scene.load, load)
        own(connection, settings, load)
    for load in scene.partners:
        enter(connection, settings, load)
    return validate(enter(connection, settings, scene.load), settings, connection)


def _still_listed(load: Candidate, before: Candidate) -> None:
    """The provider still lists the periods that raw owns, though nobody asks for them again."""
    if "TID" in load.codes:
        asked = {code[0] for code in load.codes["TID"]}
        load.codes["TID"] += [(p, p, None, False) for p in before.periods if p not in asked]


def failing(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations if not item.success}


def _up(area: bool = True, sex: bool = True, age: bool = True) -> dict[str, object]:
    """A base cell of FOLK1E and all that it is summed into."""
    return {
        "OMRÅDE": {"151", "084", "000"} if area else {"151"},
        "KØN": {"1", "TOT"} if sex else {"1"},
        "ALDER": {"0", "IALT"} if age else {"0"},
        "TID": "2020K1",
    }


def _origin_parts(scene: Scene) -> None:
    """ten persons in the total of all origins who are in none of them"""
    scene.load.add(10, HERKOMST="TOT", **_up())


def _sexes(scene: Scene) -> None:
    """ten persons in the total of both sexes who are in neither"""
    scene.load.add(10, HERKOMST={"25", "TOT"}, **{**_up(), "KØN": "TOT"})


def _ages(scene: Scene) -> None:
    """ten persons in the total of all ages who are in none of them"""
    scene.load.add(10, HERKOMST={"25", "TOT"}, **{**_up(), "ALDER": "IALT"})


def _regions(scene: Scene) -> None:
    """ten persons more in a region than its country has"""
    scene.load.add(10, HERKOMST={"25", "TOT"}, **{**_up(), "OMRÅDE": "084"})


def _municipalities(scene: Scene) -> None:
    """ten persons more in the municipalities than their country has"""
    scene.load.add(10, HERKOMST={"25", "TOT"}, **{**_up(), "OMRÅDE": "151"})


def _countries_total(scene: Scene) -> None:
    """ten persons in the total of all countries of origin who are in none of them"""
    scene.load.add(10, OMRÅDE={"151", "084", "000"}, HERKOMST={"4", "TOT"}, IELAND="0000", TID="2020K1")


def _columns(scene: Scene) -> None:
    """a column that was not asked for"""
    scene.load.extra_columns.append("CIVILSTAND")


def _twice(scene: Scene) -> None:
    """a combination of codes that comes twice"""
    scene.load.rows.append({**scene.load.rows[0], "INDHOLD": 0})


def _unknown_code(scene: Scene) -> None:
    """an origin code that was not asked for and that the code map lacks"""
    scene.load.rows.append({**scene.load.rows[0], "HERKOMST": "26", "INDHOLD": 0})


def _negative(scene: Scene) -> None:
    """a count below 0"""
    cell = scene.load.where(OMRÅDE="151", KØN="1", ALDER="0", HERKOMST="34", TID="2020K1")[0]
    scene.load.add(-3 - int(str(cell["INDHOLD"])), HERKOMST={"34", "TOT"}, **_up())


def _missing_values(scene: Scene) -> None:
    """more than a fifth of the rows of a period without a number"""
    for row in scene.load.where(TID="2020K1", KØN={"1", "2"}):
        row["INDHOLD"] = None


def _absent_area(scene: Scene) -> None:
    """an area that was asked for and has no row"""
    scene.load.codes["OMRÅDE"].append(("411", "Christiansø", "411", True))


def _lost_rows(scene: Scene) -> None:
    """one row fewer loaded than received"""
    scene.load.rows_received = len(scene.load.rows) + 1


def _area_gone(scene: Scene) -> None:
    """an area that raw shows is no longer in the provider's list, nor in the sums"""
    for row in scene.load.where(OMRÅDE="161"):
        key = {k: v for k, v in row.items() if k not in {"OMRÅDE", "INDHOLD"}}
        scene.load.add(-int(str(row["INDHOLD"])), OMRÅDE={"084", "000"}, **key)
    scene.load.drop(OMRÅDE="161")
    scene.load.codes["OMRÅDE"] = [code for code in scene.load.codes["OMRÅDE"] if code[0] != "161"]


def _withdrawn(scene: Scene) -> None:
    """a period that raw shows is no longer in the provider's list"""
    scene.withdrawn = True


def _too_high(scene: Scene) -> None:
    """a rate above 100 per cent"""
    scene.partners.clear()
    scene.load.where(OMRÅDE="151")[0]["INDHOLD"] = 100.1


def _rate(scene: Scene) -> None:
    """a published rate 0.2 percentage points off the one counted from RAS201"""
    row = scene.load.where(OMRÅDE="151", HERKOMST="25", KØN="TOT", BEREGNING="EFK", TID="2023")[0]
    row["INDHOLD"] = float(str(row["INDHOLD"])) + 0.2


def _country_class(scene: Scene) -> None:
    """five persons under a western country who are non-western in FOLK1E"""
    for country, delta in (("5180", 5), ("5486", -5)):
        scene.load.add(
            delta, OMRÅDE={"151", "084", "000"}, HERKOMST={"4", "TOT"}, IELAND=country, TID="2020K1", KØN="TOT"
        )


def _fvkom_differs(scene: Scene) -> None:
    """one voter more in the municipality's result than in its polling areas"""
    fvkom_load = next(load for load in scene.before if load.dataset == "fvkom")
    fvkom_load.add(1, OMRÅDE="151", VALRES="VAELG")


def _area(scene: Scene) -> dict[str, object]:
    return scene.load.rows[0]


def _district(scene: Scene) -> dict[str, object]:
    return scene.load.tables["dst_election_districts"][0]


def _shift(row: dict[str, object], column: str, delta: int) -> None:
    row[column] = int(str(row[column])) + delta


def _district_differs(scene: Scene) -> None:
    """one voter more in the district than in its polling areas"""
    _shift(_district(scene), "eligible_voters", 1)


def _too_many_votes(scene: Scene) -> None:
    """a polling area with one vote more than voters"""
    area = _area(scene)
    delta = int(str(area["votes_cast"])) - 1 - int(str(area["eligible_voters"]))
    _shift(area, "eligible_voters", delta)
    _shift(_district(scene), "eligible_voters", delta)
    fvkom_load = next(load for load in scene.before if load.dataset == "fvkom")
    fvkom_load.add(delta, OMRÅDE="151", VALRES="VAELG")
    area["turnout_pct_published"] = round(100 * int(str(area["votes_cast"])) / int(str(area["eligible_voters"])), 2)


def _valid_differs(scene: Scene) -> None:
    """a vote cast that is neither valid nor invalid"""
    _shift(_area(scene), "valid_votes", -1)
    _shift(_district(scene), "valid_votes", -1)


def _blank_differs(scene: Scene) -> None:
    """an invalid vote that is neither blank nor otherwise invalid"""
    _shift(_area(scene), "blank_votes", -1)


def _turnout(scene: Scene) -> None:
    """a published turnout that is not votes over voters"""
    area = _area(scene)
    area["turnout_pct_published"] = float(str(area["turnout_pct_published"])) + 0.02


def _area_twice(scene: Scene) -> None:
    """a polling area that comes twice"""
    zero = dict.fromkeys([k for k, v in _area(scene).items() if isinstance(v, int)], 0)
    scene.load.rows.append({**_area(scene), **zero})


def _area_not_there(scene: Scene) -> None:
    """a polling area in the provider's list that did not come"""
    scene.load.places.append({"election_id": "FV2022", "id": "1", "district_id": "39"})


POISONED: dict[str, tuple[str, Callable[[Scene], None]]] = {
    "columns_as_asked": ("folk1e", _columns),
    "keys_unique": ("folk1e", _twice),
    "codes_known": ("folk1e", _unknown_code),
    "value_not_negative": ("folk1e", _negative),
    "value_present": ("folk1e", _missing_values),
    "value_in_range": ("ras200", _too_high),
    "every_period_and_area_present": ("folk1e", _absent_area),
    "origin_parts_equal_total": ("folk1e", _origin_parts),
    "sexes_equal_total": ("folk1e", _sexes),
    "ages_equal_total": ("folk1e", _ages),
    "countries_equal_total": ("folk1c", _countries_total),
    "regions_not_above_country": ("folk1e", _regions),
    "municipalities_not_above_country": ("folk1e", _municipalities),
    "rows_received_equal_rows_loaded": ("folk1e", _lost_rows),
    "coverage_not_shrunk": ("folk1e", _area_gone),
    "no_period_withdrawn": ("folk1e", _withdrawn),
    "employment_rate_matches_counts": ("ras200", _rate),
    "countries_match_origin": ("folk1c", _country_class),
    "areas_match_municipality_count": ("dst_elections", _fvkom_differs),
    "areas_sum_to_district": ("dst_elections", _district_differs),
    "votes_not_above_voters": ("dst_elections", _too_many_votes),
    "valid_and_invalid_equal_cast": ("dst_elections", _valid_differs),
    "invalid_parts_equal_invalid": ("dst_elections", _blank_differs),
    "turnout_as_published": ("dst_elections", _turnout),
    "area_keys_unique": ("dst_elections", _area_twice),
    "every_listed_area_present": ("dst_elections", _area_not_there),
}
ADVISORY_ONES = {"value_present", "no_period_withdrawn"}


@pytest.mark.parametrize("dataset", CLEAN)
def test_clean_load_is_accepted(dataset: str, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    verdict = judge(scene(dataset), connection, settings)
    assert failing(verdict) == set()
    assert verdict.success
    assert verdict.evaluated == len(verdict.validations) > 0
    names = {item.expectation for item in verdict.validations}
    assert names <= set(POISONED), f"no poisoned case for {names - set(POISONED)}"
    for item in verdict.validations:
        assert item.severity == (ADVISORY if item.expectation in ADVISORY_ONES else BLOCKING), item.expectation


@pytest.mark.parametrize("expectation", POISONED)
def test_poisoned_load_trips_its_expectation_and_only_it(
    expectation: str, connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    dataset, poison = POISONED[expectation]
    staged = scene(dataset)
    poison(staged)
    verdict = judge(staged, connection, settings)
    assert failing(verdict) == {expectation}
    found = next(item for item in verdict.validations if not item.success)
    assert found.unexpected_count >= 1
    assert 1 <= len(found.sample_keys) <= 10
    assert verdict.success == (expectation in ADVISORY_ONES)


def test_every_poisoned_expectation_is_in_the_suite_of_its_dataset(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    suites = {}
    for dataset in ("folk1e", "ras200", "dst_elections"):
        suites[dataset] = {item.expectation for item in judge(scene(dataset), connection, settings).validations}
    for expectation, (dataset, _) in POISONED.items():
        assert dataset not in suites or expectation in suites[dataset], expectation
