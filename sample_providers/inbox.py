"""Sample files as a person would put them into the inbox, of every kind; here valg.dk's turnout of 2025.

Figures are invented. Ballerup's areas carry the real names and ids; the other municipalities' are made up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sample_providers import background, delivered

# municipality, name, areas (Dagi id, number, name, eligible voters, votes at 20:00 in per mille)
_AREAS: dict[int, tuple[str, list[tuple[str, int, str, int, int]]]] = {
    151: (
        "Ballerup",
        [
            ("701002", 1, "Tapeten", 4690, 598),
            ("706986", 2, "Balleruphallen - Rugvænget", 8120, 561),
            ("710146", 3, "Højagerhallen - Skovvejens Skole Vest", 2670, 752),
            ("710158", 4, "Grantoftehallen", 4090, 569),
            ("705652", 5, "Idrætshallen (tidl. UCC-hallen) - Rosenlund", 4010, 775),
            ("704024", 6, "Skovlunde Skole - Lundebjerg", 6960, 588),
            ("706992", 8, "Måløv Ny Hal - Måløvhøj Skole - Måløv", 4360, 759),
            ("710152", 9, "Egebjerghallen - Skovvejens Skole Øst", 3870, 724),
            ("710164", 10, "Østerhøjhallen - Måløvhøj Skole - Østerhøj", 2300, 751),
        ],
    ),
    153: (
        "Brøndby",
        [(f"91530{n}", n, f"Brøndby område {n}", 3900 + 310 * n, 500 + 33 * n) for n in range(1, 7)],
    ),
    161: (
        "Glostrup",
        [(f"91610{n}", n, f"Glostrup område {n}", 2600 + 240 * n, 560 + 31 * n) for n in range(1, 7)],
    ),
    183: (
        "Ishøj",
        [(f"91830{n}", n, f"Ishøj område {n}", 2900 + 370 * n, 505 + 35 * n) for n in range(1, 7)],
    ),
}
_CLOCK = [
    ("10:00:00", 17),
    ("11:00:00", 24),
    ("14:00:00", 40),
    ("16:00:00", 55),
    ("17:00:00", 68),
    ("19:00:00", 93),
]
_FINAL = (151, (701002, 706986, 710146))  # areas that already have their final count


def write_inbox(folder: Path) -> list[Path]:
    """Write the sample files to `<folder>/<kind>/…` and return their paths, sorted.

    `valg_dk`: one `valgdeltagelse` file per polling area (counts until 20:00) and, for three areas of Ballerup, a
    `valgresultater` file with the final count. `valgdatabase`: two exports. `turnout_by_origin`, `interviews` and
    `danish_tests`: CSV. Existing files of the same name are replaced.
    """
    areas = [
        (code, number, eligible, per_mille)
        for code, (_, places) in _AREAS.items()
        for _, number, _, eligible, per_mille in places
    ]
    turnout = ((f"valg_dk/kommunalvalg-134-18-11-2025/{place}", text.encode()) for place, text in _files())
    written = []
    for place, body in (*turnout, *background.files(areas), *delivered.files()):
        path = Path(folder) / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        written.append(path)
    return sorted(written)


def _files() -> Iterator[tuple[str, str]]:
    for code, (municipality, areas) in _AREAS.items():
        for place, (dagi, number, name, eligible, per_mille) in enumerate(areas):
            common = _common(code, municipality, dagi, number, name)
            cast = eligible * per_mille // 1000
            released = f"18-11-2025 19:1{place % 6}:0{place % 10}"
            turnout = {**common(released), "Valgdeltagelse": _counts(eligible, cast)}
            yield f"valgdeltagelse/valgdeltagelse-{dagi}.json", _json(turnout)
            if code == _FINAL[0] and int(dagi) in _FINAL[1]:
                final = {**common("20-11-2025 13:24:51"), **_result(eligible, cast + eligible * 28 // 1000)}
                yield f"valgresultater/valgresultater-{dagi}.json", _json(final)


def _common(code: int, municipality: str, dagi: str, number: int, name: str) -> Any:
    def head(released: str) -> dict[str, Any]:
        return {
            "Valgart": "Kommunal- og regionsrådsvalg",
            "Valgdag": "18-11-2025",
            "FrigivelsesTidspunktUTC": released,
            "Kommune": municipality,
            "Kommunekode": code,
            "Afstemningsområde": name,
            "AfstemningsområdeDagiId": dagi,
            "AfstemningsområdeNummer": number,
        }

    return head


def _counts(eligible: int, cast: int) -> list[dict[str, Any]]:
    """Counts during the day, cumulative; the key is spelt as valg.dk spells it in these files."""
    day = [(clock, cast * share // 100) for clock, share in _CLOCK] + [("20:00:00", cast)]
    return [
        {"AntalStemmeberretigedeVælgere": eligible, "AfgivneStemmer": votes, "Tidspunkt": clock} for clock, votes in day
    ]


def _result(eligible: int, cast: int) -> dict[str, Any]:
    """A final count, without candidates; blank and other invalid votes are part of the votes cast."""
    other, blank, blank_letters = cast // 120, cast // 110, cast // 900
    return {
        "Resultatart": "Fintælling",
        "AntalStemmeberettigedeVælgere": eligible,
        "AfgivneStemmer": cast,
        "GyldigeStemmer": cast - other - blank - blank_letters,
        "BlankeUgyldigeFremmødteStemmer": blank,
        "BlankeUgyldigeBrevstemmer": blank_letters,
        "UgyldigeStemmerUdoverBlanke": other,
        "Kandidatlister": [],
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)
