"""Every command, query and script of README, operations, auditors and evidence is run, on copies of the sample home.

What cannot be run here is named in `NOT_RUN` with the reason; its command line is still held against the commands that
exist (`tests/contract/test_docs_names.py`). Where an excerpt of the output stands below a command, it is compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest
from docs_blocks import Block, blocks, commands, output_of, words
from house import BIN, Home, copy_of, home_on

from sample_providers import Running, start
from warehouse.airflow import airflow_environment
from warehouse.errors import LoadRejected
from warehouse.settings import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("docs_commands")]

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *(DOCS / f"{name}.md" for name in ("operations", "auditors", "evidence"))]

NOT_RUN = {
    "make run": "builds an environment; what it then runs made the sample home",
    "make test": "is what runs this",
    "warehouse run": "made the sample home; tests/end_to_end/test_sample_run.py",
    "warehouse rebuild": "takes half a minute each; tests/end_to_end/test_rebuild.py",
    "warehouse airflow standalone": "a server, which does not end by itself",
}
MAY_FIND_NOTHING = {
    "not success": "no check failed on the sample figures",
    "from marts.revisions": "the sample home has one release, and nothing was revised",
}
SHIM = """#!{python}
import sys, zstandard
zstandard.ZstdDecompressor().copy_stream(open(sys.argv[-1], "rb"), sys.stdout.buffer)
"""


def distinct(*languages: str) -> list[Block]:
    """The blocks of all pages, those that say the same only once."""
    found = {_plain(block): block for page in reversed(PAGES) for block in blocks(page, *languages)}
    return sorted(found.values(), key=lambda block: (block.page, block.line))


def _plain(block: Block) -> str:
    return block.text.replace(".venv/bin/", "")


def not_run(command: str) -> bool:
    """Whether a command is listed."""
    return any(words(command)[: len(entry.split())] == entry.split() for entry in NOT_RUN)


@dataclass
class Desk:
    """Where a reader sits: a home, a working folder, and the programs that the pages take for granted."""

    home: Home
    folder: Path

    def run(self, script: str, program: Sequence[str] = ("sh", "-eu", "-c")) -> subprocess.CompletedProcess[str]:
        """Run a script as it stands on the page."""
        environment = {**self.home.environment, "PATH": f"{self.folder / 'bin'}:{BIN}:{os.environ['PATH']}"}
        return subprocess.run(
            [*program, script.replace("<home>", str(self.home.path))],
            env={**environment, "COLUMNS": "400"},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )


def desk(home: Home, folder: Path) -> Desk:
    """A desk in an empty folder, `.venv` being the environment of this test."""
    (folder / "bin").mkdir(parents=True)
    (folder / ".venv").symlink_to(BIN.parent, target_is_directory=True)
    if shutil.which("zstd") is None:
        (folder / "bin" / "zstd").write_text(SHIM.format(python=sys.executable))
        (folder / "bin" / "zstd").chmod(0o755)
    return Desk(home, folder)


@pytest.fixture(scope="module")
def reader(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """At a copy of the sample home, whose providers answer."""
    folder = tmp_path_factory.mktemp("reader")
    with start() as provider:
        home = _moved(copy_of(sample_home, folder / "home"), provider)
        _keep_airflow(home)
        yield desk(home, folder / "desk")


def _moved(home: Home, provider: Running) -> Home:
    return home_on(provider, home.path, WAREHOUSE_SAMPLE_INBOX=home.variables["WAREHOUSE_SAMPLE_INBOX"])


def _keep_airflow(home: Home) -> None:
    """Airflow's database was copied whole: nothing is to be migrated, which would take longer than all else here."""
    database = airflow_environment(home.settings)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    state = hashlib.sha256(f"{version('apache-airflow')} {database}".encode()).hexdigest()
    (home.path / "airflow" / ".prepared").write_text(state)


