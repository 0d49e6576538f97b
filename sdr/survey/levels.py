"""Levels by bin and hour: blocks of samples in, percentiles out, in bounded memory.

    Block ──psd──> mean spectrum of a frame ──> bins of 12.5 kHz ──> a histogram for each bin and hour
                                └─ noise floor by the 80 % method

A histogram has one step a decibel, so a percentile is right within half of one; 1 MHz costs 45 kB an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv

from sdr.plan import USABLE_SHARE
from sdr.psd import PowerSpectrum, fft_length
from sdr.survey.template import BIN_HZ, PERCENTILES, HourLevels, Stretch
from sdr.types import Block, SampleFormat

F64 = NDArray[np.float64]

FRAME_S = 0.1
"""Levels are means over this long: shorter bursts count by their share of it."""
LOWEST_DBFS, HIGHEST_DBFS = -140, 3
OCCUPIED_DB = 5.0
"""Over the floor; ITU-R SM.1880 asks for 3 to 5 dB at least."""
QUIET_SHARE = 0.2
"""ITU-R SM.1753: drop the highest 80 %, average the rest."""
FLAT_SHARE = 0.96
"""Of a passband that the receiver does not leave; what lies beyond is the filter's skirt."""


@cache
def _quiet_bias(n_rows: int) -> float:
    """Mean of the lowest fifth of noise bins averaged over `n_rows`, in units of the true mean."""
    edge = float(gammaincinv(n_rows, QUIET_SHARE))
    return float(gammainc(n_rows + 1, edge)) / QUIET_SHARE


def quiet_floor(spectrum: NDArray[Any], n_rows: int) -> float:
    """Noise power a bin by the 80 % method, shape (n_bins,) -> linear.

    Picking the lowest of bins that scatter reads low; that bias (0.9 dB for 60 rows) is taken out.
    """
    lowest = np.sort(np.asarray(spectrum, dtype=np.float64))[: max(1, round(QUIET_SHARE * spectrum.size))]
    return float(lowest.mean()) / _quiet_bias(max(1, n_rows))


class _Hour:
    """What one hour of the day has shown of one hop's bins."""

    def __init__(self, n_bins: int) -> None:
        self.counts = np.zeros((n_bins, HIGHEST_DBFS - LOWEST_DBFS), dtype=np.uint32)
        self.highest = np.full(n_bins, float(LOWEST_DBFS))
        self.n_occupied = np.zeros(n_bins, dtype=np.uint32)
        self.n_frames = 0
        self.floor_sum_db = 0.0

    def add(self, level_db: F64, floor_dbfs_hz: float, bin_hz: float) -> None:
        steps = np.clip(level_db - LOWEST_DBFS, 0, self.counts.shape[1] - 1).astype(np.intp)
        self.counts[np.arange(steps.size), steps] += 1
        np.maximum(self.highest, level_db, out=self.highest)
        self.n_occupied += level_db >= floor_dbfs_hz + 10 * np.log10(bin_hz) + OCCUPIED_DB
        self.n_frames += 1
        self.floor_sum_db += floor_dbfs_hz

    def percentile(self, percent: float) -> F64:
        """Interpolated inside the decibel that it falls into."""
        below = np.cumsum(self.counts, axis=1)
        goal = percent / 100 * self.n_frames
        step = np.argmax(below >= max(goal, 1e-9), axis=1)
        row = np.arange(step.size)
        inside = self.counts[row, step]
        before = below[row, step] - inside
        share = (goal - before) / np.maximum(inside, 1)
        return LOWEST_DBFS + step + np.clip(share, 0.0, 1.0)


