"""Which charts an indicator gets, what they are called, and what their text alternative says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.report import charts, words
from warehouse.report.charts import Dot, Pen
from warehouse.report.facts import Facts, Indicator
from warehouse.report.figures import Language, Row
from warehouse.report.tables import Table, by_area, by_group, by_place, group_name, over_time
from warehouse.report.texts import texts
from warehouse.report.vocabulary import ages, period_short, phrase

_SHAPES = {"region": "diamond", "country": "square"}


@dataclass(frozen=True)
class Picture:
    """A chart on a page: its file below ``charts/``, and its text alternative."""

    file: str
    alt: str


@dataclass(frozen=True)
class Exhibit:
    """One or two charts and the table that holds their figures."""

    pictures: list[Picture]
    table: Table


def exhibits(facts: Facts, one: Indicator, language: Language, folder: Path) -> list[Exhibit]:
    """Draw an indicator's charts into ``folder`` (``charts/<language>``) and give them with their tables."""
    if one.latest is None:
        return []
    pen = Pen(language, charts.ACCENTS[one.about["focus_area"]], facts.is_sample)
    draw = _Drawer(facts, one, pen, folder)
    found = [Exhibit(draw.over_time(), over_time(one, language))]
    if len(one.groups) > 1:
        found.append(Exhibit(draw.groups(), by_group(one, language)))
    if one.places:
        found.append(Exhibit(draw.places(), by_place(one, language)))
    if len(one.areas) > 1:
        found.append(Exhibit(draw.areas(), by_area(one, area_names(facts, one, language), language)))
    return found


def area_names(facts: Facts, one: Indicator, language: Language) -> list[tuple[str, Row]]:
    """The municipality, its peers by the size of their gap, then region and country, with their names."""
    mine = facts.municipality["municipality_code"]
    region = facts.region["municipality_code"] if facts.region else ""
    place = {mine: 0, region: 2, "000": 3}
    ordered = sorted(one.areas, key=lambda row: (place.get(row["municipality_code"], 1), row["gap_pp"]))
    return [(facts.area_labels[row["municipality_code"]][language], row) for row in ordered]


@dataclass(frozen=True)
class _Drawer:
    facts: Facts
    one: Indicator
    pen: Pen
    folder: Path

    @property
    def _latest(self) -> Row:
        assert self.one.latest
        return self.one.latest

    def _title(self, kind: str) -> str:
        language = self.pen.language
        return f"{self.one.about[f'label_{language}']}: {texts(language)[f'chart_{kind}']}"

    def _note(self, kind: str, *, with_period: bool = True) -> str:
        language = self.pen.language
        period = period_short(self._latest["period"], language) if with_period else ""
        parts = [self.facts.place, ages(self._latest["age_group"], language), period]
        return f"{texts(language)[kind]}. {', '.join(part for part in parts if part)}."

    @property
    def _unit(self) -> str:
        return "note_pp" if self._latest["target_rate_pct"] is not None else "note_index"

    def _save(self, kind: str, svg: str, told: str) -> Picture:
        file = f"{self.one.indicator_id}_{kind}.svg"
        (self.folder / file).write_text(svg, encoding="utf-8")
        language = self.pen.language
        sample = f" {texts(language)['sample_mark']}." if self.facts.is_sample else ""
        return Picture(
            f"{language}/{file}", f"{self._title(kind)}. {told} {texts(language)['alt_end']}{sample}".replace("  ", " ")
        )

    def over_time(self) -> list[Picture]:
        """The gap over time, and both groups' rates where there are any."""
        one, language = self.one, self.pen.language
        svg = charts.trend(
            one.series, one.segments, self._title("trend"), self._note(self._unit, with_period=False), self.pen
        )
        told = str(words.direction(one.baseline, self._latest, language))
        found = [self._save("trend", svg, told)]
        if self._latest["target_rate_pct"] is not None:
            areas = "_areas" if "ecological" in one.warnings else ""
            t = texts(language)
            names = (t[f"name_target{areas}"], t[f"name_reference{areas}"])
            note = self._note("note_pct", with_period=False)
            svg = charts.rates(one.series, one.segments, self._title("rates"), note, self.pen, names=names)
            noun = phrase(one.indicator_id, one.label)
            told = str(words.headline(self._latest, noun, one.about["higher_is_better"], language))
            found.append(self._save("rates", svg, f"{told}."))
        return found

    def groups(self) -> list[Picture]:
        """The gap by sex, age and part of the target group."""
        head = self.one.groups[0]
        shown = [(group_name(row, head, self.pen.language), row) for row in self.one.groups]
        return self._dots("groups", shown, head)

    def places(self) -> list[Picture]:
        """The gap in each housing community; none where every one is suppressed."""
        everybody = texts(self.pen.language)["everybody"]
        return self._dots(
            "places", [(everybody, self._latest), *((r["subarea_name"], r) for r in self.one.places)], self._latest
        )

    def _dots(self, kind: str, shown: Sequence[tuple[str, Row]], head: Row) -> list[Picture]:
        observed = [Dot(name, row, row is head) for name, row in shown if row["gap_pp"] is not None]
        if len(observed) < 2:
            return []
        svg = charts.dots(observed, self._title(kind), self._note(self._unit), self.pen)
        return [self._save(kind, svg, "")]

    def areas(self) -> list[Picture]:
        """The gap here, among the peers, in the region and in the country, with all municipalities' quartiles."""
        peer, language = self.one.peer, self.pen.language
        mine = self.facts.municipality["municipality_code"]
        region = self.facts.region["municipality_code"] if self.facts.region else None
        shapes = {"000": _SHAPES["country"], region: _SHAPES["region"]}
        shown = [
            Dot(name, row, row["municipality_code"] == mine, shapes.get(row["municipality_code"], "circle"))
            for name, row in area_names(self.facts, self.one, language)
        ]
        spread = None
        note = self._note(self._unit)
        if peer is not None and peer["quartile_1_pp"] is not None and peer["ranked_of"] > 3:
            spread = {"q1": peer["quartile_1_pp"], "q3": peer["quartile_3_pp"], "median": peer["median_pp"]}
            note = f"{note} {texts(language)['note_areas']}"
        svg = charts.dots(shown, self._title("areas"), note, self.pen, spread)
        return [self._save("areas", svg, str(words.rank(peer, language)))]
