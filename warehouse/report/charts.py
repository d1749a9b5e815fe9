"""The charts of the report: Vega-Lite through altair, drawn as SVG without a browser.

Every value axis holds 0 or the whole scale, a line is cut where a series breaks, and two groups differ by dash and
shape as well as by colour. A chart of sample figures says so inside the picture. Encodings are given as channels of
altair, not as strings: making a channel out of a string costs it some thousandth of a second every time.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import altair as alt
import vl_convert

from warehouse.report.figures import Language, Row, number
from warehouse.report.vocabulary import period_short

WIDTH = 380
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
INK, MUTED, LINE, BAND = "#1b2129", "#565f6b", "#d9dde2", "#eceef1"
WARNING = "#9a1b1b"
ACCENTS = {"beskaeftigelse": "#0b5cad", "uddannelse": "#6b3fa0", "boligsocial": "#a3470c", "demokrati": "#0a6b58"}
OTHER = "#565f6b"
_MOST_TICKS = 7
_HEADROOM = 1.12  # for the label above the highest line
_VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
_LOCALES: dict[Language, dict[str, Any]] = {
    "da": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " kr."]},
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", " DKK"]},
}
_CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "#ffffff",
    "view": {"stroke": None},
    "title": {"fontSize": 14, "subtitleFontSize": 12, "color": INK, "subtitleColor": MUTED, "subtitlePadding": 4},
    "axis": {
        "labelFontSize": 12,
        "labelColor": MUTED,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelPadding": 4,
    },
}
_SAMPLE: dict[Language, str] = {"da": "EKSEMPELTAL – SAMPLE", "en": "SAMPLE FIGURES"}
_BREAK: dict[Language, str] = {"da": "databrud", "en": "series break"}


@dataclass(frozen=True)
class Pen:
    """What all charts of one page have in common."""

    language: Language
    accent: str
    is_sample: bool

    @property
    def decimals(self) -> int:
        """Decimals of rates and gaps, as in the texts."""
        return 1

    def write(self, value: float) -> str:
        """A value as the page writes it."""
        return number(value, self.decimals, self.language)


@dataclass(frozen=True)
class Dot:
    """One row of a dot plot: a gap with its interval."""

    name: str
    row: Row
    is_main: bool = False
    shape: str = "circle"


class _Sheet:
    """The named data sets of one chart: altair copies inline data with every layer, a name costs nothing."""

    def __init__(self) -> None:
        self.sets: dict[str, list[dict[str, Any]]] = {}

    def chart(self, *values: Mapping[str, Any]) -> alt.Chart:
        """A chart on these values."""
        name = f"set{len(self.sets)}"
        self.sets[name] = [dict(value) for value in values]
        return alt.Chart(alt.NamedData(name=name))


def trend(series: Sequence[Row], segments: Sequence[int], title: str, note: str, pen: Pen) -> str:
    """The gap over time with its 95 % band; y from 0."""
    points = [
        {
            **_at(row, segment),
            "value": row["gap_pp"],
            "low": row["gap_low_pp"],
            "high": row["gap_high_pp"],
            "told": f"{row['period']}: {pen.write(row['gap_pp'])}",
        }
        for row, segment in _observed(series, segments)
    ]
    ends = [v for point in points for v in (point["value"], point["low"], point["high"]) if v is not None]
    x, y_of = _time(points, pen), _value_axis([*ends, 0.0, max(*ends, 0.0) * _HEADROOM])
    y = y_of("value")
    sheet = _Sheet()
    base = sheet.chart(*points)
    band = [one for one in points if one["low"] is not None]
    layers: list[alt.Chart] = []
    if band:
        layers.append(
            sheet.chart(*band)
            .mark_area(color=pen.accent, opacity=0.16)
            .encode(x=x, y=y_of("low"), y2=alt.Y2("high:Q"), detail=alt.Detail("segment:N"))
        )
    layers += [
        _zero(sheet),
        base.mark_line(color=pen.accent, strokeWidth=2.2).encode(x=x, y=y, detail=alt.Detail("segment:N")),
        _points(base, (x, y), pen.accent, "circle", count=len(points)),
        *_end_label(sheet, points, (x, y), pen.write(points[-1]["value"]), pen.accent, above=True),
    ]
    return _svg([*layers, *_breaks(sheet, series, x, pen)], sheet, title, note, pen, height=210)


def rates(
    series: Sequence[Row], segments: Sequence[int], title: str, note: str, pen: Pen, *, names: tuple[str, str]
) -> str:
    """Both groups' rates over time; y from 0."""
    kept = [(row, segment) for row, segment in _observed(series, segments) if row["target_rate_pct"] is not None]
    drawn: list[alt.Chart] = []
    sheet = _Sheet()
    sides = (("target", pen.accent, "circle", None), ("reference", OTHER, "square", [5, 3]))
    tops = [row[f"{side}_rate_pct"] for row, _ in kept for side in ("target", "reference")]
    last = kept[-1][0]
    target_above = last["target_rate_pct"] > last["reference_rate_pct"]
    for (side, colour, shape, dash), name in zip(sides, names, strict=True):
        points = [
            {
                **_at(row, segment),
                "value": (value := row[f"{side}_rate_pct"]),
                "told": f"{row['period']}: {pen.write(value)}",
            }
            for row, segment in kept
        ]
        x, y = _time(points, pen), _value_axis([0.0, max(tops) * _HEADROOM])("value")
        base = sheet.chart(*points)
        line: dict[str, Any] = {"color": colour, "strokeWidth": 2.2} | ({"strokeDash": dash} if dash else {})
        drawn += [
            base.mark_line(**line).encode(x=x, y=y, detail=alt.Detail("segment:N")),
            _points(base, (x, y), colour, shape, count=len(points)),
            *_end_label(
                sheet,
                points,
                (x, y),
                f"{name} {pen.write(points[-1]['value'])} %",
                colour,
                above=target_above == (side == "target"),
            ),
        ]
    return _svg([*drawn, *_breaks(sheet, series, x, pen)], sheet, title, note, pen, height=210)


