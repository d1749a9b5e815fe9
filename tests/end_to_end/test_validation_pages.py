"""What an auditor sees: the validation reports of a home, opened in a browser from the file system.

The home is made by the steps of the ingestion on poisoned sample providers: one load is accepted, one is rejected for
its figures, one is refused before it could be judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from browser import Opened, axe_violations, file_of, open_page, overflow
from house import Home
from playwright.sync_api import Browser

from expectations import docs
from sample_providers import start
from warehouse.errors import LoadRejected
from warehouse.records import record_of

ACCEPTED, REJECTED, REFUSED = "kvres", "ky038", "fvkom"


@dataclass
class Site:
    """The site under test, and the load id of each dataset."""

    home: Home
    loads: dict[str, str]

    @property
    def index(self) -> Path:
        return self.home.settings.validation / "index.html"

    def page(self, dataset: str) -> Path:
        return docs.page_path(self.home.settings, self.loads[dataset])

    @property
    def pages(self) -> list[Path]:
        return sorted(self.home.settings.validation.rglob("*.html"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One accepted, one rejected and one refused load."""
    with start() as provider:
        addresses = {"WAREHOUSE_STATBANK_URL": provider.statbank_url, "WAREHOUSE_ELECTIONS_URL": provider.elections_url}
        home = Home(tmp_path_factory.mktemp("site") / "home", addresses)
        home.ingest(ACCEPTED)
        provider.table(REJECTED).set(99_999, OMRÅDE="151", HERKOMST1="TOT")
        provider.table(REFUSED).variable("VALRES").id = "RESULTAT"
        for dataset in (REJECTED, REFUSED):
            with pytest.raises(LoadRejected):
                home.ingest(dataset)
    docs.refresh(home.settings)
    return Site(home, dict(home.rows("select dataset, load_id from meta.loads")))


@pytest.fixture
def index(site: Site, browser: Browser) -> Iterator[Opened]:
    """The index, open."""
    opened = open_page(browser, site.index)
    yield opened
    opened.close()


def test_the_index_shows_the_accepted_and_the_rejected(index: Opened, site: Site) -> None:
    rows = {dataset: index.page.locator("tbody tr", has_text=load_id) for dataset, load_id in site.loads.items()}
    for dataset, verdict in ((ACCEPTED, "Accepted"), (REJECTED, "Rejected"), (REFUSED, "Rejected")):
        row = rows[dataset]
        assert row.count() == 1
        assert row.is_visible()
        assert verdict in row.inner_text()
        assert record_of(dataset).title_da in row.inner_text()
        assert record_of(dataset).title_en in row.inner_text()
    assert "blocking: origin_parts_equal_total" in rows[REJECTED].inner_text()
    assert "no longer has the variable VALRES" in rows[REFUSED].inner_text()
    summary = index.page.locator(".tiles li", has_text="loads rejected").inner_text()
    assert summary.startswith("2")
    assert f"The newest: {REFUSED}" in summary


def test_every_link_works_and_nothing_leaves_the_disk(browser: Browser, site: Site) -> None:
    """From the index every link is followed, and from there every other, until no new page is found."""
    waiting, seen = [site.index.resolve()], set()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        opened = open_page(browser, file)
        assert opened.errors == []
        assert opened.left_the_disk == []
        for written, whole in opened.links().items():
            assert whole.startswith("file:"), f"{file.name}: {written}"
            assert "/" not in written[:1], f"{file.name}: {written} is not relative"
            target = file_of(whole)
            assert target.is_file(), f"{file.name}: {written}"
            if target not in seen and target not in waiting and target.suffix == ".html":
                waiting.append(target)
        for place in opened.page.locator("a[href]").all()[:40]:
            assert place.inner_text().strip()
        opened.close()
    assert seen == {page.resolve() for page in site.pages}


def test_a_link_is_followed_by_keyboard(index: Opened, site: Site) -> None:
    link = index.page.locator(f'tbody a[href="loads/{site.loads[REJECTED]}.html"]')
    link.focus()
    index.page.keyboard.press("Enter")
    index.page.wait_for_url("**/loads/*.html")
    assert "Verdict: rejected" in index.page.locator(".verdict").inner_text()
    index.page.get_by_role("link", name="All validation reports").press("Enter")
    index.page.wait_for_url("**/index.html")
    assert index.errors == []


@pytest.mark.parametrize("dataset", [None, ACCEPTED, REJECTED, REFUSED])
@pytest.mark.parametrize("width", [1280, 320])
def test_pages_are_accessible_and_fit_their_window(
    browser: Browser,
    site: Site,
    dataset: str | None,
    width: int,
) -> None:
    opened = open_page(browser, site.page(dataset) if dataset else site.index, width)
    assert axe_violations(opened.page) == []
    assert overflow(opened.page) <= 0
    assert opened.page.locator("html").get_attribute("lang") == "en"
    levels = [
        int(name[1]) for name in opened.page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(h => h.tagName)")
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    opened.close()


def test_rows_are_filtered_without_a_server(index: Opened, site: Site) -> None:
    rows = index.page.locator("tbody tr")
    index.page.get_by_label("Verdict").select_option("rejected")
    assert index.page.get_by_role("status").inner_text() == "2 of 3 rows"
    assert not rows.filter(has_text=site.loads[ACCEPTED]).is_visible()
    index.page.get_by_label("Verdict").select_option("")
    index.page.get_by_label("Show rows with these words").fill("kontanthjælp")
    assert index.page.get_by_role("status").inner_text() == "1 of 3 rows"
    assert rows.filter(has_text=site.loads[REJECTED]).is_visible()


def test_the_index_is_whole_without_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.index.as_uri())
    assert page.locator("tbody tr:visible").count() == 3
    assert not page.locator("form").is_visible()
    context.close()


def test_a_rejected_page_says_what_failed_and_what_was_received(browser: Browser, site: Site) -> None:
    opened = open_page(browser, site.page(REJECTED))
    text = opened.page.locator("main").inner_text()
    manifest = site.home.rows("select url, sha256, licence from meta.loads where dataset = ?", REJECTED)[0]
    for shown in ("Failed: origin_parts_equal_total", "OMRÅDE 151", "What to do", "2025-09-25", *manifest):
        assert shown in text, shown
    opened.page.get_by_text("What was asked for").click()
    assert '"table": "KY038"' in opened.page.locator("pre").inner_text()
    opened.close()


def test_a_refused_page_says_why_and_what_to_do(browser: Browser, site: Site) -> None:
    opened = open_page(browser, site.page(REFUSED))
    text = opened.page.locator("main").inner_text()
    for shown in (
        "Refused before any expectation",
        "no longer has the variable VALRES",
        "variable VALRES",
        "fvkom.yml",
    ):
        assert shown in text, shown
    opened.close()
