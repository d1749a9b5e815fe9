"""The sample StatBank answers as Statistics Denmark's API is documented and recorded to answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sample_providers import Running, start

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "statbank"


@pytest.fixture(scope="module")
def sample() -> Iterator[Running]:
    with start() as running:
        yield running


def real(name: str) -> Any:
    """A recorded answer, or a visible skip where the recordings are not at hand."""
    path = REAL / name
    if not path.exists():
        pytest.skip(f"no recorded answer {name}")
    return json.loads(path.read_bytes())


def ask(sample: Running, **body: Any) -> requests.Response:
    variables = [{"code": code, "values": values} for code, values in body.pop("variables", {}).items()]
    return requests.post(f"{sample.statbank_url}/data", json={**body, "variables": variables}, timeout=30)


def lines(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return answer.content.decode("utf-8-sig").split("\r\n")[:-1]


ONE = {"OMRÅDE": ["151"], "KØN": ["TOT"], "ALDER": ["IALT"], "HERKOMST": ["TOT"], "Tid": ["2019K4"]}


@pytest.mark.parametrize("lang", ["da", "en"])
def test_subjects_are_those_recorded(sample: Running, lang: str) -> None:
    answer = requests.get(f"{sample.statbank_url}/subjects?format=json&lang={lang}", timeout=5)
    assert answer.json() == real(f"subjects_{lang}.json")


def test_subjects_lead_to_the_tables(sample: Running) -> None:
    body = {"subjects": ["1"], "recursive": True, "includeTables": True}
    (people,) = requests.post(f"{sample.statbank_url}/subjects", json=body, timeout=5).json()
    tables = [table["id"] for topic in people["subjects"] for part in topic["subjects"] for table in part["tables"]]
    assert {"FOLK1E", "FOLK1C", "FVKOM"} <= set(tables)


def test_tables_are_listed_by_subject_and_by_age(sample: Running) -> None:
    url = f"{sample.statbank_url}/tables"
    everything = requests.get(url, timeout=5).json()
    assert {"id", "text", "unit", "updated", "firstPeriod", "latestPeriod", "active", "variables"} == set(everything[0])
    people = requests.post(url, json={"subjects": ["3401"], "lang": "en"}, timeout=5).json()
    assert [(t["id"], t["firstPeriod"], t["latestPeriod"]) for t in people[:2]] == [
        ("FOLK1E", "2018Q1", "2026Q3"),
        ("FOLK1C", "2018Q1", "2026Q3"),
    ]
    assert requests.get(f"{url}?pastdays=0", timeout=5).json() == []


@pytest.mark.parametrize("lang", ["da", "en"])
def test_tableinfo_has_the_recorded_shape(sample: Running, lang: str) -> None:
    recorded = real(f"tableinfo_STRAF42_{lang}.json")
    info = requests.get(f"{sample.statbank_url}/tableinfo?id=folk1e&lang={lang}", timeout=5).json()
    assert list(info) == list(recorded)
    assert [list(variable) for variable in info["variables"][1:]] == [list(recorded["variables"][0])] * 4
    assert (info["unit"], info["contacts"]) == (recorded["unit"], recorded["contacts"])
    posted = requests.post(f"{sample.statbank_url}/tableinfo", json={"table": "Folk1E", "lang": lang}, timeout=5)
    assert posted.json() == info


def test_tableinfo_of_the_area_is_that_of_folk1a(sample: Running) -> None:
    recorded = real("tableinfo_FOLK1A_da.json")["variables"]
    mine = requests.get(f"{sample.statbank_url}/tableinfo?id=FOLK1E", timeout=5).json()["variables"]
    assert list(mine[0]) == list(recorded[0]) and mine[0]["map"] == recorded[0]["map"]
    texts = {value["id"]: value["text"] for value in recorded[0]["values"]}
    assert all(texts[value["id"]] == value["text"] for value in mine[0]["values"])
    published = [code for code in texts if code in {value["id"] for value in mine[0]["values"]}]
    order = [value["id"] for value in mine[0]["values"]]
    assert order[:12] == [code for code in published if code in order[:12]]
    assert mine[1] == recorded[1] and mine[2] == recorded[2]
    assert [mine[4][key] for key in ("id", "elimination", "time")] == ["Tid", False, True]


def test_bulk_is_chunked_without_bom_or_zero_rows(sample: Running) -> None:
    every = {"OMRÅDE": ["151"], "KØN": ["*"], "ALDER": ["*"], "HERKOMST": ["*"], "Tid": ["*"]}
    answer = ask(sample, table="folk1e", format="BULK", valuePresentation="Code", variables=every)
    rows = lines(answer)
    assert answer.content[:3] != b"\xef\xbb\xbf" and answer.content.endswith(b"\r\n")
    assert rows[0] == "OMRÅDE;KØN;ALDER;HERKOMST;TID;INDHOLD"
    assert not [row for row in rows if row.endswith(";0")]
    assert "151;TOT;IALT;25;2019K4;4037" in rows
    headers = answer.headers
    assert headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8" and headers["Cache-Control"] == "no-cache"
    assert headers["Statbankapi-Request-Id"]


def test_csv_has_a_bom_and_writes_zeros(sample: Running) -> None:
    zero = {**ONE, "KØN": ["*"], "ALDER": ["125"]}
    answer = ask(sample, table="FOLK1E", format="CSV", valuePresentation="Code", variables=zero)
    assert answer.content.startswith(b"\xef\xbb\xbfOMR\xc3\x85DE;K\xc3\x98N;ALDER;HERKOMST;TID;INDHOLD\r\n151;TOT;125;")
    assert len(lines(answer)) == 4 and lines(answer)[1].endswith(";0")
    assert len(lines(ask(sample, table="FOLK1E", format="BULK", variables=zero))) == 1


@pytest.mark.parametrize(
    ("presentation", "lang", "cell"),
    [
        ("Default", "da", "Kvinder"),
        ("Value", "en", "Women"),
        ("Code", "en", "2"),
        ("CodeAndValue", "da", "2 Kvinder"),
        ("ValueAndCode", "da", "Kvinder 2"),
    ],
)
def test_value_presentation(sample: Running, presentation: str, lang: str, cell: str) -> None:
    body = {"valuePresentation": presentation, "lang": lang, "variables": {**ONE, "KØN": ["2"]}}
    for form in ("BULK", "CSV"):
        assert lines(ask(sample, table="FOLK1E", format=form, **body))[1].split(";")[1] == cell


def test_decimal_sign_follows_the_language_and_missing_is_two_dots() -> None:
    cell = {"OMRÅDE": "151", "HERKOMST": "25", "ALDER": "16-64", "KØN": "TOT", "BEREGNING": "BFK"}
    ask_for = {name: [code] for name, code in cell.items()} | {"Tid": [">=2023"]}
    with start() as sample:
        sample.table("RAS200").set(None, Tid="2024", **cell)
        sample.table("RAS200").set(60, Tid="2023", **cell)
        found = {
            lang: [
                row.rpartition(";")[2]
                for row in lines(ask(sample, table="RAS200", format="BULK", lang=lang, variables=ask_for))
            ]
            for lang in ("da", "en")
        }
        stat = ask(sample, table="RAS200", format="JSONSTAT", variables=ask_for).json()["dataset"]
    assert found == {"da": ["INDHOLD", "60,0", ".."], "en": ["INDHOLD", "60.0", ".."]}
    assert stat["value"] == [60.0, None]


@pytest.mark.parametrize(
    ("selector", "periods"),
    [
        (["2019K4"], ["2019K4"]),
        (["2019*"], ["2019K1", "2019K2", "2019K3", "2019K4"]),
        ([">=2019K3<=2020K1"], ["2019K3", "2019K4", "2020K1"]),
        ([">2026K1"], ["2026K2", "2026K3"]),
        (["(1)"], ["2026K3"]),
        (["(2)"], ["2026K2"]),
        (["(-n+3)"], ["2026K1", "2026K2", "2026K3"]),
        (["-(2)"], ["2018K2"]),
        (["-(-n+3)"], ["2018K1", "2018K2", "2018K3"]),
        (["2019K4", "2019K4", "(1)"], ["2019K4", "2026K3"]),
        ([">=2018K1", "<=2018K2"], None),
    ],
)
def test_time_selectors(sample: Running, selector: list[str], periods: list[str] | None) -> None:
    answer = ask(sample, table="FOLK1E", format="BULK", valuePresentation="Code", variables={**ONE, "Tid": selector})
    found = [row.split(";")[4] for row in lines(answer)[1:]]
    assert len(found) == 35 if periods is None else found == periods


def test_get_answers_as_post(sample: Running) -> None:
    url = f"{sample.statbank_url}/data/folk1e/csv"
    query = {"OMRÅDE": "151,161", "køn": "TOT", "alder": "IALT", "HERKOMST": "25", "TID": "(-n+3)"}
    got = requests.get(url, params={**query, "valuePresentation": "Code"}, timeout=5)
    assert [row.split(";")[4] for row in lines(got)[1:4]] == ["2026K1", "2026K2", "2026K3"]
    assert lines(requests.get(f"{url}?OMR%C3%85DE=151&HERKOMST=25&Tid=2019K4", timeout=5))[1] == (
        "Ballerup;Indvandrere fra ikke-vestlige lande;2019K4;4037"
    )


def test_left_out_variables_are_eliminated_and_no_period_means_the_newest(sample: Running) -> None:
    answer = ask(sample, table="FOLK1E", format="CSV", valuePresentation="Code", variables={"OMRÅDE": ["151"]})
    whole = sample.table("FOLK1E").get(OMRÅDE="151", KØN="TOT", ALDER="IALT", HERKOMST="TOT", Tid="2026K3")
    assert lines(answer) == ["OMRÅDE;TID;INDHOLD", f"151;2026K3;{whole}"]


def test_sum_in_normal_formats_only(sample: Running) -> None:
    target = {**ONE, "HERKOMST": ["sum(iv|Ikke-vestlig=25;35)"]}
    answer = ask(sample, table="FOLK1E", format="CSV", variables=target)
    assert lines(answer)[1] == "Ballerup;I alt;Alder i alt;Ikke-vestlig;2019K4;6418"
    assert ask(sample, table="FOLK1E", format="BULK", variables=target).json()["errorTypeCode"] == "EXTRACT-NOTALLOWED"
    with_total = {**ONE, "HERKOMST": ["sum(x|y=TOT;35)"]}
    assert ask(sample, table="FOLK1E", format="CSV", variables=with_total).status_code == 400


def test_descending_time(sample: Running) -> None:
    body = {"format": "CSV", "timeOrder": "Descending", "valuePresentation": "Code"}
    answer = ask(sample, table="FOLK1E", variables={"Tid": ["2019*"]}, **body)
    assert [row[:6] for row in lines(answer)[1:]] == ["2019K4", "2019K3", "2019K2", "2019K1"]


def test_errors_are_those_observed(sample: Running) -> None:
    observed = {case["case"]: case for case in real("observed_errors.json")["observed"]}
    full = {name: ["*"] for name in ONE}
    asked = {
        "unknown table": ask(sample, table="INVALIDTABLE999", format="BULK"),
        "unknown variable code (non-streaming)": ask(
            sample, table="FOLK1E", format="CSV", variables={"INVALIDVAR": ["1"]}
        ),
        "unknown value code": ask(sample, table="FOLK1E", format="CSV", variables={**ONE, "OMRÅDE": ["999999"]}),
        "unknown value code 2": ask(sample, table="FOLK1E", format="BULK", variables={**ONE, "KØN": ["IALT"]}),
        "invalid or missing format": ask(sample, table="FOLK1E", format="JSON", variables=ONE),
        "missing table": ask(sample, format="BULK", variables=ONE),
        "malformed JSON body": requests.post(f"{sample.statbank_url}/data", data=b"{", timeout=5),
        "unknown endpoint": requests.get(f"{sample.statbank_url}/nothing", timeout=5),
        "variable not selected in BULK (or non-eliminable variable missing)": ask(
            sample, table="FOLK1E", format="BULK", variables={k: v for k, v in full.items() if k != "OMRÅDE"}
        ),
        "timeOrder with a streaming format": ask(
            sample, table="FOLK1E", format="BULK", timeOrder="Ascending", variables=ONE
        ),
    }
    for case, answer in asked.items():
        expected = observed[case]
        assert (answer.status_code, answer.json()) == (expected["http"], expected["body"]), case
        assert answer.headers["Content-Type"] == "text/json; charset=utf-8"
        assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_an_unknown_variable_beside_the_right_ones_is_named_in_bulk_too(sample: Running) -> None:
    answer = ask(sample, table="FOLK1E", format="BULK", variables={**ONE, "CIVILSTAND": ["TOT"]})
    assert answer.json()["message"] == "Kan ikke finde variablen: CIVILSTAND"


def test_a_table_without_totals_cannot_be_eliminated(sample: Running) -> None:
    answer = ask(sample, table="RAS201", format="CSV", variables={"OMRÅDE": ["151"]})
    assert answer.json()["message"] == "Der skal vælges værdier for variabel: SOCIO"


def test_cell_limit_counts_rows_times_columns(sample: Running) -> None:
    full = {name: ["*"] for name in ONE}
    body = ask(sample, table="FOLK1E", format="CSV", variables=full).json()
    assert body == {
        "errorTypeCode": "REQUEST-LIMIT",
        "message": "Forespørgslen på op mod 9.601.200 celler er over begrænsningen på 1.000.000 celler for denne "
        "filtype. Anvend BULK eller andet streaming format i stedet.",
    }
    assert 20 * 3 * 127 * 6 * 35 * 6 == 9_601_200
    under = ask(sample, table="FOLK1E", format="JSONSTAT", variables={**full, "OMRÅDE": ["151", "161"]})
    assert under.status_code == 200


def test_jsonstat_has_the_recorded_shape(sample: Running) -> None:
    recorded = real("data_STRAF42_2023_total_en.jsonstat.json")["dataset"]
    variables = {"HERKOMST": ["25"], "TID": ["2019K4"]}
    answer = ask(sample, table="FOLK1E", format="jsonstat", lang="en", valuePresentation="Default", variables=variables)
    mine = answer.json()["dataset"]
    assert list(mine) == list(recorded)
    assert list(mine["dimension"]) == ["HERKOMST", *list(recorded["dimension"])[1:]]
    contents = mine["dimension"]["ContentsCode"]
    assert contents["label"] == recorded["dimension"]["ContentsCode"]["label"]
    assert contents["category"]["unit"]["FOLK1E"] == {"base": "Number", "decimals": 0}
    assert mine["dimension"]["id"] == ["HERKOMST", "ContentsCode", "Tid"] and mine["dimension"]["size"] == [
        1,
        1,
        1,
    ]
    assert mine["dimension"]["role"] == recorded["dimension"]["role"]
    assert mine["label"] == "Population at the first day of the quarter by ancestry, Indhold and time"
    assert (mine["source"], mine["updated"]) == (recorded["source"], "2026-08-11T06:00:00Z")
    assert list(mine["extension"]["px"]) == list(recorded["extension"]["px"])
    assert mine["value"] == [
        sample.table("FOLK1E").get(OMRÅDE="000", KØN="TOT", ALDER="IALT", HERKOMST="25", Tid="2019K4")
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:The inplace keyword")
def test_a_public_client_reads_the_sample(sample: Running) -> None:
    client = pytest.importorskip("denstatbank").StatBankClient(lang="en")
    client._base_url = f"{sample.statbank_url}/"
    assert [subject["description"] for subject in client.subjects(as_tree=False)][:2] == [
        "People",
        "Labour and income",
    ]
    assert "FOLK1E" in set(client.tables()["id"])
    values = client.tableinfo("folk1e", variables_df=True)
    assert "Immigrants from non-western countries" in set(values["text"])
    chosen = [
        client.variable_dict("OMRÅDE", ["151", "161"]),
        client.variable_dict("HERKOMST", ["25", "35"]),
        client.variable_dict("Tid", ["2019K4"]),
    ]
    frame = client.data("folk1e", variables=chosen)
    assert frame.index.names == ["område", "herkomst", "tid"]
    assert frame.iloc[:, 0].tolist()[:2] == [4037, 2381]
    assert client.data("folk1e").shape == (1, 1)
