"""What an emission measures: where, how wide, how strong, when.

The noise is subtracted and only the bursts are looked at, as ITU-R SM.443-4 asks for
bandwidth and ITU-R SM.1880-2 for timing. Levels are dBFS: nothing here is calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr import fourier
from sdr.clip import Clip
from sdr.gate import HANG_S, Gate, gate
from sdr.smooth import moving_sum

BETA = 0.005
"""Share of the power left out on each side: 99 % bandwidth (ITU-R SM.443-4, ITU-R SM.328)."""

X_DB = 26.0
"""The x-dB bandwidth is taken where the spectrum is 26 dB under its peak (ITU-R SM.443-4)."""

LINE_SHARE = 0.4
"""Power in one line from which on the line is the centre: an AM carrier holds 2/3 and more, on/off
keying half; each of the two lines of Sunde's FSK only a quarter (Proakis, Digital Communications)."""

MIN_LINE_BINS = 48
"""A line, seven bins wide in our window, can only be told from a hump where the band has many more."""

PERIOD_JITTER = 0.1
"""Starts that leave the grid by more than a tenth of the period have no period."""

_MAX_BINS = 1 << 15
_MIN_SEGMENTS = 6
_MAX_SEGMENTS = 256
"""Half-overlapped: the mean of as many is known to a fifteenth."""
_ROW_SAMPLES = 1 << 13
"""Transformed at a time: they stay in the cache."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Times count from the clip's first sample, frequencies from the clip's 0 Hz."""

    center_offset_hz: float
    bandwidth_hz: float
    """Holds 99 % of the power."""
    bandwidth_xdb_hz: float | None
    """Between the points 26 dB under the peak; None where the noise lies higher than that."""
    level_dbfs: float
    """Mean power while it is on, noise subtracted."""
    peak_dbfs: float
    """Power of the strongest millisecond."""
    snr_db: float
    """`level_dbfs` over the noise in `bandwidth_hz`."""
    start_s: float
    end_s: float
    bursts: tuple[tuple[float, float], ...]
    on_time_s: float
    duty_cycle: float
    """On time over the time from the first start to the last end."""
    burst_period_s: float | None
    next_burst_s: float | None
    """When the next burst is to be expected, on the clip's clock."""
    next_burst_within_s: float | None
    """Half-width of the window in which 95 % of the bursts so far fell."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    period_s: float
    next_s: float
    within_s: float


def rhythm(starts_s: tuple[float, ...]) -> Rhythm | None:
    """The period of bursts that began at `starts_s`, some of which may have been missed.

    Needs three starts. The period is the least-squares slope over the burst's number, the numbers
    being the rounded distances in the shortest interval.
    """
    if len(starts_s) < 3:
        return None
    starts = np.sort(np.asarray(starts_s, dtype=np.float64))
    steps = np.diff(starts)
    # a quarter of the intervals may be short by chance, the unit must not follow the one shortest
    unit = float(np.percentile(steps, 25))
    if unit <= 0:
        return None
    numbers = np.concatenate([[0.0], np.cumsum(np.maximum(1, np.round(steps / unit)))])
    period, first = np.polyfit(numbers, starts, 1)
    rest = starts - (first + period * numbers)
    if period <= 0 or float(np.abs(rest).max()) > PERIOD_JITTER * period:
        return None
    scatter = float(np.sqrt(np.sum(rest**2) / max(1, len(starts) - 2)))
    return Rhythm(float(period), float(first + period * (numbers[-1] + 1)), max(2 * scatter, 0.001))


@lru_cache(maxsize=16)
def _blackman_harris(n: int) -> NDArray[np.float32]:
    k = 2 * np.pi * np.arange(n) / n
    shape = 0.35875 - 0.48829 * np.cos(k) + 0.14128 * np.cos(2 * k) - 0.01168 * np.cos(3 * k)
    return shape.astype(np.float32)


def _powers(rows: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Sum of the rows' power spectra."""
    spectra = fourier.forward(rows)
    return np.asarray((spectra.real**2 + spectra.imag**2).sum(axis=0, dtype=np.float64))


