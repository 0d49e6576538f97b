"""Are there symbols? Finds a symbol rate and measures how open the eye is.

    instantaneous frequency ──derivative squared, crossings──> lines ──> candidate rates
    each candidate ──receive filters, phases──> values ──2 or 4 even levels──> spread / spacing

The spread of the values about their levels, in units of the spacing, is the whole test: 0 for
an open eye, 0.29 for values that know no levels (a uniform law: 1 / sqrt 12). The receive
filters are what the usual senders expect: middle of the symbol (FSK, GFSK), whole symbol (P25
C4FM, TIA-102.BAAA), root raised cosine 0.2 (DMR, ETSI TS 102 361-1; NXDN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

MAX_SYMBOLS = 800
"""Enough for any statistic here; more would only let a slightly wrong rate drift out of the eye."""

MIN_SYMBOLS = 20
WINDOW_SAMPLES = 16_000
WINDOW_PLACES = (0.05, 0.35, 0.65, 0.95)
MAX_CROSSINGS = 400
N_PHASES = 16
N_SYMBOLS_FIRST = 160
N_FINALISTS = 5
MIN_SHARE_2 = 0.12
"""Coded or whitened data have about half ones; a preamble and long runs shift that."""

MIN_SHARE_4 = 0.06

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


def _lines(series: Floats, rate_hz: float, low_hz: float, high_hz: float, n: int) -> list[float]:
    """The `n` strongest lines of `series` between two frequencies."""
    size = 1 << (2 * len(series) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft((series - series.mean()) * np.hanning(len(series)), size)) ** 2
    step = rate_hz / size
    first, last = max(1, int(low_hz / step)), min(len(spectrum) - 2, int(high_hz / step))
    if last - first < 8:
        return []
    part = spectrum[first:last].copy()
    # the spectrum of the data slopes: a line is what stands over its own neighbourhood
    width = max(9, (last - first) // 40) | 1
    floor = np.convolve(part, np.ones(width) / width, mode="same")
    part /= np.maximum(floor, 1e-30)
    found: list[float] = []
    guard = max(4, int(4 * size / len(series)))
    for _ in range(n):
        at = int(np.argmax(part))
        if part[at] <= 0:
            break
        peak = first + at
        left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-30)
        bend = left - 2 * middle + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        found.append((peak + float(np.clip(shift, -0.5, 0.5))) * step)
        part[max(0, at - guard) : at + guard + 1] = 0.0
    return found


def crossings(series: Floats) -> Floats:
    """Times, in samples, at which `series` passes its middle, a small hysteresis applied."""
    low, high = np.percentile(series, [8, 92])
    middle, margin = (low + high) / 2, 0.12 * (high - low)
    state = np.where(series > middle + margin, 1, np.where(series < middle - margin, -1, 0))
    known = np.flatnonzero(state)
    if len(known) < 2:
        return np.empty(0)
    flips = np.flatnonzero(np.diff(state[known]))
    if not len(flips):
        return np.empty(0)
    before, after = known[flips], known[flips + 1]
    above = series > middle
    zeros = np.flatnonzero(above[1:] != above[:-1])
    # noise may cross several times on the way: the middle one of them is the change
    low_at, high_at = np.searchsorted(zeros, before), np.searchsorted(zeros, after)
    at = zeros[np.minimum((low_at + high_at) // 2, len(zeros) - 1)]
    return at + (middle - series[at]) / (series[at + 1] - series[at])


def clock(times: Floats, rate_hz: float, low_hz: float, high_hz: float, n: int) -> list[float]:
    """Rates of which the intervals between `times` (in samples) are whole multiples."""
    if len(times) < 8:
        return []
    times = times[:MAX_CROSSINGS] - times[0]
    fine = 4
    train = np.bincount(np.round(times * fine).astype(np.int64)).astype(np.float64)
    size = 1 << (2 * len(train) - 1).bit_length()
    step = rate_hz * fine / size
    score = np.abs(np.fft.rfft(train, size)) / len(times)
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


def coherence(times: Floats, rate_hz: float, symbol_rate: float) -> float:
    if len(times) < 4:
        return 0.0
    return float(np.abs(np.exp(2j * np.pi * times * symbol_rate / rate_hz).mean()))


def _root_raised_cosine(alpha: float, per_symbol: float) -> Floats:
    half = int(4 * per_symbol)
    t = np.arange(-half, half + 1) / per_symbol + 1e-9
    top = np.sin(np.pi * t * (1 - alpha)) + 4 * alpha * t * np.cos(np.pi * t * (1 + alpha))
    taps = top / (np.pi * t * (1 - (4 * alpha * t) ** 2))
    return taps / taps.sum()


def _filtered(series: Floats, per_symbol: float) -> list[Floats]:
    half = max(1, round(0.5 * per_symbol))
    whole = max(1, round(per_symbol))
    return [
        np.convolve(series, np.ones(half) / half, mode="same"),
        np.convolve(series, np.ones(whole) / whole, mode="same"),
        signal.oaconvolve(series, _root_raised_cosine(0.2, per_symbol), mode="same"),
    ]


def _fit(values: Floats, n_levels: int) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Even levels through each row of `values`: base, spacing, spread and the level of each value."""
    low, high = np.percentile(values, [6, 94], axis=1)
    base, spacing = low, np.maximum((high - low) / (n_levels - 1), 1e-12)
    index = np.zeros(values.shape, np.int64)
    for _ in range(6):
        index = np.clip(np.round((values - base[:, None]) / spacing[:, None]), 0, n_levels - 1).astype(
            np.int64
        )
        mean_i, mean_v = index.mean(axis=1), values.mean(axis=1)
        variance = (index**2).mean(axis=1) - mean_i**2
        slope = ((index * values).mean(axis=1) - mean_i * mean_v) / np.maximum(variance, 1e-9)
        spacing = np.maximum(slope, 1e-12)
        base = mean_v - spacing * mean_i
    rest = values - base[:, None] - spacing[:, None] * index
    return base, spacing, np.sqrt((rest**2).mean(axis=1)) / spacing, index


