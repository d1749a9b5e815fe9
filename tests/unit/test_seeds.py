"""The small seeds, read as plain CSV: complete, keyed, and labelled in both languages.

What the lists must hold is written here a second time, by hand, so that a slip in a seed shows.
Out of scope: the classification of countries, which has its own tests, and loading the seeds.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from warehouse.records import record_of

REPOSITORY = Path(__file__).resolve().parents[2]
SEEDS = REPOSITORY / "dbt_project" / "seeds"
DOMAIN = REPOSITORY / ".." / "shared" / "domain"

MUNICIPALITIES = 98
REGIONS_TODAY = 5
PROVINCES = 11
POLLING_AREAS_OF_GLOSTRUP = 6


def words(text: str) -> list[str]:
    """The words of a text, for lists that are easier to read as one."""
    return text.split()


INDICATORS = {
    "beskaeftigelse": [
        "employment_rate",
        "employment_rate_quarterly",
        "unemployment_share",
        "outside_labour_force",
        "cash_benefit_share",
        "public_support_share",
    ],
    "uddannelse": ["grade9_completion", "youth_education", "qualifying_education", "grade9_grades"],
    "boligsocial": ["perceived_diversity", "residential_dissimilarity"],
    "demokrati": ["turnout_municipal", "turnout_by_area", "danish_tests", "association_democracy"],
}
LOWER_IS_BETTER = {
    "unemployment_share",
    "outside_labour_force",
    "cash_benefit_share",
    "public_support_share",
    "residential_dissimilarity",
}
NOT_PLAINLY_MEASURED = {
    "residential_dissimilarity": "proxy",
    "turnout_by_area": "proxy",
    "danish_tests": "under_development",
    "association_democracy": "not_permitted",
}
TABLES_WITH_ORIGIN = set(words("FOLK1C FOLK1E RAS200 RAS201 KAS201 LIGEUB1 UDDAKT20 KY038 KMSTA001"))
STATBANK_TABLES = TABLES_WITH_ORIGIN | {"KVRES", "FVKOM"}
DELIVERIES = set(
    words("""
    JOBINDSATS UDDANNELSESSTATISTIK INTERVIEWS TURNOUT_BY_ORIGIN DANISH_TESTS
    VALG_DK DST_ELECTIONS VALGDATABASE
    """)
)

KEYS = {
    "areas": ("area_code",),
    "corrections": ("data_origin", "dataset", "table_name", "key", "column_name"),
    "country_origin_classification": ("country_id", "valid_from"),
    "dictionary_da": ("table_name", "column_name"),
    "focus_areas": ("focus_area",),
    "indicators": ("indicator_id",),
    "nomination_districts": ("election_id", "district_id", "municipality_code"),
    "origin_codes": ("table_id", "variable", "code"),
    "origin_groups": ("group_id",),
    "peer_groups": ("municipality_code", "member_code"),
    "polling_area_bridge": ("election_id", "area_id"),
    "series_breaks": ("break_id",),
    "targets": ("municipality_code", "indicator_id", "sex", "age_group", "target_group", "reference_group"),
    "usage_warnings": ("usage_warning",),
    "valgdatabase_reference_dates": ("label",),
    "value_statuses": ("value_status",),
}


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as text."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a seed."""
    return read(SEEDS / f"{name}.csv")


def domain(name: str) -> list[dict[str, str]]:
    """The rows of a list of the domain pages; the test is skipped where they are not at hand."""
    path = DOMAIN / name
    if not path.exists():
        pytest.skip(f"the domain list {name} is not beside this repository")
    return read(path)


def test_every_seed_is_here_and_no_other() -> None:
    assert {path.stem for path in SEEDS.glob("*.csv")} == set(KEYS)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_the_key_of_a_seed_is_unique_and_never_empty(name: str) -> None:
    keys = Counter(tuple(row[column] for column in KEYS[name]) for row in seed(name))
    assert [key for key, rows in keys.items() if rows > 1 or not all(key)] == []


