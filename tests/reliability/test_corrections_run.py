"""Promise: a wrong published figure is corrected or dropped by the ledger, and the day it heals the load says so.

One home and one provider, which errs in one cell of RAS201, from the rejected load to the removed entry.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from corrections_ledger import Ledger, entry
from house import Home

from sample_providers import Running
from warehouse.errors import LoadRejected

NEWEST = "2024"
WRONG = {"OMRÅDE": "000", "SOCIO": "00", "HERKOMST": "25", "ALDER": "20-24", "KØN": "M", "TID": NEWEST}
UNSURE = {"OMRÅDE": "151", "SOCIO": "00", "HERKOMST": "25", "ALDER": "20-24", "KØN": "K", "TID": "2019"}
MARTS = ("--select", "+gap_beskaeftigelse", "stg_statbank__ras201", "--exclude-resource-type", "test", "unit_test")
LEDGER = ("--select", "corrections", "assert_corrections_hold")
ERROR = 7


def codes(key: dict[str, str]) -> dict[str, str]:
    """A key as the sample's table takes it."""
    return {("Tid" if name == "TID" else name): code for name, code in key.items()}


def staged(home: Home, key: dict[str, str]) -> list[tuple[object, ...]]:
    """The cell as staging shows it."""
    return home.rows(
        """select persons from staging.stg_statbank__ras201 where published_area_code = ? and published_status_code = ?
        and published_origin_code = ? and published_age_code = ? and published_sex_code = ? and year = ?""",
        *key.values(),
    )


def published(home: Home, key: dict[str, str]) -> list[tuple[object, ...]]:
    """The cell as raw shows it."""
    where = " and ".join(f'"{name}" = ?' for name in key)
    return home.rows(f"select INDHOLD from raw.ras201 where {where}", *key.values())


def gap_rows(home: Home, municipality: str, period: str) -> dict[str, tuple[object, ...]]:
    """Status, numerator and gap of the employment rate by sex: non-western against others, 16-64."""
    found = home.rows(
        """select sex, value_status, target_numerator, gap_pp from marts.gap_beskaeftigelse
        where indicator_id = 'employment_rate' and municipality_code = ? and period = ? and age_group = '16-64'
            and target_group = 'non_western' and reference_group = 'others'""",
        municipality,
        period,
    )
    return {str(sex): tuple(rest) for sex, *rest in found}


@pytest.mark.slow
def test_a_wrong_figure_is_corrected_until_the_provider_heals_it(
    home: Home, provider: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, table = Ledger(tmp_path, monkeypatch), provider.table("RAS201")
    right, unsure = table.get(**codes(WRONG)), table.get(**codes(UNSURE))
    assert table.time.codes[-1] == NEWEST, "older years than the revision window are not asked for again"
    table.add(ERROR, **codes(WRONG))

    with pytest.raises(LoadRejected, match="regions_equal_country"):
        home.ingest("ras201")

    corrected = entry("ras201-country", "ras201", WRONG, right + ERROR, right)
    ledger.write(corrected, entry("ras201-ballerup-2019", "ras201", UNSURE, unsure, None))
    home.ingest("ras201")
    verdict = "select success, severity, observed from meta.validations where expectation = 'corrections_hold'"
    assert home.rows(verdict) == [(True, "blocking", "2 corrections")]

    home.build(*MARTS)
    assert (published(home, WRONG), staged(home, WRONG)) == ([(right + ERROR,)], [(right,)])
    assert (published(home, UNSURE), staged(home, UNSURE)) == ([(unsure,)], [(None,)])
    working_age = [code for code in table.variable("ALDER").codes if "16" <= code < "65"]
    employed = table.get(OMRÅDE="000", SOCIO="00", HERKOMST=["25", "35"], ALDER=working_age, KØN="M", Tid=NEWEST)
    by_sex = gap_rows(home, "000", NEWEST)
    assert by_sex["men"][:2] == ("observed", sum(map(sum, employed)) - ERROR)
    dropped = gap_rows(home, "151", "2019")
    assert dropped["women"] == dropped["total"] == ("suppressed", None, None)
    assert dropped["men"][0] == "observed"
    home.build(*LEDGER)

    ledger.write(corrected, entry("ras201-next-year", "ras201", {**WRONG, "TID": "2031"}, 1, 2))
    with pytest.raises(AssertionError, match=r"1 rows, the first 1\n.*ras201-next-year.*matches nothing in raw"):
        home.build(*LEDGER)

    ledger.write(corrected)
    table.add(-ERROR, **codes(WRONG))
    table.updated = "2026-11-01T08:00:00"
    with pytest.raises(LoadRejected, match="corrections_hold") as caught:
        home.ingest("ras201")
    assert "ras201-country" in str(caught.value)
    assert "healed" in str(caught.value)
    assert published(home, WRONG) == [(right + ERROR,)]

    ledger.write()
    home.ingest("ras201")
    assert published(home, WRONG) == [(right,)]
