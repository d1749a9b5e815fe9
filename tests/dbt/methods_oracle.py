"""A second computation of the methods in plain Python, in exact fractions; no SQL, and nothing of ours imported.

What it computes is in docs/methods.md. Out of scope: reading sources, groups of parts, intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

Half = Fraction(1, 2)


@dataclass(frozen=True)
class Stratum:
    """One age band of one sex: events and persons of two sides, and persons of the standard population."""

    sex: str
    age: int
    first: tuple[int, int]
    second: tuple[int, int]
    standard: int | None = 0


@dataclass(frozen=True)
class Effects:
    """Proportions; ``None`` standardised rates where the standard population is not known."""

    first: Fraction
    second: Fraction
    first_standardised: Fraction | None
    second_standardised: Fraction | None
    rate: Fraction
    composition: Fraction
    strata: int
    reversed_strata: int
    is_reversed: bool


def merged(strata: Sequence[Stratum]) -> list[Stratum] | None:
    """Strata with persons on both sides; ``None`` where a sex that counts has none, or keeps fewer than two bands."""
    result: list[Stratum] = []
    for sex in sorted({stratum.sex for stratum in strata}):
        bands = sorted((stratum for stratum in strata if stratum.sex == sex), key=lambda stratum: stratum.age)
        anchors = [band.age for band in bands if band.first[1] > 0 and band.second[1] > 0]
        if not anchors:
            if any(band.first[1] or band.second[1] or band.standard is None or band.standard for band in bands):
                return None
            continue
        homes: dict[int, list[Stratum]] = {anchor: [] for anchor in anchors}
        for band in bands:
            homes[min((anchor for anchor in anchors if anchor >= band.age), default=anchors[-1])].append(band)
        if len(homes) < 2:
            return None
        for anchor, members in homes.items():
            weights = [member.standard for member in members]
            result.append(
                Stratum(
                    sex,
                    anchor,
                    (sum(m.first[0] for m in members), sum(m.first[1] for m in members)),
                    (sum(m.second[0] for m in members), sum(m.second[1] for m in members)),
                    None if None in weights else sum(weight or 0 for weight in weights),
                )
            )
    return result or None


def effects(strata: Sequence[Stratum]) -> Effects | None:
    """Direct standardisation, Kitagawa's two parts, and how many strata reverse the raw difference."""
    bands = merged(strata)
    if bands is None:
        return None
    firsts = [Fraction(*band.first) for band in bands]
    seconds = [Fraction(*band.second) for band in bands]
    first_persons, second_persons = sum(b.first[1] for b in bands), sum(b.second[1] for b in bands)
    first_shares = [Fraction(band.first[1], first_persons) for band in bands]
    second_shares = [Fraction(band.second[1], second_persons) for band in bands]
    first = sum((share * rate for share, rate in zip(first_shares, firsts, strict=True)), Fraction(0))
    second = sum((share * rate for share, rate in zip(second_shares, seconds, strict=True)), Fraction(0))
    rows = list(zip(firsts, seconds, first_shares, second_shares, strict=True))
    opposite = [b for b, p, q in zip(bands, firsts, seconds, strict=True) if (q - p) * (second - first) < 0]
    return Effects(
        first,
        second,
        _standardised(bands, firsts),
        _standardised(bands, seconds),
        sum(((q - p) * (c + d) * Half for p, q, c, d in rows), Fraction(0)),
        sum(((d - c) * (p + q) * Half for p, q, c, d in rows), Fraction(0)),
        len(bands),
        len(opposite),
        2 * sum(band.first[1] for band in opposite) > first_persons,
    )


def _standardised(bands: Sequence[Stratum], rates: Sequence[Fraction]) -> Fraction | None:
    weights = [band.standard for band in bands]
    if None in weights or not sum(weight or 0 for weight in weights):
        return None
    total = sum(weight or 0 for weight in weights)
    return sum(((weight or 0) * rate for weight, rate in zip(weights, rates, strict=True)), Fraction(0)) / total


Interval = tuple[float, float, float]


def status(baseline: Interval, latest: Interval, reduction_pct: float, share_due: float, tolerance: float = 0) -> str:
    """Status of a target in whose way nothing stands; intervals are (low, gap, high) in percentage points.

    ``tolerance`` is for the last digits of floating-point sums on the line between two statuses.
    """
    low0, gap0, high0 = baseline
    low1, gap1, high1 = latest
    change = gap1 - gap0
    low = change - sqrt((gap1 - low1) ** 2 + (high0 - gap0) ** 2)
    high = change + sqrt((high1 - gap1) ** 2 + (gap0 - low0) ** 2)
    due = -gap0 * reduction_pct / 100 * share_due
    if high < 0 and gap1 <= gap0 * (1 - reduction_pct / 100) + tolerance:
        return "reached"
    if high < 0 and change <= due + tolerance:
        return "on_track"
    return "off_track" if low > due + tolerance else "no_clear_change"
