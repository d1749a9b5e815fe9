"""The attack on real releases: the sample's own data, invented deliveries, and the release after a revised delivery.

Everything goes the whole way: inbox, landing, raw, dbt, release. What is attacked is the file that readers open.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest
from disclosure_attack import Row, Totals, attack, shown, western
from house import Home

from warehouse import release
from warehouse.disclosure import Delivered, judge_versions

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disclosure")]

OWN_INDICATORS = ("turnout_municipal", "perceived_diversity", "danish_tests")
OWN = ("turnout_by_origin", "interviews", "danish_tests")
MUNICIPALITIES = ("151", "153", "155", "157", "159", "161", "163", "165", "167", "169", "173", "175", "183", "185")
PARTS = (
    ("danish", "danish_origin"),
    ("western", "total"),
    ("non_western", "immigrant"),
    ("non_western", "descendant"),
)
Stratum = tuple[str, str, str]  # indicator, municipality, period
Releases = tuple[Home, list[Path], list[dict[Stratum, Totals]]]


def write_csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header.split(","), *rows])


def deliver(inbox: Path, seed: int) -> None:
    """Counts of every size, small ones above all; the same seed gives the same files."""
    chance = random.Random(seed)

    def size() -> int:
        return chance.choice([chance.randint(0, 6), chance.randint(5, 60), chance.randint(200, 4000)])

    turnout, tests = [], []
    for code in MUNICIPALITIES:
        for origin, ancestry in PARTS:
            votes = size()
            turnout.append(("KV2021", "2021-11-16", code, origin, ancestry, votes + size(), votes, "", ""))
        for year in (2022, 2023):
            for origin in ("western", "non_western"):
                passed = size()
                tests.append((year, code, origin, passed + size(), passed, "", ""))
    write_csv(
        inbox / "turnout_by_origin" / "turnout.csv",
        "election_id,election_date,municipality_code,origin,ancestry,eligible_voters,votes_cast,source,note",
        turnout,
    )
    write_csv(
        inbox / "danish_tests" / "tests.csv",
        "year,municipality_code,origin,course_takers,passed_within_five_years,source,note",
        tests,
    )
    write_csv(
        inbox / "interviews" / "answers.csv",
        "wave_id,wave_date,municipality_code,community_id,community_name,respondent_id,consent,origin_group,item_id,score",
        answers(chance),
    )


def answers(chance: random.Random) -> Iterator[tuple[object, ...]]:
    for code in MUNICIPALITIES[:6]:
        for wave in ("2024-1", "2024-2"):
            for place in range(3):
                asked = {"non_western": chance.choice([0, 2, 4, 7, 20]), "other": chance.choice([3, 12, 30])}
                people = [group for group, number in asked.items() for _ in range(number)] + ["undisclosed"]
                for number, group in enumerate(people):
                    person = f"{code}-{place}-{number}"
                    for item in ("q1", "q2"):
                        row = (
                            f"{wave}-{code}",
                            f"{wave[:4]}-0{wave[-1]}-01",
                            code,
                            f"c{place}-{code}",
                            f"Place {place}",
                        )
                        yield *row, person, "true", group, item, chance.choice([1, 3, 4, 5])


def revise(inbox: Path) -> None:
    """A second delivery that differs a little: every fifth count of voters and of course takers is one larger."""
    for path in (inbox / "turnout_by_origin" / "turnout.csv", inbox / "danish_tests" / "tests.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            header, *rows = csv.reader(handle)
        place = header.index("eligible_voters" if "eligible_voters" in header else "course_takers")
        for row in rows[::5]:
            row[place] = str(int(row[place]) + 1)
        write_csv(path, ",".join(header), rows)


def publish(home: Home) -> Path:
    """Take in what lies in the inbox, build the marts, and publish them."""
    home.ingest(*OWN)
    home.build("--exclude-resource-type", "test")
    name = release.publish(home.settings)
    return home.settings.releases / name / release.DATABASE


def strata(file: Path) -> dict[Stratum, list[Row]]:
    """The published rows of the municipality's own data."""
    found: dict[Stratum, list[Row]] = {}
    with duckdb.connect(str(file), read_only=True) as connection:
        for mart in ("gap_demokrati", "gap_boligsocial"):
            asked = connection.execute(f"select * from marts.{mart} where indicator_id in {OWN_INDICATORS}")
            names = [column[0] for column in asked.description or ()]
            for values in asked.fetchall():
                row = dict(zip(names, values, strict=True))
                key = (str(row["indicator_id"]), str(row["municipality_code"]), str(row["period"]))
                found.setdefault(key, []).append(row)
    return found


