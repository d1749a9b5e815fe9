"""What StatBank says of a table: the answer of ``/tableinfo``, parsed and checked.

Which of its codes we know is ``codes``'s business.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingestion.http import BadBody, looks_like_html, parse_error
from ingestion.json_text import NotJson, read_json
from warehouse.errors import ProviderError


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Value(_Part):
    """One value of a variable: its code and its text, as published."""

    id: str
    text: str


class TableVariable(_Part):
    """One variable of a table, with all its values in published order."""

    id: str = Field(min_length=1)
    text: str
    elimination: bool
    time: bool
    values: tuple[Value, ...] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _once(cls, values: tuple[Value, ...]) -> tuple[Value, ...]:
        if len({value.id for value in values}) != len(values):
            raise ValueError("a code occurs twice")
        return values


class TableInfo(_Part):
    """A table: ``updated`` is local Danish time without a zone, ``suppressed_value`` what an absent row
    stands for."""

    id: str
    text: str
    description: str
    unit: str
    suppressed_value: str | None = Field(None, alias="suppressedDataValue")
    updated: datetime
    active: bool
    variables: tuple[TableVariable, ...] = Field(min_length=1)

    @field_validator("updated")
    @classmethod
    def _local(cls, value: datetime) -> datetime:
        if value.tzinfo is not None:
            raise ValueError("a local time without a zone is expected")
        return value


def parse_tableinfo(body: bytes, table: str | None = None) -> TableInfo:
    """Parse an answer of ``/tableinfo`` (JSON); ``table`` is the table asked for.

    Raises:
        BadBody: empty, HTML, not JSON, not a tableinfo, or that of another table.
        ProviderError: an error body under status 200.
    """
    if not body.strip():
        raise BadBody("the tableinfo is empty", body)
    if looks_like_html(body):
        raise BadBody("the tableinfo is a web page (HTML)", body)
    own = parse_error(body)
    if own:
        raise ProviderError(f"The provider answered with an error: {own}", {"table": table or "?"})
    try:
        read_json(body)
        info = TableInfo.model_validate_json(body.removeprefix(b"\xef\xbb\xbf"), strict=True)
    except NotJson as error:
        raise BadBody(f"the tableinfo cannot be read: {error}", body) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadBody(f"the tableinfo cannot be read: {place} {first['msg']}".strip(), body) from None
    if table is not None and info.id.casefold() != table.casefold():
        raise BadBody(f"the tableinfo is of table {info.id}, asked for was {table}", body)
    return info
