"""Promise: every published table and column is explained in Danish and English, and the files say what they hold."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from house import Home

from warehouse import dictionary
from warehouse.datapackage import BOM
from warehouse.errors import WarehouseError
from warehouse.release_files import Column, Table, published_tables
from warehouse.seeds import seed
from warehouse.settings import REPOSITORY

MODELS = REPOSITORY / "dbt_project" / "models"
SAMPLE = {"release_id": "20260101T000000Z", "data_origin": "sample"}


@pytest.fixture(scope="module")
def release(sample_home: Home) -> Path:
    return (sample_home.path / "releases" / "current").resolve()


@pytest.fixture(scope="module")
def tables(release: Path) -> list[Table]:
    with duckdb.connect(str(release / "integration_gaps.duckdb"), read_only=True) as connection:
        return published_tables(connection)


# --- the dictionary -------------------------------------------------------------------------------------------------


def test_a_column_without_danish_words_is_not_published(tmp_path: Path) -> None:
    table = Table("gaps", "Gaps. Grain: one row.", (Column("a_new_column", "DOUBLE", "Something new."),))
    with pytest.raises(WarehouseError, match=r"no Danish for: gaps\.a_new_column"):
        dictionary.write(tmp_path, [table], SAMPLE)
    assert list(tmp_path.iterdir()) == []


def test_every_published_table_and_column_has_danish_words_and_no_other(tables: list[Table]) -> None:
    published = set(dictionary.published(tables))
    assert {name for name in published if dictionary.danish(*name) is None} == set()
    own = {(row["table_name"], row["column_name"]) for row in seed("dictionary_da")}
    shared = {name for table, name in published if name != dictionary.EVERY and (table, name) not in own}
    assert own - published == {(dictionary.EVERY, name) for name in shared}


def test_words_for_all_tables_translate_one_english_meaning(tables: list[Table]) -> None:
    own = {(row["table_name"], row["column_name"]) for row in seed("dictionary_da")}
    meanings: dict[str, set[str]] = {}
    for table in tables:
        for column in table.columns:
            if (table.name, column.name) not in own:
                meanings.setdefault(column.name, set()).add(column.comment)
    assert {name: said for name, said in meanings.items() if len(said) > 1} == {}


def test_danish_table_descriptions_end_with_the_grain() -> None:
    words = [row["description_da"] for row in seed("dictionary_da") if row["column_name"] == dictionary.EVERY]
    assert [text for text in words if not re.search(r"Én række pr\. [^.]+\.$", text)] == []


class _Page(HTMLParser):
    """What a page refers to, its anchors and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_pages_say_all_of_it_and_ask_the_network_for_nothing(tables: list[Table], tmp_path: Path) -> None:
    for path in dictionary.write(tmp_path, tables, SAMPLE):
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        assert {"script", "img", "iframe"} & set(page.tags) == set()
        assert len(page.ids) == len(set(page.ids))
        for link in page.links:
            if link.startswith("#"):
                assert link[1:] in page.ids
            elif not link.startswith("data:"):
                assert (path.parent / link).is_file()
        plain = page.text.replace("`", "")
        for table in tables:
            for name in (dictionary.EVERY, *(column.name for column in table.columns)):
                comment = table.comment if name == "*" else next(c.comment for c in table.columns if c.name == name)
                words = dictionary.danish(table.name, name) if path.parent == tmp_path else comment
                assert (words or "?").replace("`", "") in plain
        assert "SAMPLE" in plain
    again = {path: path.read_bytes() for path in dictionary.write(tmp_path, tables, SAMPLE)}
    assert again == {path: path.read_bytes() for path in dictionary.write(tmp_path, tables[:], SAMPLE)}


def test_a_release_of_official_figures_is_not_called_a_sample(tables: list[Table], tmp_path: Path) -> None:
    for path in dictionary.write(tmp_path, tables, {**SAMPLE, "data_origin": "official"}):
        assert "SAMPLE" not in path.read_text(encoding="utf-8")


# --- datapackage.json -----------------------------------------------------------------------------------------------

