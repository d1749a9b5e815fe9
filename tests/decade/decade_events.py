"""What happens to the sources in the decade, how the warehouse names it, and what the data team then does.

Each event is refused by name first; its mend is a change of seeds or of a record in the checkout, and nothing else.
docs/decade.md tells the same in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from decade_house import House, Row
from decade_tables import CLOSED, LAST_OF_CLOSED, NEW_COUNTRY, NEW_COUNTRY_FROM, RELABELLED, RELABELLED_FROM, SUCCESSOR
from decade_world import INTO, MERGED, MERGER, NEW_REGION, OLD_REGIONS, REFORM


@dataclass(frozen=True)
class Event:
    """Something that happens at a provider.

    ``refused`` are the datasets that are rejected for it, each with words that its reason must hold; ``held`` those of
    their families that may be held back with them. ``mend`` is what the data team changes.
    """

    name: str
    quarter: str
    refused: dict[str, tuple[str, ...]]
    held: frozenset[str]
    mend: Callable[[House], None]


def _relabelled(house: House) -> None:
    def change(rows: list[Row]) -> list[Row]:
        key = ("RAS201", "HERKOMST", "25")
        return [{**r, "text_da": RELABELLED} if (r["table_id"], r["variable"], r["code"]) == key else r for r in rows]

    house.edit_seed("origin_codes", change)


def _new_country(house: House) -> None:
    def change(rows: list[Row]) -> list[Row]:
        like = next(row for row in rows if "5486" in row["code"].split("|"))
        code, name = NEW_COUNTRY
        made = {**like, "country_id": "NYL", "code": code, "name_da": name, "name_en": "Newland", "aliases": ""}
        return [*rows, {column: value if column in made else "" for column, value in made.items()}]

    house.edit_seed("country_origin_classification", change)


def _ended(codes: tuple[str, ...], day: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, "valid_to": day} if row["area_code"] in codes else row for row in rows]


def _break(house: House, **cells: str) -> None:
    common = {"kind": "territory", "cuts_trend": "true", "basis": "confirmed", "basis_note": "The decade."}
    texts = {"text_da": "Rækken brydes her.", "text_en": "The series is broken here."}
    house.edit_seed("series_breaks", lambda rows: [*rows, {**dict.fromkeys(rows[0], ""), **common, **texts, **cells}])


def _merged(house: House) -> None:
    house.edit_seed("areas", _ended((MERGED,), f"{MERGER - 1}-12-31"))
    _break(house, break_id="merger", municipality_code=INTO, first_period_after=str(MERGER))


def _succeeded(house: House) -> None:
    house.edit_record(
        CLOSED.lower(),
        f"table: {CLOSED}\n",
        f"table: {SUCCESSOR}\nsucceeds: {{table: {CLOSED}, last_period: '{LAST_OF_CLOSED}'}}\n",
    )
    house.edit_seed(
        "origin_codes",
        lambda rows: [*rows, *({**row, "table_id": SUCCESSOR} for row in rows if row["table_id"] == CLOSED)],
    )
    first = str(int(LAST_OF_CLOSED) + 1)
    _break(house, break_id="succession", table_id=SUCCESSOR, first_period_after=first, kind="closed_table")


def _reformed(house: House) -> None:
    house.edit_seed("areas", _ended(OLD_REGIONS, f"{REFORM - 1}-12-31"))
    house.edit_seed(
        "areas",
        lambda rows: [
            {**row, "region_code": NEW_REGION}
            if row["region_code"] in OLD_REGIONS and row["level"] in {"municipality", "province"}
            else row
            for row in rows
        ],
    )


POPULATION = frozenset({"folk1c", "folk1e"})
EVENTS = (
    Event(
        "an origin code of RAS201 is worded otherwise",
        RELABELLED_FROM,
        {"ras201": ("RAS201", "HERKOMST", "25", RELABELLED, "text has changed", "origin_codes.csv")},
        frozenset({"ras200"}),
        _relabelled,
    ),
    Event(
        "a country that the classification does not know",
        NEW_COUNTRY_FROM,
        {"folk1c": ("FOLK1C", "IELAND", *NEW_COUNTRY, "country_origin_classification.csv")},
        POPULATION,
        _new_country,
    ),
    Event(
        "a municipality merges into another",
        f"{MERGER}K1",
        {"folk1e": ("every_period_and_area_present", MERGED, f"{MERGER}K1")},
        POPULATION,
        _merged,
    ),
    Event(
        "a table closes and another takes over",
        f"{int(LAST_OF_CLOSED) + 2}K2",
        {CLOSED.lower(): (CLOSED, "is closed", "succeeds")},
        frozenset(),
        _succeeded,
    ),
    Event(
        "two regions become one",
        f"{REFORM}K1",
        {"folk1e": ("every_period_and_area_present", *OLD_REGIONS, f"{REFORM}K1")},
        POPULATION,
        _reformed,
    ),
)
