"""Promise: what is whole is read as it was written, whatever the figures; and one cut or doubled line is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import fuzz_corpus as corpus
import fuzz_readers
import pytest
from fuzz_harness import Reader
from fuzz_readers import CHOSEN, Bench, bench
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inbox_files import text_of, turnout

from ingestion import inbox_csv
from ingestion.bulk import parse_jsonstat
from ingestion.cpr import looks_like_cpr
from ingestion.danish import number
from ingestion.election_xml import parse_result
from ingestion.http import BadBody
from ingestion.valg_dk_json import parse_file
from warehouse.errors import WarehouseError

few = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
counts = st.integers(0, 10**7)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff"), max_size=40)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("properties")) as made:
        yield made


@pytest.fixture(scope="module", params=["RAS201", "RAS200"])
def reader(request: pytest.FixtureRequest, table: Bench) -> Reader:
    return fuzz_readers.bulk(table, request.param)


def _body(header: list[str], rows: list[tuple[str, ...]]) -> bytes:
    return "".join(";".join(row) + "\r\n" for row in (header, *rows)).encode()


@few
@given(data=st.data())
def test_a_bulk_body_is_loaded_as_written_and_a_cut_one_is_not(reader: Reader, data: st.DataObject) -> None:
    whole = reader.name == "bulk_count"
    chosen = CHOSEN["RAS201" if whole else "RAS200"]
    keys = st.sampled_from(list(product(*chosen.values())))
    value = (
        st.integers(-(10**18) + 1, 10**18 - 1).map(str)
        if whole
        else st.integers(-999, 999).map(lambda n: f"{n / 10:.1f}".replace(".", ","))
    )
    cells = data.draw(st.dictionaries(keys, st.one_of(value, st.just("..")), min_size=1, max_size=12))
    header = [*(code.upper() for code in chosen), "INDHOLD"]
    rows = [(*key, cell) for key, cell in cells.items()]
    body = _body(header, rows)
    read = int if whole else (lambda cell: float(cell.replace(",", ".")))
    assert reader.read(body) == [(*key, None if cell == ".." else read(cell)) for key, cell in cells.items()]
    cut = data.draw(st.integers(1, len(body) - 1))
    if not body[:cut].endswith(b"\r\n") or body[:cut].count(b"\n") == 1:
        with pytest.raises((WarehouseError, BadBody)):
            reader.read(body[:cut])


@few
@given(
    st.lists(st.tuples(counts, counts, texts), min_size=1, max_size=6),
    st.sampled_from([",", ";"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_hand_delivered_rows_come_out_as_they_went_in(
    table: Bench, drawn: list[tuple[int, int, str]], delimiter: str, end: str
) -> None:
    rows = [
        turnout(municipality_code=code, eligible_voters=str(max(a, b)), votes_cast=str(min(a, b)), source=text)
        for (a, b, text), code in zip(drawn, ("101", "147", "151", "153", "155", "157"), strict=False)
        if not looks_like_cpr(text)
    ]
    if not rows:
        return
    kind, body = "turnout_by_origin", text_of(rows, delimiter, end).encode()
    assert [placed.row for placed in inbox_csv.parse(body, kind, "a.csv")] == rows
    inbox_csv.fill(table.connection, table.context(kind), table.manifest(kind, body, len(rows), {"files": ["a.csv"]}))
    loaded = table.rows(kind, "municipality_code, eligible_voters, votes_cast, coalesce(source, '')")
    expected = [(r["municipality_code"], int(r["eligible_voters"]), int(r["votes_cast"]), r["source"]) for r in rows]
    assert loaded == expected
    with pytest.raises(WarehouseError):
        inbox_csv.check_together(
            kind, inbox_csv.parse(body + body.split(end.encode())[-2] + end.encode(), kind, "a.csv")
        )


@few
@given(st.lists(counts, min_size=1, max_size=8), counts)
def test_the_last_count_of_a_polling_area_is_the_largest(votes: list[int], more: int) -> None:
    sample = json.loads(corpus.kind("valg_dk")[0])
    voters = min(max(votes) + more, 10**7)
    sample["Valgdeltagelse"] = [
        {"AntalStemmeberretigedeVælgere": voters, "AfgivneStemmer": cast, "Tidspunkt": "20:00:00"}
        for cast in sorted(votes)
    ]
    row = parse_file(json.dumps(sample).encode(), "a.json")
    assert row is not None and (row["eligible_voters"], row["votes_cast"]) == (voters, max(votes))


@few
@given(counts, counts, counts, counts)
def test_the_figures_of_a_place_are_read_where_they_add_up_and_only_there(
    valid: int, blank: int, other: int, more: int
) -> None:
    cast = valid + blank + other
    figures = {
        "Stemmeberettigede": cast + more,
        "IAltGyldigeStemmer": valid,
        "BlankeStemmer": blank,
        "AndreUgyldigeStemmer": other,
        "IAltUgyldigeStemmer": blank + other,
        "IAltAfgivneStemmer": cast,
    }
    found = parse_result(_with(figures), "a.xml")
    assert (found.valid_votes, found.votes_cast, found.eligible_voters) == (valid, cast, cast + more)
    for name in ("IAltGyldigeStemmer", "BlankeStemmer", "IAltAfgivneStemmer"):
        with pytest.raises(WarehouseError):
            parse_result(_with({**figures, name: figures[name] + more + 1}), "a.xml")


def _with(figures: dict[str, int]) -> bytes:
    text = corpus.election_files()[1][0].decode()
    for name, figure in figures.items():
        text, done = re.subn(rf"(<{name}[^>]*>)[^<]*(</{name}>)", rf"\g<1>{figure}\g<2>", text, count=1)
        assert done == 1, name
    return text.encode()


codes = st.lists(st.text("0123456789ABCÆØÅ-", min_size=1, max_size=4), min_size=1, max_size=4, unique=True)
figures = st.one_of(st.none(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))


@few
@given(st.data(), st.lists(codes, min_size=1, max_size=3), st.booleans())
def test_a_jsonstat_is_read_in_order(data: st.DataObject, dimensions: list[list[str]], as_list: bool) -> None:
    names = [f"D{place}" for place in range(len(dimensions))]
    size = 1
    for dimension in dimensions:
        size *= len(dimension)
    values = data.draw(st.lists(figures, min_size=size, max_size=size))
    index: Callable[[list[str]], Any] = list if as_list else lambda own: {code: n for n, code in enumerate(own)}
    described: dict[str, Any] = {
        name: {"category": {"index": index(own)}} for name, own in zip(names, dimensions, strict=True)
    }
    document = {"dimension": {**described, "id": names, "size": [len(own) for own in dimensions]}, "value": values}
    found = parse_jsonstat(json.dumps({"dataset": {**document, "updated": "2025-01-01T00:00:00Z"}}).encode())
    assert found.values == tuple(values)
    assert list(found.dimensions.values()) == [tuple(own) for own in dimensions]


@few
@given(st.integers(-(10**15), 10**15))
def test_a_danish_number_is_read_back(whole: int) -> None:
    points = f"{whole:,}".replace(",", ".")
    assert number(points, "integer") == number(str(whole), "integer") == whole
    assert number(f"{points},5", "decimal") == (float(f"{whole}.5"))
    for wrong in (f"{whole}e5", f"{whole}.0", f"0x{whole}", f"{whole},", f"+{abs(whole)}", f"{whole}_0"):
        with pytest.raises(ValueError, match="no integer"):
            number(wrong, "integer")
