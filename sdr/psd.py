"""Bytes to power rows: the FFT core. Pure; no allocation once it is built.

    raw I/Q bytes ──(u8 -> float, minus DC, times window)──> FFT ──|X|²──> power rows
     (rows·N, 2)                 one pass                   FFTW   one pass, with mean and max hold

A row holds the power of N samples in N bins, lowest frequency first: the window carries the
factor (-1)^n that turns the transform round by half, so nothing is shifted afterwards. Rows are scaled
so that the bins of a row add up to the mean of |x|² with 1.0 at full scale (Parseval).
Work goes through blocks small enough for the second-level cache.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pyfftw
from numpy.typing import NDArray

from sdr.types import SampleFormat

F32 = NDArray[np.float32]

BIN_HZ = 600.0
"""Bins of about this width: a tenth of the narrowest channel (6.25 kHz), rows of about 1.7 ms."""
MIN_FFT, MAX_FFT = 64, 8192
BLOCK_SAMPLES = 32768
"""Samples transformed at a time: 256 KiB in, 256 KiB out, inside a 1 MiB second-level cache."""


def fft_length(rate_hz: float) -> int:
    """The power of two that makes bins of about `BIN_HZ` at `rate_hz`."""
    exponent = round(math.log2(max(rate_hz, 1.0) / BIN_HZ))
    return int(np.clip(2**exponent, MIN_FFT, MAX_FFT))


def hann(n: int) -> F32:
    """The periodic Hann window: sidelobes fall by 18 dB an octave, which lets weak neighbours show."""
    k = np.arange(n)
    return (0.5 - 0.5 * np.cos(2 * np.pi * k / n)).astype(np.float32)


# Both passes take two rows at a time: window, bias, sum and maximum are then read and written half as often.


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _window_into(raw: Any, window: F32, bias: F32, out: F32) -> None:
    """out = raw * window - bias, each row; `bias` is the DC times the window."""
    n_rows, n_values = out.shape
    for r in range(0, n_rows - 1, 2):
        for k in range(n_values):
            w, b = window[k], bias[k]
            out[r, k] = np.float32(raw[r, k]) * w - b
            out[r + 1, k] = np.float32(raw[r + 1, k]) * w - b
    if n_rows % 2:
        for k in range(n_values):
            out[n_rows - 1, k] = np.float32(raw[n_rows - 1, k]) * window[k] - bias[k]


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _power_into(spectrum: Any, out: F32, total: F32, peak: F32) -> complex:
    """out = |spectrum|², its sum over rows added to `total`, its maximum kept in `peak`.

    Returns the sum of the middle bins, from which DC is told.
    """
    n_rows, n_bins = out.shape
    middle = 0j
    for r in range(0, n_rows - 1, 2):
        for k in range(n_bins):
            a, b = spectrum[r, k], spectrum[r + 1, k]
            p = a.real * a.real + a.imag * a.imag
            q = b.real * b.real + b.imag * b.imag
            out[r, k] = p
            out[r + 1, k] = q
            total[k] += p + q
            top = p if p > q else q
            peak[k] = peak[k] if peak[k] > top else top
        middle += spectrum[r, n_bins // 2] + spectrum[r + 1, n_bins // 2]
    if n_rows % 2:
        for k in range(n_bins):
            a = spectrum[n_rows - 1, k]
            p = a.real * a.real + a.imag * a.imag
            out[n_rows - 1, k] = p
            total[k] += p
            peak[k] = peak[k] if peak[k] > p else p
        middle += spectrum[n_rows - 1, n_bins // 2]
    return middle


class PowerSpectrum:
    """A reusable plan for one format, rate and length.

    Parameters
    ----------
    format : SampleFormat
        How raw samples lie in memory.
    n_fft : int
        Bins of a row, and samples that go into it.
    rows_per_block : int, optional
        Rows transformed at a time.
    """

    def __init__(self, format: SampleFormat, n_fft: int, *, rows_per_block: int | None = None) -> None:
        self.format = format
        self.n_fft = n_fft
        self.rows_per_block = rows_per_block or max(1, BLOCK_SAMPLES // n_fft)
        rows = self.rows_per_block
        self._time: NDArray[np.complex64] = pyfftw.empty_aligned((rows, n_fft), dtype="complex64")
        self._freq: NDArray[np.complex64] = pyfftw.empty_aligned((rows, n_fft), dtype="complex64")
        self._time[:] = 0
        self._plan: Any = pyfftw.FFTW(self._time, self._freq, axes=(1,), flags=("FFTW_MEASURE",), threads=1)
        self._time_f32: F32 = self._time.view(np.float32)

        window = hann(n_fft)
        self.window = window
        # Scaled once here, so that no row needs a division: see the module's last sentence but one.
        scale = 1.0 / (format.full_scale * math.sqrt(n_fft * float(np.sum(window.astype(np.float64) ** 2))))
        turned = window * np.where(np.arange(n_fft) % 2, -1.0, 1.0) * scale
        self._window2 = np.repeat(turned.astype(np.float32), 2)

        self._gain = scale * float(np.sum(window.astype(np.float64)))
        self._dc, self._n_dc = 0j, 0
        self._bias: F32 = np.empty_like(self._window2)
        self._set_offset(np.array([format.offset, format.offset]))
        self.power: F32 = np.empty((rows, n_fft), dtype=np.float32)
        self.total: F32 = np.zeros(n_fft, dtype=np.float32)
        self.peak: F32 = np.zeros(n_fft, dtype=np.float32)
        self.n_rows = 0

    @property
    def samples_per_block(self) -> int:
        return self.rows_per_block * self.n_fft

    def transform(self, raw: NDArray[Any]) -> F32:
        """Power rows of up to `rows_per_block` whole rows.

        Parameters
        ----------
        raw : array, shape (n, 2)
            Raw samples; a rest shorter than a row is not used.

        Returns
        -------
        array of float32, shape (n // n_fft, n_fft)
            A view that the next call overwrites. Linear, full scale 1.0.
        """
        rows = min(raw.shape[0] // self.n_fft, self.rows_per_block)
        power = self.power[:rows]
        if rows == 0:
            return power
        source = raw[: rows * self.n_fft].reshape(rows, 2 * self.n_fft)
        _window_into(source, self._window2, self._bias, self._time_f32[:rows])
        if rows < self.rows_per_block:
            self._time[rows:] = 0
        self._plan.execute()
        self._dc += _power_into(self._freq, power, self.total, self.peak)
        self._n_dc += rows
        self.n_rows += rows
        return power

    def take_hold(self) -> tuple[F32, F32, int]:
        """Mean and maximum of all rows since the last call, and their number; starts anew."""
        n = self.n_rows
        mean = self.total / np.float32(max(n, 1))
        peak = self.peak.copy()
        self.total[:] = 0
        self.peak[:] = 0
        self.n_rows = 0
        return mean, peak, n

    @property
    def dc(self) -> complex:
        """The receiver's DC that is taken out, with 1 at full scale."""
        i, q = (self._offset - self.format.offset) / self.format.full_scale
        return complex(float(i), float(q))

    def remove_dc(self, raw: NDArray[Any]) -> None:
        """Take the mean of `raw`, shape (n, 2), as the receiver's DC from now on."""
        if raw.shape[0]:
            self._set_offset(raw.mean(axis=0, dtype=np.float64))

    def refine_dc(self) -> None:
        """Take out what DC was left in all rows since the last call: the mean of their middle bins.

        Over some seconds of rows only what lies within a hertz of the centre is taken for DC.
        """
        if self._n_dc == 0:
            return
        left = self._dc / (self._n_dc * self._gain)
        self._set_offset(self._offset + np.array([left.real, left.imag]))
        self._dc, self._n_dc = 0j, 0

    def _set_offset(self, offset: NDArray[np.float64]) -> None:
        """Subtract `offset` (I, Q in raw units): the format's zero and the receiver's DC at once."""
        self._offset = offset
        np.multiply(self._window2, np.tile(offset, self.n_fft).astype(np.float32), out=self._bias)
