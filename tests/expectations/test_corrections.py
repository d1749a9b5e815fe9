"""The corrections ledger: what it refuses, how a load is judged through it, and that it fails once the source heals."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from corrections_ledger import Entry, entry, write
from expectation_scratch import Candidate, dst_elections, enter, folk1e, own, ras200, ras201

from expectations.run import Verdict, validate
from warehouse import corrections
from warehouse.airflow import DBT_PROJECT
from warehouse.corrections import correctable, correctable_columns
from warehouse.errors import SettingsError
from warehouse.records import catalogue
from warehouse.settings import Settings

Connection = duckdb.DuckDBPyConnection
KEY = {"OMRÅDE": "151", "KØN": "TOT", "ALDER": "IALT", "HERKOMST": "TOT", "TID": "2020K1"}
ERROR = 10


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the entries that everything reads from now on."""

    def use(*entries: Entry) -> Path:
        return write(tmp_path / corrections.FILE, entries)

    read = corrections.read
    monkeypatch.setattr(corrections, "read", lambda file=None: read(file or tmp_path / corrections.FILE))
    use()
    return use


def value(load: Candidate, **key: str) -> int:
    """The value of one cell."""
    (row,) = load.where(**key)
    return int(str(row["INDHOLD"]))


def off() -> tuple[Candidate, int]:
    """FOLK1E with one total that is wrong, and what it should be."""
    load = folk1e()
    right = value(load, **KEY)
    load.add(ERROR, **KEY)
    return load, right


def judge(connection: Connection, settings: Settings, load: Candidate) -> Verdict:
    return validate(enter(connection, settings, load), settings, connection)


def failing(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations if not item.success}


def names(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations}


# The ledger itself ----------------------------------------------------------------------------------------


def test_the_ledger_of_the_repository_is_in_order() -> None:
    assert all(item.reason_da and item.reason_en and item.decided_by for item in corrections.read())


GOOD = entry("a", "folk1e", KEY, 10, 12)
KY038 = {"OMRÅDE": "151", "YDELSESTYPE": "10000", "HERKOMST1": "25", "HERKOMST": "4", "TID": "2020"}
RATE = entry("a", "ky038", KY038, "7,3", "7.5")

