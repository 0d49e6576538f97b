"""Views of the past spectrum: any stretch of time and band, at the resolution that fits the eye.

The coarsest rows that still give the number asked for are read, at most four times as many as are shown (ten
times beyond a day), so that a view of a day costs what a view of an hour does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr.codes import LOWEST_DB, STEP_DB
from sdr.history import DAY_S, RATIOS, open_array, sensor_dir
from sdr.history_feed import Series

F32 = NDArray[np.float32]
_DENSITY: F32 = (10 ** ((LOWEST_DB + STEP_DB * (np.arange(256) - 1)) / 10)).astype(np.float32)
_DENSITY[0] = 0.0
_DB: F32 = (LOWEST_DB + STEP_DB * (np.arange(256) - 1)).astype(np.float32)
_DB[0] = np.nan


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Mean and maximum density in dBFS/Hz, shape (rows, bins). NaN: nobody listened."""

    start: datetime
    step_s: float
    low_hz: float
    bin_hz: float
    mean_db: F32
    max_db: F32


def view(
    root: Path,
    sensor: str,
    low_hz: float,
    high_hz: float,
    start: datetime,
    end: datetime,
    *,
    max_rows: int = 1000,
    max_bins: int = 1000,
) -> View:
    """What `sensor` heard between `start` and `end` from `low_hz` to `high_hz`.

    Raises
    ------
    ValueError
        If the time or the band is empty.
    """
    if end <= start or high_hz <= low_hz:
        raise ValueError("a view needs an end after its start and a high above its low")
    folder = sensor_dir(root, sensor)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    days = [start.date() + timedelta(days=i) for i in range((end.date() - start.date()).days + 1)]
    stored = [
        (day, series)
        for day in days
        for series in _series(folder / day.isoformat())
        if series.low_hz < high_hz and series.low_hz + series.rate_hz > low_hz
    ]
    # Never finer than the coarsest of what is shown: every cell of the view then has a row and a bin.
    least_s = float(max((series.base_s for _, series in stored), default=1))
    least_hz = max((series.bin_hz for _, series in stored), default=0.0)
    span_s = (end - start).total_seconds()
    n_rows = max(1, int(span_s / max(least_s, span_s / max_rows) + 1e-9))
    n_bins = max(1, int((high_hz - low_hz) / max(least_hz, (high_hz - low_hz) / max_bins) + 1e-9))
    step_s, bin_hz = span_s / n_rows, (high_hz - low_hz) / n_bins
    sums, n_sums = np.zeros((n_rows, n_bins), np.float32), np.zeros((n_rows, n_bins), np.int32)
    peaks = np.zeros((n_rows, n_bins), np.uint8)
    for day, series in stored:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        ratio = _ratio(series, step_s)
        row_s = series.base_s * ratio
        first = max(0, int((start - midnight).total_seconds() // row_s))
        last = min(-(-DAY_S // row_s), int(-(-(end - midnight).total_seconds() // row_s)))
        bins = _Cells.within(series.low_hz - low_hz, series.bin_hz, series.n_bins, bin_hz, n_bins)
        offset_s = (midnight - start).total_seconds() + first * row_s
        rows = _Cells.within(offset_s, row_s, last - first, step_s, n_rows)
        means = open_array(folder, day, series, ratio, "mean")
        maxima = open_array(folder, day, series, ratio, "max")
        if means is None or maxima is None or bins is None or rows is None:
            continue
        inside = slice(first + rows.first, first + rows.last), slice(bins.first, bins.last)
        mean, peak = np.asarray(means[inside], np.uint8), np.asarray(maxima[inside], np.uint8)
        _pool(mean, peak, rows.cells, bins.cells, _DENSITY, sums, n_sums, peaks)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_db = 10 * np.log10(sums / n_sums.astype(np.float32))
    return View(start, step_s, low_hz, bin_hz, mean_db, _DB[peaks])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _pool(
    mean: Any, peak: Any, rows: Any, bins: Any, density: F32, sums: F32, n_sums: Any, peaks: Any
) -> None:
    """Add stored codes to the view: `rows` and `bins` say into which cell each goes."""
    for r in range(mean.shape[0]):
        row = rows[r]
        for b in range(mean.shape[1]):
            code = mean[r, b]
            if code:
                sums[row, bins[b]] += density[code]
                n_sums[row, bins[b]] += 1
            if peak[r, b] > peaks[row, bins[b]]:
                peaks[row, bins[b]] = peak[r, b]


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Which stored rows (or bins) lie in the view, ``first`` .. ``last`` - 1, and the view's cell of each."""

    first: int
    last: int
    cells: NDArray[np.int64]

    @classmethod
    def within(cls, offset: float, stored: float, n_stored: int, shown: float, n_shown: int) -> _Cells | None:
        """For ``n_stored`` steps of ``stored`` from `offset` on, in a view of ``n_shown`` steps from 0 on."""
        cell = np.floor((offset + (np.arange(n_stored) + 0.5) * stored) / shown + 1e-9).astype(np.int64)
        inside = np.flatnonzero((cell >= 0) & (cell < n_shown))
        if not inside.size:
            return None
        return cls(int(inside[0]), int(inside[-1]) + 1, cell[inside])


def _ratio(series: Series, step_s: float) -> int:
    """The coarsest resolution that is no coarser than the view."""
    return max((ratio for ratio in RATIOS if series.base_s * ratio <= step_s + 1e-6), default=RATIOS[0])


def _series(day: Path) -> list[Series]:
    if not day.is_dir():
        return []
    return sorted(one for one in (Series.parse(path.name) for path in day.iterdir()) if one is not None)
