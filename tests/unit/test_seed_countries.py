"""The classification of countries of origin, read as plain CSV: complete for the real world and unambiguous.

What the list must hold is written here a second time, by hand, so that a slip in the seed shows.
Out of scope: how a load resolves its countries, which the loader's own tests cover.
"""

from __future__ import annotations

import csv
import itertools
import re
import string
import unicodedata
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = REPOSITORY / "dbt_project" / "seeds" / "country_origin_classification.csv"
DOMAIN_LIST = REPOSITORY / ".." / "shared" / "domain" / "country_codes.csv"

UNITED_NATIONS = 193
MENAPT_COUNTRIES = 24
PUNCTUATION = string.punctuation + string.whitespace + "\N{RIGHT SINGLE QUOTATION MARK}"


def words(text: str) -> list[str]:
    """The words of a text, for lists that are easier to read as one."""
    return text.split()


UN_MEMBERS = words("""
    AFG AGO ALB AND ARE ARG ARM ATG AUS AUT AZE BDI BEL BEN BFA BGD BGR BHR BHS BIH BLR BLZ BOL BRA
    BRB BRN BTN BWA CAF CAN CHE CHL CHN CIV CMR COD COG COL COM CPV CRI CUB CYP CZE DEU DJI DMA DNK
    DOM DZA ECU EGY ERI ESP EST ETH FIN FJI FRA FSM GAB GBR GEO GHA GIN GMB GNB GNQ GRC GRD GTM GUY
    HND HRV HTI HUN IDN IND IRL IRN IRQ ISL ISR ITA JAM JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO
    LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MOZ
    MRT MUS MWI MYS NAM NER NGA NIC NLD NOR NPL NRU NZL OMN PAK PAN PER PHL PLW PNG POL PRK PRT PRY
    QAT ROU RUS RWA SAU SDN SEN SGP SLB SLE SLV SMR SOM SRB SSD STP SUR SVK SVN SWE SWZ SYC SYR TCD
    TGO THA TJK TKM TLS TON TTO TUN TUR TUV TZA UGA UKR URY USA UZB VCT VEN VNM VUT WSM YEM ZAF ZMB
    ZWE
""")

OTHER_TERRITORIES = words("""
    ABW AIA ALA ASM ATA ATF BES BLM BMU BVT CCK COK CUW CXR CYM ESH FLK FRO GGY GIB GLP GRL GUF GUM
    HKG HMD IMN IOT JEY MAC MAF MNP MSR MTQ MYT NCL NFK NIU PCN PRI PSE PYF REU SGS SHN SJM SPM SXM
    TCA TKL TWN UMI VAT VGB VIR WLF
""")

EU_COUNTRIES = words("""
    AUT BEL BGR CYP CZE DEU ESP EST FIN FRA GRC HRV HUN IRL ITA LTU LUX LVA MLT NLD POL PRT ROU SVK SVN SWE
""")
WESTERN_BY_DEFINITION = {*EU_COUNTRIES, *words("AND AUS CAN ISL LIE MCO NZL NOR SMR CHE USA VAT")}
WESTERN_PARTS_OF_WESTERN_STATES = set(words("FRO ALA GGY GIB IMN JEY SJM X-CHANNEL-ISLANDS"))
WESTERN_BY_EXPLICIT_RULE = {
    *words("GBR GRL X-CSK X-DDR X-ROYAL X-ICELAND-EQUAL"),
    *WESTERN_PARTS_OF_WESTERN_STATES,
}

