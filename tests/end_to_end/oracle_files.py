"""How the oracle reads: straight from the sample StatBank, the election files and the inbox, without the warehouse.

Out of scope: what the figures mean (``oracle_sources``).
"""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from oracle_sources import NON_WESTERN_COUNTRIES, Table

from warehouse.settings import REPOSITORY

SEEDS = REPOSITORY / "dbt_project" / "seeds"
ELECTIONS = {"FV2011": "Valg1204271", "FV2022": "Valg1968094"}


def seed(name: str) -> list[dict[str, str]]:
    """A seed as rows of texts."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts(url: str, table: str, variable: str) -> dict[str, str]:
    """Texts by code of a variable, from tableinfo."""
    info = json.loads(_post(f"{url}/tableinfo", {"table": table, "lang": "da"}))
    (found,) = (item for item in info["variables"] if item["id"].upper() == variable)
    return {value["id"]: value["text"] for value in found["values"]}


def statbank(url: str, table: str, **chosen: list[str]) -> Table:
    """A table with every code, or the chosen ones of a variable; BULK leaves rows of 0 out."""
    info = json.loads(_post(f"{url}/tableinfo", {"table": table, "lang": "da"}))
    variables = [{"code": item["id"], "values": chosen.get(item["id"].upper(), ["*"])} for item in info["variables"]]
    body = {"table": table, "format": "BULK", "lang": "da", "valuePresentation": "Code", "variables": variables}
    answer = csv.reader(io.StringIO(_post(f"{url}/data", body).lstrip("\ufeff")), delimiter=";")
    header = [name.upper() for name in next(answer)]
    rows = []
    for line in answer:
        row: dict[str, Any] = dict(zip(header, line, strict=True))
        row["PERIOD"] = row["TID"] + (row["PERIODE"] if row.get("PERIODE", "1") != "1" else "")
        row["value"] = None if row["INDHOLD"] == ".." else float(row["INDHOLD"].replace(",", "."))
        rows.append(row)
    return rows


def areas_of(table: Table, variable: str) -> set[str]:
    """The areas of a table that are a country, a region or a municipality."""
    wanted = {row["area_code"] for row in seed("areas") if row["level"] != "province"}
    return {row[variable] for row in table} & wanted


def parish_owners(url: str) -> dict[str, str]:
    """Municipality by parish, as the published text says at its end."""
    names = {row["name_da"].casefold(): row["area_code"] for row in seed("areas") if row["level"] == "municipality"}
    owners = {}
    for code, text in texts(url, "KMSTA001", "SOGN").items():
        named = re.search(r"\((.+) Kommune\)$", text)
        name = named[1].casefold() if named else ""
        owner = names.get(name) or names.get(name.removesuffix("s"))
        if owner:
            owners[code] = owner
    return owners


def inbox(folder: Path, kind: str) -> list[dict[str, str]]:
    """All rows of the delivered files of a kind."""
    rows = []
    for path in sorted((folder / kind).rglob("*.csv")):
        text = path.read_text(encoding="utf-8-sig")
        delimiter = ";" if ";" in text.splitlines()[0] else ","
        rows += list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    return rows


def shares(folder: Path) -> dict[tuple[str, int], float]:
    """Non-western share in per cent by municipality and area number, from the election database's files."""
    persons: dict[tuple[str, int, str], float] = defaultdict(float)
    for row in inbox(folder, "valgdatabase"):
        place = (row["ValgstedId"][:3], int(row["ValgstedId"][3:]))
        for column, cell in row.items():
            group = re.search(r"_(\d\d)\. ", column or "")
            if group and cell != "-":
                origin = "oprindelsesland" in column
                if origin and group[1] not in NON_WESTERN_COUNTRIES:
                    continue
                persons[(*place, "origin" if origin else "all")] += float(cell.replace(",", "."))
    places = {key[:2] for key in persons}
    return {place: 100 * persons[(*place, "origin")] / persons[(*place, "all")] for place in places}


def polling_areas(elections_url: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Every polling area whose municipality is known, with its share."""
    known = shares(folder)
    for area in (*_dst(elections_url), *_valg_dk(folder)):
        share = known.get((area["municipality_code"], area["number"]))
        yield {**area, "share": share}


def _dst(url: str) -> Iterator[dict[str, Any]]:
    for row in seed("polling_area_bridge"):
        place = f"{url}/{ELECTIONS[row['election_id']]}/xml/fintal_{row['area_id']}.xml"
        try:
            text = _get(place)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            continue  # an election that is still to come
        root = ElementTree.fromstring(text.lstrip("\ufeff"))
        yield {
            "election_id": row["election_id"],
            "municipality_code": row["municipality_code"],
            "number": int(row["area_number"]) if row["area_number"] else None,
            "id": row["area_id"],
            "eligible": int(root.findtext("Stemmeberettigede") or ""),
            "cast": int(root.findtext("Stemmer/IAltAfgivneStemmer") or ""),
            "provisional": root.find("Status").get("Kode") != "12",  # type: ignore[union-attr]
        }


def _valg_dk(folder: Path) -> Iterator[dict[str, Any]]:
    best: dict[str, dict[str, Any]] = {}
    files = sorted((folder / "valg_dk").rglob("*.json"), key=lambda path: "valgresultater" in str(path))
    for path in files:
        data = json.loads(path.read_text(encoding="utf-8"))
        count = max(data.get("Valgdeltagelse") or [data], key=lambda entry: entry["AfgivneStemmer"])
        eligible = next(value for name, value in count.items() if name.startswith("AntalStemmeber"))
        best[data["AfstemningsområdeDagiId"]] = {
            "election_id": f"KV{data['Valgdag'][-4:]}",
            "municipality_code": f"{data['Kommunekode']:03d}",
            "number": data["AfstemningsområdeNummer"],
            "id": data["AfstemningsområdeDagiId"],
            "eligible": eligible,
            "cast": count["AfgivneStemmer"],
            "provisional": data.get("Resultatart") != "Fintælling",
        }
    yield from best.values()


def _post(url: str, body: dict[str, Any]) -> str:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.read().decode("utf-8"))


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode("utf-8"))
