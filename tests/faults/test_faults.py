"""Promise: whatever a provider does, a load gets in whole or not at all, in bounded time, and what was there stays.

The page ``docs/faults.md`` says what happens in each cell. Here a sample of the cells runs, by a fixed seed; the whole
matrix runs with ``FAULTS_PAGE=check``, and ``make faults`` (``FAULTS_PAGE=write``) writes the page.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from fault_bench import ALL, LONGEST_SECONDS, Bench, Outcome, matrix
from fault_page import PAGE, TAKEN, read, render, said

from ingestion import pipeline
from sample_providers import FAULTS, Misbehaviour, write_inbox
from sample_providers.__main__ import main
from sample_providers.faults import DATASETS, why_not
from sample_providers.file_faults import KINDS, spoil_inbox, why_not_a_file
from warehouse.records import catalogue
from warehouse.settings import REPOSITORY

MODE = os.environ.get("FAULTS_PAGE", "")
# Of the whole matrix, only these datasets (a comma list); the other columns of the page are left as they are.
ONLY = tuple(filter(None, os.environ.get("FAULTS_ONLY", "").split(",")))
# One dataset of each provider and each kind of reader; small ones.
SAMPLE = ("fvkom", "education_grades", "jobindsats_support", "turnout_by_origin", "valg_dk")
MORE = [("busy_seconds", "dst_elections"), ("revision_once", "dst_elections"), ("totals_off", "dst_elections")]
SEED = 6

Cells = dict[tuple[str, str], Outcome]


def applies(fault: str, dataset: str) -> bool:
    return not (why_not_a_file(fault, dataset) if dataset in KINDS else why_not(fault, dataset))


def chosen() -> list[tuple[str, str]]:
    """The cells to run: all of them, or every fault at a dataset where it can happen."""
    if MODE:
        return [(fault, dataset) for fault, dataset in matrix() if not ONLY or dataset in ONLY]
    dice = random.Random(SEED)
    return [(fault, dice.choice([name for name in SAMPLE if applies(fault, name)])) for fault in FAULTS] + MORE


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("faults"), tuple(ALL) if MODE else (*SAMPLE, "dst_elections")) as bench:
        yield bench


@pytest.fixture(scope="module")
def cells(bench: Bench) -> Cells:
    return {(fault, dataset): bench.cell(fault, dataset) for fault, dataset in sorted(chosen(), key=lambda c: c[1])}


@pytest.mark.timeout(3600 if MODE else 600)
def test_every_fault_that_passes_is_recovered_from(cells: Cells) -> None:
    wrong = [
        (cell, outcome.cell)
        for cell, outcome in cells.items()
        if FAULTS[cell[0]].passes and applies(*cell) and cell not in TAKEN
        if not (outcome.kind in ("recovered", "loaded") and outcome.figures)
        and not (cell[1] == "valg_dk" and outcome.kind == "rejected" and outcome.kept)
    ]
    assert wrong == []


def test_every_other_fault_is_refused_by_name_and_nothing_is_touched(cells: Cells) -> None:
    wrong = [
        (cell, outcome.cell)
        for cell, outcome in cells.items()
        if not FAULTS[cell[0]].passes and applies(*cell) and cell not in TAKEN
        if not (outcome.kind in ("rejected", "failed") and outcome.words and outcome.next_step and outcome.kept)
    ]
    assert wrong == []


def test_what_is_taken_in_is_no_more_than_the_page_says(cells: Cells) -> None:
    assert {cell: outcome.cell for cell, outcome in cells.items() if cell in TAKEN and outcome.kind != "loaded"} == {}


def test_nothing_waits_for_ever(cells: Cells) -> None:
    assert {cell: outcome.seconds for cell, outcome in cells.items() if outcome.seconds > LONGEST_SECONDS} == {}


def test_the_page_says_what_happened(cells: Cells) -> None:
    found = {cell: said(*cell, outcome) for cell, outcome in cells.items()}
    if MODE == "write":
        PAGE.write_text(render({**(read() if ONLY else {}), **found}), encoding="utf-8")
    page = read()
    assert {cell: text for cell, text in found.items() if page.get(cell) != text} == {}, "run `make faults`"
    assert PAGE.read_text(encoding="utf-8") == render(page), "run `make faults`"


def test_no_cell_of_the_page_is_empty() -> None:
    page = read()
    assert set(ALL) == set(catalogue())
    assert set(page) == set(matrix())
    assert [cell for cell, text in page.items() if len(text) < len("failed: x")] == []


def test_a_time_of_update_that_was_years_ahead_does_not_stop_later_loads(bench: Bench) -> None:
    with bench.copied() as settings:
        bench.provider.raw_answer = Misbehaviour("skew_ahead", "fvkom")
        assert pipeline.changed("fvkom", settings)
        skewed = pipeline.land("fvkom", settings)
        bench.provider.raw_answer = None
        assert pipeline.changed("fvkom", settings)
        assert pipeline.land("fvkom", settings) != skewed


def test_a_fault_without_its_dataset_is_that_of_all(bench: Bench) -> None:
    hook = Misbehaviour("errors_always")
    assert hook.dataset is None
    assert {name for name in DATASETS if not why_not("errors_always", name)} == set(DATASETS)
    with pytest.raises(KeyError):
        Misbehaviour("errors_always", "no_such")
    with pytest.raises(KeyError):
        Misbehaviour("no_such")


def test_every_fault_of_a_file_changes_one(tmp_path: Path) -> None:
    write_inbox(tmp_path / "inbox")
    for fault, kind in ((fault, kind) for fault in FAULTS for kind in KINDS):
        if applies(fault, kind) and fault != "revision_once":
            folder = tmp_path / fault
            shutil.copytree(tmp_path / "inbox" / kind, folder / kind)
            assert spoil_inbox(folder, fault, kind), (fault, kind)
        elif not applies(fault, kind):
            with pytest.raises(ValueError, match=fault):
                spoil_inbox(tmp_path, fault, kind)


@pytest.mark.parametrize(("words", "said"), [("no_such", "no fault"), ("cut_always:no_such", "no dataset")])
def test_an_unknown_fault_is_wrong_usage(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sample_providers", "--port", "0", "--fault", words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_person_can_ask_for_faults(tmp_path: Path) -> None:
    """The command line: one fault of one table, and one of a kind of files."""
    faults = ("--fault", "errors_always:fvkom", "--fault", "empty_always:danish_tests")
    done = _command("--port", "0", "--inbox", str(tmp_path), *faults)
    try:
        assert done.stdout is not None
        address = done.stdout.readline().split()[-1]
        done.stdout.readline()
        asked = {"table": "FVKOM", "format": "BULK", "variables": [{"code": "Tid", "values": ["2022"]}]}
        assert requests.post(f"{address}/data", json=asked, timeout=10).status_code == 503
        assert requests.post(f"{address}/data", json={**asked, "table": "KVRES"}, timeout=10).status_code != 503
        assert (tmp_path / "danish_tests" / "danskproever.csv").read_bytes() == b""
        assert (tmp_path / "interviews" / "2025-2.csv").stat().st_size > 0
    finally:
        done.terminate()
        done.wait(10)


def _command(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sample_providers", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
