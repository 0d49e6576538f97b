"""What belongs together in the spectrum: how far one sender reaches, and what shows it again. Pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdr.detect import Hit
from sdr.follow import MAX_BURSTS, Followed
from sdr.noise import freedom
from sdr.runs import runs, stretch
from sdr.shape import EDGE_DB, Shape

F32 = NDArray[np.float32]

SKIRT_RATIO = 0.01
"""What is 20 dB under an emission and beside it is its skirt (keying, phase noise), not its band."""
WANDER_OFF_BINS = 0.75
"""From there on a line is nearer to the middle of the band one bin further."""

CHANNEL_HZ = 16_000.0
"""What touches and together is not wider than this is one narrowband sender whose deviation has grown."""
WIDE_HZ = 40_000.0
"""A wider emission does not close its band: others are looked for inside it (an idle TV channel)."""
SAME_TIME_S = 0.025
"""A line inside a wide emission that begins with one of its bursts is part of it, no sender of its own."""


def alike(a: float, b: float) -> bool:
    """Whether two densities are within 10 dB, as parts of one spectrum are."""
    return a < 10 * b and b < 10 * a


def grow(spectrum: F32, hit: Hit, touch_bins: int, bin_hz: float) -> tuple[int, int]:
    """The bins around the hit's strongest ones that stand over noise and over the x-dB line."""
    # Smoothed just enough to tell the box's own level from noise: more would bridge to a neighbour.
    level = float(spectrum[hit.low_bin : hit.high_bin].mean()) - 1.0
    smoothing = 3
    while (
        smoothing < hit.high_bin - hit.low_bin
        and 2.5 / math.sqrt(hit.n_rows * freedom(smoothing)) > level / 4
    ):
        smoothing *= 2
    excess = np.convolve(spectrum - 1.0, np.ones(smoothing, np.float32) / smoothing, mode="same")
    top = hit.low_bin + int(np.argmax(excess[hit.low_bin : hit.high_bin]))
    edge = max(float(excess[top]) * 10 ** (-EDGE_DB / 10), 2.5 / math.sqrt(hit.n_rows * freedom(smoothing)))
    low, high = stretch(excess > edge, top, touch_bins)
    if (high - low) * bin_hz > 1.5 * CHANNEL_HZ:
        low, high = stretch(excess > edge, top, (high - low) // 4)
    if float(excess[top]) < 2 * edge:
        # A box that was needed to see it at all knows the width better than the bins do.
        low, high = min(low, hit.low_bin), max(high, hit.high_bin)
    return low, high


def humps(one: Followed, touch_bins: int, floor_uncertainty: float) -> list[tuple[int, int]]:
    """Where what was summed up of `one` stands over the valleys between: bins from its band's first on."""
    excess = one.spectrum[one.low : one.high] / np.float32(one.n_rows_on) - 1.0
    smooth = np.convolve(excess, np.ones(3, np.float32) / 3, mode="same")
    noise = math.hypot(3.0 / math.sqrt(one.n_rows_on * freedom(3)), 3 * floor_uncertainty)
    inside = smooth > max(float(smooth.max()) * 10 ** (-EDGE_DB / 10), noise)
    return [(a, b) for a, b in runs(inside, touch_bins) if smooth[a:b].max() > SKIRT_RATIO * smooth.max()]


def shows_again(one: Followed, other: Followed, a: Shape, b: Shape, bin_hz: float, row_s: float) -> bool:
    """Whether `one`, of shape `a`, shows what `other`, of shape `b`, shows already."""
    both = min(one.last_row, other.last_row) - max(one.first_row, other.first_row) + 1
    if both <= 0:
        return False
    shared = min(a.high, b.high) - max(a.low, b.low)
    if shared > 0.6 * (max(a.high, b.high) - min(a.low, b.low)) and 10 * one.level < other.level:
        # A weak wide rise that was on before: the strong one has since filled all that it measures.
        return True
    if both < 0.5 * (one.last_row - one.first_row + 1):
        return False
    if shared <= 0.5 * min(a.high - a.low, b.high - b.low) or not alike(a.snr, b.snr):
        return False
    if (b.high - b.low) * bin_hz <= WIDE_HZ:
        return both >= 0.7 * (one.last_row - one.first_row + 1)
    starts = other.bursts[: min(other.n_bursts, MAX_BURSTS), 0]
    return bool(np.any(np.abs(starts - one.first_row) * row_s <= SAME_TIME_S))


def wandered(excess: NDArray[np.float64], begin: int, low: int, high: int, n_rows: int) -> int:
    """By how many bins, -1, 0 or 1, the power lies off the middle of the band `low`..`high`.

    Parameters
    ----------
    excess : mean power over the floor, less one, of bins from `begin` on, over `n_rows` rows
    """
    clear = np.where(excess > 4.0 / math.sqrt(n_rows), excess, 0.0)
    if not clear.any():
        return 0
    off = float(np.average(np.arange(begin, begin + excess.size), weights=clear)) - 0.5 * (low + high - 1)
    return int(np.sign(off)) if abs(off) >= WANDER_OFF_BINS else 0
