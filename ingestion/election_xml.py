"""DST's election XML: the index of an election, and the result of one place. Parsing and checking only.

A DTD or an entity is refused. What lies under ``Personer`` (names of candidates) is passed over by the parser
and never becomes an object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from ingestion.http import BadBody, looks_like_html
from warehouse.errors import LoadRejected

BOM = b"\xef\xbb\xbf"
PERSONS = "Personer"
AREA, DISTRICT = "Afstemningsomraade", "OpstKreds"
_COUNT = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
_ID = re.compile(r"[0-9]{1,12}")
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_BLANK = " \t\r\n"  # what is white space in XML; a no-break space is not
_DATE = re.compile(r"([0-3][0-9])-([01][0-9])-([0-9]{4})")


@dataclass(frozen=True)
class Place:
    """A polling area or a nomination district of an index: its id and its parent's."""

    id: str
    parent: str
    name: str


@dataclass(frozen=True)
class Index:
    """An election: its day (ISO), when its files were made, its nomination districts and polling areas."""

    date: str
    made: datetime
    districts: tuple[Place, ...]
    areas: tuple[Place, ...]


@dataclass(frozen=True)
class Result:
    """The votes of one place; turnout as published, per cent."""

    id: str
    kind: str
    name: str
    date: str
    status_code: str
    status_text: str
    eligible_voters: int
    valid_votes: int
    blank_votes: int
    other_invalid_votes: int
    invalid_votes: int
    votes_cast: int
    turnout_pct: float


class _WithoutPersons(TreeBuilder):
    """Builds the tree without the subtree of candidates; ``misplaced``: one stood elsewhere than in the root."""

    def __init__(self) -> None:
        super().__init__()
        self._inside, self._depth, self.misplaced = 0, 0, False

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth += 1
        if self._inside or tag == PERSONS:
            self.misplaced |= not self._inside and self._depth != 2
            self._inside += 1
            return Element(PERSONS)
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        if self._inside:
            self._inside -= 1
            return Element(PERSONS)
        return super().end(tag)

    def data(self, data: str) -> None:
        if not self._inside:
            super().data(data)


def parse(body: bytes, file: str) -> Element:
    """Parse a file; ``file`` is its name for the message.

    Raises:
        BadBody: empty, HTML, or not well-formed (cut short, say).
        LoadRejected: a DTD, an entity or an external reference.
    """
    if not body.strip():
        raise BadBody(f"{file} is empty", body)
    if looks_like_html(body):
        raise BadBody(f"{file} is a web page (HTML), not XML", body)
    declared = _ENCODING.match(body.removeprefix(BOM))
    if declared and declared[1].lower() != b"utf-8":
        raise BadBody(f"{file} is not in UTF-8: it says {declared[1].decode('latin-1')!r}", body)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BadBody(f"{file} is not UTF-8, line {line}", body) from None
    builder = _WithoutPersons()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        line, column = error.position
        raise BadBody(f"{file} is not well-formed XML, line {line}, column {column + 1}", body) from None
    except DefusedXmlException as error:
        what = "a DTD" if isinstance(error, DTDForbidden) else "an entity or an external reference"
        raise LoadRejected(
            f"{file} is refused: it has {what}",
            {"file": file},
            "election results need none: ask the producer what it is for",
        ) from None
    if root is None or root.tag != "Data":
        raise BadBody(f"{file} is not an election file: its root is {getattr(root, 'tag', PERSONS)!r}", body)
    if builder.misplaced:
        raise BadBody(f"{file} has {PERSONS} inside another element", body)
    return root


def parse_index(body: bytes, file: str) -> Index:
    """Parse the index of an election (``fintal.xml``).

    Raises:
        BadBody, LoadRejected: as :func:`parse`, or a part is missing or not what it must be.
    """
    root = parse(body, file)
    return Index(
        date=_date(_text(root, "ValgDato", file), file),
        made=_moment(_text(root, "SenestDannetIso", file), file),
        districts=_places(root, "Opstillingskredse/Opstillingskreds", "opstillingskreds_id", "storkreds_id", file),
        areas=_places(
            root,
            "Afstemningsomraader/Afstemningsomraade",
            "afstemningsomraade_id",
            "opstillingskreds_id",
            file,
        ),
    )


