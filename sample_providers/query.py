"""Reading a StatBank data request: variables, selectors, elimination and the cell limit.

Follows the documented rules of Statistics Denmark's API: codes, jokers, ranges, nth for time, `sum()` in the
formats that are not streamed. Out of scope: multiply, divide and subtract (refused), percent calculation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import prod

import numpy as np

from sample_providers.arithmetic import Ints
from sample_providers.table import MISSING, Table, Value, Variable

CELL_LIMIT = 1_000_000
STREAMING = {"BULK"}
FORMATS = {"BULK", "CSV", "JSONSTAT"}
PRESENTATIONS = {"DEFAULT", "CODE", "VALUE", "CODEANDVALUE", "VALUEANDCODE"}


class ApiError(Exception):
    """An error answer of the API: HTTP status, its errorTypeCode and the message in both languages."""

    def __init__(self, kind: str, da: str, en: str | None = None, status: int = 400) -> None:
        super().__init__(da)
        self.kind, self.da, self.en, self.status = kind, da, en or da, status

    def body(self, lang: str) -> dict[str, str]:
        """The JSON body in the language of the request."""
        return {"errorTypeCode": self.kind, "message": self.en if lang == "en" else self.da}


def broken_body() -> ApiError:
    """The answer to a body that is not the JSON object it should be."""
    text = "Medsend gyldigt JSON-objekt når der postes. / Supply valid JSON-object when posting."
    return ApiError("REQUEST-EMPTY", text)


def not_chosen(variable: str) -> ApiError:
    """The answer when a variable that needs values has none."""
    return ApiError(
        "EXTRACT-NOTALLOWED",
        f"Der skal vælges værdier for variabel: {variable}",
        f"Values must be selected for variable: {variable}",
    )


def unknown_value(code: str, variable: str) -> ApiError:
    """The answer to a value that the variable does not have."""
    return ApiError(
        "EXTRACT-NOTFOUND",
        f"Kan ikke finde værdien: {code} ({variable})",
        f"Could not find value: {code} ({variable})",
    )


@dataclass(frozen=True)
class DataRequest:
    """What /data was asked, checked for shape but not yet against a table."""

    table: str
    format: str
    lang: str = "da"
    presentation: str = "DEFAULT"
    time_order: str | None = None
    delimiter: str = ";"
    variables: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def streaming(self) -> bool:
        """True for the formats without a cell limit."""
        return self.format in STREAMING


@dataclass(frozen=True)
class Choice:
    """One value of an answer: what to write, and the positions in the table that it sums over."""

    value: Value
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """One variable of an answer with the values chosen, in the order of the answer."""

    variable: Variable
    choices: list[Choice]


@dataclass(frozen=True)
class Extract:
    """An answer before it is written: its columns, and the table's cube turned to their order."""

    table: Table
    columns: list[Column]
    cube: Ints


def extract(table: Table, request: DataRequest) -> Extract:
    """Check a request against its table. ApiError with the documented texts where it cannot be met."""
    if request.streaming and request.time_order:
        text = "Der kan ikke vælges sortering af tid for streamede formater."
        english = "Sorting of time is not allowed for streamed formats."
        raise ApiError("EXTRACT-STREAMINGTIMESORT", text, english)
    columns = _columns(table, request)
    if not request.streaming:
        cells = prod(len(column.choices) for column in columns) * (len(columns) + 1)
        if cells > CELL_LIMIT:
            raise too_many(cells)
    return Extract(table, columns, _turned(table, columns))


def too_many(cells: int) -> ApiError:
    """The answer to a request above the cell limit."""
    found, limit = (f"{number:,}".replace(",", ".") for number in (cells, CELL_LIMIT))
    return ApiError(
        "REQUEST-LIMIT",
        f"Forespørgslen på op mod {found} celler er over begrænsningen på {limit} celler for denne filtype. "
        "Anvend BULK eller andet streaming format i stedet.",
        f"The request of up to {cells:,} cells exceeds the limit of {CELL_LIMIT:,} cells for this file type. "
        "Use BULK or another streaming format instead.",
    )


def _columns(table: Table, request: DataRequest) -> list[Column]:
    chosen: dict[str, Column] = {}
    for name, wanted in request.variables:
        variable = _find_variable(table, name, streaming=request.streaming)
        if wanted and variable is not None:
            chosen[variable.id] = Column(variable, _choices(variable, wanted, request.streaming))
    for variable in table.variables.values():
        if variable.id in chosen or (variable.total is not None and not request.streaming):
            continue
        if request.streaming or not variable.time:
            raise not_chosen(variable.id)
        chosen[variable.id] = Column(variable, _choices(variable, ["(1)"], False))
    for name, _ in request.variables:
        _find_variable(table, name, streaming=False)
    columns = list(chosen.values())
    if request.time_order == "DESCENDING":
        columns = [Column(c.variable, c.choices[::-1]) if c.variable.time else c for c in columns]
    return columns