def eyes(
    series: Floats, rate_hz: float, symbol_rate: float, times: Floats, n_most: int, n_phases: int
) -> list[Eye]:
    """The best two-level and the best four-level eye at `symbol_rate`, over filters and phases."""
    per_symbol = rate_hz / symbol_rate
    n = min(n_most, int(len(series) / per_symbol) - 3)
    if n < MIN_SYMBOLS or per_symbol < 1.5:
        return []
    # a preamble says little: of a long burst, look at what comes late
    used = int((n + 3) * per_symbol) + 1
    first = int(0.7 * (len(series) - used))
    series = series[max(0, first) : max(0, first) + used + 1]
    n = min(n, int((len(series) - 2) / per_symbol) - 2)
    inside = times[(times >= first) & (times < first + used)]
    clocked = coherence(inside, rate_hz, symbol_rate)
    phases = np.arange(n_phases) / n_phases
    at = (1.0 + phases[:, None] + np.arange(n)[None, :]) * per_symbol
    whole = at.astype(np.int64)
    part = at - whole
    best: dict[int, Eye] = {}
    for shaped in _filtered(series, per_symbol):
        values = shaped[whole] * (1 - part) + shaped[whole + 1] * part
        for n_levels in (2, 4):
            base, spacing, spread, index = _fit(values, n_levels)
            row = int(np.argmin(spread))
            shares = np.bincount(index[row], minlength=n_levels) / n
            limit = MIN_SHARE_2 if n_levels == 2 else MIN_SHARE_4
            if shares.min() < limit:
                continue
            if n_levels not in best or spread[row] < best[n_levels].spread:
                best[n_levels] = Eye(
                    symbol_rate=symbol_rate,
                    n_levels=n_levels,
                    spread=float(spread[row]),
                    low=float(base[row]),
                    high=float(base[row] + spacing[row] * (n_levels - 1)),
                    n_symbols=n,
                    least_share=float(shares.min()),
                    alternation=float(np.mean(index[row][1:] != index[row][:-1])),
                    coherence=clocked,
                )
    return list(best.values())


def candidates(series: Floats, rate_hz: float, low_hz: float, high_hz: float) -> list[float]:
    """Symbol rates worth trying, from lines of the squared derivative and from the crossings' clock."""
    found: list[float] = []
    length = max(1, round(rate_hz / high_hz / 2))
    for _ in range(3):
        smooth = np.convolve(series, np.ones(length) / length, mode="same")
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
    times = crossings(np.convolve(series, np.ones(3) / 3, mode="same"))
    tried = [
        eye
        for symbol_rate in candidates(series, rate_hz, low_hz, high_hz)
        for eye in eyes(series, rate_hz, symbol_rate, times, N_SYMBOLS_FIRST, N_PHASES // 2)
    ]
    best: dict[int, Eye | None] = {2: None, 4: None}
    for n_levels in (2, 4):
        rows = sorted((eye for eye in tried if eye.n_levels == n_levels), key=lambda eye: eye.spread)
        final = [
            eye
            for row in rows[:N_FINALISTS]
            for eye in eyes(series, rate_hz, row.symbol_rate, times, MAX_SYMBOLS, N_PHASES)
            if eye.n_levels == n_levels
        ]
        best[n_levels] = _choose(final)
    return best[2], best[4]


def _choose(final: list[Eye]) -> Eye | None:
    """Fractions of the true rate open the eye as far (they skip symbols) but lose the clock of the changes;
    multiples keep the clock but change level less often."""
    if not final:
        return None
    least = min(eye.spread for eye in final)
    equal = [eye for eye in final if eye.spread <= least * 1.5 + 0.01]
    clocked = max(eye.coherence for eye in equal)
    return max((eye for eye in equal if eye.coherence >= 0.5 * clocked), key=lambda eye: eye.alternation)
