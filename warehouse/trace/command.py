"""The command ``warehouse trace``: its options, and what they mean. Heavy imports wait until it is called."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from warehouse.errors import SettingsError
from warehouse.settings import read_settings


class Format(StrEnum):
    """How a trace is printed."""

    tree = "tree"
    json = "json"


def trace(
    table: Annotated[str, typer.Argument(help="A table of the release, such as gaps.")],
    *,
    indicator: Annotated[str | None, typer.Option(help="Such as employment_rate.")] = None,
    municipality: Annotated[str | None, typer.Option(help="A three-digit code, a region, or 000.")] = None,
    period: Annotated[str | None, typer.Option(help="Such as 2024, 2024K3 or KV2021.")] = None,
    sex: Annotated[str | None, typer.Option(help="total (unless said), men or women.")] = None,
    age_group: Annotated[str | None, typer.Option(help="Such as 16-64; the indicator's first unless said.")] = None,
    target_group: Annotated[str | None, typer.Option(help="non_western unless said.")] = None,
    reference_group: Annotated[str | None, typer.Option(help="others unless said.")] = None,
    subarea: Annotated[str | None, typer.Option(help="total unless said, or a housing community.")] = None,
    origin: Annotated[str | None, typer.Option(help="danish, western or non_western.")] = None,
    ancestry: Annotated[str | None, typer.Option(help="danish_origin, immigrant or descendant.")] = None,
    quarter: Annotated[str | None, typer.Option(help="Such as 2019K4.")] = None,
    election: Annotated[str | None, typer.Option(help="Such as KV2025.")] = None,
    area: Annotated[str | None, typer.Option(help="A polling area, by the provider's own id.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Such as ras201, for the table loads.")] = None,
    load: Annotated[str | None, typer.Option(help="A load id.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="column=value, for any other column; repeatable.")] = None,
    release: Annotated[str | None, typer.Option(help="A release id; the current one unless said.")] = None,
    format: Annotated[Format, typer.Option(help="tree, or json with every row.")] = Format.tree,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Walk one published cell back to the landed bytes, and recompute it.

    Works from a release and the landing folder alone, offline. Ends with 0 when every hash matches and the row is
    recomputed, with 1 when a hash or a number does not agree (saying which file or column), and with 2 when the key
    names no row, or several.
    """
    from warehouse.trace.document import document
    from warehouse.trace.tracer import Tracer
    from warehouse.trace.tree import print_tree

    given = {
        "indicator_id": indicator, "municipality_code": municipality, "period": period, "sex": sex,
        "age_group": age_group, "target_group": target_group, "reference_group": reference_group,
        "subarea_code": subarea, "origin": origin, "ancestry": ancestry, "quarter": quarter, "election_id": election,
        "area_id": area, "dataset": dataset, "load_id": load, **_pairs(key or []),
    }  # fmt: skip
    with Tracer(read_settings(), release) as tracer:
        found = tracer.trace(table, {column: value for column, value in given.items() if value is not None})
    if format is Format.json:
        import json

        typer.echo(json.dumps(document(found), ensure_ascii=False, indent=1))
    else:
        print_tree(found)
    if not found.holds:
        raise typer.Exit(1)


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for column, sign, _ in pairs:
        if not sign or not column:
            raise SettingsError(f"--key {column!r} is not column=value", next_step="write --key group_id=non_western")
    return {column: value for column, _, value in pairs}
