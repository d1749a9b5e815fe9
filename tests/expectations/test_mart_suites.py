"""Each expectation of the marts has a poisoned build that trips it and only it; the sample's marts trip none."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from house import Home
from mart_scratch import FROM_COUNTS, FROM_RATES, OLD_LOAD, ONE, Scratch, added, before, changed, run, scratch_of, take

from expectations import marts
from expectations.checks import ADVISORY
from expectations.marts_history import NAMES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mart_suites")]

ADVISORY_ONES = {
    "no_cell_withdrawn_by_a_load",
    "no_cell_lost_to_new_rules",
    "no_move_by_new_rules",
    "newest_change_is_plausible",
}
NEW_RULES = {"no_cell_lost_to_new_rules", "no_move_by_new_rules"}
ALL_SEXES = ONE.replace("sex = 'total'", "sex in ('total', 'men', 'women')")
ALL_TARGETS = ONE.replace("and target_group = 'non_western'", "")
BOTH_REFERENCES = ONE.replace("and reference_group = 'others'", "")
ALL_YEARS = ONE.replace("and period = '2024'", "")
DESCENDANTS = "indicator_id = 'turnout_municipal' and municipality_code = '161' and period = 'KV2017'"
PROGRESS = "update marts.target_progress set {} where indicator_id = 'employment_rate'"
COVERED = "indicator_id = 'association_democracy' and municipality_code = '151'"

Poison = Callable[[duckdb.DuckDBPyConnection], None]


def in_first(mart: str, change: str, where: str = "true") -> Poison:
    """Change one row of a mart."""
    return changed(
        f"update marts.{mart} set {change} where rowid = (select min(rowid) from marts.{mart} where {where})"
    )


def open_one_of_two(connection: duckdb.DuckDBPyConnection) -> None:
    """Show the immigrants of a stratum in which they and the descendants are hidden."""
    hidden = f"{DESCENDANTS} and target_group = 'non_western_immigrant'"
    take(connection, hidden)
    run(
        connection,
        f"create temp table shown as from marts.gaps where {DESCENDANTS} and target_group = 'non_western'",
        """update poison set subarea_code = 'total', value_status = 'observed', target_numerator = 710,
            target_denominator = 1593, reference_numerator = shown.reference_numerator,
            reference_denominator = shown.reference_denominator
        from shown where shown.reference_group = poison.reference_group""",
        *FROM_COUNTS,
    )
    for mart in ("gaps", "gap_demokrati"):
        run(connection, f"delete from marts.{mart} where {hidden}", f"insert into marts.{mart} from poison")


POISONED: dict[str, Poison] = {
    "rate_is_numerator_of_denominator": added(
        "update poison set target_rate_pct = target_rate_pct + 0.001",
        FROM_RATES,
    ),
    "gap_is_positive_for_the_worse_off": added(
        "update poison set gap_pp = gap_pp + 0.001",
        "update poison set persons_to_parity = gap_pp / 100 * target_denominator",
    ),
    "gap_lies_in_its_interval": added("update poison set gap_low_pp = gap_pp + 0.01, is_clear = true"),
    "is_clear_where_interval_excludes_zero": added("update poison set is_clear = not is_clear"),
    "ratio_is_target_over_reference": added("update poison set rate_ratio = 1 / rate_ratio"),
    "persons_to_parity_follow_the_gap": added("update poison set persons_to_parity = persons_to_parity + 1"),
    "numbers_only_where_observed": added(
        "update poison set standardised_gap_pp = 0",
        where="value_status = 'suppressed' and indicator_id = 'grade9_completion'",
        mart="gap_uddannelse",
    ),
    "men_and_women_sum_to_total": added(
        "update poison set target_denominator = target_denominator + 1 where sex = 'total'",
        *FROM_COUNTS,
        where=ALL_SEXES,
    ),
    "non_western_is_immigrants_and_descendants": added(
        "update poison set target_numerator = target_numerator + 1 where target_group = 'non_western'",
        *FROM_COUNTS,
        where=ALL_TARGETS,
    ),
    "others_hold_the_danish": added(
        "update poison set reference_denominator = 2 * reference_denominator where reference_group = 'danish'",
        *FROM_COUNTS,
        where=BOTH_REFERENCES,
    ),
    "group_counts_are_those_of_its_other_rows": added(
        "update poison set target_numerator = target_numerator + 1 where reference_group = 'danish'",
        *FROM_COUNTS,
        where=BOTH_REFERENCES,
    ),
    "rates_from_0_to_100": added("update poison set target_numerator = target_denominator + 10", *FROM_COUNTS),
    "wilson_limits_around_the_rate": added("update poison set target_low_pct = target_rate_pct + 0.01"),
    "gaps_within_100": added(
        "update poison set gap_pp = 100.5",
        where="indicator_id = 'residential_dissimilarity' and municipality_code = '151' and period = '2024'"
        " and reference_group = 'others'",
        mart="gap_boligsocial",
    ),
    "no_small_cell_shown": added("update poison set target_numerator = 4", *FROM_COUNTS),
    "cell_keys_unique": added("insert into poison from poison"),
    "labels_present": added("update poison set subarea_name = ' '"),
    "statuses_and_warnings_known": added("update poison set usage_warnings = ['small_base', 'doubtful']"),
    "loads_are_those_in_force": added(f"update poison set load_ids = ['{OLD_LOAD}']"),
    "gaps_are_the_union_of_the_focus_areas": changed(
        f"insert into marts.gaps select * replace ('x' as subarea_code) from marts.gaps where {ONE}"
    ),
    "no_suppressed_cell_derivable": open_one_of_two,
    "no_observed_cell_lost": before(),
    "no_cell_withdrawn_by_a_load": before(f"update poison set load_ids = ['{OLD_LOAD}']"),
    "no_cell_lost_to_new_rules": before(),
    "no_move_without_a_revision": changed(
        f"update before.gaps set target_numerator = target_numerator - 1 where {ONE}"
    ),
    "no_move_by_new_rules": changed(f"update before.gaps set gap_pp = gap_pp - 2 where {ONE}"),
    "newest_change_is_plausible": added(
        "update poison set target_denominator = 10000, reference_denominator = 10000, reference_numerator = 8000,"
        " target_numerator = if(period = '2024', 5500, 6000)",
        *FROM_COUNTS,
        where=ALL_YEARS,
    ),
    "people_counted_once": changed(
        "insert into marts.target_group select * replace (0 as persons) from marts.target_group limit 1"
    ),
    "country_holds_its_municipalities": in_first(
        "target_group", "persons = 1", "municipality_code = '000' and origin = 'danish'"
    ),
    "total_is_the_sum_of_ancestries": changed(
        "create temp table totals as from marts.target_group_table",
        "drop view marts.target_group_table",
        "create table marts.target_group_table as from totals",
        "update marts.target_group_table set total = total + 1, immigrants = immigrants + 1"
        " where municipality_code = '151' and origin = 'western'",
    ),
    "peers_are_the_gaps": in_first("peer_comparison", "national_gap_pp = national_gap_pp + 0.001"),
    "ranks_follow_the_gaps": in_first("peer_comparison", "rank = rank + 1", "rank is not null"),
    "quartiles_in_order": in_first("peer_comparison", "quartile_1_pp = median_pp + 0.001", "ranked_of > 0"),
    "progress_is_that_of_the_gaps": changed(
        PROGRESS.format("latest_gap_pp = baseline_gap_pp, achieved_reduction_pct = 0")
    ),
    "target_and_achievement_add_up": changed(PROGRESS.format("target_gap_pp = baseline_gap_pp")),
    "target_status_says_what_it_means": changed(PROGRESS.format("status = 'on_track'")),
    "every_indicator_for_every_municipality": changed(f"delete from marts.coverage where {COVERED}"),
    "coverage_is_that_of_the_gaps": in_first(
        "coverage", "periods_present = periods_present + 1", "value_status = 'observed'"
    ),
    "missing_has_a_reason": changed(f"update marts.coverage set reason_en = '' where {COVERED}"),
    "decomposed_gaps_are_the_gaps": in_first("gap_decomposition", "gap_pp = gap_pp + 0.001"),
    "effects_sum_to_the_change": in_first(
        "gap_decomposition",
        "rate_effect_pp = rate_effect_pp + 0.001",
        "rate_effect_pp is not null and indicator_id = 'employment_rate'",
    ),
    "turnout_is_votes_of_voters": in_first("polling_area_turnout", "turnout_pct = turnout_pct + 0.001"),
    "unknown_share_is_of_its_persons": in_first(
        "unknown_shares", "unknown_share_pct = unknown_share_pct + 0.001", "value_status = 'observed'"
    ),
}

# The same expectation of other marts.
ELSEWHERE: dict[tuple[str, str], Poison] = {
    ("marts.target_group", "labels_present"): changed(
        "update marts.target_group set data_origin = null where municipality_code = '151' and origin = 'danish'"
    ),
    ("marts.unknown_shares", "no_small_cell_shown"): in_first(
        "unknown_shares",
        "unknown_persons = 3, unknown_share_pct = 100 * 3 / persons",
        "value_status = 'observed' and persons > 100",
    ),
    **{
        (f"marts.{mart}", "labels_present"): in_first(mart, "label_en = ' '")
        for mart in ("dim_indicator", "dim_municipality", "dim_origin_group", "dim_focus_area", "dim_country_of_origin")
    },
}


@pytest.fixture(scope="module")
def scratch(sample_home: Home) -> Scratch:
    return scratch_of(sample_home)


@pytest.mark.parametrize("same_rules", [True, False])
def test_the_marts_of_the_sample_trip_none(scratch: Scratch, same_rules: bool) -> None:
    assert scratch.failing(same_rules) == {}


@pytest.mark.parametrize("expectation", POISONED)
def test_poisoned_marts_trip_their_expectation_and_only_it(expectation: str, scratch: Scratch) -> None:
    with scratch.poisoned(POISONED[expectation]):
        failing = scratch.failing(same_rules=expectation not in NEW_RULES)
    assert {name for _, name in failing} == {expectation}
    [(count, keys)] = failing.values()
    assert 1 <= len(keys) <= min(10, count)


@pytest.mark.parametrize(("mart", "expectation"), ELSEWHERE)
def test_poisoned_mart_trips_its_expectation_and_only_it(mart: str, expectation: str, scratch: Scratch) -> None:
    with scratch.poisoned(ELSEWHERE[mart, expectation]):
        assert set(scratch.failing()) == {(mart, expectation)}


def test_every_expectation_has_a_poisoned_case(scratch: Scratch) -> None:
    suite = marts.build(scratch.connection, scratch.facts)
    assert {check.name for check in suite} == set(POISONED)
    assert len({(check.table, check.name) for check in suite}) == len(suite)
    assert {check.name for check in suite if check.severity == ADVISORY} == ADVISORY_ONES
    assert set(POISONED) >= NAMES
