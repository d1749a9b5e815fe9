"""An answer that lost its last rows is well formed: large figures that raw shows may not be left out, small may."""

from __future__ import annotations

import duckdb
import pytest
from expectation_scratch import Candidate, enter, fvkom, own

from expectations.continuity import LARGE
from expectations.run import Verdict, validate
from warehouse.settings import Settings

BEFORE = "20250101T000000Z_fvkom_bbbbbb"
NOW = "20260201T000000Z_fvkom_aaaaaa"


def judged(
    connection: duckdb.DuckDBPyConnection, settings: Settings, before: Candidate, load: Candidate, same: bool = True
) -> Verdict:
    """``same``: the question asked was the same."""
    before.selection = "one question"
    load.selection = "one question" if same else "another"
    own(connection, settings, before)
    return validate(enter(connection, settings, load), settings, connection)


def with_small_municipality(load_id: str, figure: int) -> Candidate:
    """FVKOM with fifty more municipalities, so that one row is less than the tolerance; the last has ``figure``."""
    load = fvkom(load_id)
    codes = [f"9{number:02d}" for number in range(50)]
    load.codes["OMRÅDE"] += [(code, code, code, True) for code in codes]
    rows = load.tables["fvkom"]
    rows += [
        {"VALRES": result, "OMRÅDE": code, "TID": "2022", "INDHOLD": 100 * place}
        for code in codes
        for place, result in enumerate(("UGYLD_IALT", "GYLD_IALT", "VAELG"), start=1)
    ]
    rows[-1]["INDHOLD"] = figure
    return load


@pytest.mark.parametrize(("figure", "accepted"), [(LARGE, False), (LARGE - 1, True)])
def test_one_row_left_out_of_many(
    connection: duckdb.DuckDBPyConnection, settings: Settings, figure: int, accepted: bool
) -> None:
    load = with_small_municipality(NOW, figure)
    load.tables["fvkom"].pop()
    verdict = judged(connection, settings, with_small_municipality(BEFORE, figure), load)
    assert verdict.success is accepted
    assert [item.expectation for item in verdict.validations if not item.success] == (
        [] if accepted else ["coverage_not_shrunk"]
    )
    if not accepted:
        (key,) = next(item for item in verdict.validations if not item.success).sample_keys
        assert all(part in key for part in ("VAELG", "949", "2022", "left out"))


def test_another_question_is_not_compared(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    load = with_small_municipality(NOW, 5000)
    load.tables["fvkom"].pop()
    assert judged(connection, settings, with_small_municipality(BEFORE, 5000), load, same=False).success
