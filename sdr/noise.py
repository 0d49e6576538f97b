"""What is noise: the floor of a receiver's passband, and the thresholds that noise rarely passes.

The floor is taken across frequency as well as time, so that a carrier that was on before we were is
never learned as noise: each bin's quiet moments (a low quantile over time) make a curve, and a stiff
smooth line is fitted to the curve's underside. What stands above the line, however long, is a signal.

Thresholds follow from one false-alarm rate. The mean over L rows and B neighbouring bins of noise is a
weighted sum of gamma variables, whose weights are the eigenvalues of the window's correlation between
bins; its tail comes from the saddlepoint approximation (Lugannani and Rice, 1980).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

F64 = NDArray[np.float64]

HANN_CORRELATION = (1.0, 2.0 / 3.0, 1.0 / 6.0)
"""Correlation of neighbouring bins' amplitudes under a periodic Hann window and white noise."""
QUIET_QUANTILE = 0.3
"""A sender on the air less than 70 % of a floor window does not lift the floor at all."""
ROWS_PER_CELL = 16
"""Rows averaged before the quantile: noise then varies by a quarter, and bursts still stand apart."""
MAX_KNOTS = 256
FINE_PERIODS = 12
"""The fine line follows ripples down to a twelfth of the passband: 200 kHz at 2.4 MS/s."""
SHAPE_DB = 8.0
"""The floor rises no further above its lower quarter: passbands are flat over three quarters of their width
within this, and what is not is a sender as wide as the recording."""
RANGE_DB = 75.0
"""The floor is never put further below the strongest bin: an 8-bit receiver spans about 45 dB."""


@cache
def bin_weights(n_bins: int) -> tuple[float, ...]:
    """Eigenvalues of the correlation of `n_bins` neighbouring bins; they add up to `n_bins`.

    From 48 bins on the eigenvalues are read off the correlation's spectrum (Szegő's limit theorem).
    """
    if n_bins >= 48:
        theta = 2 * np.pi * (np.arange(n_bins) + 0.5) / n_bins
        symbol = 1.0 + sum(2 * c * np.cos(d * theta) for d, c in enumerate(HANN_CORRELATION) if d)
        values = np.maximum(symbol, 0.0)
        return tuple(float(v) for v in values * (n_bins / values.sum()))
    apart = np.abs(np.subtract.outer(np.arange(n_bins), np.arange(n_bins)))
    correlation = np.where(apart < 3, np.array(HANN_CORRELATION)[np.minimum(apart, 2)], 0.0)
    values = np.linalg.eigvalsh(correlation)
    return tuple(float(max(v, 0.0)) for v in values)


@cache
def freedom(n_bins: int) -> float:
    """Independent cells that `n_bins` neighbouring bins are worth, from the variance of their sum."""
    weights = np.array(bin_weights(n_bins))
    return float(n_bins**2 / np.sum(weights**2))


@cache
def threshold(n_rows: int, n_bins: int, false_alarm: float) -> float:
    """The mean power over `n_rows` x `n_bins` cells, in units of the floor, that noise passes with
    probability `false_alarm`."""
    weights = np.array(bin_weights(n_bins))

    def log_tail(s: float) -> tuple[float, float]:
        """Log of the tail probability at the point whose saddle is `s`, and that point."""
        share = weights / (1 - weights * s)
        k0 = -n_rows * float(np.sum(np.log1p(-weights * s)))
        k1 = n_rows * float(np.sum(share))
        k2 = n_rows * float(np.sum(share**2))
        w = math.sqrt(2 * (s * k1 - k0))
        u = s * math.sqrt(k2)
        bell = math.exp(-0.5 * w * w) / math.sqrt(2 * math.pi)
        upper = 0.5 * math.erfc(w / math.sqrt(2)) + bell * (1 / u - 1 / w)
        return math.log(max(float(upper), 1e-300)), k1

    low, high = 1e-6, float((1 - 1e-12) / weights.max())
    goal = math.log(false_alarm)
    for _ in range(80):
        middle = 0.5 * (low + high)
        if log_tail(middle)[0] > goal:
            low = middle
        else:
            high = middle
    return log_tail(high)[1] / (n_rows * n_bins)


@dataclass(frozen=True, slots=True)
class Floor:
    """Noise of one passband.

    ``power``: shape (n_bins,), linear, per bin, in the units of the power rows.
    ``misfit``, ``chance``: how far the true floor may be off, as a share of it (one standard deviation),
    because the passband is not as smooth as the line, and because noise was averaged for so long only.
    """

    power: F64
    misfit: float
    chance: float

    @property
    def uncertainty(self) -> float:
        return math.hypot(self.misfit, self.chance)