@pytest.mark.parametrize("name", sorted(KEYS))
def test_no_label_is_missing_in_either_language(name: str) -> None:
    columns = re.compile(r"^(name|label|definition|description|source|text)_(da|en)$")
    empty = [
        (index, column)
        for index, row in enumerate(seed(name), start=2)
        for column, value in row.items()
        if columns.match(column) and not value.strip()
    ]
    assert empty == []


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_text_has_no_stray_spaces(name: str) -> None:
    values = [value for row in seed(name) for value in row.values()]
    assert [value for value in values if value != value.strip() or "  " in value] == []


def test_all_sixteen_indicators_stand_in_their_focus_area_and_order() -> None:
    rows = sorted(seed("indicators"), key=lambda row: int(row["sort_order"]))
    got = defaultdict(list)
    for row in rows:
        got[row["focus_area"]].append(row["indicator_id"])
    assert dict(got) == INDICATORS
    assert [int(row["sort_order"]) for row in rows] == list(range(1, 17))


def test_an_indicator_points_the_right_way_and_says_so() -> None:
    for row in seed("indicators"):
        lower = row["indicator_id"] in LOWER_IS_BETTER
        assert row["higher_is_better"] == ("false" if lower else "true"), row["indicator_id"]
        if row["measurability"] != "not_permitted":
            assert ("Lower is better" if lower else "Higher is better") in row["definition_en"], row["indicator_id"]
            assert ("Jo lavere" if lower else "Jo højere") in row["definition_da"], row["indicator_id"]


def test_an_indicator_that_is_not_plainly_measured_gives_its_reason_in_both_languages() -> None:
    rows = {row["indicator_id"]: row for row in seed("indicators")}
    measurability = {name: row["measurability"] for name, row in rows.items() if row["measurability"] != "measured"}
    assert measurability == NOT_PLAINLY_MEASURED
    statbank_only = {
        name
        for name, row in rows.items()
        if row["measurability"] == "measured" and set(row["source_tables"].split("|")) <= STATBANK_TABLES
    }
    missing = [
        name for name in rows.keys() - statbank_only if not (rows[name]["reason_da"] and rows[name]["reason_en"])
    ]
    assert missing == []


def test_origin_in_association_democracy_has_no_source_and_the_reason_of_the_law() -> None:
    row = next(row for row in seed("indicators") if row["indicator_id"] == "association_democracy")
    assert row["source_tables"] == ""
    assert "må ikke registreres" in row["reason_da"]
    assert "may not be registered" in row["reason_en"]


def test_an_indicator_names_only_known_sources() -> None:
    named = {table for row in seed("indicators") for table in filter(None, row["source_tables"].split("|"))}
    assert named <= STATBANK_TABLES | DELIVERIES
    assert all(int(row["smallest_base"]) > 0 for row in seed("indicators"))


def test_the_focus_areas_keep_the_names_of_the_strategy() -> None:
    labels = {row["focus_area"]: row["label_da"] for row in seed("focus_areas")}
    assert labels == {
        "beskaeftigelse": "Beskæftigelse",
        "uddannelse": "Uddannelse",
        "boligsocial": "Boligsocial indsats",
        "demokrati": "Demokratisk dannelse",
    }


def test_the_origin_codes_cover_the_tables_of_the_contract() -> None:
    assert {row["table_id"] for row in seed("origin_codes")} == TABLES_WITH_ORIGIN


def test_the_origin_codes_are_those_of_the_domain_list() -> None:
    listed = [row for row in domain("origin_codes.csv") if row["table_id"] in TABLES_WITH_ORIGIN]
    assert seed("origin_codes") == listed


def test_the_same_number_means_something_else_in_another_table() -> None:
    meaning = {
        (row["table_id"], row["code"]): row["origin"] for row in seed("origin_codes") if row["variable"] == "HERKOMST"
    }
    assert meaning["UDDAKT20", "0"] == "unknown"
    assert meaning["LIGEUB1", "0"] == "total"
    assert (meaning["RAS201", "999"], meaning["KAS201", "1"], meaning["FOLK1C", "5"]) == ("danish",) * 3


