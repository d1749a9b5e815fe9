"""The StatBank of Statistics Denmark: looks at a table, and lands the periods that are new or may be revised.

Asked for is always BULK with every variable and code spelt out (no elimination, no cell limit). The parsers
are in ``tableinfo`` and ``bulk``, what is asked for is settled in ``selection``; loading is ``load``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import prod
from typing import Any

import duckdb

from ingestion.bulk import Watch, parse_csv, parse_jsonstat
from ingestion.common import Context, Look, keep_aside, relative, reusable
from ingestion.http import BadBody, BrokenAnswer, Client, Response, parse_error
from ingestion.load import load_statbank
from ingestion.selection import Code, Plan, Resolution, plan, resolve
from ingestion.tableinfo import TableInfo, parse_tableinfo
from warehouse.errors import LoadRejected, ProviderError
from warehouse.landing import LandedFile, LandingFolder, Manifest, finish, landing_folder, new_load_id
from warehouse.settings import Settings

__all__ = [
    "fill",
    "land",
    "look",
    "parse_csv",
    "parse_error",
    "parse_jsonstat",
    "parse_tableinfo",
    "state_of",
    "tableinfo",
]

PROVIDER = "statbank"
PAYLOAD = "data.csv"
TABLEINFO_BYTES = 32 << 20
MOVES = 3


def tableinfo(table: str, settings: Settings, client: Client) -> tuple[TableInfo, bytes]:
    """What StatBank says of a table now, and the bytes that say so.

    Raises:
        ProviderError: no answer, or a refusal with the provider's own message.
        BrokenAnswer: empty, garbled, HTML or of another table, every time; what came is kept aside.
    """

    def read(response: Response) -> tuple[TableInfo, bytes]:
        body = response.body(TABLEINFO_BYTES)
        return parse_tableinfo(body, table), body

    url = f"{settings.statbank_url}/tableinfo"
    try:
        return client.fetch(url, read, params={"id": table, "lang": "da", "format": "JSON"})
    except BrokenAnswer as error:
        error.where = {"table": table, **error.where}
        kept = keep_aside(settings, f"{new_load_id(table.lower())}/tableinfo.json", error.body)
        if kept:
            error.where["kept"] = kept
        raise
    except ProviderError as error:
        error.where = {"table": table, **error.where}
        raise


def look(context: Context) -> Look:
    """What there is to fetch.

    Raises:
        LoadRejected: the table is not what the record and the code maps say.
        ProviderError: no answer.
    """
    return _look(context)[0]


def state_of(context: Context) -> datetime | None:
    """When the provider last updated the table (local Danish time)."""
    return tableinfo(_table(context), context.settings, context.client())[0].updated


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into its table (see ``load``)."""
    return load_statbank(connection, context.record, manifest, context.settings)


def land(context: Context) -> Manifest | None:
    """Land what there is to fetch; None where there is nothing. A complete landing that nobody judged is
    reused.

    Raises:
        LoadRejected, ProviderError: as :func:`look`, and when the body stays broken or the table keeps
            moving.
    """
    found, resolution, planned, raw = _look(context)
    if not planned.periods:
        return None
    earlier = reusable(context, found)
    if earlier:
        return earlier
    load_id = new_load_id(context.record.dataset)
    with landing_folder(context.settings, PROVIDER, context.record.dataset, load_id) as folder:
        try:
            return _receive(context, folder, load_id, resolution=resolution, planned=planned, raw=raw)
        except LoadRejected as error:
            error.where |= {"load": load_id, "kept": f"landing/.aside/{load_id}"}
            raise


def _look(context: Context) -> tuple[Look, Resolution, Plan, bytes]:
    info, raw = tableinfo(_table(context), context.settings, context.client())
    resolution = resolve(context.record, info, context.settings)
    planned = plan(context.record, resolution, context.state)
    gone = set(context.state.owned) - {v.published for v in _time(resolution)}
    withdrawn = sorted(period for period in gone if not context.record.is_history(period))
    detail = planned.reason + (f"; withdrawn by the provider: {', '.join(withdrawn)}" if withdrawn else "")
    found = Look(info.updated, planned.periods, resolution.selection, resolution.data_origin, detail)
    return found, resolution, planned, raw


def _receive(
    context: Context, folder: LandingFolder, load_id: str, *, resolution: Resolution, planned: Plan, raw: bytes
) -> Manifest:
    client = context.client()
    for _ in range(MOVES):
        request = resolution.request(planned.periods)
        folder.write_json("request.json", request)
        (folder.path / "tableinfo.json").write_bytes(raw)
        received = _data(context, client, folder, resolution, request)
        info, raw = tableinfo(resolution.table, context.settings, client)
        if info.updated == resolution.updated:
            manifest = _manifest(
                context, folder, load_id, resolution=resolution, planned=planned, request=request, received=received
            )
            finish(folder, manifest)
            return manifest
        resolution = resolve(context.record, info, context.settings)
        planned = plan(context.record, resolution, context.state)
        if not planned.periods:
            break
    raise LoadRejected(
        f"StatBank's table {resolution.table} was updated while it was fetched; tried {MOVES} times",
        {"dataset": context.record.dataset, "table": resolution.table},
        "run again after the release (08:00 Danish time)",
    )


def _data(
    context: Context,
    client: Client,
    folder: LandingFolder,
    resolution: Resolution,
    request: Mapping[str, object],
) -> tuple[LandedFile, int, dict[str, str]]:
    url = f"{context.settings.statbank_url}/data"

    def read(response: Response) -> tuple[LandedFile, int, dict[str, str]]:
        folder.files.clear()
        watch = Watch(resolution.header(), _cells(request))
        landed = folder.write(PAYLOAD, url, watch.over(response.chunks()))
        if watch.rows == 0:
            raise BadBody("the body has a header and no rows")
        kept = ("Statbankapi-Request-Id", "Content-Type", "Date")
        return landed, watch.rows, {name: response.headers[name] for name in kept if name in response.headers}

    try:
        return client.fetch(url, read, body=request)
    except BrokenAnswer as error:
        error.where = {"dataset": context.record.dataset, "table": resolution.table, **error.where}
        raise


def _cells(request: Mapping[str, Any]) -> int:
    """How many rows the answer can have at most: the cells asked for."""
    return prod(len(variable["values"]) for variable in request["variables"])


def _manifest(
    context: Context,
    folder: LandingFolder,
    load_id: str,
    *,
    resolution: Resolution,
    planned: Plan,
    request: dict[str, object],
    received: tuple[LandedFile, int, dict[str, str]],
) -> Manifest:
    record, settings = context.record, context.settings
    landed, rows, headers = received
    final = settings.landing / PROVIDER / record.dataset / load_id
    size, digest = folder.totals()
    return Manifest(
        load_id=load_id,
        provider=PROVIDER,
        dataset=record.dataset,
        url=landed.url,
        request=request,
        received_at=datetime.now(UTC).replace(tzinfo=None),
        source_updated_at=resolution.updated,
        bytes=size,
        sha256=digest,
        rows_received=rows,
        periods=planned.periods,
        licence=record.licence_received,
        citation=record.citation,
        data_origin=resolution.data_origin,
        landing_path=relative(settings, final),
        selection=resolution.selection,
        files=tuple(folder.files),
        resolved={"variables": resolution.document()},
        response=headers,
    )


def _table(context: Context) -> str:
    return str(context.record.table)


def _time(resolution: Resolution) -> tuple[Code, ...]:
    return next(v.values for v in resolution.variables if v.code == resolution.time)
