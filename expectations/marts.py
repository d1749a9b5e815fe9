"""The suite of a mart build: every check of the published marts, in the build database, before they are published.

There is no switch that leaves a check out. What the checks are about stands in their modules: identities and ranges of
`gaps` (``marts_gaps``), the other marts (``marts_others``), the release before and the figures' own history
(``marts_history``), and that no suppressed cell can be worked out (``marts_derivability``).
"""

from __future__ import annotations

import duckdb

from expectations import marts_derivability, marts_gaps, marts_history, marts_others
from expectations.checks import Check
from expectations.marts_checks import MartFacts


def build(connection: duckdb.DuckDBPyConnection, facts: MartFacts) -> list[Check]:
    """The checks of a mart build, mart by mart, in a stable order; names are unique within a mart."""
    suite = [
        *marts_gaps.build(facts),
        *marts_derivability.build(connection, facts),
        *marts_history.build(facts),
        *marts_others.build(facts),
    ]
    order = list(dict.fromkeys(check.table for check in suite))
    return sorted(suite, key=lambda check: order.index(check.table))
