"""Whole-number arithmetic of the sample figures: apportionment, rounding and totals.

Everything is deterministic. Nothing here knows a table, an area or an origin group.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


def apportion(totals: Ints, weights: Floats) -> NDArray[np.int64]:
    """Share whole persons out by weight with the largest-remainder method.

    `totals` has shape (...), `weights` a shape that broadcasts to (..., k); the answer has shape (..., k),
    is never negative and sums over its last axis exactly to `totals`. A total whose weights are all 0 must
    itself be 0.
    """
    totals = np.asarray(totals, dtype=np.int64)
    scale = weights.sum(axis=-1, keepdims=True)
    share = np.divide(weights, scale, out=np.zeros_like(weights, dtype=float), where=scale > 0)
    exact = share * totals[..., None]
    whole = np.floor(exact + 1e-9).astype(np.int64)
    left = totals - whole.sum(axis=-1)
    order = np.argsort(whole - exact, axis=-1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(order.shape[-1]), order.shape), axis=-1)
    shared: NDArray[np.int64] = whole + (rank < left[..., None])
    return shared


def half_up(values: Floats | Ints) -> NDArray[np.int64]:
    """Round to the nearest whole number, halves upwards (12.5 becomes 13), as statistical offices do."""
    rounded: NDArray[np.int64] = np.floor(np.asarray(values) + 0.5 + 1e-9).astype(np.int64)
    return rounded


def rate_tenths(part: Ints, whole: Ints, missing: int) -> NDArray[np.int64]:
    """100 x part / whole in tenths of a percentage point, halves up, exact; `missing` where whole is 0."""
    part, whole = np.asarray(part, dtype=np.int64), np.asarray(whole, dtype=np.int64)
    safe = np.where(whole > 0, whole, 1)
    return np.where(whole > 0, (2000 * part + safe) // (2 * safe), missing)


def total_first(cube: Ints, axis: int) -> Ints:
    """The cube with its sum along `axis` put in front of that axis."""
    return np.concatenate([cube.sum(axis=axis, keepdims=True, dtype=cube.dtype), cube], axis=axis)


def frozen(cube: Ints) -> Ints:
    """The cube, made read-only, so that a shared figure cannot be changed by accident."""
    cube.setflags(write=False)
    return cube
