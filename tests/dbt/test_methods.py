"""The methods in SQL against a second computation in plain Python, and the guards around them shown to fail.

dbt compiles the models once; each test runs the compiled SQL in DuckDB over tables of its own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest
from house import BIN, Home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from methods_oracle import Effects, Stratum, effects, status

from warehouse.airflow import DBT_PROJECT, airflow_environment

pytestmark = pytest.mark.xdist_group("dbt_methods")

MODELS = ["int_gap__age_effects", "gap_decomposition", "target_progress", "peer_comparison"]
GUARDS = {
    "assert_decomposition_sums_to_the_gap": ("gap_decomposition", "rate_effect_pp = rate_effect_pp + 1e-6"),
    "assert_no_change_is_counted_across_a_break": ("gap_decomposition", "baseline_period = '2018'"),
    "assert_ranks_follow_the_gaps": ("peer_comparison", "rank = rank + 1"),
    "assert_targets_can_be_met": ("targets", "reduction_pct = 101"),
    "assert_strata_sum_to_the_counts": ("int_gap__strata", "denominator = denominator + 1"),
}
AGES = (16, 20, 25, 30)
SEXES = ("men", "women")
KEYS = "municipality_code, indicator_id, period, sex, age_group, target_group, reference_group"
MANY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL of models and singular tests, as dbt compiles it for an empty warehouse."""
    home = Home(tmp_path_factory.mktemp("compile"), {})
    where = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    scratch = ["--target-path", str(home.path / "target"), "--log-path", str(home.path / "logs")]
    done = subprocess.run(
        [str(BIN / "dbt"), "compile", "--select", *MODELS, *GUARDS, *where, *scratch],
        env={**home.environment, **airflow_environment(home.settings)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    # Compiled unit tests stand in folders called after their YAML file, under the names of the models they replace.
    found = (home.path / "target" / "compiled").rglob("*.sql")
    files = [file for file in found if not any(folder.name.endswith(".yml") for folder in file.parents)]
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database by the name that dbt knows, with the tables that the compiled models read."""
    with duckdb.connect(str(tmp_path_factory.mktemp("methods") / "warehouse.duckdb")) as connection:
        for schema in ("seeds", "intermediate", "marts"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            """
            create table marts.dim_indicator (
                indicator_id varchar, focus_area varchar, measurability varchar, higher_is_better boolean);
            insert into marts.dim_indicator values
                ('good', 'beskaeftigelse', 'measured', true), ('bad', 'beskaeftigelse', 'measured', false);
            create table marts.dim_municipality (municipality_code varchar, area_level varchar, region_code varchar);
            create table intermediate.int_gap__group_strata (
                municipality_code varchar, indicator_id varchar, period varchar, sex varchar, age_group varchar,
                age_from integer, group_id varchar, group_role varchar, numerator double, denominator double,
                has_missing boolean);
            create table intermediate.int_gap__standard_population (
                municipality_code varchar, indicator_id varchar, base_period varchar, sex varchar, age_group varchar,
                age_from integer, persons double);
            create table intermediate.int_series (
                municipality_code varchar, subarea_code varchar, indicator_id varchar, series_kind varchar,
                period varchar, segment integer, is_series_break boolean, period_start date);
            create table seeds.targets (
                municipality_code varchar, indicator_id varchar, sex varchar, age_group varchar, target_group varchar,
                reference_group varchar, baseline_period varchar, reduction_pct double, target_period varchar,
                note varchar);
            create table seeds.peer_groups (
                peer_group varchar, label_da varchar, label_en varchar, municipality_code varchar, member_code varchar);
            create table marts.gaps (
                focus_area varchar, indicator_id varchar, municipality_code varchar, municipality_name varchar,
                period varchar, period_start date, frequency varchar, sex varchar, age_group varchar,
                subarea_code varchar, target_group varchar, reference_group varchar, gap_pp double,
                gap_low_pp double, gap_high_pp double, standardised_gap_pp double, value_status varchar,
                is_series_break boolean, usage_warnings varchar[], data_origin varchar);
            """
        )
        yield connection


def fill(database: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Replace the rows of ``table``; columns that a row does not name are null."""
    database.execute(f"delete from {table}")
    if rows:
        columns = list(rows[0])
        lines = ", ".join(f"({', '.join(literal(row[column]) for column in columns)})" for row in rows)
        database.execute(f"insert into {table} ({', '.join(columns)}) values {lines}")


def literal(value: Any) -> str:
    """A value as SQL; one statement of many rows is far faster than a row at a time."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return f"{value!r}::double" if isinstance(value, float) else str(value)
    return str(value) if isinstance(value, list) else f"'{value}'"


def ask(database: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """Rows as dictionaries."""
    answer = database.execute(query)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def near(found: float | None, wanted: Any) -> bool:
    """Equal to 1e-9, or both not there."""
    return found is None if wanted is None else found is not None and abs(found - float(wanted)) <= 1e-9


counts = st.integers(0, 60).flatmap(lambda persons: st.tuples(st.integers(0, persons), st.just(persons)))
some_empty = st.one_of(counts, counts, st.just((0, 0)))
band = st.tuples(some_empty, some_empty, some_empty, some_empty, st.one_of(st.integers(0, 500), st.none()))
place = st.lists(band, min_size=8, max_size=8)
places = st.lists(place, min_size=1, max_size=12)

Place = list[tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int], int | None]]


def strata_rows(population: list[Place]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The two strata tables: target then, reference then, target now, reference now, standard, by sex and age."""
    strata, standard = [], []
    for number, bands in enumerate(population):
        for position, (*cells, persons) in enumerate(bands):
            key = {
                "municipality_code": str(number),
                "indicator_id": ("good", "bad")[number % 2],
                "age_group": "16-34",
                "sex": SEXES[position // len(AGES)],
                "age_from": AGES[position % len(AGES)],
            }
            standard.append({**key, "base_period": "2018", "persons": persons})
            for cell, (period, group, role) in zip(cells, SIDES, strict=True):
                strata.append(
                    {
                        **key,
                        "period": period,
                        "group_id": group,
                        "group_role": role,
                        "numerator": cell[0],
                        "denominator": cell[1],
                        "has_missing": False,
                    }
                )
    return strata, standard


SIDES = [
    ("2020", "non_western", "target"),
    ("2020", "others", "reference"),
    ("2024", "non_western", "target"),
    ("2024", "others", "reference"),
]


def compared(bands: Place, first: int, second: int, sex: str, with_standard: bool) -> Effects | None:
    """The oracle's answer for two of the four columns of ``bands``."""
    strata = [
        Stratum(
            SEXES[position // len(AGES)],
            AGES[position % len(AGES)],
            row[first],  # type: ignore[arg-type]
            row[second],  # type: ignore[arg-type]
            row[4] if with_standard else 0,
        )
        for position, row in enumerate(bands)
        if sex in ("total", SEXES[position // len(AGES)])
    ]
    return effects(strata)


def compute_effects(database: duckdb.DuckDBPyConnection, compiled: dict[str, str], population: list[Place]) -> None:
    """Fill the strata and make `int_gap__age_effects` of them."""
    strata, standard = strata_rows(population)
    fill(database, "intermediate.int_gap__group_strata", strata)
    fill(database, "intermediate.int_gap__standard_population", standard)
    database.execute(f"create or replace table intermediate.int_gap__age_effects as {compiled['int_gap__age_effects']}")


def gap_row(place: str, period: str, gap: float, **more: Any) -> dict[str, Any]:
    """A row of `gaps`."""
    return {
        "focus_area": "beskaeftigelse",
        "indicator_id": "good",
        "municipality_code": place,
        "municipality_name": place,
        "period": period,
        "period_start": date(int(period), 1, 1),
        "frequency": "year",
        "sex": "total",
        "age_group": "16-34",
        "subarea_code": "total",
        "target_group": "non_western",
        "reference_group": "others",
        "gap_pp": gap,
        "gap_low_pp": gap - 1,
        "gap_high_pp": gap + 1,
        "value_status": "observed",
        "is_series_break": False,
        "usage_warnings": [],
        "data_origin": "sample",
        **more,
    }


@MANY
@given(places)
def test_standardisation_is_that_of_the_oracle(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], population: list[Place]
) -> None:
    """Every number of every row, merged strata and undefined ones included."""
    compute_effects(database, compiled, population)
    rows = ask(database, "from intermediate.int_gap__age_effects")
    assert len(rows) == len(population) * 2 * 3
    for row in rows:
        bands = population[int(row["municipality_code"])]
        first = 0 if row["period"] == "2020" else 2
        wanted = compared(bands, first, first + 1, row["sex"], with_standard=True)
        sign = 1 if row["indicator_id"] == "good" else -1
        if wanted is None:
            assert row["strata_gap"] is None and row["standardised_gap"] is None and row["age_groups"] is None
            continue
        standardised = None
        if wanted.first_standardised is not None and wanted.second_standardised is not None:
            standardised = sign * (wanted.second_standardised - wanted.first_standardised)
        assert near(row["standardised_gap"], standardised)
        assert near(row["strata_gap"], sign * (wanted.second - wanted.first))
        assert near(row["rate_effect"], sign * wanted.rate)
        assert near(row["composition_effect"], sign * wanted.composition)
        assert near(row["rate_effect"] + row["composition_effect"], row["strata_gap"])
        assert row["age_groups"] == wanted.strata
        if abs(wanted.second - wanted.first) > 1e-12:
            assert (row["age_groups_reversed"], row["is_reversed_within_ages"]) == (
                wanted.reversed_strata,
                wanted.is_reversed,
            )


@MANY
@given(places)
def test_equal_composition_leaves_the_raw_gap(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], population: list[Place]
) -> None:
    """Groups and standard of one composition: standardised is raw, composition explains nothing."""
    alike: list[Place] = []
    for bands in population:
        alike.append([])
        for *cells, _ in bands:
            persons = 1 + max(cell[1] for cell in cells)
            same = [(min(cell[0], persons), persons) for cell in cells]
            alike[-1].append((same[0], same[1], same[2], same[3], 7 * persons))
    compute_effects(database, compiled, alike)
    for row in ask(database, "from intermediate.int_gap__age_effects"):
        assert near(row["standardised_gap"], row["strata_gap"])
        assert near(row["composition_effect"], 0)


@MANY
@given(places)
def test_change_is_decomposed_as_by_the_oracle(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], population: list[Place]
) -> None:
    """From 2020 to 2024: each group against itself, the reference's gain less the target's."""
    compute_effects(database, compiled, population)
    gaps = []
    for row in ask(database, "from intermediate.int_gap__age_effects where strata_gap is not null"):
        more = {"indicator_id": row["indicator_id"], "sex": row["sex"]}
        gaps.append(gap_row(row["municipality_code"], row["period"], 100 * row["strata_gap"], **more))
    fill(database, "marts.gaps", gaps)
    fill(database, "intermediate.int_series", [])
    both = {(gap["municipality_code"], gap["sex"]) for gap in gaps if gap["period"] == "2020"}
    for row in ask(database, compiled["gap_decomposition"]):
        assert near(row["level_rate_effect_pp"] + row["level_composition_effect_pp"], row["gap_pp"])
        if row["period"] == "2020" or (row["municipality_code"], row["sex"]) not in both:
            assert row["baseline_period"] == row["period"] and row["gap_change_pp"] == 0
            continue
        bands = population[int(row["municipality_code"])]
        target = compared(bands, 0, 2, row["sex"], with_standard=False)
        reference = compared(bands, 1, 3, row["sex"], with_standard=False)
        if target is None or reference is None:
            assert row["rate_effect_pp"] is None and row["composition_effect_pp"] is None
            continue
        sign = 100 if row["indicator_id"] == "good" else -100
        assert near(row["rate_effect_pp"], sign * (reference.rate - target.rate))
        assert near(row["composition_effect_pp"], sign * (reference.composition - target.composition))
        assert near(row["rate_effect_pp"] + row["composition_effect_pp"], row["gap_change_pp"])


width = st.floats(0.1, 8, allow_nan=False)
goal = st.tuples(
    st.floats(8.5, 60), width, width, st.floats(-20, 80), width, width, st.floats(1, 100), st.integers(2019, 2030)
)


@MANY
@given(st.lists(goal, min_size=1, max_size=40))
def test_status_of_a_target_is_that_of_the_oracle(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], goals: list[tuple[Any, ...]]
) -> None:
    """Baseline clearly above 0 in 2018, judged in 2022."""
    gaps, targets = [], []
    for number, (then, then_down, then_up, now, now_down, now_up, reduction, year) in enumerate(goals):
        limits = {"gap_low_pp": then - then_down, "gap_high_pp": then + then_up}
        gaps.append(gap_row(str(number), "2018", then, **limits))
        limits = {"gap_low_pp": now - now_down, "gap_high_pp": now + now_up}
        gaps.append(gap_row(str(number), "2022", now, **limits))
        keys = ("municipality_code", "indicator_id", "sex", "age_group", "target_group", "reference_group")
        target = {key: gaps[-1][key] for key in keys}
        targets.append({**target, "baseline_period": "2018", "reduction_pct": reduction, "target_period": str(year)})
    fill(database, "marts.gaps", gaps)
    fill(database, "seeds.targets", targets)
    fill(database, "intermediate.int_series", [])
    # The focus municipality's other indicators come along as not set; they are no goals.
    rows = [row for row in ask(database, compiled["target_progress"]) if row["municipality_code"] != "151"]
    assert len(rows) == len(goals)
    for row in rows:
        then, then_down, then_up, now, now_down, now_up, reduction, year = goals[int(row["municipality_code"])]
        start = date(2018, 1, 1)
        due = min(1.0, (date(2022, 1, 1) - start).days / (date(year, 1, 1) - start).days)
        limits = ((then - then_down, then, then + then_up), (now - now_down, now, now + now_up))
        assert row["status"] in {status(*limits, reduction, due, tolerance) for tolerance in (0, 1e-9, 2e-9)}
        assert near(row["target_gap_pp"], then * (1 - reduction / 100))
        assert near(row["achieved_reduction_pct"], 100 * (1 - now / then))
        assert row["reason_da"] and row["reason_en"]


@MANY
@given(st.lists(st.tuples(st.integers(-20, 40), st.booleans()), min_size=1, max_size=30))
def test_ranks_and_medians_are_those_of_plain_python(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], gaps: list[tuple[int, bool]]
) -> None:
    """Half of the municipalities are peers of the first."""
    names = [str(100 + number) for number in range(len(gaps))]
    fill(
        database,
        "marts.dim_municipality",
        [{"municipality_code": name, "area_level": "municipality", "region_code": "084"} for name in names],
    )
    fill(
        database,
        "seeds.peer_groups",
        [{"peer_group": "near", "municipality_code": "100", "member_code": name} for name in names[::2]],
    )
    rows = [
        gap_row(name, "2024", gap, usage_warnings=["small_base"] if small else [])
        for name, (gap, small) in zip(names, gaps, strict=True)
    ]
    fill(database, "marts.gaps", rows)
    ranked = [gap for gap, small in gaps if not small]
    peers = [gap for gap, small in gaps[::2] if not small]
    found = ask(database, compiled["peer_comparison"])
    assert len(found) == len(gaps)
    for row in found:
        gap, small = gaps[names.index(row["municipality_code"])]
        assert row["rank"] == (None if small else 1 + sum(other < gap for other in ranked))
        assert row["ranked_of"] == len(ranked)
        assert near(row["median_pp"], median(ranked) if ranked else None)
        is_first = row["municipality_code"] == "100"
        assert near(row["peer_median_pp"], median(peers) if peers and is_first else None)
        assert row["national_gap_pp"] is None and row["region_gap_pp"] is None


def build_everything(database: duckdb.DuckDBPyConnection, compiled: dict[str, str]) -> None:
    """A small sound warehouse: one place, two periods, one target, one comparison."""
    bands: Place = [((2 + n, 20), (9, 20 + n), (4, 20), (9, 20 + n), 100 + n) for n in range(8)]
    compute_effects(database, compiled, [bands])
    rows = ask(database, "from intermediate.int_gap__age_effects")
    gaps = [gap_row("0", row["period"], 100 * row["strata_gap"], sex=row["sex"]) for row in rows]
    fill(database, "marts.gaps", gaps)
    place = {"municipality_code": "0", "indicator_id": "good"}
    series = {**place, "subarea_code": "total", "series_kind": ""}
    years = [("2018", 1), ("2020", 2), ("2024", 2)]
    fill(database, "intermediate.int_series", [{**series, "period": year, "segment": n} for year, n in years])
    fill(database, "marts.dim_municipality", [{"municipality_code": "0", "area_level": "municipality"}])
    fill(database, "seeds.peer_groups", [])
    keys = ("municipality_code", "indicator_id", "sex", "age_group", "target_group", "reference_group")
    fill(
        database,
        "seeds.targets",
        [{**{key: gaps[0][key] for key in keys}, "reduction_pct": 50, "target_period": "2030"}],
    )
    for model in ("gap_decomposition", "target_progress", "peer_comparison"):
        database.execute(f"create or replace table marts.{model} as {compiled[model]}")
    database.execute(
        """
        create or replace table intermediate.int_gap__strata as
        select *, group_id as part from intermediate.int_gap__group_strata;
        create or replace table intermediate.int_gap__counts as
        select municipality_code, 'total' as subarea_code, indicator_id, period, sex, age_group, part,
            sum(numerator) as numerator, sum(denominator) as denominator, false as has_missing,
            ['RAS201'] as source_tables
        from intermediate.int_gap__strata group by all
        """
    )


@pytest.mark.parametrize("guard", GUARDS)
def test_guard_fails_on_its_poison_and_on_nothing_else(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], guard: str
) -> None:
    """Sound data pass all guards; one poisoned column fails the guard that is there for it, alone."""
    build_everything(database, compiled)
    assert {name: ask(database, compiled[name]) for name in GUARDS} == {name: [] for name in GUARDS}
    table, poison = GUARDS[guard]
    schema = "seeds" if table == "targets" else "intermediate" if table.startswith("int_") else "marts"
    database.execute(f"update {schema}.{table} set {poison}")
    assert [name for name in GUARDS if ask(database, compiled[name])] == [guard]


def test_reasons_exist_for_every_status(compiled: dict[str, str]) -> None:
    """No `reason_id` of the model is without its two texts."""
    texts = (Path(DBT_PROJECT) / "macros" / "progress_reasons.sql").read_text(encoding="utf-8")
    model = (Path(DBT_PROJECT) / "models" / "marts" / "methods" / "target_progress.sql").read_text(encoding="utf-8")
    for line in model.split("with_obstacle as (")[1].split("end as obstacle")[0].splitlines():
        if " then '" in line:
            assert f"'{line.split(chr(39))[-2]}': (" in texts
