"""How open is the eye at one symbol rate? The compiled loop over receive filters, phases and levels.

The spread of the values about their levels, in units of the spacing, is the whole test: 0 for
an open eye, 0.29 for values that know no levels (a uniform law: 1 / sqrt 12). The receive
filters are what the usual senders expect: middle of the symbol (FSK, GFSK), whole symbol (P25
C4FM, TIA-102.BAAA), root raised cosine 0.2 (DMR, ETSI TS 102 361-1; NXDN).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr.smooth import nth

MIN_SYMBOLS = 20
N_FILTERS = 3
MOST_PER_SYMBOL = 16
"""More samples of a symbol show nothing new: they are averaged first."""
_MIN_SHARE_2 = 0.12
"""Coded or whitened data have about half ones; a preamble and long runs shift that."""
_MIN_SHARE_4 = 0.06
_ROUNDS = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Eye:
    """The best fit of even levels to one candidate rate."""

    symbol_rate: float
    n_levels: int
    spread: float
    """Root mean square distance from the levels over their spacing."""
    low: float
    high: float
    """The outer levels, in the units of the input."""
    n_symbols: int
    least_share: float
    """Of the rarest level."""
    alternation: float
    """Share of neighbouring symbols that differ: 1 for a tone or a preamble alone."""
    coherence: float
    """How well level changes keep to the symbol clock, 0 to 1."""
    shape: int = -1
    """Number of the receive filter, 0 to 2."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def coherence(
    times: Any, rate_hz: float, symbol_rate: float, first: float = 0.0, last: float = 1e18
) -> float:
    """Length of the mean of the crossings' phases on the symbol clock: 1 when they keep to it.

    `times` from sample `first` to before `last` count.
    """
    real, imaginary, n = 0.0, 0.0, 0
    for time in times:
        if first <= time < last:
            phase = 2 * math.pi * time * symbol_rate / rate_hz
            real += math.cos(phase)
            imaginary += math.sin(phase)
            n += 1
    return math.hypot(real, imaginary) / n if n >= 4 else 0.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _taps(number: int, per_symbol: float) -> Any:
    """Filter 0: the middle of the symbol, 1: all of it, 2: root raised cosine with a roll-off of 0.2."""
    if number < 2:
        width = max(1, round(per_symbol * (0.5 if number == 0 else 1.0)))
        return np.full(width, np.float32(1.0 / width))
    alpha = 0.2
    half = int(4 * per_symbol)
    taps = np.empty(2 * half + 1, np.float32)
    total = 0.0
    for k in range(2 * half + 1):
        t = (k - half) / per_symbol + 1e-9
        top = math.sin(math.pi * t * (1 - alpha)) + 4 * alpha * t * math.cos(math.pi * t * (1 + alpha))
        tap = top / (math.pi * t * (1 - (4 * alpha * t) ** 2))
        taps[k] = tap
        total += tap
    for k in range(2 * half + 1):
        taps[k] /= np.float32(total)
    return taps


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _averaged(series: Any, factor: int) -> Any:
    n = series.shape[0] // factor
    out = np.empty(n, np.float32)
    for i in range(n):
        part = series[i * factor : (i + 1) * factor]
        total = 0.0
        for k in range(factor):
            total += part[k]
        out[i] = total / factor
    return out


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _filtered(series: Any, taps: Any, out: Any) -> None:
    """`series` through `taps`, as long as it; beyond the ends lie zeros."""
    n, n_taps = series.shape[0], taps.shape[0]
    half = n_taps // 2
    for i in range(n):
        low, high = max(0, i - half), min(n, i - half + n_taps)
        part, weights = series[low:high], taps[low - i + half : high - i + half]
        total = np.float32(0.0)
        for k in range(part.shape[0]):
            total += part[k] * weights[k]
        out[i] = total


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fit(values: Any, low: Any, high: Any, n_levels: int) -> Any:
    """Even levels through `values`, begun at `low` and `high`: base, spacing, spread over spacing."""
    n = values.shape[0]
    top = np.float32(n_levels - 1)
    base, spacing = low, max((high - low) / top, np.float32(1e-12))
    mean = np.float32(0.0)
    for k in range(n):
        mean += values[k]
    mean /= n
    for _ in range(_ROUNDS):
        inverse = np.float32(1.0) / spacing
        s_i, s_ii, s_iv = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(n):
            level = np.floor((values[k] - base) * inverse + np.float32(0.5))
            level = min(max(level, np.float32(0.0)), top)
            s_i += level
            s_ii += level * level
            s_iv += level * (values[k] - mean)
        s_i /= n
        variance = max(s_ii / n - s_i * s_i, np.float32(1e-9))
        new = max(s_iv / n / variance, np.float32(1e-12))
        moved = abs(new - spacing) < np.float32(1e-5) * new
        spacing = new
        base = mean - spacing * s_i
        if moved:
            break
    inverse = np.float32(1.0) / spacing
    rest = np.float32(0.0)
    for k in range(n):
        at = (values[k] - base) * inverse
        level = min(max(np.floor(at + np.float32(0.5)), np.float32(0.0)), top)
        rest += (at - level) * (at - level)
    return base, spacing, np.sqrt(rest / n)


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _shares(values: Any, base: Any, spacing: Any, n_levels: int) -> tuple[float, float]:
    """Share of the rarest level, and of neighbours that differ."""
    n = values.shape[0]
    counts = np.zeros(n_levels, np.int64)
    before, n_changes = -1, 0
    for k in range(n):
        level = int(min(max(np.floor((values[k] - base) / spacing + 0.5), 0.0), n_levels - 1.0))
        counts[level] += 1
        if k and level != before:
            n_changes += 1
        before = level
    return counts.min() / n, n_changes / max(1, n - 1)


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _search(series: Any, per_symbol: float, n: int, n_phases: int, only: Any, best: Any) -> None:
    """For two and for four levels the phase and filter of the least spread, into the rows of `best`:
    spread, base, spacing, least share, alternation, filter. A filter is tried where `only` is -1 or names it.
    """
    shaped = np.empty(series.shape[0], np.float32)
    values = np.empty(n, np.float32)
    work = np.empty(n, np.float32)
    n_low, n_high = round(0.06 * (n - 1)), round(0.94 * (n - 1))
    best[:, 0] = 9.0
    found = np.empty((2, 3), np.float32)
    kept = np.empty((2, n), np.float32)
    for number in range(N_FILTERS):
        if only[0] not in (-1, number) and only[1] not in (-1, number):
            continue
        _filtered(series, _taps(number, per_symbol), shaped)
        found[:, 2] = np.float32(9.0)
        for phase in range(n_phases):
            start = (1.0 + phase / n_phases) * per_symbol
            for k in range(n):
                at = start + k * per_symbol
                whole = np.uint32(at)
                part = np.float32(at - whole)
                values[k] = shaped[whole] * (np.float32(1.0) - part) + shaped[whole + np.uint32(1)] * part
            work[:] = values
            low = nth(work, n_low)
            high = nth(work, n_high)
            for row in range(2):
                if only[row] != -1 and only[row] != number:
                    continue
                base, spacing, spread = _fit(values, low, high, 2 * row + 2)
                if spread < found[row, 2]:
                    found[row, 0], found[row, 1], found[row, 2] = base, spacing, spread
                    kept[row] = values
        for row in range(2):
            if found[row, 2] >= best[row, 0]:
                continue
            least, alternation = _shares(kept[row], found[row, 0], found[row, 1], 2 * row + 2)
            if least < (_MIN_SHARE_2 if row == 0 else _MIN_SHARE_4):
                continue
            best[row, 0], best[row, 1], best[row, 2] = found[row, 2], found[row, 0], found[row, 1]
            best[row, 3], best[row, 4], best[row, 5] = least, alternation, number


