"""What must hold of every mart but `gaps`: its own identities, and that it says nothing else than `gaps` does."""

from __future__ import annotations

from expectations.checks import Check, key_of, listed
from expectations.marts_checks import MartFacts, differs, mart_check, offenders, same_cell
from expectations.marts_gaps import ROUNDED_AVERAGES

INDICATORS = 16  # docs: every municipality has a row for each of the strategy's sixteen indicators
_SERIES = ("indicator_id", "municipality_code", "sex", "age_group", "target_group", "reference_group")
_COMPARED = ("indicator_id", "period", "sex", "age_group", "target_group", "reference_group")
_PEER = (*_COMPARED, "municipality_code")
_PEOPLE = ("municipality_code", "quarter", "origin", "ancestry")
_STATUSES = ("not_set", "not_measurable", "reached", "on_track", "off_track", "no_clear_change")
_LABELLED = {
    "dim_indicator": ("indicator_id", "focus_area", "unit", "definition_da", "definition_en"),
    "dim_municipality": ("municipality_code", "area_level"),
    "dim_origin_group": ("group_id", "definition_da", "definition_en"),
    "dim_focus_area": ("focus_area", "description_da", "description_en"),
    "dim_country_of_origin": ("country_id", "origin"),
}


def build(facts: MartFacts) -> list[Check]:
    """The checks of the other marts, mart by mart."""
    return [
        *_target_group(),
        *_peer_comparison(),
        *_target_progress(),
        *_coverage(),
        *_decomposition(),
        *_shares(facts),
        *_dimensions(),
    ]


def _target_group() -> list[Check]:
    keys = ", ".join(_PEOPLE)
    blank = "municipality_name is null or quarter_start is null or data_origin is null or load_id is null"
    parts = "danish_origin + immigrants + descendants"
    return [
        mart_check(
            "target_group",
            "people_counted_once",
            "Each origin and ancestry stands once per municipality and quarter, with no negative number.",
            f"select {key_of(_PEOPLE)} from batch group by {keys} having count(*) > 1 or min(persons) < 0",
        ),
        mart_check("target_group", "labels_present", "No name or provenance is missing.", offenders(blank, _PEOPLE)),
        mart_check(
            "target_group",
            "country_holds_its_municipalities",
            "The whole country has at least as many persons as its municipalities together.",
            f"""select {key_of(_PEOPLE[1:])} from batch as people
            inner join marts.dim_municipality as areas using (municipality_code)
            where area_level in ('country', 'municipality') group by {", ".join(_PEOPLE[1:])}
            having bool_or(area_level = 'country')
                and sum(if(area_level = 'country', persons, -persons)) < 0 and count(*) = count(persons)""",
        ),
        mart_check(
            "target_group_table",
            "total_is_the_sum_of_ancestries",
            "The total of an origin is the sum of its ancestries, and that of its rows in `target_group`.",
            f"""select {key_of(_PEOPLE[:3])} from batch as shown inner join (
                select municipality_code, quarter, origin, sum(persons) as persons,
                    count(*) = count(persons) as is_known
                from marts.target_group group by all
            ) as people using (municipality_code, quarter, origin)
            where is_known and coalesce(total <> {parts} or total <> people.persons, true)""",
        ),
    ]


