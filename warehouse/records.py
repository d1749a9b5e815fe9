"""Catalogue records: one small declarative file a dataset, checked against this schema.

A record says where a dataset comes from, which slice of it is asked for, how it is cited, and what a load must
satisfy. There is no code per StatBank table: adding one is adding a record and its code map.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import SettingsError
from warehouse.settings import REPOSITORY

CATALOGUE = REPOSITORY / "ingestion" / "catalogue"

Provider = Literal["statbank", "dst_elections", "valg_dk", "education", "jobindsats", "inbox", "valgdatabase"]
Severity = Literal["blocking", "advisory"]
_SQL_TYPES = {"text": "varchar", "count": "bigint", "decimal": "double"}
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads the catalogue ten times as fast


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(_Part):
    """One variable of a StatBank table, and the slice of it that is asked for.

    ``code_map`` says who knows its codes: the seeds ``origin_codes``, ``areas`` and ``countries``, the record itself
    (``listed``, with ``codes``: canonical code → published text, or null where the text is not compared), a
    ``pattern`` (a regular expression for codes such as single years of age) or nobody (``none``: time). With a
    ``pattern``, ``codes`` are those whose text or leading zeros matter; with ``areas``, codes that are known but never
    asked for, such as 997 (abroad).
    ``select`` is ``all``, a list of canonical codes, or for areas a list of levels.
    """

    code: str
    role: Literal[
        "area", "parish", "sex", "age", "origin", "country", "status", "education", "measure", "result", "time"
    ]
    code_map: Literal["origin_codes", "areas", "countries", "listed", "pattern", "none"]
    select: Literal["all"] | tuple[str, ...] = "all"
    codes: dict[str, str | None] = Field(default_factory=dict)
    pattern: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Variable:
        if self.code_map == "listed" and not self.codes:
            raise ValueError(f"{self.code}: code_map `listed` needs `codes`")
        if self.code_map == "pattern" and not self.pattern:
            raise ValueError(f"{self.code}: code_map `pattern` needs `pattern`")
        if self.codes and self.code_map not in {"listed", "pattern", "areas"}:
            raise ValueError(f"{self.code}: code_map `{self.code_map}` takes no `codes`")
        if (self.role == "time") != (self.code_map == "none"):
            raise ValueError(f"{self.code}: time, and only time, has code_map `none`")
        return self


class Total(_Part):
    """A code that equals the sum of others of the same variable, everything else held equal.

    ``parts`` are canonical codes, ``rest`` (every other selected code), or an area level. ``only_where`` restricts
    the rows compared (variable → code). ``tolerance`` is absolute, in the unit of the table. The first total of a
    variable is its grand total, the row that every period and area must have.
    """

    variable: str
    total: str
    parts: Literal["rest", "regions", "municipalities"] | tuple[str, ...]
    tolerance: float = 0.0
    severity: Severity = "blocking"
    only_where: dict[str, str] = Field(default_factory=dict)


class Expect(_Part):
    """What a load must satisfy beyond what every load must (schema, keys, codes, signs, completeness).

    ``sparse`` (variable → canonical codes) are codes so small that a whole period may be without a row of theirs.
    """

    totals: tuple[Total, ...] = ()
    cross: tuple[str, ...] = ()
    value_max: float | None = None
    shrink_tolerance_pct: float = Field(2.0, ge=0, le=100)
    sparse: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class RawTable(_Part):
    """A table that a load fills: column → text, count or decimal; ``period_column`` tells whose period a row is.

    ``personal`` columns are of single persons: no verdict names them, and a person may leave from one load to the next.
    """

    name: str
    columns: dict[str, Literal["text", "count", "decimal"]]
    period_column: str
    key: tuple[str, ...]
    personal: tuple[str, ...] = ()

    @property
    def shown_key(self) -> tuple[str, ...]:
        """The columns of the key that a verdict may name."""
        return tuple(column for column in self.key if column not in self.personal)

    def sql_type(self, column: str) -> str:
        """The DuckDB type of a column."""
        return _SQL_TYPES[self.columns[column]]


class Election(_Part):
    """An election under ``WAREHOUSE_ELECTIONS_URL``."""

    election_id: str
    folder: str
    date: str


class OriginMember(_Part):
    """What a published member of an origin dimension means.

    ``foreign`` is western and non-western together: known, and never a substitute for the target group.
    """

    origin: Literal["danish", "western", "non_western", "foreign", "total"]
    ancestry: Literal["danish_origin", "immigrant", "descendant", "total"] | None = None


class Measure(_Part):
    """A published measure: the names it may have (the first that the provider lists is taken), and how it is written.

    ``integer`` "2.351" is 2351, ``decimal`` "7,3" is 7.3, ``percent`` "100,0 %" is 100. An optional measure may be
    missing at the provider.
    """

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: Literal["integer", "decimal", "percent"]
    optional: bool = False


class Cube(_Part):
    """A cube of the education ministry. Details (``[Dimension].[Attribute]``) are listed in order of preference.

    ``home`` is where the pupil lives, ``school`` where the school lies. ``missing`` members are no groups.
    """

    area: str
    topic: str
    subtopic: str
    measures: dict[str, Measure]
    periods: tuple[str, ...]
    municipalities: dict[Literal["home", "school"], tuple[str, ...]]
    origin_details: tuple[str, ...]
    origins: dict[str, OriginMember]
    missing: tuple[str, ...] = ()


class Held(_Part):
    """A hierarchy of a Jobindsats table that is held at one value: the value's id, and its column and text in rows."""

    value: str
    column: str
    text: str


