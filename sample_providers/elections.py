"""The election server of the sample: general elections in the XML form of Statistics Denmark.

Nomination district 39 (Ballerup and Glostrup) of 2011 and 2022, with the official voters, votes cast and
invalid votes of each polling area. Votes by party and candidates are invented. Other elections answer 404.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import quoteattr

import numpy as np

from sample_providers.arithmetic import apportion
from sample_providers.http import Answer
from sample_providers.votes import PARTIES, YEARS

XML_TYPE = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Area:
    """A polling area: eligible voters, blank and other invalid votes, votes cast."""

    id: int
    name: str
    eligible: int
    blank: int
    other: int
    cast: int


@dataclass(frozen=True)
class Election:
    """One election: its id in the address, its date, and the times and link scheme its files carry."""

    id: str
    name: str
    date: str
    year: str
    scheme: str
    corrected: str
    made: str
    areas: tuple[Area, ...]

    @property
    def root(self) -> str:
        """The address the files themselves give, which is never the sample's."""
        return f"{self.scheme}://www.dst.dk/valg/Valg{self.id}"


FV2022 = Election(
    "1968094",
    "Folketingsvalg tirsdag 1. november 2022",
    "01-11-2022",
    "2022",
    "https",
    "2022-11-03T14:06:42",
    "2022-11-04T15:21:10",
    (
        Area(1972358, "Tapeten", 4054, 60, 21, 3121),
        Area(1972359, "Baltorpskolen - Rugvænget", 6011, 81, 38, 4643),
        Area(1972360, "Skovvejens Skole - Vest", 2531, 17, 9, 2237),
        Area(1972361, "Grantoftehallen", 3080, 34, 11, 2335),
        Area(1972362, "Idrætshallen", 3679, 42, 10, 3338),
        Area(1972363, "Skovlunde Skole - Lundebjerg", 5635, 72, 34, 4416),
        Area(1972364, "Måløv Ny Hal", 4075, 42, 16, 3562),
        Area(1972365, "Egebjerghallen", 3370, 31, 9, 3044),
        Area(1972366, "Østerhøjhallen", 2136, 26, 6, 1904),
        Area(1972367, "Nordvanghallen", 2326, 23, 11, 2048),
        Area(1972368, "Aktivitetscentret Sydvestvej", 2413, 32, 8, 1907),
        Area(1972369, "Søndervanghallen", 4162, 78, 18, 3264),
        Area(1972370, "Skoleafdeling, Vestervang", 3028, 50, 11, 2280),
        Area(1972371, "Ejbyhallen", 1420, 15, 6, 1301),
        Area(1972372, "Hvissingehallen", 2877, 30, 6, 2364),
    ),
)
FV2011 = Election(
    "1204271",
    "Folketingsvalg torsdag 15. september 2011",
    "15-09-2011",
    "2011",
    "http",
    "2011-09-17T17:59:59",
    "2015-06-18T13:38:06",
    (
        Area(1214600, "Tapeten", 4269, 29, 13, 3695),
        Area(1214601, "Rugvængets Skole", 6313, 48, 17, 5287),
        Area(1214602, "Højagerskolen", 2580, 17, 7, 2374),
        Area(1214603, "Grantoftehallen", 2804, 15, 6, 2394),
        Area(1214604, "Rosenlundskolen", 3665, 23, 9, 3436),
        Area(1214605, "Lundebjergskolen", 3896, 18, 8, 3316),
        Area(1214606, "Skovlunde Lokalkontor", 1678, 11, 2, 1502),
        Area(1214607, "Måløvhallen", 3823, 24, 4, 3490),
        Area(1214608, "Egebjerghallen", 3186, 23, 10, 2954),
        Area(1214609, "Østerhøjhallen", 2049, 7, 3, 1907),
        Area(1214610, "Nordvangskolen", 2279, 5, 7, 2081),
        Area(1214611, "Sognegården", 2482, 17, 18, 2158),
        Area(1214612, "Søndervangskolen", 4092, 29, 11, 3483),
        Area(1214613, "Vestervangskolen", 3206, 11, 12, 2676),
        Area(1214614, "Ejbyskolen", 1415, 7, 4, 1334),
        Area(1214615, "Hvissingehallen", 2427, 19, 8, 2150),
    ),
)
ELECTIONS = {election.id: election for election in (FV2022, FV2011)}
# Places above the polling areas: id, name, kind in a place file, element and attributes in the index.
DISTRICTS = [
    (7, "Hovedstaden", "Landsdel"),
    (11, "Københavns Omegns Storkreds", "Storkreds"),
    (39, "8. Ballerup", "OpstKreds"),
    (0, "Hele landet", "Land"),
]


