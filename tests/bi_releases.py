"""Small releases of a test's own, and one look at a release that tells whether it is whole.

Every figure of release *n* is *n*: ``gap_pp`` in both tables, and the id ends in it. A look that meets two releases at
once shows it.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from warehouse.release import point_current_at
from warehouse.settings import Settings

WHOLE = """
with
figures as (
    select gap_pp from {schema}.gaps
    union all
    select gap_pp from {schema}.gap_beskaeftigelse
)

select count(*) as looked_at, min(gap_pp) as lowest, max(gap_pp) as highest from figures
"""
RELEASE_ID = "release-{:03d}"


class Releases:
    """Makes and publishes small releases in a home of its own."""

    def __init__(self, home: Path, like: Path) -> None:
        self.settings = Settings(home=home, _env_file=None)  # type: ignore[call-arg]
        self.like = like
        self.settings.releases.mkdir(parents=True)

    def make(self, number: int) -> Path:
        """Release ``number`` in its folder; not yet current. The tables are those of ``like``, for one municipality."""
        folder = self.settings.releases / RELEASE_ID.format(number)
        folder.mkdir()
        connection = duckdb.connect(str(folder / "integration_gaps.duckdb"))
        try:
            connection.execute(f"attach '{self.like}' as sample (read_only)")
            connection.execute("create schema marts")
            for name in ("gaps", "gap_beskaeftigelse"):
                connection.execute(
                    f"""create table marts.{name} as select * replace ({number}::double as gap_pp)
                    from sample.marts.{name} where municipality_code = '151' order by all limit {200 + number}"""
                )
        finally:
            connection.close()
        manifest = {
            "release_id": folder.name,
            "created_at": "2026-11-22T12:00:00+00:00",
            "data_origin": "sample",
            "tables": {"gaps": f"hash-{number}", "gap_beskaeftigelse": f"hash-{number}"},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    def publish(self, number: int) -> Path:
        """Make it and let ``current`` point at it, as publishing does."""
        folder = self.make(number)
        point_current_at(self.settings, folder.name)
        return folder


def number_of(row: tuple[float, ...]) -> int:
    """The release that a look met.

    Raises:
        AssertionError: it met more than one, or a part of one.
    """
    looked_at, lowest, highest = row
    assert lowest == highest and looked_at == 2 * (200 + lowest), row
    return int(lowest)
