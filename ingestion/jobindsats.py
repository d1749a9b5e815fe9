"""Jobindsats v3 (api.jobindsats.dk): looks when a table was updated, and lands its quarters in one answer.

What members mean is ``jobindsats_table``'s. Answers may start with a byte order mark; the landing keeps it. Without a
token, or where the table does not split by origin, the dataset is not delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import duckdb
from pydantic import SecretStr

from ingestion.common import Context, Look, fingerprint, origin_of, relative, reusable
from ingestion.http import BadBody, Client, Response, looks_like_html
from ingestion.jobindsats_table import Listed, Plan, check_data, listed, quarter, resolve, table_rows
from ingestion.json_text import NotJson, read_json
from ingestion.load import insert_rows
from ingestion.tokens import Gate, asking, refuse_echo
from warehouse.errors import LoadRejected
from warehouse.landing import Manifest, finish, landing_folder, new_load_id, open_payload
from warehouse.records import SupportTable

PROVIDER = "jobindsats"
PAYLOAD = "data.json"
ANSWER_BYTES = 256 << 20
MOVES = 3
UPDATE_FORMATS = ("%d-%m-%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d.%m.%Y")

T = TypeVar("T")


def gate(context: Context) -> Gate:
    """The door of the API."""
    return Gate(
        "Jobindsats",
        context.settings.jobindsats_url,
        "WAREHOUSE_JOBINDSATS_TOKEN",
        context.settings.jobindsats_token,
        "ask jobindsats@star.dk for a token (one per organisation, up to 14 days) and set it",
    )


def look(context: Context) -> Look:
    """Whether the table was updated since the load promoted last.

    Raises:
        NotDelivered: no token, or the table does not tell western from non-western origin.
        TokenRefused: the token is expired or refused.
        LoadRejected: the table is not what the record says, or the answers stay broken.
        ProviderError: no answer.
    """
    with _asking(context) as session:
        return _look(context, session).look


def state_of(context: Context) -> datetime | None:
    """When the table was updated last, as published; None where it is not written as a date."""
    with _asking(context) as session:
        return updated(session.listed().update_latest)


def land(context: Context) -> Manifest | None:
    """Land the answer, byte for byte; None where it was promoted already.

    Raises:
        NotDelivered, TokenRefused, LoadRejected, ProviderError: as :func:`look`, and LoadRejected when the table keeps
        moving.
    """
    with _asking(context) as session:
        for _ in range(MOVES):
            found = _look(context, session)
            if not found.look.periods:
                return None
            earlier = reusable(context, found.look)
            if earlier is not None:
                return earlier
            body, rows = session.data(found.plan.query(_support(context)))
            if session.listed() == found.entry:
                count = len(table_rows(found.plan, _support(context), context.settings, rows))
                return _store(context, found, body, count)
        raise LoadRejected(
            f"The table {found.plan.table} was updated while it was fetched, {MOVES} times in a row",
            {"dataset": context.record.dataset, "table": found.plan.table},
            "run again later",
        )


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into ``jobindsats_support``; the rows loaded."""
    support = _support(context)
    with open_payload(manifest.folder(context.settings) / f"{PAYLOAD}.zst") as stream:
        rows = check_data(_json(stream.read()), support)
    table = table_rows(Plan.read(manifest.resolved["plan"]), support, context.settings, rows)
    return insert_rows(connection, context.record.raw_tables[0], manifest.load_id, table)


def updated(text: str) -> datetime | None:
    """The provider's time of update; None where it is not written as a date."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        pass
    for form in UPDATE_FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the provider's own local time
        except ValueError:
            continue
    return None


def _support(context: Context) -> SupportTable:
    assert context.record.support is not None
    return context.record.support


@dataclass(frozen=True)
class Found:
    """What a look brought: what to fetch, how it is understood, the table's entry in the list, and its metadata."""

    look: Look
    plan: Plan
    entry: Listed
    metadata: bytes