@pytest.fixture(scope="module")
def quarter_later(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """At a home of two releases, which differ in one gap."""
    folder = tmp_path_factory.mktemp("quarter")
    releases = sample_home.path / "releases"
    newest = (releases / "current").resolve().name
    for name in ("20260101T000000Z", newest):
        shutil.copytree(releases / newest, folder / "home" / "releases" / name)
    (folder / "home" / "releases" / "current").symlink_to(newest)
    older = folder / "home" / "releases" / "20260101T000000Z"
    for file in (older / "manifest.json", older / "integration_gaps.duckdb"):
        file.chmod(0o644)
    manifest = json.loads((older / "manifest.json").read_text(encoding="utf-8"))
    manifest = {**manifest, "release_id": older.name, "tables": {**manifest["tables"], "gaps": "another"}}
    (older / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with duckdb.connect(str(older / "integration_gaps.duckdb")) as connection:
        connection.execute(
            """update marts.gaps set gap_pp = gap_pp + 1 where indicator_id = 'employment_rate' and period = '2024'
            and municipality_code = '151' and sex = 'total' and target_group = 'non_western'"""
        )
    return desk(Home(folder / "home", sample_home.variables), folder / "desk")


@pytest.fixture(scope="module")
def rejected(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home after the load of the example in operations.md was rejected, and the message."""
    with start() as provider:
        copied = copy_of(sample_home, tmp_path_factory.mktemp("rejected") / "home")
        _poison(provider)
        home = _moved(copied, provider)
        with pytest.raises(LoadRejected) as refused:
            home.ingest("folk1e")
        return home, refused.value.block()


def _poison(provider: Running) -> None:
    """Seven persons too many in one cell."""
    table, cell = provider.table("FOLK1E"), {"OMRÅDE": "151", "KØN": "TOT", "ALDER": "IALT", "HERKOMST": "25"}
    table.add(7, **cell, TID="2026K3")
    table.updated = "2026-11-11T08:00:00"


def normal(text: str) -> str:
    """Output without what differs from one run to the next: ids, times, hashes, ports, counts of things kept."""
    text = re.sub(r"\d{8}T\d{6}Z(_\w+?_[0-9a-f]{6})?", "ID", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", "TIME", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    return re.sub(r"\b\d+ (files|loads|releases|events|tables|expectations|models)\b", r"N \1", text)


def absent(excerpt: str, output: str) -> list[str]:
    """The lines of an excerpt that the output does not have, each looked for after the one before."""
    missing, rest = [], normal(output)
    for line in normal(excerpt).splitlines():
        _, found, after = rest.partition(line.strip())
        if line.strip() == "…":
            continue
        if not found:
            missing.append(line)
        else:
            rest = after
    return missing


def runnable(block: Block) -> list[str]:
    """The commands of a block that are not listed."""
    return [command for command in commands(block) if not not_run(command)]


@pytest.mark.parametrize("block", [block for block in distinct("sh") if runnable(block)], ids=lambda block: block.name)
def test_commands(block: Block, reader: Desk, quarter_later: Desk) -> None:
    where = quarter_later if "releases diff" in block.text else reader
    done = where.run("\n".join(runnable(block)))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    page = next(page for page in PAGES if page.name == block.page)
    excerpt = output_of(block, page)
    if excerpt:
        assert absent(excerpt.text, done.stdout) == []


def test_what_is_not_run_is_needed_and_the_rest_must_be_able_to_run(reader: Desk) -> None:
    said = [" ".join(words(command)) for block in distinct("sh") for command in commands(block)]
    assert {entry for entry in NOT_RUN if not any(line.startswith(entry) for line in said)} == set()
    assert not not_run("warehouse verify")
    assert reader.run("warehouse verify --deep").returncode == 2
    assert reader.run("docker compose --no-such up\ntrue").returncode != 0
    assert absent("│ 3,107 of 4,911\n", "│ 3,108 of 4,911\n") == ["│ 3,107 of 4,911"]


@pytest.mark.parametrize("block", distinct("sql"), ids=lambda block: block.name)
def test_queries(block: Block, reader: Desk, rejected: tuple[Home, str]) -> None:
    ledger = "meta." in block.text
    rows = rejected[0].rows(block.text) if ledger else reader.home.published(block.text)
    if not rows:
        assert [reason for phrase, reason in MAY_FIND_NOTHING.items() if phrase in block.text]


@pytest.mark.parametrize("block", distinct("python"), ids=lambda block: block.name)
def test_scripts(block: Block, reader: Desk) -> None:
    done = reader.run(block.text, (sys.executable, "-c"))
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_rejected_load_is_told_as_the_page_tells_it(rejected: tuple[Home, str]) -> None:
    (excerpt,) = [block for block in blocks(DOCS / "operations.md", "text") if "was rejected" in block.text]
    assert absent(excerpt.text, rejected[1]) == []
    (page,) = re.findall(r"page (\S+\.html)", rejected[1])
    assert (rejected[0].path / "validation" / "loads" / page).is_file()


@pytest.mark.parametrize("what", ["payload", "release file", "manifest", "journal line", "journal line gone"])
def test_the_checks_without_our_software_find_what_was_changed(what: str, reader: Desk, tmp_path: Path) -> None:
    home = tmp_path / "home"
    release = (reader.home.path / "releases" / "current").resolve()
    for part in ("landing/statbank/ras201", "landing/.journal", f"releases/{release.name}"):
        shutil.copytree(reader.home.path / part, home / part)
    (home / "releases" / "current").symlink_to(release.name)
    chain = home / "landing" / ".journal" / "journal.jsonl"
    file, script = {
        "payload": (next((home / "landing" / "statbank" / "ras201").glob("*/data.csv.zst")), "stated.sha256"),
        "release file": (home / "releases" / "current" / "parquet" / "gaps.parquet", "sha256sum --check --quiet"),
        "manifest": (home / "releases" / "current" / "manifest.json", "sha256sum --check --quiet"),
    }.get(what, (chain, "hashlib"))
    body = file.read_bytes()
    if what == "journal line gone":
        lines = body.splitlines(keepends=True)
        changed = b"".join(lines[:4] + lines[5:])
    else:
        place = body.index(b'"release_id"') + 16 if what == "manifest" else len(body) // 2
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    file.chmod(0o644)
    file.write_bytes(changed)
    (block,) = [block for block in blocks(DOCS / "auditors.md", "sh", "python") if script in block.text]
    program = (sys.executable, "-c") if block.language == "python" else ("sh", "-eu", "-c")
    assert desk(Home(home, {}), tmp_path / "desk").run(block.text, program).returncode != 0