def _peer_comparison() -> list[Check]:
    keys = ", ".join(_COMPARED)
    total = "subarea_code = 'total' and value_status = 'observed'"
    again = f"""ranked as (
        select *, if(is_ranked, rank() over (partition by {keys}, is_ranked order by gap_pp), null) as rank_again,
            count(*) filter (where is_ranked) over (partition by {keys}) as ranked_again
        from (select *, not list_contains(usage_warnings, 'small_base') as is_ranked from batch)
    )"""
    unlike = differs("peers.gap_pp", "gaps.gap_pp")
    return [
        mart_check(
            "peer_comparison",
            "peers_are_the_gaps",
            "The gap of a municipality is that of `gaps`, and the national gap that of the whole country.",
            f"""select {key_of(_PEER)} from (
                select peers.*, {unlike} as is_unlike from batch as peers
                left join (select * from marts.gaps where {total}) as gaps on {same_cell("peers", "gaps", _PEER)}
                union all
                select peers.*, {differs("peers.national_gap_pp", "gaps.gap_pp")} as is_unlike from batch as peers
                left join (select * from marts.gaps where {total} and municipality_code = '000') as gaps
                    on {same_cell("peers", "gaps", _COMPARED)}
            ) where is_unlike""",
        ),
        mart_check(
            "peer_comparison",
            "ranks_follow_the_gaps",
            "Rank 1 is the smallest gap; rows with a small base take no rank.",
            f"""select {key_of(_PEER)} from ranked
            where rank is distinct from rank_again or ranked_of is distinct from ranked_again""",
            ctes=[again],
        ),
        mart_check(
            "peer_comparison",
            "quartiles_in_order",
            "The first quartile is at most the median, and that at most the third quartile.",
            offenders("not coalesce(quartile_1_pp <= median_pp and median_pp <= quartile_3_pp, ranked_of = 0)", _PEER),
        ),
    ]


def _target_progress() -> list[Check]:
    observed = "(select * from marts.gaps where subarea_code = 'total' and value_status = 'observed')"
    series = same_cell("progress", "gaps", _SERIES)
    kind = "regexp_extract({}.period, '^([A-Z]{{2}})[0-9]{{4}}$', 1)"
    at = "left join {} as {} on {} and progress.{}_period = {}.period"
    joined = " ".join(
        at.format(observed, name, same_cell("progress", name, _SERIES), name, name) for name in ("baseline", "latest")
    )
    later = f"""select progress.* from batch as progress
        inner join {observed} as latest
            on {same_cell("progress", "latest", _SERIES)} and progress.latest_period = latest.period
        inner join {observed} as gaps on {series} and gaps.period_start > latest.period_start
            and {kind.format("gaps")} = {kind.format("latest")}"""
    reduced = "if(target_gap_pp is null, null, baseline_gap_pp * (1 - reduction_pct / 100))"
    achieved = "if(achieved_reduction_pct is null, null, 100 * (baseline_gap_pp - latest_gap_pp) / baseline_gap_pp)"
    is_set = "(reduction_pct is not null and target_period is not null)"
    return [
        mart_check(
            "target_progress",
            "progress_is_that_of_the_gaps",
            "Baseline and latest gap are those of `gaps` at these periods, and no later period is observed.",
            f"""select {key_of(_SERIES)} from (
                select progress.* from batch as progress {joined}
                where {differs("progress.baseline_gap_pp", "baseline.gap_pp")}
                    or {differs("progress.latest_gap_pp", "latest.gap_pp")}
                union all {later}
            )""",
        ),
        mart_check(
            "target_progress",
            "target_and_achievement_add_up",
            "The target is the baseline less the reduction, the achievement the part of the baseline that is gone.",
            offenders(f"{differs('target_gap_pp', reduced)} or {differs('achieved_reduction_pct', achieved)}", _SERIES),
        ),
        mart_check(
            "target_progress",
            "target_status_says_what_it_means",
            "A target is not set exactly where reduction or year are open, and reached only at or below the target.",
            offenders(
                f"""status not in {listed(_STATUSES)} or (status = 'not_set') = {is_set}
                or (status = 'reached' and not coalesce(latest_gap_pp <= target_gap_pp + 1e-9, false))
                or trim(coalesce(reason_da, '')) = '' or trim(coalesce(reason_en, '')) = ''""",
                _SERIES,
            ),
        ),
    ]


