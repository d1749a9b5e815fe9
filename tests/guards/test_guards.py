"""Promise: every guard can fail, and alone. Each expectation and each dbt data test has a poisoned case of its own.

The page ``docs/guards.md`` says which; ``make guards`` (``GUARDS_PAGE=write``) writes it again.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from guard_expectations import cases, possible
from guard_page import PAGE, render
from guard_rules import Proof, Rules
from guard_scratch import SINGULAR, Guard, Poison, Scratch, read_guards, unit_tests
from guard_singular import CLEAN, HAND
from house import Home

from warehouse.records import catalogue

pytestmark = pytest.mark.xdist_group("guards")


@pytest.fixture(scope="module")
def manifest(sample_home: Home) -> Path:
    return sample_home.path / "dbt" / "target" / "manifest.json"


@pytest.fixture(scope="module")
def scratch(sample_home: Home, manifest: Path) -> Scratch:
    return Scratch(sample_home.path / "warehouse.duckdb", read_guards(manifest))


@pytest.fixture(scope="module")
def proofs(scratch: Scratch) -> list[tuple[Guard, Proof]]:
    """Every data test with what proves it; half a minute of small queries."""
    rules = Rules(scratch, CLEAN)
    return [(guard, _by_hand(scratch, guard) or rules.prove(guard)) for guard in scratch.guards]


def _by_hand(scratch: Scratch, guard: Guard) -> Proof | None:
    poisons = HAND.get(guard.handle)
    if poisons is None:
        return Proof("", "no poisoned case is written for it") if guard.kind == SINGULAR else None
    faults = [fault for poison in poisons if (fault := _fault(scratch, guard, poison))]
    return Proof("; ".join(poison.words for poison in poisons), "; ".join(faults))


def _fault(scratch: Scratch, guard: Guard, poison: Poison) -> str:
    with scratch.poisoned(poison.statements):
        if not scratch.fails(guard, poison):
            return f"not tripped where {poison.words}"
        others = scratch.others_tripped(guard, poison.relations, first_only=False)
    return f"{', '.join(others)} tripped too where {poison.words}" if others else ""


def _expectation_cases(home: Home) -> tuple[set[str], set[str]]:
    marts = {name for (name,) in home.rows("select table_name from duckdb_tables() where schema_name = 'marts'")}
    seen = {name for (name,) in home.rows("select distinct expectation from meta.validations")}
    return {*marts, *catalogue()}, seen


def test_no_data_test_fails_on_the_clean_sample(scratch: Scratch) -> None:
    assert [guard.name for guard in scratch.guards if scratch.fails(guard)] == []


def test_every_data_test_is_tripped_alone(proofs: list[tuple[Guard, Proof]]) -> None:
    faults = [f"{guard.name}: {proof.fault}" for guard, proof in proofs if proof.fault]
    assert not faults, "\n".join(faults)


def test_no_poison_is_left_without_its_data_test(scratch: Scratch) -> None:
    assert set(HAND) - {guard.handle for guard in scratch.guards} == set()


def test_every_expectation_has_a_poisoned_case(sample_home: Home) -> None:
    known, seen = _expectation_cases(sample_home)
    poisoned, there = {case.expectation for case in cases(known)}, seen | possible(catalogue())
    assert sorted(there - poisoned) == [], "no poisoned case"
    assert sorted(poisoned - there) == [], "no such expectation"


def test_the_page_is_up_to_date(sample_home: Home, manifest: Path, proofs: list[tuple[Guard, Proof]]) -> None:
    known, _ = _expectation_cases(sample_home)
    words = [(guard, proof.words) for guard, proof in proofs]
    text = render(cases(known), catalogue(), words, unit_tests(manifest))
    if os.environ.get("GUARDS_PAGE") == "write":
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run `make guards`"


def _guard(name: str, kind: str, column: str, failing: str, **arguments: object) -> Guard:
    sql = f'select count(*) from (select * from "warehouse"."marts"."towns" where {failing})'
    return Guard(name, kind, "error", "marts.towns", column, arguments, frozenset({"marts.towns"}), sql)


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (_guard("other_column", "filled", "", "label is null", columns=["label"]), ""),
        (_guard("same_again", "not_null", "code", "code is null"), "always trips too: same_again"),
    ],
)
def test_a_guard_that_another_one_repeats_is_found(second: Guard, fault: str, tmp_path: Path) -> None:
    first = _guard("first", "not_null", "code", "code is null")
    assert Rules(_towns(tmp_path, [first, second])).prove(first).fault == fault


def test_a_guard_that_cannot_fail_is_found(tmp_path: Path) -> None:
    idle = _guard("idle", "accepted_values", "code", "code is null and code is not null", values=["a"])
    half = _guard("half", "filled", "", "code is null", columns=["code", "label"])
    strange = _guard("strange", "is_prime", "code", "code is null")
    rules = Rules(_towns(tmp_path, [idle, half, strange]))
    assert rules.prove(idle).fault == "nothing trips it"
    assert rules.prove(half).fault == "a null in label does not trip it"
    assert "no rule" in rules.prove(strange).fault


def _towns(path: Path, guards: list[Guard]) -> Scratch:
    """A warehouse of one table."""
    with duckdb.connect(str(path / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.towns as select * from (values ('a', 'A'), ('b', 'B')) as t(code, label)"
        )
    return Scratch(path / "warehouse.duckdb", guards)
