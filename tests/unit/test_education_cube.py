"""Promise: what is asked of a cube is what it has; a name it lacks is told with the nearest ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ingestion.education_cube import ABSENT, Plan, check_page, key_of, resolve, table_rows
from ingestion.http import BadBody
from warehouse.errors import LoadRejected, NotDelivered
from warehouse.records import Cube, record_of
from warehouse.settings import Settings

PERIOD, HOME, SCHOOL = "[Skoleår].[Skoleår]", "[Bopælskommune].[Bopælskommune]", "[Institution].[Beliggenhedskommune]"
GROUP, ORIGIN = "[Herkomst].[Herkomstgruppe]", "[Herkomst].[Herkomst]"
SHARE, PUPILS = "Andel elever med mindst 2 i dansk og matematik", "Antal elever med prøver i dansk og matematik"
SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


def cube() -> Cube:
    found = record_of("education_grades").cube
    assert found is not None
    return found


class Skema:
    """What skema says; tests change what they like."""

    def __init__(self) -> None:
        self.topics: Any = [{"ID": "KARA", "Name": "Karakterer"}]
        self.subtopics: Any = [{"ID": "KARADM", "Name": "Dansk og matematik"}]
        self.measures: list[Any] = [SHARE, PUPILS]
        self.details: dict[str, list[Any]] = {
            PERIOD: ["2022/2023", "2023/2024"],
            HOME: ["Ballerup", "København", "<uoplyst>"],
            SCHOOL: ["Ballerup"],
            GROUP: ["Dansk", "Vestlig", "Ikke-vestlig", "<uoplyst>", "<fejl>"],
        }

    def __call__(self, body: dict[str, str]) -> object:
        if "detalje" in body:
            return self.details[body["detalje"]]
        if "underemne" in body:
            details = [{"name": name, "count": len(members)} for name, members in self.details.items()]
            return {"detaljer": details, "nøgletal": self.measures}
        if "emne" in body:
            return self.subtopics
        return self.topics if "område" in body else [{"ID": "GS", "Name": "Grundskolen"}]


def plan(skema: Skema | None = None, settings: Settings = SETTINGS) -> Plan:
    return resolve(cube(), settings, skema or Skema())


def test_home_is_preferred_to_school() -> None:
    made = plan()
    assert (made.basis, made.municipality_detail) == ("home", HOME)
    skema = Skema()
    del skema.details[HOME]
    assert (plan(skema).basis, plan(skema).municipality_detail) == ("school", SCHOOL)


def test_the_plan_survives_the_manifest() -> None:
    import json

    made = plan()
    assert Plan.read(json.loads(json.dumps(made.document()))) == made


def test_missing_members_are_no_groups_and_no_places() -> None:
    made = plan()
    assert made.origins == {"Dansk": ("danish", "danish_origin"), "Vestlig": ("western", None)} | {
        "Ikke-vestlig": ("non_western", None)
    }
    assert made.municipalities == {"Ballerup": "151", "København": "101"}


def test_only_the_years_and_municipalities_of_the_settings_are_asked_for() -> None:
    narrow = Settings(municipalities="151", from_year=2023, _env_file=None)  # type: ignore[call-arg, arg-type]
    made = plan(settings=narrow)
    assert made.query("municipality")["filtre"] == {PERIOD: ["2023/2024"], HOME: ["Ballerup"]}
    assert made.query("country")["filtre"] == {PERIOD: ["2023/2024"]}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (None, "no Herkomst dimension"),
        (["Dansk", "Udenlandsk", "<uoplyst>"], "only as Danish / foreign"),
        (["Dansk", "Indvandrere", "Efterkommere"], "only as Danish / foreign"),
    ],
)
def test_a_cube_without_the_target_group_is_not_delivered(members: list[str] | None, said: str) -> None:
    skema = Skema()
    if members is None:
        del skema.details[GROUP]
    else:
        skema.details[GROUP] = members
    with pytest.raises(NotDelivered, match=said):
        plan(skema)


def test_the_detail_that_tells_the_target_group_is_taken() -> None:
    skema = Skema()
    skema.details[ORIGIN] = ["Dansk", "Indvandrere", "Efterkommere", "<uoplyst>"]
    assert plan(skema).origin_detail == GROUP


def _rename(which: str, old: str, new: str) -> Callable[[Skema], None]:
    def change(skema: Skema) -> None:
        if which == "detail":
            skema.details[new] = skema.details.pop(old)
        elif which == "member":
            detail, member = old.split("|")
            skema.details[detail] = [new if m == member else m for m in skema.details[detail]]
        elif which == "measure":
            skema.measures = [new if m == old else m for m in skema.measures]
        else:
            setattr(skema, which, [{"ID": new, "Name": "x"}])

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_rename("topics", "KARA", "KARAK"), ["emne", "'KARA'", "KARAK"]),
        (_rename("subtopics", "KARADM", "KARADMA"), ["underemne", "'KARADM'", "KARADMA"]),
        (_rename("measure", SHARE, SHARE + " (pct.)"), ["nøgletal", SHARE, "(pct.)"]),
        (_rename("measure", PUPILS, "Antal elever med begge prøver"), ["nøgletal", "Antal elever med begge prøver"]),
        (_rename("detail", PERIOD, "[Skoleår].[Skoleåret]"), ["detaljering", "[Skoleår].[Skoleåret]"]),
        (_rename("detail", GROUP, "[Elev].[Herkomst]"), ["herkomst", "[Elev].[Herkomst]"]),
        (_rename("member", f"{GROUP}|Vestlig", "Vesterlandsk"), ["'Vesterlandsk'", "code map", "Vestlig"]),
        (_rename("member", f"{HOME}|København", "Københavns"), ["'Københavns'", "København"]),
        (_rename("member", f"{HOME}|København", "BALLERUP"), ["151"]),
        (_rename("member", f"{PERIOD}|2022/2023", "2022/2024"), ["2022/2024"]),
    ],
)
def test_a_renamed_thing_is_rejected_with_the_nearest_names(change: Callable[[Skema], None], said: list[str]) -> None:
    skema = Skema()
    change(skema)
    with pytest.raises(LoadRejected) as caught:
        plan(skema)
    for part in said:
        assert part in caught.value.block()


@pytest.mark.parametrize("measures", [[{"name": SHARE}, {"name": PUPILS}], [SHARE, PUPILS, "Noget andet"]])
def test_skema_may_name_things_plainly_or_as_objects(measures: list[Any]) -> None:
    skema = Skema()
    skema.measures = measures
    assert plan(skema).measures == {"share_pct": SHARE, "pupils": PUPILS}


@pytest.mark.parametrize("topics", [{}, [1], [{"Name": "Karakterer"}], None])
def test_skema_in_another_shape_is_a_broken_answer(topics: Any) -> None:
    skema = Skema()
    skema.topics = topics
    with pytest.raises(BadBody):
        plan(skema)


def row(period: str, municipality: str | None, origin: str, pupils: object, share: object) -> dict[str, object]:
    place = {} if municipality is None else {key_of(HOME): municipality}
    return {key_of(PERIOD): period, **place, key_of(GROUP): origin, PUPILS: pupils, SHARE: share}


def test_absent_cells_of_the_full_product_have_a_status_and_no_number() -> None:
    published = [row("2023/2024", "Ballerup", "Dansk", "2.351", "92,5 %")]
    rows, counts = table_rows(plan(), cube(), published, [])
    assert len(rows) == 1 * 3 * 3
    assert counts == {"rows": 9, "observed": 1, "suppressed_or_none": 8}
    (seen,) = [r for r in rows if r["value_status"] == "observed"]
    assert (seen["pupils"], seen["share_pct"], seen["municipality_code"]) == (2351, 92.5, "151")
    hidden = [r for r in rows if r["value_status"] == ABSENT]
    assert all(r["pupils"] is None and r["share_pct"] is None for r in hidden)
    assert {r["municipality_code"] for r in hidden} == {"000", "101", "151"}


@pytest.mark.parametrize(("pupils", "share"), [("", ""), (None, None), ("12", ""), ("", "92,5 %")])
def test_a_blank_cell_is_not_zero(pupils: object, share: object) -> None:
    rows, _ = table_rows(plan(), cube(), [row("2023/2024", "Ballerup", "Dansk", pupils, share)], [])
    assert {r["value_status"] for r in rows} == {ABSENT}
    assert {r["pupils"] for r in rows} == {None}


def test_members_without_a_group_are_left_out() -> None:
    published = [
        row("2023/2024", "Ballerup", "Dansk", "100", "92,5 %"),
        row("2023/2024", "Ballerup", "<uoplyst>", "5", "60,0 %"),
        row("2023/2024", "<uoplyst>", "Dansk", "7", "60,0 %"),
        row("2022/2023", "Ballerup", "<fejl>", "7", "60,0 %"),
    ]
    rows, _ = table_rows(plan(), cube(), published, [])
    assert {r["period"] for r in rows} == {"2023/2024"}
    assert {r["origin"] for r in rows} == {"danish", "western", "non_western"}


@pytest.mark.parametrize(
    ("published", "said"),
    [
        (row("2023/2024", "Ballerup", "Dansk", "2,351", "92,5 %"), "2,351"),
        (row("2023/2024", "Ballerup", "Dansk", "100", "92.5 %"), "92.5 %"),
        (row("2021/2022", "Ballerup", "Dansk", "100", "92,5 %"), "2021/2022"),
        (row("2023/2024", "Odense", "Dansk", "100", "92,5 %"), "Odense"),
        (row("2023/2024", "Ballerup", "Udenlandsk", "100", "92,5 %"), "Udenlandsk"),
    ],
)
def test_what_was_not_asked_for_is_rejected(published: dict[str, object], said: str) -> None:
    with pytest.raises(LoadRejected, match=said):
        table_rows(plan(), cube(), [published], [])


def test_the_same_row_twice_is_one_row_and_another_is_a_conflict() -> None:
    first = row("2023/2024", "Ballerup", "Dansk", "100", "92,5 %")
    counts = table_rows(plan(), cube(), [first, dict(first)], [])[1]
    assert counts["observed"] == 1
    with pytest.raises(LoadRejected, match="different things"):
        table_rows(plan(), cube(), [first, {**first, PUPILS: "101"}], [])


@pytest.mark.parametrize("document", [{}, "x", [1], [{}], [{"Ekstra": "1"}]])
def test_a_page_of_another_shape_is_broken(document: object) -> None:
    with pytest.raises(BadBody):
        check_page(document, plan(), "municipality")


def test_a_page_with_another_column_is_broken() -> None:
    with pytest.raises(BadBody, match="Ekstra"):
        check_page([{**row("2023/2024", "Ballerup", "Dansk", "1", "1"), "Ekstra": "1"}], plan(), "municipality")
