"""One emission cut out of the band: shifted to zero, filtered, at a rate of its own.

    raw (n, 2) --FFT--> shift by whole bins --band-pass, fold--> IFFT at rate / M --rest of the shift--> Clip

The spectrum is shifted, filtered and decimated in one overlap-save step (Borgerding,
"Turning overlap-save into a multiband mixing, downsampling filter bank", IEEE Signal
Processing Magazine, 2006), block by block: memory does not grow with the recording
beyond the clip itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr import fourier
from sdr.smooth import band_pass, boxes, boxes_response
from sdr.types import SampleFormat

OVERSAMPLING = 2.5
"""Least clip rate in bandwidths: room for a detector's estimate that is too narrow by half."""

MIN_RATE_HZ = 8000.0
"""A bare carrier still gets 1/8 ms of time resolution, and speech its 3.4 kHz."""

PASS_FRACTION = 0.8
"""Share of the clip's rate that the filter leaves flat; the rest is its slope."""

STOPBAND_DB = 70.0
"""Beyond the 50 dB that eight bits can show next to each other."""

_TAPS_PER_DECIMATION = 22
"""Kaiser's formula for 70 dB over a slope of 0.2 output rates: (70 - 8) / (2.285 * 2 pi * 0.2)."""

_NOISE_FRACTION = 0.9586
"""The filter's equivalent noise bandwidth in output rates: M * sum(h^2), for every M alike."""

_FFT_SAMPLES = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Complex baseband around one emission. ``|iq| == 1`` is full scale (0 dBFS)."""

    iq: NDArray[np.complex64]
    rate_hz: float
    offset_hz: float
    """Where 0 Hz of the clip lies in the recording, relative to the recording's centre."""
    bandwidth_hz: float
    """The bandwidth that was asked for."""
    usable_hz: float
    """Width around 0 Hz that the filter left flat."""
    noise_hz: float
    """Equivalent noise bandwidth: white noise of density d has power ``d * noise_hz`` here."""

    @property
    def duration_s(self) -> float:
        return len(self.iq) / self.rate_hz


def to_complex(iq: NDArray[Any], sample_format: SampleFormat) -> NDArray[np.complex64]:
    """Raw pairs of shape (n, 2) as complex64 with full scale 1."""
    pairs = np.asarray(iq).astype(np.float32)
    if sample_format.offset:
        pairs -= np.float32(sample_format.offset)
    if sample_format.full_scale != 1.0:
        pairs *= np.float32(1.0 / sample_format.full_scale)
    return np.ascontiguousarray(pairs).view(np.complex64)[:, 0]


def is_smooth(value: int) -> bool:
    """No prime factor over 5: such FFT lengths are fast."""
    for factor in (2, 3, 5):
        while value % factor == 0:
            value //= factor
    return value == 1


def _smooth_floor(limit: float) -> int:
    value = max(1, int(limit))
    while not is_smooth(value):
        value -= 1
    return value


def _low_pass(decimation: int) -> NDArray[np.float64]:
    """Odd-length windowed sinc, half the output rate wide, unity at 0 Hz."""
    half = _TAPS_PER_DECIMATION * decimation // 2
    # Kaiser's window for more than 50 dB (Oppenheim and Schafer, Discrete-Time Signal Processing)
    window = np.kaiser(2 * half + 1, 0.1102 * (STOPBAND_DB - 8.7))
    taps = np.sinc(np.arange(-half, half + 1) / decimation) * window
    return taps / taps.sum()


def _blocks(
    iq: NDArray[Any], sample_format: SampleFormat, first: int, size: int, step: int, n_blocks: int
) -> Iterator[NDArray[np.complex64]]:
    for index in range(n_blocks):
        start = first + index * step
        low, high = max(0, start), min(len(iq), start + size)
        block = np.zeros(size, dtype=np.complex64)
        if high > low:
            block[low - start : high - start] = to_complex(iq[low:high], sample_format)
        yield block