REFUSED: dict[str, tuple[Entry, str]] = {
    "an unknown dataset": ({**GOOD, "dataset": "folk9"}, "dataset"),
    "an unknown table": ({**GOOD, "table_name": "folk9"}, "table_name"),
    "a column that is not there": ({**GOOD, "column_name": "VALUE"}, "column_name"),
    "a column of the key": ({**GOOD, "column_name": "KØN"}, "column_name"),
    "an unknown action": ({**GOOD, "action": "guess"}, "action"),
    "an unknown origin of figures": ({**GOOD, "data_origin": "test"}, "data_origin"),
    "a key that is not JSON": ({**GOOD, "key": "OMRÅDE=151"}, "key"),
    "a key that is a list": ({**GOOD, "key": '["151"]'}, "key"),
    "a key that is not complete": ({**GOOD, "key": '{"OMRÅDE": "151"}'}, "key"),
    "a key that names a column twice": ({**GOOD, "key": GOOD["key"].replace("}", ', "TID": "2021K1"}')}, "key"),
    "a code that is a number": ({**GOOD, "key": GOOD["key"].replace('"151"', "151")}, "key"),
    "a drop with a value": ({**GOOD, "action": "drop"}, "corrected_value"),
    "a drop of what is missing": (
        {**GOOD, "action": "drop", "corrected_value": "", "expected_value": ".."},
        "expected_value",
    ),
    "a correction without a value": ({**GOOD, "corrected_value": ""}, "corrected_value"),
    "a correction to missing": ({**GOOD, "corrected_value": ".."}, "corrected_value"),
    "a correction that changes nothing": ({**GOOD, "corrected_value": "10"}, "corrected_value"),
    "a decimal that changes nothing": ({**RATE, "corrected_value": "7.30"}, "corrected_value"),
    "a count with decimals": ({**GOOD, "corrected_value": "12,5"}, "corrected_value"),
    "a number with separators of thousands": ({**RATE, "expected_value": "1.000,5"}, "expected_value"),
    "an empty expectation": ({**GOOD, "expected_value": ""}, "expected_value"),
    "no reason": ({**GOOD, "reason_en": ""}, "reason_en"),
    "nobody who decided": ({**GOOD, "decided_by": ""}, "decided_by"),
    "stray spaces": ({**GOOD, "source": " letter"}, "source"),
    "a day that is none": ({**GOOD, "decided_on": "6/1-2026"}, "decided_on"),
    "an id that is none": ({**GOOD, "correction_id": "Fejl 1"}, "correction_id"),
    "own data": ({**GOOD, "dataset": "turnout_by_origin", "table_name": "turnout_by_origin"}, "dataset"),
    "answers of single persons": ({**GOOD, "dataset": "interviews", "table_name": "interviews"}, "dataset"),
    "a name that the warehouse gave": (
        entry("a", "valg_dk_turnout", {"election_id": "KV2025", "area_id": "1"}, "a", "b", dataset="valg_dk")
        | {"column_name": "file_name"},
        "column_name",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_entry_is_refused_with_file_line_and_column(case: str, tmp_path: Path) -> None:
    wrong, column = REFUSED[case]
    fine = entry("fine", "folk1e", {**KEY, "KØN": "1"}, 1, 2)
    with pytest.raises(SettingsError) as caught:
        corrections.read(write(tmp_path / "ledger.csv", [fine, wrong]))
    assert caught.value.where["file"] == "dbt_project/seeds/corrections.csv"
    assert caught.value.where["line"] == 3
    assert str(caught.value.where["column"]).startswith(column)
    assert caught.value.next_step


def test_one_cell_and_one_id_have_one_entry(tmp_path: Path) -> None:
    shuffled = {**GOOD, "correction_id": "b", "key": str(dict(reversed(KEY.items()))).replace("'", '"')}
    with pytest.raises(SettingsError, match=r"entry a \(line 2\) is on the same cell"):
        corrections.read(write(tmp_path / "ledger.csv", [GOOD, shuffled]))
    with pytest.raises(SettingsError, match="stands in line 2 too"):
        corrections.read(write(tmp_path / "ledger.csv", [GOOD, {**RATE, "correction_id": "a"}]))
    both = [GOOD, {**GOOD, "correction_id": "b", "data_origin": "official"}, {**RATE, "correction_id": "c"}]
    assert len(corrections.read(write(tmp_path / "ledger.csv", both))) == 3


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("correction_id;dataset\n", "header"),
        (",".join(corrections.COLUMNS) + "\na,b\n", "2 cells"),
        (",".join(corrections.COLUMNS) + '\n"a', "cannot be read"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused(text: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=what):
        corrections.read(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        corrections.read(tmp_path / "none.csv")


def test_values_are_read_in_the_type_of_their_column(tmp_path: Path) -> None:
    missing = entry("b", "ky038", {**KY038, "TID": "2021"}, "..", "7,5")
    found = corrections.read(write(tmp_path / "ledger.csv", [RATE, missing]))
    assert [(item.expected, item.corrected, item.kind) for item in found] == [
        ("7.3", "7.5", "decimal"),
        (None, "7.5", "decimal"),
    ]


def test_the_entries_of_a_row_are_told(tmp_path: Path) -> None:
    file = write(tmp_path / "ledger.csv", [GOOD])
    row = {name.lower(): code for name, code in KEY.items()} | {"load_id": "x"}
    (found,) = corrections.applied("folk1e", "folk1e", row, "sample", file)
    assert (found.correction_id, found.reason_en, found.decided_by) == ("a", "A slip of the producer", "data team")
    assert corrections.applied("folk1e", "folk1e", {**row, "tid": "2020K2"}, "sample", file) == ()
    assert corrections.applied("folk1e", "folk1e", row, "official", file) == ()


# What dbt knows of it -------------------------------------------------------------------------------------


def test_dbt_reads_the_tables_of_the_catalogue() -> None:
    macro = (DBT_PROJECT / "macros" / "corrected.sql").read_text(encoding="utf-8")
    (body,) = re.findall(r"macro correctable_tables\(\) -%\}\s*\{\{- return\((.*?)\) -\}\}", macro, re.S)
    types = {"text": "varchar", "count": "bigint", "decimal": "double"}
    expected = {}
    for record in catalogue().values():
        for table in record.raw_tables if correctable(record) else ():
            expected[table.name] = {"dataset": record.dataset, "key": list(table.key)}
            for column in correctable_columns(table):
                expected[table.name].setdefault(types[table.columns[column]], []).append(column)  # type: ignore[union-attr]
    assert ast.literal_eval(body) == expected


def test_every_model_on_a_correctable_table_reads_through_the_ledger() -> None:
    tables = {t.name for record in catalogue().values() if correctable(record) for t in record.raw_tables}
    bare, through = set(), set()
    for path in (DBT_PROJECT / "models").rglob("*.sql"):
        text = path.read_text(encoding="utf-8")
        bare |= tables & set(re.findall(r"source\('raw', '(\w+)'\)", text))
        through |= set(re.findall(r"corrected\('(\w+)'\)", text))
    assert bare == set()
    assert through == tables - {"dst_election_districts"}, "the districts are read by the expectations alone"


# How a load is judged -------------------------------------------------------------------------------------


def test_a_wrong_total_is_rejected_and_its_correction_heals_it(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    load, right = off()
    without = judge(connection, settings, load)
    assert {"origin_parts_equal_total", "sexes_equal_total"} <= failing(without)
    assert "corrections_hold" not in names(without)
    ledger(entry("a", "folk1e", KEY, right + ERROR, right))
    load.load_id = "20260202T000000Z_folk1e_aaaaaa"
    verdict = judge(connection, settings, load)
    assert verdict.success, verdict.reason
    assert failing(verdict) == set()
    (held,) = [item for item in verdict.validations if item.expectation == "corrections_hold"]
    assert (held.success, held.severity, held.object_name) == (True, "blocking", "raw.folk1e")
    as_loaded = f'select INDHOLD from raw_loads."folk1e__{load.load_id}" where ' + " and ".join(
        f"\"{name}\" = '{code}'" for name, code in KEY.items()
    )
    assert connection.execute(as_loaded).fetchall() == [(right + ERROR,)]


def test_a_dropped_total_leaves_its_group_alone(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    load, right = off()
    ledger(entry("a", "folk1e", KEY, right + ERROR, None))
    assert failing(judge(connection, settings, load)) == set()


def _healed(load: Candidate, right: int) -> Entry:
    """The provider publishes the figure that an entry corrected it to."""
    load.add(-ERROR, **KEY)
    return entry("a", "folk1e", KEY, right + ERROR, right)


def _changed(load: Candidate, right: int) -> Entry:
    """The provider publishes another figure than an entry expects and corrects it to."""
    load.add(-ERROR, **KEY)
    return entry("a", "folk1e", KEY, right + ERROR, right + 1)


def _dropped_and_healed(load: Candidate, right: int) -> Entry:
    """The provider publishes another figure than the one that an entry drops."""
    load.add(-ERROR, **KEY)
    return entry("a", "folk1e", KEY, right + ERROR, None)


def _now_missing(load: Candidate, right: int) -> Entry:
    """The provider publishes no number where an entry expects one."""
    load.where(**KEY)[0]["INDHOLD"] = None
    return entry("a", "folk1e", KEY, right + ERROR, right)


def _published_after_all(load: Candidate, right: int) -> Entry:
    """The provider publishes a number where an entry expects none."""
    load.add(-ERROR, **KEY)
    return entry("a", "folk1e", KEY, "..", right + 1)


def _matches_nothing(load: Candidate, right: int) -> Entry:
    """An entry of the corrections ledger matches no row of the load."""
    load.add(-ERROR, **KEY)
    return entry("a", "folk1e", {**KEY, "OMRÅDE": "0151"}, right, right + 1)


# expectation, dataset, how the load and the ledger part, what the finding says
POISONED: list[tuple[str, str, Callable[[Candidate, int], Entry], str]] = [
    ("corrections_hold", "folk1e", _healed, "healed: the provider publishes the corrected value; remove the entry"),
    ("corrections_hold", "folk1e", _changed, "healed or changed: the provider publishes another value"),
    ("corrections_hold", "folk1e", _dropped_and_healed, "healed or changed: the provider publishes another value"),
    ("corrections_hold", "folk1e", _now_missing, "healed or changed: the provider publishes another value"),
    ("corrections_hold", "folk1e", _published_after_all, "healed or changed: the provider publishes another value"),
    ("corrections_hold", "folk1e", _matches_nothing, "matches nothing: no row of the load has this key"),
]


@pytest.mark.parametrize("case", POISONED, ids=lambda case: case[2].__name__)
def test_an_entry_that_no_longer_holds_trips_its_check_and_only_it(
    case: tuple[str, str, Callable[[Candidate, int], Entry], str],
    ledger: Callable[..., Path],
    connection: Connection,
    settings: Settings,
) -> None:
    expectation, _, poison, says = case
    load, right = off()
    ledger(poison(load, right))
    verdict = judge(connection, settings, load)
    assert failing(verdict) == {expectation}
    assert not verdict.success
    (found,) = [item for item in verdict.validations if not item.success]
    assert found.unexpected_count == 1
    assert '"correction_id": "a"' in found.sample_keys[0]
    assert says in found.sample_keys[0]


def test_a_key_that_is_published_twice_is_told(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    load, right = off()
    load.rows.append(dict(load.where(**KEY)[0]))
    ledger(entry("a", "folk1e", KEY, right + ERROR, right))
    verdict = judge(connection, settings, load)
    assert {"corrections_hold", "keys_unique"} <= failing(verdict)
    (found,) = [item for item in verdict.validations if item.expectation == "corrections_hold"]
    assert "several rows" in found.sample_keys[0]


def test_a_small_published_value_is_masked(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    load, _ = off()
    load.where(**KEY)[0]["INDHOLD"] = 3
    ledger(entry("a", "folk1e", KEY, 4, 2))
    (found,) = [i for i in judge(connection, settings, load).validations if i.expectation == "corrections_hold"]
    assert '"published": "<5"' in found.sample_keys[0]


@pytest.mark.parametrize(
    "other", [{"data_origin": "official"}, {"key": str({**KEY, "TID": "2031K1"}).replace("'", '"')}]
)
def test_entries_of_another_origin_or_period_are_set_aside(
    other: Entry, ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    load = folk1e()
    ledger({**entry("a", "folk1e", KEY, 1, 2), **other})
    verdict = judge(connection, settings, load)
    assert verdict.success
    assert "corrections_hold" not in names(verdict)


def test_a_comparison_reads_both_sides_corrected(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    cell = {"OMRÅDE": "151", "SOCIO": "00", "HERKOMST": "25", "ALDER": "20-24", "KØN": "M", "TID": "2023"}
    counts, rates = ras201(), ras200("20260301T000000Z_ras200_aaaaaa")
    right = value(counts, **cell)
    counts.add(ERROR, **cell)
    own(connection, settings, counts)
    without = judge(connection, settings, rates)
    assert failing(without) == {"employment_rate_matches_counts"}
    ledger(entry("a", "ras201", cell, right + ERROR, right))
    rates.load_id = "20260302T000000Z_ras200_aaaaaa"
    assert failing(judge(connection, settings, rates)) == set()


def test_a_second_table_of_a_load_is_corrected_too(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    load = dst_elections()
    district = load.tables["dst_election_districts"][0]
    right = int(str(district["eligible_voters"]))
    district["eligible_voters"] = right + ERROR
    key = {"election_id": "FV2022", "district_id": "39"}
    other = {"dataset": "dst_elections", "column_name": "eligible_voters"}
    ledger(entry("a", "dst_election_districts", key, right + ERROR, right, **other))
    verdict = judge(connection, settings, load)
    assert failing(verdict) == set()
    assert "corrections_hold" in names(verdict)


def test_a_ledger_in_disorder_judges_nothing(
    ledger: Callable[..., Path], connection: Connection, settings: Settings
) -> None:
    ledger({**entry("a", "folk1e", KEY, 1, 2), "table_name": "folk9"})
    load_id = enter(connection, settings, folk1e())
    with pytest.raises(SettingsError, match="folk9"):
        validate(load_id, settings, connection)
    status = connection.execute("select status from meta.loads where load_id = ?", [load_id]).fetchall()
    assert status == [("loaded",)]
    ledger()
    assert validate(load_id, settings, connection).success
