"""One followed emission: its books, and the loop that keeps them row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr.detect import Hit
from sdr.noise import freedom, threshold

F32 = NDArray[np.float32]

MAX_BURSTS = 256
OFF_ALARM = 1e-4
"""Probability that noise alone keeps an ended emission on for one more look."""
MAX_LOOK = 2048


@numba.njit(cache=True, nogil=True, error_model="numpy")
def follow_rows(
    history: Any,
    values: F32,
    first: int,
    last: int,
    low: int,
    high: int,
    look: int,
    limit: float,
    burst_gap: int,
    state: Any,
    spectrum: F32,
    pad_low: int,
    pad_high: int,
    bursts: Any,
) -> None:
    """Look at rows `first` .. `last` - 1, `look` at a time, and keep the books in `state`.

    state: 0 sum, 1 rows in it, 2 first row on (-1: none), 3 last row on, 4 rows on, 5 sum of excess while on,
    6 largest excess of one look, 7 bursts.
    """
    slots = history.shape[0]
    n_band = high - low
    for row in range(first, last):
        slot = row % slots
        total = 0.0
        for f in range(low, high):
            total += values[history[slot, f]]
        state[0] += total / n_band
        state[1] += 1
        if state[1] < look:
            continue
        mean = state[0] / state[1]
        begin = row - int(state[1]) + 1
        if mean > limit:
            if state[2] < 0:
                state[2] = begin
            if state[4] == 0 or begin - state[3] - 1 >= burst_gap:
                n = int(state[7])
                if n < bursts.shape[0]:
                    bursts[n, 0] = begin
                state[7] += 1
            n = int(state[7])
            if 0 < n <= bursts.shape[0]:
                bursts[n - 1, 1] = row
            state[3] = row
            state[4] += state[1]
            state[5] += (mean - 1.0) * state[1]
            state[6] = max(state[6], mean - 1.0)
            for r in range(begin, row + 1):
                s = r % slots
                for f in range(pad_low, pad_high):
                    spectrum[f] += values[history[s, f]]
        state[0] = 0.0
        state[1] = 0


@dataclass(slots=True, eq=False)
class Followed:
    """An emission that is being followed, in rows and bins."""

    low: int
    high: int
    level: float
    """Mean excess over the floor in the band when it was found: what tells it from noise."""
    peak: float
    """Largest power of one bin over the floor: what leaks from it is reckoned from here."""
    next_row: int
    hit: Hit
    state: NDArray[np.float64]
    spectrum: F32
    """Sum over the rows on, shape (n_bins,), of bins near the band."""
    bursts: NDArray[np.int64]
    """Shape (MAX_BURSTS, 2): first and last row of each burst."""
    skirt: tuple[int, int]
    """Bins beside the band that are closed to the search as well."""
    guard: tuple[float, int] = (0.0, 0)
    """The peak that it was reckoned for, and the bins beside the band that leakage fills."""
    lift: F32 | None = None
    """Of a wide emission: the power over the floor that it explains, shape (n_bins,)."""
    look: int = 1
    """Rows averaged for one decision on or off."""
    limit: float = 2.0
    reviewed: bool = False
    wandered: int = 0
    """The row at which it was last looked whether the band has moved."""
    at_start: bool = False
    """On before the first row we saw."""

    def set_look(self) -> None:
        """Rows for one decision: as many as tell a quarter of its power (6 dB of fading) from noise."""
        level = self.level / 4
        width = self.high - self.low
        self.look = 1
        while self.look < MAX_LOOK:
            limit = threshold(self.look, width, OFF_ALARM)
            if 1 + level >= limit + 1.5 * (1 + level) / math.sqrt(self.look * freedom(width)):
                break
            self.look *= 2
        self.limit = threshold(self.look, width, OFF_ALARM)

    @property
    def first_row(self) -> int:
        return int(self.state[2])

    @property
    def last_row(self) -> int:
        return int(self.state[3])

    @property
    def n_rows_on(self) -> int:
        return int(self.state[4])

    @property
    def n_bursts(self) -> int:
        return int(self.state[7])

    @property
    def snr(self) -> float:
        """Mean power over noise inside the band while on, linear."""
        return float(self.state[5] / max(self.state[4], 1))


def begin(
    n_bins: int, *, low: int, high: int, level: float, peak: float, next_row: int, hit: Hit, at_start: bool
) -> Followed:
    """An emission in bins `low` to `high` with its books empty, to be followed from `next_row` on."""
    return Followed(
        low=low,
        high=high,
        level=level,
        peak=peak,
        next_row=next_row,
        hit=hit,
        state=np.array([0, 0, -1, next_row, 0, 0, 0, 0], np.float64),
        spectrum=np.zeros(n_bins, np.float32),
        bursts=np.zeros((MAX_BURSTS, 2), np.int64),
        skirt=(low, high),
        at_start=at_start,
    )
