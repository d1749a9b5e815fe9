"""The charts of the dashboards, as Superset's own documents.

Every chart shows the focus municipality's headline figures. A scale of rates begins at 0; a missing figure leaves a
hole in a line and an empty cell with its status beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from warehouse.seeds import seed

Document = dict[str, Any]
Uuid = Callable[[str, str], str]

LEAD = {
    "beskaeftigelse": "employment_rate",
    "uddannelse": "qualifying_education",
    "boligsocial": "residential_dissimilarity",
    "demokrati": "turnout_municipal",
}
WITHOUT_RATES = {"residential_dissimilarity"}
OF_AREAS = {"turnout_by_area": ("Områder, hvor flest har ikke-vestlig oprindelse", "Områder, hvor færrest har")}


def where(column: str, value: Any = True) -> Document:
    """A filter of a chart: the column equals the value."""
    operator, name = ("IS TRUE", "IS_TRUE") if value is True else ("==", "EQUALS")
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": operator,
        "operatorId": name,
        **({} if value is True else {"comparator": value}),
    }


FOCUS = [where("is_focus_municipality"), where("is_headline")]
NEWEST = [*FOCUS, where("is_latest")]


def largest(column: str, label: str) -> Document:
    """The one figure of a group of one row."""
    return {
        "expressionType": "SQL",
        "sqlExpression": f"max({column})",
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{column}",
    }


def _chart(uuid: Uuid, key: str, name: str, dataset: str, viz: str, params: Document, text: str = "") -> Document:  # noqa: PLR0917
    return {
        "slice_name": name,
        "description": text or None,
        "certified_by": None,
        "certification_details": None,
        "viz_type": viz,
        "params": {"viz_type": viz, "extra_form_data": {}, **params},
        "query_context": None,
        "cache_timeout": None,
        "uuid": uuid("chart", key),
        "version": "1.0.0",
        "dataset_uuid": uuid("dataset", dataset),
    }


def _indicators(area: str | None = None) -> list[dict[str, str]]:
    rows = [row for row in seed("indicators") if area in (None, row["focus_area"])]
    return sorted(rows, key=lambda row: int(row["sort_order"]))


def _number(uuid: Uuid, area: str) -> Document:
    indicator = next(row for row in _indicators(area) if row["indicator_id"] == LEAD[area])
    unit = "Indeks fra 0 (ens fordelt) til 100" if LEAD[area] in WITHOUT_RATES else "procentpoint fra øvrige borgere"
    return _chart(
        uuid,
        f"tal_{area}",
        indicator["label_da"],
        "forskelle",
        "big_number_total",
        {
            "metric": largest("gap_pp", "Forskel"),
            "adhoc_filters": [*NEWEST, where("indicator_id", LEAD[area])],
            "subtitle": unit,
            "subheader": unit,
            "header_font_size": 0.4,
            "subheader_font_size": 0.125,
            "subtitle_font_size": 0.125,
            "y_axis_format": ",.1f",
        },
        indicator["definition_da"],
    )


def _line(metrics: list[Document], filters: list[Document], axis: str, **more: Any) -> Document:
    return {
        "x_axis": "period_start",
        "time_grain_sqla": None,
        "x_axis_sort_asc": True,
        "metrics": metrics,
        "groupby": [],
        "adhoc_filters": filters,
        "order_desc": True,
        "row_limit": 10000,
        "truncate_metric": True,
        "show_empty_columns": True,
        "connectNulls": False,
        "markerEnabled": True,
        "markerSize": 6,
        "seriesType": "line",
        "show_legend": True,
        "legendOrientation": "top",
        "legendType": "scroll",
        "rich_tooltip": True,
        "tooltipTimeFormat": "%d.%m.%Y",
        "x_axis_time_format": "%Y",
        "y_axis_format": ",.1f",
        "y_axis_title": axis,
        "y_axis_title_margin": 40,
        "y_axis_title_position": "Left",
        "truncateYAxis": False,
        **more,
    }


def _rates(uuid: Uuid, indicator: dict[str, str]) -> Document:
    """Both groups' rates over time; of areas as points, because one kind of election does not lead to another."""
    areas = indicator["indicator_id"] in OF_AREAS
    names = OF_AREAS.get(indicator["indicator_id"], ("Ikke-vestlig oprindelse", "Øvrige borgere"))
    return _chart(
        uuid,
        f"andele_{indicator['indicator_id']}",
        indicator["label_da"],
        "forskelle",
        "echarts_timeseries_scatter" if areas else "echarts_timeseries_line",
        _line(
            [largest("target_rate_pct", names[0]), largest("reference_rate_pct", names[1])],
            [*FOCUS, where("indicator_id", indicator["indicator_id"])],
            "Procent",
        ),
        indicator["definition_da"],
    )


