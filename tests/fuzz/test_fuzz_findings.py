"""Promise: what fuzzing found stays mended. Each case is a body that was once taken, or once ended in a traceback."""

from __future__ import annotations

import json
from typing import Any

import fuzz_corpus as corpus
import pytest
from inbox_files import turnout

from ingestion import inbox_csv, jobindsats
from ingestion.bulk import LINE_BYTES, Watch, parse_csv, parse_jsonstat
from ingestion.danish import number
from ingestion.election_xml import parse_index, parse_result
from ingestion.http import BadBody, parse_error
from ingestion.jobindsats_table import resolve
from ingestion.json_text import DEEPEST, NotJson, read_json
from ingestion.tableinfo import parse_tableinfo
from ingestion.valg_dk_json import parse_file
from warehouse.errors import LoadRejected, NotDelivered, WarehouseError
from warehouse.records import record_of
from warehouse.settings import Settings

DEEP = b"[" * 100_000
HEADER = b"A;B;INDHOLD\r\n"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(HEADER + b"1;2\r\n1;2;3;4\r\n", id="ragged lines that even out"),
        pytest.param(HEADER + b"1\r;2;3\r\n", id="a lone carriage return in a cell"),
        pytest.param(HEADER + b"1;\x00;3\r\n", id="a NUL"),
        pytest.param(HEADER + b"1;2;" + b"3" * 200_000, id="a cell longer than the csv module takes"),
    ],
)
def test_a_damaged_csv_is_broken(body: bytes) -> None:
    with pytest.raises(BadBody):
        parse_csv(body)


def test_a_bulk_body_with_more_rows_than_cells_asked_for_is_stopped_on_the_way() -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        yield b"A;INDHOLD\r\n"
        while True:
            taken += 1
            yield b"1;2\r\n" * 100

    with pytest.raises(BadBody, match="more rows than the 1000 cells"):
        for _ in Watch(("A", "INDHOLD"), 1000).over(endless()):
            pass
    assert taken == 11


def test_a_bulk_body_without_line_ends_is_stopped_on_the_way() -> None:
    chunks = iter([b"A;INDHOLD\r\n", *[b"1" * LINE_BYTES] * 50])
    with pytest.raises(BadBody, match="lines of more than"):
        for _ in Watch(("A", "INDHOLD"), 1000).over(chunks):
            pass
    assert list(chunks)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":1,"a":2}', "twice"),
        ("NaN", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("1e999", "out of range"),
        ("9" * 5000, "limit"),
        ('["\\ud800"]', "surrogate"),
        ('["\\u0000"]', "NUL"),
        ("[" * 100_000, "deeper"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deeper"),
    ],
)
def test_json_is_read_no_looser_than_it_is_written(text: str, why: str) -> None:
    with pytest.raises(NotJson, match=why):
        read_json(text.encode())


def test_json_that_is_whole_is_read() -> None:
    text = '{"a": [1, -2.5, null, true, "\\ud83d\\ude00"]}'
    assert read_json(b"\xef\xbb\xbf" + text.encode()) == {"a": [1, -2.5, None, True, "\U0001f600"]}
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST)


def test_deep_nesting_is_no_traceback_in_any_reader() -> None:
    assert parse_error(DEEP) is None
    for parse in (parse_jsonstat, parse_tableinfo, parse_csv, jobindsats._json):
        with pytest.raises(BadBody):
            parse(DEEP)
    with pytest.raises(BadBody):
        parse_csv(b'{"a":' * 20_000)
    with pytest.raises(LoadRejected):
        parse_file(DEEP, "a.json")


