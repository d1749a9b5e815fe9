"""The index of the Data Docs: every load and every mart build, newest first, the rejected as visible as the accepted.

It stands on its own without script; a small one adds a filter that needs no server.
"""

from __future__ import annotations

from collections.abc import Sequence

from expectations.checks import ADVISORY, BLOCKING
from expectations.docs_facts import ACCEPTED, NOT_JUDGED, REJECTED_VERDICT, Entry
from expectations.docs_html import escape, items, moment, name, page, table
from expectations.docs_pages import CLASSES

_SIGNS = {ACCEPTED: "✓", REJECTED_VERDICT: "✗", NOT_JUDGED: "…"}
_COLUMNS = ("What", "Verdict", "Not met", "Expectations", "When (UTC)", "Now", "Report")
_BUILD_COLUMNS = tuple(column for column in _COLUMNS if column != "Now")

_FILTER = """<form class="filter" id="filter" hidden>
<p><label for="words">Show rows with these words</label><input id="words" type="search" autocomplete="off"></p>
<p><label for="verdict">Verdict</label><select id="verdict"><option value="">All</option>
<option value="rejected">Rejected</option><option value="accepted">Accepted</option></select></p>
<p role="status" id="shown"></p>
</form>"""

_SCRIPT = """<script>
(() => {
  const form = document.getElementById("filter"), words = document.getElementById("words");
  const verdict = document.getElementById("verdict"), shown = document.getElementById("shown");
  const rows = [...document.querySelectorAll("tbody tr")];
  const show = () => {
    const asked = words.value.toLowerCase().split(/\\s+/).filter(Boolean), wanted = verdict.value;
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = asked.every(word => text.includes(word)) && (!wanted || row.dataset.verdict === wanted);
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count === rows.length ? `All ${rows.length} rows` : `${count} of ${rows.length} rows`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  show();
})();
</script>
"""


def render(loads: Sequence[Entry], builds: Sequence[Entry], results: frozenset[str]) -> str:
    """The index. ``results`` are the ids of which GX's own result lies beside the pages."""
    head = (
        "<h1>Validation reports</h1>\n"
        "<p>What was expected of every load before it could enter raw, and of every build of the marts before it could "
        "be published; who passed, who did not, and what was done about it. A rejected load never reaches raw.</p>"
    )
    main = [
        '<h2 id="summary">Summary</h2>',
        _summary(loads, builds),
        _FILTER if loads or builds else "",
        '<h2 id="loads">Loads</h2>',
        _section(loads, results, _COLUMNS, "Every load, newest first", "No load has been received yet."),
        '<h2 id="marts">Mart builds</h2>',
        _section(builds, results, _BUILD_COLUMNS, "Every judged build, newest first", "No build has been judged yet."),
    ]
    return page("Validation reports", head, "\n".join(part for part in main if part), _SCRIPT)


def _summary(loads: Sequence[Entry], builds: Sequence[Entry]) -> str:
    waiting = sum(entry.verdict == NOT_JUDGED for entry in loads)
    tiles = [
        _tile(loads, ACCEPTED, "loads accepted", f"{waiting} not judged yet" if waiting else ""),
        _tile(loads, REJECTED_VERDICT, "loads rejected", _newest(loads)),
        _tile(builds, ACCEPTED, "mart builds accepted", ""),
        _tile(builds, REJECTED_VERDICT, "mart builds rejected", _newest(builds)),
    ]
    return f'<ul class="tiles">{"".join(tiles)}</ul>'


def _tile(entries: Sequence[Entry], verdict: str, text: str, more: str) -> str:
    count = sum(entry.verdict == verdict for entry in entries)
    look = CLASSES[verdict] if count else ""
    return f'<li class="{look}"><strong>{count:,}</strong> {text}<br>{more}</li>'


def _newest(entries: Sequence[Entry]) -> str:
    """The newest that was rejected for its own sake, else the newest that was held back."""
    rejected = [entry for entry in entries if entry.verdict == REJECTED_VERDICT]
    if not rejected:
        return "None so far"
    entry = next((entry for entry in rejected if not entry.is_held_back), rejected[0])
    return f'The newest: <a href="{escape(entry.page)}">{escape(entry.dataset)}</a>, {moment(entry.at)}'


def _section(
    entries: Sequence[Entry], results: frozenset[str], columns: Sequence[str], caption: str, nothing: str
) -> str:
    if not entries:
        return f"<p>{nothing}</p>"
    return table(caption, columns, [_row(entry, results, columns) for entry in entries])


def _row(entry: Entry, results: frozenset[str], columns: Sequence[str]) -> tuple[str, list[str]]:
    shown = {
        "What": f"<strong>{name(entry.dataset)}</strong><br>{escape(entry.title_en)}"
        f'<br><span class="quiet" lang="da">{escape(entry.title_da)}</span>',
        "Verdict": f'<span class="word {CLASSES[entry.verdict]}"><span aria-hidden="true">{_SIGNS[entry.verdict]} '
        f"</span>{entry.verdict}</span>{_why(entry)}",
        "When (UTC)": moment(entry.at),
        "Not met": items(_not_met(entry)),
        "Expectations": f"{len(entry.rows)}" if entry.rows else "none asked",
        "Now": escape(entry.now),
        "Report": _links(entry, results),
    }
    look = ' class="rejected"' if entry.verdict == REJECTED_VERDICT else ""
    return f'{look} data-verdict="{entry.verdict.lower()}"', [shown[column] for column in columns]


def _not_met(entry: Entry) -> list[str]:
    """The expectations that were not met, blocking ones first, each with its severity."""
    return [f"{severity}: {name(failed)}" for severity in (BLOCKING, ADVISORY) for failed in entry.failed(severity)]


def _why(entry: Entry) -> str:
    """In a few words why a load was rejected where no expectation says it."""
    if entry.verdict != REJECTED_VERDICT or entry.failed(BLOCKING):
        return ""
    why = "held back with its family" if entry.is_held_back else (entry.reason.splitlines() or [""])[0]
    short = why if len(why) <= 160 else why[:159].rstrip() + "…"
    return f"<br>{escape(short)}"


def _links(entry: Entry, results: frozenset[str]) -> str:
    page_link = f'<a class="id" href="{escape(entry.page)}">{name(entry.id)}</a>'
    if entry.id not in results:
        return page_link
    plain = escape(entry.id)
    return f'{page_link}<br><a class="id" href="results/{plain}.json" aria-label="JSON: GX result of {plain}">JSON</a>'
