"""The dashboards, one per focus area and one overview, as Superset's own documents.

The first row of each says whether the figures are sample figures, and how a gap is read.
"""

from __future__ import annotations

from charts import LEAD, WITHOUT_RATES, Document, Uuid, charts, measured

from warehouse.seeds import seed

COLOURS = {
    "Ikke-vestlig oprindelse": "#b03a2e",
    "Øvrige borgere": "#1f5f8b",
    "Områder, hvor flest har ikke-vestlig oprindelse": "#b03a2e",
    "Områder, hvor færrest har": "#1f5f8b",
    "Forskel": "#222222",
    "Nedre grænse (95 %)": "#8a8a8a",
    "Øvre grænse (95 %)": "#8a8a8a",
}
READING = (
    "Forskellen er i procentpoint. **Positiv betyder, at målgruppen er dårligst stillet.** Målgruppen er borgere med "
    "ikke-vestlig oprindelse, sammenlignet med øvrige borgere. Et tomt felt er et tal, der mangler eller er skjult; "
    "grunden står i *Talstatus*. Det er aldrig et nul. Tallene er til at følge forskelle mellem grupper, ikke til "
    "afgørelser om enkelte borgere. **SAMPLE** er eksempeltal, der intet siger om virkeligheden."
)

Row = list[tuple[str, int, int]]  # (name of a chart or text, width in twelfths, height)


def _rows(area: str | None) -> list[Row]:
    if area is None:
        return [
            [("maerke", 4, 20), ("#", 8, 20)],
            [(f"tal_{row['focus_area']}", 3, 26) for row in seed("focus_areas")],
            [("udvikling", 7, 50), ("maalgruppen", 5, 50)],
            [("seneste_alle", 12, 70)],
            [("maal_alle", 12, 70)],
            [("daekning_alle", 12, 70)],
        ]
    lead = LEAD[area]
    others = [row["indicator_id"] for row in measured(area) if row["indicator_id"] != lead]
    return [
        [("maerke", 4, 20), ("#", 8, 20)],
        [(f"tal_{area}", 3, 46), *_trend(lead, 9)],
        [(f"seneste_{area}", 12, 46)],
        *(_trend(indicator, 12) for indicator in others),
        [(f"sammenligning_{area}", 12, 40)],
        [(f"grupper_{area}", 12, 70)],
        [(f"maal_{area}", 12, 46)],
        [(f"daekning_{area}", 12, 46)],
    ]


def _trend(indicator: str, width: int) -> Row:
    """Rates of both groups, and the gap with its limits; an index has the gap alone."""
    if indicator in WITHOUT_RATES:
        return [(f"interval_{indicator}", width, 46)]
    return [(f"andele_{indicator}", width - width // 2, 46), (f"interval_{indicator}", width // 2, 46)]


def dashboards(uuid: Uuid) -> dict[str, Document]:
    """Every dashboard by the name of its file."""
    made = {"overblik": _dashboard(uuid, "overblik", "Integrationsstrategien: overblik", None)}
    for area in seed("focus_areas"):
        made[area["focus_area"]] = _dashboard(uuid, area["focus_area"], area["label_da"], area["focus_area"])
    return made


def _dashboard(uuid: Uuid, key: str, title: str, area: str | None) -> Document:
    position: Document = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": []},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
    }
    known = charts(uuid)
    for number, row in enumerate(_rows(area)):
        row_id, inside = f"ROW-{number}", ["ROOT_ID", "GRID_ID", f"ROW-{number}"]
        position["GRID_ID"]["children"].append(row_id)
        children = []
        for name, width, height in row:
            item = f"TEXT-{number}" if name == "#" else f"CHART-{name}"
            meta: Document = {"width": width, "height": height}
            if name == "#":
                meta["code"] = READING
            else:
                meta |= {"chartId": 0, "sliceName": known[name]["slice_name"], "uuid": known[name]["uuid"]}
            kind = "MARKDOWN" if name == "#" else "CHART"
            position[item] = {"type": kind, "id": item, "children": [], "parents": inside, "meta": meta}
            children.append(item)
        background = {"background": "BACKGROUND_TRANSPARENT"}
        position[row_id] = {
            "type": "ROW",
            "id": row_id,
            "children": children,
            "parents": inside[:2],
            "meta": background,
        }
    return {
        "dashboard_title": title,
        "description": None,
        "css": None,
        "slug": f"integration-{key}",
        "certified_by": None,
        "certification_details": None,
        "published": True,
        "uuid": uuid("dashboard", key),
        "position": position,
        "metadata": {
            "color_scheme": "supersetColors",
            "label_colors": COLOURS,
            "cross_filters_enabled": False,
            "native_filter_configuration": [],
            "refresh_frequency": 0,
        },
        "version": "1.0.0",
    }
