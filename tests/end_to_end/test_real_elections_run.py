"""Real published election files go all the way into ``polling_area_turnout``.

Figures of the official results: dst.dk's XML of FV2011 and FV2022 (equal to StatBank's FVKOM), and valg.dk's turnout
files of KV2025 as counted at 20:00.
"""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import REAL, Home

from sample_providers import start

ELECTIONS = REAL / "elections"
FOLDERS = {"Valg1968094": "fv2022", "Valg1204271": "fv2011"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("real_elections"),
    pytest.mark.skipif(not ELECTIONS.is_dir(), reason="the real election files are not on this machine"),
]


class _RealFiles(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        folder = FOLDERS.get(parts[1]) if len(parts) == 4 else None
        file = ELECTIONS / str(folder) / parts[-1]
        body = file.read_bytes() if folder and file.is_file() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    path: Path = tmp_path_factory.mktemp("real") / "home"
    shutil.copytree(ELECTIONS / "kv2025", path / "inbox" / "valg_dk" / "kommunalvalg" / "valgdeltagelse")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _RealFiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with start() as provider:
        elections = f"http://127.0.0.1:{server.server_address[1]}/valg"
        home = Home(path, {"WAREHOUSE_STATBANK_URL": provider.statbank_url, "WAREHOUSE_ELECTIONS_URL": elections})
        home.ingest("fvkom", "dst_elections", "valg_dk")
        home.build()
        yield home
    server.shutdown()


@pytest.mark.parametrize(
    ("election", "areas", "eligible", "cast"),
    [("FV2022", 9, 34571, 28600), ("FV2011", 10, 34263, 30355), ("KV2025", 9, 41088, 26726)],
)
def test_ballerup_sums_to_the_official_result(home: Home, election: str, areas: int, eligible: int, cast: int) -> None:
    rows = home.rows(
        """select count(*), sum(eligible_voters), sum(votes_cast) from marts.polling_area_turnout
        where election_id = ? and municipality_code = '151'""",
        election,
    )
    assert rows == [(areas, eligible, cast)]


def test_glostrup_is_told_apart(home: Home) -> None:
    rows = home.rows(
        """select sum(eligible_voters) from marts.polling_area_turnout
        where election_id = 'FV2022' and municipality_code is distinct from '151'"""
    )
    assert rows == [(50797 - 34571,)]


def test_counts_at_20_are_provisional_and_the_final_count_is_not(home: Home) -> None:
    rows = home.rows(
        """select election_id, bool_and(is_provisional), bool_or(is_provisional)
        from marts.polling_area_turnout group by 1 order by 1"""
    )
    assert rows == [("FV2011", False, False), ("FV2022", False, False), ("KV2025", True, True)]


def test_area_numbers_are_those_of_valg_dk(home: Home) -> None:
    rows = home.rows(
        """select area_number, turnout_pct from marts.polling_area_turnout
        where election_id = 'FV2022' and area_id = '1972358'"""
    )
    assert rows == [(1, pytest.approx(100 * 3121 / 4054, abs=1e-12))]


def test_an_election_that_the_root_lacks_is_recorded(home: Home) -> None:
    missing = home.rows("select detail from meta.checks where dataset = 'dst_elections' order by checked_at")
    assert any("FV2015" in (row[0] or "") for row in missing)


def test_no_candidate_is_kept_outside_the_landing(home: Home) -> None:
    tables = home.rows("select table_schema, table_name from information_schema.tables where table_schema like 'raw%'")
    for schema, table in tables:
        columns = [row[0] for row in home.rows(f'describe {schema}."{table}"')]
        texts = " || ".join(f"coalesce(cast(\"{column}\" as varchar), '')" for column in columns)
        assert home.rows(f"select count(*) from {schema}.\"{table}\" where {texts} ilike '%Thomas Anker%'") == [(0,)]