def eyes(
    series: Floats,
    rate_hz: float,
    symbol_rate: float,
    times: Floats,
    n_most: int,
    n_phases: int,
    only: tuple[int, int] = (-1, -1),
) -> list[Eye]:
    """The best two-level and the best four-level eye at `symbol_rate`, over filters and phases.

    Parameters
    ----------
    times : of the series' crossings of its middle, in samples
    n_most, n_phases : how many symbols are looked at, and at how many places within one
    only : the filter to be tried for two and for four levels; -1 all, -2 none
    """
    per_symbol = rate_hz / symbol_rate
    n = min(n_most, int(len(series) / per_symbol) - 3)
    if n < MIN_SYMBOLS or per_symbol < 1.5:
        return []
    # a preamble says little: of a long burst, look at what comes late
    used = int((n + 3) * per_symbol) + 1
    first = max(0, int(0.7 * (len(series) - used)))
    clocked = coherence(times, rate_hz, symbol_rate, float(first), float(first + used))
    factor = max(1, int(per_symbol / (0.5 * MOST_PER_SYMBOL)))
    part = _averaged(series[first : first + used + 1], factor)
    per_symbol /= factor
    n = min(n, int((len(part) - 2) / per_symbol) - 2)
    if n < MIN_SYMBOLS:
        return []
    # the middle apart, so that single precision has its digits for the levels
    middle = float(part.mean())
    best = np.empty((2, 6))
    _search(part - np.float32(middle), per_symbol, n, n_phases, only, best)
    return [
        Eye(
            symbol_rate=symbol_rate,
            n_levels=n_levels,
            spread=float(row[0]),
            low=float(row[1]) + middle,
            high=float(row[1] + row[2] * (n_levels - 1)) + middle,
            n_symbols=n,
            least_share=float(row[3]),
            alternation=float(row[4]),
            coherence=clocked,
            shape=int(row[5]),
        )
        for n_levels, row in zip((2, 4), best, strict=True)
        if row[0] < 9.0
    ]
