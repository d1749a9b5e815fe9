"""A StatBank table of the sample: variables, values and a cube of figures, easy to poison in a test.

The cube holds whole numbers scaled by 10**decimals, with `MISSING` for a cell published as `..`. A cell that
is 0 is a row that BULK leaves out. Figures shared between servers are copied at the first change.
Out of scope: how figures are made (population, labour, ...) and how they are written (formats).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sample_providers.arithmetic import Ints

MISSING = -(2**31)
Codes = str | Sequence[str]


@dataclass
class Value:
    """One value of a variable: its code and its texts in Danish and English."""

    code: str
    da: str
    en: str = ""

    def text(self, lang: str) -> str:
        """The text in `lang` ('da' or 'en'); Danish where there is no English one."""
        return (self.en or self.da) if lang == "en" else self.da


@dataclass
class Variable:
    """A variable; `total` is the code a left-out variable falls back to (None: it cannot be left out)."""

    id: str
    da: str
    en: str
    values: list[Value]
    total: str | None = None
    time: bool = False
    map: str | None = None

    def text(self, lang: str) -> str:
        """The variable's own text in `lang`."""
        return self.en if lang == "en" else self.da

    @property
    def codes(self) -> list[str]:
        """The codes in published order."""
        return [value.code for value in self.values]

    def value(self, code: str) -> Value:
        """The value of that code. KeyError if there is none."""
        return self.values[self.index(code)]

    def index(self, code: str) -> int:
        """The position of a code. KeyError if there is none."""
        try:
            return self.codes.index(code)
        except ValueError:
            raise KeyError(f"{self.id} has no code {code!r}") from None