GOOD: dict[str, Any] = {
    "dataset": {
        "dimension": {"id": ["A"], "size": [2], "A": {"category": {"index": {"00": 0, "10": 1}}}},
        "value": [1, None],
        "updated": "2025-03-25T07:00:00Z",
    }
}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("value",), {"0": 1, "1": 2}),
        (("value",), "12"),
        (("value",), [1, "2"]),
        (("value",), [1, True]),
        (("value",), [1, [2]]),
        (("updated",), 2025),
        (("dimension", "size"), [2.0, 1]),
        (("dimension", "id"), "A"),
        (("dimension", "id"), ["A", "A"]),
        (("dimension", "A", "category", "index"), {"00": 0, "10": 0}),
        (("dimension", "A", "category", "index"), {"00": 1, "10": 2}),
        (("dimension", "A", "category", "index"), {"00": "0", "10": "1"}),
        (("dimension", "A", "category", "index"), ["00", "00"]),
        (("dimension", "A", "category", "index"), "00"),
    ],
)
def test_a_jsonstat_that_is_not_what_it_says_is_broken(place: tuple[str, ...], value: Any) -> None:
    document = json.loads(json.dumps(GOOD))
    assert parse_jsonstat(json.dumps(document).encode()).values == (1, None)
    node = document["dataset"]
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    with pytest.raises(BadBody):
        parse_jsonstat(json.dumps(document).encode())


def test_a_tableinfo_says_yes_and_no_and_not_perhaps() -> None:
    body = corpus.tableinfo("RAS201")
    assert parse_tableinfo(body).active
    for change in ((b'"active":true', b'"active":"on"'), (b'"active":true', b'"active":false,"active":true')):
        assert change[0] in body
        with pytest.raises(BadBody):
            parse_tableinfo(body.replace(*change))


def test_numbers_that_no_machine_holds_are_no_numbers() -> None:
    for value in (10**18, -(10**18), 10**400, float("inf"), "9" * 19, "9" * 5000, True, [1]):
        with pytest.raises(ValueError, match=r"no|digits"):
            number(value, "integer")
        with pytest.raises(ValueError, match=r"no|digits"):
            number(value, "decimal")
    assert number(10**18 - 1, "integer") == 10**18 - 1


RESULT = corpus.election_files()[1][0]
INDEX = corpus.election_files()[0][0]


def _changed(body: bytes, old: bytes, new: bytes) -> bytes:
    assert old in body
    return body.replace(old, new, 1)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-7", "shift_jis", "ebcdic", "x", "us-ascii", "utf-16"])
def test_xml_that_says_another_encoding_is_broken(encoding: str) -> None:
    with pytest.raises(BadBody, match="UTF-8"):
        parse_result(_changed(RESULT, b'encoding="utf-8"', f'encoding="{encoding}"'.encode()), "a.xml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</Stemmeberettigede>", b"<x/>9</Stemmeberettigede>"),
        (b"</Stemmeberettigede>", b"\xc2\xa0</Stemmeberettigede>"),
        (b"</Status>", b"<x/></Status>"),
        (b"</Sted>", b"<Sted/></Sted>"),
        (b"01-11-2022", b"31-02-2022"),
        (b"01-11-2022", "\uff101-11-2022".encode()),
    ],
)
def test_a_result_that_is_not_plain_text_is_refused(old: bytes, new: bytes) -> None:
    sample = next(body for body in corpus.election_files()[1] if b"01-11-2022" in body)
    assert parse_result(sample, "a.xml")
    with pytest.raises(LoadRejected):
        parse_result(_changed(sample, old, new), "a.xml")


def test_xml_of_persons_alone_and_not_utf8_is_broken() -> None:
    for body in (b"<Personer/>", b"<Data><Sted>\xe5</Sted></Data>"):
        with pytest.raises(BadBody):
            parse_result(body, "a.xml")


def test_names_of_candidates_are_passed_over_where_they_belong_and_nowhere_else() -> None:
    """A tag of theirs around something else would hide it: here, the name of the place."""
    sample = next(body for body in corpus.election_files()[1] if b"01-11-2022" in body)
    name = parse_result(sample, "a.xml").name.encode()
    assert b"<Personer>" in sample and name
    hidden = _changed(sample, name + b"</Sted>", b"<Personer>" + name + b"</Personer></Sted>")
    with pytest.raises(BadBody, match="Personer inside another element"):
        parse_result(hidden, "a.xml")


