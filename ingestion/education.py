"""The education ministry's API (api.uddannelsesstatistik.dk): asks what a cube has, and lands its pages.

The provider does not say when a cube was updated, so a look fetches the pages and compares their hash with the load
promoted last. What members mean is ``education_cube``'s. Without a token the dataset is not delivered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import duckdb
from pydantic import SecretStr

from ingestion.common import Context, Look, fingerprint, origin_of, relative, reusable
from ingestion.education_cube import MUNICIPALITY, WHOLE_COUNTRY, Plan, Row, check_page, resolve, table_rows
from ingestion.http import BadBody, Client, Response, looks_like_html
from ingestion.json_text import NotJson, read_json
from ingestion.load import insert_rows
from ingestion.tokens import Gate, asking, refuse_echo
from warehouse.errors import LoadRejected, ProviderError, TokenRefused
from warehouse.landing import Manifest, finish, landing_folder, new_load_id, open_payload
from warehouse.records import Cube

PROVIDER = "education"
ANSWER_BYTES = 64 << 20
PAGE_ROWS = 10_000
MOST_PAGES = 200
MOVES = 3
LEVELS = (MUNICIPALITY, WHOLE_COUNTRY)


@dataclass(frozen=True)
class Page:
    """One page as received."""

    level: str
    side: int
    body: bytes
    rows: list[Row]

    @property
    def name(self) -> str:
        """The file name in the landing."""
        return f"{self.level}_{self.side}.json"


@dataclass(frozen=True)
class Found:
    """What a look brought: the plan, what skema said, the pages and the rows of the table."""

    plan: Plan
    skema: list[dict[str, object]]
    pages: list[Page]
    rows: list[dict[str, object]]
    counts: dict[str, int]
    sha256: str


def gate(context: Context) -> Gate:
    """The door of the API."""
    return Gate(
        "the education ministry's API",
        context.settings.education_url,
        "WAREHOUSE_EDUCATION_TOKEN",
        context.settings.education_token,
        "get a free token at https://api.uddannelsesstatistik.dk/GetStarted and set it",
    )


def look(context: Context) -> Look:
    """What the cube holds, and whether it is other than what was promoted last.

    Raises:
        NotDelivered: no token, or the cube does not tell western from non-western origin.
        TokenRefused: the token is expired or refused.
        LoadRejected: the cube is not what the record says, or its pages stay broken.
        ProviderError: no answer.
    """
    return _look(context)[0]


def state_of(context: Context) -> datetime | None:
    """None: the provider does not say when a cube was updated. Raises as :func:`look` where the token is refused."""
    with _asking(context) as session:
        session.skema({})
    return None


def land(context: Context) -> Manifest | None:
    """Land the pages, byte for byte; None where they were promoted already.

    Raises:
        NotDelivered, TokenRefused, LoadRejected, ProviderError: as :func:`look`.
    """
    seen, found = _look(context)
    if not seen.periods:
        return None
    earlier = reusable(context, seen)
    if earlier is not None and earlier.sha256 == found.sha256:
        return earlier
    record, settings = context.record, context.settings
    load_id = new_load_id(record.dataset)
    url = f"{settings.education_url}/statistik"
    with landing_folder(settings, PROVIDER, record.dataset, load_id) as folder:
        for page in found.pages:
            folder.write(page.name, url, [page.body])
        request = {level: found.plan.query(level) for level in LEVELS}
        folder.write_json("request.json", request)
        folder.write_json("skema.json", found.skema)
        size, digest = folder.totals()
        manifest = Manifest(
            load_id=load_id,
            provider=PROVIDER,
            dataset=record.dataset,
            url=url,
            request=request,
            received_at=datetime.now(UTC).replace(tzinfo=None),
            source_updated_at=None,
            bytes=size,
            sha256=digest,
            rows_received=len(found.rows),
            periods=seen.periods,
            licence=record.licence_received,
            citation=record.citation,
            data_origin=seen.data_origin,
            landing_path=relative(settings, settings.landing / PROVIDER / record.dataset / load_id),
            selection=seen.selection,
            files=tuple(folder.files),
            resolved={"plan": found.plan.document(), "counts": found.counts},
        )
        finish(folder, manifest)
    return manifest


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into ``education_grades``; the rows loaded."""
    plan = Plan.read(manifest.resolved["plan"])
    rows: dict[str, list[Row]] = {level: [] for level in LEVELS}
    for landed in manifest.files:
        level = landed.name.rsplit("_", 1)[0]
        with open_payload(manifest.folder(context.settings) / f"{landed.name}.zst") as stream:
            rows[level] += check_page(_json(stream.read()), plan, level)
    table, _ = table_rows(plan, cube_of(context), rows[MUNICIPALITY], rows[WHOLE_COUNTRY])
    return insert_rows(connection, context.record.raw_tables[0], manifest.load_id, table)


def cube_of(context: Context) -> Cube:
    """The cube of the record."""
    assert context.record.cube is not None
    return context.record.cube


