"""The gap report: it opens from the file system, anybody can use it, and every figure on it is the mart's.

The figures are read back from the finished HTML and SVG and looked up in the release file by the key each one
carries; rounding is done again here, in decimal arithmetic.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from browser import axe_violations, file_of, open_page, overflow
from defusedxml import ElementTree
from house import Home
from playwright.sync_api import Browser

from warehouse.release import read_manifest
from warehouse.report import charts, facts, pages
from warehouse.report.figures import KEYS, LANGUAGES

NAMES = (
    *("index.html", "beskaeftigelse.html", "uddannelse.html", "boligsocial.html", "demokrati.html"),
    *("quality.html", "method.html"),
)
PAGES = (*NAMES, *(f"en/{name}" for name in NAMES))
NOT_FIGURES = re.compile(r"CC BY 4\.0|\b\d+\. klasse")
LOOKS_LIKE_A_FIGURE = re.compile(r"\d[.,]\d")
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Shown:
    """A figure as a page shows it."""

    facts: dict[str, str]
    text: str


class Reader(HTMLParser):
    """Collects the marked figures of a page, and the text outside them."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[Shown] = []
        self.rest: list[str] = []
        self.languages: list[str] = []
        self._open: dict[str, str] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.languages.append(values["lang"])
        if "data-value" in values:
            assert self._open is None, "a figure inside a figure"
            self._open, self._text = values, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self._open is not None:
            self.figures.append(Shown(self._open, self._text))
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is None:
            self.rest.append(data)
        else:
            self._text += data


def read_page(html: str) -> Reader:
    """The figures and the other text of a page."""
    reader = Reader()
    reader.feed(html)
    return reader


def rounded(value: Decimal, decimals: int, shown: str, language: str) -> str:
    """A value as it should stand on a page."""
    value = abs(value) if shown == "abs" else value
    if shown == "ceil":
        value = value.to_integral_value(ROUND_CEILING)
    value = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    text = f"{abs(value):,.{decimals}f}"
    if language == "da":
        text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    return ("\N{MINUS SIGN}" if value < 0 else "") + text


class Marts:
    """The release file, looked up by key."""

    def __init__(self, database: Path) -> None:
        self._connection = duckdb.connect(str(database), read_only=True)
        self._tables: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], dict[str, Any]]] = {}

    def value(self, mart: str, key: dict[str, Any], column: str) -> Any:
        """The value of one cell; fails where the key names no row or several."""
        names = tuple(key)
        if (mart, names) not in self._tables:
            result = self._connection.execute(f"select * from marts.{mart}")
            columns = [one[0] for one in result.description]
            rows = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
            table = {tuple(str(row[name]) for name in names): row for row in rows}
            assert len(table) == len(rows), f"{names} is no key of {mart}"
            self._tables[mart, names] = table
        return self._tables[mart, names][tuple(str(value) for value in key.values())][column]


def wrong_figures(html: str, marts: Marts) -> list[str]:
    """What a page shows otherwise than the release has it, and numbers that do not say where they are from."""
    reader = read_page(html)
    found = []
    for figure in reader.figures:
        told = figure.facts
        value = marts.value(told["data-mart"], json.loads(told["data-key"]), told["data-column"])
        if value is None or float(told["data-value"]) != float(value):
            found.append(f"{told['data-column']} {told['data-key']}: {told['data-value']} is {value} in the mart")
            continue
        right = rounded(Decimal(value), int(told["data-decimals"]), told["data-shown"], reader.languages[0])
        if figure.text != right:
            found.append(f"{told['data-column']} {told['data-key']}: shows {figure.text}, is {right}")
    rest = NOT_FIGURES.sub("", "\n".join(reader.rest))
    found += [f"unmarked: …{rest[max(0, m.start() - 30) : m.end() + 10]}…" for m in LOOKS_LIKE_A_FIGURE.finditer(rest)]
    return found


@pytest.fixture(scope="session")
def release(sample_home: Home) -> Path:
    """The current sample release."""
    return (sample_home.path / "releases" / "current").resolve()


@pytest.fixture(scope="session")
def site(release: Path) -> Path:
    """The report as it was published with the release."""
    return release / "report"


@pytest.fixture(scope="session")
def marts(release: Path) -> Marts:
    """The release, to compare with."""
    return Marts(release / "integration_gaps.duckdb")


@pytest.fixture(scope="session")
def told(release: Path) -> Iterator[facts.Facts]:
    """What the report reads of the release."""
    with duckdb.connect(str(release / "integration_gaps.duckdb"), read_only=True) as connection:
        yield facts.read(connection, read_manifest(release))