def _interval(uuid: Uuid, indicator: dict[str, str]) -> Document:
    """The gap over time with its limits; an index has none."""
    index = indicator["indicator_id"] in WITHOUT_RATES
    limits = [largest("gap_low_pp", "Nedre grænse (95 %)"), largest("gap_high_pp", "Øvre grænse (95 %)")]
    return _chart(
        uuid,
        f"interval_{indicator['indicator_id']}",
        f"{indicator['label_da']}: {'over tid' if index else 'forskellen med usikkerhed'}",
        "forskelle",
        "echarts_timeseries_scatter" if indicator["indicator_id"] in OF_AREAS else "echarts_timeseries_line",
        _line(
            [largest("gap_pp", "Forskel"), *([] if index else limits)],
            [*FOCUS, where("indicator_id", indicator["indicator_id"])],
            "Indeks" if index else "Procentpoint",
        ),
    )


def _gap_trend(uuid: Uuid) -> Document:
    """One point a year, so that series of other days of the year do not leave holes in one another."""
    params = _line(
        [largest("gap_pp", "Forskel")],
        [*FOCUS, _one_of("indicator_id", sorted(LEAD.values()))],
        "Procentpoint",
        groupby=["indicator_label"],
        time_grain_sqla="P1Y",
    )
    name = "Forskellen over tid (procentpoint; boligmæssig adskillelse: indeks)"
    text = "Positiv betyder, at målgruppen er dårligst stillet."
    return _chart(uuid, "udvikling", name, "forskelle", "echarts_timeseries_line", params, text)


def _one_of(column: str, values: list[str]) -> Document:
    return {**where(column, values), "operator": "IN", "operatorId": "IN"}


def _table(columns: list[str], filters: list[Document], order: list[str], **more: Any) -> Document:
    decimals = [name for name in columns if name.endswith(("_pct", "_pp", "_parity"))]
    return {
        "query_mode": "raw",
        "all_columns": columns,
        "adhoc_filters": filters,
        "order_by_cols": [f'["{name}", true]' for name in order],
        "row_limit": 1000,
        "server_pagination": False,
        "show_cell_bars": False,
        "color_pn": False,
        "table_timestamp_format": "%d.%m.%Y",
        "column_config": {
            **{name: {"d3NumberFormat": ",.1f", "horizontalAlign": "right"} for name in decimals},
        },
        **more,
    }


def _latest(uuid: Uuid, area: str | None) -> Document:
    columns = [
        *(["focus_area_label"] if area is None else []),
        *(
            "indicator_label",
            "period",
            "sample_marker",
            "age_group_label",
            "target_rate_pct",
            "reference_rate_pct",
            "gap_pp",
            "gap_low_pp",
        ),
        *(
            "gap_high_pp",
            "is_clear_label",
            "persons_to_parity",
            "value_status_label",
            "usage_warnings_label",
        ),
    ]
    filters = [*NEWEST, *([where("focus_area", area)] if area else [])]
    return _chart(
        uuid,
        f"seneste_{area or 'alle'}",
        "Seneste tal med 95 %-grænser",
        "forskelle",
        "table",
        _table(columns, filters, ["sort_order"]),
    )


def _groups(uuid: Uuid, area: str) -> Document:
    columns = [
        *(
            "indicator_label",
            "period",
            "sample_marker",
            "subarea_label",
            "sex_label",
            "age_group_label",
            "target_group_label",
        ),
        *("reference_group_label", "target_rate_pct", "reference_rate_pct", "gap_pp", "gap_low_pp", "gap_high_pp"),
        "value_status_label",
    ]
    filters = [where("is_focus_municipality"), where("is_latest"), where("focus_area", area)]
    order = ["sort_order", "subarea_name", "age_group", "sex", "target_group", "reference_group"]
    return _chart(
        uuid,
        f"grupper_{area}",
        "Køn, alder, grupper og delområder (seneste tal)",
        "forskelle",
        "table",
        _table(columns, filters, order, page_length=20, include_search=True),
        "Et skjult eller manglende tal er tomt; grunden står i Talstatus.",
    )


