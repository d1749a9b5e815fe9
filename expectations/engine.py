"""Runs checks as Great Expectations suites in DuckDB.

A suite is the checks of one load; each table of the load is one GX batch on a cursor of the connection that the
caller already holds, so the one writer stays the one writer. GX is imported when the first suite runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.checks import BLOCKING, Check
from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )


@dataclass(frozen=True)
class Finding:
    """What one check found: whether it holds, how many keys offend, and the first ten of them (JSON objects)."""

    check: Check
    success: bool
    observed: str
    unexpected_count: int
    keys: tuple[str, ...] = ()


def evaluate(
    connection: duckdb.DuckDBPyConnection, load_id: str, suite: Sequence[Check]
) -> tuple[list[Finding], ExpectationSuiteValidationResult]:
    """Run a suite; the findings are in the order of the suite, beside GX's own result for the Data Docs.

    Raises:
        WarehouseError: when a check could not be run at all, which is a defect of the check, never a verdict.
    """
    from expectations import gx_duckdb

    findings: list[Finding] = []
    results: list[Any] = []
    meta: dict[str, Any] = {}
    for table, group in groupby(suite, key=lambda check: check.table):
        checks = list(group)
        outcome = gx_duckdb.validate_table(
            connection, checks[0].relation or table, _asset(table), [_expectation(c) for c in checks]
        )
        meta = meta or dict(outcome.meta)
        by_name = {result.expectation_config.meta["check"]: result for result in outcome.results}
        for check in checks:
            result = by_name[check.name]
            findings.append(_finding(check, result))
            results.append(result)
    return findings, _merged(load_id, results, meta)


def _asset(table: str) -> str:
    return table.rsplit(".", maxsplit=1)[-1].strip('"')


def _expectation(check: Check) -> Any:
    """The check as a GX expectation."""
    import great_expectations.expectations as gxe

    from expectations.gx_duckdb import ExpectNoOffendingKeys, bound

    label = f"{_asset(check.table).split('__')[0]}.{check.name}"
    common: dict[str, Any] = {
        "severity": "critical" if check.severity == BLOCKING else "warning",
        "description": f"{label} ({check.severity}): {check.description}",
        "meta": {
            "check": check.name,
            "severity": check.severity,
            "description": check.description,
        },
    }
    if check.columns is not None:
        return gxe.ExpectTableColumnsToMatchSet(column_set=list(check.columns), exact_match=True, **common)
    return ExpectNoOffendingKeys(unexpected_rows_query=bound(check.query), check=check.name, **common)


def _finding(check: Check, result: Any) -> Finding:
    info = result.exception_info or {}
    if _raised(info):
        raise WarehouseError(
            f"The check {check.name} could not be run: {_message(info)}",
            {"table": _asset(check.table), "check": check.name},
            "this is a defect of the check, not of the data; the load was not judged",
        )
    if check.columns is not None:
        return _columns_finding(check, result)
    found = result.result
    return Finding(
        check=check,
        success=bool(result.success),
        observed=str(found["observed_value"]),
        unexpected_count=int(found["unexpected_count"]),
        keys=tuple(found["keys"]),
    )


def _columns_finding(check: Check, result: Any) -> Finding:
    import json

    got, wanted = set(result.result["observed_value"]), set(check.columns or ())
    keys = [json.dumps({"column": name, "is": "missing"}, ensure_ascii=False) for name in sorted(wanted - got)]
    keys += [json.dumps({"column": name, "is": "not asked for"}, ensure_ascii=False) for name in sorted(got - wanted)]
    return Finding(check, bool(result.success), ", ".join(sorted(got)), len(keys), tuple(keys[:10]))


def _raised(info: dict[str, Any]) -> bool:
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(part.get("raised_exception") for part in info.values() if isinstance(part, dict))


def _message(info: dict[str, Any]) -> str:
    parts = [info] if "exception_message" in info else [part for part in info.values() if isinstance(part, dict)]
    return " ".join(str(part.get("exception_message", "")) for part in parts)[:1000]


def _merged(load_id: str, results: list[Any], meta: dict[str, Any]) -> ExpectationSuiteValidationResult:
    """One GX result of a load, whatever the number of its tables."""
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

    good = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=good == len(results),
        results=results,
        suite_name=load_id,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100.0 * good / len(results) if results else None,
        },
        meta=meta,
    )