def _look(context: Context) -> tuple[Look, Found]:
    with _asking(context) as session:
        plan = session.resolve()
        pages = session.settled(plan)
    by_level = {level: [row for page in pages if page.level == level for row in page.rows] for level in LEVELS}
    rows, counts = table_rows(plan, cube_of(context), by_level[MUNICIPALITY], by_level[WHOLE_COUNTRY])
    periods = tuple(dict.fromkeys(str(row["period"]) for row in rows))
    if not periods:
        raise LoadRejected(
            f"The cube {plan.subtopic} answers without a single row",
            {"dataset": context.record.dataset},
            "compare the record with the provider's OnlineTool, and run again",
        )
    found = Found(plan, session.said, pages, rows, counts, _digest(pages))
    url, last = context.settings.education_url, context.state.promoted
    asked = {
        "host": urlsplit(url).hostname,
        "cube": cube_of(context).model_dump(),
        "details": [plan.period_detail, plan.municipality_detail, plan.origin_detail],
        "measures": plan.measures,
        "municipalities": context.settings.municipalities,
        "focus": context.settings.focus_municipality,
        "from_year": context.settings.from_year,
    }
    selection = fingerprint(asked)
    origin = origin_of(url)
    same = last is not None and (last.selection, last.sha256, last.data_origin) == (selection, found.sha256, origin)
    detail = "nothing new" if same else f"{periods[0]} to {periods[-1]}, by municipality of {plan.basis}"
    return Look(None, () if same else periods, selection, origin, detail), found


def _digest(pages: list[Page]) -> str:
    """The hash that the landing will have (see ``warehouse.landing.Manifest``)."""
    hashes = [(hashlib.sha256(page.body).hexdigest(), page.name) for page in pages]
    if len(hashes) == 1:
        return hashes[0][0]
    return hashlib.sha256("".join(f"{digest}  {name}\n" for digest, name in hashes).encode()).hexdigest()


@contextmanager
def _asking(context: Context) -> Iterator[_Session]:
    with asking(context, gate(context)) as token:
        yield _Session(context, token)


class _Session:
    """Requests with the token; ``said`` is what skema was asked and answered."""

    def __init__(self, context: Context, token: SecretStr) -> None:
        self._context = context
        self._token = token
        self._client: Client = context.client()
        self.said: list[dict[str, object]] = []

    def skema(self, body: dict[str, str]) -> object:
        """What skema says."""
        answer = self._post("skema", body)[1]
        self.said.append({"request": body, "answer": answer})
        return answer

    def resolve(self) -> Plan:
        """The plan; an answer of skema in another shape rejects."""
        try:
            return resolve(cube_of(self._context), self._context.settings, self.skema)
        except BadBody as error:
            raise LoadRejected(
                f"What the provider says of its cubes cannot be read: {error.what}",
                {},
                "compare education.md's shapes with the provider's swagger.json; the client needs a change",
            ) from error

    def settled(self, plan: Plan) -> list[Page]:
        """Every page of every level, of one state of the cube: the first one still reads the same after the last.

        Raises:
            LoadRejected: as :meth:`pages`, and where the figures keep changing.
        """
        for _ in range(MOVES):
            pages = [page for level in LEVELS for page in self.pages(plan, level)]
            first = next((page for page in pages if page.side == 1), pages[0])
            if self._page(plan, first.level, first.side).rows == first.rows:
                return pages
        raise LoadRejected(
            f"The figures of the cube {plan.subtopic} changed while they were fetched, {MOVES} times in a row",
            {"cube": plan.subtopic},
            "run again later",
        )

    def pages(self, plan: Plan, level: str) -> list[Page]:
        """Every page: from 1 until a short or an empty one, and page 0 where that one has rows of its own.

        Raises:
            LoadRejected: the pages repeat themselves, or do not end.
        """
        found: list[Page] = []
        for side in range(1, MOST_PAGES + 1):
            page = self._page(plan, level, side)
            if found and page.rows and page.rows == found[-1].rows:
                raise _endless(plan, f"page {side} is the same as page {side - 1}")
            if page.rows or not found:
                found.append(page)
            if len(page.rows) < PAGE_ROWS:
                return self._from_zero(plan, level, found)
        raise _endless(plan, f"there are more than {MOST_PAGES} pages of {PAGE_ROWS} rows")

    def _from_zero(self, plan: Plan, level: str, found: list[Page]) -> list[Page]:
        """Public clients disagree whether the first page is 0 or 1: ask for both once."""
        try:
            zero = self._page(plan, level, 0)
        except TokenRefused:
            raise
        except ProviderError as error:
            if "status" in error.where:
                return found
            raise
        known = {json.dumps(row, sort_keys=True) for page in found for row in page.rows}
        if all(json.dumps(row, sort_keys=True) in known for row in zero.rows):
            return found
        return [zero, *(page for page in found if page.rows)]

    def _page(self, plan: Plan, level: str, side: int) -> Page:
        body = {**plan.query(level), "side": side, "side_størrelse": PAGE_ROWS}
        raw, document = self._post("statistik", body, lambda answer: check_page(answer, plan, level))
        return Page(level, side, raw, document)

    def _post(self, path: str, body: dict[str, Any], check: Any = None) -> tuple[bytes, Any]:
        def read(response: Response) -> tuple[bytes, Any]:
            raw = response.body(ANSWER_BYTES)
            refuse_echo(raw, self._token, self._context.record.dataset)
            try:
                document = _json(raw)
                return raw, check(document) if check else document
            except BadBody as error:
                error.body = raw
                raise

        url = f"{self._context.settings.education_url}/{path}"
        return self._client.fetch(url, read, body=body, token=self._token)


def _json(raw: bytes) -> Any:
    if looks_like_html(raw):
        raise BadBody("the answer is a web page, not data")
    try:
        return read_json(raw)
    except NotJson as error:
        raise BadBody(f"the answer is not JSON: {error}") from None


def _endless(plan: Plan, what: str) -> LoadRejected:
    return LoadRejected(
        f"Paging through the cube {plan.subtopic} does not end: {what}",
        {"cube": plan.subtopic},
        "run again; if it stays so, the provider's paging has changed",
    )
