"""Poisons written by hand: for every singular dbt test, and for a generic one that no rule can trip alone.

Each entry is a list: every way in which the test can fail and which a reader would ask for. Tests of methods on worked
examples read no table; there a stated change of the compiled SQL stands for a mistake in the macro.
"""

from __future__ import annotations

from guard_scratch import Poison


def one(table: str, change: str, where: str = "true") -> str:
    """An update of the first row that matches."""
    return f"update {table} set {change} where rowid = (select min(rowid) from {table} where {where})"


def lost(table: str, where: str = "true") -> str:
    """The first row that matches taken away."""
    return f"delete from {table} where rowid = (select min(rowid) from {table} where {where})"


COVERAGE, GAPS, PARTS = "marts.coverage", "marts.gaps", "marts.gap_decomposition"
COUNTS, PEERS, AREAS = "intermediate.int_gap__counts", "marts.peer_comparison", "marts.polling_area_turnout"
HIDDEN, VERSIONS = "intermediate.int_disclosure__hidden_groups", "intermediate.int_disclosure__versions"
STATUSES, STRATA = "intermediate.int_employment__status_counts", "intermediate.int_gap__strata"
PROGRESS, TARGETS = "marts.target_progress", "seeds.targets"
POPULATION = "intermediate.int_population__by_origin"
# A count that no test on sums reads, and a group whose figures are published.
UNCHECKED = "indicator_id = 'cash_benefit_share' and part = 'non_western' and denominator > 0"
PUBLISHED = "not is_hidden and indicator_id = 'turnout_municipal' and group_id = 'danish'"
Z = "cast(1.959963984540054 as double)"


# Of a table that the sample leaves empty: what a clean row must hold beside what its generic tests want.
CLEAN: dict[str, dict[str, str]] = {
    "marts.revisions": {"object_name": "'raw.folk1e'", "old_value": "1", "new_value": "3", "difference": "2"},
}


def _revised(changed: str) -> tuple[str, ...]:
    """A revision as it should be, then spoilt."""
    row = {
        **CLEAN["marts.revisions"],
        "key": "'{}'",
        "period": "'2020'",
        "old_load_id": "(select min(load_id) from marts.loads)",
        "new_load_id": "(select max(load_id) from marts.loads)",
        "seen_at": "timestamp '2020-01-01'",
        "data_origin": "'sample'",
    }
    insert = f"insert into marts.revisions ({', '.join(row)}) values ({', '.join(row.values())})"
    return insert, f"update marts.revisions set {changed}"


def _correction(**cells: str) -> str:
    """An entry of the corrections ledger for a figure of the sample."""
    row = {
        "correction_id": "guard",
        "dataset": "folk1e",
        "table_name": "folk1e",
        "key": "{}",
        "column_name": "INDHOLD",
        "action": "drop",
        "expected_value": "1",
        "reason_da": "x",
        "reason_en": "x",
        "source": "x",
        "decided_by": "x",
        "decided_on": "2020-01-01",
        "data_origin": "sample",
        **cells,
    }
    values = ", ".join(f"'{value}'" for value in row.values())
    return f"insert into seeds.corrections ({', '.join(row)}) values ({values})"


def _group_lost(column: str, group: str) -> tuple[str, ...]:
    """A group without its row in the dimension, and without the municipality's own data, which names it elsewhere."""
    own = "indicator_id in ('turnout_municipal', 'perceived_diversity', 'danish_tests')"
    return (
        f"delete from {GAPS} where {column} = '{group}' and {own}",
        f"delete from {HIDDEN} where group_id = '{group}'",
        f"delete from marts.dim_origin_group where group_id = '{group}'",
    )


