"""The command that serves the current release to DuckDB clients."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from warehouse.settings import read_settings

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 9494,
    debug: Debug = False,
) -> None:
    """Serve the current release, read-only, to DuckDB clients over the protocol quack, until stopped.

    Clients show the token `WAREHOUSE_SERVE_TOKEN`. A new release is followed without dropping anybody. The protocol
    is plain HTTP: to be reached from other machines it needs a reverse proxy with TLS in front.
    """
    from warehouse import serve as server

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    if host not in {"127.0.0.1", "::1", "localhost"}:
        typer.echo(f"{host} can be reached from other machines, and the protocol is plain HTTP: put TLS in front.")
    server.serve(read_settings(), host, port, stopped=stop.is_set, say=typer.echo)
    typer.echo("Stopped.")


def add_to(app: typer.Typer) -> None:
    """Put the command on the command line."""
    app.command()(serve)
