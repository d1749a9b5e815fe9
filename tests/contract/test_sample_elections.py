"""The sample election server and the sample inbox have the form of the published files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests

from sample_providers import Running, start, write_inbox

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "elections"
SUMS = {"1968094": (50_797, "82.22", 34_571, 28_041, 559), "1204271": (50_164, "88.18", 34_263, 30_061, 294)}
BALLERUP = {"1968094": range(1972358, 1972367), "1204271": range(1214600, 1214610)}
FOLDERS = {"1968094": "fv2022", "1204271": "fv2011"}


@pytest.fixture(scope="module")
def sample() -> Iterator[Running]:
    with start() as running:
        yield running


def content(sample: Running, election: str, name: str) -> bytes:
    answer = requests.get(f"{sample.elections_url}/Valg{election}/xml/{name}", timeout=5)
    assert answer.status_code == 200, name
    return answer.content


def parsed(sample: Running, election: str, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(content(sample, election, name))


def number(root: ElementTree.Element, tag: str) -> int:
    return int(root.findtext(f".//{tag}") or "")


@pytest.mark.parametrize("election", list(SUMS))
def test_areas_sum_to_their_district(sample: Running, election: str) -> None:
    eligible, turnout, *ballerup = SUMS[election]
    index = parsed(sample, election, "fintal.xml")
    areas = [
        parsed(sample, election, f"fintal_{entry.attrib['afstemningsomraade_id']}.xml")
        for entry in index.iter("Afstemningsomraade")
        if entry.attrib["opstillingskreds_id"] == "39"
    ]
    district = parsed(sample, election, "fintal_39.xml")
    assert (number(district, "Stemmeberettigede"), district.findtext("DeltagelsePct")) == (eligible, turnout)
    for tag in (
        "Stemmeberettigede",
        "IAltGyldigeStemmer",
        "IAltUgyldigeStemmer",
        "IAltAfgivneStemmer",
        "BlankeStemmer",
    ):
        assert sum(number(area, tag) for area in areas) == number(district, tag)
    mine = [area for area in areas if int(area.find("Sted").attrib["Id"]) in BALLERUP[election]]  # type: ignore[union-attr]
    assert len(mine) == len(BALLERUP[election])
    tags = ("Stemmeberettigede", "IAltGyldigeStemmer", "IAltUgyldigeStemmer")
    assert [sum(number(area, tag) for area in mine) for tag in tags] == ballerup


@pytest.mark.parametrize("election", list(SUMS))
def test_votes_add_up_in_every_file(sample: Running, election: str) -> None:
    names = re.findall(rb"fintal_\d+\.xml", content(sample, election, "fintal.xml"))
    for name in sorted({name.decode() for name in names}):
        root = parsed(sample, election, name)
        valid, invalid = number(root, "IAltGyldigeStemmer"), number(root, "IAltUgyldigeStemmer")
        assert valid + invalid == number(root, "IAltAfgivneStemmer")
        assert number(root, "BlankeStemmer") + number(root, "AndreUgyldigeStemmer") == invalid
        assert sum(int(party.attrib["StemmerAntal"]) for party in root.iterfind("Stemmer/Parti")) == valid
        share = 100 * (valid + invalid) / number(root, "Stemmeberettigede")
        assert abs(float(root.findtext("DeltagelsePct") or "") - share) <= 0.005 + 1e-9
        assert all(person.attrib["Navn"].startswith("Kandidat ") for person in root.iter("Person"))


@pytest.mark.parametrize("election", list(SUMS))
def test_form_is_that_of_the_published_files(sample: Running, election: str) -> None:
    first = f"fintal_{BALLERUP[election][0]}.xml"
    for name in (first, "fintal_39.xml", "fintal.xml"):
        path = REAL / FOLDERS[election] / name
        if not path.exists():
            pytest.skip(f"no published file {name}")
        mine, real = content(sample, election, name), path.read_bytes()
        assert mine[:3] == b"\xef\xbb\xbf" and mine.count(b"\n") == mine.count(b"\r\n")
        assert shape(mine) == shape(real), name


def shape(text: bytes) -> list[tuple[str, tuple[str, ...]]]:
    """Element names with their attribute names in document order, repeats and parties aside."""
    root = ElementTree.fromstring(text)
    assert text.startswith(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<Data ')
    found = [(node.tag, tuple(node.attrib)) for node in root.iter() if node.tag not in ("Parti", "Person")]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("election", list(SUMS))
def test_published_heads_are_the_same(sample: Running, election: str) -> None:
    """Place, turnout and invalid votes of each polling area are those published."""
    tags = (
        "Sted",
        "Stemmeberettigede",
        "DeltagelsePct",
        "BlankeStemmer",
        "AndreUgyldigeStemmer",
        "IAltAfgivneStemmer",
    )
    files = sorted((REAL / FOLDERS[election]).glob("fintal_*.xml"))
    if not files:
        pytest.skip("no published files")
    for path in files:
        mine, real = parsed(sample, election, path.name), ElementTree.fromstring(path.read_bytes())
        assert [mine.findtext(f".//{tag}") for tag in tags] == [real.findtext(f".//{tag}") for tag in tags]
        assert mine.findtext("HtmlUrl") == real.findtext("HtmlUrl") and mine.findtext("GrafUrl") == real.findtext(
            "GrafUrl"
        )


@pytest.mark.parametrize("election", ["1487635", "1684447"])
def test_other_elections_are_not_there(sample: Running, election: str) -> None:
    url = f"{sample.elections_url}/Valg{election}/xml/fintal.xml"
    assert requests.get(url, timeout=5).status_code == 404


def test_inbox_has_the_form_of_valg_dk(tmp_path: Path) -> None:
    everything = write_inbox(tmp_path)
    written = [path for path in everything if path.is_relative_to(tmp_path / "valg_dk")]
    assert written == sorted((tmp_path / "valg_dk").rglob("*.json")) and everything == write_inbox(tmp_path)
    turnout = [json.loads(path.read_bytes()) for path in written if path.name.startswith("valgdeltagelse-")]
    final = [json.loads(path.read_bytes()) for path in written if path.name.startswith("valgresultater-")]
    assert {record["Kommunekode"] for record in turnout} >= {151, 161} and len(final) == 3
    for record in turnout:
        counts = [count["AfgivneStemmer"] for count in record["Valgdeltagelse"]]
        assert counts == sorted(counts) and record["Valgdeltagelse"][-1]["Tidspunkt"] == "20:00:00"
        assert counts[-1] <= record["Valgdeltagelse"][-1]["AntalStemmeberretigedeVælgere"]
    by_area = {record["AfstemningsområdeDagiId"]: record for record in turnout}
    for record in final:
        before = by_area[record["AfstemningsområdeDagiId"]]["Valgdeltagelse"][-1]
        assert before["AfgivneStemmer"] < record["AfgivneStemmer"] <= record["AntalStemmeberettigedeVælgere"]
    published = REAL / "kv2025" / "valgdeltagelse-701002.json"
    if published.exists():
        assert list(json.loads(published.read_bytes())) == list(turnout[0])
