"""Promise: nothing here could hold the origin of members of associations or resident boards.

Origin may not be registered there. So no kind of file, record, seed, model or table speaks of both; the one thing that
speaks of it is the indicator ``association_democracy``, which says that it is not permitted.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.inbox import kinds
from ingestion.inbox_kinds import KINDS
from sample_providers import write_inbox
from warehouse.db import writer
from warehouse.raw_views import refresh_views
from warehouse.records import catalogue
from warehouse.settings import REPOSITORY, Settings

MEMBERSHIP = re.compile(
    r"associat|forening|member(?!_of_the_list)|medlem|board|bestyrelse|beboer|resident_dem|tenant|club|klub|volunt|frivillig",
    re.IGNORECASE,
)
# Names that sound like it and are something else.
SOMETHING_ELSE = {
    "published_membership_code": "KMSTA001's membership of the National Church, summed away downstream",
    "member_code": "the municipalities of a peer group",
}
ALLOWED_KINDS = {"valg_dk", "valgdatabase", "turnout_by_origin", "interviews", "danish_tests"}
DBT = REPOSITORY / "dbt_project"


def speaks_of_membership(*names: str) -> list[str]:
    """The names that speak of membership of an association or a board."""
    return [name for name in names if MEMBERSHIP.search(name) and name not in SOMETHING_ELSE]


@pytest.mark.parametrize(
    "name", ["association_members", "foreninger", "board_member_origin", "medlemskab", "frivillige", "beboerdemokrati"]
)
def test_the_search_finds_what_it_is_for(name: str) -> None:
    assert speaks_of_membership(name) == [name]


def test_the_search_leaves_the_other_columns_alone() -> None:
    own = {column for rules in KINDS.values() for column in rules.columns}
    assert "origin" in own and speaks_of_membership(*own) == []


def test_there_is_no_kind_of_file_for_it() -> None:
    assert kinds() == ALLOWED_KINDS
    assert set(KINDS) < ALLOWED_KINDS


def test_no_record_and_no_raw_column_speaks_of_it() -> None:
    for record in catalogue().values():
        columns = [column for table in record.raw_tables for column in table.columns]
        tables = [table.name for table in record.raw_tables]
        assert speaks_of_membership(record.dataset, *tables, *columns) == [], record.dataset


def test_no_seed_has_a_column_for_it_and_one_row_says_why() -> None:
    rows = []
    for path in sorted((DBT / "seeds").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            assert speaks_of_membership(path.stem, *(reader.fieldnames or ())) == [], path.name
            if path.stem == "indicators":
                rows += [row for row in reader if row["indicator_id"] == "association_democracy"]
    (row,) = rows
    assert (row["measurability"], row["source_tables"]) == ("not_permitted", "")


def _described(document: dict[str, Any]) -> list[tuple[str, list[str]]]:
    found = []
    for section in ("models", "seeds", "snapshots"):
        for node in document.get(section, []):
            found.append((node["name"], [column["name"] for column in node.get("columns", [])]))
    for source in document.get("sources", []):
        for table in source.get("tables", []):
            found.append((table["name"], [column["name"] for column in table.get("columns", [])]))
    return found


def test_no_model_and_no_column_of_dbt_speaks_of_it() -> None:
    described = []
    for path in sorted([*DBT.glob("models/**/*.yml"), *DBT.glob("seeds/*.yml")]):
        described += _described(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    assert described
    names = [name for table, columns in described for name in (table, *columns)]
    names += [path.stem for path in DBT.glob("models/**/*.sql")]
    assert [name for name in speaks_of_membership(*names) if not name.endswith("association_democracy")] == []


def test_no_model_reads_anything_under_such_a_name() -> None:
    aliases = re.compile(r"\bas\s+([a-z_][a-z0-9_]*)", re.IGNORECASE)
    for path in sorted(DBT.glob("**/*.sql")):
        if "target" not in path.parts and "dbt_packages" not in path.parts:
            assert speaks_of_membership(*aliases.findall(path.read_text(encoding="utf-8"))) == [], path.name


def test_no_table_of_the_database_has_such_a_column(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]
    with writer(settings, "test") as connection:
        for record in catalogue().values():
            refresh_views(connection, record)
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    assert columns
    assert speaks_of_membership(*(name for row in columns for name in row)) == []


def test_the_sample_delivers_nothing_of_it(tmp_path: Path) -> None:
    written = write_inbox(tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in written} == ALLOWED_KINDS
    headers = [path.read_text(encoding="utf-8-sig").splitlines()[0] for path in written if path.suffix == ".csv"]
    assert speaks_of_membership(*headers) == []
