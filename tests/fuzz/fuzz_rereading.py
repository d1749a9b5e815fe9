"""The same bytes read again, plainly, with nothing of the readers: what must come out of a body that is accepted.

Each function gives what the reader must have read, or raises :class:`Unreadable`. Rules that are about meaning (votes
and voters, which codes are known) are the readers' own; here it is only asked whether a value stands there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from fuzz_harness import Unreadable

BOM = "\ufeff"
WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")
DANISH = re.compile(r"-?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?")
LARGEST = 10**18 - 1
Rows = list[tuple[Any, ...]]


def text_of(body: bytes) -> str:
    """UTF-8, one byte order mark at most, no NUL."""
    try:
        text = body.decode("utf-8").removeprefix(BOM)
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    if "\0" in text:
        raise Unreadable("NUL")
    return text


def crlf_table(body: bytes) -> list[list[str]]:
    """A body of StatBank: lines that end with CRLF, cells parted by semicolons, as many in every line."""
    text = text_of(body)
    if re.search(r"\r(?!\n)|(?<!\r)\n", text) or not text.endswith("\r\n"):
        raise Unreadable("line ends")
    if text.lstrip().casefold().startswith(("<!doctype html", "<html", "<head", "<body", "{")):
        raise Unreadable("no table")
    lines = [line.split(";") for line in re.findall(r"(.*?)\r\n", text, re.DOTALL)]
    if {len(line) for line in lines} != {len(lines[0])}:
        raise Unreadable("ragged")
    return lines


def bulk(body: bytes, codes: Mapping[str, Sequence[str]], unit: str) -> Rows:
    """The rows of a BULK body: asked-for codes and a value each."""
    header, *lines = crlf_table(body)
    if header != [*codes, "INDHOLD"] or not lines:
        raise Unreadable("header, or no rows")
    if len(lines) > math.prod(len(values) for values in codes.values()):
        raise Unreadable("more rows than cells were asked for")
    pattern = r"-?(0|[1-9][0-9]{0,17})" if unit == "count" else r"-?[0-9]{1,15}(,[0-9]{1,15})?"
    rows: Rows = []
    for *cells, value in lines:
        if any(cell not in known for cell, known in zip(cells, codes.values(), strict=True)):
            raise Unreadable("a code not asked for")
        if value != ".." and not re.fullmatch(pattern, value):
            raise Unreadable("a value")
        number = int(value) if unit == "count" and value != ".." else None
        rows.append((*cells, None if value == ".." else number if unit == "count" else float(value.replace(",", "."))))
    return rows


def csv_table(body: bytes) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of a small CSV body."""
    header, *rows = crlf_table(body)
    if header[-1] != "INDHOLD":
        raise Unreadable("header")
    return tuple(header), [tuple(row) for row in rows]


