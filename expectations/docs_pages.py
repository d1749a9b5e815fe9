"""The page of one load or one mart build: the verdict, what was not met, what was met, and what was received.

A load that was refused before any expectation could be asked has a page too: why, what was kept aside, what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from expectations.checks import ADVISORY, BLOCKING
from expectations.docs_facts import ACCEPTED, HELD_BACK, LOADS, MARTS, NOT_JUDGED, REJECTED_VERDICT, Entry
from expectations.docs_gx import Document, Row
from expectations.docs_html import escape, items, listing, name, page, prose, table

CLASSES = {ACCEPTED: "good", REJECTED_VERDICT: "bad", NOT_JUDGED: "wait"}
_FACTS = {"ge_load_time": "Batch loaded at", "data_asset_name": "Data asset"}
_LOAD_ID = re.compile(r"\d{8}T\d{6}Z_[a-z0-9_]+_[0-9a-f]{6}")
_COLUMNS = ("Expectation", "Severity", "What must hold", "What was observed")
_MEANS = {
    LOADS: {BLOCKING: "a failure keeps the load out", ADVISORY: "a failure is written down, and the load enters"},
    MARTS: {BLOCKING: "a failure stops publishing", ADVISORY: "a failure is written down, and the marts are published"},
}


def render(entry: Entry, document: Document | None, has_result: bool) -> str:
    """The page. ``document`` is GX's content; without one the rows of the ledger stand in for it."""
    rows = document.rows if document else entry.rows
    parts = [_verdict(entry, rows)]
    parts += _next_step(entry)
    parts += _expectations(entry.kind, rows) if rows else _no_expectations(entry)
    if entry.received:
        parts.append("<h2>What was received</h2>" if entry.sha256 else "<h2>What is known of it</h2>")
        parts.append(listing((label, _fact(label, value)) for label, value in entry.received))
    if document:
        parts.append(_run(entry, document, has_result))
    what = "Load" if entry.kind == LOADS else "Mart build"
    head = (
        '<nav aria-label="Validation reports"><a href="../index.html">All validation reports</a></nav>\n'
        f"<h1>{escape(entry.title_en or entry.dataset)}</h1>\n"
        f'<p class="quiet" lang="da">{escape(entry.title_da)}</p>\n'
        f'<p class="id">{what} {escape(entry.id)}</p>'
    )
    return page(f"{entry.verdict}: {entry.id}", head, "\n".join(parts))


def _verdict(entry: Entry, rows: Sequence[Row]) -> str:
    failed = [row for row in rows if not row.met]
    blocking = sum(row.severity == BLOCKING for row in failed)
    counts = f"{len(rows)} expectations, {blocking} blocking and {len(failed) - blocking} advisory not met."
    lines = [f"Verdict: {entry.verdict.lower()}"]
    if entry.is_held_back:
        lines.append(f"{entry.reason[:1].upper()}{entry.reason[1:]}, and a family enters together or not at all.")
    elif entry.verdict == REJECTED_VERDICT and rows:
        lines.append(entry.reason[:1].upper() + entry.reason[1:])
    elif entry.verdict == REJECTED_VERDICT:
        lines.append("Refused before any expectation was asked.")
    lines.append(counts if rows else "")
    if entry.at and entry.was_judged:
        lines.append(f"Judged {entry.at:%Y-%m-%d %H:%M:%S} UTC.")
    body = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    return f'<div class="verdict {CLASSES[entry.verdict]}">{body}</div>'


def _next_step(entry: Entry) -> list[str]:
    """What became of a load that may not enter, and what to do about it."""
    if entry.verdict != REJECTED_VERDICT:
        return []
    parts = ["<h2>What to do</h2>"]
    if entry.is_held_back:
        other = _LOAD_ID.search(entry.reason.removeprefix(HELD_BACK))
        where = f'<a href="{escape(other.group())}.html">{escape(other.group())}</a>' if other else "the other load"
        parts.append(f"<p>Nothing needs to be done about this load. See why {where} was rejected, and run again.</p>")
    elif entry.kind == LOADS and not entry.was_judged:
        return _refusal(entry)
    elif entry.kind == LOADS:
        parts.append(
            "<p>What raw held before is untouched. Look at what was not met below; ask the provider, or correct the "
            "record or the seed, and run again. The bytes as received stay in the landing.</p>"
        )
    else:
        parts.append(
            "<p>Nothing was published; the release before is still the current one. Look at what was not met below, "
            "follow a value back with <code>warehouse trace</code>, and run again when its cause is mended.</p>"
        )
    return parts