HAND: dict[str, list[Poison]] = {
    "assert_a_break_begins_a_segment": [
        Poison("the break that does not cut is taken for one that cuts", (), ("'2016', false", "'2016', true")),
        Poison("the first period after a break is left unmarked", (), ("or broken_periods.period is not null", "")),
    ],
    "assert_coverage_says_why": [
        Poison(
            "a missing figure has no reason in English",
            (one(COVERAGE, "reason_en = ' '", "value_status <> 'observed'"),),
        ),
        Poison("a proxy has no reason in Danish", (one(COVERAGE, "reason_da = null", "measurability = 'proxy'"),)),
        Poison("an observed row counts no periods", (one(COVERAGE, "periods_present = 0", "periods_present > 0"),)),
        Poison("the row of one indicator and area is gone", (lost(COVERAGE),)),
    ],
    "assert_decomposition_sums_to_the_gap": [
        Poison(
            f"`{column}` is off by 1 percentage point in one row",
            (one(PARTS, f"{column} = {column} + 1", f"{column} is not null and gap_change_pp <> 0"),),
        )
        for column in ("level_rate_effect_pp", "level_composition_effect_pp", "rate_effect_pp", "composition_effect_pp")
    ]
    + [
        Poison(
            "the change and one of its parts are off by 1 percentage point in one row",
            (
                one(
                    PARTS,
                    "gap_change_pp = gap_change_pp + 1, rate_effect_pp = rate_effect_pp + 1",
                    "rate_effect_pp is not null",
                ),
            ),
        )
    ],
    "assert_employment_rate_is_that_of_ras200": [
        Poison(
            "a published rate is 0.2 percentage points off",
            (
                one(
                    "staging.stg_statbank__ras200",
                    "rate_pct = rate_pct + 0.2",
                    "published_origin_code = '35' and published_rate_code = 'BFK' and rate_pct is not null",
                ),
            ),
        ),
        Poison(
            "a tenth of the unemployed of one group are not counted",
            (
                one(
                    STATUSES,
                    "unemployed = 0.9 * unemployed, outside = outside + 0.1 * unemployed",
                    "part = 'danish' and sex = 'total' and age_group = '16-64' and municipality_code = '000'",
                ),
            ),
        ),
    ],
    "assert_events_are_within_persons": [
        Poison("a numerator is -1", (one(COUNTS, "numerator = -1", UNCHECKED),)),
        Poison("a denominator is -1, its numerator -2", (one(COUNTS, "denominator = -1, numerator = -2", UNCHECKED),)),
        Poison("a numerator is 1 above its denominator", (one(COUNTS, "numerator = denominator + 1", UNCHECKED),)),
    ],
    "assert_every_stratum_has_its_gaps": [
        Poison(
            "the published rows of one stratum are gone",
            (
                f"delete from {GAPS} where indicator_id = 'employment_rate' and municipality_code = '151' "
                "and sex = 'men' and age_group = '16-64' "
                f"and period = (select max(period) from {GAPS} where indicator_id = 'employment_rate')",
            ),
        ),
    ],
    "assert_hidden_groups_are_not_published": [
        Poison("a published group is one that disclosure control hides", (one(HIDDEN, "is_hidden = true", PUBLISHED),)),
        Poison("a published group is one that disclosure control has not judged", (lost(HIDDEN, PUBLISHED),)),
    ],
    "assert_newcombe_limits_are_those_of_the_worked_examples": [
        Poison("the interval is one of 90 per cent", (), (Z, "cast(1.6448536269514722 as double)")),
        Poison("the two groups are not swapped in the lower limit", (), ("high_2 - rate_2", "rate_2 - low_2")),
    ],
    "assert_no_change_is_counted_across_a_break": [
        Poison(
            "a break lies between the baseline and the latest period",
            (
                "update intermediate.int_series set segment = segment + 1 where subarea_code = 'total' "
                "and indicator_id = 'employment_rate' and municipality_code = '151' and period = "
                f"(select max(period) from {PARTS} where indicator_id = 'employment_rate')",
            ),
        ),
    ],
    "assert_no_label_is_missing": [
        Poison(f"`{column}` of one row of `{table}` is {what}", (one(table, f"{column} = {value}"),))
        for table in (
            "marts.dim_municipality",
            "marts.dim_focus_area",
            "marts.dim_indicator",
            "marts.dim_origin_group",
            "marts.dim_country_of_origin",
        )
        for column, what, value in (("label_da", "spaces", "' '"), ("label_en", "null", "null"))
    ]
    + [
        Poison(f"`{column}` of one row of `{table}` is spaces", (one(table, f"{column} = ' '"),))
        for table in ("seeds.value_statuses", "seeds.usage_warnings")
        for column in ("label_da", "label_en")
    ],
    "assert_non_western_is_immigrants_and_descendants": [
        Poison(
            f"a {name} of the whole target group is 1 above that of its two parts",
            (
                one(
                    GAPS,
                    f"target_{name} = target_{name} + 1",
                    "target_group = 'non_western' and indicator_id = 'employment_rate' and gap_pp is not null",
                ),
            ),
        )
        for name in ("numerator", "denominator")
    ],
    "assert_numbers_only_where_observed": [
        Poison("an observed row lacks a number", (one(GAPS, "persons_to_parity = null", "persons_to_parity >= 0"),)),
        Poison("a suppressed row has a number", (one(GAPS, "rate_ratio = 1", "value_status = 'suppressed'"),)),
        Poison(
            "a suppressed row says that its gap is clear",
            (one(GAPS, "is_clear = true", "value_status = 'suppressed'"),),
        ),
    ],
    "assert_others_are_danish_and_western": [
        Poison(
            f"a {name} of the reference group is 1 above Danish origin and western",
            (
                one(
                    GAPS,
                    f"reference_{name} = reference_{name} + 1",
                    "reference_group = 'others' and indicator_id = 'employment_rate' and value_status = 'observed'",
                ),
            ),
        )
        for name in ("numerator", "denominator")
    ],
    "assert_own_data_was_judged": [
        Poison("a count was not judged", (one(VERSIONS, "is_current = false", "is_current"),)),
        Poison(
            "another figure was judged than is counted", (one(VERSIONS, "numerator = numerator + 1", "is_current"),)
        ),
    ],
    "assert_polling_areas_sum_to_fvkom": [
        Poison(
            f"an area of the focus municipality has one {what} too many",
            (one(AREAS, f"{column} = {column} + 1", "election_id = 'FV2022' and municipality_code = '151'"),),
        )
        for what, column in (("voter", "eligible_voters"), ("vote", "votes_cast"))
    ],
    "assert_population_adds_up_to_folk1e_total": [
        Poison("a group has one person too many", (one(POPULATION, "persons = persons + 1", "persons > 0"),)),
        Poison("a group is lost", (lost(POPULATION, "persons > 0"),)),
    ],
    "assert_positive_gap_means_worse_off": [
        Poison("a gap has the other sign", (one(GAPS, "gap_pp = -gap_pp", "gap_pp > 1 and target_rate_pct > 0"),)),
        Poison(
            "an interval does not hold its gap",
            (one(GAPS, "gap_low_pp = gap_pp + 0.1", "is_clear and gap_low_pp > 0 and gap_high_pp > gap_pp + 0.2"),),
        ),
        Poison("a gap that may be 0 is called clear", (one(GAPS, "is_clear = true", "not is_clear"),)),
    ],
    "assert_ranks_follow_the_gaps": [
        Poison("the first two change places", (f"update {PEERS} set rank = 3 - rank where rank in (1, 2)",)),
        Poison("a row of few persons takes a rank", (one(PEERS, "usage_warnings = ['small_base']", "rank > 1"),)),
        Poison("more are ranked than there are", (one(PEERS, "ranked_of = ranked_of + 1"),)),
        Poison("the median lies below the lower quartile", (one(PEERS, "median_pp = quartile_1_pp - 1"),)),
        Poison("a median of peers without peers", (one(PEERS, "peer_group = null", "peer_median_pp is not null"),)),
    ],
    "assert_ras201_was_asked_for_in_full": [
        Poison(
            "a status was not asked for",
            ("delete from staging.stg_statbank__codes where dataset = 'ras201' and canonical_code = '55'",),
        ),
    ],
    "assert_standardisation_is_that_of_the_worked_examples": [
        Poison(
            "the bands with nobody are not merged", (), ("first_denominator > 0 and second_denominator > 0", "true")
        ),
        Poison("the rate effect takes the sum for the mean", (), (") / 2 as rate_effect", ") as rate_effect")),
        Poison("an unknown weight counts as none", (), ("bool_or(standard_persons is null)", "false")),
    ],
    "assert_status_of_a_target_at_its_edges": [
        Poison("a change need not be clear to be on track", (), ("when high < 0 and change_pp", "when change_pp")),
        Poison("the share due is not held within 0 and 1", (), ("greatest(0, least(1,", "greatest(-9, least(9,")),
        Poison(
            "the change's interval takes the wrong limit", (), ("baseline_high - baseline", "baseline - baseline_low")
        ),
    ],
    "assert_statuses_make_up_the_population": [
        Poison(
            "one person outside the labour force too many", (one(STATUSES, "outside = outside + 1", "outside > 0"),)
        ),
    ],
    "assert_strata_sum_to_the_counts": [
        Poison(
            f"a stratum's {name} is 1 too high",
            (one(STRATA, f"{name} = {name} + 1", "indicator_id = 'employment_rate'"),),
        )
        for name in ("numerator", "denominator")
    ]
    + [
        Poison(
            "an average of KAS201 is 11 too high, above what rounding explains",
            (one(STRATA, "denominator = denominator + 11", "indicator_id = 'employment_rate_quarterly'"),),
        )
    ],
    "assert_targets_can_be_met": [
        Poison("a reduction is 0", (one(TARGETS, "reduction_pct = 0, target_period = '2030'"),)),
        Poison("a reduction is above the whole gap", (one(TARGETS, "reduction_pct = 101, target_period = '2030'"),)),
        Poison("a reduction has no year", (one(TARGETS, "reduction_pct = 50"),)),
        Poison("the year is none", (one(TARGETS, "reduction_pct = 50, target_period = 'soon'"),)),
    ],
    "assert_turnout_by_origin_sums_to_kvres": [
        Poison(
            f"the municipality's own result has one {what} more than was delivered by origin",
            (
                one(
                    "staging.stg_statbank__kvres",
                    "votes = votes + 1",
                    f"published_result_code = '{code}' and published_area_code = '151' and year = '2017'",
                ),
            ),
        )
        for what, code in (("voter", "V"), ("vote", "AS"))
    ],
    "assert_votes_do_not_exceed_voters": [
        Poison("more votes than voters", (one(AREAS, "votes_cast = eligible_voters + 1", "election_id = 'KV2025'"),)),
        Poison("votes below 0", (one(AREAS, "votes_cast = -1", "election_id = 'KV2025'"),)),
        Poison("voters below 0", (one(AREAS, "eligible_voters = -1, votes_cast = -2", "election_id = 'KV2025'"),)),
    ],
    "assert_wilson_limits_are_exact_at_the_ends": [
        Poison("nobody of somebody is not exactly 0", (), ("then cast(0 as double)", "then cast(1e-17 as double)")),
        Poison("everybody is not exactly 1", (), ("then cast(1 as double)", "then cast(1 as double) - 1e-15")),
    ],
    "assert_wilson_limits_are_those_of_the_worked_examples": [
        Poison("the interval is one of 90 per cent", (), (Z, "cast(1.6448536269514722 as double)")),
    ],
    "assert_corrections_hold": [
        Poison("an entry of the corrections ledger matches no row of raw", (_correction(),)),
        Poison(
            "raw holds another figure than an entry expects",
            (
                _correction(
                    dataset="kvres",
                    table_name="kvres",
                    key='{"OMRÅDE": "000", "VALRES": "V", "TID": "2021"}',
                ),
            ),
        ),
    ],
    "assert_revisions_say_what_moved": [
        Poison("a revision changes nothing", _revised("new_value = old_value, difference = 0")),
        Poison("a difference is not that of the two values", _revised("difference = difference + 1")),
        Poison("a source value of the municipality's own data", _revised("object_name = 'raw.interviews'")),
        Poison(
            "a gap of the municipality's own data",
            _revised("object_name = 'marts.gaps', key = '{\"indicator_id\": \"danish_tests\"}'"),
        ),
    ],
    "marts.peer_comparison unique_combination": [
        Poison(
            "a row comes a second time, without a rank",
            (
                f"insert into {PEERS} select * replace (null as rank, ['small_base'] as usage_warnings) "
                f"from {PEERS} where rowid = (select min(rowid) from {PEERS} where rank > 1)",
            ),
        )
    ],
    "marts.gaps relationships target_group": [
        Poison(
            "`marts.dim_origin_group` has lost a group of which only open tables tell",
            _group_lost("target_group", "non_western_descendant"),
        )
    ],
    "marts.gaps relationships reference_group": [
        Poison(
            "`marts.dim_origin_group` has lost a group of which only open tables tell",
            _group_lost("reference_group", "danish"),
        )
    ],
}