def dots(shown: Sequence[Dot], title: str, note: str, pen: Pen, spread: Mapping[str, float] | None = None) -> str:
    """One gap a line with its interval; x from 0. ``spread`` adds the quartiles and median of all municipalities."""
    points = [
        {
            "name": dot.name,
            "value": dot.row["gap_pp"],
            "low": dot.row["gap_low_pp"],
            "high": dot.row["gap_high_pp"],
            "shape": dot.shape,
            "colour": pen.accent if dot.is_main else OTHER,
            "written": pen.write(dot.row["gap_pp"]),
            "told": f"{dot.name}: {pen.write(dot.row['gap_pp'])}",
        }
        for dot in shown
    ]
    ends = [v for point in points for v in (point["value"], point["low"], point["high"]) if v is not None]
    ends += list((spread or {}).values())
    room = (max(*ends, 0.0) - min(*ends, 0.0)) * 0.16
    x_of = _value_axis([*ends, 0.0, max(*ends, 0.0) + room], horizontal=True)
    x = x_of("value")
    sheet = _Sheet()
    order = [point["name"] for point in points]
    y = alt.Y(
        "name:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=170, labelPadding=6)
    )
    base = sheet.chart(*points)
    colour = alt.Color("colour:N", scale=None, legend=None)
    layers = [*_spread(sheet, spread, x_of), _zero(sheet, horizontal=True)]
    if any(point["low"] is not None for point in points):
        layers.append(
            base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(x=x_of("low"), x2=alt.X2("high:Q"), y=y, color=colour)
        )
    layers += [
        base.mark_point(filled=True, size=75, opacity=1).encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape("shape:N", scale=None, legend=None),
            description=alt.Description("told:N"),
        ),
        base.mark_text(align="right", fontSize=12, color=INK).encode(
            x=alt.XValue(alt.ExprRef("width")), y=y, text=alt.Text("written:N")
        ),
    ]
    return _svg(layers, sheet, title, note, pen, height=max(3, len(points)) * 24)


def _svg(layers: Sequence[alt.Chart], sheet: _Sheet, title: str, note: str, pen: Pen, *, height: int) -> str:
    marks = list(layers)
    if pen.is_sample:
        sample = sheet.chart({}).mark_text(
            text=_SAMPLE[pen.language], align="right", fontSize=11, fontWeight=700, color=WARNING
        )
        marks.append(sample.encode(x=alt.XValue(alt.ExprRef("width")), y=alt.YValue(-9)))
    heading = {"text": textwrap.wrap(title, 46), "subtitle": textwrap.wrap(note, 56), "anchor": "start"}
    frame = {
        "title": heading | {"frame": "bounds", "offset": 22 if pen.is_sample else 12},
        "width": WIDTH,
        "height": height,
        "padding": 6,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "datasets": sheet.sets,
    }
    spec = alt.layer(*marks).to_dict(validate=False) | frame  # every call on a layered chart copies it whole
    return str(
        vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE, config=_CONFIG, format_locale=_LOCALES[pen.language])
    )


def _observed(series: Sequence[Row], segments: Sequence[int]) -> list[tuple[Row, int]]:
    return [(row, part) for row, part in zip(series, segments, strict=True) if row["gap_pp"] is not None]


def _at(row: Row, segment: int) -> dict[str, Any]:
    return {"when": _year(row["period_start"]), "period": row["period"], "segment": segment}


