"""Every expectation on grades and on public support can fail: a poisoned case trips it and only it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from expectations.run import Verdict, validate
from ingestion import pipeline
from sample_providers import Running, start
from sample_providers.education_api import HOME, UNKNOWN
from sample_providers.tokens import TOKEN
from warehouse.db import writer
from warehouse.landing import MANIFEST
from warehouse.settings import Settings

GRADES, SUPPORT = "education_grades", "jobindsats_support"
ONE = "period = '{}' and municipality_code = '151' and {}"
DANISH_PUPILS = ONE.format("2023/2024", "origin = 'danish'")
NON_WESTERN = "origin = 'non_western' and ancestry = 'immigrant'"
SUPPORTED = ONE.format("2024K3", NON_WESTERN)
ALL_SUPPORTED = ONE.format("2024K3", "origin = 'total'")


@dataclass
class Scene:
    """A load out of the sample, to be poisoned before it is judged."""

    settings: Settings
    provider: Running
    dataset: str
    load_id: str = ""

    def load(self) -> None:
        """Look, land and load."""
        assert pipeline.changed(self.dataset, self.settings)
        self.load_id = pipeline.land(self.dataset, self.settings, ("test", "run"))
        pipeline.load(self.load_id, self.settings)

    def sql(self, statement: str) -> None:
        """Change the load's table, ``{t}``."""
        with writer(self.settings, "test") as connection:
            connection.execute(statement.replace("{t}", f'raw_loads."{self.dataset}__{self.load_id}"'))

    def count(self, more: int) -> None:
        """Let the ledger agree with the number of rows."""
        self.sql(
            f"update meta.loads set rows_received = rows_received + {more}, rows_loaded = rows_loaded + {more}"
            f" where load_id = '{self.load_id}'"
        )

    def judge(self) -> Verdict:
        """The verdict."""
        return validate(self.load_id, self.settings)


@pytest.fixture
def scene_of(settings: Settings) -> Iterator[Callable[[str], Scene]]:
    with start() as provider:

        def made(dataset: str) -> Scene:
            own = Settings(
                home=settings.home,
                municipalities=("101", "151", "183"),
                from_year=2022,
                education_url=provider.education_url,
                jobindsats_url=provider.jobindsats_url,
                education_token=TOKEN,  # type: ignore[arg-type]
                jobindsats_token=TOKEN,  # type: ignore[arg-type]
                _env_file=None,  # type: ignore[call-arg]
            )
            return Scene(own, provider, dataset)

        yield made


def failing(verdict: Verdict) -> set[str]:
    return {item.expectation for item in verdict.validations if not item.success}


def _columns(scene: Scene) -> None:
    """a column that is not in the record"""
    scene.sql("alter table {t} add column school varchar")


def _twice(scene: Scene) -> None:
    """an area and origin that comes twice in a period"""
    scene.sql(f"insert into {{t}} from {{t}} where {DANISH_PUPILS}")
    scene.count(1)


def _negative(scene: Scene) -> None:
    """a count below 0"""
    scene.sql(f"update {{t}} set pupils = -5 where {DANISH_PUPILS}")


def _other_meaning(scene: Scene) -> None:
    """a row whose origin is not the one that its published text means"""
    scene.sql(f"update {{t}} set origin = 'western' where {DANISH_PUPILS}")


def _no_target_group(scene: Scene) -> None:
    """a cube without the target group, which the record's code map took as complete"""
    scene.sql("delete from {t} where origin = 'non_western'")
    scene.sql(
        "update meta.loads set rows_received = (select count(*) from {t}), rows_loaded = (select count(*) from {t})"
    )
    path: Path = next(scene.settings.landing.glob(f"*/*/{scene.load_id}/{MANIFEST}"))
    manifest = json.loads(path.read_text())
    del manifest["resolved"]["plan"]["origins"]["Ikke-vestlig"]
    path.write_text(json.dumps(manifest))


def _missing_row(scene: Scene) -> None:
    """an area and origin without its row"""
    scene.sql(f"delete from {{t}} where {DANISH_PUPILS}")
    scene.count(-1)


def _half_a_row(scene: Scene) -> None:
    """a delivered row without its count"""
    scene.sql(f"update {{t}} set pupils = null where {DANISH_PUPILS}")


def _hidden_with_figures(scene: Scene) -> None:
    """a suppressed row that has figures"""
    scene.sql(f"update {{t}} set value_status = 'suppressed_or_none' where {DANISH_PUPILS}")


def _above_100(scene: Scene) -> None:
    """a share above 100 per cent"""
    scene.sql(f"update {{t}} set share_pct = 100.1 where {DANISH_PUPILS}")


