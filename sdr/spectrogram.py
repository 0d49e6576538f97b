"""A moment of the band as a picture: time from left to right, frequency from bottom to top.

Every column holds the maximum of all spectra that fall into it, so that a burst shorter than a
column still shows. The scale runs from the noise floor to the peak. There are no axes inside:
who shows the picture draws them from the window that comes with it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdr.clip import Clip, extract, is_smooth
from sdr.types import SampleFormat

WIDTH = 900
HEIGHT = 360

MIN_RANGE_DB = 25.0
"""A picture of noise alone must not be stretched until it looks like signals."""

MAX_RANGE_DB = 60.0
"""More than an eight-bit receiver can show."""

_INFERNO = (
    (0, 0, 4),
    (27, 12, 66),
    (75, 12, 107),
    (120, 28, 109),
    (165, 44, 96),
    (207, 68, 70),
    (237, 105, 37),
    (251, 154, 6),
    (247, 208, 60),
    (252, 255, 164),
)
"""Ten steps of matplotlib's "inferno" (S. van der Walt, N. Smith; CC0): even in perceived lightness."""

_FRAMES_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """A PNG and what it shows. ``t0_s`` counts from the first sample given, frequencies are absolute."""

    png: bytes
    t0_s: float
    t1_s: float
    low_hz: float
    high_hz: float


def palette() -> NDArray[np.uint8]:
    """Shape (256, 3): the ten steps joined by straight lines."""
    steps = np.linspace(0, 255, len(_INFERNO))
    table = np.asarray(_INFERNO, dtype=np.float64)
    channels = [np.interp(np.arange(256), steps, table[:, channel]) for channel in range(3)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def _next_smooth(value: int) -> int:
    while not is_smooth(value):
        value += 1
    return value


def power_picture(clip: Clip, n_columns: int, n_rows: int) -> NDArray[np.float32]:
    """Shape (n_rows, n_columns), dB, row 0 the lowest frequency, only the clip's flat part.

    Each column is the maximum over the spectra centred in it, at half overlap or denser.
    """
    n_fft = max(n_rows, _next_smooth(round(n_rows * clip.rate_hz / clip.usable_hz)))
    half = n_fft // 2
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    window /= np.sqrt(np.sum(window**2))
    padded = np.concatenate([np.zeros(half, np.complex64), clip.iq, np.zeros(n_fft, np.complex64)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)
    n = max(1, len(clip.iq))
    hop = max(1.0, min(half, n / n_columns))
    starts = np.unique(np.minimum((np.arange(int(np.ceil(n / hop))) * hop).astype(np.int64), n - 1))
    columns = np.minimum(starts * n_columns // n, n_columns - 1)
    best = np.zeros((n_columns, n_rows), dtype=np.float32)
    skip = (n_fft - n_rows) // 2
    for at in range(0, len(starts), _FRAMES_AT_ONCE):
        chosen = starts[at : at + _FRAMES_AT_ONCE]
        spectra = np.fft.fft(frames[chosen] * window, axis=1)
        power = np.fft.fftshift(np.abs(spectra) ** 2, axes=1)[:, skip : skip + n_rows]
        np.maximum.at(best, columns[at : at + _FRAMES_AT_ONCE], power.astype(np.float32))
    _fill_empty(best, columns)
    return (10 * np.log10(np.maximum(best, 1e-14))).T


def _fill_empty(best: NDArray[np.float32], columns: NDArray[np.int64]) -> None:
    """A recording of fewer samples than columns leaves some empty: they repeat their left neighbour."""
    filled = np.zeros(len(best), np.bool_)
    filled[columns] = True
    if not filled.all():
        left = np.maximum.accumulate(np.where(filled, np.arange(len(best)), 0))
        best[:] = best[left]


def to_png(picture_db: NDArray[np.float32]) -> bytes:
    """Colour `picture_db` (row 0 the lowest frequency) from its noise floor to its peak."""
    # the median of all cells is noise unless most of the picture is signal; then the dark rows tell
    floor = min(float(np.median(picture_db)), float(np.percentile(picture_db, 20)) + 3.0)
    peak = float(picture_db.max())
    top = floor + min(max(peak - floor, MIN_RANGE_DB), MAX_RANGE_DB)
    scaled = np.clip((picture_db - floor) / (top - floor), 0.0, 1.0)
    image = Image.fromarray(np.round(scaled[::-1] * 255).astype(np.uint8), mode="L")
    image.putpalette(palette().tobytes())
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def render(
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    center_hz: float,
    *,
    low_hz: float | None = None,
    high_hz: float | None = None,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Spectrogram:
    """Draw all of `iq` in time, and from `low_hz` to `high_hz` (absolute) or the whole band in frequency.

    The window returned may be a little wider than what was asked for, never beyond the band.
    """
    bottom = center_hz - rate_hz / 2 if low_hz is None else max(low_hz, center_hz - rate_hz / 2)
    top = center_hz + rate_hz / 2 if high_hz is None else min(high_hz, center_hz + rate_hz / 2)
    span = max(top - bottom, rate_hz * 1e-4)
    if span > 0.5 * rate_hz:
        bottom, top = center_hz - rate_hz / 2, center_hz + rate_hz / 2
        clip = extract(iq, sample_format, rate_hz, 0.0, rate_hz)
    else:
        # the clip's flat part is twice the bandwidth asked for
        clip = extract(iq, sample_format, rate_hz, (bottom + top) / 2 - center_hz, span / 2)
        middle = center_hz + clip.offset_hz
        shown = min(clip.usable_hz, clip.rate_hz)
        bottom, top = middle - shown / 2, middle + shown / 2
    picture = power_picture(clip, width, height)
    return Spectrogram(to_png(picture), 0.0, len(iq) / rate_hz, bottom, top)
