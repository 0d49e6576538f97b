"""Runs in a row of numbers: the small steps that finding a band or a burst is made of. Pure."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray


def stretch(inside: NDArray[np.bool_], top: int, gap: int) -> tuple[int, int]:
    """The run around `top` in which no more than `gap` neighbouring bins are outside; end excluded."""
    found = runs(inside, gap)
    if not found:
        return top, top + 1
    low, high = min(found, key=lambda run: max(run[0] - top, top - run[1] + 1, 0))
    return min(low, top), max(high, top + 1)


def runs(inside: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Runs of `inside` in which no more than `gap` neighbouring bins are outside; ends excluded."""
    bins = np.flatnonzero(inside)
    if not bins.size:
        return []
    breaks = np.flatnonzero(np.diff(bins) > gap + 1)
    starts = bins[np.concatenate(([0], breaks + 1))]
    ends = bins[np.concatenate((breaks, [bins.size - 1]))] + 1
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def largest_run(gain: NDArray[np.float64]) -> Any:
    """First and last index of the run with the largest sum (Kadane)."""
    best, first, last = -np.inf, 0, 0
    total, start = 0.0, 0
    for i in range(gain.shape[0]):
        if total <= 0.0:
            total, start = 0.0, i
        total += gain[i]
        if total > best:
            best, first, last = total, start, i
    return first, last


def crossing(total: NDArray[np.float64], value: float) -> float:
    """Where the rising sum `total` passes `value`, in bins; within a bin by a straight line."""
    after = int(np.searchsorted(total, value))
    before = float(total[after - 1]) if after else 0.0
    step = float(total[min(after, total.size - 1)]) - before
    return after - 1 + (value - before) / step if step > 0 else float(after)
