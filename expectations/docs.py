"""The Data Docs: a static site under ``<home>/validation``, readable from the file system with no server.

GX renders each load's page (``loads/<load_id>.html``); its links to content delivery networks are taken out and a small
style put in, so that opening a page calls nobody. GX's result is kept beside it (``results/<load_id>.json``). The index
lists every judged load of the ledger, accepted and rejected.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations.facts import Load
from warehouse.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

_REMOTE = re.compile(
    r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>|<link\b[^>]*>|<img\b[^>]*>|<script\b.*?</script>",
    re.IGNORECASE | re.DOTALL,
)
_FOREIGN_STYLE = re.compile(r"@import[^;]*;|@font-face\s*\{[^}]*\}|url\(\s*['\"]?https?:[^)]*\)", re.IGNORECASE)
_FOREIGN_LINK = re.compile(r"<a\b[^>]*href\s*=\s*['\"]https?:[^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_SUITE_LINK = re.compile(r"<a\b[^>]*href=\"\.\./\.\./\.\./\.\./[^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_FOOTER = re.compile(r"<footer\b.*?</footer>", re.IGNORECASE | re.DOTALL)
_BANNER = re.compile(r"<!--verdict-->.*?<!--/verdict-->", re.DOTALL)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1200px;padding:1rem 1.5rem;color:#1d2733}
table{border-collapse:collapse;width:100%;margin:.6rem 0}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;
border-bottom:1px solid #d9dfe5;overflow-wrap:anywhere}th{background:#f1f4f7}
.banner{padding:.7rem 1rem;border-radius:6px;margin:.8rem 0}
.accepted{background:#e3f4e6;color:#0f5323}.rejected{background:#fbe3e1;color:#86180f}
.fa-check-circle::before{content:"\\2713"}.fa-times::before{content:"\\2717"}.fa-exclamation-triangle::before{content:"!"}
.text-success{color:#0f5323}.text-danger{color:#b3261e}a{color:#0b57a4}code{font-size:.85em}.collapse{display:block}
"""


def write_page(
    settings: Settings,
    load: Load,
    result: ExpectationSuiteValidationResult,
    reason: str,
) -> Path:
    """Write a load's page and GX's result, and return the page."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    result.meta["run_id"] = {
        "run_name": load.load_id,
        "run_time": _run_time(load.load_id),
    }
    result.meta["batch_spec"] = {
        "data_asset_name": load.dataset,
        "load_id": load.load_id,
    }
    _write(
        settings.validation / "results" / f"{load.load_id}.json",
        json.dumps(result.to_json_dict(), indent=1),
    )
    document = ValidationResultsPageRenderer().render(result)
    page = offline(DefaultJinjaPageView().render(document, show_how_to_buttons=False))
    head = f'<p><a href="../index.html">All loads</a></p>\n<h1>{html.escape(load.load_id)}</h1>\n'
    page = re.sub(r"(<body[^>]*>)", lambda m: m.group(1) + head + _banner(reason), page, count=1)
    path = page_path(settings, load.load_id)
    _write(path, page)
    return path


def page_path(settings: Settings, load_id: str) -> Path:
    """Where a load's page is."""
    return settings.validation / "loads" / f"{load_id}.html"


def restate(settings: Settings, load_id: str, reason: str) -> None:
    """Change the verdict on a page that is there already: its load was held back after it was judged."""
    path = page_path(settings, load_id)
    if path.exists():
        _write(
            path,
            _BANNER.sub(lambda _: _banner(reason), path.read_text(encoding="utf-8")),
        )


def offline(page: str) -> str:
    """A page that asks nothing of the network: no remote script, style, font or picture; foreign links become text."""
    page = _FOOTER.sub("", _REMOTE.sub("", page))
    page = _FOREIGN_LINK.sub(r"\1", _FOREIGN_STYLE.sub("", page))
    page = _SUITE_LINK.sub(r"\1", page.replace("../../../../index.html", "../index.html"))
    return page.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


def write_index(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Path:
    """Write the index: every judged load, newest first, with its verdict and what failed."""
    rows = connection.execute(
        """with failed as (
            select load_id, string_agg(distinct expectation || ' (' || severity || ')', ', ') as names
            from meta.validations where not success group by load_id
        )
        select loads.load_id, loads.dataset, loads.status, coalesce(loads.reason, ''),
            loads.expectations_evaluated, coalesce(failed.names, ''),
            strftime(coalesce(loads.validated_at, loads.received_at), '%Y-%m-%d %H:%M')
        from meta.loads as loads
        left join failed on loads.load_id = failed.load_id
        where loads.validated_at is not null or loads.status = 'rejected'
        order by coalesce(loads.validated_at, loads.received_at) desc, loads.load_id desc"""
    ).fetchall()
    body = "\n".join(_index_row(settings, *row) for row in rows)
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Data Docs</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>Data Docs</h1>\n"
        "<p>Every load that Great Expectations has judged, newest first. A rejected load never reaches raw.</p>\n"
        "<table><thead><tr><th>Load</th><th>Dataset</th><th>Verdict</th><th>Why</th><th>Expectations</th>"
        f"<th>Not met</th><th>Judged (UTC)</th></tr></thead><tbody>\n{body}\n</tbody></table>\n</body></html>\n"
    )
    path = settings.validation / "index.html"
    _write(path, page)
    return path


def _index_row(
    settings: Settings,
    load_id: str,
    dataset: str,
    status: str,
    reason: str,
    *rest: object,
) -> str:
    evaluated, failed, judged = rest
    verdict = "rejected" if status == "rejected" else "accepted"
    name = html.escape(load_id)
    link = f'<a href="loads/{name}.html">{name}</a>' if page_path(settings, load_id).exists() else name
    cells = [html.escape(str(cell if cell is not None else "")) for cell in (reason, evaluated, failed, judged)]
    return (
        f'<tr><td>{link}</td><td>{html.escape(dataset)}</td><td class="{verdict}">{verdict}</td>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _banner(reason: str) -> str:
    verdict = "rejected" if reason else "accepted"
    text = f"{verdict}: {reason}" if reason else verdict
    return f'<!--verdict--><div class="banner {verdict}">Verdict: {html.escape(text)}</div><!--/verdict-->'


def _run_time(load_id: str) -> str:
    stamp = re.match(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", load_id)
    return "{}-{}-{}T{}:{}:{}+00:00".format(*stamp.groups()) if stamp else "1970-01-01T00:00:00+00:00"


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
