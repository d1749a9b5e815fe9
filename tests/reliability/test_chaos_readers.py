"""The readers of the kill trials can fail: a mixture, an error, and an old release after a new one are each named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pg
import psycopg
import pytest
from bi_releases import Releases
from chaos_compare import differing_in_postgres
from chaos_next import ANALYST, Databases
from chaos_readers import Reader, Seen, Whole, facts_of, of_files, of_postgres, reading, tables_of
from chaos_report import read, write
from chaos_trial import FIRST, NEXT, Plan

from warehouse import release
from warehouse.release_files import DATABASE, published_tables

OLD, NEW = {"gaps": (10, 100), "loads": (3, 0)}, {"gaps": (12, 130), "loads": (4, 0)}


def _seen(*ids: str, **facts: tuple[int, int]) -> Seen:
    return Seen(facts, frozenset(ids))


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (_seen("a", gaps=NEW["gaps"], loads=OLD["loads"]), "tables of several releases"),
        (_seen("a", gaps=(11, 100), loads=OLD["loads"]), "gaps"),
        (_seen("a", "b", **OLD), "several releases in one look: a, b"),
        (_seen("a", **NEW), "a with the figures of another release"),
        (_seen("a"), "empty"),
    ],
)
def test_a_mixture_is_named(seen: Seen, named: str) -> None:
    whole = Whole([OLD, NEW], {"a": 0})
    assert (whole.which(_seen("a", **OLD)), whole.which(_seen("b", gaps=NEW["gaps"]))) == (0, 1)
    with pytest.raises(ValueError, match=named):
        whole.which(seen)


def _looks(*seen: Seen | Exception) -> Callable[[], Seen]:
    given = iter(seen)

    def look() -> Seen:
        if isinstance(found := next(given, _seen(**NEW)), Exception):
            raise found
        return found

    return look


@pytest.mark.parametrize(
    ("looks", "named"),
    [
        ([_seen(**NEW), _seen(**OLD)], "the release before, after the new one"),
        ([OSError("the file is gone")], "OSError: the file is gone"),
        ([_seen(gaps=(0, 0))], "gaps"),
    ],
)
def test_a_reader_tells_what_it_met_and_reads_on(looks: list[Seen | Exception], named: str) -> None:
    reader = Reader("door", _looks(*looks, _seen(**NEW)), Whole([OLD, NEW]), pause=0)
    reader.start()
    reader.finish(newest=1)
    assert len(reader.errors) == 1 and reader.errors[0].startswith("reader door:") and named in reader.errors[0]
    assert reader.looks >= 1


def test_a_reader_that_never_meets_the_new_release_is_an_error() -> None:
    reader = Reader("door", lambda: _seen(**OLD), Whole([OLD, NEW]), pause=0)
    reader.start()
    reader.finish(newest=1, seconds=0.2)
    assert "has not met the new release" in reader.errors[0]


@pytest.fixture
def small(sample_home, tmp_path: Path) -> Releases:
    """A home with release 0; release 1 is beside it, and in it a comparison was made again at its partner."""
    releases = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / DATABASE)
    for number in (0, 1):
        folder = releases.make(number)
        with duckdb.connect(str(folder / DATABASE)) as connection:
            connection.execute(
                f"""attach '{releases.like}' as sample (read_only);
                create table marts.validations as from sample.marts.validations;
                insert into marts.validations select * replace ('raw.folk1e' as object_name)
                from sample.marts.validations where expectation = 'countries_match_origin' and {number} = 1;
                detach sample"""
            )
            hashes = release.export_tables(connection, published_tables(connection), folder)
            rows = {name: connection.execute(f"select count(*) from marts.{name}").fetchone()[0] for name in hashes}
        manifest = {**release.read_manifest(folder), "tables": hashes, "rows": rows}
        release.write_json(folder / "manifest.json", manifest)
        release.write_json(folder / "datapackage.json", {"version": folder.name})
    release.point_current_at(releases.settings, "release-000")
    return releases


def test_every_look_at_the_files_meets_the_release_and_names_a_mixture(small: Releases) -> None:
    folders = [small.settings.releases / f"release-00{number}" for number in (0, 1)]
    whole = Whole([facts_of(folder) for folder in folders], {"release-000": 0})
    looks = of_files(small.settings.root, tables_of(folders[0]))
    assert {name: whole.which(look()) for name, look in looks.items()} == dict.fromkeys(looks, 0)
    release.point_current_at(small.settings, "release-001")
    assert {name: whole.which(look()) for name, look in looks.items()} == dict.fromkeys(looks, 1)
    shutil.copyfile(folders[0] / "parquet" / "gaps.parquet", folders[1] / "parquet" / "gaps.parquet")
    with duckdb.connect(str(folders[1] / DATABASE)) as connection:
        connection.execute(f"attach '{folders[0] / DATABASE}' as old (read_only)")
        connection.execute("delete from marts.gaps; insert into marts.gaps from old.marts.gaps")
    for name, look in looks.items():
        with pytest.raises(ValueError, match=r"tables of several releases|the manifest counts other rows"):
            assert whole.which(look()) is None, name


@pytest.mark.xdist_group("postgres")
def test_postgresql_beside_the_release_is_named_where_it_differs(sample_home, tmp_path: Path) -> None:
    small = Releases(tmp_path / "home", sample_home.path / "releases" / "current" / DATABASE)
    folder, other = small.publish(0), small.make(1)
    with pg.running() as cluster:
        databases, problems, reads = Databases(cluster), list[str](), dict[str, int]()
        databases.fill_template(small.settings.root)
        dsn = databases.make("trial")
        assert differing_in_postgres(dsn, folder) == []
        with ExitStack() as stack:
            looks = of_postgres(stack, databases.dsn("trial", ANALYST), tables_of(folder))
            whole = Whole([facts_of(folder)])
            assert [whole.which(look()) for look in looks.values()] == [0, 0, 0]
            with psycopg.connect(dsn) as poison:
                poison.execute("delete from marts.gaps where ctid = (select min(ctid) from marts.gaps)")
            with reading(looks, whole, problems, reads) as readers:
                for reader in readers:
                    while not reader.errors and reader.is_alive():
                        reader.join(0.01)
        assert len(problems) == 3 and all("gaps" in problem for problem in problems)
        assert ["gaps" in told for told in differing_in_postgres(dsn, folder)] == [True]
        assert "instead of release-001" in differing_in_postgres(dsn, other)[0]


def test_plans_are_the_seeds_and_take_every_step_of_both_kinds_in_turn() -> None:
    plans = [Plan.drawn(number, 1, (FIRST, NEXT)) for number in range(100)]
    assert plans == [Plan.drawn(number, 1, (FIRST, NEXT)) for number in range(100)]
    assert plans != [Plan.drawn(number, 2, (FIRST, NEXT)) for number in range(100)]
    for kind, fresh in ((FIRST, 5), (NEXT, 0)):
        of_it = [plan for plan in plans if plan.kind == kind]
        moments = sorted(plan.part for plan in of_it if plan.part is not None)
        assert (len(of_it), len(moments), sum(plan.fresh for plan in of_it)) == (50, 25, fresh)
        assert moments[0] < 0.15 and moments[-1] > 0.85
        assert len({plan.mark for plan in of_it if plan.part is None}) == (8 if kind == FIRST else 6)


def test_trials_of_several_calls_add_up_and_a_page_says_what_was_left_out(tmp_path: Path) -> None:
    facts = {"kind": "next", "signal": "SIGKILL", "planned": "x", "fresh": False, "killed_at": 1.0, "step": "s"}
    facts |= {"ended_in": 0.1, "recovered_in": 9.0, "reads": {"file": 3}, "code": "abc", "seed": 1}
    for number, problems in ((1, ["bad"]), (0, []), (1, [])):
        trial = {**facts, "number": number, "problems": problems}
        write(tmp_path, {"next": 20.0}, 21, [*read(tmp_path), trial], ["The kind `first` was left out."])
    assert [(trial["number"], trial["problems"]) for trial in read(tmp_path)] == [(0, []), (1, [])]
    page = (tmp_path / "chaos.md").read_text(encoding="utf-8")
    assert "2 trials" in page and "left out" in page and "file 6" in page and "Commit (trials): abc (2)" in page