def answer(path: str) -> Answer:
    """The file at `path` below the root (`Valg1968094/xml/fintal.xml`); 404 for any other."""
    content = files().get(path)
    if content is None:
        return Answer(404, {"Content-Type": "text/html; charset=utf-8"}, b"<html><body>404</body></html>")
    return Answer(200, {"Content-Type": XML_TYPE}, content)


@cache
def files() -> dict[str, bytes]:
    """Every file by its path below the root, as bytes with BOM and CRLF."""
    found: dict[str, bytes] = {}
    for election in ELECTIONS.values():
        folder = f"Valg{election.id}/xml"
        votes = area_votes(election)
        found[f"{folder}/fintal.xml"] = _file("fintal", election, _index(election))
        for area, by_party in zip(election.areas, votes, strict=True):
            place = _place(election, area, "Afstemningsomraade", by_party)
            found[f"{folder}/fintal_{area.id}.xml"] = _file("resultat", election, place)
        for number, name, kind in DISTRICTS:
            total = _total(number, name, election)
            place = _place(election, total, kind, votes.sum(axis=0).tolist())
            found[f"{folder}/fintal_{number}.xml"] = _file("resultat", election, place)
    return found


def standing(election: Election) -> list[tuple[str, str]]:
    """The parties of an election as (id, name with letter)."""
    column = YEARS.index(election.year)
    return [(code, name) for code, name, _, weights in PARTIES if weights[column]]


def area_votes(election: Election) -> np.ndarray:
    """Valid votes by polling area and party, those outside the parties last."""
    column = YEARS.index(election.year)
    weights = np.array([party[3][column] for party in PARTIES if party[3][column]] + [0.12], dtype=float)
    place = np.arange(len(election.areas))[:, None]
    valid = np.array([area.cast - area.blank - area.other for area in election.areas])
    return apportion(valid, weights * (1 + 0.25 * np.sin(place + 0.9 * np.arange(len(weights)))))


def _total(number: int, name: str, election: Election) -> Area:
    sums = [sum(getattr(area, key) for area in election.areas) for key in ("eligible", "blank", "other", "cast")]
    return Area(number, name, *sums)


def _file(schema: str, election: Election, lines: list[str]) -> bytes:
    head = [
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
        '<Data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:noNamespaceSchemaLocation="{election.scheme}://www.dst.dk/valg/xml/{schema}.xsd">',
        f"  <ValgNavn>{election.name}</ValgNavn>",
        f"  <ValgDato>{election.date}</ValgDato>",
    ]
    return b"\xef\xbb\xbf" + "\r\n".join([*head, *lines, "</Data>"]).encode()


def _danish_time(iso: str) -> str:
    return f"{iso[8:10]}-{iso[5:7]}-{iso[:4]} {iso[11:]}"


def _stamp(tag: str, iso: str) -> list[str]:
    return [f"  <{tag}>{_danish_time(iso)}</{tag}>", f"  <{tag}Iso>{iso}</{tag}Iso>"]


def _entry(election: Election, element: str, ids: str, number: int, name: str) -> str:
    stamps = f'SenestRettet="{_danish_time(election.corrected)}" SenestRettetIso="{election.corrected}"'
    link = f"{election.root}/xml/fintal_{number}.xml"
    return f'<{element} {stamps} {ids} filnavn="{link}">{name}</{element}>'


