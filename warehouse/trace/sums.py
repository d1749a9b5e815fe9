"""Which sums stand behind a row of each mart, and what the published row must be if they are right.

Of the municipality's own data no single row is given, only what is published: the sums of observed groups. Of a row
that is not observed nothing is given at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from warehouse.trace import evidence
from warehouse.trace.evidence import EVIDENCE, Count, Coverage, Delivered
from warehouse.trace.figures import Share, dissimilarity, gap_figures
from warehouse.trace.ground import Ground
from warehouse.trace.keys import Cell
from warehouse.trace.rows import (
    StagingRow,
    Stratum,
    Sum,
    count_rows,
    exact,
    origin_codes,
)

Figures = dict[str, float | bool | None]
SIDES = ("target", "reference")
CHURCH = "FKMED"


def sums_of(ground: Ground, cell: Cell) -> list[Sum]:
    """The sums behind a row; none where the mart has no counts of its own, or the row is not observed."""
    if cell.row.get("value_status", "observed") != "observed":
        return []
    if "target_numerator" in cell.row:
        return _gap_sums(ground, cell)
    special = _MARTS.get(cell.table)
    return special(ground, cell) if special else []


def figures_of(cell: Cell, sums: list[Sum], higher_is_better: bool) -> Figures:
    """What the published columns must be, computed in Python from the sums alone."""
    totals = {item.column: total for item in sums if (total := item.total) is not None}
    if not sums or len(totals) < len(sums):
        return {}
    if {"target_numerator", "target_denominator"} <= totals.keys():
        target, reference = (Share(*_counts(totals, side)) for side in SIDES)
        return gap_figures(target, reference, higher_is_better)
    if cell.row.get("indicator_id") == "residential_dissimilarity":
        by_parish = [_by_parish(item) for item in sums]
        return {"gap_pp": dissimilarity(*by_parish)}
    if "unknown_persons" in totals:
        return {"unknown_share_pct": float(100 * totals["unknown_persons"] / totals["persons"])}
    if "votes_cast" in totals and totals["eligible_voters"]:
        return {"turnout_pct": float(100 * totals["votes_cast"] / totals["eligible_voters"])}
    return {}


def _counts(totals: Mapping[Any, Any], side: str) -> tuple[Any, Any]:
    return totals[f"{side}_numerator"], totals[f"{side}_denominator"]


def _gap_sums(ground: Ground, cell: Cell) -> list[Sum]:
    indicator = cell.row["indicator_id"]
    if indicator == "residential_dissimilarity":
        return [_parish_sum(ground, cell, side) for side in SIDES]
    if indicator == "turnout_by_area":
        return _third_sums(ground, cell)
    declared = EVIDENCE[indicator]
    if isinstance(declared, Delivered):
        return [item for side in SIDES for item in _delivered_sums(ground, cell, declared, side)]
    return [
        _count_sum(ground, cell, count, cell.row[f"{side}_group"], f"{side}_{name}")
        for side in SIDES
        for name, count in (("numerator", declared.numerator), ("denominator", declared.denominator))
    ]


def _count_sum(ground: Ground, cell: Cell, count: Count, group: str, column: str) -> Sum:
    row = cell.row
    stratum = Stratum(
        row["municipality_code"],
        row["period"],
        origin_codes(ground, count.source, group),
        row["sex"],
        row["age_group"],
    )
    rows, left_out = count_rows(ground, count, stratum)
    return Sum(column, count.source.model, rows, row[column], left_out, count.divisor)


def _delivered_sums(ground: Ground, cell: Cell, declared: Delivered, side: str) -> list[Sum]:
    """The numerator and the denominator of a group out of a model with our own columns."""
    row, group = cell.row, cell.row[f"{side}_group"]
    found = _SELECTED.get(declared.dataset, _by_origin)(ground, cell, declared)
    whole = [item for item in found if item["part"] == group]
    members = whole or [item for item in found if item["part"] in evidence.parts_of(group)]
    return [
        Sum(
            f"{side}_{name}",
            declared.model,
            tuple(StagingRow(item["load_id"], _words(item), exact(item[value])) for item in members),
            row[f"{side}_{name}"],
        )
        for name, value in (("numerator", declared.numerator), ("denominator", declared.denominator))
    ]


def _words(row: Mapping[str, Any]) -> dict[str, str]:
    names = ("municipality_code", "municipality_name", "area_name", "origin_text", "origin", "ancestry", "file_name")
    return {name: str(row[name]) for name in names if row.get(name) is not None}


def _staged(ground: Ground, cell: Cell, declared: Delivered, period: str) -> list[dict[str, Any]]:
    found = ground.rows(
        f"select * from staging.{declared.model} where municipality_code = ? and {period} = ? order by all",
        [cell.row["municipality_code"], cell.row["period"]],
    )
    return [{**row, "part": evidence.part_of(row.get("origin", ""), row.get("ancestry"))} for row in found]


def _by_origin(ground: Ground, cell: Cell, declared: Delivered) -> list[dict[str, Any]]:
    return _staged(ground, cell, declared, declared.period)


def _support(ground: Ground, cell: Cell, declared: Delivered) -> list[dict[str, Any]]:
    """A count without a population to hold it against is no part."""
    found = _by_origin(ground, cell, declared)
    return [row for row in found if row["value_status"] == "suppressed" or row["population"] is not None]


def _grades(ground: Ground, cell: Cell, declared: Delivered) -> list[dict[str, Any]]:
    """A school year is written 2023/2024 by the ministry; ours is the year it ends in."""
    return _staged(ground, cell, declared, f"right({declared.period}, 4)")


def _turnout(ground: Ground, cell: Cell, declared: Delivered) -> list[dict[str, Any]]:
    """Of an origin that a file holds both whole and split, a complete split is taken, else the whole."""
    taken = []
    found = _by_origin(ground, cell, declared)
    for origin in sorted({row["origin"] for row in found}):
        rows = [row for row in found if row["origin"] == origin]
        split = [row for row in rows if row["ancestry"] in ("immigrant", "descendant")]
        whole = [row for row in rows if row["ancestry"] == "total"]
        if len(split) == 2:
            taken += [row for row in rows if row["ancestry"] != "total"]
        elif whole or origin != "western":
            taken += whole or rows
    return taken


def _answers(ground: Ground, cell: Cell, declared: Delivered) -> list[dict[str, Any]]:
    """Answers of a community, or of all; counted, never shown."""
    found = ground.rows(
        f"""select load_id, if(origin_group = 'other', 'others', origin_group) as part,
            cast(score >= 4 as integer) as agreeing, 1 as answers
        from staging.{declared.model}
        where has_consent and municipality_code = $area and wave_id = $wave and $place in ('total', community_id)""",
        {"area": cell.row["municipality_code"], "wave": cell.row["period"], "place": cell.row["subarea_code"]},
    )
    groups = (*evidence.parts_of("others"), *evidence.parts_of("non_western"))
    return [row for row in found if row["part"] in groups]


_SELECTED: Mapping[str, Callable[[Ground, Cell, Delivered], list[dict[str, Any]]]] = {
    "jobindsats_support": _support,
    "education_grades": _grades,
    "turnout_by_origin": _turnout,
    "interviews": _answers,
}


def _parish_sum(ground: Ground, cell: Cell, side: str) -> Sum:
    """The persons of a group in every parish of the municipality, by the parishes' published texts."""
    row, count = cell.row, evidence.BY_PARISH
    places = ground.rows(
        "select distinct parish_code from intermediate.int_residence__parish_counts"
        " where municipality_code = ? and year = ?",
        [row["municipality_code"], row["period"]],
    )
    held = {**count.held, "parish": tuple(place["parish_code"] for place in places)}
    stratum = Stratum(None, row["period"], origin_codes(ground, count.source, row[f"{side}_group"]))
    rows, left_out = count_rows(ground, Count(count.table, held), stratum)
    name = f"{side}_denominator"
    return Sum(name, count.source.model, _without_church(rows), row[name], left_out)


