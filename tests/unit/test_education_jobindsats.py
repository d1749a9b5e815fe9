"""Promise: a Jobindsats answer is mapped by its labels, null stays null, and the denominator is Jobindsats' own."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.http import BadBody
from ingestion.jobindsats import updated
from ingestion.jobindsats_table import Plan, check_data, listed, quarter, resolve, table_rows
from warehouse.errors import LoadRejected, NotDelivered
from warehouse.records import SupportTable, record_of
from warehouse.settings import Settings

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]
DANISH, NON_WESTERN = "Personer med dansk oprindelse", "Indvandrere fra ikke-vestlige lande"
COLUMNS = [
    "Periode",
    "Område",
    "Ydelsesgrupper",
    "Herkomst",
    "Antal personer",
    "Antal fuldtidspersoner",
    "Fuldtidspersoner i pct. af arbejdsstyrken 16-66 år",
    "Fuldtidspersoner i pct. af befolkningen 16-66 år",
]


def support() -> SupportTable:
    found = record_of("jobindsats_support").support
    assert found is not None
    return found


def hierarchy(name: str, *values: str) -> dict[str, Any]:
    levels = [{"level_id": name.strip("_"), "values": [{"value_id": f"/{v}/", "value_name": v} for v in values]}]
    return {"hierarchy_id": name, "levels": levels}


def metadata(**changes: dict[str, Any] | None) -> dict[str, Any]:
    hierarchies: dict[str, Any] = {
        "_nykom": hierarchy("_nykom", "Hele landet", "Ballerup", "Region Hovedstaden", "Uoplyst område"),
        "_ygrpa02": hierarchy("_ygrpa02", "Ydelsesgrupper i alt", "A-dagpenge"),
        "_oprinda": hierarchy("_oprinda", "Herkomst i alt", DANISH, NON_WESTERN),
    } | changes
    shown = [{"hierarchies": [h]} for h in hierarchies.values() if h]
    values = [{"period_id": period} for period in ("2024Q3", "2024Q2", "2007Q4")]
    return {"periods": [{"periodtype_id": "Q", "values": values}], "dimensions": shown}


def plan(**changes: dict[str, Any] | None) -> Plan:
    return resolve(support(), SETTINGS, metadata(**changes))


def data(*values: tuple[Any, Any], area: str = "Ballerup", columns: list[str] | None = None) -> dict[str, Any]:
    names = ["Herkomst i alt", DANISH, NON_WESTERN]
    rows = [
        ["2024Q3", area, "Ydelsesgrupper i alt", name, 1, persons, 2.0, share]
        for name, (persons, share) in zip(names, values, strict=False)
    ]
    return {"columns": columns or COLUMNS, "rows": rows}


def rows(document: dict[str, Any]) -> list[dict[str, object]]:
    return table_rows(plan(), support(), SETTINGS, check_data(document, support()))


def test_the_plan_has_the_quarters_of_the_settings_and_the_areas_by_code() -> None:
    made = plan()
    assert made.periods == ("2024Q2", "2024Q3")
    assert made.areas == {"Hele landet": "000", "Ballerup": "151", "Region Hovedstaden": "084"}
    assert Plan.read(made.document()) == made
    assert made.query(support()) == {
        "mgroup.*": "*",
        "period.Q": "2024Q2,2024Q3",
        "hierarchy._nykom": "*",
        "hierarchy._oprinda": "*",
        "hierarchy._ygrpa02": "/",
        "format": "json",
    }


def test_without_the_origin_hierarchy_the_table_is_not_delivered() -> None:
    with pytest.raises(NotDelivered, match="does not split by origin: it has the hierarchies _nykom, _ygrpa02"):
        plan(_oprinda=None)
    with pytest.raises(NotDelivered, match="western"):
        plan(_oprinda=hierarchy("_oprinda", "Herkomst i alt", DANISH))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"_nykom": None}, ["_nykom", "_ygrpa02"]),
        ({"_ygrpa02": hierarchy("_ygrpa03", "x")}, ["_ygrpa02", "_ygrpa03"]),
        ({"_nykom": hierarchy("_nykom", "Ballerup Kommune")}, ["'Ballerup Kommune'", "Ballerup"]),
        ({"_oprinda": hierarchy("_oprinda", NON_WESTERN, "Vestlige")}, ["'Vestlige'", "code map"]),
    ],
)
def test_a_renamed_thing_is_rejected_with_the_nearest_names(changes: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(LoadRejected) as caught:
        plan(**changes)
    for part in said:
        assert part in caught.value.block()


def test_a_table_without_quarters_is_rejected() -> None:
    document = metadata()
    document["periods"][0]["periodtype_id"] = "M"
    with pytest.raises(LoadRejected, match="'Q'"):
        resolve(support(), SETTINGS, document)


def test_the_population_is_worked_out_from_the_published_share_and_marked() -> None:
    total, danish, other = rows(data((2351.0, 14.0), ("2.000", "13,0"), (None, None)))
    assert total["population"] == pytest.approx(2351 / 14 * 100)
    assert total["population_basis"] == "derived_from_share"
    assert (danish["full_time_persons"], danish["population"]) == (2000.0, pytest.approx(2000 / 13 * 100))
    assert (total["period"], total["municipality_code"], total["origin"]) == ("2024K3", "151", "total")
    assert (other["full_time_persons"], other["population"], other["value_status"]) == (None, None, "suppressed")
    assert other["population_basis"] is None
    assert (other["origin"], other["ancestry"]) == ("non_western", "immigrant")


def test_a_share_of_zero_gives_no_population() -> None:
    (first,) = rows(data((0, 0.0)))
    assert (first["full_time_persons"], first["population"], first["value_status"]) == (0.0, None, "observed")


def test_a_published_population_is_taken_as_it_is() -> None:
    document = data((2351.0, 14.0))
    document["columns"] = [*COLUMNS, "Befolkning 16-66 år"]
    document["rows"] = [[*row, 16789] for row in document["rows"]]
    (first,) = rows(document)
    assert (first["population"], first["population_basis"]) == (16789.0, "published")


def test_columns_may_change_places_but_not_names() -> None:
    document = data((2351.0, 14.0))
    expected = rows(document)
    turned = {"columns": COLUMNS[::-1], "rows": [row[::-1] for row in document["rows"]]}
    assert rows(turned) == expected
    renamed = [name.replace("befolkningen 16-66", "befolkningen 16-64") for name in COLUMNS]
    with pytest.raises(BadBody, match=r"16-66 år' is not in the answer; nearest: .*16-64"):
        check_data(data((1, 1), columns=renamed), support())


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"columns": COLUMNS},
        {"columns": COLUMNS, "rows": []},
        {"columns": COLUMNS, "rows": [["2024Q3"]]},
        {"columns": [*COLUMNS, "Ekstra"], "rows": [[1] * 9]},
        {"columns": [*COLUMNS[:-1], COLUMNS[0]], "rows": [[1] * 8]},
        {"columns": COLUMNS[:3], "rows": [[1] * 3]},
    ],
)
def test_an_answer_of_another_shape_is_broken(document: Any) -> None:
    with pytest.raises(BadBody):
        check_data(document, support())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: "2024Q4"}, "2024Q4"),
        ({1: "Odense"}, "Odense"),
        ({2: "A-dagpenge"}, "A-dagpenge"),
        ({3: "Vestlige"}, "Vestlige"),
        ({5: "2.35"}, "2.35"),
        ({7: "fjorten"}, "fjorten"),
    ],
)
def test_what_was_not_asked_for_is_rejected(change: dict[int, str], said: str) -> None:
    document = data((2351.0, 14.0))
    for position, value in change.items():
        document["rows"][0][position] = value
    with pytest.raises(LoadRejected, match=said):
        rows(document)


def test_rows_of_no_known_area_are_left_out_and_doubles_are_one() -> None:
    document = data((2351.0, 14.0))
    document["rows"] += [list(document["rows"][0]), *data((5, 1.0), area="Uoplyst område")["rows"]]
    assert len(rows(document)) == 1
    document["rows"][1][5] = 9
    with pytest.raises(LoadRejected, match="different things"):
        rows(document)


def test_municipalities_that_nobody_asked_for_are_left_out() -> None:
    narrow = Settings(municipalities="101", focus_municipality="101", _env_file=None)  # type: ignore[call-arg, arg-type]
    read = check_data(data((2351.0, 14.0)), support())
    assert table_rows(plan(), support(), narrow, read) == []


def test_the_table_is_found_in_the_list_of_tables() -> None:
    entry = {"table_id": "ptv_a02", "update_latest": "2026-08-12", "update_next": None}
    document = [{"table_groups": [{"tables": [entry]}]}]
    found = listed(document, "ptv_a02")
    assert (found.update_latest, found.update_next) == ("2026-08-12", "")
    with pytest.raises(LoadRejected, match="ptv_a02"):
        listed(document, "ptv_a03")
    for broken in ({}, [], [{"table_id": "ptv_a02"}]):
        with pytest.raises(BadBody):
            listed(broken, "ptv_a02")


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-08-12T08:00:00", 12), ("2026-08-12", 12), ("12-08-2026", 12), ("12-08-2026 08:00", 12), ("i går", None)],
)
def test_the_time_of_update_is_read_where_it_is_one(text: str, day: int | None) -> None:
    moment = updated(text)
    assert (moment.day if moment else None) == day


def test_quarters_are_written_as_statbank_writes_them() -> None:
    assert quarter("2024Q3") == "2024K3"
    for wrong in ("2024M03", "2024Q5", "2024QMAT01"):
        with pytest.raises(LoadRejected):
            quarter(wrong)