def _refusal(entry: Entry) -> list[str]:
    """The reason block of a load that was refused before it could be judged."""
    what, where, next_step = _block(entry.reason)
    kept = (
        f"{entry.kept} (in the home of the warehouse)"
        if entry.kept
        else "Nothing: it was refused before it was landed."
    )
    facts = [("Why it was refused", what), ("Where", where), ("What was kept", kept), ("What to do", next_step)]
    return [
        "<h2>Refused before any expectation was asked</h2>",
        "<p>Nothing of it entered raw, and what raw held before is untouched.</p>",
        listing((name, f"<span>{escape(value)}</span>") for name, value in facts if value),
    ]


def _block(reason: str) -> tuple[str, str, str]:
    """What, where and the next step, out of the block of lines of an error (``WarehouseError.block``)."""
    what, where, next_step = [], "", ""
    for line in reason.splitlines():
        if line.startswith("  where: "):
            where = line.removeprefix("  where: ")
        elif line.startswith("  next:  "):
            next_step = line.removeprefix("  next:  ")
        else:
            what.append(line)
    return "\n".join(what), where, next_step or "Run again."


def _no_expectations(entry: Entry) -> list[str]:
    if entry.verdict == NOT_JUDGED:
        return ["<p>It was received, and no expectation has been asked of it yet.</p>"]
    return []


def _expectations(kind: str, rows: Sequence[Row]) -> list[str]:
    """The tables: what was not met first, then what was."""
    parts = ["<h2>Expectations</h2>"]
    severities = {row.severity for row in rows}
    means = "; ".join(f"{severity}: {text}" for severity, text in _MEANS[kind].items() if severity in severities)
    if means:
        parts.append(f'<p class="quiet">{escape(means[:1].upper() + means[1:])}.</p>')
    failed, met = [row for row in rows if not row.met], [row for row in rows if row.met]
    if failed:
        parts.append("<h3>Not met</h3>")
        caption = f"{len(failed)} of {len(rows)} expectations"
        parts.append(table(caption, (*_COLUMNS, "Keys that offend (at most ten)"), map(_failed_row, failed)))
    if met:
        parts.append("<h3>Met</h3>")
        parts.append(table(f"{len(met)} of {len(rows)} expectations", _COLUMNS, map(_met_row, met)))
    return parts


def _met_row(row: Row) -> tuple[str, Sequence[str]]:
    return "", _row(row)


def _row(row: Row) -> tuple[str, str, str, str]:
    shown = f'{name(row.name)}<br><span class="quiet">{name(row.table)}</span>' if row.table else name(row.name)
    return shown, escape(row.severity), prose(row.what), escape(row.observed)


def _failed_row(row: Row) -> tuple[str, Sequence[str]]:
    shown, severity, what, observed = _row(row)
    sign = '<span class="word bad"><span aria-hidden="true">✗ </span>Not met</span><br>'
    return "", (sign + shown, severity, what, observed, items(escape(_key(key)) for key in row.keys))


def _key(key: str) -> str:
    """A key as a reader reads it: ``TID 2024, OMRÅDE 151``."""
    try:
        fields = json.loads(key)
    except ValueError:
        return key
    if not isinstance(fields, dict):
        return key
    return ", ".join(f"{label} {value}" for label, value in fields.items() if value is not None)


def _fact(label: str, value: str) -> str:
    if label != "Request":
        return escape(value)
    try:
        shown = json.dumps(json.loads(value), ensure_ascii=False, indent=1)
    except ValueError:
        shown = value
    return f"<details><summary>What was asked for</summary><pre>{escape(shown)}</pre></details>"


def _run(entry: Entry, document: Document, has_result: bool) -> str:
    facts = [(_FACTS.get(label, label), escape(value)) for label, value in document.facts if label != "load_id"]
    link = f'<p><a href="../results/{escape(entry.id)}.json">The result as Great Expectations gave it (JSON)</a></p>'
    return "<h2>The run of Great Expectations</h2>\n" + listing(facts) + ("\n" + link if has_result else "")
