"""valg.dk's JSON files: turnout during the day, and results. One file in, checked and understood, or refused
as a whole.

Names of candidates are not read. A value that looks like a CPR number refuses the file and is never quoted.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ingestion.cpr import CPR, looks_like_cpr
from ingestion.inbox import refused
from ingestion.json_text import NotJson, read_json
from warehouse.errors import LoadRejected, one_line
from warehouse.seeds import seed

ELECTIONS = {"kommun": "KV", "folketing": "FV", "europa": "EV"}
NOT_LOADED = (
    "region",
    "folkeafstemning",
)  # elections that no indicator uses; valg.dk puts their files beside the others
KINDS = {"Foreløbig": "preliminary", "Fintælling": "final"}
PASSED_OVER = (
    {"Kandidatlister"},
    {"IndenforParti"},
    {"Mandatfordeling"},
    {"Opstillingskredse"},
    {"Afstemningsområder"},
    {"Dagi_id"},
)
PLACES = ("Storkreds", "Opstillingskreds", "Valgkreds", "Region", "Landsdel", "KommuneDagi", "KommuneId")
# Days between an election and the release of a count of it: a clock that is years off puts counts in a wrong order.
RELEASED_BEFORE, RELEASED_AFTER = -400, 732
NEXT = "take the file as valg.dk publishes it, or leave it out of the inbox, and run again"
VOTERS = ("AntalStemmeberettigedeVælgere", "AntalStemmeberretigedeVælgere")

Count = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
# [0-9], not \d: that is every digit of every alphabet.
Day = Annotated[str, Field(pattern=r"^[0-3][0-9]-[01][0-9]-[0-9]{4}$")]
Moment = Annotated[str, Field(pattern=r"^[0-3][0-9]-[01][0-9]-[0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-5][0-9]$")]
Clock = Annotated[str, Field(pattern=r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$")]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _number(value: Any) -> Any:
    """A code that one kind of file gives as a number and another as text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Voters(BaseModel):
    """Voters and votes; the voters' key is spelt in two ways, and one of them must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voters: Count
    votes: Count = Field(alias="AfgivneStemmer")

    @model_validator(mode="before")
    @classmethod
    def _spelling(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found = [key for key in VOTERS if key in value]
        if len(found) != 1:
            raise ValueError(f"exactly one of {' and '.join(VOTERS)} is needed")
        return {("voters" if key == found[0] else key): item for key, item in value.items()}

    @model_validator(mode="after")
    def _no_more_votes_than_voters(self) -> _Voters:
        if self.votes > self.voters:
            raise ValueError(f"more votes than voters: {self.votes} of {self.voters}")
        return self


class _Counted(_Voters):
    at: Clock = Field(alias="Tidspunkt")


class _Head(BaseModel):
    election: str = Field(alias="Valgart", min_length=1)
    day: Day = Field(alias="Valgdag")
    released: Moment = Field(alias="FrigivelsesTidspunktUTC")
    municipality: str = Field(alias="Kommune", min_length=1)
    municipality_code: Annotated[int, Field(alias="Kommunekode", ge=101, le=999, strict=True), BeforeValidator(_number)]
    area: str = Field(alias="Afstemningsområde", min_length=1)
    area_id: Annotated[str, Field(alias="AfstemningsområdeDagiId", pattern=r"^[0-9]{1,9}$"), BeforeValidator(_text)]
    area_number: Annotated[Count, BeforeValidator(_number)] = Field(alias="AfstemningsområdeNummer")


class Turnout(_Head):
    """A file of ``valgdeltagelse``: exactly its keys, beside the constituencies it lies in, which are passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counts: tuple[_Counted, ...] = Field(alias="Valgdeltagelse", min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _without_places(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if not (k.startswith(PLACES) and isinstance(v, str | int | None))}


class Results(_Head, _Voters):
    """A file of ``valgresultater``: its head and its counts alone.

    The other keys (candidates, parties, differences from the election before) are many and never read.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: Literal["Foreløbig", "Fintælling"] = Field(alias="Resultatart")
    valid: Count | None = Field(None, alias="GyldigeStemmer")


def parse_file(body: bytes, file: str) -> dict[str, object] | None:
    """One row of ``raw.valg_dk_turnout`` out of a file; None for a kind of file that is not loaded
    (geography, say).

    Raises:
        LoadRejected: not UTF-8 JSON, not a kind we know, a wrong shape or figure, or a CPR-like value; naming
            file and line or key, never quoting a CPR-like value.
    """
    document = _document(body, file)
    if isinstance(document, dict) and str(document.get("Valgart", "")).casefold().startswith(NOT_LOADED):
        return None
    if isinstance(document, dict) and "Valgdeltagelse" in document:
        turnout = _shaped(Turnout, document, file)
        # Cumulative, and the clock passes midnight: the last count is the largest.
        last = max(reversed(turnout.counts), key=lambda item: item.votes)
        return _row(turnout, "turnout", last.at, last.voters, last.votes, file=file)
    if isinstance(document, dict) and "Resultatart" in document:
        if not any(key.startswith("Afstemningsområde") for key in document):
            return None  # the sum of a municipality or constituency, not a polling area's own count
        results = _shaped(Results, document, file)
        return _row(results, KINDS[results.kind], None, results.voters, results.votes, file=file)
    sample = document[0] if isinstance(document, list) and document else document
    if isinstance(sample, dict) and any(keys <= sample.keys() for keys in PASSED_OVER):
        return None
    raise _refused(file, "it is no kind of file that valg.dk publishes: neither turnout, results nor geography")


def _document(body: bytes, file: str) -> Any:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(file, "it is not UTF-8", line=body.count(b"\n", 0, error.start) + 1) from None
    found = CPR.search(text)
    if found:
        raise _cpr(file, line=text.count("\n", 0, found.start()) + 1)
    try:
        document = read_json(body)
    except NotJson as error:
        where = {"line": error.line, "column": error.column} if error.line else {}
        raise _refused(file, str(error), **where) from None
    _no_cpr_inside(document, file)
    return document


def _no_cpr_inside(document: Any, file: str) -> None:
    """Look at each text by itself: escapes can hide digits from the search in the whole, and an id that is a UUID is
    none."""
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += (*item, *item.values())
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and looks_like_cpr(item) and not _UUID.fullmatch(item):
            raise _cpr(file)


def _shaped(model: Any, document: dict[str, Any], file: str) -> Any:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = [
            f"{one_line('.'.join(map(str, e['loc']))) or 'file'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_url=False, include_input=False)[:5]
        ]
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise _refused(file, "; ".join(problems), **({"key": key} if key else {})) from None


def _row(
    head: Turnout | Results, kind: str, at: str | None, voters: int, votes: int, *, file: str
) -> dict[str, object]:
    try:
        day = datetime.strptime(head.day, "%d-%m-%Y").date()  # noqa: DTZ007  a day has no zone
        released = datetime.strptime(head.released, "%d-%m-%Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise _refused(file, f"Valgdag or FrigivelsesTidspunktUTC: {error}") from None
    prefix = next((short for start, short in ELECTIONS.items() if head.election.casefold().startswith(start)), None)
    if not RELEASED_BEFORE <= (released.date() - day).days <= RELEASED_AFTER:
        what = f"FrigivelsesTidspunktUTC {head.released} is not about the election of {head.day}"
        raise _refused(file, what, key="FrigivelsesTidspunktUTC")
    if str(head.municipality_code) not in {row["area_code"] for row in seed("areas") if row["level"] == "municipality"}:
        raise _refused(file, f"Kommunekode {head.municipality_code} is no municipality", key="Kommunekode")
    if prefix is None:
        raise _refused(file, f"Valgart {head.election!r} is not an election we know", key="Valgart")
    return {
        "election_id": f"{prefix}{day.year}",
        "election_date": day.isoformat(),
        "election_kind": head.election,
        "municipality_code": str(head.municipality_code),
        "municipality_name": head.municipality,
        "area_id": head.area_id,
        "area_number": head.area_number,
        "area_name": head.area,
        "result_kind": kind,
        "released_at_utc": released.replace(tzinfo=None).isoformat(),
        "counted_at": at,
        "eligible_voters": voters,
        "votes_cast": votes,
        "file_name": file,
    }


def _cpr(file: str, **where: object) -> LoadRejected:
    return _refused(file, "it has a value that looks like a CPR number (not quoted here)", **where)


def _refused(file: str, what: str, **where: object) -> LoadRejected:
    return refused("valg_dk", file, what, NEXT, **where)