def _year(day: date) -> float:
    """A day as a year with decimals, so that elections stand as far apart as they were."""
    return round(day.year + (day.timetuple().tm_yday - 1) / 366, 4)


def _time(points: Sequence[Mapping[str, Any]], pen: Pen) -> alt.X:
    """The time axis: a tick at periods that there are, never more than fit."""
    ticks = {point["when"]: period_short(str(point["period"]), pen.language) for point in points}
    years = {when: str(int(when)) for when in ticks if when == int(when)}
    if len(ticks) > _MOST_TICKS and len(years) > 1:
        ticks = years
    every = -(-len(ticks) // _MOST_TICKS)
    kept = dict(list(ticks.items())[::-1][::every][::-1])
    texts = {round(when * 1e4): text for when, text in kept.items()}
    first, last = min(point["when"] for point in points), max(point["when"] for point in points)
    margin = max((last - first) * 0.06, 0.2)
    return alt.X(
        "when:Q",
        title=None,
        scale=alt.Scale(domain=[first - margin, last + margin], nice=False, zero=False),
        axis=alt.Axis(
            values=list(kept),
            labelExpr=f"({json.dumps(texts)})[round(datum.value * 1e4)]",
            grid=False,
            labelOverlap=False,
            labelFlush=False,
        ),
    )


def _value_axis(values: Sequence[float], horizontal: bool = False) -> Callable[[str], Any]:
    """A value axis for any field that holds every value; whole numbers where the range allows."""
    low, high = min(values), max(values)
    form = ",.0f" if high - low >= 5 else ",.1f"
    scale = alt.Scale(domain=[low, high if high > low else low + 1], nice=True)
    axis = alt.Axis(format=form, tickCount=5, domain=False, ticks=False)
    kind = alt.X if horizontal else alt.Y
    return lambda field: kind(f"{field}:Q", title=None, scale=scale, axis=axis)


def _points(base: alt.Chart, axes: tuple[Any, Any], colour: str, shape: str, *, count: int) -> alt.Chart:
    size = 46 if count <= 20 else 9
    x, y = axes
    return base.mark_point(filled=True, opacity=1, size=size, color=colour, shape=shape).encode(
        x=x, y=y, description=alt.Description("told:N")
    )


def _end_label(
    sheet: _Sheet, points: Sequence[Mapping[str, Any]], axes: tuple[Any, Any], text: str, colour: str, *, above: bool
) -> list[alt.Chart]:
    """The newest value in words at the end of its line, clear of the stretch of line that it spans, on a white halo."""
    first, last = points[0]["when"], points[-1]["when"]
    reach = last - (last - first) * min(1.0, len(text) / 38)
    spanned = [point["value"] for point in points if point["when"] >= reach]
    at = dict(points[-1]) | {"value": max(spanned) if above else min(spanned)}
    base = sheet.chart(at).encode(x=axes[0], y=axes[1])
    place: dict[str, Any] = {"text": text, "align": "right", "dx": 8, "dy": -13 if above else 15}
    place |= {"fontSize": 12, "fontWeight": 600}
    return [
        base.mark_text(**place, stroke="#ffffff", strokeWidth=4, color="#ffffff"),
        base.mark_text(**place, color=colour),
    ]


def _zero(sheet: _Sheet, horizontal: bool = False) -> alt.Chart:
    base = sheet.chart({"zero": 0}).mark_rule(color=MUTED, strokeWidth=1.2)
    return base.encode(x=alt.X("zero:Q")) if horizontal else base.encode(y=alt.Y("zero:Q"))


def _breaks(sheet: _Sheet, series: Sequence[Row], x: Any, pen: Pen) -> list[alt.Chart]:
    """A dashed upright line half-way before the first period that cannot be compared with the ones before."""
    marks = [
        {"when": (_year(before["period_start"]) + _year(row["period_start"])) / 2}
        for before, row in pairwise(series)
        if row["is_series_break"]
    ]
    if not marks:
        return []
    base = sheet.chart(*marks).encode(x=x)
    return [
        base.mark_rule(color=INK, strokeDash=[2, 3], strokeWidth=1.3),
        base.mark_text(text=_BREAK[pen.language], align="left", dx=4, fontSize=11, color=INK).encode(y=alt.YValue(6)),
    ]


def _spread(sheet: _Sheet, spread: Mapping[str, float] | None, x_of: Callable[[str], Any]) -> list[alt.Chart]:
    if not spread:
        return []
    base = sheet.chart(spread)
    return [
        base.mark_rect(color=BAND).encode(x=x_of("q1"), x2=alt.X2("q3:Q")),
        base.mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1.2).encode(x=x_of("median")),
    ]
