"""The report's sentences: right in number, sign and language, and never surer than the figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from warehouse.report import words
from warehouse.report.figures import LANGUAGES, MINUS, Figure, Language, Row, number, say
from warehouse.report.texts import _TEXTS, day
from warehouse.report.vocabulary import PHRASES, Phrase, ages, period_name, period_short, phrase, series_kind

EMPLOYED = PHRASES["employment_rate"]
UNEMPLOYED = PHRASES["unemployment_share"]


def gap(**changed: Any) -> Row:
    """A clear gap of 9.4 points, with some columns changed."""
    values = {
        "indicator_id": "employment_rate",
        "municipality_code": "151",
        "period": "2024",
        "period_start": date(2024, 1, 1),
        "sex": "total",
        "age_group": "16-64",
        "subarea_code": "total",
        "target_group": "non_western",
        "reference_group": "others",
        "target_rate_pct": 67.1,
        "reference_rate_pct": 76.5,
        "gap_pp": 9.4,
        "gap_low_pp": 7.9,
        "gap_high_pp": 10.9,
        "is_clear": True,
        "persons_to_parity": 461.2,
        "standardised_gap_pp": 10.1,
        "usage_warnings": [],
        "value_status": "observed",
    }
    return Row("gaps", {**values, **changed})


def target(**changed: Any) -> Row:
    """A target that is not set, with some columns changed."""
    key = dict.fromkeys(
        ("indicator_id", "municipality_code", "sex", "age_group", "target_group", "reference_group"), "x"
    )
    values = {"status": "not_set", "reduction_pct": None, "target_period": None, "reason_da": "G.", "reason_en": "R."}
    return Row("target_progress", {**key, **values, **changed})


@pytest.mark.parametrize(
    ("value", "decimals", "danish", "english"),
    [
        (9.449, 1, "9,4", "9.4"),
        (12345.6, 1, "12.345,6", "12,345.6"),
        (-0.04, 1, "0,0", "0.0"),
        (-1.26, 1, f"{MINUS}1,3", f"{MINUS}1.3"),
        (7380, 0, "7.380", "7,380"),
    ],
)
def test_numbers_are_written_as_people_do(value: float, decimals: int, danish: str, english: str) -> None:
    assert number(value, decimals, "da") == danish
    assert number(value, decimals, "en") == english


def test_a_clear_gap_has_a_direction_and_both_rates() -> None:
    told = words.headline(gap(), EMPLOYED, True, "da")
    assert str(told) == "9,4 procentpoint lavere beskæftigelse: 67,1 % mod 76,5 %"
    told = words.headline(gap(), EMPLOYED, True, "en")
    assert str(told) == "9.4 percentage points lower employment: 67.1 % against 76.5 %"


def test_where_lower_is_better_a_gap_is_a_higher_rate() -> None:
    row = gap(target_rate_pct=8.4, reference_rate_pct=3.1, gap_pp=5.3, gap_low_pp=4.0, gap_high_pp=6.6)
    assert str(words.headline(row, UNEMPLOYED, False, "da")).startswith("5,3 procentpoint højere arbejdsløshed")


def test_a_reversed_gap_is_to_the_target_groups_advantage() -> None:
    row = gap(target_rate_pct=80.0, reference_rate_pct=76.5, gap_pp=-3.5, gap_low_pp=-5.0, gap_high_pp=-2.0)
    assert "3,5 procentpoint højere beskæftigelse" in str(words.headline(row, EMPLOYED, True, "da"))
    assert "målgruppens fordel" in str(words.who_is_compared(row, "da"))
    assert str(words.uncertainty(row, "da")) == "Usikkerhed: mellem 2,0 og 5,0 procentpoint."
    assert "nobody is missing" in str(words.parity(row, EMPLOYED, True, "en"))


def test_an_uncertain_gap_gets_no_direction_and_no_persons() -> None:
    row = gap(gap_pp=1.0, gap_low_pp=-2.0, gap_high_pp=4.0, is_clear=False)
    told = str(words.headline(row, EMPLOYED, True, "da"))
    assert told.startswith("Ingen sikker forskel i beskæftigelse")
    assert "lavere" not in told and "højere" not in told
    assert "Forskellen er ikke sikker" in str(words.uncertainty(row, "da"))
    assert "ikke sikker" in str(words.parity(row, EMPLOYED, True, "da"))
    assert str(words.decomposition(parts(), False, "da")) == ""


def test_an_index_has_no_rates_no_interval_and_no_persons() -> None:
    empty = dict.fromkeys(("target_rate_pct", "reference_rate_pct", "gap_low_pp", "gap_high_pp", "is_clear"))
    row = gap(**empty, gap_pp=22.4, persons_to_parity=None, standardised_gap_pp=None)
    assert str(words.headline(row, phrase("x", {"da": "X", "en": "X"}), False, "da")).startswith("22,4 på en skala")
    assert not words.uncertainty(row, "da")
    assert not words.parity(row, EMPLOYED, True, "da")
    assert not words.standardised(row, "da")
    assert "kan ikke beregnes" in str(words.direction(gap(**empty, period="2018"), row, "da"))


def test_areas_are_not_called_persons() -> None:
    told = str(words.who_is_compared(gap(usage_warnings=["ecological"]), "da"))
    assert "områder" in told and "Borgere" not in told


@pytest.mark.parametrize(
    ("count", "better", "language", "expected"),
    [
        (461.2, True, "da", "skulle omkring 462 flere borgere med ikke-vestlig oprindelse være i beskæftigelse."),
        (0.3, True, "da", "skulle 1 borger med ikke-vestlig oprindelse mere være i beskæftigelse."),
        (1.0, True, "en", "1 more citizen of non-western origin would have to be in employment."),
        (12.0, True, "en", "about 12 more citizens of non-western origin would have to be in employment."),
        (12.0, False, "da", "skulle omkring 12 færre borgere"),
        (1.0, False, "da", "skulle 1 borger med ikke-vestlig oprindelse mindre"),
    ],
)
def test_persons_to_parity_are_whole_persons(count: float, better: bool, language: Language, expected: str) -> None:
    assert expected in str(words.parity(gap(persons_to_parity=count), EMPLOYED, better, language))


def test_an_indicator_without_a_phrase_is_told_with_its_label() -> None:
    made_up = phrase("made_up", {"da": "Noget nyt", "en": "Something new"})
    assert made_up == Phrase({"da": "noget nyt", "en": "something new"})
    assert "lavere noget nyt" in str(words.headline(gap(), made_up, True, "da"))
    assert not words.parity(gap(), made_up, True, "da")


class TestDirection:
    """A change is told only where it is clear."""

    def test_without_a_baseline(self) -> None:
        assert "Endnu ingen tidligere tal" in str(words.direction(None, gap(), "da"))
        assert "No earlier figures" in str(words.direction(gap(), gap(), "en"))

    def test_a_small_change_is_no_change(self) -> None:
        before = gap(period="2018", gap_pp=10.0, gap_low_pp=8.5, gap_high_pp=11.5)
        assert str(words.direction(before, gap(), "da")) == "Ingen sikker ændring siden 2018."

    def test_a_clear_change_has_a_direction(self) -> None:
        before = gap(period="2018", gap_pp=18.0, gap_low_pp=16.5, gap_high_pp=19.5)
        told = str(words.direction(before, gap(), "da"))
        assert told == "Gabet er blevet mindre siden 2018: fra 18,0 til 9,4 procentpoint."
        assert "has widened since 2018" in str(words.direction(gap(period="2018"), gap(**_of(before)), "en"))

    def test_a_change_past_zero_is_told_by_whose_way_it_went(self) -> None:
        now = gap(gap_pp=-9.0, gap_low_pp=-10.5, gap_high_pp=-7.5)
        assert "målgruppens vej" in str(words.direction(gap(period="2018"), now, "da"))
        assert "the others' way" in str(words.direction(gap(**_of(now), period="2018"), gap(), "en"))

    def test_the_interval_of_a_change(self) -> None:
        """3.0 and 4.0 make 5.0, as square-and-add says."""
        low, high = words.change_limits(
            {"gap_pp": 10, "gap_low_pp": 6, "gap_high_pp": 13}, {"gap_pp": 20, "gap_low_pp": 16, "gap_high_pp": 23}
        )
        assert (low, high) == (10 - 5, 10 + 5)


def _of(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("gap_pp", "gap_low_pp", "gap_high_pp")}


def parts(**changed: Any) -> Row:
    """A decomposition of 9.4 into 7.0 and 2.4."""
    values = {"level_rate_effect_pp": 7.0, "level_composition_effect_pp": 2.4, "is_reversed_within_ages": False}
    return Row("gap_decomposition", {**gap().values, **values, **changed})


def test_decomposition_says_which_way_composition_pulls() -> None:
    assert "Af de 9,4 procentpoint hænger 7,0 sammen" in str(words.decomposition(parts(), True, "da"))
    back = parts(level_rate_effect_pp=11.0, level_composition_effect_pp=-1.6)
    assert "trækker 1,6 procentpoint den anden vej" in str(words.decomposition(back, True, "da"))
    assert "den anden vej rundt" not in str(words.decomposition(back, True, "da"))
    assert "other way round" in str(words.decomposition(parts(is_reversed_within_ages=True), True, "en"))
    assert "skyldes ikke" in str(words.decomposition(parts(level_composition_effect_pp=-0.02), True, "da"))
    assert not words.decomposition(None, True, "da")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", ["not_set", "not_measurable", "reached", "on_track", "off_track", "no_clear_change"])
def test_every_status_has_words(status: str, language: Language) -> None:
    told = str(words.target_status(target(status=status, reduction_pct=25.0, target_period="2030"), language))
    assert told and "{" not in told
    if status not in {"not_set", "not_measurable"}:
        assert "25 %" in told and "2030" in told


def test_a_target_that_is_not_set_is_the_strategys_xx() -> None:
    assert str(words.target_status(target(), "da")) == "Målet er endnu ikke sat (XX procent)."
    assert str(words.target_status(target(status="not_measurable"), "en")).endswith("R.")


def peer(**changed: Any) -> Row:
    """A municipality that is 13th of 14."""
    values = {"rank": 13, "ranked_of": 14, "national_gap_pp": 8.0, "region_gap_pp": 8.5, "peer_median_pp": 9.0}
    return Row("peer_comparison", {**gap().values, **values, **changed})


def test_a_rank_is_told_only_where_it_is_given() -> None:
    assert str(words.rank(peer(), "da")) == "Nummer 13 af 14 kommuner, hvor nummer 1 har det mindste gab."
    assert "få personer" in str(words.rank(peer(rank=None), "da"))
    assert "No other municipality" in str(words.rank(peer(rank=1, ranked_of=1), "en"))
    assert not words.rank(None, "da")


def test_comparison_leaves_out_what_there_is_not() -> None:
    told = str(words.compared_with(peer(), "Region Hovedstaden", "Vestegnen", "da"))
    assert told == (
        "Til sammenligning er gabet: hele landet 8,0, Region Hovedstaden 8,5 og Vestegnen (den midterste) 9,0."
    )
    alone = peer(national_gap_pp=None, region_gap_pp=None, ranked_of=1)
    assert not words.compared_with(alone, "Region", "Vestegnen", "da")
    assert "og" not in str(words.compared_with(peer(region_gap_pp=None), "R", "", "da")).split()


@pytest.mark.parametrize(
    ("period", "danish", "english", "short"),
    [
        ("2024", "2024", "2024", "2024"),
        ("2024K3", "3. kvartal 2024", "the third quarter of 2024", "K3 2024"),
        ("KV2021", "kommunalvalget 2021", "the municipal election of 2021", "KV 2021"),
        ("FV2022", "folketingsvalget 2022", "the general election of 2022", "FV 2022"),
        ("2025-2", "interviewrunde 2025-2", "interview wave 2025-2", "2025-2"),
    ],
)
def test_periods_as_people_say_them(period: str, danish: str, english: str, short: str) -> None:
    assert period_name(period, "da") == danish
    assert period_name(period, "en") == english
    assert period_short(period, "da") == short
    assert series_kind(period) == (period[:2] if period[0].isalpha() else "")


def test_days_and_ages() -> None:
    assert day(date(2026, 5, 5), "da") == "5. maj 2026"
    assert day(date(2026, 5, 5), "en") == "5 May 2026"
    assert ages("16-64", "da") == "16-64 år" and ages("total", "en") == ""


def test_no_fixed_text_is_missing_in_either_language() -> None:
    assert not [name for name, both in _TEXTS.items() if len(both) != 2 or not all(both)]
    for words_of in PHRASES.values():
        for both in (words_of.noun, words_of.outcome or words_of.noun):
            assert set(both) == set(LANGUAGES) and all(both.values())


def test_a_figure_tells_where_it_is_from_and_lets_no_markup_in() -> None:
    figure = Figure(9.4123, "da", mart="gaps", key="""{"a":"<b>'&"}""", column="gap_pp")
    html = figure.__html__()
    assert html == (
        """<span class="n" data-key='{"a":"&lt;b>&#39;&amp;"}' data-mart="gaps" data-column="gap_pp" """
        """data-value="9.4123" data-decimals="1" data-shown="plain">9,4</span>"""
    )
    sentence = say("<i>{name}: {figure}", name="<script>", figure=figure)
    assert sentence.__html__().startswith("&lt;i&gt;&lt;script&gt;: <span")
    assert str(sentence) == "<i><script>: 9,4"
