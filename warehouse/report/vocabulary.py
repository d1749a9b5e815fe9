"""The words the sentences are made of, in both languages: what an indicator counts, and periods as people say them.

An indicator that is not listed here is written with its own label, so a new one needs no change here to be shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from warehouse.report.figures import Language

Both = dict[Language, str]


@dataclass(frozen=True)
class Phrase:
    """How sentences speak of one indicator.

    Attributes:
        noun: what is lower or higher, after a number: ``9,4 procentpoint lavere beskæftigelse``.
        outcome: what one more (or one fewer) of the target group would do, in the infinitive.
        one, many: what is counted, where it is not persons.
    """

    noun: Both
    outcome: Both | None = None
    one: Both | None = None
    many: Both | None = None


PERSON: Both = {"da": "borger med ikke-vestlig oprindelse", "en": "citizen of non-western origin"}
PERSONS: Both = {"da": "borgere med ikke-vestlig oprindelse", "en": "citizens of non-western origin"}
TARGET: Both = PERSONS
REFERENCE: Both = {"da": "øvrige borgere", "en": "other citizens"}
TARGET_AREAS: Both = {
    "da": "de områder, hvor flest har ikke-vestlig oprindelse",
    "en": "the areas where most people are of non-western origin",
}
REFERENCE_AREAS: Both = {
    "da": "de områder, hvor færrest har",
    "en": "the areas where fewest are",
}

_EMPLOYED = Phrase(
    {"da": "beskæftigelse", "en": "employment"}, {"da": "være i beskæftigelse", "en": "be in employment"}
)
PHRASES = {
    "employment_rate": _EMPLOYED,
    "employment_rate_quarterly": _EMPLOYED,
    "unemployment_share": Phrase(
        {"da": "arbejdsløshed", "en": "unemployment"}, {"da": "være uden arbejde", "en": "be unemployed"}
    ),
    "outside_labour_force": Phrase(
        {"da": "andel uden for arbejdsstyrken", "en": "share outside the labour force"},
        {"da": "stå uden for arbejdsstyrken", "en": "be outside the labour force"},
    ),
    "cash_benefit_share": Phrase(
        {"da": "andel på kontanthjælp og lignende", "en": "share on cash benefits"},
        {"da": "få kontanthjælp eller lignende hele året", "en": "receive cash benefits all year"},
    ),
    "public_support_share": Phrase(
        {"da": "andel på offentlig forsørgelse", "en": "share on public support"},
        {"da": "være på offentlig forsørgelse", "en": "be on public support"},
    ),
    "grade9_completion": Phrase(
        {"da": "andel, der fuldfører 9. klasse", "en": "share completing 9th grade"},
        {"da": "fuldføre 9. klasse", "en": "complete 9th grade"},
    ),
    "youth_education": Phrase(
        {
            "da": "andel unge med en uddannelse ud over grundskolen",
            "en": "share of young people educated beyond school",
        },
        {"da": "have en uddannelse ud over grundskolen", "en": "have an education beyond basic school"},
    ),
    "qualifying_education": Phrase(
        {"da": "andel med en kompetencegivende uddannelse", "en": "share with a vocational or higher education"},
        {"da": "have en kompetencegivende uddannelse", "en": "have a vocational or higher education"},
    ),
    "grade9_grades": Phrase(
        {"da": "andel med mindst 2 i dansk og matematik", "en": "share with at least 2 in Danish and mathematics"},
        {"da": "få mindst 2 i dansk og matematik", "en": "get at least 2 in Danish and mathematics"},
    ),
    "perceived_diversity": Phrase(
        {"da": "andel svar om, at mangfoldighed er en styrke", "en": "share of answers that diversity is a strength"},
        {"da": "være 4 eller 5 på skalaen", "en": "be 4 or 5 on the scale"},
        {"da": "svar fra borgere med ikke-vestlig oprindelse", "en": "answer from citizens of non-western origin"},
        {"da": "svar fra borgere med ikke-vestlig oprindelse", "en": "answers from citizens of non-western origin"},
    ),
    "turnout_municipal": Phrase(
        {"da": "valgdeltagelse", "en": "turnout"},
        {"da": "stemme", "en": "vote"},
    ),
    "turnout_by_area": Phrase({"da": "valgdeltagelse", "en": "turnout"}),
    "danish_tests": Phrase(
        {"da": "andel med bestået danskprøve", "en": "share with a passed Danish test"},
        {"da": "bestå en danskprøve inden for fem år", "en": "pass a Danish test within five years"},
    ),
}

_QUARTER = re.compile(r"(\d{4})K([1-4])")
_ELECTION = re.compile(r"([A-Z]{2})(\d{4})")
_WAVE = re.compile(r"\d{4}-\d+")
_ELECTIONS: dict[str, Both] = {
    "KV": {"da": "kommunalvalget", "en": "the municipal election of"},
    "FV": {"da": "folketingsvalget", "en": "the general election of"},
}


def phrase(indicator_id: str, label: Both) -> Phrase:
    """How to speak of an indicator; its label where there is no phrase of its own."""
    return PHRASES.get(indicator_id) or Phrase({lang: text[:1].lower() + text[1:] for lang, text in label.items()})


def period_name(period: str, language: Language) -> str:
    """A period in running text: ``3. kvartal 2024``, ``kommunalvalget 2021``, ``interviewrunde 2024-1``."""
    if quarter := _QUARTER.fullmatch(period):
        year, place = quarter.groups()
        return f"{place}. kvartal {year}" if language == "da" else f"the {_ordinal(place)} quarter of {year}"
    if (election := _ELECTION.fullmatch(period)) and election[1] in _ELECTIONS:
        return f"{_ELECTIONS[election[1]][language]} {election[2]}"
    if _WAVE.fullmatch(period):
        return f"{'interviewrunde' if language == 'da' else 'interview wave'} {period}"
    return period


def period_short(period: str, language: Language) -> str:
    """A period in a table or on an axis: ``K3 2024`` or ``Q3 2024``, ``KV 2021``."""
    if quarter := _QUARTER.fullmatch(period):
        return f"{'K' if language == 'da' else 'Q'}{quarter[2]} {quarter[1]}"
    if election := _ELECTION.fullmatch(period):
        return f"{election[1]} {election[2]}"
    return period


def series_kind(period: str) -> str:
    """Which series a period belongs to: municipal and general elections are not one series."""
    election = _ELECTION.fullmatch(period)
    return election[1] if election else ""


def ages(age_group: str, language: Language) -> str:
    """An age group in words; empty for all ages."""
    if age_group == "total":
        return ""
    return f"{age_group} år" if language == "da" else f"ages {age_group}"


def _ordinal(place: str) -> str:
    return {"1": "first", "2": "second", "3": "third", "4": "fourth"}[place]
