"""Promise: the parsers take what StatBank publishes, byte for byte, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingestion.bulk import Watch
from ingestion.http import BadBody
from ingestion.statbank import parse_csv, parse_jsonstat, parse_tableinfo
from warehouse.errors import ProviderError

INFO: dict[str, Any] = {
    "id": "FOLK1E",
    "text": "t",
    "description": "d",
    "unit": "Antal",
    "suppressedDataValue": "0",
    "updated": "2025-08-11T08:00:00",
    "active": True,
    "variables": [
        {
            "id": "Tid",
            "text": "tid",
            "elimination": False,
            "time": True,
            "values": [{"id": "2019", "text": "2019"}],
        }
    ],
}
ERROR = b'{"errorTypeCode":"EXTRACT-NOTFOUND","message":"Tabel findes ikke: X"}'


@pytest.mark.parametrize(
    "change",
    [
        {"updated": "yesterday"},
        {"updated": "2025-08-11T08:00:00Z"},
        {"variables": []},
        {"active": "perhaps"},
        {"variables": [{**INFO["variables"][0], "values": []}]},
        {"variables": [{**INFO["variables"][0], "values": [{"id": "1", "text": "a"}] * 2}]},
    ],
)
def test_a_tableinfo_out_of_shape_is_broken(change: dict[str, Any]) -> None:
    with pytest.raises(BadBody, match="cannot be read"):
        parse_tableinfo(json.dumps({**INFO, **change}).encode())


@pytest.mark.parametrize("key", ["id", "updated", "active", "variables", "unit"])
def test_a_tableinfo_without_a_part_is_broken(key: str) -> None:
    with pytest.raises(BadBody, match=key):
        parse_tableinfo(json.dumps({k: v for k, v in INFO.items() if k != key}).encode())


def test_a_good_tableinfo_is_read_with_and_without_a_byte_order_mark() -> None:
    body = json.dumps(INFO).encode()
    assert parse_tableinfo(body, "folk1e") == parse_tableinfo(b"\xef\xbb\xbf" + body)


@pytest.mark.parametrize("parse", [parse_csv, parse_jsonstat, parse_tableinfo])
def test_an_error_body_is_the_providers_error(parse: Any) -> None:
    with pytest.raises(ProviderError, match="EXTRACT-NOTFOUND: Tabel findes ikke: X"):
        parse(ERROR)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"A;INDHOLD\r\n1;2",
        b"A;INDHOLD\r\n1;2\r",
        b"A;INDHOLD\r\n1;2\n",
        b"A;INDHOLD\r\n1\r\n",
        b"A;INDHOLD\r\n1;2;3\r\n",
        b"A;INDHOLD\n1;2\n",
        b"<html>\r\n",
        b"A;ANTAL\r\n1;2\r\n",
        b"A;INDHOLD\r\n\xff;2\r\n",
    ],
)
def test_a_broken_csv_is_broken(body: bytes) -> None:
    with pytest.raises(BadBody):
        parse_csv(body)


def test_a_csv_keeps_its_zeros_with_and_without_a_byte_order_mark() -> None:
    body = "OMRÅDE;TID;INDHOLD\r\n000;2019;..\r\n084;2019;37,7\r\n".encode()
    rows = [("000", "2019", ".."), ("084", "2019", "37,7")]
    assert parse_csv(body) == parse_csv(b"\xef\xbb\xbf" + body) == (("OMRÅDE", "TID", "INDHOLD"), rows)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_watch_counts_the_same_however_the_body_is_cut_into_chunks(size: int) -> None:
    body = "\ufeffKØN;TID;INDHOLD\r\n".encode() + "Æ;2019;1\r\n".encode() * 50
    watch = Watch(("KØN", "TID", "INDHOLD"))
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    assert b"".join(watch.over(chunks)) == body
    assert watch.rows == 50


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("end", [1, 2, 5, 9])
def test_the_watch_sees_a_missing_end_however_the_body_is_cut(size: int, end: int) -> None:
    body = (b"A;INDHOLD\r\n" + b"1;234567\r\n" * 5)[:-end]
    with pytest.raises(BadBody):
        for _ in Watch(("A", "INDHOLD")).over(body[s : s + size] for s in range(0, len(body), size)):
            pass


def test_a_jsonstat_with_too_few_values_is_broken() -> None:
    dimension = {"id": ["A"], "size": [2], "A": {"category": {"index": {"00": 0, "10": 1}}}}
    good = {"dataset": {"dimension": dimension, "value": [1, None], "updated": "2025-03-25T07:00:00Z"}}
    assert parse_jsonstat(json.dumps(good).encode()).dimensions == {"A": ("00", "10")}
    good["dataset"]["value"] = [1]
    with pytest.raises(BadBody, match="number of values"):
        parse_jsonstat(json.dumps(good).encode())
