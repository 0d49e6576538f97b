"""When followed emissions are on, and which bins are theirs: read off the rows that the search keeps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdr.detect import Hit, Search, leakage_db
from sdr.follow import Followed, follow_rows
from sdr.pyramid import CODE_VALUES
from sdr.runs import largest_run


class Books:
    """Keeps the books of `Followed`: rows and bins only."""

    def __init__(self, search: Search, n_bins: int, gap_rows: int) -> None:
        """A pause of `gap_rows` separates bursts."""
        self._search = search
        self._n_bins = n_bins
        self._gap_rows = gap_rows
        self._leak_db = leakage_db(n_bins)

    def guard(self, one: Followed) -> int:
        """Bins beside the band in which what leaks through the window may exceed a fifth of the noise."""
        if one.guard[0] != one.peak:
            level_db = 10 * math.log10(max(one.peak, 1.0))
            one.guard = (one.peak, int(np.searchsorted(-self._leak_db, level_db + 7.0)) + 1)
        return int(one.guard[1])

    def padded(self, one: Followed) -> tuple[int, int]:
        pad = self.guard(one) + max(3, (one.high - one.low) // 4)
        return max(0, one.low - pad), min(self._n_bins, one.high + pad)

    def _band_rows(self, first: int, last: int, low: int, high: int) -> NDArray[np.float64]:
        """Mean power over the floor in `low`..`high` of rows `first`..`last` - 1."""
        history = self._search.history
        slots = np.arange(first, last) % history.shape[0]
        return CODE_VALUES[history[slots, low:high]].mean(axis=1, dtype=np.float64)

    def extent(self, hit: Hit, low: int, high: int) -> tuple[int, int, float]:
        """First and last row of the hit's emission and its mean excess: the run of rows whose excess over
        half of its mean adds up to most (the likeliest place of one step up and one down)."""
        oldest = max(self._search.reset_at, hit.last_row - self._search.history.shape[0] + 1, 0)
        begin = max(oldest, hit.last_row - 2 * hit.n_rows - 2)
        excess = self._band_rows(begin, hit.last_row + 1, low, high) - 1.0
        level = max(float(excess[-hit.n_rows :].mean()), 1e-3)
        first, last = 0, excess.size - 1
        for _ in range(3):
            first, last = largest_run(excess - 0.5 * level)
            level = max(float(excess[first : last + 1].mean()), 1e-3)
        return begin + first, begin + last, level

    def lately(self, n_rows: int, low: int, high: int) -> NDArray[np.float64]:
        """Mean excess over the floor of bins `low`..`high` in the newest `n_rows` rows."""
        now, history = self._search.n_rows, self._search.history
        slots = np.arange(now - n_rows, now) % history.shape[0]
        return CODE_VALUES[history[slots, low:high]].mean(axis=0, dtype=np.float64) - 1.0

    def count_on(self, one: Followed, first: int, last: int) -> None:
        """Put rows `first` .. `last` into the books as on the air."""
        one.state[:] = (0, 0, first, first, 0, 0, 0, 0)
        self._follow(one, first, last + 1, last - first + 1, 0.0)

    def advance(self, one: Followed) -> None:
        """Follow `one` to the newest row."""
        now = self._search.n_rows
        self._follow(one, max(one.next_row, now - self._search.history.shape[0]), now, one.look, one.limit)
        one.next_row = now

    def _follow(self, one: Followed, first: int, stop: int, look: int, limit: float) -> None:
        low, high = self.padded(one)
        follow_rows(
            self._search.history,
            CODE_VALUES,
            first,
            stop,
            one.low,
            one.high,
            look,
            limit,
            self._gap_rows,
            one.state,
            one.spectrum,
            low,
            high,
            one.bursts,
        )
