"""How much of the power leaves the carrier, moment by moment.

A bare carrier keeps all of its power in one line. Speech on FM throws most of it out of the line in each
syllable and takes it back in each pause, while the whole stays what it is; speech on AM leaves at least two
thirds in the line and adds to it. Frames of 32 ms tell the line's share to a few hundredths even where the
noise in the channel is as strong as the signal, so this speaks where no demodulator does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdr.clip import Clip, rotate
from sdr.noise import freedom
from sdr.smooth import quantile

FRAME_S = 0.032
CORES_HZ = (300.0, 700.0)
"""Half-widths of what counts as the line: a cheap oscillator's wander, and a sub-audible tone (CTCSS swings
by 500 Hz at 250 Hz and less, TIA-603)."""
CHANNEL_HZ = 10_000.0
"""Holds speech on FM in a 12.5 kHz channel."""
LEAST_HALF_HZ = 2_500.0
MIN_FRAMES = 8
LOUD_SHARE = 0.4
"""Frames weaker than this share of the loudest tenth are fades and pauses: what is in them is noise."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Share of the power outside of the line, over frames; 0 for a bare carrier."""

    high: float
    low: float
    """Nine tenths and one tenth of the frames lie under these."""
    error: float
    """Standard deviation that the noise gives the share of one frame."""
    lift: float
    """Power of the frames with a large share over that of those with a small one: 1 for FM."""
    n_swings: int
    """Times that the share passed from one side of its middle to the other."""


def spreads(clip: Clip, center_hz: float, bandwidth_hz: float, density: float) -> tuple[Spread, ...]:
    """One for each of `CORES_HZ`; none where the clip is too short or too narrow.

    Parameters
    ----------
    center_hz, bandwidth_hz : of the emission, from the clip's 0 Hz
    density : noise power per hertz
    """
    size = int(FRAME_S * clip.rate_hz)
    half_hz = min(max(CHANNEL_HZ, 1.2 * bandwidth_hz), clip.usable_hz - 2 * abs(center_hz)) / 2
    if len(clip.iq) < (MIN_FRAMES + 1) * size // 2 or half_hz < LEAST_HALF_HZ:
        return ()
    iq = clip.iq.copy()
    rotate(iq, -center_hz, clip.rate_hz)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(iq, size)[:: size // 2] * window
    bins = np.fft.fftshift(np.fft.fft(frames, axis=1), axes=1)
    power = (bins.real**2 + bins.imag**2) / (size * float(np.sum(window**2)))
    offsets = (np.arange(size) - size // 2) * (clip.rate_hz / size)
    noise = density * clip.rate_hz / size
    near = np.abs(offsets) <= 0.5 * bandwidth_hz + CORES_HZ[0]
    line_hz = float(offsets[near][np.argmax(power[:, near].mean(axis=0))])
    inside = np.abs(offsets - line_hz) <= half_hz
    total = power[:, inside].sum(axis=1) - noise * inside.sum()
    return tuple(
        found
        for core_hz in CORES_HZ
        if (found := _spread(power, total, np.abs(offsets - line_hz) <= core_hz, inside, noise)) is not None
    )


def _spread(
    power: NDArray[np.floating],
    total: NDArray[np.floating],
    core: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    noise: float,
) -> Spread | None:
    n_outside = int(np.count_nonzero(inside & ~core))
    if not n_outside:
        return None
    loud = total > LOUD_SHARE * quantile(total, 0.9)
    if quantile(total, 0.9) <= 0 or np.count_nonzero(loud) < MIN_FRAMES:
        return None
    outside = power[:, inside & ~core].sum(axis=1) - noise * n_outside
    share = outside[loud] / total[loud]
    high, low = quantile(share, 0.9), quantile(share, 0.1)
    middle = (high + low) / 2
    is_high = share > middle
    typical = float(np.median(total[loud]))
    return Spread(
        high=high,
        low=low,
        error=noise * n_outside / math.sqrt(freedom(n_outside)) / typical,
        lift=float(total[loud][is_high].mean() / total[loud][~is_high].mean())
        if 0 < is_high.sum() < len(share)
        else 1.0,
        n_swings=_swings(share, middle, 0.15 * (high - low)),
    )


def _swings(share: NDArray[np.floating], middle: float, margin: float) -> int:
    sides = np.where(share > middle + margin, 1, np.where(share < middle - margin, -1, 0))
    told = sides[sides != 0]
    return int(np.count_nonzero(np.diff(told)))