class SupportTable(_Part):
    """A table of Jobindsats: which hierarchy and column holds what. ``ignored`` columns are known and not loaded."""

    table: str
    period_type: str
    area_hierarchy: str
    origin_hierarchy: str
    columns: dict[Literal["period", "area", "origin"], str]
    measures: dict[str, Measure]
    held: dict[str, Held] = Field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    origins: dict[str, OriginMember]
    missing: tuple[str, ...] = ()


class Succession(_Part):
    """The table that a dataset came from until its provider closed it: its periods up to ``last_period`` stay as they
    are, and only later ones are asked of the table of the record."""

    table: str
    last_period: str


class ReleaseDay(_Part):
    """When a period is published: on ``day`` of the month that lies ``months`` after the one in which it begins.

    ``announced`` days are the producer's own; by an ``observed`` day the period of an earlier year was out. The dataset
    is late when ``grace_days`` have gone by. ``every_years`` apart are the periods of a yearly series that skips years.
    """

    months: int = Field(ge=0, le=60)
    day: int = Field(ge=1, le=28)
    grace_days: int = Field(ge=0, le=180)
    basis: Literal["announced", "observed"]
    every_years: int = Field(1, ge=1, le=10)


class Record(_Part):
    """One dataset of the catalogue."""

    dataset: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    provider: Provider
    title_da: str
    title_en: str
    producer: str
    citation: str
    licence_received: str
    licence_released: str
    cadence: Literal["quarter", "year", "election"]
    revision_window: int = Field(0, ge=0, description="newest periods that are fetched again with every release")
    release_note: str = ""
    release: ReleaseDay | None = Field(None, description="when periods are published; None: on no fixed day")
    family: str | None = Field(None, description="datasets of one family are judged and promoted together")
    table: str | None = None
    succeeds: Succession | None = Field(None, description="the closed table that `table` took over from")
    unit: Literal["count", "decimal"] = "count"
    variables: tuple[Variable, ...] = ()
    tables: tuple[RawTable, ...] = ()
    elections: tuple[Election, ...] = ()
    cube: Cube | None = None
    support: SupportTable | None = None
    expect: Expect = Field(default_factory=lambda: Expect.model_validate({}))

    @model_validator(mode="after")
    def _complete(self) -> Record:
        if self.provider == "statbank":
            if not self.table or [v.role for v in self.variables].count("time") != 1:
                raise ValueError("a statbank record needs `table` and exactly one time variable")
            known = {v.code for v in self.variables}
            for total in self.expect.totals:
                missing = {total.variable, *total.only_where} - known
                if missing:
                    raise ValueError(f"expect.totals names unknown variables: {', '.join(sorted(missing))}")
            if set(self.expect.sparse) - known:
                missing = set(self.expect.sparse) - known
                raise ValueError(f"expect.sparse names unknown variables: {', '.join(sorted(missing))}")
        elif not self.tables:
            raise ValueError(f"a {self.provider} record declares its `tables`")
        if (self.provider == "education") != (self.cube is not None):
            raise ValueError("an education record, and only it, declares its `cube`")
        if (self.provider == "jobindsats") != (self.support is not None):
            raise ValueError("a jobindsats record, and only it, declares its `support` table")
        return self

    @property
    def raw_tables(self) -> tuple[RawTable, ...]:
        """The tables under ``raw`` that this dataset fills."""
        if self.provider != "statbank":
            return self.tables
        dimensions = {v.code.upper(): "text" for v in self.variables}
        return (
            RawTable(
                name=self.dataset,
                columns={**dimensions, "INDHOLD": self.unit},  # type: ignore[dict-item]
                period_column=self.time.code.upper(),
                key=tuple(dimensions),
            ),
        )

    def is_history(self, period: str) -> bool:
        """Whether a period came from the closed table before this one, and is no longer asked for."""
        return self.succeeds is not None and period <= self.succeeds.last_period

    @property
    def time(self) -> Variable:
        """The time variable of a StatBank table."""
        return next(v for v in self.variables if v.role == "time")

    def variable(self, code: str) -> Variable:
        """The variable of that published id, in any letter case."""
        return next(v for v in self.variables if v.code.upper() == code.upper())


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        SettingsError: when the file is not YAML or not a record, naming file and field.
    """
    try:
        return Record.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML))  # noqa: S506
    except (yaml.YAMLError, ValidationError) as error:
        if isinstance(error, ValidationError):
            detail = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'record'}: {e['msg']}" for e in error.errors())
        else:
            detail = str(error).replace("\n", " ")
        raise SettingsError(
            f"The catalogue record {path.name} is not valid: {detail}",
            {"file": path.name},
            "correct the record; warehouse/records.py says what each field means",
        ) from None


@lru_cache
def catalogue(folder: Path = CATALOGUE) -> dict[str, Record]:
    """Every record of the catalogue by dataset, in the order of their names.

    Raises:
        SettingsError: when a record is not valid, or two records name the same dataset.
    """
    records: dict[str, Record] = {}
    for path in sorted(folder.glob("*.yml")):
        record = read_record(path)
        if record.dataset != path.stem:
            raise SettingsError(
                f"The catalogue record {path.name} names the dataset {record.dataset}",
                {"file": path.name},
                "name the file after its dataset",
            )
        records[record.dataset] = record
    return records


def record_of(dataset: str) -> Record:
    """The record of a dataset.

    Raises:
        SettingsError: naming the datasets there are.
    """
    records = catalogue()
    if dataset not in records:
        raise SettingsError(f"There is no dataset {dataset!r}", next_step=f"choose one of: {', '.join(records)}")
    return records[dataset]


# Each ingest DAG with the providers whose datasets it takes: for the DAG files and for `warehouse run` alike.
INGEST_DAGS = {
    "ingest_dst": frozenset({"statbank"}),
    "ingest_elections": frozenset({"dst_elections", "valg_dk", "valgdatabase"}),
    "ingest_education": frozenset({"education", "jobindsats"}),
    "ingest_inbox": frozenset({"inbox"}),
}


def records_of(dag_id: str) -> list[Record]:
    """The records of the datasets that an ingest DAG takes, in the order of the catalogue."""
    return [record for record in catalogue().values() if record.provider in INGEST_DAGS[dag_id]]