def _without_church(rows: tuple[StagingRow, ...]) -> tuple[StagingRow, ...]:
    """Membership of the National Church summed away, as it is before anything is published."""
    together: dict[tuple[str, ...], StagingRow] = {}
    for row in rows:
        places = {name: text for name, text in row.published.items() if name != CHURCH}
        key = (row.load_id, *places.values())
        before = together.get(key, StagingRow(row.load_id, {}, Fraction(0)))
        corrections = "; ".join(filter(None, (before.correction, row.correction)))
        value = _plus(before.value, row.value)
        together[key] = StagingRow(row.load_id, {**places, CHURCH: "F + U"}, value, corrections)
    return tuple(together.values())


def _plus(first: Fraction | None, second: Fraction | None) -> Fraction | None:
    return None if first is None or second is None else first + second


def _by_parish(item: Sum) -> dict[str, int]:
    persons: dict[str, int] = {}
    for row in item.rows:
        persons[row.published["SOGN"]] = persons.get(row.published["SOGN"], 0) + int(row.value or 0)
    return persons


def _third_sums(ground: Ground, cell: Cell) -> list[Sum]:
    """Votes and voters of the third of the polling areas with the largest share, and of that with the smallest."""
    row = cell.row
    areas = ground.rows(
        """select *, non_western_share_pct as share from intermediate.int_elections__polling_areas
        where municipality_code = ? and election_id = ?""",
        [row["municipality_code"], row["period"]],
    )
    areas.sort(key=lambda area: (-area["share"], area["area_number"], area["area_id"]))
    third = len(areas) // 3
    thirds = {"target": areas[:third], "reference": areas[len(areas) - third :]}
    sums = []
    for side, members in thirds.items():
        for name, value in (("numerator", "votes_cast"), ("denominator", "eligible_voters")):
            rows = tuple(
                StagingRow(
                    area["load_id"],
                    {
                        "area": f"{area['area_number']} {area['area_name']}",
                        "non-western share": f"{area['share']:.2f} %",
                        "share from": area["share_load_id"],
                    },
                    exact(_staged_area(ground, area)[value]),
                )
                for area in members
            )
            model = evidence.BY_POLLING_AREA[members[0]["source_table"]]
            column = f"{side}_{name}"
            sums.append(Sum(column, model, rows, row[column]))
    return sums


