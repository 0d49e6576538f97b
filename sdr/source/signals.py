"""What a synthetic sender sends: endless complex baseband from a pattern that joins its own end.

Every filter here is a product in the spectrum of the whole pattern, and every
phase is bent to end on a whole turn, so that the pattern repeats without a step
and any sample of it can be had without those before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdr.source.world import Emitter

Complex = NDArray[np.complex64]
Real = NDArray[np.float64]

_N_OVERSAMPLING = 4
"""The pattern's rate over its nominal bandwidth: leaves the interpolator half a band of transition."""
_N_MAX_PATTERN = 1 << 20
_SECONDS = 4.0
_AUDIO_HZ = {"am": 3400.0, "nfm": 3000.0, "wfm": 15000.0}
_CARRIER_BANDWIDTH_HZ = 1000.0
_ROLL_OFF = {"fsk4": 0.2, "psk": 0.35}
"""DMR's (ETSI TS 102 361-1, 4 kHz root raised cosine, 0.2) and the usual one of satellite links."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One turn of a sender's baseband, of mean power 1."""

    samples: Complex
    rate_hz: float
    bandwidth_hz: float
    """Of 99 % of its power (ITU-R SM.443 beta method, 0.5 % each side)."""


def make_pattern(emitter: Emitter, rate_hz: float, rng: np.random.Generator) -> tuple[Pattern, int]:
    """The pattern of `emitter` and by how much to interpolate it to reach `rate_hz`."""
    nominal_hz = nominal_bandwidth(emitter)
    n_up = max(1, int(rate_hz / (_N_OVERSAMPLING * nominal_hz)))
    pattern_rate = rate_hz / n_up
    seconds = _SECONDS if emitter.burst is None else min(_SECONDS, max(0.25, 2 * emitter.burst))
    n = min(_N_MAX_PATTERN, max(1024, int(seconds * pattern_rate)))
    samples = _MAKERS[emitter.modulation](emitter, n, pattern_rate, rng)
    samples /= math.sqrt(float(np.mean(np.abs(samples) ** 2)))
    occupied_hz = occupied_bandwidth(samples, pattern_rate)
    if emitter.modulation == "carrier":
        occupied_hz = _CARRIER_BANDWIDTH_HZ
    return Pattern(samples.astype(np.complex64), pattern_rate, emitter.bandwidth or occupied_hz), n_up


def nominal_bandwidth(emitter: Emitter) -> float:
    """Hertz that hold nearly all of it: Carson's rule, or twice the symbol rate."""
    match emitter.modulation:
        case "carrier":
            return _CARRIER_BANDWIDTH_HZ
        case "am":
            return 2 * _audio_limit(emitter)
        case "nfm" | "wfm":
            return 2 * (fm_deviation(emitter) + _audio_limit(emitter))
        case "fsk2" | "fsk4":
            return 2 * (fsk_deviation(emitter) + symbol_rate(emitter))
        case "wideband":
            return emitter.bandwidth or 1e6
        case _:
            return 3 * symbol_rate(emitter)


def symbol_rate(emitter: Emitter) -> float:
    """As given, or the common one of its kind: DMR, POCSAG, a remote control."""
    return emitter.symbol_rate or {"fsk4": 4800.0, "fsk2": 1200.0, "psk": 9600.0}.get(
        emitter.modulation, 2000.0
    )


def fsk_deviation(emitter: Emitter) -> float:
    """Of the outermost symbol: DMR's 1944 Hz, POCSAG's 4500 Hz."""
    return emitter.deviation or {"fsk4": 1944.0}.get(emitter.modulation, 4500.0)


def fm_deviation(emitter: Emitter) -> float:
    """Peak: 2.5 kHz in a 12.5 kHz channel, 75 kHz in broadcast, or what Carson leaves of a bandwidth."""
    if emitter.deviation:
        return emitter.deviation
    if emitter.bandwidth:
        return max(500.0, emitter.bandwidth / 2 - _audio_limit(emitter))
    return 75e3 if emitter.modulation == "wfm" else 2500.0


