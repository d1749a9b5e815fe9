"""``warehouse doctor``: is this home fit to run on, and what a kill, a full disk or a hand from outside left behind.

The checks (``warehouse.doctor_checks``) look at names, locks, ends of files and a few rows: seconds, whatever the size.
Whether every byte is what was written down is ``warehouse verify``'s. Checking writes nothing into the home. Mending
does what a run would do by itself, and puts aside what it cannot read; nothing that was landed or published is removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from warehouse.db import file_lock
from warehouse.errors import DiskError, WarehouseError
from warehouse.settings import Settings

OK, WARN, BROKEN = "ok", "warn", "broken"


@dataclass(frozen=True)
class Check:
    """What one check found: its name, its state, a sentence, what to do next, and whether it was mended just now."""

    name: str
    state: str
    said: str
    next_step: str = ""
    mended: bool = False


@dataclass(frozen=True)
class Found:
    """What a check found, and how to mend it where that is safe."""

    check: Check
    mend: Callable[[], None] | None = None


Looks = Sequence[tuple[str, Callable[[Settings], Iterator[Found]]]]


def examine(settings: Settings, now: datetime, looks: Looks | None = None) -> list[Check]:
    """Every check; writes nothing.

    Args:
        now: UTC, without a zone.
    """
    return [found.check for found in _look(settings, now, looks)]


def mend(settings: Settings, now: datetime, looks: Looks | None = None) -> list[Check]:
    """Every check, after what is safe to mend has been mended; while nobody else is at work.

    Raises:
        BusyError: a run is at work.
        DiskError: the disk cannot be written to.
    """
    tried: dict[str, str] = {}
    with file_lock(settings.root / "run.lock", "warehouse doctor --mend", 0):
        for _ in range(3):  # what was put aside leaves something to put back
            open_ones = [found for found in _look(settings, now, looks) if found.mend and found.check.said not in tried]
            if not open_ones:
                break
            for found in open_ones:
                tried[found.check.said] = found.check.name
                _try(found)
        after = [found.check for found in _look(settings, now, looks)]
    left = {check.said for check in after}
    done = {name for said, name in tried.items() if said not in left}
    return [replace(check, mended=check.name in done) for check in after]


def _try(found: Found) -> None:
    assert found.mend
    try:
        found.mend()
    except DiskError:
        raise
    except WarehouseError:
        pass  # it is found again, with what to do


def _look(settings: Settings, now: datetime, looks: Looks | None) -> Iterator[Found]:
    from warehouse import doctor_checks

    for name, look in doctor_checks.looks(now) if looks is None else looks:
        try:
            yield from look(settings)
        except WarehouseError as error:
            yield Found(Check(name, BROKEN, error.what, error.next_step))
        except OSError as error:
            said = f"it cannot be looked at: {error.strerror or type(error).__name__} ({error.filename})"
            yield Found(Check(name, BROKEN, said, "let the user that runs the warehouse read its home"))


def lines(checks: Iterable[Check]) -> Iterator[str]:
    """One line a check, and what to do below those that are not ok."""
    for check in checks:
        yield f"{check.state:<7}{check.name:<12} {check.said}{' (mended)' if check.mended else ''}"
        if check.next_step and check.state != OK:
            yield f"{'':<20}next: {check.next_step}"


def as_json(checks: Iterable[Check]) -> str:
    """The checks as a JSON list of objects."""
    return json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=1)


def is_fine(checks: Iterable[Check]) -> bool:
    """Whether nothing is broken; a warning is something that the next run sees to by itself."""
    return all(check.state != BROKEN for check in checks)
