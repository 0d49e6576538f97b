"""What a clipped converter makes of the strong senders that clip it.

The ends of the converter cut I and Q each for itself. One sender at f alone then appears again at -3f, 5f,
-7f and so on, and several of them at all sums of odd order, folded back at the ends of the passband: tens of
emissions that nobody sends. All of them are known functions of the strong ones, so the strong ones are cut
out, clipped again, and held against what is heard, sample by sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sdr.clip import to_complex
from sdr.ghost import LEAST_COHERENCE, Capture, Ghost, explains, strongest

UNDER_DB = 6.0
"""A product is at least so far under what made it: the third harmonic of a square wave lies at -9.5 dB."""
CLIP_AT = (0.3, 0.8, 1.4)
"""Of the strong ones' effective value: which products there are, and how strong, depends on how deep it cuts,
and that cannot be seen any more; what was heard is a mixture of these."""
LEAST_HALF_HZ = 2_000.0
CAUSE_HALF_HZ = 12_500.0
WHOLE, MOST = 1 << 12, 1 << 16
"""Samples are taken in multiples of the first, which a fast transform has, and no more than the second: bins
of 40 Hz at 2.4 MS/s."""


def clipping(seen: Capture, frequency_hz: float, width_hz: float) -> Ghost | None:
    """Whether the emission follows, sample by sample, from clipping the strongest in the passband."""
    offset_hz = frequency_hz - seen.center_hz
    half_hz = max(0.75 * width_hz, LEAST_HALF_HZ)
    heard = _Heard(seen)
    least_db = heard.level_db(offset_hz, half_hz) + UNDER_DB
    causes: list[float] = []
    for at_hz, level_db in strongest(seen):
        is_near = abs(_apart(at_hz - offset_hz, seen.rate_hz)) <= half_hz + CAUSE_HALF_HZ
        # What stronger ones explain carries what weaker senders send, and would accuse them.
        if level_db > least_db and not is_near and not heard.follows(causes, at_hz, CAUSE_HALF_HZ):
            causes.append(at_hz)
    if not heard.follows(causes, offset_hz, half_hz):
        return None
    names = " + ".join(f"{(seen.center_hz + at_hz) / 1e6:.4f}" for at_hz in causes)
    return Ghost("intermod", f"what the clipped converter makes of {names} MHz")


class _Heard:
    """The samples, their spectrum, and what clipping a part of them makes."""

    def __init__(self, seen: Capture) -> None:
        iq = to_complex(seen.iq[: min(MOST, max(1, len(seen.iq) // WHOLE) * WHOLE)], seen.format)
        self._rate_hz = seen.rate_hz
        self._density = float(np.quantile(seen.spectrum, 0.3)) / seen.bin_hz
        self._window = np.hanning(len(iq)) / np.sqrt(len(iq) * 3 / 8)
        self._frequencies = np.fft.fftfreq(len(iq), 1 / seen.rate_hz)
        self._plain = np.fft.fft(iq)
        self._shaped = np.fft.fft(iq * self._window) / np.sqrt(len(iq))
        self._made: tuple[list[float], Any] = ([], None)

    def level_db(self, offset_hz: float, half_hz: float) -> float:
        """dBFS of the power there."""
        here = self._shaped[self._near(offset_hz, half_hz)]
        return 10 * float(np.log10(np.sum(np.abs(here) ** 2) + 1e-20))

    def follows(self, causes: list[float], offset_hz: float, half_hz: float) -> bool:
        """Whether what is within `half_hz` of `offset_hz` is what clipping `causes` makes there."""
        band = self._near(offset_hz, half_hz)
        here = self._shaped[band]
        if not causes or here.size < len(CLIP_AT) * 2 * LEAST_COHERENCE:
            return False
        made = self._clipped(causes)[band]
        mixture, *_ = np.linalg.lstsq(made, here, rcond=None)
        return explains(made @ mixture, here, self._density * 2 * half_hz)

    def _clipped(self, causes: list[float]) -> Any:
        """Spectra of `causes` clipped at each of `CLIP_AT`, shape (n, 3)."""
        if self._made[0] != causes:
            kept = np.zeros(len(self._plain), np.bool_)
            for at_hz in causes:
                kept |= self._near(at_hz, CAUSE_HALF_HZ)
            strong = np.fft.ifft(np.where(kept, self._plain, 0))
            effective = float(np.sqrt(np.mean(np.abs(strong) ** 2)))
            spectra = [np.fft.fft(_cut(strong, at * effective) * self._window) for at in CLIP_AT]
            self._made = (list(causes), np.stack(spectra, axis=1))
        return self._made[1]

    def _near(self, offset_hz: float, half_hz: float) -> Any:
        return np.abs(_apart(self._frequencies - offset_hz, self._rate_hz)) <= half_hz


def _cut(x: Any, limit: float) -> Any:
    return np.clip(x.real, -limit, limit) + 1j * np.clip(x.imag, -limit, limit)


def _apart(distance_hz: Any, rate_hz: float) -> Any:
    """A distance in frequency on the circle of aliases, with sign."""
    return (distance_hz + rate_hz / 2) % rate_hz - rate_hz / 2