# names as StatBank, the population register or ordinary Danish and English print them, by country
PUBLISHED_NAMES = """
    PHL: Filippinerne
    COD: Congo, Demokratiske Republik | Den Demokratiske Republik Congo | Zaire
    COG: Congo, Republikken
    MMR: Myanmar | Burma
    BLR: Hviderusland | Belarus
    MKD: Makedonien | Nordmakedonien | Republikken Nordmakedonien | Makedonien (tidl. jugoslavisk republik)
    SWZ: Swaziland | Eswatini
    CPV: Kap Verde | Cabo Verde
    CIV: Elfenbenskysten | Côte d'Ivoire
    STP: Sao Tome og Principe | São Tomé og Príncipe
    NLD: Holland | Nederlandene
    KNA: Skt. Kitts og Nevis
    VCT: Skt. Vincent og Grenadinerne
    LCA: St. Lucia
    DOM: Dominikanske Republik
    CAF: Centralafrikanske Republik
    ARE: Forenede Arabiske Emirater | De Forenede Arabiske Emirater
    BIH: Bosnien og Hercegovina
    CZE: Tjekkiske Republik
    HKG: Hong Kong | Hongkong
    MAC: Macau
    PSE: Palæstina | Gaza | Vestbredden
    ESH: Vestsahara
    COK: Cook øerne
    FRO: Færøerne
    X-CHANNEL-ISLANDS: Kanaløerne
    X-YUG: Jugoslavien
    X-FRY: Jugoslavien, Forbundsrepublikken | Forbundsrepublikken Jugoslavien
    X-SCG: Serbien og Montenegro
    X-SUN: Sovjetunionen
    X-DDR: DDR
    DEU: Vesttyskland
    VNM: Sydvietnam | Vietnam (2)
    YEM: Sydyemen
    TZA: Zanzibar
    ZWE: Rhodesia
    X-SIKKIM: Sikkim
    X-CANAL-ZONE: Panamakanalzonen
    X-STATELESS: Statsløs
    X-ABROAD-UNKNOWN: Udlandet uoplyst
    X-EUROPE-UNKNOWN: Europa uoplyst
    X-AFRICA-UNKNOWN: Afrika uoplyst
    X-NORTH-AMERICA-UNKNOWN: Nordamerika uoplyst
    X-SOUTH-AMERICA-UNKNOWN: Syd- og Mellemamerika uoplyst
    X-ASIA-UNKNOWN: Asien uoplyst
    X-MIDEAST-UNKNOWN: Mellemøsten uoplyst
    X-OCEANIA-UNKNOWN: Oceanien uoplyst
    X-PACIFIC: Øer i Stillehavet
    X-UNKNOWN: Land ukendt (1) | Uoplyst
"""
PUBLISHED = [
    (name, country)
    for country, _, names in (line.strip().partition(": ") for line in PUBLISHED_NAMES.strip().splitlines())
    for name in names.split(" | ")
]

CODES_FOUND = {
    "5759": "MNE",
    "5722": "TJK",
    "5462": "OMN",
    "5416": "KHM",
    "5243": "MLI",
    "5901": "FRO",
    "5428": "HKG",
    "5184": "X-DDR",
    "5488": "VNM",
    "5114": "X-EUROPE-UNKNOWN",
    "5199": "X-EUROPE-UNKNOWN",
}


def classification() -> list[dict[str, str]]:
    """The rows of the seed as text."""
    with SEED.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def domain_list() -> list[dict[str, str]]:
    """The codes of the domain pages; the test is skipped where they are not at hand."""
    if not DOMAIN_LIST.exists():
        pytest.skip("the list of country codes is not beside this repository")
    with DOMAIN_LIST.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def normalised(name: str) -> str:
    """A country name as names are compared: NFC, case folded, single spaces, no surrounding punctuation."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"\s+", " ", folded).strip(PUNCTUATION)


def names_of(row: dict[str, str]) -> list[str]:
    """Every name by which a row of the classification is recognised."""
    return [row["name_da"], row["name_en"], *filter(None, row["aliases"].split("|"))]


def by_country() -> dict[str, list[dict[str, str]]]:
    """The rows of the classification per country, oldest rule first."""
    rows = defaultdict(list)
    for row in sorted(classification(), key=lambda row: row["valid_from"]):
        rows[row["country_id"]].append(row)
    return rows


def countries_by_code() -> dict[str, set[str]]:
    """The countries that claim a StatBank code."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in classification():
        for code in filter(None, row["code"].split("|")):
            owners[code].add(row["country_id"])
    return owners


