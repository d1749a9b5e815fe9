"""`warehouse trace`: a published cell ends in bytes whose hash matches, and is recomputed from them.

What the traces stand on is a copy of nothing but `landing/` and `releases/`: no build database, no network.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from house import Home

from warehouse.errors import WarehouseError
from warehouse.trace.document import document
from warehouse.trace.evidence import OWN_DATA
from warehouse.trace.keys import KEYS
from warehouse.trace.tracer import Trace, Tracer

CELLS = 200
COUNTED = {"target_group", "target_group_table", "polling_area_turnout", "unknown_shares"}
EMPLOYMENT = {"indicator_id": "employment_rate", "municipality_code": "151", "period": "2024"}
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trace")]


def lean(home: Home, path: Path) -> Home:
    """A home with the landing and the releases alone. Files are shared: whoever changes one replaces it."""
    for folder in ("landing", "releases"):
        shutil.copytree(home.path / folder, path / folder, symlinks=True, copy_function=os.link)
    return Home(path, {})


def replace(path: Path, content: bytes) -> None:
    """Put other bytes in the place of a file that other homes share."""
    path.unlink()
    path.write_bytes(content)


@pytest.fixture(scope="module")
def tracer(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracer]:
    """Everything put back once, for many cells."""
    home = lean(sample_home, tmp_path_factory.mktemp("lean") / "home")
    with Tracer(home.settings, whole=True) as found:
        yield found


@pytest.fixture
def copy(sample_home: Home, tmp_path: Path) -> Home:
    """A lean home of this test's own, to be poisoned."""
    return lean(sample_home, tmp_path / "home")


def marts(tracer: Tracer) -> list[str]:
    """Every published table."""
    found = tracer.connection.execute(
        "select distinct table_name from duckdb_columns() where schema_name = 'marts' order by 1"
    )
    return [name for (name,) in found.fetchall()]


