"""What the poisoned marts of ``test_mart_suites`` hold, in words: mart → expectation → what is wrong there.

A poison that says itself in words (its docstring) needs no entry.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "marts.gaps": {
        "rate_is_numerator_of_denominator": "a rate 0.001 percentage points off its numerator and denominator",
        "gap_is_positive_for_the_worse_off": "a gap 0.001 percentage points off its two rates",
        "gap_lies_in_its_interval": "a gap below its lower limit",
        "is_clear_where_interval_excludes_zero": "a clear gap that is called unclear",
        "ratio_is_target_over_reference": "a ratio of the reference group to the target group",
        "persons_to_parity_follow_the_gap": "one person to parity too many",
        "numbers_only_where_observed": "a standardised gap in a suppressed row",
        "men_and_women_sum_to_total": "one person in the total who is neither among men nor among women",
        "non_western_is_immigrants_and_descendants": "one person of the target group who is in neither of its parts",
        "others_hold_the_danish": "twice as many persons of Danish origin, more than all others",
        "group_counts_are_those_of_its_other_rows": "one person more in a group beside one reference than the other",
        "rates_from_0_to_100": "a numerator above its denominator",
        "wilson_limits_around_the_rate": "a lower limit above its rate",
        "gaps_within_100": "a gap of 100.5",
        "no_small_cell_shown": "an observed numerator of 4",
        "cell_keys_unique": "a cell that stands twice",
        "labels_present": "a name that is only spaces",
        "statuses_and_warnings_known": "a usage warning that is not in the closed list",
        "loads_are_those_in_force": "a row made of a load that owns no period any more",
        "gaps_are_the_union_of_the_focus_areas": "a row that no mart of a focus area has",
        "no_suppressed_cell_derivable": "one of two hidden groups shown, so that the other is what is left",
        "no_observed_cell_lost": "an observed cell of the release before that is gone",
        "no_cell_withdrawn_by_a_load": "an observed cell of the release before that a new load no longer has",
        "no_cell_lost_to_new_rules": "an observed cell of the release before that is gone after a change of the rules",
        "no_move_without_a_revision": "a figure that differs from the release before, of the same loads",
        "no_move_by_new_rules": "a gap that moved 2 percentage points after a change of the rules",
        "newest_change_is_plausible": "a gap that jumps in its newest period as it never did before",
    },
    "marts.target_group": {
        "people_counted_once": "an origin and ancestry that stands twice",
        "country_holds_its_municipalities": "a country with fewer persons than its municipalities",
        "labels_present": "rows without an origin of data",
    },
    "marts.target_group_table": {
        "total_is_the_sum_of_ancestries": "a total one above that of the rows it is made of",
    },
    "marts.peer_comparison": {
        "peers_are_the_gaps": "a national gap 0.001 percentage points off that of `gaps`",
        "ranks_follow_the_gaps": "a rank one too high",
        "quartiles_in_order": "a first quartile above the median",
    },
    "marts.target_progress": {
        "progress_is_that_of_the_gaps": "a latest gap 0.001 percentage points off that of `gaps`",
        "target_and_achievement_add_up": "a target at the baseline without a reduction",
        "target_status_says_what_it_means": "a target on track that was never set",
    },
    "marts.coverage": {
        "every_indicator_for_every_municipality": "an indicator and municipality without its row",
        "coverage_is_that_of_the_gaps": "one period too many",
        "missing_has_a_reason": "a missing figure without a reason in English",
    },
    "marts.gap_decomposition": {
        "decomposed_gaps_are_the_gaps": "a gap 0.001 percentage points off that of `gaps`",
        "effects_sum_to_the_change": "an effect 0.001 percentage points off",
    },
    "marts.polling_area_turnout": {
        "turnout_is_votes_of_voters": "a turnout 0.001 percentage points off its votes and voters",
    },
    "marts.unknown_shares": {
        "unknown_share_is_of_its_persons": "a share 0.001 percentage points off its persons",
        "no_small_cell_shown": "three persons of unknown origin",
    },
    **{
        f"marts.{name}": {"labels_present": "an English label that is only spaces"}
        for name in ("dim_indicator", "dim_municipality", "dim_origin_group", "dim_focus_area", "dim_country_of_origin")
    },
}


def words_of(expectation: str, mart: str) -> tuple[str, str]:
    """(mart, words) of a poisoned mart; where the mart is not said, the first that has the expectation."""
    for name, said in WORDS.items():
        if expectation in said and mart in ("", name):
            return name, said[expectation]
    return mart, ""