def test_the_areas_are_complete() -> None:
    rows = seed("areas")
    levels = Counter(row["level"] for row in rows)
    assert levels == {
        "country": 1,
        "region": REGIONS_TODAY + 1,
        "province": PROVINCES,
        "municipality": MUNICIPALITIES + 1,
    }
    codes = {row["area_code"] for row in rows}
    regions = {row["area_code"] for row in rows if row["level"] == "region"}
    assert {"000", "151", "411", "086"} <= codes
    assert {row["region_code"] for row in rows if row["level"] != "country"} == regions


def test_the_areas_are_those_of_the_domain_list_and_the_coming_region() -> None:
    listed = {(row["code"], row["name_da"], row["region_code"]) for row in domain("areas.csv")}
    assert {(row["area_code"], row["name_da"], row["region_code"]) for row in seed("areas")} == listed | {
        ("086", "Region Østdanmark", "086")
    }


def test_english_area_names_are_those_of_statistics_denmark() -> None:
    names = {row["area_code"]: row["name_en"] for row in seed("areas")}
    assert (names["101"], names["084"], names["151"]) == (
        "Copenhagen",
        "Capital Region of Denmark",
        "Ballerup",
    )


@pytest.mark.parametrize(
    ("election", "areas", "numbers"),
    [("FV2011", 10, set(range(1, 11))), ("FV2022", 9, set(range(1, 11)) - {7})],
)
def test_the_bridge_holds_the_polling_areas_of_ballerup(election: str, areas: int, numbers: set[int]) -> None:
    rows = [row for row in seed("polling_area_bridge") if row["election_id"] == election]
    ballerup = [row for row in rows if row["municipality_code"] == "151"]
    assert len(ballerup) == areas
    assert {int(row["area_number"]) for row in ballerup} == numbers
    assert Counter(row["municipality_code"] for row in rows)["161"] == POLLING_AREAS_OF_GLOSTRUP


def test_the_merged_polling_area_is_not_compared_with_its_predecessor() -> None:
    comparable = {
        row["area_number"]: row["comparable_with_previous"]
        for row in seed("polling_area_bridge")
        if row["election_id"] == "FV2022" and row["municipality_code"] == "151"
    }
    assert [number for number, value in comparable.items() if value == "false"] == ["6"]


def test_the_bridge_agrees_with_the_published_index_of_the_election() -> None:
    for election, folder in (("FV2011", "fv2011"), ("FV2022", "fv2022")):
        index = REPOSITORY / ".." / "shared" / "real" / "elections" / folder / "fintal.xml"
        if not index.exists():
            pytest.skip(f"the published index of {election} is not beside this repository")
        text = index.read_text(encoding="utf-8-sig")
        found = re.findall(r'afstemningsomraade_id="(\d+)" opstillingskreds_id="39"[^>]*>([^<]+)<', text)
        bridged = {
            (row["area_id"], row["area_name"]) for row in seed("polling_area_bridge") if row["election_id"] == election
        }
        assert bridged == set(found)


def test_every_municipality_of_the_bridge_belongs_to_a_district_of_that_election() -> None:
    districts = {(row["election_id"], row["municipality_code"]) for row in seed("nomination_districts")}
    bridged = {(row["election_id"], row["municipality_code"]) for row in seed("polling_area_bridge")}
    assert bridged <= districts


def test_every_election_of_the_catalogue_has_its_district() -> None:
    # FV2015 and FV2019 have no bridge: their areas are loaded, with neither municipality nor number.
    elections = {e.election_id for e in record_of("dst_elections").elections}
    assert elections == {r["election_id"] for r in seed("nomination_districts") if r["municipality_code"] == "151"}


def test_the_origin_groups_statuses_and_warnings_are_those_of_the_contract() -> None:
    roles = {row["group_id"]: row["role"] for row in seed("origin_groups")}
    assert roles == {
        "non_western": "target",
        "non_western_immigrant": "target",
        "non_western_descendant": "target",
        "others": "reference",
        "danish": "reference",
        "western": "part",
        "western_immigrant": "part",
        "western_descendant": "part",
    }
    statuses = "observed suppressed empty_group not_delivered not_collected not_permitted under_development"
    assert [row["value_status"] for row in seed("value_statuses")] == words(statuses)
    warnings = "small_base proxy ecological series_break unknown_share_high provisional self_reported"
    assert [row["usage_warning"] for row in seed("usage_warnings")] == words(warnings)