@pytest.mark.xdist_group("report")
class TestFigures:
    """Each figure equals the mart's, and is rounded right."""

    @pytest.mark.parametrize("page", PAGES)
    def test_every_figure_is_the_marts(self, site: Path, marts: Marts, page: str) -> None:
        html = (site / page).read_text(encoding="utf-8")
        assert wrong_figures(html, marts) == []
        least = {"index.html": 60, "method.html": 0, "quality.html": 40}.get(Path(page).name, 50)
        assert len(read_page(html).figures) >= least

    def test_a_changed_figure_is_found(self, site: Path, marts: Marts) -> None:
        html = (site / "index.html").read_text(encoding="utf-8")
        figure = next(f for f in read_page(html).figures if f.facts["data-column"] == "gap_pp")
        place = html.index(f'data-value="{figure.facts["data-value"]}"')
        before, after = html[:place], html[place:]
        shown = before + after.replace(f">{figure.text}<", ">99,9<", 1)
        assert any("shows 99,9" in problem for problem in wrong_figures(shown, marts))
        carried = before + after.replace(figure.facts["data-value"], "99.9", 1)
        assert any("99.9 is" in problem for problem in wrong_figures(carried, marts))
        unmarked = html.replace("</h1>", "</h1><p>Gabet er 12,3 procentpoint.</p>")
        assert any("12,3" in problem for problem in wrong_figures(unmarked, marts))

    def test_charts_draw_the_marts_values(self, site: Path, marts: Marts) -> None:
        drawn = 0
        for language in LANGUAGES:
            for trend in sorted((site / "charts" / language).glob("*_trend.svg")):
                points = _points(trend)
                name = trend.stem.removesuffix("_trend")
                with (site / "data" / f"{name}_over_time.csv").open(encoding="utf-8-sig", newline="") as handle:
                    rows = [row for row in csv.DictReader(handle) if row["gap_pp"]]
                values = {row["period"]: Decimal(row["gap_pp"]) for row in rows}
                assert {p: label for p, label, _ in points} == {
                    period: rounded(value, 1, "plain", language) for period, value in values.items()
                }
                _assert_on_a_line([(values[period], height) for period, _, height in points])
                for row in rows:
                    key = {name: row[name] for name in KEYS["gaps"]}
                    assert marts.value("gaps", key, "gap_pp") == float(row["gap_pp"])
                drawn += len(points)
        assert drawn > 100

    def test_the_same_release_gives_the_same_bytes(self, site: Path, told: facts.Facts, tmp_path: Path) -> None:
        one = next(one for one in told.indicators if one.indicator_id == "turnout_municipal")
        pages.tell(told, one, "da", tmp_path)
        drawn = sorted(path.name for path in tmp_path.iterdir())
        assert len(drawn) == 4, drawn
        for name in drawn:
            assert (tmp_path / name).read_bytes() == (site / "charts" / "da" / name).read_bytes()
        again = pages.Renderer(told, "da")("quality", "quality", **pages.quality(told, "da"))
        assert again == (site / "quality.html").read_text(encoding="utf-8")


def _points(svg: Path) -> list[tuple[str, str, Decimal]]:
    """Period, label and height of every drawn point."""
    found = []
    for path in ElementTree.parse(svg).iter(f"{SVG}path"):
        if path.get("aria-roledescription") == "point":
            period, label = (path.get("aria-label") or "").split(": ")
            height = re.fullmatch(r"translate\([^,]+,([^)]+)\)", path.get("transform") or "")
            assert height
            found.append((period, label, Decimal(height[1])))
    return found


def _assert_on_a_line(pairs: list[tuple[Decimal, Decimal]]) -> None:
    """Heights are a straight line of the values, within a quarter of a pixel."""
    (low, low_at), (high, high_at) = min(pairs), max(pairs)
    for value, at in pairs:
        expected = low_at if high == low else low_at + (high_at - low_at) * (value - low) / (high - low)
        assert abs(at - expected) < Decimal("0.25")


@pytest.mark.xdist_group("report")
class TestPages:
    """In headless Chromium, from the file system, at the width of a desk and of a telephone."""

    @pytest.mark.parametrize("page", PAGES)
    def test_it_opens_works_and_is_accessible(self, browser: Browser, site: Path, page: str) -> None:
        opened = open_page(browser, site / page)
        try:
            assert opened.errors == []
            assert opened.left_the_disk == []
            for written, address in opened.links().items():
                assert file_of(address).exists(), written
                if "#" in written:
                    anchor = written.split("#")[1]
                    assert f'id="{anchor}"' in file_of(address).read_text(encoding="utf-8"), written
            opened.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            assert axe_violations(opened.page) == []
            opened.page.set_viewport_size({"width": 320, "height": 700})
            assert overflow(opened.page) == 0
        finally:
            opened.close()

    def test_the_keyboard_reaches_the_content(self, browser: Browser, site: Path) -> None:
        opened = open_page(browser, site / "index.html")
        try:
            opened.page.keyboard.press("Tab")
            assert opened.page.evaluate("document.activeElement.getAttribute('href')") == "#content"
            outline = opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            opened.page.keyboard.press("Enter")
            assert opened.page.evaluate("document.activeElement.id") == "content"
        finally:
            opened.close()

    def test_a_wider_page_and_a_lost_link_would_be_seen(self, browser: Browser, site: Path, tmp_path: Path) -> None:
        html = (site / "method.html").read_text(encoding="utf-8")
        poison = '<p style="width: 50rem"><a href="gone.html">x</a><img src="https://example.invalid/a.png"></p>'
        (tmp_path / "method.html").write_text(html.replace("</main>", f"{poison}</main>"), encoding="utf-8")
        opened = open_page(browser, tmp_path / "method.html", width=320)
        try:
            assert overflow(opened.page) > 0
            assert opened.left_the_disk == ["https://example.invalid/a.png"]
            assert not file_of(opened.links()["gone.html"]).exists()
            assert any("image-alt" in problem for problem in axe_violations(opened.page))
        finally:
            opened.close()


