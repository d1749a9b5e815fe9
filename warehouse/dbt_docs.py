"""``make dbt-docs``: dbt's documentation of a built home as one file, ``<home>/dbt/docs/index.html``.

The page holds the graph of every model, its SQL, its tests, the exposures and the metrics. It opens from disk.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from warehouse import lake
from warehouse.airflow import DBT_PROJECT, call, dbt_environment
from warehouse.db import file_lock
from warehouse.errors import WarehouseError
from warehouse.settings import Settings, read_settings

_WHERE = ("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT))


def write(settings: Settings) -> Path:
    """Write the page and return it.

    Raises:
        BusyError: when another process writes the build database for too long.
        WarehouseError: when there is no build database yet, or dbt refuses.
    """
    lake.refuse(settings, "`make dbt-docs`", "make the page of a home without WAREHOUSE_LAKE: the models are the same")
    if not settings.database.exists():
        raise WarehouseError("There is no build database yet", {"home": settings.home}, "run `warehouse run` first")
    work, page = settings.root / "dbt" / "docs" / ".work", settings.root / "dbt" / "docs" / "index.html"
    os.environ.update({**dbt_environment(settings), "DBT_TARGET_PATH": str(work)})
    try:
        with file_lock(settings.root / "warehouse.lock", "dbt docs"):
            call("dbt", "docs", "generate", "--static", *_WHERE)
        (work / "static_index.html").replace(page)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return page


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{write(read_settings())}\n")
    except WarehouseError as error:
        sys.exit(error.block())