def parse_result(body: bytes, file: str) -> Result:
    """Parse the result of one place (``fintal_<id>.xml``).

    Raises:
        BadBody, LoadRejected: as :func:`parse`; a figure is missing, no whole number, or the figures do not
        add up.
    """
    root = parse(body, file)
    place, status = _one(root, "Sted", file), _one(root, "Status", file)

    def count(path: str) -> int:
        text = _text(root, path, file)
        if not _COUNT.fullmatch(text):
            raise _wrong(file, f"{path} is {text!r}, not a count")
        return int(text)

    turnout = _text(root, "DeltagelsePct", file)
    if not _NUMBER.fullmatch(turnout):
        raise _wrong(file, f"DeltagelsePct is {turnout!r}, not a number with a decimal point")
    result = Result(
        id=place.get("Id", ""),
        kind=place.get("Type", ""),
        name=_own_text(place, file),
        date=_date(_text(root, "ValgDato", file), file),
        status_code=status.get("Kode", ""),
        status_text=_own_text(status, file),
        eligible_voters=count("Stemmeberettigede"),
        valid_votes=count("Stemmer/IAltGyldigeStemmer"),
        blank_votes=count("Stemmer/BlankeStemmer"),
        other_invalid_votes=count("Stemmer/AndreUgyldigeStemmer"),
        invalid_votes=count("Stemmer/IAltUgyldigeStemmer"),
        votes_cast=count("Stemmer/IAltAfgivneStemmer"),
        turnout_pct=float(turnout),
    )
    _adds_up(result, file)
    return result


def _adds_up(result: Result, file: str) -> None:
    if result.votes_cast > result.eligible_voters:
        raise _wrong(file, f"more votes than voters: {result.votes_cast} of {result.eligible_voters}")
    if result.valid_votes + result.invalid_votes != result.votes_cast:
        sums = f"{result.valid_votes} + {result.invalid_votes} is not {result.votes_cast}"
        raise _wrong(file, f"valid and invalid votes are not the votes cast: {sums}")
    if result.blank_votes + result.other_invalid_votes != result.invalid_votes:
        sums = f"{result.blank_votes} + {result.other_invalid_votes} is not {result.invalid_votes}"
        raise _wrong(file, f"blank and other invalid votes are not the invalid votes: {sums}")


def _places(root: Element, path: str, own: str, parent: str, file: str) -> tuple[Place, ...]:
    found, seen = [], set[str]()
    for element in root.findall(path):
        place = Place(element.get(own, ""), element.get(parent, ""), _own_text(element, file))
        link = element.get("filnavn", "").rsplit("/", 1)[-1]
        if place.id in seen:
            raise _wrong(file, f"{own} {place.id} is listed twice")
        seen.add(place.id)
        if not _ID.fullmatch(place.id) or link != f"fintal_{place.id}.xml":
            raise _wrong(file, f"the link of {place.name!r} is {link!r}, not that of its id {place.id!r}")
        found.append(place)
    return tuple(found)


def _one(root: Element, path: str, file: str) -> Element:
    found = root.findall(path)
    if len(found) != 1:
        raise _wrong(file, f"{path} occurs {len(found)} times, not once")
    return found[0]


def _text(root: Element, path: str, file: str) -> str:
    return _own_text(_one(root, path, file), file)


def _own_text(element: Element, file: str) -> str:
    if len(element):
        raise _wrong(file, f"{element.tag} holds other elements, and should be text")
    return (element.text or "").strip(_BLANK)


def _date(text: str, file: str) -> str:
    match = _DATE.fullmatch(text)
    if not match:
        raise _wrong(file, f"ValgDato is {text!r}, not dd-mm-yyyy")
    try:
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
    except ValueError:
        raise _wrong(file, f"ValgDato is {text!r}, no day of the calendar") from None


def _moment(text: str, file: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(file, f"SenestDannetIso is {text!r}, not a time") from None
    if moment.tzinfo is not None or not text.isascii():
        raise _wrong(file, f"SenestDannetIso is {text!r}, not a local time without a zone")
    return moment


def _wrong(file: str, what: str) -> LoadRejected:
    return LoadRejected(
        f"{file}: {what}",
        {"file": file},
        "compare the file at the producer with what was landed, and ask the producer",
    )