@dataclass
class Table:
    """A table as the StatBank serves it. Every attribute may be changed; the next answer shows it."""

    id: str
    da: str
    en: str
    subject: str
    updated: str
    variables: dict[str, Variable]
    figures: Callable[[], Ints]
    unit_da: str = "Antal"
    unit_en: str = "Number"
    decimals: int = 0
    active: bool = True
    suppressed: str = "0"
    footnote: str | None = None
    mandatory_footnote: bool = False
    documentation: str = "4a12721d-a8b0-4bde-82d7-1d1c6f319de3"
    _cube: Ints | None = field(default=None, repr=False)

    @property
    def cube(self) -> Ints:
        """Scaled figures with one axis per variable, in the order of `variables`; made at first use."""
        if self._cube is None:
            self._cube = self.figures()
            shape = tuple(len(variable.values) for variable in self.variables.values())
            if self._cube.shape != shape:
                raise ValueError(f"{self.id}: figures of shape {self._cube.shape}, codes of shape {shape}")
        return self._cube

    def text(self, lang: str) -> str:
        """The table's text in `lang`."""
        return self.en if lang == "en" else self.da

    def variable(self, name: str) -> Variable:
        """The variable of that id, in any letter case. KeyError if there is none."""
        for variable in self.variables.values():
            if variable.id.upper() == name.upper():
                return variable
        raise KeyError(f"{self.id} has no variable {name!r}; it has {', '.join(self.variables)}")

    @property
    def time(self) -> Variable:
        """The time variable."""
        return next(variable for variable in self.variables.values() if variable.time)

    # Reading and changing figures -----------------------------------------------------------------------

    def get(self, **codes: Codes) -> Any:
        """The figure of one cell: int, float (a table with decimals) or None (`..`).

        A variable that is left out, or given as a list, stays open: then the answer is a list or a nested
        list of figures, in table order.
        """
        return _unscaled(np.squeeze(self.cube[self._where(codes)]).tolist(), self.decimals)

    def set(self, value: float | None, **codes: Codes) -> None:
        """Set a cell to a figure, or to None for `..`. A variable left out means all of its values."""
        where = self._where(codes)
        scaled = MISSING if value is None else round(value * 10**self.decimals)
        if abs(scaled) > np.iinfo(np.int32).max and scaled != MISSING:
            self._cube = self.cube.astype(np.int64)
        self._own()[where] = scaled

    def add(self, change: float, **codes: Codes) -> None:
        """Add a number to a cell (or to all cells of the variables left out); `..` stays `..`."""
        where = self._where(codes)
        cube = self._own()
        cube[where] = np.where(cube[where] == MISSING, MISSING, cube[where] + round(change * 10**self.decimals))

    # Changing the description -----------------------------------------------------------------------------

    def relabel(self, variable: str, code: str, text: str, text_en: str | None = None) -> None:
        """Give a code another text (the English one too, if given)."""
        value = self.variable(variable).value(code)
        value.da = text
        value.en = text_en if text_en is not None else value.en

    def recode(self, variable: str, code: str, new_code: str) -> None:
        """Give a value another code; its text and figures stay."""
        owner = self.variable(variable)
        owner.value(code).code = new_code
        owner.total = new_code if owner.total == code else owner.total

    def add_code(
        self,
        variable: str,
        code: str,
        text: str,
        text_en: str = "",
        *,
        value: float = 0,
        like: str | None = None,
    ) -> None:
        """Add a value at the end; every cell holds `value`, or the figures of the code `like`."""
        owner = self.variable(variable)
        axis = self._axis(owner)
        figures = self.cube
        if like is None:
            shape = (*figures.shape[:axis], 1, *figures.shape[axis + 1 :])
            more = np.full(shape, round(value * 10**self.decimals), dtype=figures.dtype)
        else:
            more = figures.take([owner.index(like)], axis=axis)
        self._cube = np.concatenate([figures, more], axis=axis)
        owner.values.append(Value(code, text, text_en))

    def remove_code(self, variable: str, code: str) -> None:
        """Take a value and its figures away."""
        owner = self.variable(variable)
        position = owner.index(code)
        self._cube = np.delete(self.cube, position, axis=self._axis(owner))
        del owner.values[position]
        owner.total = None if owner.total == code else owner.total

    def add_period(self, period: str, *, like: str | None = None) -> None:
        """Add a period at the end with the figures of `like` (default: the newest)."""
        self.add_code(self.time.id, period, period, period.replace("K", "Q"), like=like or self.time.codes[-1])

    def remove_period(self, period: str) -> None:
        """Take a period and its figures away."""
        self.remove_code(self.time.id, period)

    def rename_variable(self, name: str, new_name: str) -> None:
        """Give a variable another id."""
        owner = self.variable(name)
        owner.id = new_name
        self.variables = {variable.id: variable for variable in self.variables.values()}

    def remove_variable(self, name: str) -> None:
        """Take a variable away; the figures are those of its total, or the sum where it has none."""
        owner = self.variable(name)
        axis = self._axis(owner)
        if owner.total is None:
            self._cube = self.cube.sum(axis=axis, keepdims=True, dtype=self.cube.dtype).squeeze(axis)
        else:
            self._cube = self.cube.take([owner.index(owner.total)], axis=axis).squeeze(axis)
        del self.variables[owner.id]

    def _axis(self, variable: Variable) -> int:
        return list(self.variables.values()).index(variable)

    def _own(self) -> Ints:
        if not self.cube.flags.writeable:
            self._cube = self.cube.copy()
        return self.cube

    def _where(self, codes: dict[str, Codes]) -> Any:
        wanted = {self.variable(name).id: choice for name, choice in codes.items()}
        indices = []
        for variable in self.variables.values():
            choice = wanted.get(variable.id, variable.codes)
            listed = [choice] if isinstance(choice, str) else choice
            indices.append([variable.index(code) for code in listed])
        return np.ix_(*indices)


def _unscaled(figure: Any, decimals: int) -> Any:
    if isinstance(figure, list):
        return [_unscaled(part, decimals) for part in figure]
    if figure == MISSING:
        return None
    return figure / 10**decimals if decimals else figure
