"""A trace as one JSON document: complete, with every staging row that may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from warehouse.trace.again import readable
from warehouse.trace.figures import same
from warehouse.trace.proof import LoadProof
from warehouse.trace.rows import Sum
from warehouse.trace.tracer import Trace


def document(trace: Trace) -> dict[str, Any]:
    """Everything that was found, as plain values; numbers unrounded."""
    row = {name: readable(value) for name, value in trace.cell.row.items()}
    return {
        "verdict": "traced" if trace.holds else "not traced",
        "problems": list(trace.problems),
        "release": {name: trace.release[name] for name in ("release_id", "created_at", "data_origin")},
        "table": f"marts.{trace.cell.table}",
        "key": {name: readable(value) for name, value in trace.cell.key.items()},
        "row": row,
        "withheld": trace.withheld or None,
        "staging": [_sum(item, trace) for item in trace.sums],
        "in_python": {
            name: {"computed": value, "published": row[name], "agrees": same(value, trace.cell.row[name])}
            for name, value in trace.figures.items()
        },
        "by_the_release_sql": _again(trace),
        "rests_on": [
            {
                "role": base.role,
                "gap_pp": base.cell.row["gap_pp"],
                "load_ids": base.cell.row["load_ids"],
                "command": base.command,
            }
            for base in trace.bases
        ],
        "seeds": [{"file": name, "sha256": digest} for name, digest in trace.seeds.items()],
        "loads": [_load(proof) for proof in trace.loads],
    }


def plain(value: Fraction | None) -> float | int | None:
    """A sum as JSON and a reader have it."""
    if value is None:
        return None
    return int(value) if value.denominator == 1 else float(value)


def _sum(item: Sum, trace: Trace) -> dict[str, Any]:
    rows = [
        {"load_id": row.load_id, **row.published, "value": plain(row.value), "correction": row.correction or None}
        for row in item.rows
    ]
    return {
        "column": item.column,
        "model": f"staging.{item.model}",
        "rows": None if trace.is_own_data else rows,
        "rows_counted": len(rows),
        "rows_left_out_as_zero": item.left_out,
        "divisor": item.divisor,
        "sum": plain(item.total),
        "published": item.published,
        "agrees": item.agrees,
    }


def _again(trace: Trace) -> dict[str, Any] | None:
    if trace.again is None:
        return None
    return {
        "models_run": trace.again.models,
        "rows_found": trace.again.found,
        "columns_compared": len(trace.cell.row),
        "columns_differing": list(trace.again.differing),
        "agrees": trace.again.agrees,
    }


def _load(proof: LoadProof) -> dict[str, Any]:
    published: Mapping[str, Any] = proof.published
    names = ("dataset", "provider", "status", "url", "data_origin", "sha256", "bytes", "rows_received", "rows_loaded")
    times = ("received_at", "source_updated_at", "promoted_at")
    return {
        "load_id": proof.load_id,
        **{name: readable(published[name]) for name in (*names, *times, "licence", "citation", "reason")},
        "request": proof.manifest.request if proof.manifest else None,
        "response": proof.manifest.response if proof.manifest else None,
        "landing": proof.manifest.landing_path if proof.manifest else None,
        "files": [{**asdict(item), "matches": item.holds} for item in proof.files],
        "verdicts": dict(proof.verdicts),
        "corrections": list(proof.corrections),
        "journal": list(proof.journal),
        "problems": list(proof.problems),
    }
