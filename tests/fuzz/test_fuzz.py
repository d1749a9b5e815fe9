"""Promise: whatever bytes a reader meets, it reads what stands there or refuses with a message to act on.

The small form of ``make fuzz``, with the same inputs: ``FUZZ_INPUTS`` says how many a reader.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_all import READERS
from fuzz_harness import Reader, body_of, run
from fuzz_mutations import by_lines
from fuzz_readers import Bench, bench
from fuzz_rereading import csv_table

from ingestion.http import BadBody
from warehouse.errors import LoadRejected

INPUTS = int(os.environ.get("FUZZ_INPUTS", "200"))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@pytest.mark.parametrize("name", READERS)
def test_damaged_bodies_are_read_as_they_stand_or_refused(name: str, table: Bench) -> None:
    outcome = run(READERS[name](table), INPUTS)
    assert [(finding.number, finding.what) for finding in outcome.findings] == []
    assert outcome.read and outcome.refused and outcome.inputs == INPUTS


def test_an_input_is_made_again_from_its_number(table: Bench) -> None:
    reader = READERS["csv"](table)
    assert [body_of(reader, 7, n) for n in range(40)] == [body_of(reader, 7, n) for n in range(40)]
    assert len({body_of(reader, 7, n) for n in range(40)}) > 30


def _raising(error: BaseException) -> Reader:
    def read(_: bytes) -> object:
        raise error

    return Reader("bad", [b"A;INDHOLD\r\n1;2\r\n"], by_lines, read, lambda body: None)


BAD = {
    "a traceback": (_raising(ZeroDivisionError()), "ZeroDivisionError"),
    "memory": (_raising(MemoryError()), "MemoryError"),
    "an unprintable message": (_raising(LoadRejected("x", next_step="\ud800")), "cannot be printed"),
    "an endless message": (_raising(LoadRejected("x", next_step="y" * 9000)), "9"),
    "a lenient reader": (replace(_raising(BadBody("")), read=lambda b: None, reread=len), "otherwise"),
    "no retry": (replace(_raising(BadBody("broken")), retried=False), "nobody retries"),
    "a quoted CPR number": (replace(_raising(LoadRejected("x", {"cell": "010190-1234"})), retried=False), "CPR"),
    "a good file refused": (
        Reader("strict", [b"A;INDHOLD\r\n1;2\r\n"], by_lines, _raising(BadBody("no")).read, csv_table, exact=True),
        "nothing is wrong",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_the_harness_sees_what_was_not_promised(case: str) -> None:
    reader, said = BAD[case]
    outcome = run(reader, 3)
    assert outcome.findings and said in outcome.findings[0].what


def test_no_reader_is_forgotten() -> None:
    folder = Path(__file__).resolve().parents[2] / "ingestion"
    parsing = {path.stem for path in folder.glob("*.py") if "\ndef parse" in path.read_text(encoding="utf-8")}
    covered = {"bulk", "election_xml", "inbox_csv", "tableinfo", "valg_dk_json", "valgdatabase"}
    assert parsing - {"http"} == covered  # http's parse_error is read by every reader above
