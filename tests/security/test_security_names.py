"""Promise: no name of a file, of a place or of a load leads out of the home, or writes lines of its own into a log."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fuzz_corpus as corpus
import pytest
from inbox_files import course, text_of

from ingestion import inbox, inbox_csv, pipeline, valg_dk
from ingestion.common import Context, State
from ingestion.election_xml import parse_index
from warehouse.errors import LoadRejected, WarehouseError
from warehouse.landing import new_load_id, place
from warehouse.records import record_of
from warehouse.settings import Settings

TURNOUT = corpus.kind("valg_dk")[0]


@pytest.fixture
def box(tmp_path: Path) -> Any:
    settings = Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]
    base = settings.inbox_folder

    def lay(name: str, body: bytes) -> Path:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    return SimpleNamespace(settings=settings, base=base, lay=lay)


def _context(box: Any, dataset: str) -> Context:
    return Context(record_of(dataset), box.settings, State())


@pytest.mark.parametrize(
    "name", ["a\nERROR all is lost\n.csv", "a\rb.csv", "a\x1b[2Jb.csv", "a\u202evsc.csv", "a\x85.csv"]
)
def test_a_file_name_with_control_characters_is_refused_on_one_line(box: Any, name: str) -> None:
    box.lay(f"danish_tests/{name}", text_of([course()]).encode())
    box.lay(f"valg_dk/{name.replace('csv', 'json')}", TURNOUT)
    for look, kind in ((inbox_csv.look, "danish_tests"), (valg_dk.look, "valg_dk")):
        with pytest.raises(LoadRejected, match="line break or control character") as caught:
            look(_context(box, kind))
        assert caught.value.block().count("\n") == 2
        assert not [letter for letter in caught.value.block().replace("\n", "") if not letter.isprintable()]


def test_an_unknown_folder_cannot_write_lines_of_its_own_into_the_log(
    box: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="warehouse")
    (box.base / "a\nERROR all is lost").mkdir(parents=True)
    assert inbox.tell_unknown(box.settings) == ["a\\nERROR all is lost"]


@pytest.mark.parametrize(
    "name",
    [
        "; rm -rf ~.csv",
        "$(id).csv",
        "'; drop table x; --.csv",
        '"quoted".csv',
        "%2e%2e%2fa.csv",
        "-rf.csv",
        "=1+1.csv",
    ],
)
def test_a_strange_name_is_only_a_name(box: Any, name: str) -> None:
    body = text_of([course()]).encode()
    box.lay(f"danish_tests/{name}", body)
    manifest = inbox_csv.land(_context(box, "danish_tests"))
    assert manifest is not None
    folder = manifest.folder(box.settings)
    landed = list(box.settings.root.rglob("*.zst"))
    assert [path.parent for path in landed] == [folder] and folder.resolve().is_relative_to(box.settings.landing)
    from fuzz_readers import bench

    with bench(box.settings.root / "bench") as table:
        assert inbox_csv.fill(table.connection, _context(box, "danish_tests"), manifest) == 1
        loaded = f'select file_name from raw_loads."danish_tests__{manifest.load_id}"'
        assert table.connection.execute(loaded).fetchall() == [(name,)]


def test_links_of_valg_dk_are_not_followed_out_and_what_cannot_be_looked_at_is_refused(
    box: Any, tmp_path: Path
) -> None:
    (tmp_path / "outside.json").write_bytes(TURNOUT)
    first = box.lay("valg_dk/a.json", TURNOUT)
    (first.parent / "out.json").symlink_to(tmp_path / "outside.json")
    (first.parent / "pipe.json").symlink_to("/dev/zero")
    assert "1 files" in valg_dk.look(_context(box, "valg_dk")).detail
    loop = first.parent / "loop.json"
    loop.symlink_to(loop)
    with pytest.raises(LoadRejected, match=r"loop\.json is refused"):
        valg_dk.look(_context(box, "valg_dk"))


def test_a_file_of_valg_dk_with_a_name_of_strange_bytes_is_refused(box: Any) -> None:
    box.lay("valg_dk/a.json", TURNOUT)
    Path(os.fsdecode(os.fsencode(box.base / "valg_dk") + b"/\xe6.json")).write_bytes(TURNOUT)
    with pytest.raises(LoadRejected, match="not UTF-8"):
        valg_dk.look(_context(box, "valg_dk"))


@pytest.mark.parametrize(
    "load_id", ["../../x", "*", "", "..", "20250101T000000Z_folk1e_abcdef/..", "[2]*", "\n", "a" * 5000]
)
def test_a_load_id_is_no_path_and_no_pattern(tmp_path: Path, load_id: str) -> None:
    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    (tmp_path / "landing" / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "landing" / "a" / "b" / "c" / "manifest.json").write_text("{}")
    with pytest.raises(LoadRejected, match="no landing"):
        pipeline._manifest(load_id, settings)
    assert pipeline.LOAD_ID.fullmatch(new_load_id("folk1e"))


@pytest.mark.parametrize("path", ["../x", "/etc", "landing/../../x", "landing/a/../..", "", "releases/x", "landing2/x"])
def test_a_manifest_names_no_folder_outside_the_landing(tmp_path: Path, path: str) -> None:
    with pytest.raises(WarehouseError, match="no folder of the landing"):
        place(Settings(home=tmp_path, _env_file=None), path)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "link", ["../../etc/passwd", "http://169.254.169.254/fintal_1214600.xml/x", "fintal_1214601.xml", ""]
)
def test_a_link_of_an_index_that_is_not_its_own_is_refused(link: str) -> None:
    index = corpus.election_files()[0][0].decode()
    start = index.index("<Afstemningsomraade ")
    first = index[start : index.index(">", start)]
    own = first.split('filnavn="')[1].split('"')[0]
    with pytest.raises(LoadRejected, match="link"):
        parse_index(index.replace(own, link, 1).encode(), "fintal.xml")


@pytest.mark.parametrize("identity", ["../1", "1/2", "\u0661", "1" * 400, "", "1\n"])
def test_an_id_of_an_index_that_is_no_number_names_no_file(identity: str) -> None:
    index = corpus.election_files()[0][0].decode()
    start = index.index("<Afstemningsomraade ")
    own = index[start:].split('afstemningsomraade_id="')[1].split('"')[0]
    poisoned = index.replace(f'"{own}"', f'"{identity}"').replace(f"fintal_{own}.xml", f"fintal_{identity}.xml")
    with pytest.raises(LoadRejected):
        parse_index(poisoned.encode(), "fintal.xml")


def test_a_landed_name_stays_in_its_folder() -> None:
    names = ["a.csv", "b/a.csv", "b__a.csv", "x" * 300 + ".csv", "../a.csv"]
    landed = inbox._landed_names(names)
    assert len(set(landed)) == len(names) and not [name for name in landed if "/" in name or len(name.encode()) > 200]
    assert json.dumps(landed)