@pytest.mark.xdist_group("report")
class TestContent:
    """What a page must say."""

    def test_every_page_has_a_twin_in_its_own_language(self, site: Path) -> None:
        for name in NAMES:
            danish, english = (
                (site / name).read_text(encoding="utf-8"),
                (site / "en" / name).read_text(encoding="utf-8"),
            )
            assert '<html lang="da">' in danish and f'href="en/{name}"' in danish
            assert '<html lang="en">' in english and f'href="../{name}"' in english

    def test_a_sample_release_says_so_everywhere_and_an_official_one_nowhere(
        self, site: Path, told: facts.Facts
    ) -> None:
        for page in PAGES:
            assert '<p class="sample">' in (site / page).read_text(encoding="utf-8"), page
        drawn = sorted((site / "charts").rglob("*.svg"))
        assert len(drawn) > 80
        for chart in drawn:
            texts = [node.text for node in ElementTree.parse(chart).iter(f"{SVG}text")]
            assert any("SAMPLE" in (text or "") for text in texts), chart
        official = facts.Facts(**(vars(told) | {"manifest": told.manifest | {"data_origin": "official"}}))
        page = pages.Renderer(official, "da")("quality", "quality", **pages.quality(official, "da"))
        assert "SAMPLE" not in page and 'class="sample"' not in page
        one = next(one for one in told.indicators if one.latest)
        pen = charts.Pen("da", "#000000", official.is_sample)
        assert "SAMPLE" not in charts.trend(one.series, one.segments, "x", "y", pen)

    def test_what_is_not_measured_says_why(self, site: Path, told: facts.Facts) -> None:
        missing = [one for one in told.indicators if one.latest is None]
        assert missing
        for one in missing:
            page = (site / f"{one.about['focus_area']}.html").read_text(encoding="utf-8")
            quality = (site / "quality.html").read_text(encoding="utf-8")
            assert one.coverage["reason_da"] in page
            assert one.coverage["reason_da"] in quality

    def test_a_rejected_load_is_told_with_its_reason(self, told: facts.Facts) -> None:
        load = told.loads[0]
        rejected = type(load)(load.mart, {**load.values, "status": "rejected", "reason": "12 <b>rækker</b> mangler"})
        changed = facts.Facts(**(vars(told) | {"loads": [rejected, *told.loads[1:]]}))
        page = pages.Renderer(changed, "da")("quality", "quality", **pages.quality(changed, "da"))
        assert "12 &lt;b&gt;rækker&lt;/b&gt; mangler" in page
        assert "Ingen leverance er afvist" not in page

    def test_a_trend_is_cut_where_the_series_breaks(self, told: facts.Facts) -> None:
        turnout = next(one for one in told.indicators if one.indicator_id == "turnout_municipal")
        broken = [row["period"] for row in turnout.series if row["is_series_break"]]
        assert broken == ["KV2021"]
        assert len(set(turnout.segments)) == 2
        drawn = charts.trend(turnout.series, turnout.segments, "x", "y", charts.Pen("da", "#000000", False))
        assert "databrud" in drawn

    def test_no_value_axis_hides_its_zero(self, site: Path) -> None:
        for chart in sorted((site / "charts" / "en").glob("*.svg")):
            axes = re.findall(r"for a linear scale with values from ([−\d.,]+) to ([−\d.,]+)", chart.read_text("utf-8"))
            spans = [tuple(float(end.replace("−", "-").replace(",", "")) for end in axis) for axis in axes]
            assert any(low <= 0 <= high for low, high in spans), chart

    def test_csv_is_safe_for_a_spreadsheet_and_readable(self, site: Path) -> None:
        files = sorted((site / "data").glob("*.csv"))
        assert len(files) > 30
        for file in files:
            content = file.read_bytes()
            assert content.startswith(b"\xef\xbb\xbf")
            assert not re.search(rb'(^|[,\n])"?[=+@]', content), file

    def test_nothing_of_this_machine_is_on_a_page(self, site: Path) -> None:
        here = {str(site), os.environ.get("HOME", "/root"), "127.0.0.1"}
        for page in PAGES:
            html = (site / page).read_text(encoding="utf-8")
            assert not [word for word in here if word in html]


def test_figures_are_rounded_as_people_do() -> None:
    assert rounded(Decimal("-0.04"), 1, "plain", "da") == "0,0"
    assert rounded(Decimal("-1234.56"), 1, "plain", "da") == "−1.234,6"
    assert rounded(Decimal("792.01"), 0, "ceil", "en") == "793"