def test_an_index_lists_each_place_once_by_an_id_of_digits_at_a_time_without_a_zone() -> None:
    assert parse_index(INDEX, "fintal.xml").areas
    start = INDEX.index(b"<Afstemningsomraade ")
    entry = INDEX[start : INDEX.index(b"</Afstemningsomraade>", start) + len(b"</Afstemningsomraade>")]
    made = INDEX[INDEX.index(b"<SenestDannetIso>") : INDEX.index(b"</SenestDannetIso>")]
    other = entry.replace(b'afstemningsomraade_id="1', 'afstemningsomraade_id="\u0661'.encode())
    for old, new in (
        (entry, entry * 2),
        (made, made + b"+01:00"),
        (entry, other.replace(b"fintal_1", "fintal_\u0661".encode())),
    ):
        with pytest.raises(LoadRejected):
            parse_index(_changed(INDEX, old, new), "fintal.xml")


def _valg_dk(**changes: Any) -> bytes:
    document = json.loads(next(body for place, body in corpus.delivered().items() if "valgdeltagelse-701002" in place))
    return json.dumps({**document, **changes}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"Valgdag": "18-11-\uff12\uff10\uff12\uff15"},
        {"FrigivelsesTidspunktUTC": "18-11-2025 19:17:1\u0661"},
        {"AfstemningsområdeDagiId": "\u0667\u0660\u0661"},
        {"Kommune": "id0101901234"},
        {"Kommune": "010190 1234"},
    ],
)
def test_a_file_of_valg_dk_with_other_digits_or_a_hidden_number_is_refused(change: dict[str, Any]) -> None:
    assert parse_file(_valg_dk(), "a.json")
    with pytest.raises(LoadRejected) as caught:
        parse_file(_valg_dk(**change), "a.json")
    assert "0101901234" not in caught.value.block() and "010190 1234" not in caught.value.block()


def test_a_uuid_is_no_cpr_number() -> None:
    assert parse_file(_valg_dk(Region="5c8f33d2-1a2b-4c3d-9e8f-ab0101901234"), "a.json")


def _jobindsats() -> tuple[Any, Any, Settings]:
    support = record_of("jobindsats_support").support
    document = json.loads(corpus.jobindsats("table/ptv_a02", {"format": "json"}).decode("utf-8-sig"))
    return support, document, Settings(_env_file=None)  # type: ignore[call-arg]


def test_a_hierarchy_that_is_described_twice_is_broken() -> None:
    support, document, settings = _jobindsats()
    assert resolve(support, settings, document)
    document["dimensions"].append({"hierarchies": [{"hierarchy_id": "_oprinda", "levels": []}]})
    with pytest.raises(BadBody, match="twice"):
        resolve(support, settings, document)


@pytest.mark.parametrize("odd", [False, None, "2026Q1", {"period_id": 2026}, {"x": "2026Q1"}, ["2026Q1"]])
def test_a_period_that_is_none_is_not_left_out_in_silence(odd: Any) -> None:
    support, document, settings = _jobindsats()
    quarters = next(kind for kind in document["periods"] if kind["periodtype_id"] == "Q")["values"]
    assert quarters[1]["period_id"] in resolve(support, settings, document).periods
    quarters[1] = odd
    with pytest.raises(BadBody, match="something else than a period"):
        resolve(support, settings, document)


def test_a_name_of_the_provider_breaks_no_line_of_a_message() -> None:
    support, document, settings = _jobindsats()
    for dimension in document["dimensions"]:
        for hierarchy in dimension["hierarchies"]:
            if hierarchy["hierarchy_id"] == "_oprinda":
                hierarchy["hierarchy_id"] = "_op\nrinda"
    with pytest.raises(NotDelivered) as caught:
        resolve(support, settings, document)
    assert "_op\\nrinda" in caught.value.block() and caught.value.block().count("\n") == 2


def test_a_message_is_short_printable_and_steers_no_terminal() -> None:
    error = WarehouseError("a\x1b[31m\x00b\u202e\ud800" + "x" * 100_000, {"file": "two\nlines\r" + "y" * 9000})
    block = error.block()
    assert len(block) < 8000 and block.encode() and block.count("\n") == 1
    assert "\x1b" not in block and "\u202e" not in block and "\\x1b[31m" in block
    assert BadBody("one\ntwo").what == "one\\ntwo"
    names = {"source": "\x1b]0;x\x07"}
    with pytest.raises(LoadRejected) as caught:
        inbox_csv.parse(",".join([*turnout(), names["source"]]).encode() + b"\n1\n", "turnout_by_origin", "a.csv")
    assert "\x1b" not in caught.value.block()
