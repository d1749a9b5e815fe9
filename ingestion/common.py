"""What every provider's module shares: what is known of a dataset so far, what a look found, where data come
from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from ingestion.http import Client
from warehouse import landing, ledger
from warehouse.landing import Manifest
from warehouse.records import Record
from warehouse.settings import Settings

OFFICIAL_HOSTS = {"api.statbank.dk", "www.dst.dk", "api.uddannelsesstatistik.dk", "api.jobindsats.dk"}
OFFICIAL, SAMPLE = "official", "sample"
JUDGED = {ledger.REJECTED, ledger.PROMOTED, ledger.SUPERSEDED}


@dataclass(frozen=True)
class State:
    """What the ledger knows of a dataset: the newest promoted load, who owns which period, the status of each
    load."""

    promoted: ledger.Promoted | None = None
    owned: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What a look at the provider found. ``periods`` empty: nothing to fetch."""

    updated: datetime | None
    periods: tuple[str, ...]
    selection: str
    data_origin: str
    detail: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a provider's module is given to work with."""

    record: Record
    settings: Settings
    state: State
    client: Callable[[], Client] = Client


def origin_of(url: str) -> str:
    """``official`` if the address is the provider's own host, else ``sample``."""
    return OFFICIAL if urlsplit(url).hostname in OFFICIAL_HOSTS else SAMPLE


def fingerprint(document: object) -> str:
    """A hash of a JSON document, whatever the order of its keys."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def reusable(context: Context, look: Look) -> Manifest | None:
    """A complete landing of exactly this look whose load never reached a verdict (a run was killed, say)."""
    record = context.record
    for manifest in reversed(landing.manifests(context.settings, record.provider, record.dataset)):
        same = (
            manifest.source_updated_at == look.updated
            and manifest.selection == look.selection
            and manifest.periods == look.periods
            and manifest.data_origin == look.data_origin
        )
        if same and context.state.statuses.get(manifest.load_id) not in JUDGED:
            return manifest
    return None


def keep_aside(settings: Settings, name: str, body: bytes) -> str:
    """Keep a broken answer for inspection; the path relative to the home, or '' where there is nothing to
    keep."""
    if not body:
        return ""
    path = settings.landing / ".aside" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return str(path.relative_to(settings.root))


def relative(settings: Settings, path: Path) -> str:
    """A path relative to the home."""
    return path.relative_to(settings.root).as_posix()
