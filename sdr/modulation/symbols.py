"""Are there symbols? Finds a symbol rate and measures how open the eye is.

    instantaneous frequency ──derivative squared, crossings──> lines ──> candidate rates
    each candidate ──receive filters, phases──> values ──2 or 4 even levels──> spread / spacing

The eye itself is measured in sdr/modulation/eye.py.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr import fourier
from sdr.modulation.eye import Eye, eyes
from sdr.smooth import moving_sum, quantile

MAX_SYMBOLS = 800
"""Enough for any statistic here; more would only let a slightly wrong rate drift out of the eye."""

WINDOW_SAMPLES = 16_000
WINDOW_PLACES = (0.05, 0.35, 0.65, 0.95)
MAX_CROSSINGS = 400
N_PHASES = 16
N_SYMBOLS_FIRST = 160
N_FINALISTS = 5
HOPELESS = 2.0
"""An eye on few symbols that is so much less open than the best does not win on many."""
LEVELS_FROM = 4000
"""Samples that tell the levels of a series to a hundredth of their spacing."""
CLOCK_SAMPLES = 1 << 16

Floats = NDArray[np.float64]


def _lines(series: Floats, rate_hz: float, low_hz: float, high_hz: float, n: int) -> list[float]:
    """The `n` strongest lines of `series` between two frequencies."""
    size = 1 << (2 * len(series) - 1).bit_length()
    step = rate_hz / size
    first, last = max(1, int(low_hz / step)), min(size // 2 - 1, int(high_hz / step))
    # the spectrum of the data slopes: a line is what stands over its own neighbourhood
    width = max(9, (last - first) // 40) | 1
    if last - first < width:
        return []
    scale = max(float(np.abs(series).max()), 1e-30)
    bins = fourier.real_forward((series - series.mean()) / scale * np.hanning(len(series)), size)
    around = bins[first - 1 : last + 1]
    spectrum = (around.real**2 + around.imag**2).astype(np.float64)
    part = spectrum[1:-1] / np.maximum(moving_sum(spectrum[1:-1], width) / width, 1e-30)
    found: list[float] = []
    guard = max(4, int(4 * size / len(series)))
    for _ in range(n):
        at = int(np.argmax(part))
        if part[at] <= 0:
            break
        left, middle, right = np.log(spectrum[at : at + 3] + 1e-30)
        bend = left - 2 * middle + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        found.append((first + at + float(np.clip(shift, -0.5, 0.5))) * step)
        part[max(0, at - guard) : at + guard + 1] = 0.0
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _crossings(series: Any, middle: float, margin: float, out: Any) -> int:
    """Times at which `series` passes from one side of the band about `middle` to the other; their count.

    Noise may cross several times on the way: the middle one of them is the change.
    """
    n_out, side, since = 0, 0, 0
    for i in range(series.shape[0]):
        value = series[i]
        now = 1 if value > middle + margin else (-1 if value < middle - margin else 0)
        if now == 0:
            continue
        if side != 0 and now != side:
            n_zeros = 0
            for k in range(since, i):
                n_zeros += (series[k] > middle) != (series[k + 1] > middle)
            left = n_zeros // 2
            for k in range(since, i):
                if (series[k] > middle) != (series[k + 1] > middle):
                    if left == 0:
                        out[n_out] = k + (middle - series[k]) / (series[k + 1] - series[k])
                        n_out += 1
                        break
                    left -= 1
        side, since = now, i
    return n_out


def crossings(series: Floats) -> Floats:
    """Times, in samples, at which `series` passes its middle, a small hysteresis applied."""
    if not len(series):
        return np.empty(0)
    some = series[:: max(1, len(series) // LEVELS_FROM)]
    low, high = quantile(some, 0.08), quantile(some, 0.92)
    out = np.empty(len(series))
    n = _crossings(series, (low + high) / 2, 0.12 * (high - low), out)
    return out[:n].copy()


def clock(times: Floats, rate_hz: float, low_hz: float, high_hz: float, n: int) -> list[float]:
    """Rates of which the intervals between `times` (in samples) are whole multiples."""
    if len(times) < 8:
        return []
    times = times[:MAX_CROSSINGS] - times[0]
    fine = max(1, min(4, int(CLOCK_SAMPLES / max(1.0, float(times[-1])))))
    times = times[times < CLOCK_SAMPLES]
    train = np.bincount(np.round(times * fine).astype(np.int64)).astype(np.float64)
    size = 1 << (2 * len(train) - 1).bit_length()
    step = rate_hz * fine / size
    score = np.abs(fourier.real_forward(train, size)).astype(np.float64) / len(times)
    first = max(1, int(low_hz / step))
    score = score[first : int(high_hz / step) + 2]
    grid = (first + np.arange(len(score))) * step / rate_hz
    best = float(score.max(initial=0.0))
    found: list[float] = []
    # every multiple of the rate is as coherent as the rate itself: the lowest is the one
    for at in np.flatnonzero(score > 0.8 * best).tolist():
        near = score[max(0, at - 8) : at + 9]
        if score[at] == near.max() and all(abs(grid[at] * rate_hz / f - 1) > 0.004 for f in found):
            found.append(float(grid[at] * rate_hz))
    return found[:n]


def candidates(series: Floats, rate_hz: float, low_hz: float, high_hz: float) -> list[float]:
    """Symbol rates worth trying, from lines of the squared derivative and from the crossings' clock."""
    found: list[float] = []
    length = max(1, round(rate_hz / high_hz / 2))
    for _ in range(3):
        smooth = moving_sum(series, length) / length
        slope = smooth[2 * length :] - smooth[: -2 * length] if len(smooth) > 4 * length else smooth
        found += _lines(slope**2, rate_hz, low_hz, high_hz, 3)
        found += clock(crossings(smooth), rate_hz, low_hz, high_hz, 3)
        length *= 3
    unique: list[float] = []
    for value in found:
        for rate in (value, value / 2):
            if low_hz <= rate <= high_hz and all(abs(rate / other - 1) > 0.002 for other in unique):
                unique.append(rate)
    return unique


