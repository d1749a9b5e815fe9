"""Promise: two releases that differ are named by what differs; what a kill may add is a comparison made once more."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from chaos_compare import content

FOLK1C, FOLK1E = "20261123T083613Z_folk1c_20ab95", "20261123T083615Z_folk1e_37741b"
LATER = "20261123T090000Z_folk1e_000000"
CROSS, OWN = "countries_match_origin", "keys_are_unique"
JUDGED = [
    (FOLK1C, "raw.folk1c", CROSS, True, 0),
    (FOLK1C, "raw.folk1c", OWN, True, 0),
    (FOLK1E, "raw.folk1e", OWN, True, 0),
]


def _release(folder: Path, judged: list[tuple[str, str, str, bool, int]], extra: int = 0) -> Path:
    (folder / "parquet").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("create table v (load_id text, object_name text, expectation text, success bool, bad int)")
        connection.executemany("insert into v values (?, ?, ?, ?, ?)", judged)
        connection.execute(
            f"create table l as select load_id, count(*) + {extra} as expectations_evaluated from v group by load_id"
        )
        for name, table in (("validations", "v"), ("loads", "l")):
            connection.execute(f"copy {table} to '{folder / 'parquet' / name}.parquet'")
    return folder


@pytest.mark.parametrize(
    ("judged", "extra", "differing"),
    [
        ([*JUDGED[:2], (LATER, "raw.folk1e", OWN, True, 0)], 0, []),
        ([*JUDGED, (FOLK1E, "raw.folk1e", CROSS, True, 0)], 0, []),
        ([*JUDGED, (FOLK1E, "raw.folk1e", CROSS, False, 3)], 0, ["loads", "validations"]),
        ([*JUDGED[1:], (FOLK1E, "raw.folk1e", CROSS, True, 0)], 0, ["loads", "validations"]),
        ([*JUDGED, (FOLK1E, "raw.folk1e", "another", True, 0)], 0, ["loads", "validations"]),
        ([*JUDGED[:2], (FOLK1E, "raw.folk1e", OWN, True, 1)], 0, ["validations"]),
        (JUDGED, 1, ["loads"]),
    ],
    ids=["other ids", "made again", "made again and failed", "made there alone", "a new one", "a count", "a sum"],
)
def test_a_comparison_may_be_made_again_and_nothing_else(
    tmp_path: Path, judged: list[tuple[str, str, str, bool, int]], extra: int, differing: list[str]
) -> None:
    wanted, found = content(_release(tmp_path / "a", JUDGED)), content(_release(tmp_path / "b", judged, extra))
    assert [name for name in sorted(wanted) if wanted[name] != found[name]] == differing
