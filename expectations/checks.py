"""What a check is, how severe each one is by name, and the SQL frame that all of them share.

A check states what must hold of one table of a load. Its query finds the keys that offend: ``check_sql`` frames it so
that DuckDB answers with one row (how many offend, the first ten keys, what was observed) in one scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from warehouse.db import literal, quote

BLOCKING, ADVISORY = "blocking", "advisory"
SAMPLE_KEYS = 10

# Every check is blocking but these. A total's severity stands in its record.
ADVISORY_CHECKS = frozenset({"value_present", "no_period_withdrawn", "parishes_match_population"})
ADVISORY_CHECKS |= {"no_cell_withdrawn_by_a_load", "no_cell_lost_to_new_rules", "no_move_by_new_rules"}
ADVISORY_CHECKS |= {"newest_change_is_plausible"}


@dataclass(frozen=True)
class Check:
    """One thing that must hold of one table.

    Attributes:
        name: stable, unique per table of a suite.
        table: quoted, qualified name of the table under check.
        severity: blocking or advisory.
        description: what must hold, as a sentence for the reader of the Data Docs.
        query: framed by :func:`check_sql`, with ``$batch`` for the table; empty where ``columns`` is given.
        relation: what ``$batch`` reads, the table itself if empty; the same for all checks of a table.
        columns: the exact set of columns, for the one check that GX has built in.
    """

    name: str
    table: str
    severity: str
    description: str
    query: str = ""
    columns: tuple[str, ...] | None = None
    relation: str = ""


def severity_of(name: str) -> str:
    """The severity of a check that no record declares."""
    return ADVISORY if name in ADVISORY_CHECKS else BLOCKING


def check_sql(offending: str, observed: str = "null", ctes: Sequence[str] = ()) -> str:
    """The frame: ``offending`` selects one column ``key`` (JSON); ``observed`` is a scalar text expression."""
    parts = ",\n".join((*ctes, f"offending as materialized (\n{offending}\n)"))
    return f"""with {parts}
select
    (select count(*) from offending) as failures,
    (select cast(to_json(list(sample.key)) as varchar) from (
        select key from offending order by cast(key as varchar) limit {SAMPLE_KEYS}
    ) as sample) as keys,
    ({observed}) as observed"""


def key_of(columns: Iterable[str], **extra: str) -> str:
    """SQL for a JSON key of columns (shown under their own names) and further named expressions."""
    parts = [f"{literal(name)}, cast({quote(name)} as varchar)" for name in columns]
    parts += [f"{literal(name)}, {expression}" for name, expression in extra.items()]
    return f"json_object({', '.join(parts)}) as key"


def listed(values: Iterable[str]) -> str:
    """SQL for a list of texts in parentheses; never empty."""
    return "(" + ", ".join(literal(value) for value in values) + ")"


def values_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """A CTE of literal text rows, also when there are none."""
    body = ", ".join("(" + ", ".join("null" if v is None else literal(v) for v in row) + ")" for row in rows)
    head = ", ".join(quote(column) for column in columns)
    if not body:
        nulls = ", ".join(f"cast(null as varchar) as {quote(column)}" for column in columns)
        return f"{name} as (select {nulls} where false)"
    return f"{name}({head}) as (values {body})"


def masked(expression: str, small_cell: int) -> str:
    """SQL that shows a count unless it is small."""
    return (
        f"case when abs({expression}) between 1 and {small_cell - 1} then '<{small_cell}' "
        f"else cast({expression} as varchar) end"
    )
