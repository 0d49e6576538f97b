"""The spectrum of a moment out of a kept recording: mean and maximum density over some of its seconds.

samples[t0 .. t1] ──psd──> rows of about 1.7 ms ──> mean, max of each bin ──> low .. high, few bins
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdr.psd import MIN_FFT, PowerSpectrum, fft_length
from sdr.source.layout import Layout
from sdr.types import SampleFormat

MAX_SAMPLES = 24_000_000
"""Of a longer stretch as much is taken evenly out of it: 0.4 s of one core."""
FLOOR_DB = -200.0
"""Of bins in which there is nothing at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Densities in dBFS/Hz, lowest frequency first."""

    low_hz: float
    """Lower edge of the first bin."""
    bin_hz: float
    mean: NDArray[np.float64]
    max: NDArray[np.float64]
    """Strongest row of each bin; where bins were joined, of the strongest of them."""


def read_moment(
    layout: Layout, t0_s: float, t1_s: float, low_hz: float, high_hz: float, n_bins: int = 512
) -> Moment:
    """The moment between two instants (from the first sample) and two frequencies (absolute).

    Raises
    ------
    ValueError
        If the recording does not say its rate and frequency, or holds nothing of what is asked.
    OSError
        If it cannot be read.
    """
    rate_hz, center_hz = layout.rate_hz, layout.captures[0].center_hz
    if rate_hz is None or center_hz is None:
        raise ValueError("the recording does not say its rate and frequency")
    rate_hz, center_hz = layout.packing.spectrum(rate_hz, center_hz)
    n_there = layout.n_samples
    first = int(np.clip(t0_s * rate_hz, 0, n_there))
    last = int(np.clip(np.ceil(t1_s * rate_hz), 0, n_there))
    if last - first < MIN_FFT:
        raise ValueError("the recording holds nothing of that time")
    mapped = np.memmap(layout.path, np.uint8, "r")
    raw = layout.packing.unpack(layout.packing.map(mapped, layout.first_byte, n_there), first, last)
    mean, top, bin_hz = _densities(raw, layout.format, rate_hz)
    bottom_hz = center_hz - rate_hz / 2
    begin = int(np.clip(np.floor((low_hz - bottom_hz) / bin_hz), 0, len(mean)))
    end = int(np.clip(np.ceil((high_hz - bottom_hz) / bin_hz), 0, len(mean)))
    if end <= begin:
        raise ValueError("the recording holds nothing of that band")
    group = max(1, -(-(end - begin) // n_bins))
    edges = np.arange(begin, end, group)
    sizes = np.diff(np.append(edges, end))
    return Moment(
        low_hz=bottom_hz + begin * bin_hz,
        bin_hz=bin_hz * group,
        mean=_db(np.add.reduceat(mean[:end], edges) / sizes),
        max=_db(np.maximum.reduceat(top[:end], edges)),
    )


def _densities(
    raw: NDArray[np.generic], sample_format: SampleFormat, rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    n_fft = min(fft_length(rate_hz), 1 << (len(raw).bit_length() - 1))
    spectrum = PowerSpectrum(sample_format, n_fft)
    spectrum.remove_dc(raw[: spectrum.samples_per_block * 8])
    step = spectrum.samples_per_block
    every = max(1, -(-len(raw) // MAX_SAMPLES))
    for at in range(0, len(raw), step * every):
        spectrum.transform(np.ascontiguousarray(raw[at : at + step]))
    mean, top, _ = spectrum.take_hold()
    bin_hz = rate_hz / n_fft
    return mean.astype(np.float64) / bin_hz, top.astype(np.float64) / bin_hz, bin_hz


def _db(density: NDArray[np.float64]) -> NDArray[np.float64]:
    return 10 * np.log10(np.maximum(density, 10 ** (FLOOR_DB / 10)))
