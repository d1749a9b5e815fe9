"""DST's election XML: which elections the root has, and the polling areas of the focus municipality's
districts.

Links in an index are never followed: each file is read relative to ``WAREHOUSE_ELECTIONS_URL``. The districts
are those of the seed ``nomination_districts``; which polling area belongs to which municipality is the
bridge's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import duckdb

from ingestion.common import Context, Look, fingerprint, keep_aside, origin_of, relative, reusable
from ingestion.election_xml import AREA, DISTRICT, Index, Result, parse_index, parse_result
from ingestion.http import BrokenAnswer, Client, NotFound
from ingestion.load import insert_rows
from warehouse.errors import LoadRejected, NotDelivered
from warehouse.landing import LandingFolder, Manifest, finish, landing_folder, new_load_id, open_payload
from warehouse.records import Election
from warehouse.seeds import seed

PROVIDER = "dst_elections"
FILE_BYTES = 32 << 20
MOVES = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Delivered:
    """An election that the root has: its index, the districts wanted of it, and the index as received."""

    election: Election
    index: Index
    districts: tuple[str, ...]
    body: bytes


def look(context: Context) -> Look:
    """What there is to fetch: everything as soon as one index is newer, or another election is there.

    Raises:
        NotDelivered: the root has none of the elections.
        LoadRejected: an index is refused or stays broken.
        ProviderError: no answer.
    """
    return _look(context, context.client())[0]


def state_of(context: Context) -> datetime | None:
    """When the newest index was made (local Danish time)."""
    return _look(context, context.client())[0].updated


def land(context: Context) -> Manifest | None:
    """Land the indexes, districts and polling areas; None where there is nothing new.

    Raises:
        NotDelivered, LoadRejected, ProviderError: as :func:`look`; LoadRejected also where a listed file is
        not there.
    """
    client = context.client()
    found, delivered = _look(context, client)
    if not found.periods:
        return None
    earlier = reusable(context, found)
    if earlier:
        return earlier
    load_id = new_load_id(context.record.dataset)
    with landing_folder(context.settings, PROVIDER, context.record.dataset, load_id) as folder:
        try:
            found, delivered = _settled(context, client, folder, found, delivered)
        except LoadRejected as error:
            error.where |= {"load": load_id, "kept": error.where.get("kept", f"landing/.aside/{load_id}")}
            raise
        manifest = _manifest(context, folder, load_id, found, delivered)
        finish(folder, manifest)
    return manifest


def fill(connection: duckdb.DuckDBPyConnection, context: Context, manifest: Manifest) -> int:
    """Load a landing into ``dst_election_areas`` and ``dst_election_districts``; the polling areas loaded."""
    areas, districts = context.record.raw_tables
    dates = {election.election_id: election.date for election in context.record.elections}
    rows: dict[str, list[dict[str, object]]] = {AREA: [], DISTRICT: []}
    for place in manifest.resolved["places"]:
        with open_payload(manifest.folder(context.settings) / f"{place['file']}.zst") as stream:
            result = parse_result(stream.read(), place["file"])
        _is_asked_for(result, place["id"], place["kind"], dates[place["election_id"]], place["file"])
        rows[result.kind].append(_row(result, place))
    insert_rows(connection, districts, manifest.load_id, rows[DISTRICT])
    return insert_rows(connection, areas, manifest.load_id, rows[AREA])


def _look(context: Context, client: Client) -> tuple[Look, list[Delivered]]:
    delivered, missing = [], []
    for election in context.record.elections:
        found = _election(context, client, election)
        if isinstance(found, str):
            missing.append(f"{election.election_id}: {found}")
        else:
            delivered.append(found)
    if not delivered:
        raise NotDelivered(
            f"None of the elections of the catalogue is there: {'; '.join(missing)}",
            {"dataset": context.record.dataset, "url": context.settings.elections_url},
            "set WAREHOUSE_ELECTIONS_URL to a root that has them",
        )
    url, last = context.settings.elections_url, context.state.promoted
    asked = {d.election.election_id: [d.index.made.isoformat(), *d.districts] for d in delivered}
    selection = fingerprint({"host": urlsplit(url).hostname, "elections": asked})
    same = last is not None and last.selection == selection and last.data_origin == origin_of(url)
    updated = max(item.index.made for item in delivered)
    periods = () if same else tuple(asked)
    detail = "nothing new" if same else f"{', '.join(asked)}; newest index made {updated}"
    return Look(updated, periods, selection, origin_of(url), detail, tuple(missing)), delivered


def _election(context: Context, client: Client, election: Election) -> Delivered | str:
    """An election as the root has it, or why there is none."""
    file = "fintal.xml"
    try:
        index, body = _fetch(context, client, election, file, parse_index)
    except NotFound:
        return f"{_url(context, election, file)} is not there (404)"
    if index.date != election.date:
        raise _mixed_up(election, file, f"it is of an election on {index.date}, not {election.date}")
    focus = context.settings.focus_municipality
    wanted = {
        row["district_id"]
        for row in seed("nomination_districts")
        if row["election_id"] == election.election_id and row["municipality_code"] == focus
    }
    if not wanted:
        return f"dbt_project/seeds/nomination_districts.csv names no district of {focus}"
    gone = wanted - {place.id for place in index.districts}
    if gone:
        raise _mixed_up(election, file, f"it has no nomination district {', '.join(sorted(gone))}")
    return Delivered(election, index, tuple(sorted(wanted)), body)


def _settled(
    context: Context, client: Client, folder: LandingFolder, found: Look, delivered: list[Delivered]
) -> tuple[Look, list[Delivered]]:
    """Land every file, and again where an index was made anew meanwhile; what there was in the end."""
    for _ in range(MOVES):
        for path in folder.path.iterdir():
            path.unlink()
        folder.files.clear()
        for item in delivered:
            _receive(context, client, folder, item)
        again, now = _look(context, client)
        if [item.body for item in now] == [item.body for item in delivered]:
            return found, delivered
        found, delivered = again, now
        if not found.periods:
            break
    raise LoadRejected(
        f"The election files were made anew while they were fetched, or taken back; tried {MOVES} times",
        {"dataset": context.record.dataset, "url": context.settings.elections_url},
        "run again later",
    )


def _receive(context: Context, client: Client, folder: LandingFolder, item: Delivered) -> None:
    """Land one election: its index, its districts and their polling areas."""
    election = item.election
    folder.write(_name(election, "fintal.xml"), _url(context, election, "fintal.xml"), [item.body])
    areas = [place for place in item.index.areas if place.parent in item.districts]
    wanted = [(place, DISTRICT) for place in item.districts] + [(place.id, AREA) for place in areas]
    for place, kind in wanted:
        file = f"fintal_{place}.xml"
        try:
            result, body = _fetch(context, client, election, file, parse_result)
        except NotFound as error:
            raise _mixed_up(election, file, "the index lists it, but it is not there (404)") from error
        folder.write(_name(election, file), _url(context, election, file), [body])
        _is_asked_for(result, place, kind, election.date, file)


def _fetch(
    context: Context, client: Client, election: Election, file: str, parse: Callable[[bytes, str], T]
) -> tuple[T, bytes]:
    url = _url(context, election, file)
    try:
        return client.fetch(url, lambda response: _parsed(response.body(FILE_BYTES), file, parse))
    except BrokenAnswer as error:
        error.where = {
            "dataset": context.record.dataset,
            "election": election.election_id,
            "file": file,
            **error.where,
        }
        kept = keep_aside(context.settings, f"{new_load_id(context.record.dataset)}/{file}", error.body)
        if kept:
            error.where["kept"] = kept
        raise
    except LoadRejected as error:
        error.where = {"dataset": context.record.dataset, "election": election.election_id, **error.where}
        raise


def _parsed(body: bytes, file: str, parse: Callable[[bytes, str], T]) -> tuple[T, bytes]:
    return parse(body, file), body


def _is_asked_for(result: Result, place: str, kind: str, date: str, file: str) -> None:
    if (result.id, result.kind, result.date) != (place, kind, date):
        got = f"{result.kind} {result.id} of {result.date}"
        raise LoadRejected(
            f"{file} is of {got}, asked for was {kind} {place} of {date}",
            {"file": file},
            "run again; ask the producer if it stays so",
        )


def _row(result: Result, place: dict[str, str]) -> dict[str, object]:
    own = "district" if result.kind == DISTRICT else "area"
    return {
        "election_id": place["election_id"],
        "election_date": result.date,
        "district_id": place["district_id"],
        "district_name": place["district_name"],
        f"{own}_id": result.id,
        f"{own}_name": result.name,
        "eligible_voters": result.eligible_voters,
        "valid_votes": result.valid_votes,
        "blank_votes": result.blank_votes,
        "other_invalid_votes": result.other_invalid_votes,
        "invalid_votes": result.invalid_votes,
        "votes_cast": result.votes_cast,
        "turnout_pct_published": result.turnout_pct,
        "status_code": result.status_code,
        "status_text": result.status_text,
        "file_name": place["file"],
    }


def _places(delivered: list[Delivered]) -> list[dict[str, str]]:
    """Every file of a place, for the manifest: enough to load from the landing alone."""
    places = []
    for item in delivered:
        names = {place.id: place.name for place in item.index.districts}
        wanted = [(district, district, DISTRICT) for district in item.districts]
        wanted += [(a.id, a.parent, AREA) for a in item.index.areas if a.parent in item.districts]
        places += [
            {
                "election_id": item.election.election_id,
                "id": place,
                "kind": kind,
                "district_id": district,
                "district_name": names[district],
                "file": _name(item.election, f"fintal_{place}.xml"),
            }
            for place, district, kind in wanted
        ]
    return places


def _manifest(
    context: Context, folder: LandingFolder, load_id: str, found: Look, delivered: list[Delivered]
) -> Manifest:
    record, settings = context.record, context.settings
    places = _places(delivered)
    size, digest = folder.totals()
    request = {item.election.election_id: [item.election.folder, *item.districts] for item in delivered}
    folder.write_json("request.json", request)
    return Manifest(
        load_id=load_id,
        provider=PROVIDER,
        dataset=record.dataset,
        url=settings.elections_url,
        request=request,
        received_at=datetime.now(UTC).replace(tzinfo=None),
        source_updated_at=found.updated,
        bytes=size,
        sha256=digest,
        rows_received=sum(place["kind"] == AREA for place in places),
        periods=found.periods,
        licence=record.licence_received,
        citation=record.citation,
        data_origin=found.data_origin,
        landing_path=relative(settings, settings.landing / PROVIDER / record.dataset / load_id),
        selection=found.selection,
        files=tuple(folder.files),
        resolved={"places": places},
    )


def _url(context: Context, election: Election, file: str) -> str:
    return f"{context.settings.elections_url}/{election.folder}/xml/{file}"


def _name(election: Election, file: str) -> str:
    return f"{election.election_id}_{file}"


def _mixed_up(election: Election, file: str, what: str) -> LoadRejected:
    return LoadRejected(
        f"{file} of {election.election_id}: {what}",
        {"dataset": PROVIDER, "election": election.election_id, "file": file},
        "compare ingestion/catalogue/dst_elections.yml and nomination_districts.csv with the producer's site",
    )
