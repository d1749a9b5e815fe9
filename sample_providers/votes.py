"""FVKOM of the sample: general elections by municipality.

Ballerup's and Glostrup's eligible voters, valid and invalid votes are the official ones, so that they agree
with the polling areas of the election server; the other municipalities and every party figure are invented.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sample_providers.arithmetic import Ints, apportion, frozen, half_up
from sample_providers.geography import MUNICIPALITY_CODES, area_variable
from sample_providers.population import PERSONS
from sample_providers.table import Table, Value, Variable

YEARS = ["2007", "2011", "2015", "2019", "2022"]
# Eligible voters, valid votes, invalid votes in the order of YEARS.
OFFICIAL = {
    "151": (
        [33_886, 34_263, 34_508, 34_437, 34_571],
        [29_731, 30_061, 29_423, 28_886, 28_041],
        [218, 294, 371, 333, 559],
    ),
    "161": (
        [15_486, 15_901, 16_131, 15_995, 16_226],
        [13_326, 13_734, 13_458, 13_055, 12_876],
        [99, 148, 144, 175, 288],
    ),
}
_TURNOUT = np.array([0.866, 0.877, 0.859, 0.846, 0.842])
_INVALID = np.array([0.0072, 0.0098, 0.0126, 0.0121, 0.0190])

# id, letter and name (Danish, English), weight by year; 0 where the party did not stand.
PARTIES: list[tuple[str, str, str, tuple[int, ...]]] = [
    ("5891", "A. Socialdemokratiet", "A. The Social Democratic Party", (27, 28, 30, 29, 32)),
    ("5893", "B. Radikale Venstre", "B. The Danish Social-Liberal Party", (6, 10, 6, 10, 5)),
    ("5895", "C. Det Konservative Folkeparti", "C. The Conservative Peoples Party", (10, 5, 4, 7, 5)),
    ("1675319", "D. Nye Borgerlige", "D. The New Right", (0, 0, 0, 2, 3)),
    ("5897", "F. SF - Socialistisk Folkeparti", "F. The Socialist Peoples Party", (14, 10, 5, 9, 10)),
    ("5907", "I. Liberal Alliance", "I. Liberal Alliance", (3, 5, 8, 3, 8)),
    ("5901", "K. KD - Kristendemokraterne", "K. Christian Democrats", (1, 1, 1, 1, 1)),
    ("1962293", "M. Moderaterne", "M. The Moderats", (0, 0, 0, 0, 9)),
    ("5899", "O. Dansk Folkeparti", "O. The Danish Peoples Party", (14, 12, 21, 9, 3)),
    (
        "5903",
        "V. Venstre, Danmarks Liberale Parti",
        "V. Venstre, Danmarks Liberal Party",
        (22, 22, 15, 19, 10),
    ),
    ("1968075", "Æ. Danmarksdemokraterne", "Æ. The Danish Democrats", (0, 0, 0, 0, 4)),
    ("5905", "Ø. Enhedslisten - De Rød-Grønne", "Ø. The Red-Green Alliance", (3, 7, 8, 8, 6)),
    ("1487618", "Å. Alternativet", "Å. The Alternative", (0, 0, 4, 3, 4)),
]
# Reasons for invalid votes; "Blanke" and two more occur twice, so that texts are not a key. Weight.
REASONS: list[tuple[str, str, str, int]] = [
    ("2", "Blanke", "Blanks", 640),
    ("3", "Anden markering end kryds", "Other mark than cross used", 60),
    ("4", "Kryds ved flere partier", "Crosses placed next to more than one party", 90),
    ("5", "Anden tvivl om vælgerens hensigt", "Other reasons to doubt the voter's intention", 40),
    ("6", "Stemmeseddel med tegning eller skrift", "Ballot with drawing, writing or sticker", 30),
    ("20", "Blanke", "Blanks", 90),
    ("21", "Kun kryds", "Only cross", 20),
    ("22", "Anden tvivl om vælgerens hensigt", "Other reasons to doubt the voter's intention", 15),
    ("23", "Stemmeseddel med tegning eller skrift", "Ballot with drawing, writing or sticker", 15),
]


def _main_counts() -> Ints:
    """Eligible, valid and invalid, shape (3, 14, 5)."""
    counts = np.zeros((3, len(MUNICIPALITY_CODES), len(YEARS)), dtype=np.int64)
    for place, code in enumerate(MUNICIPALITY_CODES):
        if code in OFFICIAL:
            counts[:, place] = OFFICIAL[code]
            continue
        danish, western, non_western, _, born_here, growth = PERSONS[code]
        voters = 0.79 * danish + 0.06 * western + 0.30 * non_western + 0.25 * born_here
        eligible = half_up(voters * (1 + growth / 250) ** (np.array(YEARS, dtype=int) - 2019))
        cast = half_up(eligible * (_TURNOUT + 0.02 * np.sin(1.9 * place)))
        counts[0, place], counts[2, place] = eligible, half_up(cast * _INVALID)
        counts[1, place] = cast - counts[2, place]
    return counts


@cache
def fvkom_figures() -> Ints:
    """The cube of FVKOM: result, municipality, year."""
    eligible, valid, invalid = _main_counts()
    weights = np.array([party[3] for party in PARTIES], dtype=float).T  # year, party
    weights = np.concatenate([weights, np.full((len(YEARS), 1), 0.12)], axis=1)
    place = np.arange(len(MUNICIPALITY_CODES))[:, None, None]
    by_party = apportion(valid, weights * (1 + 0.2 * np.sin(place + 0.7 * np.arange(weights.shape[1]))))
    by_reason = apportion(invalid, np.array([reason[3] for reason in REASONS], dtype=float))
    by_letter = by_reason[..., 5:].sum(axis=-1)
    letters = half_up(0.12 * valid)
    personal = half_up(0.47 * valid)
    rows = [valid, *np.moveaxis(by_party, -1, 0), personal, letters, invalid, invalid - by_letter]
    rows += [*np.moveaxis(by_reason, -1, 0)[:5], by_letter, *np.moveaxis(by_reason, -1, 0)[5:], eligible]
    return frozen(np.stack(rows))


def _results() -> list[Value]:
    parties = [Value(code, da, en) for code, da, en, _ in PARTIES]
    reasons = [Value(code, da, en) for code, da, en, _ in REASONS]
    return [
        Value("GYLD_IALT", "GYLDIGE STEMMER I ALT", "VALID VOTES"),
        *parties,
        Value("UDENFOR_IALT", "Uden for partierne", "Independent candidates"),
        Value("PERS_IALT", "PERSONLIGE STEMMER I ALT", "PERSONAL VOTES"),
        Value("BREV_IALT", "BREVSTEMMER I ALT", "ABSENTEE BALLOTS CONSIDERED (RECEIVED BEFORE DEADLINE)"),
        Value("UGYLD_IALT", "UGYLDIGE STEMMER I ALT", "INVALID VOTES"),
        Value("1", "UGYLDIGE STEMMER AFGIVET PÅ VALGSTEDET", "INVALID VOTES CAST ON POLLING STATION"),
        *reasons[:5],
        Value("19", "UGYLDIGE BREVSTEMMER", "INVALID ADVANCE VOTES"),
        *reasons[5:],
        Value("VAELG", "VÆLGERE I ALT", "NUMBER OF VOTERS"),
    ]


def fvkom() -> Table:
    """FVKOM: general elections by result, municipality and year. No national row."""
    municipalities = area_variable(country=False, regions=False)
    variables = [
        Variable("VALRES", "valgresultat", "result of the election", _results()),
        municipalities,
        Variable("Tid", "tid", "time", [Value(year, year, year) for year in YEARS], time=True),
    ]
    return Table(
        id="FVKOM",
        da="Folketingsvalg",
        en="General elections",
        subject="20006",
        updated="2022-12-14T08:00:00",
        variables={variable.id: variable for variable in variables},
        figures=fvkom_figures,
        documentation="dd2a1ba3-1ac5-4a0c-8a4f-a3f1b2e1ee5d",
    )