def cell_means(rows: NDArray[np.float32]) -> tuple[F64, int]:
    """`rows` averaged over `ROWS_PER_CELL` (fewer where there are few rows), and that number."""
    n_rows, n_bins = rows.shape
    per_cell = max(1, min(ROWS_PER_CELL, n_rows // 4))
    n_cells = n_rows // per_cell
    cells = rows[: n_cells * per_cell].reshape(n_cells, per_cell, n_bins).mean(axis=1, dtype=np.float64)
    return cells, per_cell


def estimate_floor(cells: F64, per_cell: int, *, least: float = 0.0) -> Floor:
    """Fit the floor to power averaged in cells.

    Parameters
    ----------
    cells : array of float64, shape (n_cells, n_bins)
        Each the mean of `per_cell` rows, over half a second to some seconds in all.
    least : float
        No bin is put below this (the noise of quantisation).

    Notes
    -----
    The line is a Whittaker smoother (Eilers 2003). It is fitted stiffly and from below first (asymmetric
    weights, Eilers and Boelens 2005), which tells signals from the shape of the passband; then finely, to
    the mean of those cells alone that the first line calls noise, which takes the quantile's bias out.
    """
    n_cells, n_bins = cells.shape
    strongest = float(cells.mean(axis=0).max())
    least = max(least, strongest * 10 ** (-RANGE_DB / 10), 1e-30)
    cells = np.maximum(cells, least)

    quiet = np.quantile(cells, QUIET_QUANTILE, axis=0) / (
        float(gammaincinv(per_cell, QUIET_QUANTILE)) / per_cell
    )
    width = max(1, n_bins // MAX_KNOTS)
    curve_db = np.median(10 * np.log10(quiet).reshape(-1, width), axis=1)
    line_db = _underside(curve_db)
    highest_db = float(np.quantile(curve_db, 0.25)) + SHAPE_DB
    line_db = np.minimum(_refine(cells, per_cell, np.minimum(line_db, highest_db), width), highest_db)
    misfit = _misfit(cells, per_cell, line_db, width)
    # What chance leaves in a line that averages over half of its shortest ripple.
    chance = 1 / math.sqrt(n_cells * per_cell * freedom(max(1, n_bins // (2 * FINE_PERIODS))))
    knots = (np.arange(line_db.size) + 0.5) * width - 0.5
    power_db = np.interp(np.arange(n_bins), knots, line_db)
    return Floor(np.maximum(10 ** (power_db / 10), least), misfit, chance)


class FloorKeeper:
    """The floor of one passband over time: a running mean of estimates, in decibels.

    An estimate counts by its rows, up to `MEMORY` estimates back: the gain of a warm receiver drifts
    over minutes, and a longer mean is a surer one.
    """

    MEMORY = 6

    def __init__(self) -> None:
        self.floor: Floor | None = None
        self._weight = 0.0

    def add(self, new: Floor, n_rows: int) -> Floor:
        if self.floor is None:
            self.floor, self._weight = new, float(n_rows)
            return new
        share = n_rows / (self._weight + n_rows)
        old = self.floor
        power = np.exp((1 - share) * np.log(old.power) + share * np.log(new.power))
        chance = math.hypot((1 - share) * old.chance, share * new.chance)
        misfit = (1 - share) * old.misfit + share * new.misfit
        self._weight = min(self._weight + n_rows, self.MEMORY * n_rows)
        self.floor = Floor(power, misfit, chance)
        return self.floor


def _whittaker(values: F64, weights: F64, period: float) -> F64:
    """The smooth line through `values` that follows nothing quicker than `period` knots."""
    n = values.size
    if n < 5:
        return np.full(n, np.average(values, weights=weights))
    stiffness = (period / (2 * math.pi)) ** 4
    return _solve_smooth(weights + 1e-9, values, stiffness)


@numba.njit(cache=True, nogil=True)
def _solve_smooth(weights: F64, values: F64, stiffness: float) -> Any:
    """Solve (W + stiffness D'D) z = W y, with D the second differences, by its band of five (LDL')."""
    n = values.shape[0]
    diagonal = np.empty(n)
    first = np.zeros(n)
    second = np.zeros(n)
    for i in range(n):
        main = 6.0
        if i == 0 or i == n - 1:
            main = 1.0
        elif i == 1 or i == n - 2:
            main = 5.0
        beside = 0.0
        if i < n - 1:
            beside = -2.0 if i in (0, n - 2) else -4.0
        # Row i of L D L' from the two rows before it.
        d = weights[i] + stiffness * main
        e = stiffness * beside
        f = stiffness if i < n - 2 else 0.0
        if i >= 1:
            d -= first[i - 1] ** 2 * diagonal[i - 1]
            e -= second[i - 1] * first[i - 1] * diagonal[i - 1]
        if i >= 2:
            d -= second[i - 2] ** 2 * diagonal[i - 2]
        diagonal[i] = d
        first[i] = e / d
        second[i] = f / d
    z = weights * values
    for i in range(1, n):
        z[i] -= first[i - 1] * z[i - 1]
        if i >= 2:
            z[i] -= second[i - 2] * z[i - 2]
    for i in range(n):
        z[i] /= diagonal[i]
    for i in range(n - 2, -1, -1):
        z[i] -= first[i] * z[i + 1]
        if i < n - 2:
            z[i] -= second[i] * z[i + 2]
    return z


def _spread(residual: F64) -> float:
    """Standard deviation of what lies below the line: signals lie above and do not count."""
    below = residual[residual < 0]
    if below.size < 3:
        return 0.1
    return max(float(1.4826 * np.median(np.abs(below))), 0.02)


def _underside(curve_db: F64) -> F64:
    """The stiff line under `curve_db`: what rises above it by more than the noise does not pull it up."""
    n = curve_db.size
    weights = np.ones(n)
    line = np.full(n, np.quantile(curve_db, 0.3))
    for step in range(14):
        # Half of the passband first, so that a signal a quarter of it wide is a signal and no hill.
        line = _whittaker(curve_db, weights, period=n / (1.0 if step < 8 else 2.0))
        residual = curve_db - line
        bound = 2.5 * _spread(residual)
        weights = np.where(residual > bound, 1e-4, np.where(residual > 0, 0.3 if step < 8 else 1.0, 1.0))
    return line


def _noise_cells(cells: F64, per_cell: int, line_db: F64, width: int) -> tuple[F64, NDArray[np.bool_]]:
    """Cells over the line (as a ratio), and which of them are noise: within four deviations of it."""
    ratio = cells / np.repeat(10 ** (line_db / 10), width)
    reach = 4.0 / math.sqrt(per_cell)
    return ratio, np.abs(ratio - 1.0) < max(reach, 0.35)


def _knot_means(cells: F64, per_cell: int, line_db: F64, width: int) -> tuple[F64, F64]:
    """Mean over the line of each knot's noise cells in dB, and the share of cells that are noise."""
    ratio, noise = _noise_cells(cells, per_cell, line_db, width)
    by_knot = (ratio.shape[0], -1, width)
    n_noise = noise.reshape(by_knot).sum(axis=(0, 2))
    total = np.where(noise, ratio, 0.0).reshape(by_knot).sum(axis=(0, 2))
    mean = np.where(n_noise > 0, total / np.maximum(n_noise, 1), 1.0)
    return 10 * np.log10(np.maximum(mean, 1e-3)), n_noise / (ratio.shape[0] * width)


def _refine(cells: F64, per_cell: int, line_db: F64, width: int) -> F64:
    """Move the line to the mean of its noise cells."""
    for _ in range(3):
        shift_db, share = _knot_means(cells, per_cell, line_db, width)
        weights = np.where(share > 0.5, share, 1e-4)
        residual = shift_db - _whittaker(shift_db, weights, period=line_db.size / FINE_PERIODS)
        weights = np.where(np.abs(residual) > 4 * _spread(residual), 1e-4, weights)
        line_db = line_db + _whittaker(shift_db, weights, period=line_db.size / FINE_PERIODS)
    return line_db


def _misfit(cells: F64, per_cell: int, line_db: F64, width: int) -> float:
    """How far the line misses its own noise cells beyond what chance explains, as a share."""
    shift_db, share = _knot_means(cells, per_cell, line_db, width)
    good = share > 0.8
    if good.sum() < 8:
        return 0.05
    smooth = np.convolve(np.where(good, shift_db, 0.0), np.ones(4) / 4, mode="same")[good]
    n_cells = cells.shape[0] * per_cell * freedom(4 * width)
    chance = (10 / math.log(10)) ** 2 / n_cells
    # The median of a squared normal is 0.4549 of its variance: knots under a weak signal do not count.
    excess = max(0.0, float(np.median(smooth**2) / 0.4549) - chance)
    return math.sqrt(excess) * math.log(10) / 10
