"""The pages: what each one shows, in both languages, and the files beside them.

``index.html`` is Danish, ``en/index.html`` English; charts lie in ``charts/<language>/``, the CSV behind every table
in ``data/``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from warehouse.report import charts, tables, words
from warehouse.report.facts import Facts, Indicator, labels, peer_group_label, read
from warehouse.report.figures import LANGUAGES, Language, Sentence
from warehouse.report.pictures import Exhibit, exhibits
from warehouse.report.texts import day, texts
from warehouse.report.vocabulary import ages, period_name, phrase

TEMPLATES = Path(__file__).parent / "templates"
STYLE = "style.css"


@dataclass(frozen=True)
class Told:
    """An indicator in words and pictures, for one language."""

    one: Indicator
    label: str
    about: str
    headline: Sentence
    compared: Sentence
    uncertainty: Sentence
    lines: list[Sentence]
    direction: Sentence
    targets: list[Sentence]
    cautions: list[str | Sentence]
    missing: str
    exhibits: list[Exhibit]

    @property
    def is_measured(self) -> bool:
        """Whether there is a gap to show."""
        return self.one.latest is not None


def write(folder: Path, database: Path, manifest: dict[str, Any]) -> None:
    """Write the report of a finished release.

    Args:
        folder: where the pages go; made if it is not there.
        database: the release's DuckDB file, opened read-only.
        manifest: the release's manifest; of it ``release_id``, ``created_at``, ``data_origin``,
            ``focus_municipality`` and ``small_cell`` are read.

    Raises:
        WarehouseError: when the release does not know the focus municipality.
    """
    for part in ("data", "en", *(f"charts/{language}" for language in LANGUAGES)):
        (folder / part).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TEMPLATES / STYLE, folder / STYLE)
    with duckdb.connect(str(database), read_only=True) as connection:
        facts = read(connection, manifest)
        tables.write_csvs(connection, facts, folder / "data")

    def write_pages(language: Language) -> None:
        for path, page in _pages(facts, language, folder):
            target = folder / path if language == "da" else folder / "en" / path
            target.write_text(page, encoding="utf-8")

    with ThreadPoolExecutor(len(LANGUAGES)) as both:  # the drawing of a chart lets others work
        list(both.map(write_pages, LANGUAGES))


def _pages(facts: Facts, language: Language, folder: Path) -> Iterator[tuple[str, str]]:
    """File name and HTML of every page of one language."""
    told = {one.indicator_id: tell(facts, one, language, folder / "charts" / language) for one in facts.indicators}
    show = Renderer(facts, language)
    areas = [
        {"id": area["focus_area"], "label": area[f"label_{language}"], "about": area[f"description_{language}"]}
        | {"told": [told[one.indicator_id] for one in facts.of(area["focus_area"])]}
        for area in facts.focus_areas
    ]
    population = [tables.target_group(quarter, kept, language) for quarter, kept in facts.target_group.items()]
    yield "index.html", show("index", "overview", areas=areas, population=population)
    for area in areas:
        yield f"{area['id']}.html", show("focus_area", area["id"], area=area)
    yield "quality.html", show("quality", "quality", **quality(facts, language))
    yield "method.html", show("method", "method", told=list(told.values()), **method(facts, language))


class Renderer:
    """Renders one template with what every page needs."""

    def __init__(self, facts: Facts, language: Language) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        t = texts(language)
        menu = [("overview", "index.html", t["overview"])]
        menu += [(a["focus_area"], f"{a['focus_area']}.html", a[f"label_{language}"]) for a in facts.focus_areas]
        menu += [("quality", "quality.html", t["quality"]), ("method", "method.html", t["method"])]
        released = datetime.fromisoformat(facts.manifest["created_at"])
        self._common = {
            "t": t,
            "lang": language,
            "other": "en" if language == "da" else "da",
            "root": "" if language == "da" else "../",
            "over": "en/" if language == "da" else "../",
            "menu": menu,
            "place": facts.place,
            "site": t["site"].format(place=facts.place),
            "is_sample": facts.is_sample,
            "release": facts.manifest["release_id"],
            "released": t["small_note"].format(day=day(released, language)),
            "small_cell": facts.manifest["small_cell"],
            "accents": charts.ACCENTS,
        }

    def __call__(self, template: str, here: str, **content: Any) -> str:
        """The HTML of a page; ``here`` is its place in the menu."""
        file = next(name for key, name, _ in self._common["menu"] if key == here)
        values = {**self._common, "here": here, "file": file, **content}
        return self._environment.get_template(f"{template}.html.j2").render(values)


def tell(facts: Facts, one: Indicator, language: Language, charts_folder: Path) -> Told:
    """Everything a page says and shows of one indicator."""
    targets = [words.target_status(progress, language) for progress in one.targets]
    label = one.label[language]
    missing = one.coverage.get(f"reason_{language}") or ""
    if one.latest is None:
        status = labels("value_statuses")[one.coverage.get("value_status", "not_collected")][language]
        told = Sentence("{status}", {"status": status})
        nothing = words.NOTHING
        return Told(one, label, "", told, nothing, nothing, [], nothing, targets, [], missing, [])
    latest, noun, better = one.latest, phrase(one.indicator_id, one.label), one.about["higher_is_better"]
    region = facts.region[f"label_{language}"] if facts.region else ""
    peers = peer_group_label(facts.municipality["municipality_code"])[language]
    about = ", ".join(
        part for part in (period_name(latest["period"], language), ages(latest["age_group"], language)) if part
    )
    lines = [
        words.parity(latest, noun, better, language),
        words.standardised(latest, language),
        words.decomposition(one.decomposition, bool(latest["is_clear"]), language),
        words.compared_with(one.peer, region, peers, language),
        words.NOTHING if latest["is_clear"] is False else words.rank(one.peer, language),
    ]
    return Told(
        one,
        label,
        about[:1].upper() + about[1:],
        words.headline(latest, noun, better, language),
        words.who_is_compared(latest, language),
        words.uncertainty(latest, language),
        [line for line in lines if line],
        words.direction(one.baseline, latest, language),
        targets,
        _cautions(facts, one, language),
        missing,
        exhibits(facts, one, language, charts_folder),
    )


def _cautions(facts: Facts, one: Indicator, language: Language) -> list[str | Sentence]:
    """What a reader has to know before using the newest gap: its warnings, and why the series breaks."""
    t, known = texts(language), labels("usage_warnings")
    explained = {"series_break"} | ({"proxy"} if one.coverage.get(f"reason_{language}") else set())
    found: list[str | Sentence] = [known[warning][language] for warning in one.warnings if warning not in explained]
    if "unknown_share_high" in one.warnings:
        found += [words.unknown(row, language) for row in one.unknown]
    for row in one.series:
        if not row["is_series_break"]:
            continue
        told = _break_texts(facts, one, row["period"], language) or [""]
        period = period_name(row["period"], language)
        found += [(t["break_known"] if text else t["break_unknown"]).format(period=period, text=text) for text in told]
    return found


def _break_texts(facts: Facts, one: Indicator, period: str, language: Language) -> list[str]:
    code = facts.municipality["municipality_code"]
    return [
        known[f"text_{language}"]
        for known in facts.breaks
        if known["first_period_after"] == period
        and known["municipality_code"] in {"", code}
        and (known["indicator_id"] == one.indicator_id or known["table_id"] in (one.about["source_tables"] or []))
    ]


def quality(facts: Facts, language: Language) -> dict[str, Any]:
    """What the page on data quality shows: what was loaded, rejected, superseded, missing, unknown and revised."""
    by_status = {
        status: [row for row in facts.loads if row["status"] == status]
        for status in ("promoted", "rejected", "superseded")
    }
    groups = {
        row: texts(language)[name] for row, name in (("non_western", "name_target"), ("others", "name_reference"))
    }
    return {
        "loaded": tables.loads(by_status["promoted"], language),
        "rejected": tables.loads(by_status["rejected"], language, with_reason=True),
        "superseded": tables.loads(by_status["superseded"], language),
        "missing": tables.missing(facts, language),
        "expected": tables.expected(facts, language),
        "unknown": tables.unknown(facts, groups, language),
        "failed": tables.failed_checks(facts, language),
        "revisions": tables.revisions(facts, language),
    }


def method(facts: Facts, language: Language) -> dict[str, Any]:
    """What the page on method shows: the usage warnings and the groups in words."""
    return {
        "cautions": [both[language] for both in labels("usage_warnings").values()],
        "groups": [
            {"label": row[f"label_{language}"], "definition": row[f"definition_{language}"]} for row in facts.groups
        ],
    }
