"""The data dictionary: what every published table and column means, as one page in Danish and one in English.

The English words are the comments of the published tables; the Danish ones are the seed ``dictionary_da``. The pages
are single files without script, picture or request. What the figures say is the report's business.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from warehouse.errors import WarehouseError
from warehouse.seeds import seed

if TYPE_CHECKING:
    from warehouse.release_files import Column, Table

Language = Literal["da", "en"]
PAGES: dict[Language, str] = {"da": "dictionary.html", "en": "en/dictionary.html"}
EVERY = "*"

_TYPES: dict[str, tuple[str, str]] = {
    "VARCHAR": ("tekst", "text"),
    "VARCHAR[]": ("liste af tekster", "list of texts"),
    "BIGINT": ("heltal", "whole number"),
    "INTEGER": ("heltal", "whole number"),
    "DOUBLE": ("tal", "number"),
    "BOOLEAN": ("ja eller nej", "yes or no"),
    "DATE": ("dato", "date"),
    "TIMESTAMP": ("tidspunkt", "date and time"),
}
_WORDS: dict[Language, dict[str, str]] = {
    "da": {
        "title": "Dataordbog",
        "lead": "Hvad hver offentliggjort tabel og kolonne betyder. Tabellerne findes i DuckDB-filen og som Parquet "
        "og CSV. Koder er tekst. Andele er i procent, forskelle i procentpoint, og intet er afrundet. Et tal, der "
        "mangler, er tomt og aldrig 0; `value_status` siger hvorfor.",
        "tables": "Tabeller",
        "column": "Kolonne",
        "type": "Type",
        "meaning": "Betydning",
        "twin": "In English",
        "top": "Til toppen",
        "release": "Udgivelse",
        "sample": "EKSEMPELTAL – SAMPLE. Udgivelsen er bygget på eksempeltal og siger intet om virkeligheden.",
    },
    "en": {
        "title": "Data dictionary",
        "lead": "What every published table and column means. The tables are in the DuckDB file and as Parquet and "
        "CSV. Codes are text. Rates are percentages, gaps percentage points, and nothing is rounded. A number that is "
        "missing is empty and never 0; `value_status` says why.",
        "tables": "Tables",
        "column": "Column",
        "type": "Type",
        "meaning": "Meaning",
        "twin": "På dansk",
        "top": "To the top",
        "release": "Release",
        "sample": "SAMPLE FIGURES. This release is made of sample figures and says nothing about the world.",
    },
}
_STYLE = """
:root { color-scheme: light; --ink: #1b2129; --muted: #565f6b; --line: #d9dde2; --band: #eceef1; --link: #0b5cad }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--ink); background: #fff; line-height: 1.5;
  font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif }
a { color: var(--link) }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
header p, footer { color: var(--muted) }
.sample { padding: .6rem .8rem; border: 2px solid #9a1b1b; color: #9a1b1b; font-weight: 600 }
nav ul { columns: 14rem; padding-left: 1.2rem }
section { margin-top: 2.5rem; border-top: 1px solid var(--line) }
table { width: 100%; border-collapse: collapse }
th, td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  font-weight: 400 }
thead th { background: var(--band); padding-left: .4rem; font-weight: 600 }
tbody th { width: 30% } td.type { width: 9rem; color: var(--muted) }
code { font: .9em ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere }
@media (max-width: 40rem) {
  thead { position: absolute; left: -99rem }
  tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line) }
  th, td, tbody th, td.type { display: block; width: auto; padding: .1rem 0; border: 0 }
}
@media print { section { break-inside: avoid-page } .top, nav { display: none } }
"""


def write(folder: Path, tables: Sequence[Table], manifest: dict[str, Any]) -> list[Path]:
    """Write the pages (:data:`PAGES`) into the report's folder and return them.

    ``tables`` are the published tables with their comments; of the release's manifest ``release_id`` and
    ``data_origin`` are read. The same tables and manifest give the same bytes.

    Raises:
        WarehouseError: when a published table or column has no Danish description.
    """
    missing = [name for name in published(tables) if danish(*name) is None]
    if missing:
        raise WarehouseError(
            "The data dictionary has no Danish for: " + ", ".join(".".join(name) for name in missing),
            {"file": "dbt_project/seeds/dictionary_da.csv"},
            "add a row for each (table_name `*` where the words hold for every table with that column)",
        )
    written = []
    for language, name in PAGES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_page(language, tables, manifest), encoding="utf-8")
        written.append(path)
    return written


def published(tables: Iterable[Table]) -> list[tuple[str, str]]:
    """Every (table, column) that needs words, and (table, ``*``) for the table itself."""
    return [(table.name, name) for table in tables for name in (EVERY, *(column.name for column in table.columns))]


def danish(table: str, column: str) -> str | None:
    """The Danish words for a column, or for the table where ``column`` is ``*``; None where there are none."""
    words = {(row["table_name"], row["column_name"]): row["description_da"] for row in seed("dictionary_da")}
    return words.get((table, column)) or (words.get((EVERY, column)) if column != EVERY else None)


def _page(language: Language, tables: Sequence[Table], manifest: dict[str, Any]) -> str:
    words = _WORDS[language]
    other: Language = "en" if language == "da" else "da"
    twin = os.path.relpath(PAGES[other], Path(PAGES[language]).parent)
    sample = f'<p class="sample">{words["sample"]}</p>' if manifest["data_origin"] == "sample" else ""
    links = "".join(
        f'<li><a href="#{escape(table.name)}"><code>{escape(table.name)}</code></a></li>' for table in tables
    )
    sections = "\n".join(_section(language, table) for table in tables)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words["title"]}</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body id="top">
<header>
<p><a href="{escape(twin)}" lang="{other}" hreflang="{other}">{words["twin"]}</a></p>
<h1>{words["title"]}</h1>
{sample}
<p>{_text(words["lead"])}</p>
</header>
<nav aria-label="{words["tables"]}">
<h2>{words["tables"]}</h2>
<ul>{links}</ul>
</nav>
<main>
{sections}
</main>
<footer><p>{words["release"]} {escape(str(manifest["release_id"]))}</p></footer>
</body>
</html>
"""


def _section(language: Language, table: Table) -> str:
    words, name = _WORDS[language], escape(table.name)
    about = danish(table.name, EVERY) if language == "da" else table.comment
    rows = "\n".join(_row(language, table, column) for column in table.columns)
    return f"""<section id="{name}" aria-labelledby="{name}-title">
<h2 id="{name}-title"><code>{name}</code></h2>
<p>{_text(about)}</p>
<table aria-labelledby="{name}-title">
<thead><tr><th scope="col">{words["column"]}</th><th scope="col">{words["type"]}</th>
<th scope="col">{words["meaning"]}</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p class="top"><a href="#top" aria-label="{words["top"]} ({name})">{words["top"]}</a></p>
</section>"""


def _row(language: Language, table: Table, column: Column) -> str:
    about = danish(table.name, column.name) if language == "da" else column.comment
    kind = _TYPES.get(column.type, (column.type, column.type))[0 if language == "da" else 1]
    return (
        f'<tr><th scope="row"><code>{escape(column.name)}</code></th>'
        f'<td class="type">{escape(kind)}</td><td>{_text(about)}</td></tr>'
    )


def _text(words: str | None) -> str:
    """Escaped words, with `names in backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words or ""))