def occupied_bandwidth(samples: NDArray[np.complexfloating], rate_hz: float) -> float:
    """Hertz between the points with 0.5 % of the power outside each."""
    power = np.fft.fftshift(np.abs(np.fft.fft(samples)) ** 2)
    total = np.cumsum(power) / power.sum()
    low, high = np.searchsorted(total, (0.005, 0.995))
    return float(high - low + 1) * rate_hz / len(samples)


def _audio_limit(emitter: Emitter) -> float:
    limit = _AUDIO_HZ[emitter.modulation]
    if emitter.audio == "tone":
        return min(limit, emitter.tone)
    if emitter.modulation == "am" and emitter.bandwidth:
        return emitter.bandwidth / 2
    return limit


def _carrier(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    return np.full(n, np.exp(2j * np.pi * rng.random()))


def _am(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    return (1 + 0.8 * _audio(emitter, n, rate_hz, rng)).astype(np.complex128)


def _fm(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    return _integrate(fm_deviation(emitter) * _audio(emitter, n, rate_hz, rng), rate_hz)


def _fsk(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    levels = np.array([-1.0, 1.0]) if emitter.modulation == "fsk2" else np.array([-1.0, -1 / 3, 1 / 3, 1.0])
    rate = symbol_rate(emitter)
    if emitter.modulation == "fsk4":
        shaped = _shaped_symbols(
            rng.choice(levels, _n_symbols(n, rate_hz, rate)), n, _root_raised_cosine(0.2)
        )
    else:
        steps = _held_symbols(rng.choice(levels, _n_symbols(n, rate_hz, rate)), n)
        shaped = _gaussian(steps, rate_hz, rate)
    return _integrate(fsk_deviation(emitter) * shaped.real, rate_hz)


def _ook(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    rate = symbol_rate(emitter)
    symbols = rng.integers(0, 2, _n_symbols(n, rate_hz, rate)).astype(float)
    symbols[0] = 1.0
    return np.clip(_gaussian(_held_symbols(symbols, n), rate_hz, rate), 0, 1).astype(np.complex128)


def _psk(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    symbols = np.exp(
        1j * np.pi / 4 * (2 * rng.integers(0, 4, _n_symbols(n, rate_hz, symbol_rate(emitter))) + 1)
    )
    return _shaped_symbols(symbols, n, _root_raised_cosine(_ROLL_OFF["psk"]))


def _wideband(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    spectrum = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    spectrum[np.abs(np.fft.fftfreq(n, 1 / rate_hz)) > nominal_bandwidth(emitter) / 2] = 0
    return np.fft.ifft(spectrum) * n


_MAKERS = {
    "carrier": _carrier,
    "am": _am,
    "nfm": _fm,
    "wfm": _fm,
    "ook": _ook,
    "fsk2": _fsk,
    "fsk4": _fsk,
    "psk": _psk,
    "wideband": _wideband,
}


def _integrate(frequency_hz: Real, rate_hz: float) -> NDArray[np.complex128]:
    turns = np.cumsum(frequency_hz) / rate_hz
    turns -= (turns[-1] - round(float(turns[-1]))) * np.arange(1, len(turns) + 1) / len(turns)
    return np.exp(2j * np.pi * turns)


def _n_symbols(n: int, rate_hz: float, symbols_hz: float) -> int:
    return max(2, round(n * symbols_hz / rate_hz))


def _held_symbols(symbols: Real, n: int) -> Real:
    return symbols[np.arange(n) * len(symbols) // n]


def _gaussian(steps: Real, rate_hz: float, symbols_hz: float) -> Real:
    """Smoothed to a -3 dB point at 0.7 of the symbol rate: a transmitter's own low-pass."""
    spectrum = np.fft.rfft(steps)
    spectrum *= 0.5 ** (np.fft.rfftfreq(len(steps), 1 / rate_hz) / (0.7 * symbols_hz)) ** 2
    return np.fft.irfft(spectrum, len(steps))


def _root_raised_cosine(roll_off: float) -> Callable[[Real], Real]:
    def response(turns: Real) -> Real:
        """At `turns` = frequency over symbol rate."""
        x = np.clip((np.abs(turns) - (1 - roll_off) / 2) / roll_off, 0, 1)
        return np.cos(np.pi / 2 * x)

    return response


def _shaped_symbols(
    symbols: NDArray[np.complexfloating] | Real, n: int, response: Callable[[Real], Real]
) -> NDArray[np.complex128]:
    """Impulses through `response`, in the spectrum: that of the symbols repeats, so no impulse is placed."""
    bins = np.rint(np.fft.fftfreq(n, 1 / n)).astype(int)
    spectrum = np.fft.fft(symbols)[bins % len(symbols)] * response(bins / len(symbols))
    return np.fft.ifft(spectrum) * (n / len(symbols))


def _audio(emitter: Emitter, n: int, rate_hz: float, rng: np.random.Generator) -> Real:
    """Peak 1."""
    seconds = n / rate_hz
    if emitter.audio == "tone":
        return np.sin(2 * np.pi * max(1, round(emitter.tone * seconds)) * np.arange(n) / n)
    audio = _music(seconds, rng) if emitter.modulation == "wfm" else _voice(seconds, rng)
    spectrum = np.fft.rfft(audio)[: n // 2]
    keep = int(_audio_limit(emitter) * seconds) + 1
    stretched = np.zeros(n // 2 + 1, dtype=np.complex128)
    stretched[: min(keep, len(spectrum))] = spectrum[:keep]
    stretched[0] = 0
    audio = np.fft.irfft(stretched, n)
    # A transmitter's limiter: peaks of speech stand far above its mean.
    return np.clip(audio / (2.5 * audio.std()), -1, 1)


def _wander(n: int, seconds: float, fastest_hz: float, rng: np.random.Generator) -> Real:
    """A smooth random course around 0, of deviation 1, that joins its end."""
    n_bins = max(1, round(fastest_hz * seconds))
    spectrum = np.zeros(n // 2 + 1, dtype=np.complex128)
    spectrum[1 : n_bins + 1] = rng.standard_normal(n_bins) + 1j * rng.standard_normal(n_bins)
    course = np.fft.irfft(spectrum, n)
    return course / course.std()


def _voice(seconds: float, rng: np.random.Generator) -> Real:
    """Speech as far as a spectrum tells: harmonics of a moving pitch, three formants, syllables."""
    n = int(seconds * 8000)
    pitch_hz = 140 * np.exp(0.15 * _wander(n, seconds, 2, rng))
    turns = np.cumsum(pitch_hz) / 8000
    turns *= round(float(turns[-1])) / turns[-1]
    formants = [
        (500 * np.exp(0.3 * _wander(n, seconds, 4, rng)), 120.0, 1.0),
        (1500 * np.exp(0.3 * _wander(n, seconds, 4, rng)), 180.0, 0.5),
        (2500 * np.exp(0.1 * _wander(n, seconds, 4, rng)), 250.0, 0.25),
    ]
    voice = np.zeros(n)
    for harmonic in range(1, 22):
        at_hz = harmonic * pitch_hz
        weight = sum(peak * np.exp(-(((at_hz - middle) / width) ** 2)) for middle, width, peak in formants)
        voice += (weight + 0.02) * np.cos(2 * np.pi * harmonic * turns)
    syllables = 1 / (1 + np.exp(-4 * (_wander(n, seconds, 5, rng) + 0.4)))
    return voice * syllables


def _music(seconds: float, rng: np.random.Generator) -> Real:
    """Noise that falls with frequency, as programme material does, up to 16 kHz."""
    n = int(seconds * 32000)
    spectrum = rng.standard_normal(n // 2 + 1) + 1j * rng.standard_normal(n // 2 + 1)
    spectrum /= 1 + np.fft.rfftfreq(n, 1 / 32000) / 500
    return np.fft.irfft(spectrum, n)