def public_totals(home: Home) -> dict[Stratum, Totals]:
    """The totals over all groups that the attacker is granted."""
    found: dict[Stratum, dict[str, tuple[int, int]]] = {}
    for indicator, code, period, subarea, numerator, denominator in home.rows(
        f"""select indicator_id, municipality_code, period, subarea_code, sum(numerator), sum(denominator)
        from intermediate.int_gap__counts
        where indicator_id in {OWN_INDICATORS} group by all"""
    ):
        found.setdefault((indicator, code, period), {})[subarea] = (int(numerator), int(denominator))
    return dict(found)


def assert_withstands(rows: dict[Stratum, list[Row]], totals: dict[Stratum, Totals]) -> int:
    """Attack every stratum; gives the number of suppressed cells that were attacked."""
    attacked = 0
    for stratum, of in rows.items():
        cells = attack({"now": (of, totals[stratum])})
        assert [cell for cell in cells if cell.is_found] == [], stratum
        attacked += len(cells)
    return attacked


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """A home with two releases of invented deliveries, and the public totals at each."""
    path = tmp_path_factory.mktemp("disclosure") / "home"
    home = Home(path, {})
    deliver(path / "inbox", seed=20251118)
    files, totals = [publish(home)], [public_totals(home)]
    revise(path / "inbox")
    files.append(publish(home))
    totals.append(public_totals(home))
    return home, files, totals


def test_the_sample_withstands(sample_home: Home) -> None:
    rows = strata(sample_home.settings.releases / "current" / release.DATABASE)
    assert assert_withstands(rows, public_totals(sample_home)) > 20
    status = {
        (row["target_group"], row["value_status"])
        for row in rows["turnout_municipal", "161", "KV2017"]
        if row["reference_group"] == "danish"
    }
    assert status == {
        ("non_western", "observed"),
        ("non_western_immigrant", "suppressed"),
        ("non_western_descendant", "suppressed"),
    }


def test_invented_deliveries_withstand(two_releases: Releases) -> None:
    _, files, totals = two_releases
    for file, of in zip(files, totals, strict=True):
        rows = strata(file)
        assert assert_withstands(rows, of) > 100
        assert any(row["value_status"] == "observed" for stratum in rows.values() for row in stratum)


def test_small_western_cells_withstand(two_releases: Releases) -> None:
    home, (_, file), (_, totals) = two_releases
    rows = strata(file)
    counts = home.rows(
        """select municipality_code, numerator, denominator from intermediate.int_gap__counts
        where indicator_id = 'turnout_municipal' and part = 'western' and (numerator between 1 and 4
        or denominator between 1 and 4 or denominator - numerator between 1 and 4)"""
    )
    assert counts
    for code, *_ in counts:
        stratum = ("turnout_municipal", code, "KV2021")
        total = totals[stratum]["total"]
        found = western("now", rows[stratum], totals[stratum])
        for cell, most in zip(found, (total[0], total[1], total[1] - total[0]), strict=True):
            assert len(found[cell]) >= min(3, most + 1), (stratum, cell)


def test_what_the_first_release_hid_the_second_hides(
    two_releases: Releases,
) -> None:
    _, files, totals = two_releases
    first, second = (strata(file) for file in files)
    changed = 0
    for stratum, rows in second.items():
        seen_before, seen_now = set(shown(first[stratum])), set(shown(rows))
        assert seen_now <= seen_before, stratum
        changed += shown(first[stratum]) != shown(rows)
        cells = attack({"first": (first[stratum], totals[0][stratum]), "second": (rows, totals[1][stratum])})
        lost = [cell for cell in cells if cell.is_found and (cell.subarea, cell.group) not in seen_before]
        assert lost == [], stratum
    assert changed, "the revision shows nowhere"


