"""What the envelope tells: constant, keyed on and off, swinging about a carrier, or noise-like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from sdr.modulation.symbols import clock, crossings

Iq = NDArray[np.complex64]

CARRIER_LOOP_HZ = 150.0
"""Under the 300 Hz where speech begins, over the drift of an oscillator."""


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


def keying(iq: Iq, rate_hz: float, noise_power: float, bandwidth_hz: float) -> Keying:
    """Fit two levels to the envelope of one burst."""
    width = max(1, round(0.5 * rate_hz / max(bandwidth_hz, 1.0)))
    power = np.asarray(uniform_filter1d((iq.real**2 + iq.imag**2).astype(np.float64), width, mode="nearest"))
    amplitude = np.sqrt(power)
    low, high = np.percentile(amplitude, [5, 95])
    for _ in range(20):
        upper = amplitude > (low + high) / 2
        if upper.all() or not upper.any():
            break
        low, high = float(amplitude[~upper].mean()), float(amplitude[upper].mean())
    gap = max(high - low, 1e-12)
    between = (amplitude > low + 0.25 * gap) & (amplitude < low + 0.75 * gap)
    upper = amplitude > low + 0.5 * gap
    clean_low = np.sqrt(max(low**2 - noise_power, 0.0))
    clean_high = np.sqrt(max(high**2 - noise_power, 1e-20))
    changes = crossings(amplitude)
    runs = np.diff(changes)
    limits = (max(20.0, 4 * rate_hz / len(iq)), min(rate_hz / 3, 2 * bandwidth_hz))
    rates = clock(changes, rate_hz, *limits, 1) if limits[1] > 2 * limits[0] else []
    return Keying(
        depth=float(clean_low / clean_high),
        middle_share=float(between.mean()),
        low_share=float(1 - upper.mean()),
        n_changes=len(changes),
        median_run_s=float(np.median(runs)) / rate_hz if len(runs) else len(iq) / rate_hz,
        symbol_rate=rates[0] if rates else None,
    )


def excess(iq: Iq, noise_power: float) -> float:
    """Fourth over squared second moment of the signal without its noise, less one: 0 constant, 1 Gaussian.

    The noise's own moments are taken away (complex Gaussian: M4 = S4 + 4 S2 N + 2 N^2), and slow fading is
    levelled out first.
    """
    power = (iq.real**2 + iq.imag**2).astype(np.float64)
    span = max(64, len(power) // 16)
    slow = np.asarray(uniform_filter1d(power, span, mode="nearest"))
    mean = float(power.mean())
    scale = mean / np.maximum(slow, 0.05 * mean)
    level = power * scale
    second = float(level.mean())
    fourth = float(np.mean(level**2))
    noise = min(noise_power * float(scale.mean()), 0.9 * second)
    clean = second - noise
    return (fourth - 4 * clean * noise - 2 * noise**2) / clean**2 - 1.0


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
    loop = np.asarray(uniform_filter1d(iq.real.astype(np.float64), width, mode="nearest")) + 1j * np.asarray(
        uniform_filter1d(iq.imag.astype(np.float64), width, mode="nearest")
    )
    size = np.abs(loop)
    turned = iq * np.conj(loop) / np.maximum(size, 1e-12)
    carrier = float(np.mean(size**2)) - noise_power / width
    total = max(float(np.mean(np.abs(iq) ** 2)) - noise_power, 1e-14)
    carrier = max(carrier, 1e-3 * total)
    along = float(np.var(turned.real)) - noise_power / 2
    across = float(np.var(turned.imag)) - noise_power / 2
    error = noise_power / carrier * np.sqrt(1.0 / max(len(iq), 1))
    return Swing(along / carrier, across / carrier, min(1.0, carrier / total), float(error))
