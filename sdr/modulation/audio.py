"""What is inside an FM emission: voice, tones or data, judged by the demodulated audio.

Voice comes in syllables (its level moves at 2 to 8 Hz: Houtgast and Steeneken 1985) and changes its
spectrum; tones hold one or two lines; a data subcarrier (FFSK, AFSK) has a constant envelope and
nothing under some 600 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdr import fourier
from sdr.smooth import quantile

Floats = NDArray[np.float64]

FRAME_S = 0.032
TOP_HZ = 3400.0
MIN_VOICE_S = 0.25
"""Less than two syllables tell nothing."""


@dataclass(frozen=True, slots=True)
class AudioFeatures:
    seconds: float
    tone_share: float
    """Median over frames: the two strongest lines' share of the power."""
    line_share: float
    """The two strongest lines' share of the whole."""
    level_variation: float
    """Standard deviation over mean of the frames' amplitude, 300 to 3400 Hz."""
    spectrum_variation: float
    """Mean distance of neighbouring frames' spectra, 0 to 1."""
    subcarrier: float
    """Variation of the subcarrier's envelope; small for FFSK and AFSK."""
    low_share: float
    """Power under 600 Hz."""
    ctcss_hz: float | None
    kurtosis: float
    """Of the deviation: 1.5 a tone, 1.8 a sweep, 3 and more speech and music."""
    pilot: float
    """Power of the 19 kHz line over its neighbourhood."""