def test_the_same_deliveries_fall_where_partners_are_left_open(
    two_releases: Releases,
) -> None:
    home, (_, file), (_, totals) = two_releases
    versions = home.rows(
        """select indicator_id, municipality_code, period, promoted_at, load_id, is_current, subarea_code, part,
        numerator, denominator, persons, answers_per_person from intermediate.int_disclosure__versions
        where is_current"""
    )
    judged = judge_versions([Delivered(*row) for row in versions], home.settings.small_cell, partners=False)
    counts = {(row[:4], row.group_id): row for row in judged}
    found = 0
    for stratum, rows in strata(file).items():
        opened = []
        for row in rows:
            place = (stratum[0], stratum[1], str(row["subarea_code"]), stratum[2])
            sides = {side: counts[place, str(row[f"{side}_group"])] for side in ("target", "reference")}
            plain: dict[str, object] = {name: row[name] for name in ("subarea_code", "target_group", "reference_group")}
            hidden = any(side.is_hidden or side.denominator == 0 for side in sides.values())
            plain["value_status"] = "suppressed" if hidden else "observed"
            for name, side in sides.items():
                plain[f"{name}_numerator"] = None if hidden else side.numerator
                plain[f"{name}_denominator"] = None if hidden else side.denominator
            opened.append(plain)
        found += sum(cell.is_found for cell in attack({"now": (opened, totals[stratum])}))
    assert found > 10


def test_no_other_table_is_made_of_these_counts(
    two_releases: Releases,
) -> None:
    """Every mart that comes of the municipality's own data does so through ``gap_rows``, which hides by default."""
    home, *_ = two_releases
    manifest = json.loads((home.path / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = {**manifest["nodes"], **manifest["sources"]}
    code = {node["name"]: node["raw_code"] for node in nodes.values() if node["resource_type"] == "model"}
    for mart in ("gap_demokrati", "gap_boligsocial"):
        assert "gap_rows(hidden='hidden_groups')" in code[mart]
    guards = {name for name in code if name.startswith("gap_") and "{{ gap_rows(" in code[name]}
    own = {name for name in manifest["sources"] if name.rsplit(".", 1)[-1] in OWN}
    assert len(own) == 2 * len(OWN)
    reached, fringe = set(), set(own)
    while fringe:
        reached |= fringe
        children = {child for node in fringe for child in manifest["child_map"][node]} - reached
        fringe = {c for c in children if nodes.get(c, {}).get("resource_type") == "model"}
        fringe = {c for c in fringe if nodes[c]["name"] not in guards | WITHOUT_COUNTS}
    marts = {nodes[node]["name"] for node in reached if nodes[node].get("schema") == "marts"}
    assert marts <= OPEN_INDICATORS_ONLY
    for mart in OPEN_INDICATORS_ONLY:
        assert "counts.indicator_id in ('youth_education', 'qualifying_education')" in code[mart]


def test_verdicts_and_pages_quote_no_count(
    two_releases: Releases,
) -> None:
    """What is observed of a delivery are columns, rows in all and numbers of offenders; no key, no other count."""
    home, (file, *_), _ = two_releases
    with duckdb.connect(str(file), read_only=True) as connection:
        verdicts = connection.execute(
            "select expectation, observed, sample_keys from marts.validations where object_name in"
            " ('raw.turnout_by_origin', 'raw.interviews', 'raw.danish_tests')"
        ).fetchall()
    assert verdicts
    for expectation, observed, keys in verdicts:
        assert keys == "[]", expectation
        if expectation not in {"rows_received_equal_rows_loaded", "columns_as_asked"}:
            assert not re.search(r"\d", observed.removesuffix(" offending").strip("0")), (expectation, observed)
    people = {person for (person,) in home.rows("select distinct respondent_id from raw.interviews")}
    for page in (file.parent / "validation").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not any(person in text for person in people), page.name


def test_logs_name_no_respondent(two_releases: Releases) -> None:
    home, *_ = two_releases
    (person, *_), *_ = home.rows("select respondent_id from raw.interviews")
    assert all(person not in path.read_text(errors="replace") for path in home.path.joinpath("logs").rglob("*.log*"))


# The periods and breaks of every series; no count.
WITHOUT_COUNTS = {"int_series"}
OPEN_INDICATORS_ONLY = {"unknown_shares"}
