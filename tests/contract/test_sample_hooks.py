"""The seams for poisoned cases: mutate, live tables, raw_answer and the log of requests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from sample_providers import Answer, Request, Running, Table, start

CELL = {"OMRÅDE": "151", "KØN": "TOT", "ALDER": "IALT", "HERKOMST": "25", "Tid": "2019K4"}


def body(**changes: str) -> dict[str, object]:
    variables = [{"code": name, "values": [code]} for name, code in {**CELL, **changes}.items()]
    return {"table": "FOLK1E", "format": "BULK", "valuePresentation": "Code", "variables": variables}


def rows(sample: Running, **changes: str) -> list[str]:
    return requests.post(f"{sample.statbank_url}/data", json=body(**changes), timeout=5).text.split("\r\n")[1:-1]


def info(sample: Running) -> dict[str, list[dict[str, str]]]:
    """The texts and codes by variable as tableinfo gives them."""
    answer = requests.get(f"{sample.statbank_url}/tableinfo?id=FOLK1E", timeout=5).json()
    return {variable["id"]: variable["values"] for variable in answer["variables"]}


def only_folk1e(change: Callable[[Table], object]) -> Callable[[Table], object]:
    return lambda table: change(table) if table.id == "FOLK1E" else None


def test_mutate_changes_description_and_figures() -> None:
    def poison(table: Table) -> None:
        table.active = False
        table.updated = "2026-11-11T08:00:00"
        table.set(1, **CELL)
        table.relabel("HERKOMST", "25", "Noget andet")
        table.add_code("HERKOMST", "99", "Ukendt", value=7)
        table.remove_period("2018K1")

    with start(mutate=only_folk1e(poison)) as sample:
        described = requests.get(f"{sample.statbank_url}/tableinfo?id=FOLK1E", timeout=5).json()
        values = info(sample)
        assert (described["active"], described["updated"]) == (False, "2026-11-11T08:00:00")
        assert {"id": "25", "text": "Noget andet"} in values["HERKOMST"] and values["Tid"][0]["id"] == "2018K2"
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;1"]
        assert rows(sample, HERKOMST="99") == ["151;TOT;IALT;99;2019K4;7"]
    with start() as healthy:
        assert rows(healthy) == ["151;TOT;IALT;25;2019K4;4037"]


def test_variables_and_codes_can_be_renamed_and_removed() -> None:
    with start() as sample:
        table = sample.table("folk1e")
        table.rename_variable("HERKOMST", "OPRINDELSE")
        assert list(info(sample)) == ["OMRÅDE", "KØN", "ALDER", "OPRINDELSE", "Tid"]
        refused = requests.post(f"{sample.statbank_url}/data", json=body(), timeout=5)
        assert refused.json()["message"] == "Der skal vælges værdier for variabel: OPRINDELSE"
        table.recode("OPRINDELSE", "TOT", "00")
        table.remove_code("OPRINDELSE", "24")
        assert [value["id"] for value in info(sample)["OPRINDELSE"]] == ["00", "1", "25", "34", "35"]
        table.remove_variable("KØN")
        assert table.get(område="151", alder="IALT", oprindelse="00", tid="2019K4") == 48475


def test_live_table_gives_a_revision_and_a_new_period() -> None:
    with start() as sample:
        table = sample.table("FOLK1E")
        table.add(3, **CELL)
        table.add_period("2026K4")
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;4040"]
        assert rows(sample, Tid="2026K4")[0].rpartition(";")[2] == rows(sample, Tid="2026K3")[0].rpartition(";")[2]
        table.set(None, **CELL)
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;.."] and table.get(**CELL) is None
        table.set(10**12, **CELL)
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;1000000000000"]


def test_open_variables_are_read_and_set_at_once() -> None:
    with start() as sample:
        table = sample.table("FOLK1E")
        one_area = {**CELL, "OMRÅDE": ["151", "161"]}
        assert table.get(**one_area) == [4037, 2420]
        table.set(0, Tid="2019K4")
        assert table.get(**one_area) == [0, 0] and rows(sample) == []
        with pytest.raises(KeyError, match="no code '152'"):
            table.get(OMRÅDE="152")
        with pytest.raises(KeyError, match="no variable 'SEX'"):
            table.get(SEX="1")


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        (b"<html>", 200, "<html>"),
        ((503, {"Retry-After": "1"}, b"busy"), 503, "busy"),
        (Answer(429, {}, iter([b"slow", b" down"])), 429, "slow down"),
    ],
)
def test_raw_answer_replaces_one_call(given: Answer | bytes, status: int, text: str) -> None:
    with start(
        raw_answer=lambda request: given if request.format == "BULK" and request.number == 1 else None
    ) as sample:
        first = requests.post(f"{sample.statbank_url}/data", json=body(), timeout=5)
        assert (first.status_code, first.text) == (status, text)
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;4037"]
        assert sample.requests == [("POST", "/v1/data", "FOLK1E", "BULK")] * 2
        assert sample.data_calls() == sample.data_calls("FOLK1E") == 2 and sample.data_calls("RAS201") == 0


def test_raw_answer_may_alter_or_cut_the_real_one() -> None:
    def cut(request: Request) -> tuple[int, dict[str, str], bytes]:
        whole = request.real().whole()
        return 200, {"Content-Length": str(len(whole))}, whole[:-5]

    with start() as sample:
        sample.raw_answer = lambda request: request.real().whole().replace(b"4037", b"9999")
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;9999"]
        sample.raw_answer = cut
        with pytest.raises(requests.exceptions.RequestException):
            rows(sample)
        sample.raw_answer = None
        assert rows(sample) == ["151;TOT;IALT;25;2019K4;4037"]


def test_a_mistake_in_a_hook_is_a_500(capsys: pytest.CaptureFixture[str]) -> None:
    def mistake(request: Request) -> bytes:
        raise ValueError("a mistake in the test")

    with start(raw_answer=mistake) as sample:
        answer = requests.get(f"{sample.statbank_url}/subjects", timeout=5)
    assert answer.status_code == 500 and "a mistake in the test" in answer.text
    assert "a mistake in the test" in capsys.readouterr().err


def test_command_prints_both_addresses() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "sample_providers", "--port", "0"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            statbank, elections = (process.stdout.readline().split()[1] for _ in range(2))
            assert requests.get(f"{statbank}/subjects", timeout=10).status_code == 200
            assert requests.get(f"{elections}/Valg1968094/xml/fintal.xml", timeout=10).status_code == 200
            assert statbank.removesuffix("/v1") == elections.removesuffix("/valg")
        finally:
            process.terminate()
