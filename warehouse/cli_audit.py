"""The commands of the auditor: ``rebuild``, ``verify`` and ``prune``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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

    result = builder.rebuild_with_progress(read_settings(), as_of, into)
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
    items = (retention.prune if apply else retention.plan)(settings, policy, utc_now())
    for item in items:
        typer.echo(f"{item.kind:<8} {item.path}  {item.bytes / 1e6:,.1f} MB  ({item.why})")
    total = sum(item.bytes for item in items) / 1e6
    typer.echo(f"{len(items)} {'removed' if apply else 'would go'}, {total:,.1f} MB" if items else "Nothing may go.")


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    for command in (rebuild, verify, prune):
        app.command()(command)