def _look(context: Context, session: _Session) -> Found:
    entry = session.listed()
    metadata, plan = session.plan()
    url, last = context.settings.jobindsats_url, context.state.promoted
    moment, origin = updated(entry.update_latest), origin_of(url)
    asked = {
        "host": urlsplit(url).hostname,
        "support": _support(context).model_dump(),
        "municipalities": context.settings.municipalities,
        "focus": context.settings.focus_municipality,
        "from_year": context.settings.from_year,
        "updated": None if moment else entry.update_latest,
    }
    selection = fingerprint(asked)
    same = last is not None and (last.selection, last.source_updated_at, last.data_origin) == (
        selection,
        moment,
        origin,
    )
    periods = tuple(quarter(period) for period in plan.periods)
    detail = "nothing new" if same else f"updated {entry.update_latest}; next {entry.update_next or 'not said'}"
    return Found(Look(moment, () if same else periods, selection, origin, detail), plan, entry, metadata)


def _store(context: Context, found: Found, body: bytes, count: int) -> Manifest:
    """Write the landing; ``count`` is the rows that the table will have."""
    record, settings, plan, entry = context.record, context.settings, found.plan, found.entry
    load_id = new_load_id(record.dataset)
    url = f"{settings.jobindsats_url}/data/{plan.table}"
    query = plan.query(_support(context))
    with landing_folder(settings, PROVIDER, record.dataset, load_id) as folder:
        folder.write(PAYLOAD, url, [body])
        folder.write_json("request.json", query)
        (folder.path / "table.json").write_bytes(found.metadata)
        size, digest = folder.totals()
        manifest = Manifest(
            load_id=load_id,
            provider=PROVIDER,
            dataset=record.dataset,
            url=url,
            request=query,
            received_at=datetime.now(UTC).replace(tzinfo=None),
            source_updated_at=found.look.updated,
            bytes=size,
            sha256=digest,
            rows_received=count,
            periods=found.look.periods,
            licence=record.licence_received,
            citation=record.citation,
            data_origin=found.look.data_origin,
            landing_path=relative(settings, settings.landing / PROVIDER / record.dataset / load_id),
            selection=found.look.selection,
            files=tuple(folder.files),
            resolved={"plan": plan.document()},
            response={"update_latest": entry.update_latest, "update_next": entry.update_next},
        )
        finish(folder, manifest)
    return manifest


@contextmanager
def _asking(context: Context) -> Iterator[_Session]:
    with asking(context, gate(context)) as token:
        yield _Session(context, token)


class _Session:
    """Requests with the token."""

    def __init__(self, context: Context, token: SecretStr) -> None:
        self._context = context
        self._token = token
        self._client: Client = context.client()

    def listed(self) -> Listed:
        """What the list of tables says of ours."""
        table = _support(self._context).table
        return self._get("tables", {"format": "json"}, lambda document: listed(document, table))[1]

    def plan(self) -> tuple[bytes, Plan]:
        """The table's metadata as received, and the plan."""
        support = _support(self._context)
        return self._get(
            f"table/{support.table}",
            {"format": "json"},
            lambda document: resolve(support, self._context.settings, document),
        )

    def data(self, query: dict[str, str]) -> tuple[bytes, list[dict[str, Any]]]:
        """The figures as received, and their rows."""
        support = _support(self._context)
        return self._get(f"data/{support.table}", query, lambda document: check_data(document, support))

    def _get(self, path: str, query: dict[str, str], understand: Callable[[object], T]) -> tuple[bytes, T]:
        def read(response: Response) -> tuple[bytes, T]:
            body = response.body(ANSWER_BYTES)
            refuse_echo(body, self._token, self._context.record.dataset)
            try:
                return body, understand(_json(body))
            except BadBody as error:
                error.body = body
                raise

        # The provider's own examples leave these signs as they are.
        url = f"{self._context.settings.jobindsats_url}/{path}?{urlencode(query, safe=':,*/')}"
        return self._client.fetch(url, read, token=self._token)


def _json(body: bytes) -> Any:
    if looks_like_html(body):
        raise BadBody("the answer is a web page, not data")
    try:
        return read_json(body)
    except NotJson as error:
        raise BadBody(f"the answer is not JSON: {error}") from None