def _other_passed(scene: Scene) -> None:
    """two pupils passed fewer than the published share says"""
    scene.sql(f"update {{t}} set passed = round(pupils * share_pct / 100) - 2 where {DANISH_PUPILS}")


def _more_than_the_country(scene: Scene) -> None:
    """more pupils in a municipality than the whole country has"""
    scene.sql(f"update {{t}} set pupils = pupils + 1000000 where {DANISH_PUPILS}")


def _lost_rows(scene: Scene) -> None:
    """one row fewer loaded than received"""
    scene.sql(f"update meta.loads set rows_received = rows_received + 1 where load_id = '{scene.load_id}'")


def _area_gone(scene: Scene) -> None:
    """a municipality that raw shows is no longer a member of the cube"""
    scene.judge()
    pipeline.promote(scene.load_id, scene.settings)
    scene.provider.education.details[HOME].remove("Ishøj")
    scene.provider.education.translate[HOME] = (HOME, {"Ishøj": UNKNOWN})
    scene.load()


def _supported_status(scene: Scene) -> None:
    """a delivered row without its full-time persons"""
    scene.sql(f"update {{t}} set full_time_persons = null where {SUPPORTED}")


def _other_population(scene: Scene) -> None:
    """a population a tenth above what persons and share say"""
    scene.sql(f"update {{t}} set population = population * 1.1 where {SUPPORTED}")


def _other_total(scene: Scene) -> None:
    """ten persons in the total of all origins who are in none of them"""
    scene.sql(
        "update {t} set full_time_persons = full_time_persons + 10,"
        f" population = (full_time_persons + 10) / share_pct * 100 where {ALL_SUPPORTED}"
    )


def _share_above_100(scene: Scene) -> None:
    """a share above 100 per cent"""
    scene.sql(f"update {{t}} set share_pct = 100.1, population = null where {SUPPORTED}")


POISONED: dict[str, tuple[str, str, Callable[[Scene], None]]] = {
    "columns": (GRADES, "columns_as_asked", _columns),
    "twice": (GRADES, "keys_unique", _twice),
    "negative": (GRADES, "value_not_negative", _negative),
    "other_meaning": (GRADES, "codes_known", _other_meaning),
    "no_target_group": (GRADES, "target_group_is_split", _no_target_group),
    "missing_row": (GRADES, "every_period_and_area_present", _missing_row),
    "half_a_row": (GRADES, "status_fits_value", _half_a_row),
    "hidden_with_figures": (GRADES, "status_fits_value", _hidden_with_figures),
    "above_100": (GRADES, "value_in_range", _above_100),
    "other_passed": (GRADES, "passed_not_above_pupils", _other_passed),
    "more_than_the_country": (GRADES, "municipalities_not_above_country", _more_than_the_country),
    "lost_rows": (GRADES, "rows_received_equal_rows_loaded", _lost_rows),
    "area_gone": (GRADES, "coverage_not_shrunk", _area_gone),
    "supported_status": (SUPPORT, "status_fits_value", _supported_status),
    "other_population": (SUPPORT, "share_fits_population", _other_population),
    "other_total": (SUPPORT, "origin_parts_equal_total", _other_total),
    "share_above_100": (SUPPORT, "value_in_range", _share_above_100),
}


@pytest.mark.parametrize("dataset", [GRADES, SUPPORT])
def test_a_clean_load_is_accepted(scene_of: Callable[[str], Scene], dataset: str) -> None:
    scene = scene_of(dataset)
    scene.load()
    verdict = scene.judge()
    assert failing(verdict) == set()
    assert verdict.success
    names = {item.expectation for item in verdict.validations}
    guarded = {name for _, name, _ in POISONED.values()}
    assert names <= guarded, f"no poisoned case for {names - guarded}"


@pytest.mark.parametrize("case", POISONED)
def test_a_poisoned_load_trips_its_expectation_and_only_it(scene_of: Callable[[str], Scene], case: str) -> None:
    dataset, expectation, poison = POISONED[case]
    scene = scene_of(dataset)
    scene.load()
    poison(scene)
    verdict = scene.judge()
    assert failing(verdict) == {expectation}
    found = next(item for item in verdict.validations if not item.success)
    assert found.unexpected_count >= 1
    assert 1 <= len(found.sample_keys) <= 10
    assert not verdict.success


def test_fewer_municipalities_asked_for_are_no_loss(scene_of: Callable[[str], Scene]) -> None:
    scene = scene_of(GRADES)
    scene.load()
    scene.judge()
    pipeline.promote(scene.load_id, scene.settings)
    scene.settings = scene.settings.model_copy(update={"municipalities": ("151",)})
    scene.load()
    assert scene.judge().success
