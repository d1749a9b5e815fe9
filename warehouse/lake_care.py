"""Care of a lake: what ``warehouse doctor`` says of it, and giving back the room of what is no longer read.

Every build writes new Parquet files; the old ones stay, so that the lake can be read as it was. ``python -m
warehouse.lake_care --days 30`` lets go of states older than that, and of their files. Landing and releases are
``warehouse prune``'s.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from warehouse import journal, lake, rebuild
from warehouse.db import writer
from warehouse.doctor import BROKEN, OK, WARN, Check, Found
from warehouse.errors import SettingsError, WarehouseError
from warehouse.settings import Settings, read_settings


@dataclass(frozen=True)
class Freed:
    """How many states of the lake were let go, and how many files with them."""

    snapshots: int
    files: int


def database(settings: Settings) -> Iterator[Found]:
    """The lake: there, readable, and neither behind nor ahead of the journal. For ``warehouse doctor``."""
    try:
        if not lake.exists(settings):
            if journal.exists(settings):
                step = "run `warehouse run`, or `warehouse doctor --mend`: both put it back from the landing"
                said = "the catalogue of the lake is gone"
                yield Found(Check("database", BROKEN, said, step), lambda: _restore(settings))
            else:
                yield Found(Check("database", OK, "nothing was built yet"))
            return
        with lake.attached(settings) as connection:
            known = journal.last_seq(connection)
    except WarehouseError as error:
        yield Found(Check("database", BROKEN, error.what, error.next_step))
        return
    written = len(journal.read(settings))
    if known < written:
        step = "put the backup of PostgreSQL back that belongs to this landing, or drop its schema warehouse_lake"
        yield Found(Check("database", BROKEN, f"it knows {known} events, the journal {written}", step))
    elif known > written:
        step = "nothing: the next run writes them"
        yield Found(Check("database", WARN, f"{known - written} events are in it and not yet in the journal", step))
    else:
        yield Found(Check("database", OK, f"the lake opens, and knows the journal's {known} events"))


def _restore(settings: Settings) -> None:
    rebuild.restore_if_lost(settings)


def tidy(settings: Settings, days: int) -> Freed:
    """Let go of the states of the lake older than ``days``, and remove files that no state is made of.

    Raises:
        SettingsError: there is no lake, or fewer days than one: a build reads a state for hours.
        BusyError: another process writes for too long.
    """
    if settings.lake is None or days < 1:
        raise SettingsError(
            "There is no lake to tidy" if settings.lake is None else f"{days} days are too few",
            {"setting": "WAREHOUSE_LAKE", "days": days},
            "set WAREHOUSE_LAKE, and keep a day or more",
        )
    since = f"now() - interval {int(days)} day"
    with writer(settings, "tidy the lake") as connection:
        gone = connection.execute(f"call ducklake_expire_snapshots('{lake.CATALOG}', older_than => {since})").fetchall()
        old = f"call ducklake_cleanup_old_files('{lake.CATALOG}', older_than => {since})"
        files = connection.execute(old).fetchall()
    return Freed(len(gone), len(files))


def main(arguments: list[str]) -> int:
    """The command; 0, or 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.lake_care", description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="how long a state of the lake can be read (30)")
    try:
        freed = tidy(read_settings(), parser.parse_args(arguments).days)
    except WarehouseError as error:
        print(error.block(), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    print(f"{freed.snapshots} states were let go, {freed.files} files removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
