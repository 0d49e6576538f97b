"""Where in the spectrum a followed emission lies, and how strong it is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sdr.follow import Followed
from sdr.noise import freedom
from sdr.runs import crossing, stretch

EDGE_DB = 26.0
"""The band reaches to where the spectrum is this far below its peak (ITU-R SM.443, x-dB bandwidth)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where in the spectrum an emission lies, in bins (fractions count), and how strong it is."""

    low: float
    high: float
    center: float
    snr: float
    """Power in the band over the noise in it, linear."""


def occupied(one: Followed, around: tuple[int, int], touch_bins: int, floor_uncertainty: float) -> Shape:
    """Occupied band (99 % of the power, ITU-R SM.443 beta method) of the rows on, noise subtracted.

    Parameters
    ----------
    around : (low_bin, high_bin)
        Where the emission's spectrum was added up.
    touch_bins : int
        A gap no wider than this does not end the band.
    floor_uncertainty : float
        What stands no further over the floor than three times this is not counted.
    """
    rows = max(one.n_rows_on, 1)
    low, high = around
    excess = one.spectrum[low:high].astype(np.float64) / rows - 1.0
    if not one.n_rows_on or excess.max() <= 0:
        return Shape(one.low, one.high, 0.5 * (one.low + one.high), 1e-3)
    # Beyond the skirts only noise would be added up: stop where the smoothed spectrum meets its edge.
    smooth = np.convolve(excess, np.ones(3) / 3, mode="same")
    noise = math.hypot(2.5 / math.sqrt(rows * freedom(3)), 3 * floor_uncertainty)
    edge = max(float(smooth.max()) * 10 ** (-EDGE_DB / 10), noise)
    top = one.low - low + int(np.argmax(smooth[one.low - low : one.high - low]))
    first, last = stretch(smooth > edge, top, max(touch_bins, (one.high - one.low) // 4))
    excess[:first] = 0.0
    excess[last:] = 0.0
    total = np.concatenate(([0.0], np.cumsum(np.maximum(excess, 0.0))))
    at = [crossing(total, share * float(total[-1])) for share in (0.005, 0.995)]
    wide = max(at[1] - at[0], 1.0)
    if last - first <= 6:
        center = float(np.sum(np.maximum(excess, 0) * (np.arange(excess.size) + 0.5)) / total[-1])
    else:
        center = 0.5 * float(at[0] + at[1])
    snr = float(excess.sum()) / max(wide, 1.0)
    center += low
    return Shape(center - float(wide) / 2, center + float(wide) / 2, center, max(snr, 1e-3))