def _peers(uuid: Uuid, area: str) -> Document:
    columns = [
        *("indicator_label", "period", "gap_pp", "rank", "ranked_of", "median_pp", "quartile_1_pp", "quartile_3_pp"),
        *("region_gap_pp", "national_gap_pp", "peer_median_pp"),
    ]
    filters = [where("is_focus_municipality"), where("focus_area", area)]
    return _chart(
        uuid,
        f"sammenligning_{area}",
        "Sammenlignet med andre kommuner, regionen og landet",
        "sammenligning",
        "table",
        _table(columns, filters, ["sort_order"]),
    )


def _coverage(uuid: Uuid, area: str | None) -> Document:
    columns = [
        "indicator_label",
        "measurability_label",
        "value_status_label",
        "first_period",
        "last_period",
        "reason_da",
    ]
    filters = [where("is_focus_municipality"), *([where("focus_area", area)] if area else [])]
    return _chart(
        uuid,
        f"daekning_{area or 'alle'}",
        "Hvilke tal der findes, og hvorfor andre mangler",
        "daekning",
        "table",
        _table(columns, filters, ["sort_order"]),
    )


def _progress(uuid: Uuid, area: str | None) -> Document:
    columns = [
        *("indicator_label", "baseline_period", "baseline_gap_pp", "latest_period", "latest_gap_pp"),
        *("achieved_reduction_pct", "target_period", "target_gap_pp", "status_label"),
    ]
    filters = [where("focus_area", area)] if area else []
    return _chart(
        uuid, f"maal_{area or 'alle'}", "Strategiens mål", "maal", "table", _table(columns, filters, ["sort_order"])
    )


def _banner(uuid: Uuid) -> Document:
    return _chart(
        uuid,
        "maerke",
        "Kommune og talgrundlag",
        "forskelle",
        "table",
        {
            **_table([], [*NEWEST, where_not_null("sample_marker")], []),
            "query_mode": "aggregate",
            "groupby": ["municipality_name", "sample_marker"],
            "metrics": [],
        },
        "SAMPLE, når mindst ét tal ikke kommer fra udgiverens egen adresse.",
    )


def where_not_null(column: str) -> Document:
    """A filter of a chart: the column has a value."""
    return {**where(column), "operator": "IS NOT NULL", "operatorId": "IS_NOT_NULL"}


def _population(uuid: Uuid) -> Document:
    columns = ["quarter", "sample_marker", "origin_label", "total", "danish_origin", "immigrants", "descendants"]
    return _chart(
        uuid,
        "maalgruppen",
        "Befolkningen efter oprindelse",
        "befolkning",
        "table",
        _table(columns, [where("is_focus_municipality"), where("is_latest")], ["origin"]),
    )


def charts(uuid: Uuid) -> dict[str, Document]:
    """Every chart by the name of its file."""
    areas = [row["focus_area"] for row in seed("focus_areas")]
    made = {"maerke": _banner(uuid), "maalgruppen": _population(uuid), "udvikling": _gap_trend(uuid)}
    for area in [None, *areas]:
        name = area or "alle"
        made[f"seneste_{name}"] = _latest(uuid, area)
        made |= {f"daekning_{name}": _coverage(uuid, area), f"maal_{name}": _progress(uuid, area)}
    for area in areas:
        made |= {f"tal_{area}": _number(uuid, area), f"sammenligning_{area}": _peers(uuid, area)}
        made[f"grupper_{area}"] = _groups(uuid, area)
        for indicator in measured(area):
            made[f"interval_{indicator['indicator_id']}"] = _interval(uuid, indicator)
            if indicator["indicator_id"] not in WITHOUT_RATES:
                made[f"andele_{indicator['indicator_id']}"] = _rates(uuid, indicator)
    return made


def measured(area: str) -> list[dict[str, str]]:
    """The indicators of a focus area that may be measured, in the order to show them in."""
    return [row for row in _indicators(area) if row["measurability"] != "not_permitted"]