def _rows(audio: Floats, size: int, n_fft: int) -> Floats:
    """Power spectra, one a column, of half-overlapping Hann windows, the mean taken out of each."""
    if len(audio) < size:
        audio = np.pad(audio, (0, size - len(audio)))
    windows = np.lib.stride_tricks.sliding_window_view(audio, size)[:: max(1, size // 2)]
    shaped = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(size + 1)[:-1]
    spectra = np.fft.rfft(shaped.astype(np.float32), n_fft, axis=1)
    return np.asarray((spectra.real**2 + spectra.imag**2).T, np.float64)


def _grid(size: int, rate_hz: float) -> Floats:
    return np.arange(size // 2 + 1, dtype=np.float64) * (rate_hz / size)


def _frames(audio: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    size = max(64, int(FRAME_S * rate_hz))
    return _grid(2 * size, rate_hz), _rows(audio, size, 2 * size)


def _mean_spectrum(series: Floats, rate_hz: float, size: int) -> tuple[Floats, Floats]:
    """Welch's method with Hann windows of `size`."""
    return _grid(size, rate_hz), _rows(series, size, size).mean(axis=1)


def _slope(frequencies: Floats, edge_hz: float, width_hz: float) -> Floats:
    """1 under the edge, 0 over it, half a cosine between."""
    at = np.clip((frequencies - edge_hz) / width_hz + 0.5, 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * at)


def _speech_band(series: Floats, rate_hz: float, top_hz: float) -> tuple[Floats, float]:
    """`series` under `top_hz`, at the least rate that is a whole part of the bins and holds it."""
    n = len(series)
    size = 1 << (n - 1 + n // 16).bit_length()
    bins = fourier.real_forward(series, size)
    kept = int(size * min(1.0, 2.6 * top_hz / rate_hz)) // 2
    frequencies = np.arange(kept + 1) * rate_hz / size
    shaped = bins[: kept + 1] * _slope(frequencies, top_hz * 1.08, top_hz * 0.2)
    audio = np.fft.irfft(shaped, 2 * kept) * (2 * kept / size)
    rate = rate_hz * 2 * kept / size
    return np.asarray(audio[: int(n * rate / rate_hz)], np.float64), rate


def _envelope(audio: Floats, rate_hz: float, low_hz: float, high_hz: float) -> Floats:
    """Of what lies between two frequencies (the analytic signal's size)."""
    n = len(audio)
    bins = np.fft.rfft(audio)
    frequencies = np.arange(len(bins)) * rate_hz / n
    bins *= _slope(frequencies, high_hz, 200.0) * (1 - _slope(frequencies, low_hz, 200.0))
    full = np.zeros(n, np.complex128)
    full[: len(bins)] = 2 * bins
    return np.abs(np.fft.ifft(full))


def _two_lines(frequencies: Floats, spectra: Floats) -> Floats:
    """Share of the two strongest lines in each column."""
    rest = spectra.copy()
    total = np.maximum(spectra.sum(axis=0), 1e-30)
    taken = np.zeros(spectra.shape[1])
    columns = np.arange(spectra.shape[1])
    for _ in range(2):
        peak = rest.argmax(axis=0)
        for shift in range(-3, 4):
            row = np.clip(peak + shift, 0, len(frequencies) - 1)
            taken += rest[row, columns]
            rest[row, columns] = 0.0
    return taken / total


def _ctcss(audio: Floats, rate_hz: float) -> float | None:
    """A steady line between 60 and 260 Hz that stands 10 dB over what lies around it."""
    if len(audio) < 0.3 * rate_hz:
        return None
    size = min(len(audio), int(rate_hz))
    frequencies, power = _mean_spectrum(audio, rate_hz, size)
    inside = (frequencies >= 60) & (frequencies <= 260)
    part = power[inside]
    peak = int(part.argmax())
    near = part[max(0, peak - 2) : peak + 3].sum()
    if len(part) < 16 or near < 10 * (part.sum() - near) or near < 0.002 * power.sum():
        return None
    return float(frequencies[inside][peak])


def features(deviation: Floats, rate_hz: float) -> AudioFeatures | None:
    """`deviation` is the instantaneous frequency in hertz; None when it is too short to say anything."""
    if len(deviation) < 2 * FRAME_S * rate_hz:
        return None
    low, high = quantile(deviation, 0.005), quantile(deviation, 0.995)
    clean = np.clip(deviation, low, high)
    clean = clean - clean.mean()
    pilot = _pilot(clean, rate_hz)
    top = min(TOP_HZ, 0.45 * rate_hz)
    audio, rate = _speech_band(clean, rate_hz, top)
    frequencies, spectra = _frames(audio, rate)
    total = spectra.sum(axis=1)
    speech = (frequencies >= 300) & (frequencies <= 3400)
    heard = (frequencies >= 40) & (frequencies <= 3600)
    level = np.sqrt(spectra[speech].sum(axis=0))
    loud = level > 0.3 * level.max(initial=0.0)
    shape = spectra[speech][:, loud] / np.maximum(spectra[speech][:, loud].sum(axis=0), 1e-30)
    changes = 0.5 * np.abs(np.diff(shape, axis=1)).sum(axis=0)
    shares = _two_lines(frequencies[heard], spectra[heard])
    strong = spectra[heard].sum(axis=0)
    strong = strong > 0.2 * strong.max(initial=0.0)
    envelope = _envelope(audio, rate, 700.0, min(3000.0, 0.49 * rate))
    scale = float(np.mean(audio**2))
    deviations = clean / max(float(clean.std()), 1e-9)
    return AudioFeatures(
        seconds=len(audio) / rate,
        tone_share=float(np.median(shares[strong])) if strong.any() else 0.0,
        line_share=float(_two_lines(frequencies[heard], total[heard][:, None])[0]),
        level_variation=float(level.std() / max(float(level.mean()), 1e-12)),
        spectrum_variation=float(changes.mean()) if len(changes) else 0.0,
        subcarrier=float(envelope.std() / max(float(envelope.mean()), 1e-12)),
        low_share=float(total[frequencies < 600].sum() / max(float(total.sum()), 1e-30)) if scale else 1.0,
        ctcss_hz=_ctcss(audio, rate),
        kurtosis=float(np.mean(deviations**4)),
        pilot=pilot,
    )


def _pilot(deviation: Floats, rate_hz: float) -> float:
    if rate_hz < 44e3:
        return 0.0
    size = min(len(deviation), int(rate_hz / 100))
    frequencies, power = _mean_spectrum(deviation, rate_hz, size)
    near = np.abs(frequencies - 19000) < 150
    around = (np.abs(frequencies - 19000) < 2000) & ~near
    if not near.any() or not around.any():
        return 0.0
    return float(power[near].max() / max(float(np.median(power[around])), 1e-30))


def is_subcarrier(found: AudioFeatures) -> bool:
    """FFSK and AFSK: constant envelope between 700 and 3000 Hz and nothing much below, not a lone tone."""
    return found.subcarrier < 0.35 and found.low_share < 0.08


def content(found: AudioFeatures | None) -> str | None:
    """``voice``, ``tones``, ``data`` or None: not told."""
    if found is None:
        return None
    if found.tone_share > 0.8 and found.spectrum_variation < 0.15 and found.seconds > 0.06:
        return "tones"
    if is_subcarrier(found) and found.level_variation < 0.35:
        return "data"
    if found.seconds < MIN_VOICE_S:
        return None
    if found.level_variation > 0.4 and found.spectrum_variation > 0.12:
        return "voice"
    if found.ctcss_hz is not None and found.line_share > 0.6:
        return "tones"
    return None