def countries_by_name() -> dict[str, set[str]]:
    """The countries that claim a name."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in classification():
        for name in names_of(row):
            owners[normalised(name)].add(row["country_id"])
    return owners


def test_every_member_state_of_the_united_nations_is_classified() -> None:
    assert len(set(UN_MEMBERS)) == len(UN_MEMBERS) == UNITED_NATIONS
    assert set(UN_MEMBERS) - set(by_country()) == set()


def test_every_other_territory_with_an_iso_code_is_classified() -> None:
    assert set(OTHER_TERRITORIES) - set(by_country()) == set()


def test_a_key_is_an_iso_code_of_the_lists_or_one_of_ours() -> None:
    ours = {country for country in by_country() if not country.startswith("X-")}
    assert ours == {*UN_MEMBERS, *OTHER_TERRITORIES}


@pytest.mark.parametrize(("name", "country"), PUBLISHED)
def test_a_published_name_leads_to_its_country(name: str, country: str) -> None:
    assert countries_by_name()[normalised(name)] == {country}


@pytest.mark.parametrize("name", ["Asien", "Europa", "Øvrige lande", "I alt", "Total", "Vestlige lande", "Atlantis"])
def test_a_total_or_an_unknown_name_is_no_country(name: str) -> None:
    assert normalised(name) not in countries_by_name()


def test_no_name_leads_to_two_countries() -> None:
    owners = countries_by_name()
    assert {name: ids for name, ids in owners.items() if len(ids) > 1 or not name} == {}


def test_no_code_leads_to_two_countries_and_every_code_has_four_digits() -> None:
    owners = countries_by_code()
    assert {code: ids for code, ids in owners.items() if len(ids) > 1} == {}
    assert [code for code in owners if not re.fullmatch(r"5\d{3}", code)] == []


def test_a_row_names_no_code_and_no_alias_twice() -> None:
    for row in classification():
        codes = row["code"].split("|")
        names = [normalised(name) for name in filter(None, row["aliases"].split("|"))]
        assert len(codes) == len(set(codes)), row["country_id"]
        assert len(names) == len(set(names)), row["country_id"]


@pytest.mark.parametrize(("code", "country"), CODES_FOUND.items())
def test_a_code_found_in_public_records_leads_to_its_country(code: str, country: str) -> None:
    assert countries_by_code()[code] == {country}


def test_every_country_code_of_the_domain_list_resolves_to_the_same_group() -> None:
    owners, countries = countries_by_code(), by_country()
    listed = domain_list()
    got = {row["code"]: {rule["origin"] for id_ in owners[row["code"]] for rule in countries[id_]} for row in listed}
    assert got == {row["code"]: {row["origin"]} for row in listed}


def test_every_name_of_the_domain_list_resolves_to_the_country_of_its_code() -> None:
    codes, names = countries_by_code(), countries_by_name()
    listed = domain_list()
    wrong = [
        (row["code"], name)
        for row in listed
        for name in (row["name_da"], row["name_en"])
        if names[normalised(name)] != codes[row["code"]]
    ]
    assert wrong == []


def test_the_menapt_countries_are_those_of_the_domain_list_and_oman() -> None:
    marked = {row["country_id"] for row in classification() if row["is_menapt"] == "true"}
    owners = countries_by_code()
    listed = {id_ for row in domain_list() if row["is_menapt"] == "true" for id_ in owners[row["code"]]}
    assert marked == listed | {"OMN"}
    assert len(marked) == MENAPT_COUNTRIES


def test_western_is_exactly_the_closed_list_and_the_explicit_rules() -> None:
    western = {row["country_id"] for row in classification() if row["origin"] == "western"}
    assert western == WESTERN_BY_DEFINITION | WESTERN_BY_EXPLICIT_RULE


def test_an_explicit_rule_that_nobody_confirmed_says_so() -> None:
    rows = [row for row in classification() if row["country_id"] in WESTERN_BY_EXPLICIT_RULE]
    confirmed = {row["country_id"] for row in rows if row["basis"] == "confirmed"}
    assert confirmed == {"GBR", "GRL", "X-CSK", "X-ROYAL", "X-ICELAND-EQUAL"}


def test_only_denmark_is_danish_and_only_unknown_is_unknown() -> None:
    rows = classification()
    assert [row["country_id"] for row in rows if row["origin"] == "danish"] == ["DNK"]
    assert [row["country_id"] for row in rows if row["origin"] == "unknown"] == ["X-UNKNOWN"]


def test_the_united_kingdom_has_a_dated_rule_after_brexit() -> None:
    before, after = by_country()["GBR"]
    assert (before["valid_from"], before["valid_to"]) == ("1900-01-01", "2020-01-31")
    assert (after["valid_from"], after["valid_to"], after["basis"]) == ("2020-02-01", "", "unconfirmed")
    assert (before["origin"], after["origin"]) == ("western", "western")


def test_the_rules_of_a_country_follow_each_other_without_gap_or_overlap() -> None:
    for country, rules in by_country().items():
        assert rules[0]["valid_from"] == "1900-01-01", country
        assert rules[-1]["valid_to"] == "", country
        for older, newer in itertools.pairwise(rules):
            next_day = date.fromisoformat(older["valid_to"]) + timedelta(days=1)
            assert date.fromisoformat(newer["valid_from"]) == next_day, country


def test_the_classification_uses_its_closed_vocabularies_and_gives_a_reason() -> None:
    rows = classification()
    assert {row["basis"] for row in rows} == {"confirmed", "derived", "unconfirmed"}
    assert {row["is_menapt"] for row in rows} == {"true", "false", ""}
    assert [row["country_id"] for row in rows if row["basis"] != "confirmed" and not row["basis_note"]] == []
