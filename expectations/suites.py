"""The suite of one load: every check that its record, its code map and its manifest call for.

There is no switch that leaves a check out. A check is in the suite when what it compares exists: totals over an area
level only where the whole level was asked for, comparisons with raw only where raw owns something. What is judged is
the load as it will be used, with the corrections of the ledger applied.
"""

from __future__ import annotations

from dataclasses import replace

from expectations import continuity, corrections, cross, education, elections, inbox, statbank
from expectations.checks import Check
from expectations.facts import Facts

_OWN = {"statbank": statbank.build, "inbox": inbox.build, "valgdatabase": inbox.build}
_OWN |= {"education": education.build, "jobindsats": education.build}


def build(facts: Facts) -> list[Check]:
    """The checks of a load, table by table, in a stable order; names are unique within a table."""
    own = _OWN.get(facts.record.provider, elections.build)
    suite = [*own(facts), *continuity.build(facts), *cross.build(facts), *corrections.build(facts)]
    read = {facts.table(table): facts.relation(table) for table in facts.record.raw_tables}
    order = list(read)
    return [replace(c, relation=read[c.table]) for c in sorted(suite, key=lambda check: order.index(check.table))]
