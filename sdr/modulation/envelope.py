"""What the envelope tells: constant, keyed on and off, swinging about a carrier, or noise-like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sdr.modulation.symbols import clock, crossings
from sdr.smooth import moving_mean, quantile

Iq = NDArray[np.complex64]

CARRIER_LOOP_HZ = 150.0
"""Under the 300 Hz where speech begins, over the drift of an oscillator."""


CLEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Keying:
    """Two levels of the envelope, if there are two."""

    depth: float
    """Lower over upper level, noise subtracted: 0 for on/off."""
    middle_share: float
    """Time spent between the levels: small for keying, large for speech or fading."""
    low_share: float
    n_changes: int
    median_run_s: float
    """Of the time on, between changes."""
    symbol_rate: float | None
    bandwidth_hz: float
    """That the envelope was smoothed to."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _two_levels(values: Any, low: float, high: float) -> tuple[float, float]:
    """Two means, each of what is nearer to it (Lloyd's rounds)."""
    for _ in range(20):
        middle = (low + high) / 2
        n, below, above = 0, 0.0, 0.0
        for value in values:
            if value > middle:
                n += 1
                above += value
            else:
                below += value
        if n == 0 or n == values.shape[0]:
            break
        before = low, high
        low, high = below / (values.shape[0] - n), above / n
        if before == (low, high):
            break
    return low, high


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _parts(values: Any, low: float, gap: float) -> tuple[int, int]:
    """How many lie in the middle half of the gap over `low`, and how many under its middle."""
    n_between, n_low = 0, 0
    for value in values:
        n_between += low + 0.25 * gap < value < low + 0.75 * gap
        n_low += value <= low + 0.5 * gap
    return n_between, n_low


def keying(iq: Iq, rate_hz: float, noise_power: float, bandwidth_hz: float) -> Keying:
    """Fit two levels to the envelope of one burst.

    Half of the bandwidth is tried as well: the outer half of weak keying is mostly noise. Where the envelope
    is clearly less between its levels, it is the truer one.
    """
    whole, half = (_keying(iq, rate_hz, noise_power, part * bandwidth_hz) for part in (1.0, 0.5))
    return half if half.middle_share < CLEARLY * whole.middle_share else whole


def _keying(iq: Iq, rate_hz: float, noise_power: float, bandwidth_hz: float) -> Keying:
    width = max(1, round(0.5 * rate_hz / max(bandwidth_hz, 1.0)))
    power = np.asarray(moving_mean(iq.real**2 + iq.imag**2, width))
    # a running mean may end a rounding error under zero
    amplitude = np.sqrt(np.maximum(power, 0.0))
    low, high = _two_levels(amplitude, quantile(amplitude, 0.05), quantile(amplitude, 0.95))
    gap = max(high - low, 1e-12)
    n_between, n_low = _parts(amplitude, low, gap)
    clean_low = np.sqrt(max(low**2 - noise_power, 0.0))
    clean_high = np.sqrt(max(high**2 - noise_power, 1e-20))
    changes = crossings(amplitude)
    runs = np.diff(changes)
    limits = (max(20.0, 4 * rate_hz / len(iq)), min(rate_hz / 3, 2 * bandwidth_hz))
    rates = clock(changes, rate_hz, *limits, 1) if limits[1] > 2 * limits[0] else []
    return Keying(
        depth=float(clean_low / clean_high),
        middle_share=n_between / len(amplitude),
        low_share=n_low / len(amplitude),
        n_changes=len(changes),
        median_run_s=float(np.median(runs)) / rate_hz if len(runs) else len(iq) / rate_hz,
        symbol_rate=rates[0] if rates else None,
        bandwidth_hz=bandwidth_hz,
    )


def excess(iq: Iq, noise_power: float) -> float:
    """Fourth over squared second moment of the signal without its noise, less one: 0 constant, 1 Gaussian.

    The noise's own moments are taken away (complex Gaussian: M4 = S4 + 4 S2 N + 2 N^2), and slow fading is
    levelled out first.
    """
    power = (iq.real**2 + iq.imag**2).astype(np.float64)
    span = max(64, len(power) // 16)
    slow = np.asarray(moving_mean(power, span))
    mean = float(power.mean())
    scale = mean / np.maximum(slow, 0.05 * mean + 1e-30)
    level = power * scale
    second = float(level.mean())
    fourth = float(np.mean(level**2))
    noise = min(noise_power * float(scale.mean()), 0.9 * second)
    clean = second - noise
    return (fourth - 4 * clean * noise - 2 * noise**2) / max(clean**2, 1e-30) - 1.0


@dataclass(frozen=True, slots=True)
class Swing:
    """How the signal moves about its carrier, the carrier's own phase taken away."""

    in_phase: float
    """Power along the carrier, over the carrier's: the square of an AM's effective depth."""
    quadrature: float
    """Power across the carrier: that of phase modulation."""
    carrier_share: float
    error: float
    """Standard error of the two powers, from the noise."""


def swing(iq: Iq, rate_hz: float, noise_power: float) -> Swing:
    width = max(3, round(rate_hz / CARRIER_LOOP_HZ))
    loop = np.asarray(moving_mean(iq.real, width)) + 1j * np.asarray(moving_mean(iq.imag, width))
    size = np.abs(loop)
    turned = iq * np.conj(loop) / np.maximum(size, 1e-12)
    carrier = float(np.mean(size**2)) - noise_power / width
    total = max(float(np.mean(np.abs(iq) ** 2)) - noise_power, 1e-14)
    carrier = max(carrier, 1e-3 * total)
    along = float(np.var(turned.real)) - noise_power / 2
    across = float(np.var(turned.imag)) - noise_power / 2
    error = noise_power / carrier * np.sqrt(1.0 / max(len(iq), 1))
    return Swing(along / carrier, across / carrier, min(1.0, carrier / total), float(error))
