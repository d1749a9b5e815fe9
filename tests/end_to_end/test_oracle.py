"""Every published gap against a second opinion in plain Python, on the whole sample: sources in, marts out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import oracle_files as files
import oracle_sources as sources
import pytest
from house import Home, home_on
from oracle import OWN_DATA, REFERENCES, TARGETS, Expected, Key, Stratum, dissimilarity, gaps

from sample_providers import Running, start, write_inbox
from sample_providers.tokens import TOKEN
from warehouse.records import catalogue

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oracle")]

NUMBERS = (
    *(f"{side}_{name}" for side in ("target", "reference") for name in ("numerator", "denominator")),
    *(f"{side}_{name}_pct" for side in ("target", "reference") for name in ("rate", "low", "high")),
    *("gap_pp", "gap_low_pp", "gap_high_pp", "is_clear", "rate_ratio", "persons_to_parity"),
)
COLUMNS = (
    *("indicator_id", "municipality_code", "period", "sex", "age_group", "subarea_code"),
    *("target_group", "reference_group", "value_status", "is_provisional", "usage_warnings"),
)
TOLERANCE = 1e-9


def published(home: Home) -> dict[Key, Expected]:
    """What `gaps` says, in the shape of the oracle; series breaks are told elsewhere."""
    rows = home.rows(f"select {', '.join((*COLUMNS, *NUMBERS))} from marts.gaps")
    found = {}
    for row in rows:
        stratum, target, reference = Stratum(*row[:6]), row[6], row[7]
        status, provisional, warnings = row[8:11]
        numbers = {name: value for name, value in zip(NUMBERS, row[11:], strict=True) if value is not None}
        said = frozenset(warnings) - {"series_break"}
        found[Key(stratum, target, reference)] = Expected(status, numbers, said, provisional)
    assert len(found) == len(rows)
    return found


def differences(found: dict[Key, Expected], expected: dict[Key, Expected]) -> list[str]:
    """Where the two disagree, in words; the municipality's own data may be hidden for more reasons than small cells."""
    said = [f"only in {name}: {key}" for name, keys in _only(found, expected).items() for key in sorted(keys)]
    for key in sorted(found.keys() & expected.keys()):
        mart, own = found[key], expected[key]
        if key.stratum.indicator in OWN_DATA and (mart.status, own.status) == ("suppressed", "observed"):
            continue
        if (mart.status, mart.warnings, mart.provisional) != (own.status, own.warnings, own.provisional):
            said.append(f"{key}: {mart} is not {own}")
            continue
        wanted = {name: value for name, value in own.numbers.items() if value is not None}
        if mart.numbers.keys() != wanted.keys():
            said.append(f"{key}: {sorted(mart.numbers.keys() ^ wanted.keys())}")
        for name in mart.numbers.keys() & wanted.keys():
            one, two = mart.numbers[name], wanted[name]
            if not math.isclose(float(one or 0), float(two or 0), rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                said.append(f"{key}: {name} is {one}, not {two}")
    return said


def _only(found: dict[Key, Expected], expected: dict[Key, Expected]) -> dict[str, set[Key]]:
    return {"the mart": found.keys() - expected.keys(), "the oracle": expected.keys() - found.keys()}


def index_rows(table: sources.Table, owners: dict[str, str], periods: set[str]) -> dict[Key, Expected]:
    """The rows of the dissimilarity index."""
    return {
        Key(Stratum("residential_dissimilarity", area, year), target, reference): dissimilarity(
            found, target, reference
        )
        for area, year, found in sources.parishes(table, owners, periods)
        for target in TARGETS
        for reference in REFERENCES
    }


@pytest.fixture(scope="module")
def provider() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oracle") / "inbox"
    write_inbox(folder)
    return folder


@pytest.fixture(scope="module")
def built(provider: Running, inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with every dataset of the catalogue, the ones behind a login too."""
    home = home_on(
        provider,
        tmp_path_factory.mktemp("oracle_home") / "home",
        WAREHOUSE_SAMPLE_INBOX=str(inbox),
        WAREHOUSE_EDUCATION_URL=provider.education_url,
        WAREHOUSE_EDUCATION_TOKEN=TOKEN,
        WAREHOUSE_JOBINDSATS_URL=provider.jobindsats_url,
        WAREHOUSE_JOBINDSATS_TOKEN=TOKEN,
    )
    home.ingest(*catalogue())
    home.build()
    return home


def _api_rows(home: Home, table: str) -> list[dict[str, object]]:
    """Rows of an API as published; its own form is the business of the tests of its client."""
    listed = """select column_name from information_schema.columns
        where table_schema = 'raw' and table_name = ? order by ordinal_position"""
    columns = [name for (name,) in home.rows(listed, table)]
    return [dict(zip(columns, row, strict=True)) for row in home.rows(f'select * from raw."{table}"')]


def _expected(provider: Running, inbox: Path, home: Home) -> dict[Key, Expected]:
    url = provider.statbank_url
    ras201, kas201 = files.statbank(url, "RAS201"), files.statbank(url, "KAS201")
    ligeub1, uddakt20 = files.statbank(url, "LIGEUB1"), files.statbank(url, "UDDAKT20", UDDANNELSE=["U29"])
    ky038 = files.statbank(url, "KY038", YDELSESTYPE=["10000"])
    folk1e = files.statbank(url, "FOLK1E", KØN=["TOT"])
    quarters = [row for row in kas201 if "K" in row["PERIOD"]]
    counts: dict[Stratum, dict[str, sources.Count]] = {}
    for table, area, function, more in (
        (ras201, "OMRÅDE", sources.employment, (sources.RAS201,)),
        (quarters, "OMRÅDE", sources.employment, (sources.KAS201,)),
        (ligeub1, "BOPOMR", sources.education, ()),
        (uddakt20, "BOPOMR", sources.grade9, ()),
        (ky038, "OMRÅDE", sources.cash_benefits, (folk1e, {row["PERIOD"] for row in folk1e})),
    ):
        periods = {row["PERIOD"] for row in table}
        counts |= function(table, files.areas_of(table, area), periods, *more)  # type: ignore[operator]
    grades = [
        {**row, "passed": row["passed"] if row["passed"] is not None else _share_of(row)}
        for row in _api_rows(home, "education_grades")
    ]
    support = _api_rows(home, "jobindsats_support")
    counts |= sources.delivered(grades, "grade9_grades", "passed", "pupils")
    counts |= sources.delivered(support, "public_support_share", "full_time_persons", "population")
    counts |= sources.turnout_by_origin(files.inbox(inbox, "turnout_by_origin"))
    counts |= sources.interviews(files.inbox(inbox, "interviews"))
    counts |= sources.danish_tests(files.inbox(inbox, "danish_tests"))
    counts |= sources.turnout_by_area(files.polling_areas(provider.elections_url, inbox))
    kmsta001 = files.statbank(url, "KMSTA001")
    index = index_rows(kmsta001, files.parish_owners(url), {row["PERIOD"] for row in kmsta001})
    return {**gaps(counts), **index}


def _share_of(row: dict[str, object]) -> float | None:
    pupils, share = row["pupils"], row["share_pct"]
    if not isinstance(pupils, int) or not isinstance(share, float):
        return None
    return math.floor(pupils * share / 100 + 0.5)


def test_every_gap_is_that_of_the_oracle(provider: Running, inbox: Path, built: Home) -> None:
    expected, found = _expected(provider, inbox, built), published(built)
    assert differences(found, expected)[:20] == []
    observed = {key.stratum.indicator for key, row in found.items() if row.status == "observed"}
    measured = {name for (name,) in built.rows("select indicator_id from marts.dim_indicator")}
    assert observed == measured - {"association_democracy"}


def test_an_oracle_that_errs_is_found_out(provider: Running, inbox: Path, built: Home) -> None:
    """The comparison is no rubber stamp: a number off by a millionth, a status and a row too many all show."""
    found = published(built)
    key = next(key for key, row in found.items() if row.status == "observed" and row.numbers.get("gap_low_pp"))
    row = found[key]
    off = {**row.numbers, "gap_pp": float(row.numbers["gap_pp"] or 0) + 1e-6}
    wrong = (
        {**found, key: Expected(row.status, off, row.warnings, row.provisional)},
        {**found, key: Expected("suppressed", {}, row.warnings, row.provisional)},
        {**found, Key(key.stratum._replace(period="1999"), key.target, key.reference): row},
    )
    assert [len(differences(found, one)) for one in wrong] == [1, 1, 1]


def test_other_focus_areas_hold_what_gaps_holds(built: Home) -> None:
    areas = ("beskaeftigelse", "uddannelse", "boligsocial", "demokrati")
    for area in areas:
        (rows,) = built.rows(f"select count(*), count(distinct focus_area) from marts.gap_{area}")
        assert rows[0] > 0
        assert rows[1] == 1
    union = sum(built.rows(f"select count(*) from marts.gap_{area}")[0][0] for area in areas)
    assert built.rows("select count(*) from marts.gaps") == [(union,)]


def test_coverage_counts_what_is_published(built: Home) -> None:
    """Periods with a number, and those without, counted in Python over the published rows."""
    present: dict[tuple[str, str], set[str]] = {}
    known: dict[str, set[str]] = {}
    for key, row in published(built).items():
        known.setdefault(key.stratum.indicator, set()).add(key.stratum.period)
        if row.status == "observed":
            present.setdefault((key.stratum.indicator, key.stratum.municipality), set()).add(key.stratum.period)
    rows = built.rows("select indicator_id, municipality_code, periods_present, periods_missing from marts.coverage")
    assert len(rows) == 16 * 106
    for indicator, municipality, count, missing in rows:
        there = present.get((indicator, municipality), set())
        assert count == len(there)
        assert not there & set(missing)
        if municipality == "086":  # a region of 2027: nothing is missing of it before
            assert missing == []
            continue
        assert known.get(indicator, set()) <= there | set(missing)
