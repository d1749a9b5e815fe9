"""The first engine: the staging rows that went into a cell, added up in plain Python.

A row is shown with its published codes and their texts as the provider wrote them. What the provider leaves out
because it is 0 is counted and said. A sum with a missing member is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

from warehouse.corrections import Correction
from warehouse.db import quote
from warehouse.trace import evidence
from warehouse.trace.evidence import Coded, Codes, Count
from warehouse.trace.figures import same
from warehouse.trace.ground import Ground, in_words


@dataclass(frozen=True)
class StagingRow:
    """One row of a staging model: where it was published (variable → code and text), and its value."""

    load_id: str
    published: Mapping[str, str]
    value: Fraction | None
    correction: str = ""


@dataclass(frozen=True)
class Sum:
    """A published count: its column, the rows that are in it, how many were left out as 0, what they add up to."""

    column: str
    model: str
    rows: tuple[StagingRow, ...] = field(repr=False)
    published: float | None
    left_out: int = 0
    divisor: int = 1

    @property
    def total(self) -> Fraction | None:
        """The sum over the divisor; None when a value in it is missing."""
        values = [row.value for row in self.rows]
        known = [value for value in values if value is not None]
        return sum(known, Fraction(0)) / self.divisor if len(known) == len(values) else None

    @property
    def agrees(self) -> bool:
        """Whether the rows add up to the published number."""
        return same(self.total, self.published)


class Codebook:
    """What the published codes of a StatBank dataset mean, load by load."""

    def __init__(self, ground: Ground, source: Coded) -> None:
        self.source = source
        self._of: dict[tuple[str, str], dict[str, tuple[str, str, bool]]] = {}
        for row in ground.rows(
            "select load_id, variable, published_code, published_text, canonical_code, is_selected"
            " from staging.stg_statbank__codes where dataset = ? order by code_position",
            [source.dataset],
        ):
            known = self._of.setdefault((row["load_id"], row["variable"]), {})
            known[row["published_code"]] = (row["published_text"], row["canonical_code"], row["is_selected"])

    def published(self, load_id: str, role: str, canonical: Iterable[str]) -> Codes:
        """The published codes that were asked for and mean one of ``canonical``."""
        wanted = set(canonical)
        known = self._of.get((load_id, self.source.variables[role]), {})
        return tuple(code for code, (_, meaning, selected) in known.items() if selected and meaning in wanted)

    def canonical(self, load_id: str, role: str) -> Codes:
        """Every meaning that was asked for of a variable."""
        known = self._of.get((load_id, self.source.variables[role]), {})
        return tuple(dict.fromkeys(meaning for _, meaning, selected in known.values() if selected))

    def text(self, load_id: str, role: str, code: str) -> str:
        """A published code with its text, as the provider writes them."""
        text = self._of.get((load_id, self.source.variables[role]), {}).get(code, ("",))[0]
        return f"{code} {text}" if text and text != code else code


def codebook(ground: Ground, source: Coded) -> Codebook:
    """The codes of a dataset, read once."""
    if source.dataset not in ground.memo:
        ground.memo[source.dataset] = Codebook(ground, source)
    book: Codebook = ground.memo[source.dataset]
    return book


@dataclass(frozen=True)
class Stratum:
    """What a count is taken of: the area, the period, sex, ages and the canonical origin codes of the group."""

    area: str | None
    period: str
    origins: Codes
    sex: str = "total"
    age_group: str = "total"


def origin_codes(ground: Ground, source: Coded, group: str) -> Codes:
    """The codes of a table's origin variable that make up a group; ``unknown`` and ``all`` are groups here as well."""
    rows = ground.rows(
        "select code, origin, ancestry from seeds.origin_codes where table_id = ? and variable = ? and not is_total",
        [source.dataset.upper(), source.origin_variable],
    )
    if group == "all":
        return tuple(row["code"] for row in rows)
    if group == "unknown":
        return tuple(row["code"] for row in rows if row["origin"] == "unknown")
    parts = evidence.parts_of(group)
    return tuple(row["code"] for row in rows if evidence.part_of(row["origin"], row["ancestry"]) in parts)


