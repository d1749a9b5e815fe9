"""What follows from four counts, in plain Python: rates, limits, gap, ratio and persons to parity.

The second engine beside the SQL of the marts: written from the definitions, not from the macros. Wilson 1927 for one
proportion, Newcombe 1998 (method 10) for the difference of two, both 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

Z = 1.959963984540054
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Share:
    """A group's count of ``events`` among ``persons``; ``persons`` is above 0 and not below ``events``."""

    events: Fraction
    persons: Fraction

    @property
    def rate(self) -> float:
        """The proportion, from 0 to 1."""
        return float(self.events / self.persons)

    @property
    def limits(self) -> tuple[float, float]:
        """Wilson's limits, as proportions; exact at the ends."""
        x, n, square = float(self.events), float(self.persons), Z * Z
        middle, wide = (x + square / 2) / (n + square), Z / (n + square) * math.sqrt(x * (n - x) / n + square / 4)
        low = 0.0 if x == 0 else max(0.0, middle - wide)
        high = 1.0 if self.events == self.persons else min(1.0, middle + wide)
        return low, high


def gap_figures(target: Share, reference: Share, higher_is_better: bool) -> dict[str, float | bool | None]:
    """The columns of ``gaps`` that follow from the counts; rates in percent, gaps in percentage points.

    The gap is positive when the target group is worse off: below the reference where higher is better, else above.
    """
    upper, lower = (reference, target) if higher_is_better else (target, reference)
    gap = upper.rate - lower.rate
    low = gap - math.hypot(upper.rate - upper.limits[0], lower.limits[1] - lower.rate)
    high = gap + math.hypot(upper.limits[1] - upper.rate, lower.rate - lower.limits[0])
    sides = {
        f"{side}_{name}_pct": 100 * value
        for side, share in (("target", target), ("reference", reference))
        for name, value in (("rate", share.rate), ("low", share.limits[0]), ("high", share.limits[1]))
    }
    return {
        **sides,
        "gap_pp": 100 * gap,
        "gap_low_pp": 100 * low,
        "gap_high_pp": 100 * high,
        "is_clear": low > 0 or high < 0,
        "rate_ratio": target.rate / reference.rate if reference.rate else None,
        "persons_to_parity": max(0.0, gap * float(target.persons)),
    }


def dissimilarity(target: Mapping[str, int], reference: Mapping[str, int]) -> float:
    """The index of Duncan and Duncan 1955 from persons per parish, times 100: half the sum of the distances."""
    targets, references = sum(target.values()), sum(reference.values())
    distances = (
        abs(Fraction(target.get(parish, 0), targets) - Fraction(reference.get(parish, 0), references))
        for parish in target.keys() | reference.keys()
    )
    return 100 * float(sum(distances, Fraction(0)) / 2)


def same(first: object, second: object) -> bool:
    """Whether two values are one: numbers within 1e-9 (relative or absolute), everything else exactly."""
    if isinstance(first, bool) or isinstance(second, bool) or first is None or second is None:
        return first is second
    if isinstance(first, int | float | Fraction) and isinstance(second, int | float | Fraction):
        return math.isclose(float(first), float(second), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return first == second
