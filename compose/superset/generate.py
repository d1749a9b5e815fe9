"""Writes `assets/`: what Superset is provisioned with, made from the published marts, the seeds and labels_da.csv.

    python compose/superset/generate.py RELEASE    # a release's folder; default: releases/current of the home

Columns and types come from the release, Danish descriptions from the seed `dictionary_da`, labels from labels_da.csv,
the words for statuses and warnings from their seeds. UUIDs are made of the names, so that the same input gives the
same files and Superset knows them again. Charts are in :mod:`charts`, dashboards in :mod:`dashboards`, the readable
datasets in :mod:`readable`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import duckdb
import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from charts import charts  # noqa: E402 -- found through the line above
from dashboards import dashboards  # noqa: E402
from readable import DATASETS, READABLE  # noqa: E402

from warehouse.dictionary import danish  # noqa: E402
from warehouse.errors import WarehouseError  # noqa: E402

DATABASE = "Integration gaps"
MARTS = "postgresql+psycopg2://superset_reader@postgres/warehouse"  # superset_config.py puts the real one in
POSTGRES_TYPES = {
    "VARCHAR": "TEXT",
    "VARCHAR[]": "TEXT[]",
    "DOUBLE": "DOUBLE PRECISION",
    "BIGINT": "BIGINT",
    "INTEGER": "INTEGER",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP WITHOUT TIME ZONE",
}
NUMERIC = {"DOUBLE", "BIGINT", "INTEGER"}
Document = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """YAML as a person writes it: lists indented, texts of several lines as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists under their key."""
        super().increase_indent(flow, False)


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def uuid(kind: str, name: str) -> str:
    """The same for the same thing, always."""
    return str(uuid5(NAMESPACE_URL, f"integration-gap-warehouse/superset/{kind}/{name}"))


def labels() -> dict[str, str]:
    """The Danish label of each column name."""
    with (HERE / "labels_da.csv").open(encoding="utf-8", newline="") as file:
        return {row["column_name"]: row["label_da"] for row in csv.DictReader(file)}


def database() -> Document:
    """The marts in PostgreSQL; the address is put in at run time (superset_config.py)."""
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": MARTS,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True, "metadata_params": {}, "engine_params": {}},
        "uuid": uuid("database", DATABASE),
        "version": "1.0.0",
    }


def published_columns(release: Path, table: str) -> list[tuple[str, str]]:
    """Name and type of each column of a mart, in order.

    Raises:
        WarehouseError: the release has no such table.
    """
    with duckdb.connect(str(release / "integration_gaps.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            """select column_name, data_type from duckdb_columns()
            where schema_name = 'marts' and table_name = ? order by column_index""",
            [table],
        ).fetchall()
    if not rows:
        raise WarehouseError(
            f"The release has no table {table}", {"release": release}, "name another release, or mend compose/superset"
        )
    return [(str(name), str(kind)) for name, kind in rows]


def dataset(name: str, columns: list[tuple[str, str]], description: str, sql: str | None = None) -> Document:
    """One dataset, with a Danish label and description on every column.

    Raises:
        WarehouseError: when a column has no label.
    """
    words = labels()
    missing = [column for column, _ in columns if column not in words]
    if missing:
        raise WarehouseError(
            f"No Danish label for {', '.join(missing)}",
            {"dataset": name, "file": "compose/superset/labels_da.csv"},
            "add a row for each, and run compose/superset/generate.py",
        )
    table = "gaps" if sql else name
    times = [column for column, kind in columns if kind in {"DATE", "TIMESTAMP"}]
    return {
        "table_name": name,
        "main_dttm_col": next((time for time in times if time.endswith("_start")), None),
        "description": description,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "catalog": None,
        "schema": "marts",
        "sql": sql,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": uuid("dataset", name),
        "metrics": [
            {
                "metric_name": "raekker",
                "verbose_name": "Antal rækker",
                "metric_type": "count",
                "expression": "count(*)",
                "description": None,
                "d3format": ",d",
                "extra": None,
                "warning_text": None,
            }
        ],
        "columns": [
            {
                "column_name": column,
                "verbose_name": words[column],
                "is_dttm": kind in {"DATE", "TIMESTAMP"},
                "is_active": True,
                "type": POSTGRES_TYPES[kind],
                "groupby": kind not in NUMERIC,
                "filterable": True,
                "expression": None,
                "description": danish(table, column) or words[column],
                "python_date_format": None,
                "extra": {},
            }
            for column, kind in columns
        ],
        "version": "1.0.0",
        "database_uuid": uuid("database", DATABASE),
    }


def datasets(release: Path) -> list[Document]:
    """The marts that dashboards and readers use, and the readable gaps."""
    made = [dataset(name, published_columns(release, name), danish(name, "*") or name) for name in DATASETS]
    for view in READABLE:
        columns = published_columns(release, view.mart) if view.all_columns else []
        made.append(dataset(view.name, [*columns, *view.extra], view.description, view.sql()))
    return made


def documents(release: Path) -> dict[str, Document]:
    """Every file by its path under `assets/`."""
    files: dict[str, Document] = {
        "metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/integration_gaps.yaml": database(),
    }
    files |= {f"datasets/integration_gaps/{one['table_name']}.yaml": one for one in datasets(release)}
    files |= {f"charts/{name}.yaml": one for name, one in charts(uuid).items()}
    files |= {f"dashboards/{name}.yaml": one for name, one in dashboards(uuid).items()}
    return files


def write(release: Path, folder: Path) -> list[Path]:
    """Write every file, and remove those that are made no more."""
    wanted = documents(release)
    for path in folder.rglob("*.yaml"):
        if str(path.relative_to(folder)) not in wanted:
            path.unlink()
    for name, document in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=140)
        path.write_text(
            f"# Made by compose/superset/generate.py.\n# yamllint disable rule:line-length\n{text}", encoding="utf-8"
        )
    return [folder / name for name in wanted]


if __name__ == "__main__":
    from warehouse.settings import read_settings

    given = Path(sys.argv[1]) if len(sys.argv) > 1 else read_settings().releases / "current"
    print(f"{len(write(given, HERE / 'assets'))} files in {HERE / 'assets'}")
