"""Fixtures of the tests that open pages: one headless Chromium a worker, however many files ask for it."""

from __future__ import annotations

from browser import chromium

__all__ = ["chromium"]  # the fixture `browser`
