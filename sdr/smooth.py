"""Moving means, maxima and short filters along one series, compiled: the loops that many rooms share.

At the ends the outermost value is taken to go on, so that a mean near an edge is not pulled to zero.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True, error_model="numpy")
def moving_mean(values: Any, width: int) -> Any:
    """Mean of the `width` values about each, as float64; for an even `width` one more before than after."""
    n = values.shape[0]
    out = np.empty(n, np.float64)
    if n == 0:
        return out
    before = width // 2
    after = width - before - 1
    first, last = np.float64(values[0]), np.float64(values[n - 1])
    total = first * before
    for k in range(after + 1):
        total += values[k] if k < n else last
    for i in range(n):
        out[i] = total / width
        total += values[i + after + 1] if i + after + 1 < n else last
        total -= values[i - before] if i >= before else first
    return out


@numba.njit(cache=True, nogil=True, error_model="numpy")
def nth(values: Any, n: int) -> Any:
    """The `n`-th smallest of `values`, which are reordered (Hoare's selection)."""
    low, high = 0, values.shape[0] - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if n <= j:
            high = j
        elif n >= i:
            low = i
        else:
            break
    return values[n]


def quantile(values: NDArray[np.floating], share: float) -> float:
    """The value that `share` of `values` do not exceed: the nearest one, not between two."""
    return float(nth(values.copy(), round(share * (len(values) - 1))))


def moving_sum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sum of the `width` values about each; beyond the ends lie zeros."""
    n, before = len(values), width // 2
    total = np.concatenate([np.zeros(1), np.cumsum(values)])
    at = np.arange(n) - before
    return total[np.clip(at + width, 0, n)] - total[np.clip(at, 0, n)]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def near_true(mask: Any, reach: int) -> Any:
    """True where `mask` is true within `reach` places."""
    n = mask.shape[0]
    out = np.zeros(n, np.bool_)
    seen = -reach - 1
    for i in range(n):
        if mask[i]:
            seen = i
        out[i] = i - seen <= reach
    seen = n + reach
    for i in range(n - 1, -1, -1):
        if mask[i]:
            seen = i
        if seen - i <= reach:
            out[i] = True
    return out


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _convolve(values: Any, taps: Any) -> Any:
    n, n_taps = values.shape[0], taps.shape[0]
    half = n_taps // 2
    out = np.empty(n, np.float32)
    for i in range(n):
        low, high = max(0, i - half), min(n, i - half + n_taps)
        part, weights = values[low:high], taps[low - i + half : high - i + half]
        total = np.float32(0.0)
        for k in range(part.shape[0]):
            total += part[k] * weights[k]
        out[i] = total
    return out


def convolve(values: NDArray[np.float32], taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """`values` filtered with symmetric `taps` of odd number, as long as `values`."""
    return _convolve(values, taps)


def low_pass(iq: NDArray[np.complex64], rate_hz: float, half_width_hz: float) -> NDArray[np.complex64]:
    """`iq` filtered with a windowed sinc of 41 taps (Hamming), -6 dB at `half_width_hz`."""
    half = 20
    at = np.arange(-half, half + 1)
    taps = np.sinc(2 * half_width_hz / rate_hz * at) * np.hamming(2 * half + 1)
    shaped = (taps / taps.sum()).astype(np.float32)
    out = np.empty(len(iq), np.complex64)
    out.real = convolve(np.ascontiguousarray(iq.real), shaped)
    out.imag = convolve(np.ascontiguousarray(iq.imag), shaped)
    return out


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def band_pass(raw: Any, offset: Any, decimation: int, taps_i: Any, taps_q: Any, out: Any) -> None:
    """Every `decimation`-th output of complex taps over interleaved pairs, into `out` of shape (m, 2).

    `offset` is the raw value of zero volts. `taps_i` and `taps_q` give the real and the imaginary part of
    the output; both are as long as twice the taps, and their middle pair meets the output's own sample.
    """
    n, length = raw.shape[0], taps_i.shape[0]
    before = length // 2 - 1
    for m in range(out.shape[0]):
        start = 2 * m * decimation - before
        low, high = max(0, -start), min(length, n - start)
        # Slices, whose places count from zero, let the compiler take many steps at once.
        part, for_i, for_q = raw[start + low : start + high], taps_i[low:high], taps_q[low:high]
        i, q = np.float32(0.0), np.float32(0.0)
        for k in range(part.shape[0]):
            value = np.float32(part[k]) - offset
            i += value * for_i[k]
            q += value * for_q[k]
        out[m, 0] = i
        out[m, 1] = q


def boxes(decimation: int) -> NDArray[np.float64]:
    """Four boxes of `decimation` convolved: nulls wherever decimating would fold something onto 0 Hz."""
    box = np.ones(decimation) / decimation
    two = np.convolve(box, box)
    return np.convolve(two, two)


def boxes_response(decimation: int, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `boxes` leaves at `frequency`, in cycles a sample after decimating."""
    top = np.sinc(frequency)
    return np.asarray((top / np.sinc(frequency / decimation)) ** 4, np.float64)