def _coverage() -> list[Check]:
    keys = ("indicator_id", "municipality_code")
    silent = "trim(coalesce(reason_da, '')) = '' or trim(coalesce(reason_en, '')) = ''"
    return [
        mart_check(
            "coverage",
            "every_indicator_for_every_municipality",
            f"Every municipality, region and the country has one row for each of the {INDICATORS} indicators.",
            f"""select {key_of(("municipality_code",))} from (
                select municipality_code from marts.dim_municipality
                where area_level in ('country', 'region', 'municipality')
            ) as areas left join batch as coverage using (municipality_code)
            group by municipality_code
            having count(coverage.indicator_id) <> {INDICATORS}
                or count(distinct coverage.indicator_id) <> {INDICATORS}""",
        ),
        mart_check(
            "coverage",
            "coverage_is_that_of_the_gaps",
            "A municipality's periods are those in which some gap of the indicator is observed.",
            f"""select {key_of(keys)} from batch as coverage left join (
                select indicator_id, municipality_code, count(distinct period) as periods
                from marts.gaps where value_status = 'observed' group by all
            ) as observed using (indicator_id, municipality_code)
            where periods_present <> coalesce(periods, 0) or (value_status = 'observed') <> (coalesce(periods, 0) > 0)
                or (periods_present > 0) <> (first_period is not null and last_period is not null)""",
        ),
        mart_check(
            "coverage",
            "missing_has_a_reason",
            "Where nothing is observed, the reason is said in Danish and in English.",
            offenders(f"value_status is null or (value_status <> 'observed' and ({silent}))", keys),
        ),
    ]


def _decomposition() -> list[Check]:
    change = "progress.rate_effect_pp + progress.composition_effect_pp"
    unlike = differs("progress.gap_pp", "gaps.gap_pp")
    return [
        mart_check(
            "gap_decomposition",
            "decomposed_gaps_are_the_gaps",
            "The gap that is decomposed is that of `gaps`.",
            f"""select {key_of(_PEER)} from (
                select progress.* from batch as progress left join (
                    select * from marts.gaps where subarea_code = 'total' and value_status = 'observed'
                ) as gaps on {same_cell("progress", "gaps", _PEER)} where {unlike}
            )""",
        ),
        mart_check(
            "gap_decomposition",
            "effects_sum_to_the_change",
            "The effects of rates and of composition add up to the change of the gap since the baseline.",
            f"""select {key_of(_PEER)} from batch as progress
            where {change} is not null and abs({change} - progress.gap_change_pp) > 1e-6
                and progress.indicator_id not in {listed(ROUNDED_AVERAGES)}""",
        ),
    ]


def _shares(facts: MartFacts) -> list[Check]:
    voters = ("election_id", "area_id")
    persons = ("indicator_id", "municipality_code", "period", "sex", "age_group", "group_id", "unknown_of")
    small = " or ".join(
        f"({cell} > 0 and {cell} < {facts.small_cell})"
        for cell in ("unknown_persons", "persons", "persons - unknown_persons")
    )
    return [
        mart_check(
            "polling_area_turnout",
            "turnout_is_votes_of_voters",
            "Turnout is 100 times votes over eligible voters, votes are not above voters, shares lie from 0 to 100.",
            offenders(
                differs("turnout_pct", "100 * votes_cast / nullif(eligible_voters, 0)")
                + " or votes_cast > eligible_voters or not coalesce(non_western_share_pct between 0 and 100, true)",
                voters,
            ),
        ),
        mart_check(
            "unknown_shares",
            "unknown_share_is_of_its_persons",
            "The share of unknown is 100 times unknown over all persons, from 0 to 100, and null unless observed.",
            offenders(
                differs("unknown_share_pct", "100 * unknown_persons / nullif(persons, 0)")
                + " or not coalesce(unknown_share_pct between 0 and 100, true)"
                " or (value_status = 'observed') <> (unknown_share_pct is not null)",
                persons,
            ),
        ),
        mart_check(
            "unknown_shares",
            "no_small_cell_shown",
            "No observed row has unknown, known or all persons from 1 to WAREHOUSE_SMALL_CELL - 1.",
            offenders(f"value_status = 'observed' and ({small})", persons),
        ),
    ]


def _dimensions() -> list[Check]:
    found = []
    for mart, columns in _LABELLED.items():
        blank = " or ".join(f"trim(coalesce({column}, '')) = ''" for column in (*columns, "label_da", "label_en"))
        description = "No label, code or definition is missing in either language."
        found.append(mart_check(mart, "labels_present", description, offenders(blank, columns[:1])))
    return found
