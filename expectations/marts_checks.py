"""What the checks of the marts share: the facts they are made of, the key of a cell, and how numbers are compared.

A check of a mart is a :class:`expectations.checks.Check` on a table of schema ``marts``. In its SQL ``batch`` is that
mart, and other marts are named in full. Nothing here knows a provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from expectations.checks import Check, check_sql, key_of, listed, severity_of
from warehouse.db import quote

OWN_DATA = ("turnout_municipal", "perceived_diversity", "danish_tests")
STRATUM = ("indicator_id", "municipality_code", "subarea_code", "period", "sex", "age_group")
CELL = (*STRATUM, "target_group", "reference_group")
SIDES = ("target", "reference")
COUNTS = tuple(f"{side}_{count}" for side in SIDES for count in ("numerator", "denominator"))
RATES = tuple(f"{side}_{rate}_pct" for side in SIDES for rate in ("rate", "low", "high"))
GAPS = ("gap_pp", "gap_low_pp", "gap_high_pp")
NUMBERS = (*COUNTS, *RATES, *GAPS, "rate_ratio", "persons_to_parity", "standardised_gap_pp")


@dataclass(frozen=True)
class MartFacts:
    """What the suite of a mart build is made of.

    Attributes:
        small_cell: ``WAREHOUSE_SMALL_CELL``.
        published: the relation that holds `gaps` of the current release; None before the first release.
        published_columns: its columns: an older release may lack some.
        same_rules: whether code, seeds and settings are those of the current release.
    """

    small_cell: int
    published: str | None = None
    published_columns: frozenset[str] = field(default_factory=frozenset)
    same_rules: bool = True


def mart_check(
    mart: str, name: str, description: str, offending: str, *, observed: str = "null", ctes: Sequence[str] = ()
) -> Check:
    """A check of one mart; ``offending`` selects one column ``key`` (JSON)."""
    return Check(
        name=name,
        table=f"marts.{quote(mart)}",
        severity=severity_of(name),
        description=description,
        query=check_sql(offending, observed, ["batch as (select * from $batch)", *ctes]),
    )


def offenders(condition: str, columns: Sequence[str] = CELL, relation: str = "batch") -> str:
    """The keys of the rows for which a condition holds."""
    return f"select {key_of(columns)} from {relation} where {condition}"


def differs(one: str, other: str, allowed: str = "1e-9") -> str:
    """SQL: two numbers differ by more than rounding of doubles, or only one of them is there.

    ``allowed`` is relative, and absolute below 1; far above the error of a double, far below a person.
    """
    apart = f"abs(({one}) - ({other})) > {allowed} * greatest(1, abs({one}), abs({other}))"
    return f"coalesce({apart}, (({one}) is null) <> (({other}) is null))"


def same_cell(one: str, other: str, columns: Sequence[str] = CELL) -> str:
    """SQL: two relations speak of the same cell."""
    return " and ".join(f"{one}.{quote(column)} = {other}.{quote(column)}" for column in columns)


def is_own(indicator: str = "indicator_id") -> str:
    """SQL: the figure is made of the municipality's own data."""
    return f"{indicator} in {listed(OWN_DATA)}"


def discreet_key(columns: Sequence[str] = CELL) -> str:
    """SQL for a key that, of the municipality's own data, tells no more than that something in the stratum is hidden.

    Verdicts are published. Which cell of a suppressed stratum is the small one, and which its partner, is not.
    """
    plain = key_of(columns).removesuffix(" as key")
    short = key_of(("indicator_id", "municipality_code", "period")).removesuffix(" as key")
    return f"if({is_own()}, {short}, {plain}) as key"