class _Passband:
    """The bins of one hop and which FFT bins each is made of."""

    def __init__(
        self, center_hz: float, rate_hz: float, n_fft: int, bands: Sequence[tuple[float, float]], share: float
    ) -> None:
        fft_hz = rate_hz / n_fft
        self.fft_hz = fft_hz
        frequency = center_hz + (np.arange(n_fft) - n_fft // 2) * fft_hz
        inside = np.abs(frequency - center_hz) <= share * rate_hz / 2
        self.flat = np.abs(frequency - center_hz) <= USABLE_SHARE * rate_hz / 2
        if bands:
            wanted = np.zeros(n_fft, dtype=bool)
            for low, high in bands:
                wanted |= (frequency >= low) & (frequency <= high)
            inside &= wanted
        self.fft_bins = np.flatnonzero(inside)
        number = np.round(frequency[inside] / BIN_HZ).astype(np.int64)
        self.bins, self.where = np.unique(number, return_inverse=True)
        self.n_each = np.bincount(self.where, minlength=self.bins.size).astype(np.float64)
        self.hours: dict[int, _Hour] = {}

    def levels(self, spectrum: NDArray[Any]) -> F64:
        """dBFS in each bin; a bin at the edge is scaled up to its whole width."""
        power = np.bincount(self.where, weights=spectrum[self.fft_bins], minlength=self.bins.size)
        return 10 * np.log10(np.maximum(power * BIN_HZ / (self.n_each * self.fft_hz), 1e-14))


class LevelKeeper:
    """Takes blocks of any hops of one source.

    Parameters
    ----------
    bands : sequence of (low, high), Hz
        What is to be kept; empty means everything heard.
    sweeping : bool
        Keep only the flat part of each passband, as hops overlap there.
    """

    def __init__(
        self,
        format: SampleFormat,
        rate_hz: float,
        bands: Sequence[tuple[float, float]] = (),
        *,
        sweeping: bool = False,
    ) -> None:
        self._rate_hz = rate_hz
        self._n_fft = fft_length(rate_hz)
        self._psd = PowerSpectrum(format, self._n_fft)
        self._bands = tuple(bands)
        # Hops overlap by at least two bins, so that none falls between two of them.
        self._share = USABLE_SHARE + 4 * BIN_HZ / rate_hz if sweeping else FLAT_SHARE
        self._passbands: dict[float, _Passband] = {}
        self.seconds = 0.0

    def push(self, block: Block) -> None:
        """Count `block`, which one `Hop` filled, by the hour in which it began."""
        iq = block.iq
        n = iq.shape[0]
        passband = self._passband(block.hop.center_hz)
        per_frame = max(self._n_fft, round(FRAME_S * self._rate_hz))
        n_frames = max(1, round(n / per_frame))
        self._psd.remove_dc(iq)
        for piece in np.array_split(np.arange(n), n_frames) if n_frames > 1 else [np.arange(n)]:
            self._frame(iq[int(piece[0]) : int(piece[-1]) + 1], passband, block.started_at.hour)
        self.seconds += n / self._rate_hz

    def stretches(self) -> list[Stretch]:
        """What was kept, hops joined where they touch, lowest frequency first."""
        found: list[Stretch] = []
        for center_hz in sorted(self._passbands):
            passband = self._passbands[center_hz]
            if not passband.bins.size or not passband.hours:
                continue
            # Bins that a lower hop has already: its own say is enough.
            first = found[-1].first_bin + found[-1].n_bins if found else int(passband.bins[0])
            runs = np.split(passband.bins, np.flatnonzero(np.diff(passband.bins) > 1) + 1)
            for run in runs:
                kept = run[run >= first]
                if kept.size:
                    places = np.searchsorted(passband.bins, kept)
                    found.append(_stretch(passband, int(kept[0]), places))
        return found

    def _passband(self, center_hz: float) -> _Passband:
        passband = self._passbands.get(center_hz)
        if passband is None:
            passband = _Passband(center_hz, self._rate_hz, self._n_fft, self._bands, self._share)
            self._passbands[center_hz] = passband
        return passband

    def _frame(self, iq: NDArray[Any], passband: _Passband, hour: int) -> None:
        for at in range(0, iq.shape[0], self._psd.samples_per_block):
            self._psd.transform(iq[at : at + self._psd.samples_per_block])
        spectrum, _, n_rows = self._psd.take_hold()
        if n_rows == 0 or not passband.bins.size:
            return
        floor = quiet_floor(spectrum[passband.flat], n_rows)
        kept = passband.hours.setdefault(hour, _Hour(passband.bins.size))
        kept.add(passband.levels(spectrum), 10 * float(np.log10(max(floor / passband.fft_hz, 1e-20))), BIN_HZ)


def _stretch(passband: _Passband, first_bin: int, places: NDArray[Any]) -> Stretch:
    hours = [
        HourLevels(
            hour=number,
            n_frames=hour.n_frames,
            floor_dbfs_hz=round(hour.floor_sum_db / hour.n_frames, 2),
            percentiles={
                **{f"p{p}": _tenths(hour.percentile(p)[places]) for p in PERCENTILES},
                "max": _tenths(hour.highest[places]),
            },
            occupancy=[round(float(v), 4) for v in hour.n_occupied[places] / hour.n_frames],
        )
        for number, hour in sorted(passband.hours.items())
    ]
    return Stretch(first_bin, int(places.size), hours)


def _tenths(values: F64) -> list[float]:
    return [round(float(value), 1) for value in values]