def _index(election: Election) -> list[str]:
    lines = _stamp("SenestDannet", election.made)
    levels = [
        ("Landsdele", "Landsdel", 'landsdel_id="7" land_id="0"', [(7, "Hovedstaden")]),
        ("Storkredse", "Storkreds", 'storkreds_id="11" landsdel_id="7"', [(11, DISTRICTS[1][1])]),
        (
            "Opstillingskredse",
            "Opstillingskreds",
            'opstillingskreds_id="39" storkreds_id="11"',
            [(39, "8. Ballerup")],
        ),
    ]
    for group, element, ids, places in levels:
        lines.append(f"  <{group}>")
        lines += [f"    {_entry(election, element, ids, number, name)}" for number, name in places]
        lines.append(f"  </{group}>")
    lines.append("  <Afstemningsomraader>")
    for area in election.areas:
        ids = f'afstemningsomraade_id="{area.id}" opstillingskreds_id="39"'
        lines.append(f"    {_entry(election, 'Afstemningsomraade', ids, area.id, area.name)}")
    lines.append("  </Afstemningsomraader>")
    country = _entry(election, "Land", 'land_id="0"', 0, "Hele landet")
    lines.append(f"  {country}")
    return [*lines, *_stamp("SenestRettet", election.corrected)]


def percent(part: int, whole: int, decimals: int) -> str:
    """A percentage as published: decimal point, halves up, trailing zeros cut ('75.3', '4')."""
    scale = 10**decimals
    rounded = (200 * scale * part + whole) // (2 * whole)
    text = f"{rounded // scale}.{rounded % scale:0{decimals}d}"
    return text.rstrip("0").rstrip(".")


def _place(election: Election, area: Area, kind: str, by_party: list[int]) -> list[str]:
    invalid = area.blank + area.other
    valid = area.cast - invalid
    page, image = (
        ("valgopgAfst/", "valgopgAfst/valgopg")
        if kind == "Afstemningsomraade"
        else (
            "valgopg/valgopgOpst",
            "valgopg/valgopg",
        )
    )
    return [
        f'  <Sted Id="{area.id}" Type="{kind}">{area.name}</Sted>',
        *_stamp("SenestRettet", election.corrected),
        *_stamp("SenestDannet", election.made),
        f"  <HtmlUrl>{election.root}/{page}{area.id}.htm</HtmlUrl>",
        f"  <GrafUrl>{election.root}/{image}{area.id}.png</GrafUrl>",
        '  <Status Kode="12">Fintællingsresultat</Status>',
        f"  <Stemmeberettigede>{area.eligible}</Stemmeberettigede>",
        f"  <DeltagelsePct>{percent(area.cast, area.eligible, 2)}</DeltagelsePct>",
        "  <Stemmer>",
        *_party_lines(election, by_party, valid),
        f"    <IAltGyldigeStemmer>{valid}</IAltGyldigeStemmer>",
        f"    <BlankeStemmer>{area.blank}</BlankeStemmer>",
        f"    <AndreUgyldigeStemmer>{area.other}</AndreUgyldigeStemmer>",
        f"    <IAltUgyldigeStemmer>{invalid}</IAltUgyldigeStemmer>",
        f"    <IAltAfgivneStemmer>{area.cast}</IAltAfgivneStemmer>",
        "  </Stemmer>",
        "  <Personer>",
        *_person_lines(election, by_party),
        "  </Personer>",
    ]


def _party_lines(election: Election, by_party: list[int], valid: int) -> list[str]:
    ids = [f'Id="{code}" Bogstav="{name[0]}" Navn={quoteattr(name)}' for code, name in standing(election)]
    ids.append('Id="" Navn="Uden for partier"')
    return [
        f'    <Parti {start} StemmerAntal="{votes}" StemmerPct="{percent(int(votes), valid, 1)}" />'
        for start, votes in zip(ids, by_party, strict=True)
    ]


def _person_lines(election: Election, by_party: list[int]) -> list[str]:
    """Candidates under made-up names: two a party with a share of its votes, one outside the parties."""
    lines: list[str] = []
    number = 0
    for (code, name), votes in zip(standing(election), by_party, strict=False):
        personal = [int(votes) // 3, int(votes) // 7]
        party = f'Bogstav="{name[0]}" Id="{code}" navn={quoteattr(name)}'
        lines.append(f'    <Parti {party} PersonligeStemmer="{sum(personal)}">')
        for mine in personal:
            number += 1
            lines.append(f'      <Person Navn="Kandidat {number}" PersonligeStemmer="{mine}" />')
        lines.append("    </Parti>")
    outside = f'navn="Kandidat {number + 1}" Id="{election.id}9" PersonligeStemmer="{by_party[-1]}"'
    return [*lines, f"    <Parti {outside} />"]
