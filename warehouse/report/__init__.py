"""The gap report: a static site in Danish with an English twin, for people who would rather look than read.

:func:`write` reads a finished release file and its manifest, and nothing else but the seeds' labels. It uses no clock:
the same release gives the same pages. The pages need no server and ask nothing of the network.
"""

from __future__ import annotations

from warehouse.report.pages import write

__all__ = ["write"]
