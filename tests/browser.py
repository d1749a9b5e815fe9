"""A headless Chromium for tests of what people open: pages from the file system, and what they ask for and complain of.

``open_page`` opens a file; ``Opened`` holds the page, every address it asked for, and every error of its console.
A ``conftest.py`` imports ``chromium`` to have the fixture ``browser``: two files that imported it would each start
one, and Playwright allows one. Where there is no Chromium its tests are skipped, saying why.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
ON_DISK = ("file:", "data:", "blob:", "about:")


@dataclass
class Opened:
    """A page that was opened, what it asked for, and what went wrong."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def left_the_disk(self) -> list[str]:
        """Requests for anything that is not a local file."""
        return [address for address in self.requests if not address.startswith(ON_DISK)]

    def links(self) -> dict[str, str]:
        """Every link of the page: as written, and the whole address it leads to."""
        found: list[list[str]] = self.page.eval_on_selector_all(
            "a[href]", "links => links.map(a => [a.getAttribute('href'), a.href])"
        )
        return {link[0]: link[1] for link in found}

    def close(self) -> None:
        """Close the page."""
        self.page.close()


@pytest.fixture(scope="session", name="browser")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for all tests of a worker."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: nothing can be said of how the pages open")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


def open_page(browser: Browser, file: Path, width: int = 1280, height: int = 900) -> Opened:
    """Open a file as a reader does by a double click; the window is ``width`` times ``height`` pixels."""
    page = browser.new_page(viewport={"width": width, "height": height})
    opened = Opened(page)

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.errors.append(message.text)

    def crash(error: Error) -> None:
        opened.errors.append(str(error))

    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("console", complain)
    page.on("pageerror", crash)
    page.on("requestfailed", lambda request: opened.errors.append(f"failed: {request.url}"))
    page.goto(file.resolve().as_uri())
    return opened


def file_of(address: str) -> Path:
    """The file that a ``file:`` address names, without its fragment."""
    return Path(unquote(urlsplit(urldefrag(address).url).path))


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page: rule, help text and the first elements, one line each."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{item['id']} ({item['impact']}): {item['help']}: "
        + "; ".join(node["html"][:120] for node in item["nodes"][:3])
        for item in found
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
