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

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sdr.noise import Floor, freedom, threshold
from sdr.psd import hann
from sdr.pyramid import best_box, search_rows

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


def leakage_db(n_fft: int) -> NDArray[np.float64]:
    """How far below its peak a carrier is, at most, 0, 1, 2 ... bins away under the window (dB, falling)."""
    oversampled = np.abs(np.fft.fft(hann(n_fft), 8 * n_fft)) ** 2
    level = 10 * np.log10(oversampled[: 4 * n_fft].reshape(-1, 8).max(axis=1) / oversampled[0] + 1e-20)
    return np.maximum.accumulate(level[::-1])[::-1]


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
            search_rows(
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
            score, w, f = best_box(
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
