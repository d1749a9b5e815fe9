"""Writes the guard matrix, ``docs/guards.md``: every guard and the poisoned case that trips it and only it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from guard_expectations import Case, severity
from guard_scratch import SINGULAR, Guard

from warehouse.records import Record
from warehouse.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "guards.md"

_HEAD = """# The guard matrix

A guard that cannot fail guards nothing. Here stands every expectation and every dbt data test beside a poisoned case
that trips it, and only it. `make guards` writes this page; the tests fail when a guard has no poisoned case, when its
case trips another guard as well, or when the page is not up to date.

- **Expectations** ({expectations}) judge a load before it enters `raw`, and the marts before they are published. Each
  case is a load, or a mart, that is right but for one thing; the whole suite is run on it, and that expectation alone
  does not hold. The test that runs the case is named beside it. Where several suites hold the same expectation, one
  of them at least is shown.
- **dbt data tests** ({data_tests}) judge tables. A case spoils a table of a copy of the sample warehouse; every data
  test that reads the table is run, and that test alone fails. What stands downstream is not built again, so a test
  further down, which would see the same mistake later, does not count.
- A test that several columns are filled is shown to fail for each of them. Tests of a method on worked examples read
  no table: there the poisoned case is a mistake in the method itself.
- **dbt unit tests** ({unit_tests}) are tests of code, not guards of data, and are not listed.
"""


def render(
    cases: Sequence[Case],
    records: Mapping[str, Record],
    proofs: Sequence[tuple[Guard, str]],
    unit_tests: int,
) -> str:
    """The page. ``proofs`` is every data test with its poisoned case in words."""
    names = {case.expectation for case in cases}
    head = _HEAD.format(expectations=len(names), data_tests=len(proofs), unit_tests=unit_tests)
    singular = [(guard, words) for guard, words in proofs if guard.kind == SINGULAR]
    generic = sorted(((g, w) for g, w in proofs if g.kind != SINGULAR), key=lambda proof: _order(proof[0]))
    parts = [head, "## Expectations\n", _expectations(cases, records), "## Singular dbt tests\n"]
    parts += [
        _table(("test", "severity", "poisoned case"), ([f"`{g.name}`", g.severity, words] for g, words in singular)),
        "## Generic dbt tests, by table\n",
    ]
    for relation, group in groupby(generic, key=lambda proof: proof[0].relation):
        parts.append(f"### `{relation}`\n")
        rows = ([guard.kind + _warns(guard), _columns(guard), words] for guard, words in group)
        parts.append(_table(("test", "columns", "poisoned case"), rows))
    return "\n".join(parts)


def _order(guard: Guard) -> tuple[str, str, list[str], str]:
    return guard.relation, guard.kind, guard.columns, guard.name


def _warns(guard: Guard) -> str:
    return "" if guard.severity == "error" else f" ({guard.severity})"


def _columns(guard: Guard) -> str:
    return ", ".join(f"`{column.replace('|', chr(92) + '|')}`" for column in guard.columns)


def _expectations(cases: Sequence[Case], records: Mapping[str, Record]) -> str:
    rows = (
        [
            f"`{case.expectation}`",
            severity(case, records),
            f"`{case.dataset}`" if case.dataset else "",
            case.words,
            f"`{case.module}`",
        ]
        for case in cases
    )
    return _table(("expectation", "severity", "dataset or mart", "poisoned case", "shown by"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