def drawn(tracer: Tracer) -> Iterator[tuple[str, dict[str, str]]]:
    """Cells at random, the same in every run: from every mart, as evenly as it has rows."""
    chance = random.Random(20240704)
    tables = {name: keys_of(tracer, name) for name in marts(tracer)}
    left = CELLS
    for number, name in enumerate(sorted(tables, key=lambda name: (len(tables[name]), name))):
        rows = tables[name]
        taken = min(len(rows), -(-left // (len(tables) - number)))
        left -= taken
        for key in chance.sample(rows, taken):
            yield name, key


def keys_of(tracer: Tracer, table: str) -> list[dict[str, str]]:
    """The key of every row of a table."""
    rows = tracer.connection.execute(f"select {', '.join(KEYS[table])} from marts.{table} order by all").fetchall()
    found = [dict(zip(KEYS[table], row, strict=True)) for row in rows]
    return [{name: str(value) for name, value in key.items() if value is not None} for key in found]


def test_every_mart_has_a_key(tracer: Tracer) -> None:
    """One that tells each of its rows from every other."""
    for table in marts(tracer):
        key = ", ".join(KEYS[table])
        row = tracer.connection.execute(f"select count(*), count(distinct ({key})) from marts.{table}").fetchone()
        assert row and row[0] == row[1], table


def test_two_hundred_cells_end_in_bytes_and_are_recomputed(tracer: Tracer) -> None:
    """Drawn from every mart: every hash matches, every column is given again, and counts are sums of staging rows."""
    cells = list(drawn(tracer))
    assert len(cells) == CELLS
    assert {table for table, _ in cells} == {name for name in marts(tracer) if keys_of(tracer, name)}
    for table, key in cells:
        found = tracer.trace(table, key)
        assert found.holds, (table, key, found.problems)
        assert found.again and found.again.agrees, (table, key)
        assert_it_ends_in_bytes(found)
        row = found.cell.row
        if row.get("value_status", "observed") == "observed" and ("target_numerator" in row or table in COUNTED):
            assert found.sums, (table, key)
            assert all(item.agrees for item in found.sums), (table, key)


def assert_it_ends_in_bytes(found: Trace) -> None:
    """Dimensions end in a seed of the release, everything else in landed files."""
    if found.cell.table.startswith("dim_"):
        assert found.seeds
        return
    if found.cell.table == "validations" and not found.loads:
        return  # the verdict on a mart build, which has no bytes of its own
    if found.cell.row.get("indicator_id") and not found.loads:
        assert found.cell.row.get("value_status") != "observed"
        return
    assert found.loads
    for proof in found.loads:
        assert proof.files, proof.load_id
        assert all(item.now == item.stated for item in proof.files)


def test_a_cell_by_the_command_line(copy: Home) -> None:
    """From the landing and a release alone: the hash is that of the bytes, and the rows add up."""
    done = copy.warehouse(
        "trace", "gaps", "--indicator", "employment_rate", "--municipality", "151", "--period", "2024",
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    (load,) = said["loads"]
    (file,) = load["files"]
    with (copy.path / file["path"]).open("rb") as handle:
        received = zstandard.ZstdDecompressor().stream_reader(handle).read()
    assert hashlib.sha256(received).hexdigest() == file["now"] == load["sha256"]
    assert load["request"]["table"] == "RAS201"
    assert load["licence"] and load["citation"] and load["source_updated_at"]
    lines = {line.rpartition(";") for line in received.decode().splitlines()}
    codes = {place: int(value) for place, _, value in lines if value.isdecimal()}
    for counted in said["staging"]:
        assert counted["sum"] == sum(row["value"] for row in counted["rows"]) == counted["published"]
        for row in counted["rows"]:
            names = ("OMRÅDE", "SOCIO", "HERKOMST", "ALDER", "KØN", "Tid")
            assert codes[";".join(row[name].split()[0] for name in names)] == row["value"]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("gaps", {"indicator_id": "grade9_completion", "municipality_code": "000", "period": "2023"}),
        ("gap_demokrati", {"indicator_id": "turnout_by_area", "municipality_code": "151", "period": "KV2025"}),
        ("peer_comparison", {"indicator_id": "cash_benefit_share", "municipality_code": "151", "period": "2023"}),
        ("target_progress", {"indicator_id": "employment_rate", "municipality_code": "151"}),
    ],
)
def test_the_least_that_a_cell_needs_gives_the_same(copy: Home, table: str, key: dict[str, str]) -> None:
    """One municipality and its datasets give what the whole gave."""
    with Tracer(copy.settings) as narrow:
        found = narrow.trace(table, key)
    assert found.holds, found.problems


def test_a_changed_byte_is_named(copy: Home) -> None:
    """One byte of the landed payload: exit code 1, with the file."""
    (payload,) = copy.path.glob("landing/statbank/ras201/*/data.csv.zst")
    body = zstandard.ZstdDecompressor().stream_reader(payload.read_bytes()).read()
    last = body.rstrip()[-1:]
    changed = body.rstrip()[:-1] + (b"1" if last != b"1" else b"2") + b"\n"
    replace(payload, zstandard.ZstdCompressor().compress(changed))
    done = copy.warehouse(
        "trace", "gaps", "--indicator", "employment_rate", "--municipality", "151", "--period", "2024"
    )
    assert done.returncode == 1
    assert payload.relative_to(copy.path).as_posix() in done.stdout
    assert "not traced" in done.stdout


@pytest.mark.parametrize("name", ["manifest.json", "request.json"])
def test_a_changed_side_file_is_named(copy: Home, name: str) -> None:
    """What was asked for, and what was written of it, is held against the journal."""
    (path,) = copy.path.glob(f"landing/statbank/ras201/*/{name}")
    replace(path, path.read_bytes().replace(b"16-19", b"16-18"))
    with Tracer(copy.settings) as tracer:
        found = tracer.trace("gaps", EMPLOYMENT)
    assert any(path.relative_to(copy.path).as_posix() in problem for problem in found.problems)


def forged(home: Home, change: str) -> None:
    """Change the published database of the current release."""
    path = (home.path / "releases" / "current").resolve() / "integration_gaps.duckdb"
    replace(path, path.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)


def test_a_published_number_that_was_changed_is_named(copy: Home) -> None:
    """By the file that is not the published one, by the release's own SQL, and by plain Python."""
    forged(
        copy,
        """update marts.gaps set gap_pp = gap_pp - 1, target_numerator = target_numerator + 1
        where indicator_id = 'employment_rate' and municipality_code = '151' and period = '2024'""",
    )
    with Tracer(copy.settings) as tracer:
        found = tracer.trace("gaps", EMPLOYMENT)
    assert found.again and set(found.again.differing) == {"gap_pp", "target_numerator"}
    told = "\n".join(found.problems)
    assert "integration_gaps.duckdb: the file is not the one that was published" in told
    assert "marts.gaps.gap_pp: published" in told
    assert "stg_statbank__ras201 add up to" in told


def test_a_release_file_that_cannot_be_opened_is_named(copy: Home) -> None:
    """Before anything else is tried."""
    path = (copy.path / "releases" / "current").resolve() / "integration_gaps.duckdb"
    replace(path, b"no database")
    with pytest.raises(WarehouseError, match="cannot be opened") as error:
        Tracer(copy.settings)
    assert error.value.where == {"file": path.relative_to(copy.path).as_posix()}


def hidden(home: Home) -> dict[str, Any]:
    """A suppressed row of the municipality's own data."""
    keys = KEYS["gaps"]
    found = home.published(
        f"""select {", ".join(keys)} from marts.gaps where value_status = 'suppressed'
        and indicator_id in ({", ".join(repr(name) for name in OWN_DATA)}) order by all limit 1"""
    )
    return dict(zip(keys, found[0], strict=True))


def test_a_hidden_cell_shows_its_load_and_no_number(copy: Home, tracer: Tracer) -> None:
    """No row, no sum, nothing recomputed: only where it comes from, that the hash matches, and why."""
    said = document(tracer.trace("gaps", hidden(copy)))
    assert said["verdict"] == "traced"
    assert said["withheld"] == "the counts are confidential and are not shown"
    assert said["staging"] == []
    assert said["in_python"] == {}
    assert all(file["matches"] for load in said["loads"] for file in load["files"])
    numbers = [name for name, value in said["row"].items() if isinstance(value, int | float) and value is not True]
    assert set(numbers) <= {"is_provisional", "is_series_break"}


def test_a_forged_status_does_not_open_a_hidden_cell(copy: Home) -> None:
    """A release that claims a hidden cell to be observed is told wrong, without the numbers that the landing has."""
    key = hidden(copy)
    where = " and ".join(f"{name} = '{value}'" for name, value in key.items())
    forged(copy, f"update marts.gaps set value_status = 'observed', target_numerator = 987654 where {where}")
    with Tracer(copy.settings) as tracer:
        found = tracer.trace("gaps", key)
    assert not found.holds
    assert found.sums == ()
    told = [problem for problem in found.problems if problem.startswith("marts.gaps.")]
    assert {problem.partition(":")[0] for problem in told} == {"marts.gaps.value_status", "marts.gaps.target_numerator"}
    assert all(problem.endswith("the published value is not what the landing gives") for problem in told)


def test_single_rows_of_own_data_are_never_shown(tracer: Tracer) -> None:
    """An observed cell shows the sums that are published, and how many rows they are of."""
    found = tracer.connection.execute(
        f"""select distinct on (indicator_id) {", ".join(KEYS["gaps"])} from marts.gaps
        where value_status = 'observed' and indicator_id in ({", ".join(repr(name) for name in OWN_DATA)})"""
    ).fetchall()
    assert len(found) == len(OWN_DATA)
    for values in found:
        said = document(tracer.trace("gaps", dict(zip(KEYS["gaps"], values, strict=True))))
        assert said["staging"]
        assert all(item["rows"] is None and item["agrees"] for item in said["staging"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gaps", "--indicator", "employment_rate", "--municipality", "151"), "say which: --period 2018"),
        (("gaps", "--indicator", "employment_rat"), "employment_rate"),
        (("gaps", "--key", "municipality_code"), "is not column=value"),
        (("gaps", "--release", "19990101T000000Z"), "choose one of"),
    ],
)
def test_wrong_usage_says_what_to_choose(sample_home: Home, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2."""
    done = sample_home.warehouse("trace", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
