"""The frame of every page of the Data Docs: one style, no script of its own, nothing asked of the network.

A content policy in the page forbids it to fetch anything. Wide tables become blocks on a narrow screen; what the style
does to their look the roles do not let happen to their meaning.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)

_NAMED = re.compile(r"`([^`]+)`")

_STYLE = """
:root{color-scheme:light;--ink:#1c2430;--quiet:#55606e;--line:#d5dbe2;--soft:#f4f6f8;--link:#0a4f96;
--good:#0d5a2c;--good-soft:#e9f5ed;--bad:#96190f;--bad-soft:#fcecea;--wait:#6b4b00;--wait-soft:#fdf4dd}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:#fff}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.75rem}main{padding-bottom:2rem}
footer{padding-top:1rem;padding-bottom:2rem;border-top:1px solid var(--line);color:var(--quiet);font-size:.875rem}
h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;line-height:1.3;margin:2.25rem 0 .5rem}
h3{font-size:1rem;margin:1.5rem 0 .4rem}
p{margin:.4rem 0 .8rem;max-width:46rem}
a{color:var(--link)}a:focus-visible,summary:focus-visible,input:focus-visible,select:focus-visible{
outline:3px solid var(--link);outline-offset:2px}
.quiet{color:var(--quiet)}
.id{font-size:.875rem;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.verdict{border-left:.4rem solid;padding:.7rem 1rem;margin:1rem 0;max-width:60rem}
.verdict p{margin:.2rem 0;max-width:none;overflow-wrap:anywhere}
.verdict p:first-child{font-size:1.15rem;font-weight:650}
.good{background:var(--good-soft);border-color:var(--good)}.good p:first-child,.word.good{color:var(--good)}
.bad{background:var(--bad-soft);border-color:var(--bad)}.bad p:first-child,.word.bad{color:var(--bad)}
.wait{background:var(--wait-soft);border-color:var(--wait)}.wait p:first-child,.word.wait{color:var(--wait)}
.word{font-weight:650;white-space:nowrap;background:none}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;color:var(--quiet);padding:.2rem 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);
overflow-wrap:break-word;font-weight:400}
td{min-width:4.75rem}code{font:inherit;background:var(--soft)}
thead th{font-weight:650;border-bottom:2px solid var(--ink);white-space:nowrap;overflow-wrap:normal}
tr.rejected>*{background:var(--bad-soft)}
tr.rejected>:first-child{box-shadow:inset .3rem 0 var(--bad);padding-left:.75rem}
tr>:first-child{padding-left:.75rem}
td .id{overflow-wrap:break-word}time{white-space:nowrap}
td ul{margin:0;padding-left:1.1rem}td li{overflow-wrap:break-word}
dl{display:grid;grid-template-columns:minmax(11rem,18rem) 1fr;margin:.5rem 0;max-width:66rem;font-size:.9375rem}
dt,dd{margin:0;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
dt{color:var(--quiet)}dd{font-variant-numeric:tabular-nums}
pre{font:inherit;font-size:.875rem;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);
padding:.75rem 1rem;margin:.5rem 0;max-width:66rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(15rem,100%),1fr));gap:1rem;
margin:1.25rem 0;padding:0;list-style:none}
.tiles li{border-top:3px solid var(--line);padding:.6rem 0}.tiles .bad{border-color:var(--bad);background:none}
.tiles .good{border-color:var(--good);background:none}
.tiles strong{display:block;font-size:1.9rem;line-height:1.1;font-variant-numeric:tabular-nums}
.filter{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:end;margin:1rem 0}.filter[hidden]{display:none}
.filter label{display:block;font-size:.875rem;color:var(--quiet)}
.filter input,.filter select{font:inherit;padding:.4rem .6rem;border:1px solid #75808d;border-radius:.25rem;
background:#fff;color:inherit;width:100%;min-width:14rem}
.filter p{margin:0}
@media (max-width:48rem){
table,thead,tbody,tr,th,td,caption{display:block;width:100%}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{border-bottom:2px solid var(--line);padding:.5rem 0}tbody tr[hidden]{display:none}
tbody th,tbody td,tr>:first-child{border:0;padding:.15rem .75rem;overflow-wrap:anywhere}
td .id,td li{overflow-wrap:anywhere}
tr.rejected{box-shadow:inset .3rem 0 var(--bad);background:var(--bad-soft)}
tr.rejected>*,tr.rejected>:first-child{background:none;box-shadow:none}
tbody td:empty{display:none}
[data-label]::before{content:attr(data-label) ": ";color:var(--quiet);font-weight:400}
dl{display:block}dt{border:0;padding-bottom:0}dd{padding-top:0}
}
@media print{
body{font-size:10pt}header,main,footer{max-width:none;padding:0}.filter,nav{display:none}
tr,dt,dd{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}
.verdict,tr.rejected>*{background:none}
}
"""


def page(title: str, head: str, main: str, script: str = "") -> str:
    """A whole page. ``head`` and ``main`` are HTML, ``title`` is text."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n{head}\n</header>\n<main>\n{main}\n</main>\n"
        "<footer>Written by the warehouse from its ledger and from the results of Great Expectations. "
        "Times are UTC unless they say otherwise.</footer>\n"
        f"{script}</body>\n</html>\n"
    )


def escape(text: object) -> str:
    """Text for HTML, also inside attributes."""
    return html.escape(str(text))


def table(caption: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A table whose first column heads its rows. A row is the attributes of its element, and its cells as HTML.

    Roles keep it a table where it is shown as blocks.
    """
    head = "".join(f'<th scope="col" role="columnheader">{escape(label)}</th>' for label in columns)
    body = "\n".join(f'<tr role="row"{attributes}>{_cells(columns, row)}</tr>' for attributes, row in rows)
    return (
        f'<table role="table">\n<caption>{escape(caption)}</caption>\n<thead role="rowgroup"><tr role="row">{head}</tr>'
        f'</thead>\n<tbody role="rowgroup">\n{body}\n</tbody>\n</table>'
    )


def _cells(columns: Sequence[str], row: Sequence[str]) -> str:
    """The cells of a row, the first a heading of it; each carries the name of its column for narrow screens."""
    first, *rest = row
    shown = "".join(
        f'<td role="cell" data-label="{escape(label)}">{cell}</td>' if cell else '<td role="cell"></td>'
        for label, cell in zip(columns[1:], rest, strict=True)
    )
    return f'<th scope="row" role="rowheader">{first}</th>{shown}'


def listing(facts: Iterable[tuple[str, str]]) -> str:
    """Names and values (HTML) as a description list."""
    return "<dl>\n" + "\n".join(f"<dt>{escape(label)}</dt><dd>{value}</dd>" for label, value in facts) + "\n</dl>"


def prose(text: str) -> str:
    """A sentence; what stands between backticks is a name."""
    return _NAMED.sub(r"<code>\1</code>", escape(text))


def name(text: object) -> str:
    """A long name that may break after its underscores, and nowhere else."""
    return escape(text).replace("_", "_<wbr>")


def items(cells: Iterable[str]) -> str:
    """A list of HTML, or nothing."""
    found = [f"<li>{cell}</li>" for cell in cells]
    return f"<ul>{''.join(found)}</ul>" if found else ""


def moment(at: datetime | None) -> str:
    """A time as a person and a machine read it."""
    if at is None:
        return ""
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%S}Z">{at:%Y-%m-%d %H:%M}</time>'