def _staged_area(ground: Ground, area: Mapping[str, Any]) -> dict[str, Any]:
    return ground.rows(
        f"select * from staging.{evidence.BY_POLLING_AREA[area['source_table']]}"
        " where load_id = ? and election_id = ? and area_id = ?",
        [area["load_id"], area["election_id"], area["area_id"]],
    )[0]


def _polling_area(ground: Ground, cell: Cell) -> list[Sum]:
    row = cell.row
    area = ground.rows(
        "select * from intermediate.int_elections__polling_areas where election_id = ? and area_id = ?",
        [row["election_id"], row["area_id"]],
    )[0]
    staged, model = _staged_area(ground, area), evidence.BY_POLLING_AREA[area["source_table"]]
    words = {
        name: str(staged[name]) for name in ("election_id", "area_id", "area_name", "file_name", "district_name")
        if staged.get(name) is not None
    }  # fmt: skip
    return [
        Sum(name, model, (StagingRow(area["load_id"], words, exact(staged[name])),), row[name])
        for name in ("eligible_voters", "votes_cast")
    ]


def _population(ground: Ground, cell: Cell) -> list[Sum]:
    """A row of the open population table as it was published."""
    return [_population_sum(ground, cell, "persons", (cell.row["ancestry"],))]


def _population_table(ground: Ground, cell: Cell) -> list[Sum]:
    ancestries = {"danish_origin": "danish_origin", "immigrants": "immigrant", "descendants": "descendant"}
    parts = [_population_sum(ground, cell, column, (ancestry,)) for column, ancestry in ancestries.items()]
    return [_population_sum(ground, cell, "total", tuple(ancestries.values())), *parts]


def _population_sum(ground: Ground, cell: Cell, column: str, ancestries: tuple[str, ...]) -> Sum:
    row, count = cell.row, evidence.POPULATION
    codes = ground.rows(
        """select code from seeds.origin_codes where table_id = 'FOLK1E' and variable = 'HERKOMST' and not is_total
        and origin = ? and list_contains(?, ancestry)""",
        [row["origin"], list(ancestries)],
    )
    stratum = Stratum(row["municipality_code"], row["quarter"], tuple(code["code"] for code in codes))
    rows, left_out = count_rows(ground, count, stratum)
    return Sum(column, count.source.model, rows, row[column], left_out)


def _unknown(ground: Ground, cell: Cell) -> list[Sum]:
    """Persons whose outcome, or whose origin, nobody knows, and those they are among."""
    row = cell.row
    if row["unknown_of"] == "outcome":
        counts: Coverage = evidence.UNKNOWN_EDUCATION_COUNTS
        pairs = [("unknown_persons", counts.numerator), ("persons", counts.denominator)]
        return [_count_sum(ground, cell, count, row["group_id"], column) for column, count in pairs]
    declared = EVIDENCE[row["indicator_id"]]
    assert isinstance(declared, Coverage)
    count = declared.numerator if row["indicator_id"] == "cash_benefit_share" else declared.denominator
    return [
        _count_sum(ground, cell, count, group, column)
        for column, group in (("unknown_persons", "unknown"), ("persons", "all"))
    ]


_MARTS: Mapping[str, Callable[[Ground, Cell], list[Sum]]] = {
    "target_group": _population,
    "target_group_table": _population_table,
    "unknown_shares": _unknown,
    "polling_area_turnout": _polling_area,
}
