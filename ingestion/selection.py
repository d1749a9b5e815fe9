"""What is asked of a StatBank table: every variable, every code, every period, spelt out and understood
beforehand.

``resolve`` holds the record against the table as it is published today; any difference that could change the
meaning of a figure rejects the load. ``plan`` says which periods to fetch. Neither talks to the provider.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ingestion.codes import COUNTRY_TOTAL, CodeMap, Problem, code_map, fold, nearest
from ingestion.common import State, fingerprint, origin_of
from ingestion.tableinfo import TableInfo, TableVariable
from warehouse.errors import MOST, LoadRejected, NotDelivered, one_line
from warehouse.records import Record, Variable
from warehouse.seeds import seed
from warehouse.settings import COUNTRY, Settings

SHOWN = 10
_TIME = {
    "quarter": re.compile(r"(\d{4})K[1-4]", re.ASCII),
    "year": re.compile(r"(\d{4})", re.ASCII),
    "election": re.compile(r"(\d{4})", re.ASCII),
}
_OTHER_TIME = re.compile(
    r"(\d{4})(K[1-4]|M\d\d(D\d\d)?|U\d\d|H[12]|:\d{4}|/\d{4})?",
    re.ASCII,
)


@dataclass(frozen=True)
class Code:
    """One published value and what it is to us; ``canonical`` is None for time."""

    published: str
    text: str
    canonical: str | None
    selected: bool


@dataclass(frozen=True)
class Chosen:
    """One variable: its published id and all its values, in published order."""

    code: str
    values: tuple[Code, ...]

    @property
    def selected(self) -> tuple[str, ...]:
        """The published codes asked for."""
        return tuple(value.published for value in self.values if value.selected)


@dataclass(frozen=True)
class Resolution:
    """A record held against its table: variables in published order; ``periods`` are those from the first
    year on."""

    table: str
    updated: datetime
    data_origin: str
    host: str
    variables: tuple[Chosen, ...]
    time: str
    periods: tuple[str, ...]

    @property
    def selection(self) -> str:
        """The hash of what is asked for apart from the periods, and of whom."""
        chosen = {v.code: sorted(v.selected) for v in self.variables if v.code != self.time}
        return fingerprint({"table": self.table, "host": self.host, "variables": chosen})

    def request(self, periods: Sequence[str]) -> dict[str, Any]:
        """The body of ``/data`` for these periods: BULK, codes, every variable spelt out."""
        return {
            "table": self.table,
            "format": "BULK",
            "lang": "da",
            "valuePresentation": "Code",
            "variables": [
                {"code": v.code, "values": list(periods if v.code == self.time else v.selected)} for v in self.variables
            ],
        }

    def header(self) -> tuple[str, ...]:
        """The header that the answer must carry."""
        return (*(v.code.upper() for v in self.variables), "INDHOLD")

    def document(self) -> list[dict[str, Any]]:
        """How the codes were understood, for the manifest: enough to fill ``meta.codes``."""
        return [
            {"code": v.code, "values": [[c.published, c.text, c.canonical, c.selected] for c in v.values]}
            for v in self.variables
        ]


@dataclass(frozen=True)
class Plan:
    """The periods to fetch (none: nothing to do), and why."""

    periods: tuple[str, ...]
    reason: str


def resolve(record: Record, info: TableInfo, settings: Settings) -> Resolution:
    """Hold a record against its table.

    Raises:
        LoadRejected: the table is closed, a variable or code is new, renamed, changed or gone; names it, the
            nearest names, and the file to edit.
        NotDelivered: the table has no period from the first year on.
    """
    if not info.active:
        raise _rejected(
            record,
            "is closed: the provider no longer updates it",
            f"name its successor in ingestion/catalogue/{record.dataset}.yml with `succeeds`, as docs/decade.md says",
        )
    if info.suppressed_value != "0":
        raise _rejected(
            record,
            f"leaves out rows that stand for {info.suppressed_value!r}, not for 0 (suppressedDataValue)",
            "absent rows are read as zeros: decide how this table is to be read before it is loaded",
        )
    _same_variables(record, info)
    chosen: list[Chosen] = []
    periods: tuple[str, ...] = ()
    time = ""
    for published in info.variables:
        variable = next(v for v in record.variables if fold(v.code) == fold(published.id))
        if variable.role == "time":
            time, periods = published.id, _periods(record, published, settings)
            values = tuple(Code(v.id, v.text, None, v.id in periods) for v in published.values)
        else:
            values = _values(record, variable, published, settings)
        chosen.append(Chosen(published.id, values))
    return Resolution(
        table=info.id,
        updated=info.updated,
        data_origin=origin_of(settings.statbank_url),
        host=urlsplit(settings.statbank_url).hostname or "",
        variables=tuple(chosen),
        time=time,
        periods=periods,
    )


def plan(record: Record, resolution: Resolution, state: State) -> Plan:
    """Which periods to fetch: none, those that are missing and may have been revised, or all."""
    last, wanted = state.promoted, resolution.periods
    if last is None:
        return Plan(wanted, "first load")
    if last.data_origin != resolution.data_origin:
        return Plan(wanted, f"the source changes from {last.data_origin} to {resolution.data_origin}")
    if last.selection != resolution.selection:
        return Plan(wanted, "the selection has changed")
    missing = {period for period in wanted if period not in state.owned}
    if last.source_updated_at == resolution.updated:
        reason = f"{len(missing)} periods are missing" if missing else "nothing new"
        return Plan(tuple(p for p in wanted if p in missing), reason)
    window = set(sorted(wanted)[-record.revision_window :]) if record.revision_window else set()
    fetch = tuple(p for p in wanted if p in missing | window)
    return Plan(fetch, f"updated {resolution.updated}: {len(missing)} new periods, {len(window)} may be revised")


def _same_variables(record: Record, info: TableInfo) -> None:
    wanted = {fold(v.code): v.code for v in record.variables}
    there = {fold(v.id): f"{v.id} ({v.text})" for v in info.variables}
    gone = [wanted[key] for key in wanted if key not in there]
    new = {key: shown for key, shown in there.items() if key not in wanted}
    if gone:
        instead = "; new there: " + (", ".join(new.values()) or "nothing")
        hints = [code + (_near_variable(code, info, new) or instead) for code in gone]
        raise _rejected(
            record,
            f"no longer has the variable {'; and '.join(hints)}",
            f"correct ingestion/catalogue/{record.dataset}.yml, the code map and the staging model",
            variable=", ".join(gone),
        )
    if new:
        raise _rejected(
            record,
            f"has a new variable: {', '.join(new.values())}",
            f"say in ingestion/catalogue/{record.dataset}.yml which of its codes is asked for",
            variable=", ".join(v.id for v in info.variables if fold(v.id) in new),
        )


def _near_variable(code: str, info: TableInfo, new: dict[str, str]) -> str:
    """The nearest new variables by id (ASCII spelling aside) or by text."""
    names: dict[str, str] = {}
    for variable in info.variables:
        if fold(variable.id) in new:
            shown = new[fold(variable.id)]
            names |= {variable.id: shown, _ascii(variable.id): shown, variable.text: shown}
    return nearest(code, names) or nearest(_ascii(code), names)


def _ascii(text: str) -> str:
    letters = {"Ø": "OE", "Å": "AA", "Æ": "AE"}
    return "".join(letters.get(letter, letter) for letter in unicodedata.normalize("NFC", text).upper())


def _values(record: Record, variable: Variable, published: TableVariable, settings: Settings) -> tuple[Code, ...]:
    known = code_map(record, variable)
    understood: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    for value in published.values:
        answer = known.canonical(value.id, value.text)
        if isinstance(answer, Problem):
            problems.append(answer)
        else:
            understood.append((value.id, value.text, answer))
    if problems:
        raise _unknown(record, variable, known.file, problems)
    _distinct(record, variable, understood)
    canonical = [code for _, _, code in understood]
    wanted = _wanted(record, variable, known, canonical, settings)
    return tuple(Code(code, text, own, own in wanted) for code, text, own in understood)


def _distinct(record: Record, variable: Variable, understood: list[tuple[str, str, str]]) -> None:
    if variable.code_map == "countries":
        return
    seen: dict[str, str] = {}
    for code, _, own in understood:
        if own in seen:
            raise _rejected(
                record,
                f"has two codes for the same thing in {variable.code}: {seen[own]} and {code} are both {own}",
                "ask the producer which one holds, and say so in the code map",
                variable=variable.code,
                code=code,
            )
        seen[own] = code


def _wanted(
    record: Record, variable: Variable, known: object, canonical: list[str], settings: Settings
) -> frozenset[str]:
    """The canonical codes asked for; each must be there."""
    if variable.role == "area":
        return _areas(record, variable, canonical, settings)
    wanted = frozenset(canonical if variable.select == "all" else variable.select)
    expected = set(wanted)
    if variable.code_map == "countries":
        expected.add(COUNTRY_TOTAL)
    elif variable.select == "all" and isinstance(known, CodeMap):
        expected |= set(known.known)
    gone = sorted(expected - set(canonical))
    if gone:
        raise _rejected(
            record,
            f"no longer has the code {', '.join(gone[:SHOWN])} of {variable.code}",
            f"look it up in the table; correct ingestion/catalogue/{record.dataset}.yml and the code map",
            variable=variable.code,
            code=", ".join(gone[:SHOWN]),
        )
    return wanted


def _areas(record: Record, variable: Variable, canonical: list[str], settings: Settings) -> frozenset[str]:
    seeds = {row["area_code"]: row for row in seed("areas")}
    levels = set(variable.select) if variable.select != "all" else {row["level"] for row in seeds.values()}
    there = [code for code in canonical if code in seeds and seeds[code]["level"] in levels]
    required = {settings.focus_municipality} if "municipality" in levels else set()
    if settings.municipalities != "all":
        listed = {settings.focus_municipality, *settings.municipalities} - {COUNTRY}
        regions = {seeds[code]["region_code"] for code in listed if code in seeds}
        taken = {"country": {COUNTRY}, "region": regions, "municipality": listed}
        there = [code for code in there if code in taken.get(seeds[code]["level"], {code})]
        required |= listed if "municipality" in levels else set()
    required |= {COUNTRY} if "country" in levels else set()
    gone = sorted(required - set(there))
    if gone:
        names = {row["name_da"]: f"{code} {row['name_da']}" for code, row in seeds.items() if code in canonical}
        hints = "".join(nearest(seeds[code]["name_da"], names) for code in gone if code in seeds)
        raise _rejected(
            record,
            f"has no area {', '.join(gone)}, which the settings ask for{hints}",
            "correct WAREHOUSE_FOCUS_MUNICIPALITY or WAREHOUSE_MUNICIPALITIES",
            variable=variable.code,
            code=", ".join(gone),
        )
    return frozenset(there)


def _periods(record: Record, published: TableVariable, settings: Settings) -> tuple[str, ...]:
    pattern = _TIME[record.cadence]
    periods = []
    for value in published.values:
        match = pattern.fullmatch(value.id)
        if match is None:
            kind = "is not by " + record.cadence if _OTHER_TIME.fullmatch(value.id) else "has a pattern we do not know"
            raise _rejected(
                record,
                f"has the period {value.id!r} ({value.text}), which {kind}",
                f"correct `cadence` in ingestion/catalogue/{record.dataset}.yml",
                variable=published.id,
                code=value.id,
            )
        if int(match[1]) >= settings.from_year and not record.is_history(value.id):
            periods.append(value.id)
    if not periods:
        raise NotDelivered(
            f"StatBank's {record.table} has no period from {settings.from_year} on",
            {"dataset": record.dataset, "table": record.table},
            "lower WAREHOUSE_FROM_YEAR, or wait for the next release",
        )
    return tuple(sorted(periods))


def _unknown(record: Record, variable: Variable, file: str, problems: list[Problem]) -> LoadRejected:
    shown = [f"{p.code} {p.text!r} ({p.why})" for p in problems[:SHOWN]]
    more = f", and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return _rejected(
        record,
        f"has codes of {variable.code} that are not understood: {'; '.join(shown)}{more}",
        f"look the codes up with the producer, then edit {file}; nothing is guessed",
        variable=variable.code,
        code=", ".join(p.code for p in problems[:SHOWN]),
        file=file,
    )


def _rejected(record: Record, what: str, next_step: str, **where: object) -> LoadRejected:
    return LoadRejected(
        one_line(f"StatBank's table {record.table} {what}", MOST),
        {"dataset": record.dataset, "table": record.table, **where},
        next_step,
    )
