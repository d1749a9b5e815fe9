"""The checks between two datasets: a published rate against counts, countries against origins, areas against FVKOM.

Such a check belongs to one dataset (its record declares it) and has one partner. It runs on the load of the declaring
dataset whenever there is one in the run, against the partner's load of the same run if there is one, else against what
raw owns of the partner. When only the partner is new, it runs on the partner's load against what raw owns. When both
are new and the declaring load was judged before the partner was loaded, the partner's load carries the check. So it
runs once per run whenever either side is new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from expectations.checks import Check, check_sql, severity_of
from expectations.cross_parishes import parishes_against_population
from expectations.cross_sql import (
    areas_against_fvkom,
    countries_against_origins,
    rates_against_counts,
)
from expectations.facts import (
    Facts,
    Side,
    candidate,
    candidate_side,
    owned_side,
    pending,
)
from warehouse.errors import SettingsError
from warehouse.ledger import LANDED, LOADED, PROMOTED, REJECTED, VALIDATED

_READY = (LOADED, VALIDATED, PROMOTED)
_OF_THE_RUN = (LANDED, LOADED, VALIDATED, PROMOTED, REJECTED)

Query = tuple[str, str, list[str]]
"""Offending keys, observed text and CTEs."""


@dataclass(frozen=True)
class Cross:
    """A comparison of two datasets: the one that declares it, its partner, what must hold, and the SQL for it."""

    declarer: str
    partner: str
    description: str
    query: Callable[[Facts, Side, Side], Query]


CROSSES: dict[str, Cross] = {
    "employment_rate_matches_counts": Cross(
        "ras200",
        "ras201",
        "the published rate is the one that the counts give, to its one decimal",
        rates_against_counts,
    ),
    "countries_match_origin": Cross(
        "folk1c",
        "folk1e",
        "persons by country, through the country classification, are the persons by origin",
        countries_against_origins,
    ),
    "areas_match_municipality_count": Cross(
        "dst_elections",
        "fvkom",
        "the polling areas of a municipality sum to the municipality's count in FVKOM",
        areas_against_fvkom,
    ),
    "parishes_match_population": Cross(
        "kmsta001",
        "folk1e",
        "the parishes of a municipality sum to its population on 1 January, within 1 per cent",
        parishes_against_population,
    ),
}


def build(facts: Facts) -> list[Check]:
    """The cross checks that this load is to carry.

    Raises:
        SettingsError: when the record declares a cross check that does not exist, or that another dataset declares.
    """
    checks = []
    for name in facts.record.expect.cross:
        if name not in CROSSES or CROSSES[name].declarer != facts.record.dataset:
            raise SettingsError(
                f"The record {facts.record.dataset} declares the cross check {name!r}, which is not its own",
                next_step="choose of: "
                + ", ".join(n for n, c in CROSSES.items() if c.declarer == facts.record.dataset),
            )
    for name, cross in CROSSES.items():
        sides = _sides(facts, name, cross)
        if sides:
            offending, observed, ctes = cross.query(facts, *sides)
            table = facts.table(facts.record.raw_tables[0])
            query = check_sql(offending, observed, ctes)
            checks.append(Check(name, table, severity_of(name), cross.description, query))
    return checks


def _sides(facts: Facts, name: str, cross: Cross) -> tuple[Side, Side] | None:
    """Declarer's side and partner's side, or None when this load is not the one to carry the check."""
    declared = cross.declarer in facts.records and name in facts.records[cross.declarer].expect.cross
    if not declared or cross.partner not in facts.records:
        return None
    mine = candidate_side(facts, facts.record, facts.load.load_id)
    first = facts.record.raw_tables[0].name
    mine = replace(mine, relations={**mine.relations, first: "$batch"})
    if facts.record.dataset == cross.declarer:
        partner = facts.records[cross.partner]
        other = _waiting(facts, cross.partner, _READY)
        theirs = candidate_side(facts, partner, other) if other else owned_side(facts, partner)
        return (mine, theirs) if theirs else None
    if facts.record.dataset == cross.partner:
        declarer = facts.records[cross.declarer]
        waiting = _waiting(facts, cross.declarer, _OF_THE_RUN)
        if waiting:
            return (candidate_side(facts, declarer, waiting), mine) if _judged_without(facts, waiting, name) else None
        theirs = owned_side(facts, declarer)
        return (theirs, mine) if theirs else None
    return None


def _judged_without(facts: Facts, load_id: str, name: str) -> bool:
    """Whether the load passed its validation without this check, since the partner was not there yet."""
    row = facts.connection.execute(
        """select 1 from meta.loads where load_id = ? and list_contains(?, status)
        and not exists (select 1 from meta.validations where load_id = ? and expectation = ?)""",
        [load_id, [VALIDATED, PROMOTED], load_id, name],
    ).fetchone()
    return row is not None


def _waiting(facts: Facts, dataset: str, statuses: tuple[str, ...]) -> str | None:
    """The other side's load of the same run; within a family also one that an earlier run left unfinished."""
    found = candidate(facts.connection, facts.load, dataset, statuses)
    if found is None and facts.record.family and facts.records[dataset].family == facts.record.family:
        return pending(facts.connection, facts.load, dataset, (LOADED, VALIDATED))
    return found