def best_eyes(series: Floats, rate_hz: float, low_hz: float, high_hz: float) -> tuple[Eye | None, Eye | None]:
    """The most open two-level and four-level eye over all candidate rates, and over parts of a long burst.

    A burst may begin with a preamble, or hold its data between stretches of idle carrier.
    """
    if len(series) <= WINDOW_SAMPLES:
        starts = [0]
    else:
        starts = [round(part * (len(series) - WINDOW_SAMPLES)) for part in WINDOW_PLACES]
    two: list[Eye] = []
    four: list[Eye] = []
    for at in starts:
        eye2, eye4 = _best_in(series[at : at + WINDOW_SAMPLES], rate_hz, low_hz, high_hz)
        two += [eye2] if eye2 is not None else []
        four += [eye4] if eye4 is not None else []
        if any(_rank(eye) == (0, 0.0) for eye in (eye2, eye4) if eye is not None):
            break
    return min(two, key=_rank, default=None), min(four, key=_rank, default=None)


def _rank(eye: Eye) -> tuple[int, float]:
    """Open eyes with data first; then what always changes (a preamble, a tone); then the rest."""
    clocked = eye.coherence > (0.3 if eye.n_levels == 2 else 0.12)
    if eye.spread < 0.22 and clocked:
        # three of four random symbols of four levels differ from the one before; fewer are two, oversampled
        data = eye.alternation <= 0.93 and (eye.n_levels == 2 or eye.alternation > 0.5)
        return (0, 0.0 if eye.spread < 0.1 else eye.spread) if data else (1, eye.spread)
    return 2, eye.spread


def _best_in(series: Floats, rate_hz: float, low_hz: float, high_hz: float) -> tuple[Eye | None, Eye | None]:
    """All candidates are tried on few symbols, the best of them on many."""
    if len(series) < 64:
        return None, None
    times = crossings(moving_sum(series, 3) / 3)
    tried = [
        eye
        for symbol_rate in candidates(series, rate_hz, low_hz, high_hz)
        for eye in eyes(series, rate_hz, symbol_rate, times, N_SYMBOLS_FIRST, N_PHASES // 2)
    ]
    chosen: list[Eye | None] = []
    for n_levels in (2, 4):
        rows = sorted((eye for eye in tried if eye.n_levels == n_levels), key=lambda eye: eye.spread)
        final: list[Eye] = []
        for row in rows[:N_FINALISTS]:
            if row.spread > HOPELESS * rows[0].spread + 0.03:
                break
            only = (row.shape, -2) if n_levels == 2 else (-2, row.shape)
            final += eyes(series, rate_hz, row.symbol_rate, times, MAX_SYMBOLS, N_PHASES, only)
        chosen.append(_choose(final))
    return chosen[0], chosen[1]


def _choose(final: list[Eye]) -> Eye | None:
    """Fractions of the true rate open the eye as far (they skip symbols) but lose the clock of the changes;
    multiples keep the clock but change level less often."""
    if not final:
        return None
    least = min(eye.spread for eye in final)
    equal = [eye for eye in final if eye.spread <= least * 1.5 + 0.01]
    clocked = max(eye.coherence for eye in equal)
    return max((eye for eye in equal if eye.coherence >= 0.5 * clocked), key=lambda eye: eye.alternation)
