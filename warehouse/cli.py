"""The command line ``warehouse``.

Exit codes: 0 published, or nothing new; 1 a load was rejected or a run failed, nothing published; 2 wrong usage or
settings. Errors go to standard error in one readable block; ``--debug`` adds the traceback.
"""

from __future__ import annotations

import gc
import os
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from warehouse import cli_audit, cli_serve, disk
from warehouse.errors import SettingsError, WarehouseError
from warehouse.processes import stoppable
from warehouse.settings import Settings, read_settings
from warehouse.trace.command import trace

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="How far citizens of non-western origin are from other citizens in work, education, housing and democracy.\n\n"
    "Start with `warehouse run --sample`: it needs no network and no account, and publishes a release with SAMPLE "
    "figures. Without `--sample` the figures come from Statistics Denmark. Settings are environment variables "
    "(`WAREHOUSE_HOME`, `WAREHOUSE_FOCUS_MUNICIPALITY`, …) or lines in `.env`; the README lists them.",
)
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


@app.callback()
def options(debug: Debug = False) -> None:
    """Options before the command."""
    if debug:
        os.environ["WAREHOUSE_DEBUG"] = "1"


@app.command()
def run(
    sample: Annotated[
        bool, typer.Option("--sample", help="Start the sample providers on loopback and load from them.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Load what is new, validate it, build the marts and publish a release.

    Runs every ingest DAG and then `build_marts` through Airflow, in this process. A load that fails validation is
    kept aside with its reasons, nothing is published, and the exit code is 1.
    """
    options(debug)
    from warehouse import release, runner, show

    settings = read_settings()
    with stoppable("`warehouse run`", settings.root):
        good, failures = runner.run(settings, sample)
        for block in failures:
            typer.echo(f"\n{block}", err=True)
        if not good:
            typer.echo(f"\nNothing was published. Details: {settings.root / 'logs'}", err=True)
            raise typer.Exit(1)
        with show.open_release(release.current_database(settings)) as connection:
            show.print_gap_tables(connection, settings.focus_municipality)
        folder = release.current(settings)
        assert folder
        show.print_where(settings, folder)


@app.command()
def gaps(
    focus_area: Annotated[
        str | None, typer.Option(help="beskaeftigelse, uddannelse, boligsocial or demokrati.")
    ] = None,
    municipality: Annotated[str | None, typer.Option(help="A three-digit code, a region, or 000.")] = None,
    period: Annotated[str | None, typer.Option(help="Such as 2024, 2024K3 or KV2021.")] = None,
    format: Annotated[Format, typer.Option(help="table, csv or json.")] = Format.table,
    debug: Debug = False,
) -> None:
    """Print the published gaps; positive means that the target group is worse off.

    The table shows one municipality (yours, unless `--municipality` says another) and its newest period (unless
    `--period` says another), rounded. `csv` and `json` give every row that matches, unrounded.
    """
    options(debug)
    from warehouse import release, show

    settings = read_settings()
    with show.open_release(release.current_database(settings)) as connection:
        _known(
            connection,
            "focus area",
            "select focus_area from marts.dim_focus_area order by sort_order",
            focus_area,
        )
        _known(
            connection,
            "municipality",
            "select municipality_code from marts.dim_municipality order by 1",
            municipality,
        )
        if format is Format.table:
            code = municipality or settings.focus_municipality
            show.print_gap_tables(connection, code, focus_area, period, detail=True)
            return
        columns, rows = show.select_gaps(connection, focus_area, municipality, period)
    (show.print_csv if format is Format.csv else show.print_json)(columns, rows)


def _known(connection: Any, what: str, query: str, value: str | None) -> None:
    if value is None:
        return
    known = [row[0] for row in connection.execute(query).fetchall()]
    if value not in known:
        raise SettingsError(f"There is no {what} {value!r}", next_step=f"choose one of: {', '.join(known)}")


@app.command()
def status(debug: Debug = False) -> None:
    """Per dataset: last landed, loaded, validated, published, and what the provider says it has now."""
    options(debug)
    from warehouse import show
    from warehouse.status import HEADINGS, dataset_states

    rows = dataset_states(read_settings())
    show.print_rows("Datasets", HEADINGS[:-1], [row[:-1] for row in rows])
    for dataset, *_, remark in rows:
        if remark:
            typer.echo(f"{dataset}: {remark}")


releases_app = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
app.add_typer(releases_app, name="releases")


@releases_app.callback()
def releases(context: typer.Context, debug: Debug = False) -> None:
    """List the releases, newest first, and which one is current; `diff` prints what moved between two."""
    options(debug)
    if context.invoked_subcommand:
        return
    from warehouse import release, show

    settings = read_settings()
    now = release.current(settings)
    rows = [
        (
            "current" if now and now.name == m["release_id"] else "",
            m["release_id"],
            m["created_at"],
            m["data_origin"],
            m["rows"].get("gaps"),
            settings.releases / m["release_id"],
        )
        for m in release.releases(settings)
    ]
    if not rows:
        typer.echo("There is no release yet: run `warehouse run`, or `warehouse run --sample` for sample figures.")
        return
    show.print_rows("Releases", ("", "release", "created (UTC)", "data", "gap rows", "folder"), rows)


@releases_app.command("diff")
def releases_diff(
    old: Annotated[str, typer.Argument(metavar="A", help="A release, the beginning of its id, current or previous.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The release to compare it with.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many gaps in the table.")] = 20,
    format: Annotated[Format, typer.Option(help="table, csv or json.")] = Format.table,
    debug: Debug = False,
) -> None:
    """Print what moved from release A to release B: tables, loads, code and settings, and gaps, largest first.

    `csv` and `json` give every gap that moved, came, went or changed status, unrounded.
    """
    options(debug)
    from warehouse import releases_diff as differences
    from warehouse import show

    settings = read_settings()
    found = differences.compare(differences.find(settings, old), differences.find(settings, new))
    if format is Format.table:
        differences.print_diff(found, limit)
        return
    (show.print_csv if format is Format.csv else show.print_json)(differences.GAP_COLUMNS, found.gaps)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def airflow(context: typer.Context) -> None:
    """Hand a command to Airflow with this warehouse's environment, such as `warehouse airflow standalone`."""
    from warehouse.airflow import hand_over

    hand_over(read_settings(), context.args)


cli_audit.add_to(app)
cli_serve.add_to(app)
app.command()(trace)


def _report(error: WarehouseError, settings: Settings | None = None) -> int:
    typer.echo(f"Error: {error.block()}", err=True)
    return 2 if isinstance(error, SettingsError) else 1


def main() -> None:
    """Entry point of ``warehouse``."""
    if "--debug" in sys.argv:
        os.environ["WAREHOUSE_DEBUG"] = "1"
    try:
        app()
    except WarehouseError as error:
        if os.environ.get("WAREHOUSE_DEBUG"):
            raise
        sys.exit(_report(error))
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if os.environ.get("WAREHOUSE_DEBUG"):
            raise
        if found := disk.readable(error):
            sys.exit(_report(found))
        typer.echo(
            f"Error: {type(error).__name__}: {error}\n  next:  this is a defect; run again with --debug",
            err=True,
        )
        sys.exit(1)
    finally:
        gc.freeze()  # else Python looks through all that Airflow and dbt have left once more before it ends: seconds
