"""Promise: election files with a DTD, broken files and figures that do not add up stay out; a 404 is not delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ingestion import pipeline
from sample_providers import Request
from warehouse.errors import LoadRejected, ProviderError

AREA = "fintal_1972358.xml"
DTD = b'<!DOCTYPE Data [<!ENTITY lol "lol">]>'


def _replace(old: bytes, new: bytes, file: str = AREA) -> Callable[[Request], Any]:
    def hook(request: Request) -> Any:
        if not request.path.endswith(file):
            return None
        body = request.real().whole()
        assert old in body
        return 200, {}, body.replace(old, new, 1)

    return hook


def _instead(body: bytes, status: int = 200, file: str = AREA) -> Callable[[Request], Any]:
    return lambda request: (status, {}, body) if request.path.endswith(file) else None


REFUSED: dict[str, tuple[Callable[[Request], Any], list[str], bool]] = {
    "dtd": (_replace(b"?>", b"?>" + DTD), [AREA, "refused", "DTD"], False),
    "dtd_of_an_index": (_replace(b"?>", b"?>" + DTD, "/fintal.xml"), ["fintal.xml", "DTD"], False),
    "external_dtd": (_replace(b"?>", b'?><!DOCTYPE Data SYSTEM "file:///etc/passwd">'), ["DTD"], False),
    "html": (_instead(b"<!DOCTYPE html><html></html>"), ["HTML", AREA], True),
    "empty": (_instead(b""), ["empty", AREA], True),
    "cut": (_replace(b"</Data>", b""), ["not well-formed", AREA], True),
    "other_root": (_instead(b"<Other/>"), ["not an election file"], True),
    "listed_but_gone": (_instead(b"", 404), ["404", AREA, "index lists it"], False),
    "other_place": (_replace(b'Id="1972358"', b'Id="1972359"'), ["1972359", "1972358"], False),
    "other_day": (_replace(b"01-11-2022", b"02-11-2022"), ["2022-11-02"], False),
    "not_a_count": (
        _replace(b"<Stemmeberettigede>4054", b"<Stemmeberettigede>4.054"),
        ["4.054", "not a count"],
        False,
    ),
    "negative": (_replace(b"<BlankeStemmer>", b"<BlankeStemmer>-"), ["BlankeStemmer", "not a count"], False),
    "more_votes_than_voters": (
        _replace(b"<Stemmeberettigede>4054", b"<Stemmeberettigede>405"),
        ["more votes than voters", AREA],
        False,
    ),
    "parts_are_not_the_sum": (
        _replace(b"<IAltAfgivneStemmer>3121", b"<IAltAfgivneStemmer>3122"),
        ["3122", "valid and invalid"],
        False,
    ),
    "tags_do_not_match": (_replace(b"IAltUgyldigeStemmer", b"Andet"), ["not well-formed"], True),
    "foreign_link": (
        _replace(b"fintal_1972358.xml", b"../../x.xml", "Valg1968094/xml/fintal.xml"),
        ["link", "x.xml"],
        False,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_election_file_is_rejected(house: Any, name: str) -> None:
    hook, words, retried = REFUSED[name]
    house.provider.raw_answer = hook
    with pytest.raises(LoadRejected) as caught:
        pipeline.land("dst_elections", house.settings, ("dag", "run"))
    assert [word for word in words if word not in caught.value.block()] == []
    assert len(house.slept) == (4 if retried else 0)
    assert house.sql("select status, dag_id from meta.loads") == [("rejected", "dag")]
    assert house.sql("select count(*) from meta.period_owner") == [(0,)]


def test_a_root_without_elections_is_not_delivered(house: Any) -> None:
    house.provider.raw_answer = _instead(b"", 404, "/fintal.xml")
    assert not pipeline.changed("dst_elections", house.settings)
    assert house.sql("select outcome from meta.checks") == [("not_delivered",)]


def test_an_election_that_the_root_lacks_is_told_and_the_others_are_loaded(house: Any) -> None:
    house.ingest("dst_elections")
    told = house.sql("select detail from meta.checks where outcome = 'not_delivered' order by detail")
    assert [detail[:6] for (detail,) in told] == ["FV2015", "FV2019"]
    assert house.sql("select distinct election_id from raw.dst_election_areas order by 1") == [
        ("FV2011",),
        ("FV2022",),
    ]


def test_the_root_in_trouble_is_not_mistaken_for_not_delivered(house: Any) -> None:
    house.provider.raw_answer = lambda request: (503, {}, b"")
    with pytest.raises(ProviderError, match="503"):
        pipeline.changed("dst_elections", house.settings)
    assert house.sql("select outcome from meta.checks") == [("failed",)]


def test_no_link_is_followed_to_another_host_and_unchanged_is_not_fetched_again(house: Any) -> None:
    house.ingest("dst_elections")
    assert all(path.startswith("/valg/Valg") for _, path, _, _ in house.provider.requests)
    files = [path for _, path, _, _ in house.provider.requests if not path.endswith("/fintal.xml")]
    assert len(files) == len(set(files)) == 31 + 2
    assert not pipeline.changed("dst_elections", house.settings)
    house.provider.raw_answer = _replace(
        b"<SenestDannetIso>2022", b"<SenestDannetIso>2023", "Valg1968094/xml/fintal.xml"
    )
    assert pipeline.changed("dst_elections", house.settings)


def test_the_focus_municipality_decides_the_districts(house: Any) -> None:
    house.settings = house.settings.model_copy(update={"focus_municipality": "101"})
    assert not pipeline.changed("dst_elections", house.settings)
    assert house.sql("select outcome, detail like '%101%' from meta.checks") == [("not_delivered", True)]