@lru_cache(maxsize=32)
def _response(decimation: int, n_bins_out: int, first_decimation: int) -> NDArray[np.float32]:
    """The low-pass over two output rates (beyond them it is closed), and the first stage's droop undone."""
    taps = _low_pass(decimation)
    half = len(taps) // 2
    centred = np.zeros(n_bins_out * decimation)
    centred[: half + 1] = taps[half:]
    centred[-half:] = taps[:half]
    full = np.fft.rfft(centred).real
    both = np.concatenate([full[n_bins_out:0:-1], full[:n_bins_out]]) / decimation
    if first_decimation > 1:
        at = np.arange(-n_bins_out, n_bins_out) / (n_bins_out * decimation)
        both /= boxes_response(first_decimation, at)
    return both.astype(np.float32)


def _first_stage(decimation: int) -> int:
    """The largest divisor that leaves a decimation by 4 to the second stage: 76 dB over what is kept flat."""
    return max(d for d in range(1, max(2, decimation // 4 + 1)) if decimation % d == 0)


def _shifted(
    iq: NDArray[Any], sample_format: SampleFormat, rate_hz: float, offset_hz: float, decimation: int
) -> NDArray[np.float32]:
    """Pairs at ``rate_hz / decimation`` with `offset_hz` moved to 0 Hz, read from the raw samples directly.

    The shift is in the taps, and what it leaves out in the few samples that come out.
    """
    taps = boxes(decimation) / sample_format.full_scale
    half = len(taps) // 2
    turned = taps * np.exp(-2j * np.pi * offset_hz / rate_hz * np.arange(-half, half + 1))
    taps_i = np.stack([turned.real, -turned.imag], axis=1).ravel().astype(np.float32)
    taps_q = np.stack([turned.imag, turned.real], axis=1).ravel().astype(np.float32)
    out = np.empty((-(-len(iq) // decimation), 2), np.float32)
    raw = np.ascontiguousarray(iq).reshape(-1)
    band_pass(raw, np.float32(sample_format.offset), decimation, taps_i, taps_q, out)
    rotate(out.view(np.complex64)[:, 0], -offset_hz, rate_hz / decimation)
    return out


def extract(
    iq: NDArray[Any], sample_format: SampleFormat, rate_hz: float, offset_hz: float, bandwidth_hz: float
) -> Clip:
    """Cut the emission at `offset_hz` out of a recording.

    Parameters
    ----------
    iq : shape (n, 2), in `sample_format`
    rate_hz : of the recording
    offset_hz : centre of the emission relative to the recording's centre
    bandwidth_hz : rough bandwidth of the emission

    Returns
    -------
    Clip
        At ``rate_hz / M`` for a whole M, at least 2.5 bandwidths and 8 kS/s where the
        recording has that many. Sample 0 is sample 0 of the recording: the filter's delay is removed.
    """
    wanted_hz = max(OVERSAMPLING * bandwidth_hz, MIN_RATE_HZ)
    decimation = _smooth_floor(rate_hz / wanted_hz)
    n_out = -(-len(iq) // decimation)
    out_rate_hz = rate_hz / decimation
    if n_out == 0:
        return Clip(np.empty(0, np.complex64), out_rate_hz, offset_hz, bandwidth_hz, out_rate_hz, out_rate_hz)

    first = _first_stage(decimation)
    shift_hz = offset_hz
    if first > 1:
        iq = _shifted(iq, sample_format, rate_hz, offset_hz, first)
        sample_format, rate_hz, decimation, shift_hz = (
            SampleFormat.CF32,
            rate_hz / first,
            decimation // first,
            0.0,
        )
    out = _folded(iq, sample_format, rate_hz, shift_hz, decimation, n_out, first)
    if decimation == 1:
        return Clip(out, out_rate_hz, offset_hz, bandwidth_hz, rate_hz, rate_hz)
    usable, noise = PASS_FRACTION * out_rate_hz, _NOISE_FRACTION * out_rate_hz
    return Clip(out, out_rate_hz, offset_hz, bandwidth_hz, usable, noise)


def _folded(
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    offset_hz: float,
    decimation: int,
    n_out: int,
    first_decimation: int,
) -> NDArray[np.complex64]:
    """Shift, filter and decimate in blocks of one FFT each."""
    half_overlap = _TAPS_PER_DECIMATION // 2 + 1
    most = min(_FFT_SAMPLES // decimation, n_out + 2 * half_overlap)
    n_bins_out = max(128, 1 << max(0, (most - 1).bit_length()))
    size = n_bins_out * decimation
    n_new = n_bins_out - 2 * half_overlap
    shift_bins = round(offset_hz * size / rate_hz)
    step = n_new * decimation
    response = _response(decimation, n_bins_out, first_decimation) if decimation > 1 else None
    out = np.empty(n_out, dtype=np.complex64)
    n_blocks = -(-n_out // n_new)
    for index, block in enumerate(
        _blocks(iq, sample_format, -half_overlap * decimation, size, step, n_blocks)
    ):
        spectrum = fourier.forward(block)
        if response is None:
            folded = np.roll(spectrum, -shift_bins)
        else:
            inner = _around(spectrum, shift_bins, n_bins_out) * response
            # bins -N..N of the output rate: fold both outer halves onto the inner ones
            folded = inner[n_bins_out:]
            folded += inner[:n_bins_out]
        piece = fourier.inverse(folded)[half_overlap : half_overlap + n_new]
        # a shift by whole bins restarts its phase in each block; carry it on
        start = index * step - half_overlap * decimation
        at = index * n_new
        part = out[at : at + n_new]
        turn = np.complex64(np.exp(-2j * np.pi * ((shift_bins * start) % size) / size))
        np.multiply(piece[: len(part)], turn, out=part)
    residual_hz = offset_hz - shift_bins * rate_hz / size
    if residual_hz:
        rotate(out, -residual_hz, rate_hz / decimation)
    return out


def _around(spectrum: NDArray[np.complex64], middle: int, half: int) -> NDArray[np.complex64]:
    """Bins `middle` - `half` to `middle` + `half` of a spectrum that goes on beyond its ends."""
    size = len(spectrum)
    start = (middle - half) % size
    if start + 2 * half <= size:
        return spectrum[start : start + 2 * half]
    return np.concatenate([spectrum[start:], spectrum[: start + 2 * half - size]])


def rotate(iq: NDArray[np.complex64], shift_hz: float, rate_hz: float) -> None:
    """Move the whole spectrum by `shift_hz`, in place, with the phase kept in double precision."""
    block = 1 << 15
    ramp = np.exp(2j * np.pi * shift_hz / rate_hz * np.arange(min(block, len(iq)))).astype(np.complex64)
    for start in range(0, len(iq), block):
        part = iq[start : start + block]
        part *= ramp[: len(part)]
        part *= np.complex64(np.exp(2j * np.pi * ((shift_hz / rate_hz * start) % 1.0)))


def narrow(clip: Clip, offset_hz: float, bandwidth_hz: float) -> Clip:
    """A narrower clip out of a clip; `offset_hz` counts from the clip's own 0 Hz."""
    raw = np.ascontiguousarray(clip.iq).view(np.float32).reshape(-1, 2)
    inner = extract(raw, SampleFormat.CF32, clip.rate_hz, offset_hz, bandwidth_hz)
    left_hz = max(0.0, clip.usable_hz - 2 * abs(offset_hz))
    return replace(
        inner,
        offset_hz=clip.offset_hz + offset_hz,
        usable_hz=min(inner.usable_hz, left_hz),
        noise_hz=min(inner.noise_hz, clip.noise_hz),
    )
