"""What a verdict may show. Verdicts are published: in ``validations``, on the Data Docs pages and in GX's result.

A small number (1 to ``WAREHOUSE_SMALL_CELL`` - 1) that a finding carries beside its codes is shown as ``<5``, in open
tables too. Of the municipality's own data nothing that looks like a CPR number is shown, and of tables whose rows are
single persons no personal column, no small number of rows, and no query (it can hold counts as literals).
Masking what is masked changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from expectations.engine import Finding
from warehouse.records import Record
from warehouse.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

OWN_PROVIDERS = frozenset({"inbox", "valgdatabase"})
WITHHELD = "(withheld: it looks like a CPR number)"
NO_QUERY = "(not kept: the rows of {batch} are single persons)"

_CPR = re.compile(r"(?<![0-9A-Za-zÆØÅæøå])[0-9]{6}-?[0-9]{4}(?![0-9A-Za-zÆØÅæøå])")
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")
_ROWS = re.compile(r"(?<![\w.,<:/-])[0-9]+(?![\w.,:/-])(?! (?:periods|waves|municipalities|communities)\b)")
_QUOTED = re.compile(r"\bgot '[^']*'")
# Fields of a sample key that name something and never count it
_NAMES = frozenset({"variable", "code", "text", "column", "is", "missing", "period", "old_period", "compared_with"})
_NAMES |= {"quarter", "year", "wave", "table", "sex", "origin", "ancestry", "age_group", "OMRÅDE", "HERKOMST", "TID"}
_NAME_ENDINGS = ("_id", "_code", "_period", "_group", "_name", "_text", "_pct", "_pp")


@dataclass(frozen=True)
class Mask:
    """The masking of one load or mart build.

    ``names`` are the fields of sample keys that hold codes, ``personal`` those that are never shown; ``is_own`` marks
    the municipality's own data, ``is_of_persons`` data of which one row is about one person.
    """

    small_cell: int
    names: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    is_own: bool = False
    is_of_persons: bool = False

    @classmethod
    def of(cls, settings: Settings, record: Record | None = None) -> Mask:
        """The mask of the loads of a record; without a record, of the marts."""
        if record is None:
            return cls(settings.small_cell)
        tables = record.raw_tables
        personal = frozenset(column for table in tables for column in table.personal)
        texts = frozenset(column for table in tables for column, kind in table.columns.items() if kind == "text")
        return cls(settings.small_cell, texts, personal, record.provider in OWN_PROVIDERS, bool(personal))

    def apply(self, findings: Sequence[Finding], result: ExpectationSuiteValidationResult) -> list[Finding]:
        """The findings as they may be stored; GX's ``result`` of them is masked in place."""
        self.result(result)
        return [
            replace(finding, observed=self.text(finding.observed), keys=tuple(map(self.key, finding.keys)))
            for finding in findings
        ]

    def result(self, result: ExpectationSuiteValidationResult) -> None:
        """Mask GX's result in place."""
        for item in result.results:
            found: dict[str, Any] = item.result
            if isinstance(found.get("observed_value"), str):
                found["observed_value"] = self.text(found["observed_value"])
            elif isinstance(found.get("observed_value"), list):
                found["observed_value"] = [self.text(str(value)) for value in found["observed_value"]]
            if isinstance(found.get("keys"), list):
                found["keys"] = [self.key(key) for key in found["keys"]]
            config = item.expectation_config
            if self.is_of_persons and config is not None and "unexpected_rows_query" in config.kwargs:
                config.kwargs["unexpected_rows_query"] = NO_QUERY

    def key(self, key: str) -> str:
        """One sample key, a JSON object as text."""
        try:
            fields = json.loads(key)
        except ValueError:
            return self.text(key)
        if not isinstance(fields, dict):
            return self.text(key)
        shown = {name: self._value(name, value) for name, value in fields.items() if name not in self.personal}
        return key if shown == fields else json.dumps(shown, ensure_ascii=False)

    def text(self, text: str) -> str:
        """What was observed, as text."""
        text = _CPR.sub(WITHHELD, text) if self.is_own else text
        if not self.is_of_persons:
            return text
        return _ROWS.sub(lambda found: str(self._number(found.group())), text)

    def reason(self, text: str) -> str:
        """Why a load was refused. Own files quote wrong cells, which may be counts: those are left out."""
        if not self.is_own:
            return text
        return _QUOTED.sub("got a value that is not shown", _CPR.sub(WITHHELD, text))

    def _value(self, name: str, value: object) -> object:
        if isinstance(value, str) and self.is_own:
            value = _CPR.sub(WITHHELD, value)
        if name in self.names or name in _NAMES or name.endswith(_NAME_ENDINGS) or isinstance(value, bool):
            return value
        if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
            return self._number(value)
        return value

    def _number(self, value: int | float | str) -> int | float | str:
        size = abs(float(str(value).replace(",", ".")))
        return f"<{self.small_cell}" if 0 < size < self.small_cell else value