def _find_variable(table: Table, name: str, *, streaming: bool) -> Variable | None:
    try:
        return table.variable(name)
    except KeyError:
        if streaming:  # as recorded: BULK first names the variable that is then without values
            return None
        raise ApiError(
            "EXTRACT-NOTFOUND", f"Kan ikke finde variablen: {name}", f"Could not find variable: {name}"
        ) from None


def _choices(variable: Variable, wanted: list[str], streaming: bool) -> list[Choice]:
    found: dict[str, Choice] = {}
    for selector in wanted:
        for choice in _select(variable, selector.strip(), streaming):
            found.setdefault(choice.value.code, choice)
    if not found:
        raise not_chosen(variable.id)
    choices = list(found.values())
    return sorted(choices, key=lambda choice: choice.positions) if variable.time else choices


def _select(variable: Variable, selector: str, streaming: bool) -> list[Choice]:
    codes = variable.codes
    if selector in codes:
        return [_single(variable, codes.index(selector))]
    if summed := re.fullmatch(r"(\w+)\((.*)\)", selector):
        return [_summed(variable, summed[1], summed[2], streaming)]
    if re.match(r"[<>]", selector):
        return [_single(variable, place) for place in _in_range(variable, selector)]
    if variable.time and (nth := re.fullmatch(r"(-?)\(\s*(-?n)?\s*\+?\s*(\d+)\s*\)", selector)):
        return [_single(variable, place) for place in _nth(len(codes), nth[1] == "-", nth[2], int(nth[3]))]
    if "*" in selector:
        pattern = selector.replace("[", "[[]").replace("?", "[?]")
        places = [place for place, code in enumerate(codes) if fnmatchcase(code, pattern)]
        if places:
            return [_single(variable, place) for place in places]
    raise unknown_value(selector, variable.id)


def _single(variable: Variable, place: int) -> Choice:
    return Choice(variable.values[place], (place,))


def _in_range(variable: Variable, selector: str) -> list[int]:
    """Positions that meet every condition of one string such as `>=2019K1<=2020K4`."""
    conditions = re.findall(r"(>=|<=|>|<)([^<>=]+)", selector)
    if "".join(sign + code for sign, code in conditions) != selector:
        raise unknown_value(selector, variable.id)
    tests = {">=": str.__ge__, "<=": str.__le__, ">": str.__gt__, "<": str.__lt__}
    return [
        place
        for place, code in enumerate(variable.codes)
        if all(tests[sign](code, limit.strip()) for sign, limit in conditions)
    ]


def _nth(count: int, oldest: bool, series: str | None, number: int) -> list[int]:
    """Positions of `(k)`, `(-n+k)` and `(n+k)`, counted from the newest, or from the oldest with `-(…)`."""
    if series is None:
        ranks = range(number - 1, number)
    elif series == "-n":
        ranks = range(number)
    else:
        ranks = range(number - 1, count)
    return sorted(rank if oldest else count - 1 - rank for rank in ranks if 0 <= rank < count)


def _summed(variable: Variable, operation: str, inside: str, streaming: bool) -> Choice:
    if streaming or operation.lower() != "sum":
        raise ApiError(
            "EXTRACT-NOTALLOWED",
            f"Beregning kan ikke anvendes her: {operation} ({variable.id})",
            f"Calculation is not allowed here: {operation} ({variable.id})",
        )
    label, _, listed = inside.rpartition("=")
    code, _, text = label.partition("|")
    parts = [part.strip() for part in listed.split(";") if part.strip()]
    for part in parts:
        if part not in variable.codes:
            raise unknown_value(part, variable.id)
        if part == variable.total:
            raise ApiError("EXTRACT-NOTALLOWED", f"Elimineringsværdi kan ikke indgå i sum: {part} ({variable.id})")
    name = code or "SUM"
    return Choice(Value(name, text or name, text or name), tuple(variable.index(part) for part in parts))


def _turned(table: Table, columns: list[Column]) -> Ints:
    """The cube with left-out variables at their total and its axes in the order of the columns (a view)."""
    variables = list(table.variables.values())
    kept = {column.variable.id for column in columns}
    where: list[int | slice] = []
    for variable in variables:
        if variable.id in kept:
            where.append(slice(None))
        else:
            assert variable.total is not None
            where.append(variable.index(variable.total))
    left = [variable.id for variable in variables if variable.id in kept]
    return table.cube[tuple(where)].transpose([left.index(column.variable.id) for column in columns])


def block(cube: Ints, columns: list[Column]) -> Ints:
    """The figures of the chosen values, summed where a choice says so; `..` in a sum makes the sum `..`."""
    for axis, column in enumerate(columns):
        if all(len(choice.positions) == 1 for choice in column.choices):
            cube = cube.take([choice.positions[0] for choice in column.choices], axis=axis)
            continue
        sums = []
        for choice in column.choices:
            part = cube.take(choice.positions, axis=axis)
            missing = (part == MISSING).any(axis=axis)
            sums.append(np.where(missing, MISSING, part.sum(axis=axis, dtype=np.int64)))
        cube = np.stack(sums, axis=axis)
    return cube