def spectrum(
    clip: Clip, spans: tuple[tuple[int, int], ...], n_bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies (ascending) and power per bin, averaged over `spans`; the bins add up to the mean power.

    Welch's method with a Blackman-Harris window (92 dB of side lobes: a strong line must not widen the 99 %).
    """
    frequencies: NDArray[np.float64] = (np.arange(n_bins, dtype=np.float64) - n_bins // 2) * (
        clip.rate_hz / n_bins
    )
    window = _blackman_harris(n_bins)
    energy = float(np.sum(window.astype(np.float64) ** 2))
    total = np.zeros(n_bins)
    weight = 0.0
    rows = max(1, _ROW_SAMPLES // n_bins)
    for first, last in spans:
        if last - first < n_bins:
            # a burst shorter than the window: taken whole, its power kept
            piece = np.zeros(n_bins, np.complex64)
            piece[: last - first] = clip.iq[first:last]
            total += _powers(piece[None, :]) / n_bins
            weight += last - first
            continue
        hop = max(1, n_bins // 2)
        windows = np.lib.stride_tricks.sliding_window_view(clip.iq[first:last], n_bins)[::hop]
        # many segments tell no more than these: looked at evenly over the span
        windows = windows[:: -(-len(windows) // _MAX_SEGMENTS)]
        for at in range(0, len(windows), rows):
            part = windows[at : at + rows] * window
            if len(part) < rows and len(windows) > rows:
                part = np.concatenate([part, np.zeros((rows - len(part), n_bins), np.complex64)])
            total += _powers(part) / energy
        weight += n_bins * len(windows)
    if weight == 0:
        return frequencies, total
    return frequencies, np.roll(total, n_bins // 2) / weight


def _n_bins(clip: Clip, spans: tuple[tuple[int, int], ...]) -> int:
    """Fine enough for 100 Hz, coarse enough for an average over several segments."""
    on = sum(last - first for first, last in spans)
    longest = max(last - first for first, last in spans)
    wanted = max(64, on // _MIN_SEGMENTS)
    limit = min(_MAX_BINS, longest, wanted, int(clip.rate_hz / 12.0))
    return max(32, 1 << (max(1, limit).bit_length() - 1))


def _crossing(cumulated: NDArray[np.float64], share: float) -> float:
    """The place, in bins, where a rising sum passes `share`; between bins by a straight line."""
    at = int(np.searchsorted(cumulated, share))
    before = cumulated[at - 1] if at else 0.0
    step = cumulated[min(at, len(cumulated) - 1)] - before
    return float(at + (share - before) / step) if step > 0 else float(at)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _reach(clear: Any, peak: int, gap_limit: int) -> tuple[int, int]:
    """First and last true place around `peak` with no gap longer than `gap_limit` on the way."""
    low, high, quiet = peak, peak, 0
    for index in range(peak, clear.shape[0]):
        quiet = 0 if clear[index] else quiet + 1
        if quiet > gap_limit:
            break
        if clear[index]:
            high = index
    quiet = 0
    for index in range(peak, -1, -1):
        quiet = 0 if clear[index] else quiet + 1
        if quiet > gap_limit:
            break
        if clear[index]:
            low = index
    return low, high


def occupied(
    frequencies: NDArray[np.float64], power: NDArray[np.float64], noise_per_bin: float, n_averages: float
) -> tuple[float, float]:
    """Low and high end of the 99 % bandwidth (beta % method), noise subtracted.

    Power is counted only from where a smoothed spectrum stands clear of the noise, so that the noise's
    own scatter far out is not taken for tails.
    """
    step = float(frequencies[1] - frequencies[0])
    clean = power - noise_per_bin
    peak = int(np.argmax(power))
    clear = np.zeros(len(power), np.bool_)
    for width in {1, max(1, len(power) // 64), max(1, len(power) // 16)}:
        smooth = moving_sum(clean, width) / width
        clear |= smooth > 3.5 * noise_per_bin / np.sqrt(max(1.0, n_averages * width))
    clear[peak] = True
    low, high = _reach(clear, peak, max(3, len(power) // 8))
    inner = np.maximum(clean[low : high + 1], 0.0) if high - low < 8 else clean[low : high + 1]
    cumulated = np.maximum.accumulate(np.cumsum(inner))
    total = float(cumulated[-1])
    if total <= 0:
        return float(frequencies[peak]), float(frequencies[peak])
    left = _crossing(cumulated / total, BETA)
    right = _crossing(cumulated / total, 1 - BETA)
    edge = float(frequencies[low]) - step / 2
    return edge + left * step, edge + right * step


def _xdb(frequencies: NDArray[np.float64], power: NDArray[np.float64], noise_per_bin: float) -> float | None:
    peak = float(power.max())
    limit = peak * 10 ** (-X_DB / 10)
    if limit < 2 * noise_per_bin:
        return None
    above = np.flatnonzero(power - noise_per_bin > limit)
    return float(frequencies[above[-1]] - frequencies[above[0]] + (frequencies[1] - frequencies[0]))


def _line(
    frequencies: NDArray[np.float64], clean: NDArray[np.float64], low_hz: float, high_hz: float
) -> float | None:
    """The frequency of a single line that holds `LINE_SHARE` of the power."""
    inside = (frequencies >= low_hz) & (frequencies <= high_hz)
    band = np.where(inside, clean, 0.0)
    peak = int(np.argmax(band))
    near = slice(max(0, peak - 3), peak + 4)
    total = float(band.sum())
    if total <= 0 or int(inside.sum()) < MIN_LINE_BINS or float(clean[near].sum()) < LINE_SHARE * total:
        return None
    weights = np.maximum(clean[near], 0.0)
    return float(np.sum(frequencies[near] * weights) / np.sum(weights))


def _symmetry(
    frequencies: NDArray[np.float64], clean: NDArray[np.float64], low_hz: float, high_hz: float
) -> float:
    """The axis about which the spectrum mirrors itself best.

    Unlike the centroid it does not follow an excess of ones over zeros: the spectra of FM, FSK, PSK and
    OFDM are symmetric in their shape, not in their heights. The square root weighs shape over height.
    """
    margin = 0.1 * (high_hz - low_hz)
    inside = (frequencies >= low_hz - margin) & (frequencies <= high_hz + margin)
    shape = np.sqrt(np.maximum(clean[inside], 0.0))
    grid = frequencies[inside]
    middle = (low_hz + high_hz) / 2
    if len(shape) < 8:
        return middle
    size = 1 << (2 * len(shape)).bit_length()
    mirrored = np.fft.irfft(np.fft.rfft(shape, size) ** 2, size)[: 2 * len(shape) - 1]
    axes = grid[0] + np.arange(len(mirrored)) * (grid[1] - grid[0]) / 2
    near = np.abs(axes - middle) <= 0.2 * (high_hz - low_hz)
    if not near.any():
        return middle
    scores = np.where(near, mirrored, -np.inf)
    # the top is flat where the spectrum is wide: its middle is steadier than its highest point
    top = scores >= float(scores.max()) * 0.998
    return float(np.average(axes[top], weights=scores[top]))


def _level(clip: Clip, found: Gate) -> tuple[float, float]:
    power = clip.iq.real**2 + clip.iq.imag**2
    on = power[found.keyed]
    mean = float(on.mean(dtype=np.float64)) - found.noise_power if len(on) else 0.0
    window = max(1, int(0.001 * clip.rate_hz))
    usable = on[: len(on) // window * window]
    peak = (
        float(usable.reshape(-1, window).mean(axis=1).max()) if len(usable) else float(power.max(initial=0.0))
    )
    return max(mean, 1e-14), max(peak - found.noise_power, 1e-14)


def measure(clip: Clip, noise_density: float | None, *, hang_s: float = HANG_S) -> Measures | None:
    """Measure the emission in `clip`, or None when nothing stands out of the noise.

    Parameters
    ----------
    clip : the emission with at least its own bandwidth around it
    noise_density : power per hertz with full scale 1, as the noise floor says; None takes the quietest part
    hang_s : silence that ends a burst
    """
    found = gate(clip, noise_density, hang_s=hang_s)
    if not found.bursts:
        return None
    rate = clip.rate_hz
    n_bins = _n_bins(clip, found.bursts)
    frequencies, power = spectrum(clip, found.bursts, n_bins)
    noise_per_hz = found.noise_power / clip.noise_hz
    per_bin = noise_per_hz * rate / n_bins
    inside = np.abs(frequencies) <= 0.5 * clip.usable_hz
    frequencies, power = frequencies[inside], power[inside]
    on_samples = sum(last - first for first, last in found.bursts)
    low, high = occupied(frequencies, power, per_bin, 1.0 + on_samples / n_bins)
    bandwidth = max(high - low, rate / n_bins)
    clean = power - per_bin
    line = _line(frequencies, clean, low, high)
    center = line if line is not None else _symmetry(frequencies, clean, low, high)

    mean, peak = _level(clip, found)
    bursts = tuple((first / rate, last / rate) for first, last in found.bursts)
    start, end = bursts[0][0], bursts[-1][1]
    on_time = sum(b - a for a, b in bursts)
    beat = rhythm(tuple(a for a, _ in bursts))
    return Measures(
        center_offset_hz=center,
        bandwidth_hz=bandwidth,
        bandwidth_xdb_hz=_xdb(frequencies, power, per_bin),
        level_dbfs=10 * float(np.log10(mean)),
        peak_dbfs=10 * float(np.log10(peak)),
        snr_db=10 * float(np.log10(mean / (noise_per_hz * bandwidth))),
        start_s=start,
        end_s=end,
        bursts=bursts,
        on_time_s=on_time,
        duty_cycle=on_time / (end - start),
        burst_period_s=beat.period_s if beat else None,
        next_burst_s=beat.next_s if beat else None,
        next_burst_within_s=beat.within_s if beat else None,
    )