def count_rows(ground: Ground, count: Count, stratum: Stratum) -> tuple[tuple[StagingRow, ...], int]:
    """The staging rows of a count, and how many that were asked for the provider left out as 0."""
    source = count.source
    book = codebook(ground, source)
    when = evidence.times(stratum.period, count.period)
    loads = _owners(ground, source.dataset, when["time"])
    rows: list[StagingRow] = []
    expected = 0
    for load_id, times in loads.items():
        codes = _codes(book, load_id, count, stratum, when)
        expected += len(times) * prod(len(found) for found in codes.values())
        rows += _fetch(ground, book, load_id, codes, times)
    return tuple(rows), expected - len(rows)


def _owners(ground: Ground, dataset: str, times: Codes) -> dict[str, Codes]:
    """Load → the times it owns, of those asked for (quarters of KAS201 are owned by their year)."""
    owners: dict[str, Codes] = {}
    for row in ground.rows(
        "select load_id, period from staging.stg_meta__period_owners where dataset = ? order by period", [dataset]
    ):
        if row["period"] in times:
            owners[row["load_id"]] = (*owners.get(row["load_id"], ()), row["period"])
    return owners


def _codes(book: Codebook, load_id: str, count: Count, stratum: Stratum, when: Mapping[str, Codes]) -> dict[str, Codes]:
    """Role → the published codes of a load that are in the count."""
    source = count.source
    meant: dict[str, Codes] = {**count.held, "origin": stratum.origins}
    if stratum.area is not None and "area" in source.variables:
        meant["area"] = (stratum.area,)
    if source.sexes:
        meant["sex"] = source.sexes[stratum.sex]
    if count.ages != "none":
        meant["age"] = evidence.ages_within(stratum.age_group, book.canonical(load_id, "age"))
    if "part_of_year" in when:
        meant["part_of_year"] = when["part_of_year"]
    return {role: book.published(load_id, role, codes) for role, codes in meant.items()}


def _fetch(
    ground: Ground, book: Codebook, load_id: str, codes: Mapping[str, Codes], times: Codes
) -> Iterable[StagingRow]:
    source = book.source
    wanted = {f"published_{role}_code": found for role, found in codes.items()} | {source.time: times}
    where = " and ".join(f"list_contains(?, {quote(column)})" for column in wanted)
    order = ", ".join(quote(column) for column in wanted)
    found = ground.rows(
        f"select * from staging.{quote(source.model)} where load_id = ? and {where} order by {order}",
        [load_id, *(list(codes) for codes in wanted.values())],
    )
    origin = ground.rows("select data_origin from staging.stg_meta__loads where load_id = ?", [load_id])
    entries = ground.corrections(source.dataset, origin[0]["data_origin"])
    for row in found:
        yield _staging_row(book, row, entries)


def _staging_row(book: Codebook, row: Mapping[str, Any], entries: Iterable[Correction]) -> StagingRow:
    """A row of a StatBank staging model with its codes in the provider's own words."""
    source, load_id = book.source, row["load_id"]
    codes = {variable: row[f"published_{role}_code"] for role, variable in source.variables.items()}
    published = {variable: book.text(load_id, role, codes[variable]) for role, variable in source.variables.items()}
    cell = {variable.upper(): code for variable, code in codes.items()} | {"TID": str(row[source.time])}
    applied = [in_words(e) for e in entries if all(cell.get(name.upper()) == code for name, code in e.key.items())]
    return StagingRow(
        load_id, {**published, "Tid": str(row[source.time])}, exact(row[source.value]), "; ".join(applied)
    )


def exact(value: Any) -> Fraction | None:
    """A number as it was published, without rounding of ours; None for a missing one."""
    return None if value is None else Fraction(str(value))
