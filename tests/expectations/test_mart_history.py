"""What answers for a figure that is gone, moved or jumped, and what does not."""

from __future__ import annotations

import pytest
from house import Home
from mart_scratch import FROM_COUNTS, OLD_LOAD, ONE, Scratch, added, answer, before, changed, scratch_of

from expectations import marts_history

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mart_suites")]

YEARS = ONE.replace("and period = '2024'", "")
LEVEL = """update poison set target_denominator = 10000, reference_denominator = 10000, reference_numerator = 8000,
    target_numerator = {}"""
JUMP = LEVEL.format("if(period = '2024', 5500, 6000)")
OWN = "indicator_id = 'turnout_municipal' and municipality_code = '151' and period = 'KV2021'"


@pytest.fixture(scope="module")
def scratch(sample_home: Home) -> Scratch:
    return scratch_of(sample_home)


UNREMARKABLE = {
    "the intervals overlap": added(
        JUMP, *FROM_COUNTS, "update poison set gap_low_pp = 1, gap_high_pp = 60, is_clear = true", where=YEARS
    ),
    "it always moves like that": added(
        LEVEL.format("if(cast(period as integer) % 2 = 0, 5500, 6000)"), *FROM_COUNTS, where=YEARS
    ),
    "it goes on as it went": added(
        LEVEL.format("7500 - 300 * (cast(period as integer) - 2018)"), *FROM_COUNTS, where=YEARS
    ),
    "it is small": added(LEVEL.format("if(period = '2024', 5810, 6000)"), *FROM_COUNTS, where=YEARS),
    "there is a break": added(
        JUMP, *FROM_COUNTS, "update poison set is_series_break = true where period = '2024'", where=YEARS
    ),
    "the history is short": added(JUMP, *FROM_COUNTS, where=f"{YEARS} and period >= '2020'"),
    "it is not the newest": added(LEVEL.format("if(period >= '2023', 5500, 6000)"), *FROM_COUNTS, where=YEARS),
}


@pytest.mark.parametrize("why", UNREMARKABLE)
def test_a_change_is_plausible_where(why: str, scratch: Scratch) -> None:
    with scratch.poisoned(UNREMARKABLE[why]):
        assert scratch.failing() == {}


def test_a_jump_that_a_revision_made_is_left_to_the_revisions(scratch: Scratch) -> None:
    jump = added(JUMP, *FROM_COUNTS, where=YEARS)
    revision = changed(
        f"""insert into before.gaps select * replace (['{OLD_LOAD}'] as load_ids, gap_pp - 1 as gap_pp)
        from marts.gaps where subarea_code = 'x' and period = '2024'"""
    )
    with scratch.poisoned(jump):
        assert {name for _, name in scratch.failing()} == {"newest_change_is_plausible"}
        revision(scratch.connection)
        assert scratch.failing() == {}


def test_a_cell_that_is_still_counted_is_lost_whatever_load_came_later(scratch: Scratch) -> None:
    other_group = "update poison set subarea_code = 'total', target_group = 'non_western_other'"
    with scratch.poisoned(before(other_group, f"update poison set load_ids = ['{OLD_LOAD}']")):
        assert {name for _, name in scratch.failing()} == {"no_observed_cell_lost"}


def test_a_load_that_still_owns_the_period_does_not_answer_for_it(scratch: Scratch) -> None:
    owned = f"insert into meta.period_owner values ('ras201', '2024 again', '{OLD_LOAD}')"
    periods = f"update meta.loads set periods = ['2023', '2024 again'] where load_id = '{OLD_LOAD}'"
    gone = before(f"update poison set load_ids = ['{OLD_LOAD}'], period = '2024 again'")
    with scratch.poisoned(changed(owned, periods)):
        gone(scratch.connection)
        assert {name for _, name in scratch.failing()} == {"no_observed_cell_lost"}


MOVED_WITH_REASON = {
    "by a later load": f"update before.gaps set gap_pp = gap_pp + 1, load_ids = ['{OLD_LOAD}'] where {ONE}",
    "in its standard population": f"update before.gaps set standardised_gap_pp = 99 where {ONE}",
    "in the last bits": f"update before.gaps set gap_pp = gap_pp * (1 + 1e-15) where {ONE}",
}


@pytest.mark.parametrize("how", MOVED_WITH_REASON)
def test_a_figure_may_move(how: str, scratch: Scratch) -> None:
    with scratch.poisoned(changed(MOVED_WITH_REASON[how])):
        assert scratch.failing() == {}


def test_the_largest_moves_come_first_and_own_data_name_no_value(scratch: Scratch) -> None:
    moved = changed(
        f"update before.gaps set gap_pp = 0.5 where {ONE}",
        f"update before.gaps set gap_pp = -99 where {OWN} and target_group = 'non_western'",
    )
    checks = {check.name: check for check in marts_history.build(scratch.facts)}
    with scratch.poisoned(moved):
        count, _, observed = answer(scratch.connection, checks["no_move_without_a_revision"])
    assert count == 3
    assert observed is not None
    own, _, opened = observed.partition("employment_rate")
    assert own.count("turnout_municipal 151 KV2021") == 2
    assert "from" not in own
    assert "from 0.50 to" in opened


def test_an_older_release_may_lack_a_column(scratch: Scratch) -> None:
    facts = scratch.facts
    lacking = changed("alter table before.gaps drop column rate_ratio")
    with scratch.poisoned(lacking):
        columns = facts.published_columns - {"rate_ratio"}
        for check in marts_history.build(type(facts)(5, facts.published, columns, True)):
            assert answer(scratch.connection, check)[0] == 0, check.name


def test_before_the_first_release_nothing_has_moved(scratch: Scratch) -> None:
    for check in marts_history.build(type(scratch.facts)(5)):
        assert answer(scratch.connection, check)[0] == 0, check.name
