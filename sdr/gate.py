"""When an emission is on the air: a clip's power against its noise, as bursts.

    power ──moving mean──> on above threshold ──bridge short gaps, drop specks──> edges at half power

A gap shorter than `HANG_S` belongs to the burst (the pauses of on/off keying), a longer
one ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sdr.clip import Clip
from sdr.smooth import moving_mean, near_true, quantile

HANG_S = 0.02
"""Longer than the pauses inside an on/off keyed frame (rtl_433's decoders: mostly up to 10 ms),
shorter than the empty slot of DMR (30 ms, ETSI TS 102 361-1)."""

SMOOTHING_S = 0.001
"""Five of them fit into the 5 ms by which start and end may err."""

MIN_SMOOTHING_SAMPLES = 16

LEAST_PIECES = 40
"""Pieces of which the quietest tenth is looked at."""

FALSE_ALARMS_PER_CLIP = 0.01
"""How many specks of noise may pass per clip, before short ones are dropped."""

SURE = 2.0
"""A level of twice the threshold does not fall through it by the noise's own scatter; a weaker one is
looked at with a longer mean."""

FADE = 0.01
"""What is 20 dB under the strongest millisecond does not belong to the same emission: more than speech
at 80 % depth takes off an AM carrier."""

INDEPENDENT_SHARE = 0.85
"""A clip's filter leaves 0.8 of its rate flat plus half of the slopes."""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    bursts: tuple[tuple[int, int], ...]
    """First sample and the one after the last, pauses bridged."""
    keyed: NDArray[np.bool_]
    """True where there is power, pauses told, one a sample."""
    noise_power: float
    """Mean ``|iq|^2`` of the noise in the clip."""


def noise_power(clip: Clip, noise_density: float | None) -> float:
    """Noise in the clip: from its density per hertz, or else from the quietest tenth of the clip itself."""
    return quiet_power(clip) if noise_density is None else max(noise_density * clip.noise_hz, 1e-14)


def quiet_power(clip: Clip) -> float:
    """Mean power of the clip's quietest tenth, in pieces of a millisecond or longer.

    Where a part of the clip is silent, the quietest tenth of all pieces is more than a tenth of the silent
    ones, and the correction for having chosen them is too large, the more so the shorter the pieces are: long
    pieces are tried as well, and the lower of both counts.
    """
    power = clip.iq.real**2 + clip.iq.imag**2
    window = max(MIN_SMOOTHING_SAMPLES, int(SMOOTHING_S * clip.rate_hz))
    if len(power) < 2 * window:
        return max(float(power.mean()) * 1e-2 if len(power) else 0.0, 1e-14)
    lengths = [size for size in (window, 8 * window) if size == window or len(power) >= LEAST_PIECES * size]
    return max(min(_quietest(power, size) for size in lengths), 1e-14)


def _quietest(power: NDArray[np.floating], size: int) -> float:
    means = power[: len(power) // size * size].reshape(-1, size).mean(axis=1)
    lowest = np.sort(means)[: max(1, len(means) // 10)]
    return float(lowest.mean()) / low_bias(0.1, INDEPENDENT_SHARE * size)


def low_bias(share: float, n_averaged: float) -> float:
    """Mean of the lowest `share` of averages of `n_averaged` noise powers, over their true mean.

    Wilson and Hilferty's cube-root law at the mean of a normal law's lower tail.
    """
    z = NormalDist().inv_cdf(share)
    tail = -float(np.exp(-0.5 * z * z)) / np.sqrt(2 * np.pi) / share
    k = max(n_averaged, 1.0)
    return max(float((1 - 1 / (9 * k) + tail / (3 * np.sqrt(k))) ** 3), 0.05)


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Shape (k, 2): start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)


def _bridge(runs: NDArray[np.int64], gap: int) -> NDArray[np.int64]:
    if len(runs) < 2:
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] > gap
    starts = np.concatenate([[True], apart])
    stops = np.concatenate([apart, [True]])
    return np.stack([runs[starts, 0], runs[stops, 1]], axis=1)


def _threshold(window: int, n_samples: int) -> float:
    """Over the noise's mean. Wilson and Hilferty's cube-root law for chi-square with 2 `window` degrees."""
    # a moving mean is tested about four times per window; a filtered clip has fewer independent samples
    chance = FALSE_ALARMS_PER_CLIP * window / (4.0 * max(n_samples, window))
    z = NormalDist().inv_cdf(1.0 - chance)
    dof = 2.0 * INDEPENDENT_SHARE * window
    return float((1 - 2 / (9 * dof) + z * np.sqrt(2 / (9 * dof))) ** 3)


def gate(clip: Clip, noise_density: float | None = None, *, hang_s: float = HANG_S) -> Gate:
    """Find the bursts of `clip`.

    `noise_density` is power per hertz with full scale 1; None takes it from the quiet part of the clip.
    A clip that is all signal or all noise has one burst or none. Weak emissions are looked for with
    longer means (8, then 64 ms), at the price of their edges.
    """
    n = len(clip.iq)
    floor = noise_power(clip, noise_density)
    if n == 0:
        return Gate((), np.zeros(0, np.bool_), floor)
    power = (clip.iq.real**2 + clip.iq.imag**2).astype(np.float32)
    found: list[tuple[int, int]] = []
    window = 1
    for factor in (1, 8, 64):
        longer = min(max(MIN_SMOOTHING_SAMPLES, int(SMOOTHING_S * factor * clip.rate_hz)), n)
        smooth = np.asarray(moving_mean(power, longer))
        limit = _threshold(longer, n)
        bursts = _bursts(smooth, floor, limit, longer, int(hang_s * clip.rate_hz))
        if bursts:
            found, window = bursts, longer
            level = max(quantile(smooth[first:last], 0.5) for first, last in bursts)
            if level - floor > SURE * floor * (limit - 1.0):
                break
    return Gate(tuple(found), _keyed(power, found, floor, window), floor)


def _bursts(
    smooth: NDArray[np.floating], floor: float, limit: float, window: int, hang: int
) -> list[tuple[int, int]]:
    above = smooth > floor * limit
    if above.any():
        # noise may lie over its estimate, and another station may share the clip
        above &= smooth > FADE * float(smooth.max())
    bursts: list[tuple[int, int]] = []
    for start, stop in _bridge(_runs(above), hang).tolist():
        level = quantile(smooth[start:stop], 0.75) - floor
        if level <= 0:
            continue
        inner = np.flatnonzero(smooth[start:stop] > floor + 0.5 * level)
        # the moving mean of a step crosses half power exactly at the step
        first, last = start + int(inner[0]), start + int(inner[-1]) + 1
        if last - first >= window // 2:
            bursts.append((first, last))
    return _without_specks(bursts, smooth, floor, window)


def _without_specks(
    bursts: list[tuple[int, int]], smooth: NDArray[np.floating], floor: float, window: int
) -> list[tuple[int, int]]:
    """Drop what is shorter than two windows and 6 dB under the strongest: clicks, specks of noise."""
    if not bursts:
        return []
    peaks = [float(smooth[a:b].max()) - floor for a, b in bursts]
    best = max(peaks)
    return [
        burst
        for burst, peak in zip(bursts, peaks, strict=True)
        if burst[1] - burst[0] > 2 * window or peak > 0.25 * best
    ]


def _keyed(
    power: NDArray[np.float32], bursts: list[tuple[int, int]], floor: float, window: int
) -> NDArray[np.bool_]:
    """Where a burst has power. Its pauses are cut out only if they are pauses: at the noise's level.

    A noise-like emission, too, is under half its mean 39 % of the time, but then still holds 23 % of it
    (exponential law), so a tenth tells the two apart.
    """
    keyed = np.zeros(len(power), np.bool_)
    for first, last in bursts:
        part = power[first:last]
        level = quantile(part, 0.75) - floor
        width = int(np.clip(np.ceil(12 * floor / max(level, 1e-14)), 2, window))
        fine = np.asarray(moving_mean(part, width))
        on = fine > floor + 0.5 * level
        off = np.logical_not(on)
        if width > 1 and off.any() and on.any():
            inner_off = np.logical_not(np.asarray(near_true(on, width)))
            paused = int(inner_off.sum()) > 0.2 * int(off.sum())
            if paused and float(part[inner_off].mean()) - floor < 0.1 * level:
                keyed[first:last] = on
                continue
        keyed[first:last] = True
    return keyed
