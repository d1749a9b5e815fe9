"""Promise: the quick ways of the load (counting, hashing once, codes as ENUM) let nothing through that the slow ones
refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingestion import pipeline
from ingestion.bulk import Watch
from ingestion.http import BadBody
from sample_providers import Request, start
from warehouse.errors import LoadRejected
from warehouse.landing import read_manifest, received_hash
from warehouse.settings import Settings

HEADER = ("OMRÅDE", "TID", "INDHOLD")
BODY = "OMRÅDE;TID;INDHOLD\r\n000;2024K1;1\r\n151;2024K1;2\r\n".encode()


def _watched(body: bytes, size: int) -> int:
    watch = Watch(HEADER)
    for _ in watch.over(body[at : at + size] for at in range(0, len(body), size)):
        pass
    return watch.rows


@pytest.mark.parametrize("size", [1, 2, 3, 7, 19, 1000])
def test_however_a_body_is_cut_its_lines_are_counted(size: int) -> None:
    assert _watched(BODY, size) == 2


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("good", "bad"),
    [(b"1\r\n", b"1\n\r\n"), (b"1\r\n", b"\r1\r\n"), (b"1\r\n151", b"1\n\r151"), (b";1\r\n", b",1\r\n")],
    ids=["a bare feed", "a bare return", "a line end turned round", "a separator gone"],
)
def test_however_a_garbled_body_is_cut_it_is_refused(size: int, good: bytes, bad: bytes) -> None:
    with pytest.raises(BadBody, match="garbled"):
        _watched(BODY.replace(good, bad, 1), size)


def _landed(tmp_path: Path, url: str) -> tuple[Settings, str]:
    settings = Settings(home=tmp_path / "home", statbank_url=url)
    return settings, pipeline.land("fvkom", settings)


def test_what_lies_as_it_was_landed_is_not_unpacked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> list[str]:
        raise AssertionError("hashed again")

    with start() as provider:
        settings, load_id = _landed(tmp_path, provider.statbank_url)
        monkeypatch.setattr(pipeline, "harmed_files", never)
        assert pipeline.load(load_id, settings) > 0


def test_a_landing_that_no_journal_knows_is_hashed_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start() as provider:
        with monkeypatch.context() as killed:  # between the landing and its entry into the ledger
            killed.setattr(pipeline.ledger, "enter", lambda *_, **__: None)
            settings, load_id = _landed(tmp_path, provider.statbank_url)
        (folder,) = settings.landing.glob(f"*/*/{load_id}")
        manifest = read_manifest(folder)
        assert received_hash(folder, manifest.files[0]) == manifest.sha256
        text = (folder / "manifest.json").read_text(encoding="utf-8").replace(manifest.sha256, "0" * 64)
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(LoadRejected, match="has changed since it was received"):
            pipeline.load(load_id, settings)


def test_a_code_that_nobody_asked_for_is_named_with_table_variable_and_line(tmp_path: Path) -> None:
    def poisoned(request: Request) -> Any:
        if request.format != "BULK":
            return None
        head, first, rest = request.real().whole().split(b"\r\n", 2)
        cells = first.split(b";")
        cells[0] = b"999"
        return b"\r\n".join([head, b";".join(cells), rest])

    with start(raw_answer=poisoned) as provider:
        settings, load_id = _landed(tmp_path, provider.statbank_url)
        with pytest.raises(LoadRejected, match="a code that was not asked for: '999'") as error:
            pipeline.load(load_id, settings)
    where = error.value.where
    assert (where["table"], where["column"], where["line"]) == ("FVKOM", "VALRES", 2)
