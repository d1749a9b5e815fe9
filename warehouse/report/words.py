"""From numbers to sentences a town council understands, in Danish and English.

Never surer than the numbers are: a difference whose interval covers 0 is called not certain, a change is told only
where the interval of the change excludes 0, and a missing number says why it is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from warehouse.report.figures import Figure, Language, Row, Sentence, join, say
from warehouse.report.vocabulary import (
    PERSON,
    PERSONS,
    REFERENCE,
    REFERENCE_AREAS,
    TARGET,
    TARGET_AREAS,
    Phrase,
    period_name,
)

NOTHING = Sentence("")


def groups(row: Row, language: Language) -> tuple[str, str]:
    """What the two sides of a gap are called: persons, or areas where the figures describe areas."""
    if "ecological" in (row["usage_warnings"] or []):
        return TARGET_AREAS[language], REFERENCE_AREAS[language]
    return TARGET[language], REFERENCE[language]


def headline(row: Row, words: Phrase, higher_is_better: bool, language: Language) -> Sentence:
    """The gap in one line: ``9,4 procentpoint lavere beskæftigelse: 67,1 % mod 76,5 %``.

    A gap that is not clear is not given a direction. An index has no rates.
    """
    danish = language == "da"
    gap = row.figure("gap_pp", language, shown="abs")
    target, reference = row.figure("target_rate_pct", language), row.figure("reference_rate_pct", language)
    if target is None or reference is None:
        scale = (
            "på en skala fra 0 (ens fordelt) til 100 (helt adskilt)"
            if danish
            else "on a scale from 0 (spread alike) to 100 (fully apart)"
        )
        return say("{gap} {scale}", gap=row.figure("gap_pp", language), scale=scale)
    rates = say("{t} % mod {r} %" if danish else "{t} % against {r} %", t=target, r=reference)
    if not row["is_clear"]:
        text = "Ingen sikker forskel i {noun}: {rates}" if danish else "No certain difference in {noun}: {rates}"
        return say(text, noun=words.noun[language], rates=rates)
    lower = (row["gap_pp"] > 0) == higher_is_better
    way = {"da": ("lavere", "højere"), "en": ("lower", "higher")}[language][0 if lower else 1]
    text = "{gap} procentpoint {way} {noun}: {rates}" if danish else "{gap} percentage points {way} {noun}: {rates}"
    return say(text, gap=gap, way=way, noun=words.noun[language], rates=rates)


def who_is_compared(row: Row, language: Language) -> Sentence:
    """Which groups the two rates belong to, and to whose advantage a reversed gap is."""
    target, reference = groups(row, language)
    danish = language == "da"
    reversed_gap = row["is_clear"] and row["gap_pp"] < 0
    target = target[:1].upper() + target[1:]
    text = "{target} mod {reference}." if danish else "{target} against {reference}."
    advantage = (
        "Forskellen er til målgruppens fordel." if danish else "The difference is to the target group's advantage."
    )
    return join(say(text, target=target, reference=reference), say(advantage) if reversed_gap else NOTHING)


def uncertainty(row: Row, language: Language) -> Sentence:
    """The 95 % interval of the gap in words; empty where the method gives none."""
    low, high = row.figure("gap_low_pp", language, shown="abs"), row.figure("gap_high_pp", language, shown="abs")
    danish = language == "da"
    if low is None or high is None:
        return NOTHING
    if not row["is_clear"]:
        text = (
            "Forskellen er ikke sikker: den kan være alt fra {low} procentpoint i målgruppens favør "
            "til {high} procentpoint i de øvriges."
            if danish
            else "The difference is not certain: it may be anything from {low} percentage points in favour of the "
            "target group to {high} in favour of the others."
        )
        return say(text, low=low, high=high)
    if row["gap_pp"] < 0:
        low, high = high, low
    text = (
        "Usikkerhed: mellem {low} og {high} procentpoint."
        if danish
        else "Uncertainty: between {low} and {high} percentage points."
    )
    return say(text, low=low, high=high)


def change_limits(baseline: Mapping[str, float], latest: Mapping[str, float]) -> tuple[float, float]:
    """95 % interval of the change of a gap in percentage points, square-and-add (Newcombe 1998; docs/methods.md).

    Both arguments have ``gap_pp``, ``gap_low_pp`` and ``gap_high_pp``. The periods are taken as independent, which
    makes the interval rather too wide.
    """
    change = latest["gap_pp"] - baseline["gap_pp"]
    down = math.hypot(latest["gap_pp"] - latest["gap_low_pp"], baseline["gap_high_pp"] - baseline["gap_pp"])
    up = math.hypot(latest["gap_high_pp"] - latest["gap_pp"], baseline["gap_pp"] - baseline["gap_low_pp"])
    return change - down, change + up


def direction(baseline: Row | None, latest: Row, language: Language) -> Sentence:
    """How the gap has moved since the baseline, and only where the change is clear.

    ``baseline`` is None where no earlier period can be compared: the first figure, or across a break.
    """
    danish = language == "da"
    if baseline is None or baseline["period"] == latest["period"]:
        return say(
            "Endnu ingen tidligere tal, der kan sammenlignes med."
            if danish
            else "No earlier figures to compare with yet."
        )
    since = period_name(baseline["period"], language)
    if baseline["gap_low_pp"] is None or latest["gap_low_pp"] is None:
        text = (
            "Fra {a} i {since} til {b} nu; om ændringen er sikker, kan ikke beregnes."
            if danish
            else "From {a} in {since} to {b} now; whether the change is certain cannot be computed."
        )
        return say(text, a=baseline.figure("gap_pp", language), b=latest.figure("gap_pp", language), since=since)
    low, high = change_limits(baseline.values, latest.values)
    if low <= 0 <= high:
        return say("Ingen sikker ændring siden {since}." if danish else "No certain change since {since}.", since=since)
    a, b = baseline.figure("gap_pp", language), latest.figure("gap_pp", language)
    if min(baseline["gap_pp"], latest["gap_pp"]) < 0:
        side = ("målgruppens", "de øvriges") if danish else ("the target group's", "the others'")
        text = (
            "Siden {since} er udviklingen gået {side} vej."
            if danish
            else "Since {since} the development has gone {side} way."
        )
        return say(text, since=since, side=side[0 if high < 0 else 1])
    way = (("mindre", "større") if danish else ("narrowed", "widened"))[0 if high < 0 else 1]
    text = (
        "Gabet er blevet {way} siden {since}: fra {a} til {b} procentpoint."
        if danish
        else "The gap has {way} since {since}: from {a} to {b} percentage points."
    )
    return say(text, way=way, since=since, a=a, b=b)


_STATUS: dict[str, dict[Language, str]] = {
    "not_set": {"da": "Målet er endnu ikke sat (XX procent).", "en": "The target has not been set yet (XX per cent)."},
    "reached": {"da": "Målet er nået: {target}.", "en": "The target has been reached: {target}."},
    "on_track": {"da": "På vej mod målet: {target}.", "en": "On track to the target: {target}."},
    "off_track": {"da": "Ikke på vej mod målet: {target}.", "en": "Not on track to the target: {target}."},
    "no_clear_change": {
        "da": "Ingen sikker ændring i forhold til målet: {target}.",
        "en": "No certain change towards the target: {target}.",
    },
    "not_measurable": {"da": "Målet kan ikke vurderes. {reason}", "en": "The target cannot be judged. {reason}"},
}


def target_status(progress: Row, language: Language) -> Sentence:
    """Where the municipality stands with its target, as ``target_progress`` has judged it."""
    reduction = progress.figure("reduction_pct", language, decimals=0)
    target = NOTHING
    if reduction is not None and progress["target_period"]:
        text = (
            "gabet skal være {x} % mindre i {when}" if language == "da" else "the gap is to be {x} % smaller by {when}"
        )
        target = say(text, x=reduction, when=period_name(progress["target_period"], language))
    reason = progress[f"reason_{language}"] or ""
    return say(_STATUS[progress["status"]][language], target=target, reason=reason)


def parity(row: Row, words: Phrase, higher_is_better: bool, language: Language) -> Sentence:
    """How many persons the gap amounts to; rounded up. Empty where the mart gives no number."""
    danish = language == "da"
    count = row.figure("persons_to_parity", language, decimals=0, shown="ceil")
    if count is None or words.outcome is None:
        return NOTHING
    if not row["is_clear"]:
        return say(
            "Forskellen er ikke sikker, og derfor regnes den ikke om til personer."
            if danish
            else "The difference is not certain and is therefore not turned into persons."
        )
    if row["gap_pp"] <= 0:
        return say(
            "Målgruppen er ikke ringere stillet end de øvrige: der mangler ingen."
            if danish
            else "The target group is no worse off than the others: nobody is missing."
        )
    single = str(count) == "1"
    who = (words.one or PERSON if single else words.many or PERSONS)[language]
    more = (("flere", "færre") if danish else ("more", "fewer"))[0 if higher_is_better else 1]
    text = (
        "Hvis andelene skulle være ens, skulle omkring {n} {more} {who} {outcome}."
        if danish
        else "For equal shares, about {n} {more} {who} would have to {outcome}."
    )
    if single:
        more = ("mere" if higher_is_better else "mindre") if danish else more
        text = (
            "Hvis andelene skulle være ens, skulle {n} {who} {more} {outcome}."
            if danish
            else "For equal shares, {n} {more} {who} would have to {outcome}."
        )
    return say(text, n=count, more=more, who=who, outcome=words.outcome[language])


def standardised(row: Row, language: Language) -> Sentence:
    """What the gap would be if both groups had the same ages and sexes; empty where the source has no ages."""
    value = row.figure("standardised_gap_pp", language)
    if value is None:
        return NOTHING
    text = (
        "Havde de to grupper samme fordeling på alder og køn, ville gabet være {value} procentpoint i stedet for {gap}."
        if language == "da"
        else "Had the two groups the same ages and sexes, the gap would be {value} percentage points instead of {gap}."
    )
    return say(text, value=value, gap=row.figure("gap_pp", language))


def decomposition(parts: Row | None, is_clear: bool, language: Language) -> Sentence:
    """Where the gap comes from: differences within ages, and the groups' different ages (Kitagawa 1955).

    Empty without a decomposition, and for a gap that is not clear.
    """
    if parts is None or not is_clear or parts["level_rate_effect_pp"] is None:
        return NOTHING
    danish = language == "da"
    if str(parts.figure("level_composition_effect_pp", language, shown="abs")) in {"0,0", "0.0"}:
        return say(
            "Gabet skyldes ikke, at grupperne har forskellig alder og kønsfordeling."
            if danish
            else "The gap does not come from the groups' different ages and sexes."
        )
    pulls_back = parts["level_rate_effect_pp"] * parts["level_composition_effect_pp"] < 0
    figures = {
        "gap": parts.figure("gap_pp", language),
        "rate": parts.figure("level_rate_effect_pp", language),
        "mix": parts.figure("level_composition_effect_pp", language, shown="abs" if pulls_back else "plain"),
    }
    if pulls_back:
        text = (
            "Forskellene mellem borgere i samme alder og af samme køn giver {rate} procentpoint; at grupperne har "
            "forskellig alder og kønsfordeling, trækker {mix} procentpoint den anden vej."
            if danish
            else "Differences between citizens of the same age and sex make {rate} percentage points; that the groups "
            "differ in age and sex pulls {mix} percentage points the other way."
        )
    else:
        text = (
            "Af de {gap} procentpoint hænger {rate} sammen med forskelle mellem borgere i samme alder og af samme køn "
            "og {mix} med, at grupperne har forskellig alder og kønsfordeling."
            if danish
            else "Of the {gap} percentage points, {rate} go with differences between citizens of the same age and sex "
            "and {mix} with the groups' different ages and sexes."
        )
    turned = (
        "Bemærk: for de fleste i målgruppen er forskellen omvendt, når man sammenligner inden for samme alder."
        if danish
        else "Note: for most of the target group the difference is the other way round within the same age."
    )
    return join(say(text, **figures), say(turned) if parts["is_reversed_within_ages"] else NOTHING)


def unknown(row: Row, language: Language) -> Sentence:
    """For how many the outcome (or their origin) is unknown, of one row of ``unknown_shares``."""
    danish = language == "da"
    if row["unknown_of"] == "origin":
        text = "Oprindelsen er ukendt for {share} %." if danish else "The origin is unknown for {share} %."
        return say(text, share=row.figure("unknown_share_pct", language))
    who = (REFERENCE if row["group_id"] in {"others", "danish"} else TARGET)[language]
    text = "Ukendt for {share} % af {who}." if danish else "Unknown for {share} % of {who}."
    return say(text, share=row.figure("unknown_share_pct", language), who=who)


def rank(peer: Row | None, language: Language) -> Sentence:
    """The municipality's place among all that are ranked; why there is none where the mart gives none."""
    danish = language == "da"
    if peer is None:
        return NOTHING
    if peer["rank"] is None:
        return say(
            "Der gives ingen placering, fordi få personer ligger bag tallet."
            if danish
            else "No place is given, because few persons are behind the figure."
        )
    if peer["ranked_of"] == 1:
        return say(
            "Ingen anden kommune har tal at sammenligne med."
            if danish
            else "No other municipality has figures to compare with."
        )
    text = (
        "Nummer {rank} af {of} kommuner, hvor nummer 1 har det mindste gab."
        if danish
        else "Number {rank} of {of} municipalities, where number 1 has the smallest gap."
    )
    places = {"rank": peer.figure("rank", language, 0), "of": peer.figure("ranked_of", language, 0)}
    return say(text, **places)


def compared_with(peer: Row | None, region: str, peers: str, language: Language) -> Sentence:
    """The gaps of the country, the region and the peers, as far as they are there."""
    if peer is None:
        return NOTHING
    danish = language == "da"
    sides: list[tuple[str, Figure | None]] = [
        ("hele landet" if danish else "the whole country", peer.figure("national_gap_pp", language)),
        (region, peer.figure("region_gap_pp", language)),
    ]
    if peer["ranked_of"] > 1:
        middle = f"{peers} (den midterste)" if danish else f"{peers} (the middle one)"
        sides.append((middle, peer.figure("peer_median_pp", language) if peers else None))
    known = [say("{name} {value}", name=name, value=value) for name, value in sides if value is not None and name]
    if not known:
        return NOTHING
    listed = known[0]
    for place, part in enumerate(known[1:], start=2):
        last = (" og " if danish else " and ") if place == len(known) else ", "
        listed = say("{a}" + last + "{b}", a=listed, b=part)
    text = "Til sammenligning er gabet: {all}." if danish else "For comparison, the gap is: {all}."
    return say(text, all=listed)
