"""The loops inside the search: rows up the pyramid, sums into boxes. Compiled; `sdr.detect` uses them."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

# One byte holds a power over the floor: 5 bits of exponent, 3 of mantissa, from 2^-6 to 2^26 (-18 to 78 dB).
CODE_BASE = (127 - 6) << 3
CODE_VALUES: F32 = (2.0 ** (np.arange(256) // 8 - 6) * (1 + (np.arange(256) % 8 + 0.5) / 8)).astype(
    np.float32
)
"""The power that each code stands for: the middle of its step, 0.4 dB wide."""


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _exceeds(sums: F32, limits: F32, n_widths: int, work: F32) -> bool:
    """Whether any box of any width holds more than its limit. `work` is scratch, shape (2, n_bins).

    Counted rather than compared for the maximum, and folded from one array into another: only so do the
    loops become vector instructions (1.4 ns a bin for ten widths, against 16).
    """
    n = sums.shape[0]
    one, zero = np.float32(1.0), np.float32(0.0)
    n_over = zero
    limit = limits[0]
    for f in range(n):
        n_over += one if sums[f] > limit else zero
    narrow = sums
    width = 1
    for w in range(1, n_widths):
        if n_over > zero:
            return True
        wide = work[w % 2]
        beside = narrow[width:]
        limit = limits[w]
        for f in range(n - 2 * width + 1):
            v = narrow[f] + beside[f]
            wide[f] = v
            n_over += one if v > limit else zero
        narrow = wide
        width *= 2
    return bool(n_over > zero)


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def best_box(sums: F32, limits: F32, n_widths: int, n_rows: int, cells: F32, work: F32) -> Any:
    """(score, width index, first bin) of the box that stands out most among those over their limit.

    The score is the log-likelihood of power 1 + x against noise alone, cells * (x - ln(1 + x)): it is
    largest for the box that holds all of the power and no more.
    """
    n = sums.shape[0]
    best_score, best_w, best_f = np.float32(0.0), -1, -1
    boxes = work[0]
    boxes[:] = sums
    width = 1
    for w in range(n_widths):
        if w > 0:
            for f in range(n - 2 * width + 1):
                boxes[f] = boxes[f] + boxes[f + width]
            width *= 2
        per_cell = np.float32(1.0 / (n_rows * width))
        for f in range(n - width + 1):
            if boxes[f] > limits[w]:
                excess = boxes[f] * per_cell - np.float32(1.0)
                score = cells[w] * (excess - math.log(np.float32(1.0) + excess))
                if score > best_score:
                    best_score, best_w, best_f = score, w, f
    return best_score, best_w, best_f


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _splash(power: F32, inverse: F32, bands: Any, amplitude: Any, n_known: int, splash: F32) -> bool:
    """Add up in `splash` what steps of known emissions' amplitude scatter over the row; whether any did.

    A step of amplitude a inside a row has the spectrum of a truncated window: at most a² / (2 pi d / N)²
    at d bins, 0.1 a² / d² of the carrier's own bin. Eight times that covers steps seen late in a row.
    """
    n = power.shape[0]
    any_splash = False
    for e in range(n_known):
        low, high = bands[e, 0], bands[e, 1]
        excess = np.float32(0.0)
        for f in range(low, high):
            excess += power[f] * inverse[f] - np.float32(1.0)
        now = math.sqrt(max(excess, 0.0))
        step = now - amplitude[e]
        amplitude[e] = now
        energy = 0.8 * step * step
        if energy < 4.0:
            continue
        if not any_splash:
            any_splash = True
            for f in range(n):
                splash[f] = np.float32(0.0)
        reach = int(math.sqrt(energy / 0.02))
        for f in range(max(0, low - reach), low):
            d = np.float32(low - f)
            splash[f] += np.float32(energy) / (d * d)
        for f in range(high, min(n, high + reach)):
            d = np.float32(f - high + 1)
            splash[f] += np.float32(energy) / (d * d)
    return any_splash


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _row_gain(over: F32, open_bins: F32, running: Any, parts: F32) -> Any:
    """How much the row stands above or below the floor as a whole; 1 unless chance cannot explain it.

    An impulse, or a tuner's automatic gain, moves all bins alike: that is no emission. The row is taken in
    parts, each bin counted at most three times the floor; the part with a quarter of the others below it
    speaks for all, so that an emission over half of the passband does not hide itself. `running` keeps the
    mean of the last rows, fifteen at most, and their number: it shows smaller moves than one row does.
    """
    n = over.shape[0]
    one, cap = np.float32(1.0), np.float32(3.0)
    n_parts = parts.shape[0]
    size = n // n_parts
    for p in range(n_parts):
        total, n_open = np.float32(0.0), np.float32(0.0)
        for f in range(p * size, (p + 1) * size):
            total += open_bins[f] * min(over[f], cap)
            n_open += open_bins[f]
        # An exponential variable capped at 3 has the mean 0.950.
        parts[p] = total / (n_open * np.float32(0.9502)) if n_open > size // 2 else np.float32(1e9)
    parts.sort()
    if parts[n_parts // 4] > np.float32(1e8):
        return one
    # Its deviation is 0.84 of that; half the bins are independent; the lower quartile lies 0.7 below.
    chance = np.float32(0.84) / math.sqrt(np.float32(0.5) * size)
    mean = max(parts[n_parts // 4], np.float32(1e-6)) * (one + np.float32(0.7) * chance)
    # Noise raised by g has the capped mean g * (1 - exp(-3 / g)): solved for g by repetition.
    gain = mean
    for _ in range(12):
        gain = min(mean * np.float32(0.9502) / (one - math.exp(-cap / gain)), np.float32(30.0))
    if running[1] == 0 or abs(math.log(gain / running[0])) > max(np.float32(0.1), 4 * chance):
        running[0], running[1] = gain, one
        return gain if abs(math.log(gain)) > 4 * chance else one
    running[1] = min(running[1] + one, np.float32(15.0))
    running[0] += (gain - running[0]) / running[1]
    if abs(math.log(running[0])) > max(np.float32(0.03), 5 * chance / math.sqrt(running[1])):
        return running[0]
    return one


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def search_rows(
    power: F32,
    start: int,
    inverse: F32,
    open_bins: F32,
    relief: F32,
    running_gain: Any,
    bands: Any,
    amplitude: Any,
    n_known: int,
    splash: F32,
    previous: F32,
    n_seen: Any,
    sums: F32,
    tested: Any,
    limits: F32,
    n_widths: int,
    history: Any,
    next_row: int,
    work: F32,
) -> int:
    """Push rows `start`.. through the pyramid until a box exceeds; the index of that row, or the count."""
    n_rows, n = power.shape
    n_levels = sums.shape[0]
    one = np.float32(1.0)
    over = work[0]
    words = over.view(np.int32)
    lowest, highest = np.int32(0), np.int32(255)
    base = np.int32(CODE_BASE)
    parts = np.empty(min(16, max(4, n // 64)), np.float32)
    for r in range(start, n_rows):
        slot = (next_row + r - start) % history.shape[0]
        for f in range(n):
            over[f] = power[r, f] * inverse[f]
        gain = _row_gain(over, open_bins, running_gain, parts)
        if gain != one:
            for f in range(n):
                over[f] *= one / gain
        for f in range(n):
            history[slot, f] = np.uint8(min(max((words[f] >> np.int32(20)) - base, lowest), highest))
        # A closed bin counts as noise at its mean; splashed bins are measured against the splash.
        level0 = sums[0]
        if n_known and _splash(power[r], inverse, bands, amplitude, n_known, splash):
            for f in range(n):
                level0[f] = one + open_bins[f] * (over[f] * relief[f] / (one + splash[f]) - one)
        else:
            for f in range(n):
                level0[f] = one + open_bins[f] * (over[f] * relief[f] - one)
        for level in range(n_levels):
            tested[level] = False
        tested[0] = True
        for level in range(n_levels - 1):
            # sums[level] holds the newest whole sum of 2^level rows that does not overlap the last one.
            n_seen[level] += 1
            if n_seen[level] >= 2:
                for f in range(n):
                    sums[level + 1, f] = previous[level, f] + sums[level, f]
                tested[level + 1] = True
            for f in range(n):
                previous[level, f] = sums[level, f]
            if n_seen[level] % 2 == 1:
                break
        for level in range(n_levels):
            if tested[level] and _exceeds(sums[level], limits[level], n_widths, work):
                return r
    return n_rows