def strict_json(body: bytes) -> Any:
    """JSON as the standard has it: no key twice, no NaN, no number out of range, no half of a surrogate pair."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise Unreadable("a key twice")
        return dict(pairs)

    def constant(name: str) -> Any:
        raise Unreadable(name)

    try:
        document = json.loads(text_of(body), object_pairs_hook=once, parse_constant=constant)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        if "\\u0000" in json.dumps(document):
            raise Unreadable("NUL")
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    return document


def jsonstat(body: bytes) -> tuple[Any, ...]:
    """Dimensions with their codes in order, values, time of update."""
    document = strict_json(body)
    try:
        dataset = document["dataset"]
        dimension, values = dataset["dimension"], dataset["value"]
        ids, sizes = dimension["id"], dimension["size"]
        found = {}
        for name in ids:
            index = dimension[name]["category"]["index"]
            if isinstance(index, dict):
                places = {place: code for code, place in index.items()}
                index = [places[place] for place in range(len(index))]
            if not all(isinstance(code, str) for code in index) or len(set(index)) != len(index):
                raise Unreadable("index")
            found[name] = tuple(index)
        right = [len(codes) for codes in found.values()] == sizes and len(values) == math.prod(sizes)
        numbers = isinstance(values, list) and all(v is None or type(v) in {int, float} for v in values)
        if not right or not numbers or not isinstance(dataset["updated"], str):
            raise Unreadable("values")
        return found, tuple(values), dataset["updated"]
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable(str(error)) from None


def tableinfo(body: bytes) -> tuple[Any, ...]:
    """What a tableinfo says, value by value."""
    document = strict_json(body)
    try:
        variables = [
            (v["id"], v["time"], v["elimination"], [(i["id"], i["text"]) for i in v["values"]])
            for v in document["variables"]
        ]
        updated = datetime.fromisoformat(document["updated"])
        return document["id"], updated, document["active"], document["unit"], variables
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(str(error)) from None


def xml(body: bytes) -> Any:
    """The root of an XML document in UTF-8 without a DTD."""
    text = text_of(body)
    declared = re.match(r"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)", text)
    if (declared and declared[1].casefold() != "utf-8") or "<!DOCTYPE" in text:
        raise Unreadable("another encoding, or a DTD")
    # minidom takes the name of a namespace up to its first blank; which one it is does not matter here.
    plain = re.sub(r"""(\sxmlns(?::[^\s=]+)?\s*=\s*)("[^"<]+"|'[^'<]+')""", r'\1"urn:any"', text)
    try:
        return minidom.parseString(plain.encode()).documentElement
    except (ExpatError, ValueError, LookupError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def places(root: Any, path: str) -> list[Any]:
    """The elements under a path of child names."""
    found = [root]
    for name in path.split("/"):
        found = [node for parent in found for node in parent.childNodes if node.nodeName == name]
    return found


def leaf(root: Any, path: str) -> str:
    """The text of the one element at a path, which holds nothing else."""
    found = places(root, path)
    if len(found) != 1:
        raise Unreadable(f"{path}: {len(found)} times")
    kinds = {node.nodeType for node in found[0].childNodes}
    if minidom.Node.ELEMENT_NODE in kinds:
        raise Unreadable(f"{path}: elements inside")
    texts = {minidom.Node.TEXT_NODE, minidom.Node.CDATA_SECTION_NODE}
    return "".join(node.data for node in found[0].childNodes if node.nodeType in texts).strip(" \t\r\n")


def xml_result(body: bytes) -> tuple[Any, ...]:
    """The id, kind, name, day, status and figures of a place."""
    root = xml(body)
    counts = []
    names = ("IAltGyldigeStemmer", "BlankeStemmer", "AndreUgyldigeStemmer", "IAltUgyldigeStemmer", "IAltAfgivneStemmer")
    for path in ("Stemmeberettigede", *(f"Stemmer/{name}" for name in names)):
        text = leaf(root, path)
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise Unreadable(path)
        counts.append(int(text))
    name, status = leaf(root, "Sted"), leaf(root, "Status")
    place, state = places(root, "Sted")[0], places(root, "Status")[0]
    share = leaf(root, "DeltagelsePct")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", share):
        raise Unreadable("DeltagelsePct")
    head = (place.getAttribute("Id"), place.getAttribute("Type"), name, day(leaf(root, "ValgDato")))
    return (*head, state.getAttribute("Kode"), status, *counts, float(share))


def xml_index(body: bytes) -> tuple[Any, ...]:
    """The day, the moment and the places of an index."""
    root = xml(body)
    listed = []
    for path, own, parent in (
        ("Opstillingskredse/Opstillingskreds", "opstillingskreds_id", "storkreds_id"),
        ("Afstemningsomraader/Afstemningsomraade", "afstemningsomraade_id", "opstillingskreds_id"),
    ):
        found = [
            (
                node.getAttribute(own),
                node.getAttribute(parent),
                "".join(n.data for n in node.childNodes if n.nodeType in {3, 4}).strip(" \t\r\n"),
            )
            for node in places(root, path)
        ]
        if len({place for place, _, _ in found}) != len(found) or not all(re.fullmatch("[0-9]+", f[0]) for f in found):
            raise Unreadable("ids")
        listed.append(found)
    try:
        made = datetime.fromisoformat(leaf(root, "SenestDannetIso"))
    except ValueError:
        raise Unreadable("SenestDannetIso") from None
    return day(leaf(root, "ValgDato")), made, *listed


def day(text: str) -> str:
    """dd-mm-yyyy as ISO, if there is such a day."""
    try:
        if re.fullmatch(r"[0-9]{2}-[0-9]{2}-[0-9]{4}", text):
            return date(int(text[6:]), int(text[3:5]), int(text[:2])).isoformat()
    except ValueError:
        pass
    raise Unreadable(f"no day: {text[:40]!r}")


def valg_dk(body: bytes) -> Any:
    """Election, area and counts of a file of valg.dk; None where it is of a kind that is not loaded."""
    document = strict_json(body)
    if not isinstance(document, dict) or not {"Valgdeltagelse", "Resultatart"} & set(document):
        return None
    if str(document.get("Valgart", "")).casefold().startswith(("region", "folkeafstemning")):
        return None
    if "Valgdeltagelse" not in document and not any(key.startswith("Afstemningsområde") for key in document):
        return None
    try:
        counts = document.get("Valgdeltagelse", [document])
        pairs = [
            (
                [c[k] for k in ("AntalStemmeberettigedeVælgere", "AntalStemmeberretigedeVælgere") if k in c],
                c["AfgivneStemmer"],
            )
            for c in counts
        ]
        last = max(reversed(pairs), key=lambda pair: pair[1])
        moment = document["FrigivelsesTidspunktUTC"]
        if not re.fullmatch(r"[0-9-]{10} [0-9:]{8}", moment):
            raise Unreadable("FrigivelsesTidspunktUTC")
        released = datetime.fromisoformat(f"{day(moment[:10])}T{moment[11:]}")
        identity = str(document["AfstemningsområdeDagiId"])
        code = str(document["Kommunekode"]).lstrip("0")
        if not re.fullmatch(r"[0-9]{1,9}", identity) or not re.fullmatch(r"[0-9]{3}", code) or len(last[0]) != 1:
            raise Unreadable("codes")
        names = (document["Kommune"], document["Afstemningsområde"])
        return day(document["Valgdag"]), released.isoformat(), code, identity, *names, last[0][0], last[1]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Unreadable(str(error)) from None


def delimited(body: bytes) -> list[dict[str, str]]:
    """A hand-delivered CSV file, letter by letter: header → cell, of every row."""
    text = text_of(body)
    first = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    mark = ";" if first.count(";") >= first.count(",") else ","
    rows: list[list[str]] = [[]]
    cell: list[str] = []
    place, quoted, closed = 0, False, False
    while place < len(text):
        letter, place = text[place], place + 1
        if quoted and letter == '"' and text[place : place + 1] == '"':
            cell.append('"')
            place += 1
        elif quoted:
            quoted, closed = letter != '"', letter == '"'
            cell += letter if quoted else ""
        elif letter == '"' and not cell and not closed:
            quoted = True
        elif letter in {mark, "\r", "\n"}:
            rows[-1].append("".join(cell))
            cell, closed = [], False
            if letter != mark:
                place += letter == "\r" and text[place : place + 1] == "\n"
                rows.append([])
        elif closed:
            raise Unreadable("text after a closing quote")
        else:
            cell.append(letter)
    if quoted:
        raise Unreadable("an open quote")
    if rows[-1] or cell or closed:
        rows[-1].append("".join(cell))
    else:
        rows.pop()
    if len(rows) < 2 or {len(row) for row in rows} != {len(rows[0])} or len(set(rows[0])) != len(rows[0]):
        raise Unreadable("ragged, no rows, or a column twice")
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def danish(value: object, whole: bool = False) -> float | None:
    """A Danish number in a cell, or a JSON number."""
    if value is None or (isinstance(value, str) and not value.replace("\u00a0", " ").strip()):
        return None
    if type(value) in {int, float}:
        number = float(value)  # type: ignore[arg-type]
    else:
        text = str(value).replace("\u00a0", " ").strip().removesuffix("%").strip()
        if not isinstance(value, str) or not DANISH.fullmatch(text):
            raise Unreadable(f"no number: {str(value)[:40]!r}")
        number = float(text.replace(".", "").replace(",", "."))
    if not math.isfinite(number) or (whole and (number != int(number) or abs(number) > LARGEST)):
        raise Unreadable("no number of that kind")
    return number
