"""The commands of the auditor: ``rebuild``, ``verify``, ``prune`` and ``doctor``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from warehouse.processes import stoppable
from warehouse.settings import read_settings

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def rebuild(
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it was then (UTC): 2026-11-22 or 2026-11-22T14:30:00.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="An empty folder that becomes a home of its own.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Build the warehouse again from landing, seeds and code, and hold it against the release, table by table.

    Asks nothing of the network. What is missing of the home (the build database, the release) is put back; what is
    there is left as it is. Exit code 0 when every table is the same to the byte, 1 when one differs.
    """
    from warehouse import rebuild as builder

    settings = read_settings()
    with stoppable("`warehouse rebuild`", settings.root):
        result = builder.rebuild_with_progress(settings, as_of, into)
    for name in result.differing:
        typer.echo(f"differs: {name}")
    typer.echo(
        f"Release {result.release_id}: {len(result.same)} tables are the same to the byte, "
        f"{len(result.differing)} differ.\nFolder: {result.folder}"
    )
    if result.differing and result.code_differs:
        typer.echo("Its seeds or models were others than those here: check out the code it was made with to compare.")
    if not result.equal:
        raise typer.Exit(1)


def verify(debug: Debug = False) -> None:
    """Hold every landed file, the journal and every release against what was written down of them.

    Names each file that was changed, is missing, or was not written by the warehouse; then the exit code is 1.
    """
    from warehouse import verify as verifier

    verified = verifier.verify(read_settings())
    for line in verifier.lines(verified):
        typer.echo(line)
    if verified.findings:
        raise typer.Exit(1)


def prune(
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Remove; without it only say what would go.")
    ] = False,
    keep_releases: Annotated[int, typer.Option(min=1, help="How many of the newest releases stay.")] = 12,
    keep_days: Annotated[int, typer.Option(min=0, max=36500, help="Everything received in so many days stays.")] = 90,
    debug: Debug = False,
) -> None:
    """Thin landing and releases; nothing goes that a kept release needs. A dry run unless `--apply` is given.

    The current release and the last one of each year stay too, and every manifest, request and journal.
    """
    from warehouse import retention
    from warehouse.ledger import utc_now

    settings, policy = read_settings(), retention.Policy(keep_releases, keep_days)
    with stoppable("`warehouse prune`", settings.root):
        items = (retention.prune if apply else retention.plan)(settings, policy, utc_now())
    for item in items:
        typer.echo(f"{item.kind:<8} {item.path}  {item.bytes / 1e6:,.1f} MB  ({item.why})")
    total = sum(item.bytes for item in items) / 1e6
    typer.echo(f"{len(items)} {'removed' if apply else 'would go'}, {total:,.1f} MB" if items else "Nothing may go.")


class Format(StrEnum):
    """How the checks are printed."""

    text = "text"
    json = "json"


def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Mend what is safe to mend; nothing is removed.")] = False,
    format: Annotated[Format, typer.Option(help="text or json.")] = Format.text,
    debug: Debug = False,
) -> None:
    """Look whether this home is fit to run on: locks, what a kill left behind, journal, databases, releases, disk.

    One line a check: ok, warn (the next run sees to it) or broken, and what to do. Takes seconds; whether every byte
    is what it was, `warehouse verify` says. Exit code 0 when nothing is broken, 1 when something is.
    """
    from warehouse import doctor as physician
    from warehouse.ledger import utc_now

    settings = read_settings()
    with stoppable("`warehouse doctor`", settings.root):
        checks = (physician.mend if mend else physician.examine)(settings, utc_now())
    if format is Format.json:
        typer.echo(physician.as_json(checks))
    else:
        for line in physician.lines(checks):
            typer.echo(line)
    if not physician.is_fine(checks):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    for command in (rebuild, verify, prune, doctor):
        app.command()(command)
