"""dbt's project as one script for plain DuckDB, out of the manifest and the catalogue of a build; and its comparison.

A step is a statement, or the model in Python with what it is configured with. Nothing of dbt is imported here.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from warehouse.airflow import DBT_PROJECT
from warehouse.db import literal, quote

SETTINGS = "set memory_limit = '1GB'; set threads = 2; set enable_progress_bar = false"  # as dbt_project/profiles.yml
_REMEMBER = """create or replace table meta.build as
select coalesce(max(seq), 0) as journal_seq, cast(null as bigint) as judged_seq from meta.journal;
create or replace table meta.built_owner as select * from meta.period_owner"""

Step = dict[str, Any]


def steps(home: Path) -> list[Step]:
    """The script of a home that dbt has built, each step with the name of its node."""
    import json

    manifest = json.loads((home / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in {"seed", "model"}}
    order = TopologicalSorter({key: [n for n in _inputs(node) if n in nodes] for key, node in nodes.items()})
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        made = [_step(connection, nodes, nodes[key]) for key in order.static_order()]
    schemas = sorted({node["schema"] for node in nodes.values()})
    begin = "; ".join([SETTINGS, *(f"create schema if not exists {quote(schema)}" for schema in schemas), _REMEMBER])
    return [{"node": "begin", "sql": begin}, *made]


def run(database: Path, script: Sequence[Step]) -> dict[str, float]:
    """Run the script; the seconds of each step."""
    seconds = {}
    with duckdb.connect(str(database)) as connection:
        for step in script:
            began = time.perf_counter()
            if "sql" in step:
                connection.execute(step["sql"])
            else:
                _run_python(connection, step)
            seconds[str(step["node"])] = time.perf_counter() - began
    return seconds


def contents(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Mart → its rows, and the sum of their hashes: the same for the same rows, in any order of rows and columns."""
    found = {}
    for name, columns in connection.execute(
        """select table_name, list(column_name order by column_name) from duckdb_columns()
        where schema_name = 'marts' group by table_name order by table_name"""
    ).fetchall():
        shown = ", ".join(map(quote, columns))
        row = connection.execute(
            f"""select count(*), coalesce(sum(cast(hash(cast(m as varchar)) as hugeint)), 0)
            from (select {shown} from marts.{quote(name)}) as m"""
        ).fetchone()
        assert row
        found[str(name)] = [str(value) for value in row]
    return found


def differing(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> list[str]:
    """The marts that are not the same in both."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _inputs(node: Mapping[str, Any]) -> list[str]:
    return list(node.get("depends_on", {}).get("nodes", ()))


def _relation(node: Mapping[str, Any]) -> str:
    return f"{quote(node['schema'])}.{quote(node['alias'])}"


def _step(
    connection: duckdb.DuckDBPyConnection, nodes: Mapping[str, Mapping[str, Any]], node: Mapping[str, Any]
) -> Step:
    name, relation = node["name"], _relation(node)
    if node["resource_type"] == "seed":
        columns = connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
            "order by column_index",
            [node["schema"], node["alias"]],
        ).fetchall()
        types = ", ".join(f"{literal(column)}: {literal(kind)}" for column, kind in columns)
        file = literal(str(DBT_PROJECT / node["original_file_path"]))
        read = f"select * from read_csv({file}, header = true, quote = '\"', columns = {{{types}}})"
        return {"node": name, "sql": f"create or replace table {relation} as {read}"}
    if node["language"] == "python":
        inputs = {nodes[key]["name"]: _relation(nodes[key]) for key in _inputs(node)}
        file = str(DBT_PROJECT / node["original_file_path"])
        return {"node": name, "relation": relation, "file": file, "inputs": inputs, "config": node["config"]}
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    return {"node": name, "sql": f"create or replace {kind} {relation} as\n{node['compiled_code']}"}


class _Dbt:
    """What a model in Python asks of dbt: its inputs and its configuration."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, step: Step) -> None:
        self._connection, self._inputs, self.config = connection, step["inputs"], step["config"]

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        return self._connection.sql(f"select * from {self._inputs[name]}")


def _run_python(connection: duckdb.DuckDBPyConnection, step: Step) -> None:
    spec = importlib.util.spec_from_file_location("model_in_python", step["file"])
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.model(_Dbt(connection, step), connection).create_view("result_of_python")
    connection.execute(f"create or replace table {step['relation']} as from result_of_python")
    connection.execute("drop view result_of_python")
