"""How a whole body becomes a damaged one: by bytes, by lines and cells, by the tree of a JSON document, by XML tags.

Everything is drawn from the generator that is handed in, so a body can be made again from its seed and number.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from fuzz_tokens import HOSTILE, NUMBERS, ODD, TEXTS, WHOLE

Mutator = Callable[[bytes, random.Random, Sequence[bytes]], bytes]

LARGEST = 1 << 20
NUMBER = re.compile(rb"\d+")
ELEMENT = re.compile(rb"<(\w+)([^<>]*)>([^<>]*)</\1>")
ATTRIBUTE = re.compile(rb'(\w+)="([^"]*)"')


def by_bytes(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """One change without regard to the format."""
    size = len(body)
    place = rng.randrange(size + 1)
    end = min(size, place + rng.choice((1, 1, 2, 3, 8, 40, 400)))
    before, piece, after = body[:place], body[place:end], body[end:]
    way = rng.randrange(11)
    if way == 8:
        return _a_number(body, rng)
    if way == 9:
        return _encoded(body, rng)
    if way == 10 and rng.random() < 0.1:
        return rng.choice(WHOLE)
    other = rng.choice(others)
    made = (
        before + bytes([rng.randrange(256)]) + body[place + 1 :],
        before + rng.choice(HOSTILE) + piece + after,
        before + after,
        before + piece * rng.choice((2, 2, 3, 10)) + after,
        before,
        piece + after,
        before + other[rng.randrange(len(other) + 1) :],
        before + rng.choice(HOSTILE) + after,
    )
    flipped = bytes([piece[0] ^ (1 << rng.randrange(8))]) if piece else b""
    return made[way] if way < len(made) else before + flipped + body[place + 1 :]


def by_lines(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """One change of lines or cells of delimited text."""
    end = rng.choice((b"\r\n", b"\n")) if rng.random() < 0.05 else (b"\r\n" if b"\r\n" in body else b"\n")
    lines = body.split(end)
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(10):
        case 0:
            del lines[place]
        case 1:
            lines.insert(other, lines[place])
        case 2:
            lines[place], lines[other] = lines[other], lines[place]
        case 3:
            lines.insert(place, b"")
        case 4:
            lines[place] += lines[other]
        case 5:
            end = rng.choice((b"\r", b"\n", b"\r\n", b"\n\r", b"\x0b", b"\xc2\x85"))
        case 6:
            lines[0] = lines[other] if rng.random() < 0.2 else _cells(lines[0], rng)
        case 7:
            lines = lines[:place]
        case _:
            lines[place] = _cells(lines[place], rng)
    return end.join(lines)


def by_json(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """One change of a node of a JSON document; bytes where it is none."""
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return by_bytes(body, rng, others)
    if rng.random() < 0.08:
        return _nested(body, rng)
    if isinstance(document, dict | list):
        _change(document, rng)
    made = json.dumps(document, ensure_ascii=rng.random() < 0.2, separators=rng.choice(((",", ":"), (", ", ": "))))
    out = made.encode("utf-8", "surrogatepass")
    return _key_twice(out, rng) if rng.random() < 0.1 else out


def by_xml(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """One change of an element, an attribute, or of what may stand around them."""
    if rng.random() < 0.12:
        return _xml_head(body, rng)
    pattern = ELEMENT if rng.random() < 0.8 else ATTRIBUTE
    found = list(pattern.finditer(body))
    if not found:
        return by_bytes(body, rng, others)
    one, two = rng.choice(found), rng.choice(found)
    if pattern is ATTRIBUTE:
        text = rng.choice(
            (rng.choice(HOSTILE), two[2], one[2] + b"0", NUMBER.sub(rng.choice(NUMBERS).encode(), one[2]))
        )
        made = rng.choice((one[1] + b'="' + text + b'"', b"", one[0] + b" " + one[0], one[0] + b" x" + one[0]))
        return body[: one.start()] + made + body[one.end() :]
    tag, attributes, text = one[1], one[2], one[3]
    hostile = rng.choice(HOSTILE)
    made = rng.choice(
        (
            b"",
            one[0] * 2,
            one[0] + two[0],
            two[0],
            _tagged(tag, attributes, hostile),
            _tagged(tag, attributes, rng.choice(NUMBERS).encode()),
            _tagged(tag, attributes, text + hostile),
            _tagged(tag, attributes, text[:1] + b"<!-- c -->" + text[1:]),
            _tagged(tag, attributes, text[:1] + b"<x/>" + text[1:]),
            _tagged(tag, attributes, b"<![CDATA[" + text + b"]]>"),
            _tagged(tag, attributes, text[:1] + b"<?p i?>" + text[1:]),
            _tagged(tag, attributes, b"&#" + str(rng.choice((0, 49, 8206, 1114111))).encode() + b";" + text),
            _tagged(tag, attributes, one[0]),
            _tagged(b"Personer", b"", one[0]),
            _tagged(b"x:" + tag, attributes, text),
            b"<a>" * rng.choice((3, 200, 5000)) + one[0],
            b"<a>" * 3000 + one[0] + b"</a>" * 3000,
        )
    )
    return body[: one.start()] + made + body[one.end() :]


def mutate(body: bytes, rng: random.Random, others: Sequence[bytes], own: Mutator) -> bytes:
    """A damaged body: one to three changes, most of them in the way of the format; now and then one of a megabyte."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        body = (own if rng.random() < 0.6 else by_bytes)(body, rng, others)
    if rng.random() < 0.001 and body:
        start = rng.randrange(len(body))
        piece = body[start : start + rng.choice((1, 20, 500))]
        body = body[:start] + piece * (LARGEST // len(piece) // 2) + body[start:]
    return body[:LARGEST]


def _a_number(body: bytes, rng: random.Random) -> bytes:
    found = list(NUMBER.finditer(body))
    if not found:
        return body
    one = rng.choice(found)
    return body[: one.start()] + rng.choice(NUMBERS).encode() + body[one.end() :]


def _encoded(body: bytes, rng: random.Random) -> bytes:
    text = body.decode("utf-8", "ignore")
    match rng.randrange(5):
        case 0:
            return text.encode("latin-1", "replace")
        case 1:
            return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037")), "replace")
        case 2:
            return b"\xef\xbb\xbf" + body
        case 3:
            return body.removeprefix(b"\xef\xbb\xbf")
    half = len(text) // 2
    return text[:half].encode() + text[half:].encode("latin-1", "replace")


def _cells(line: bytes, rng: random.Random) -> bytes:
    mark = b";" if line.count(b";") >= line.count(b",") else b","
    cells = line.split(mark)
    place, other = rng.randrange(len(cells)), rng.randrange(len(cells))
    match rng.randrange(8):
        case 0:
            cells[place] = rng.choice(HOSTILE)
        case 1:
            cells[place] = rng.choice(NUMBERS).encode()
        case 2:
            del cells[place]
        case 3:
            cells.insert(place, cells[other])
        case 4:
            cells[place], cells[other] = cells[other], cells[place]
        case 5:
            cells[place] = b'"' + cells[place] + rng.choice((b'"', b"", b'""'))
        case 6:
            cells[place] = rng.choice((b" ", b"\xc2\xa0", b"0", b"-")) + cells[place]
        case _:
            cells[place] += rng.choice((b" ", b"\xc2\xa0", b"0", b".0", b"\r", b"\xcc\x81"))
    return mark.join(cells)


def _change(document: Any, rng: random.Random) -> None:
    """Change one node in place: walk down at random, so that deep nodes are met too."""
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        below = node[key]
        if isinstance(below, dict | list) and below and rng.random() < 0.85:
            node = below
            continue
        break
    match rng.randrange(9):
        case 0:
            del node[key]
        case 1:
            node[key] = _value(rng)
        case 2:
            other = rng.choice(keys)
            node[key], node[other] = node[other], node[key]
        case 3 if isinstance(node, list):
            node.insert(rng.randrange(len(node) + 1), node[key])
        case 3:
            node[rng.choice(TEXTS)] = node[key]
        case 4:
            node[key] = {"x": below} if rng.random() < 0.5 else [below]
        case 5 if isinstance(below, str):
            node[key] = below[: rng.randrange(len(below) + 1)] + rng.choice((*TEXTS, *NUMBERS))
        case 5 if isinstance(below, int | float) and not isinstance(below, bool):
            broken = (float(below), below + 0.5) if abs(below) < 1e300 else ()
            node[key] = rng.choice((below + 1, -below, below * 10, str(below), *broken))
        case 6 if isinstance(below, str):
            node[key] = rng.choice((below.upper(), " " + below, below + "\u00a0", below.replace("1", "\uff11")))
        case 7 if isinstance(node, dict):
            node[str(key) + rng.choice(("", " ", "x", "\x00"))] = node.pop(key)
        case _:
            node[key] = rng.choice((*TEXTS, *NUMBERS))


def _value(rng: random.Random) -> Any:
    return rng.choice(ODD)


def _nested(body: bytes, rng: random.Random) -> bytes:
    deep = rng.choice((5, 200, 990, 1000, 5000, 100_000))
    before, after = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    place = rng.choice([0, *(found.start() for found in NUMBER.finditer(body))])
    end = len(body) if place == 0 else place + 1
    return body[:place] + before * deep + body[place:end] + after * rng.choice((deep, 0)) + body[end:]


def _key_twice(body: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb'("[^"]{1,60}"): ?("[^"]*"|-?\d+|null|\[|\{)', body))
    if not found:
        return body
    one = rng.choice(found)
    return body[: one.start()] + one[1] + b":" + rng.choice((b"0", b'"1"', b"null", b"[]")) + b"," + body[one.start() :]


def _tagged(tag: bytes, attributes: bytes, text: bytes) -> bytes:
    return b"<" + tag + attributes + b">" + text + b"</" + tag + b">"


def _xml_head(body: bytes, rng: random.Random) -> bytes:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    types = (
        b"<!DOCTYPE Data>",
        b'<!DOCTYPE Data SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE Data [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE Data [<!ENTITY l0 "lol">' + laughs + b"]>",
    )
    place = body.find(b"<Data")
    if place < 0 or rng.random() < 0.5:
        name = rng.choice(
            (b"iso-8859-1", b"utf-16", b"us-ascii", b"windows-1252", b"utf-7", b"shift_jis", b"ebcdic", b"x", b"")
        )
        return body.replace(b'encoding="utf-8"', b'encoding="' + name + b'"', 1)
    return (
        body[:place]
        + rng.choice(types)
        + body[place:].replace(b"</ValgDato>", rng.choice((b"&x;", b"&l9;", b"")) + b"</ValgDato>", 1)
    )