_FIELD_TYPES = ["string", "number", "integer", "boolean", "object", "array", "date", "time", "datetime", "any"]
_TEXT = {"type": "string", "minLength": 1}
_NAME = {"type": "string", "pattern": r"^[-a-z0-9._/]+$"}
_LINK = {"type": "object", "required": ["title"], "properties": {"title": _TEXT, "path": {"pattern": "^https?://"}}}
# What the Data Package, Data Resource and Table Schema specifications (version 1) ask of a tabular data package.
PROFILE: dict[str, Any] = {
    "type": "object",
    "required": ["name", "resources", "profile"],
    "properties": {
        "profile": {"const": "tabular-data-package"},
        "name": _NAME,
        "id": _TEXT,
        "title": _TEXT,
        "created": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"},
        "licenses": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "anyOf": [{"required": ["name"]}, {"required": ["path"]}]},
        },
        "sources": {"type": "array", "minItems": 1, "items": _LINK},
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "path", "profile", "schema"],
                "properties": {
                    "profile": {"const": "tabular-data-resource"},
                    "name": _NAME,
                    "path": {"type": "string", "pattern": r"^(?!/)(?!.*\.\.)[^~]+$"},
                    "encoding": {"const": "utf-8"},
                    "schema": {
                        "type": "object",
                        "required": ["fields"],
                        "properties": {
                            "missingValues": {"type": "array", "items": {"type": "string"}},
                            "fields": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "required": ["name", "type"],
                                    "properties": {"name": _TEXT, "type": {"enum": _FIELD_TYPES}},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
_PARSERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def faults_of_csv(path: Path, fields: list[dict[str, str]]) -> list[str]:
    """The columns in which a cell is not of the field's type; a missing value is empty."""
    body = path.read_bytes()
    assert body.startswith(BOM)
    rows = csv.reader(body.decode("utf-8-sig").splitlines(keepends=True))
    if next(rows) != [field["name"] for field in fields]:
        return ["the header is not that of the fields"]
    faults = []
    for field, cells in zip(fields, zip(*rows, strict=True), strict=False):
        try:
            for cell in set(cells) - {""}:
                _PARSERS[field["type"]](cell)
        except (ValueError, KeyError) as error:
            faults.append(f"{field['name']} is not all {field['type']}: {error}")
    return faults


def _package(release: Path) -> dict[str, Any]:
    return dict(json.loads((release / "datapackage.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("broken", ["no resources", "path outside", "unknown type", "no name"])
def test_a_descriptor_that_is_not_valid_is_refused(broken: str, release: Path) -> None:
    package = _package(release)
    resource = package["resources"][0]
    if broken == "no resources":
        package["resources"] = []
    elif broken == "path outside":
        resource["path"] = "../secret.csv"
    elif broken == "unknown type":
        resource["schema"]["fields"][0]["type"] = "varchar"
    else:
        del resource["name"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(package, PROFILE)


def test_the_descriptor_is_a_tabular_data_package_and_names_every_file(release: Path, tables: list[Table]) -> None:
    package = _package(release)
    jsonschema.validate(package, PROFILE)
    assert len({resource["name"] for resource in package["resources"]}) == len(package["resources"])
    assert {resource["path"] for resource in package["resources"]} == {f"csv/{table.name}.csv" for table in tables}
    assert {f"csv/{path.name}" for path in (release / "csv").iterdir()} == {r["path"] for r in package["resources"]}


def test_a_cell_of_another_type_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(BOM + b"persons,is_clear\n5,true\n5.5,maybe\n")
    fields = [{"name": "persons", "type": "integer"}, {"name": "is_clear", "type": "boolean"}]
    assert len(faults_of_csv(path, fields)) == 2


def test_every_csv_holds_what_its_schema_says(release: Path) -> None:
    for resource in _package(release)["resources"]:
        assert faults_of_csv(release / resource["path"], resource["schema"]["fields"]) == [], resource["path"]


# --- exposures and metrics ------------------------------------------------------------------------------------------


def _exposures() -> list[dict[str, Any]]:
    return list(yaml.safe_load((MODELS / "exposures.yml").read_text(encoding="utf-8"))["exposures"])


def _semantic() -> dict[str, Any]:
    return dict(yaml.safe_load((MODELS / "metrics" / "gaps_metrics.yml").read_text(encoding="utf-8")))


def test_every_mart_is_in_the_files_for_bi_tools() -> None:
    marts = {f"ref('{path.stem}')" for path in (MODELS / "marts").rglob("*.sql")}
    wanted = {"release_file", "open_data_files", "postgres_marts"}
    assert {e["name"]: set(e["depends_on"]) for e in _exposures() if e["name"] in wanted} == dict.fromkeys(
        wanted, marts
    )
    assert all(e["owner"]["name"] and e["maturity"] and len(e["description"]) > 40 for e in _exposures())


def test_every_measure_dimension_and_entity_is_of_columns_of_its_mart(sample_home: Home) -> None:
    (model,) = _semantic()["semantic_models"]
    parts = [*model["measures"], *model["dimensions"], *model["entities"]]
    chosen = ", ".join(f"{part.get('expr', part['name'])} as part_{n}" for n, part in enumerate(parts))
    assert sample_home.published(f"select {chosen} from marts.gaps limit 1")


def test_a_metric_is_the_published_figure_of_one_row_and_null_over_several(sample_home: Home) -> None:
    semantic = _semantic()
    measures = {
        m["name"]: f"{m['agg']}({m.get('expr', m['name'])})" for m in semantic["semantic_models"][0]["measures"]
    }
    simple = {m["name"]: m["type_params"]["measure"] for m in semantic["metrics"] if m["type"] == "simple"}
    inputs = ", ".join(f"{measures[measure]} as {name}" for name, measure in simple.items())
    derived = [m for m in semantic["metrics"] if m["type"] == "derived"]
    assert [m["name"] for m in derived] == ["target_rate_pct", "reference_rate_pct", "gap_pp", "persons_to_parity"]
    key = "municipality_code, subarea_code, indicator_id, period, sex, age_group, target_group, reference_group"
    for metric in derived:
        assert set(metric["type_params"]["metrics"]) <= set(simple)
        answer = f"select {{key}}, {metric['type_params']['expr']} as answer from (select {{key}}, {inputs}"
        one = answer.format(key=key) + f" from marts.gaps group by {key})"
        wrong = sample_home.published(
            f"select count(*), count(answer) from ({one}) join marts.gaps using ({key})"
            f" where {metric['name']} is distinct from answer and not abs({metric['name']} - answer) < 1e-9"
        )
        assert wrong[0][0] == 0, metric["name"]
        many = answer.format(key="indicator_id") + " from marts.gaps group by indicator_id having count(*) > 1)"
        assert sample_home.published(f"select count(*) > 0, count(answer) from ({many})") == [(True, 0)]
