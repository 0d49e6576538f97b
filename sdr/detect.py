"""Power rows to hits: the search for power that noise does not explain, at many durations and widths.

Each row, divided by the floor, runs up a pyramid of sums over 1, 2, 4 ... rows; two neighbouring sums of
a level overlap by half. Every sum is tested in boxes of 1, 2, 4 ... bins at every position:

    level 0  |r|r|r|r|r|r|r|r|      a burst of any length from one row to `MAX_LEVEL` doublings and of any
    level 1  |---|---|---|---|      width meets a box that fits it within a factor of two: at most 0.8 dB
    level 2  |-------|-------|      is lost for each axis against a box that knew its place (measured in
                 |-------|          docs/detection.md)

One false-alarm rate sets the threshold of every box (`noise.threshold`). Bins that belong to a known
emission are held at the noise's mean, so that the search goes on beside it; a wide one lifts the floor
instead, so that it goes on inside it. What an emission's sudden starts and stops splash over the band, one
row long, counts as noise of that row.

Rows are also kept, as one byte a bin, in a ring twice the longest sum long: there it is looked up where an
emission began.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr.noise import Floor, freedom, threshold
from sdr.psd import hann

F32 = NDArray[np.float32]

FALSE_ALARM = 2e-12
"""For one box. An hour of 2.4 MHz holds about 5e10 boxes that differ: 0.1 false ones (docs/detection.md)."""
MAX_LEVEL = 12
"""Sums up to 4096 rows: 7 s at 2.4 MS/s."""
MAX_WIDTH = 512
EDGE_SHARE = 0.02
"""Of the passband at either end: its filter falls off there faster than a smooth floor can follow."""
EDGE_LIFT = 1.0
"""So there an emission must stand 3 dB higher."""
MAX_KNOWN = 128
"""Emissions followed at once; a further one is counted as dropped."""

# One byte holds a power over the floor: 5 bits of exponent, 3 of mantissa, from 2^-6 to 2^26 (-18 to 78 dB).
_CODE_BASE = (127 - 6) << 3
CODE_VALUES: F32 = (2.0 ** (np.arange(256) // 8 - 6) * (1 + (np.arange(256) % 8 + 0.5) / 8)).astype(
    np.float32
)
"""The power that each code stands for: the middle of its step, 0.4 dB wide."""


def leakage_db(n_fft: int) -> NDArray[np.float64]:
    """How far below its peak a carrier is, at most, 0, 1, 2 ... bins away under the window (dB, falling)."""
    oversampled = np.abs(np.fft.fft(hann(n_fft), 8 * n_fft)) ** 2
    level = 10 * np.log10(oversampled[: 4 * n_fft].reshape(-1, 8).max(axis=1) / oversampled[0] + 1e-20)
    return np.maximum.accumulate(level[::-1])[::-1]


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
def _best_box(sums: F32, limits: F32, n_widths: int, n_rows: int, cells: F32, work: F32) -> Any:
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
def _search_rows(
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
    base = np.int32(_CODE_BASE)
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


@dataclass(frozen=True, slots=True)
class Hit:
    """A box that noise does not explain: rows ``last_row - n_rows + 1 .. last_row``."""

    last_row: int
    n_rows: int
    low_bin: int
    high_bin: int
    """One past the last."""
    score: float


class Search:
    """The search over one hop's rows. Rows are counted from the first one pushed; a gap is said by `reset`.

    Parameters
    ----------
    n_bins : int
        Length of a row.
    false_alarm : float
        Probability that one box of noise exceeds its threshold.
    max_level : int
        The longest sum is over ``2 ** max_level`` rows; less than `MAX_LEVEL` for short visits.
    """

    def __init__(self, n_bins: int, *, false_alarm: float = FALSE_ALARM, max_level: int = MAX_LEVEL) -> None:
        self.n_bins = n_bins
        self.max_level = max_level
        self.false_alarm = false_alarm
        self.n_rows = 0
        """Rows pushed so far."""
        self.reset_at = 0
        """Rows before this one do not join on to those after it."""
        n_levels = max_level + 1
        self._widths = [
            1 << w for w in range(MAX_WIDTH.bit_length()) if 1 << w <= min(MAX_WIDTH, n_bins // 4)
        ]
        self._inverse: F32 = np.ones(n_bins, np.float32)
        self._open: F32 = np.ones(n_bins, np.float32)
        n_edge = max(1, round(EDGE_SHARE * n_bins))
        self._edge_lift: F32 = np.zeros(n_bins, np.float32)
        self._edge_lift[:n_edge] = EDGE_LIFT
        self._edge_lift[-n_edge:] = EDGE_LIFT
        self._relief: F32 = (1.0 / (1.0 + self._edge_lift)).astype(np.float32)
        self._running_gain: F32 = np.zeros(2, np.float32)
        self._bands = np.zeros((MAX_KNOWN, 2), np.int64)
        self._amplitude = np.zeros(MAX_KNOWN)
        self._n_known = 0
        self._splash: F32 = np.zeros(n_bins, np.float32)
        self._previous: F32 = np.ones((n_levels, n_bins), np.float32)
        self._n_seen = np.zeros(n_levels, np.int64)
        self._sums: F32 = np.ones((n_levels, n_bins), np.float32)
        self._tested = np.zeros(n_levels, np.bool_)
        self._work: F32 = np.zeros((2, n_bins), np.float32)
        self.history = np.zeros((2 << max_level, n_bins), np.uint8)
        rows = [1 << level for level in range(n_levels)]
        self._freedom: F32 = np.array([[r * freedom(b) for b in self._widths] for r in rows], np.float32)
        self._means = np.array([[threshold(r, b, false_alarm) for b in self._widths] for r in rows])
        self._cells = np.array([[r * b for b in self._widths] for r in rows])
        self._limits: F32 = (self._means * self._cells).astype(np.float32)

    def set_floor(self, floor: Floor) -> None:
        """Measure against `floor` from the next row on; sums that are under way keep their measure."""
        self._inverse = (1.0 / floor.power).astype(np.float32)
        # The floor itself may be off ("SNR wall", Tandra and Sahai 2008): its scatter and the box's own are
        # independent, so what the two together exceed as rarely adds up as their squares do.
        margin = NormalDist().inv_cdf(1 - max(self.false_alarm, 1e-15)) * floor.uncertainty
        means = 1 + np.hypot(self._means - 1, margin)
        self._limits = (means * self._cells).astype(np.float32)

    @property
    def inverse_floor(self) -> F32:
        return self._inverse

    def reset(self) -> None:
        """Forget sums under way: the next row does not follow the last one in time."""
        self._n_seen[:] = 0
        self._running_gain[:] = 0
        self.reset_at = self.n_rows

    def set_known(self, bands: list[tuple[int, int]], closed: NDArray[np.bool_], lift: F32) -> None:
        """Tell the search which bins known emissions hold.

        Parameters
        ----------
        bands : list of (low_bin, high_bin)
            In an order that is kept from call to call; at most `MAX_KNOWN`.
        closed : array of bool, shape (n_bins,)
            Bins in which nothing is searched. What sums under way hold there is taken out.
        lift : array of float32, shape (n_bins,)
            Power over the floor that wide emissions explain: the search goes on above it.
        """
        self._n_known = len(bands)
        if bands:
            self._bands[: len(bands)] = bands
        lift = np.maximum(lift, self._edge_lift)
        newly = (closed & (self._open > 0)) | (lift > 1.05 / self._relief - 1.0)
        self._open = np.where(closed, 0.0, 1.0).astype(np.float32)
        self._relief = (1.0 / (1.0 + lift)).astype(np.float32)
        for level in range(self.max_level + 1):
            self._sums[level, newly] = 1 << level
            self._previous[level, newly] = 1 << level

    def forget_known(self, keep: list[int]) -> None:
        """Keep only the known emissions with these positions, in this order."""
        self._amplitude[: len(keep)] = self._amplitude[keep]
        self._n_known = len(keep)

    def note_amplitude(self, position: int, amplitude: float) -> None:
        """The square root of the summed excess that emission `position` had in the newest row."""
        self._amplitude[position] = amplitude

    def push(self, power: F32, start: int = 0) -> int:
        """Push rows from `start` on; the number of rows consumed in all of `power` when a hit stops it.

        After a return smaller than ``len(power)``, or with `pending` true, ask `best` until it has none,
        then go on from there.
        """
        stop = int(
            _search_rows(
                power,
                start,
                self._inverse,
                self._open,
                self._relief,
                self._running_gain,
                self._bands,
                self._amplitude,
                self._n_known,
                self._splash,
                self._previous,
                self._n_seen,
                self._sums,
                self._tested,
                self._limits,
                len(self._widths),
                self.history,
                self.n_rows,
                self._work,
            )
        )
        self.pending = stop < power.shape[0]
        done = min(stop + 1, power.shape[0])
        self.n_rows += done - start
        return done

    pending = False
    """Whether the newest row has boxes over their limit that `best` has not been asked for."""

    def best(self) -> Hit | None:
        """The box at the newest row that stands out most, or None. `set_known` or `clear` takes it out."""
        found: Hit | None = None
        for level in np.flatnonzero(self._tested):
            rows = 1 << int(level)
            score, w, f = _best_box(
                self._sums[level],
                self._limits[level],
                len(self._widths),
                rows,
                self._freedom[level],
                self._work,
            )
            if w >= 0 and (found is None or score > found.score):
                found = Hit(self.n_rows - 1, rows, int(f), int(f) + self._widths[w], float(score))
        self.pending = found is not None
        return found

    def spectrum(self, n_rows: int) -> F32:
        """Mean of the newest sum over `n_rows` rows, in units of the floor (closed bins are 1)."""
        return self._sums[n_rows.bit_length() - 1] / np.float32(n_rows)

    def clear(self, low_bin: int, high_bin: int) -> None:
        """Take the power of these bins out of all sums under way: it has been explained."""
        for level in range(self.max_level + 1):
            self._sums[level, low_bin:high_bin] = 1 << level
            self._previous[level, low_bin:high_bin] = 1 << level

    def soften(self, low_bin: int, high_bin: int, energy: float, reach: int) -> None:
        """Take out of all sums what a step of `energy` in these bins scatters up to `reach` bins away."""
        below = np.arange(max(0, low_bin - reach), low_bin)
        above = np.arange(high_bin, min(self.n_bins, high_bin + reach))
        share = np.concatenate((energy / (low_bin - below) ** 2.0, energy / (above - high_bin + 1.0) ** 2))
        bins = np.concatenate((below, above))
        for level in range(self.max_level + 1):
            neutral = np.float32(1 << level)
            for sums in (self._sums, self._previous):
                now = sums[level, bins]
                sums[level, bins] = np.where(now > neutral, np.maximum(now - share, neutral), now)
