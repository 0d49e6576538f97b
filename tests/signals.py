"""Made signals with known truth, for tests and benchmarks of the radio room.

Every generator takes a random generator and a rate, and returns complex64 at unit power
while it transmits, centred on 0 Hz. `receive` turns clean ones into what a cheap receiver
would deliver: an offset, a clock error, an echo, noise of a stated SNR, bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sp

from sdr.types import SampleFormat

Samples = NDArray[np.complex64]
Rng = np.random.Generator


def _unit(z: NDArray[Any]) -> Samples:
    power = float(np.mean(np.abs(z[np.abs(z) > 0]) ** 2)) if np.any(np.abs(z) > 0) else 1.0
    return (z / np.sqrt(power)).astype(np.complex64)


def _fm(freq_hz: NDArray[np.float64], rate_hz: float) -> Samples:
    return np.exp(2j * np.pi * np.cumsum(freq_hz) / rate_hz).astype(np.complex64)


def voice_audio(rng: Rng, rate_hz: float, seconds: float) -> NDArray[np.float64]:
    """Syllables of a glottal buzz through two moving formants, with pauses; peak 1."""
    audio_rate = 16000.0
    n = int(seconds * audio_rate)
    t = np.arange(n) / audio_rate
    pitch = rng.uniform(90, 220) * (
        1 + 0.12 * np.sin(2 * np.pi * rng.uniform(0.4, 1.2) * t + rng.uniform(0, 6))
    )
    phase = np.cumsum(pitch) / audio_rate
    buzz = 2 * (phase % 1.0) - 1.0 + 0.25 * rng.standard_normal(n)
    out = np.zeros(n)
    at = int(rng.uniform(0, 0.05) * audio_rate)
    while at < n:
        length = int(rng.uniform(0.09, 0.28) * audio_rate)
        stop = min(n, at + length)
        piece = buzz[at:stop] if rng.random() > 0.15 else rng.standard_normal(stop - at)
        shaped = np.zeros(stop - at)
        for low, high in ((300, 800), (900, 2300)):
            f0 = rng.uniform(low, high)
            b, a = sp.iirpeak(f0, f0 / 130, fs=audio_rate)
            shaped += sp.lfilter(b, a, piece)
        out[at:stop] += shaped * sp.windows.tukey(stop - at, 0.4) * rng.uniform(0.4, 1.0)
        at = stop + int(rng.choice([0.01, 0.03, 0.25], p=[0.5, 0.35, 0.15]) * audio_rate)
    sos = sp.butter(4, [300, 3000], btype="band", fs=audio_rate, output="sos")
    out = sp.sosfilt(sos, out)
    wide = sp.resample_poly(out, int(rate_hz), int(audio_rate)) if rate_hz != audio_rate else out
    n_out = int(seconds * rate_hz)
    wide = np.pad(wide, (0, max(0, n_out - len(wide))))[:n_out]
    return wide / (np.max(np.abs(wide)) + 1e-12)


def carrier(rng: Rng, rate_hz: float, seconds: float) -> Samples:
    n = int(rate_hz * seconds)
    drift = np.cumsum(rng.standard_normal(n)) * 0.02
    return _fm(drift, rate_hz)


def nfm_voice(rng: Rng, rate_hz: float, seconds: float, deviation_hz: float = 2500.0) -> Samples:
    audio = voice_audio(rng, rate_hz, seconds)
    return _fm(deviation_hz * np.clip(1.6 * audio, -1, 1), rate_hz)


def nfm_tone(
    rng: Rng,
    rate_hz: float,
    seconds: float,
    tones_hz: tuple[float, ...] = (1000.0,),
    deviation_hz: float = 2500.0,
) -> Samples:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    audio = sum(np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) for f in tones_hz) / len(tones_hz)
    return _fm(deviation_hz * np.asarray(audio), rate_hz)


def am_voice(rng: Rng, rate_hz: float, seconds: float, depth: float = 0.8) -> Samples:
    return _unit(1 + depth * voice_audio(rng, rate_hz, seconds))


def am_tone(rng: Rng, rate_hz: float, seconds: float, depth: float = 0.6, tone_hz: float = 1000.0) -> Samples:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return _unit(1 + depth * np.sin(2 * np.pi * tone_hz * t + rng.uniform(0, 6)))


def wfm(rng: Rng, rate_hz: float, seconds: float, deviation_hz: float = 75000.0) -> Samples:
    """Broadcast stereo: music-like noise, pilot and difference channel."""
    n = int(rate_hz * seconds)
    t = np.arange(n) / rate_hz
    sos = sp.butter(2, [60, 12000], btype="band", fs=rate_hz, output="sos")

    def music() -> NDArray[np.float64]:
        tones = sum(
            np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) / (1 + f / 800) for f in rng.uniform(80, 6000, 12)
        )
        raw = np.asarray(tones) + 0.8 * sp.sosfilt(sos, rng.standard_normal(n))
        raw *= 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(1, 3) * t)
        return raw / (np.std(raw) * 3)

    left, right = music(), music()
    pilot = np.cos(2 * np.pi * 19000 * t)
    mpx = 0.45 * (left + right) + 0.1 * pilot
    if rate_hz > 120e3:
        mpx = mpx + 0.45 * (left - right) * np.cos(2 * np.pi * 38000 * t)
    return _fm(deviation_hz * np.clip(mpx, -1, 1), rate_hz)


def _square(levels: NDArray[np.float64], symbol_rate: float, rate_hz: float) -> NDArray[np.float64]:
    n = int(len(levels) * rate_hz / symbol_rate)
    return levels[np.minimum((np.arange(n) * symbol_rate / rate_hz).astype(int), len(levels) - 1)]


def _ook_levels(rng: Rng, n_bits: int, coding: str) -> NDArray[np.float64]:
    bits = rng.integers(0, 2, n_bits)
    table = {
        "pwm": ([1, 0, 0, 0], [1, 1, 1, 0]),
        "ppm": ([1, 0, 0], [1, 0, 0, 0, 0]),
        "manchester": ([1, 0], [0, 1]),
        "nrz": ([0], [1]),
    }[coding]
    return np.array([level for bit in bits for level in table[bit]], dtype=float)


def ook(
    rng: Rng,
    rate_hz: float,
    seconds: float,
    symbol_rate: float = 2500.0,
    coding: str = "pwm",
    gap_s: float = 0.008,
) -> Samples:
    """A frame of 24 to 40 bits, repeated with a gap, until `seconds` are full."""
    frame = _square(_ook_levels(rng, int(rng.integers(24, 41)), coding), symbol_rate, rate_hz)
    frame = np.concatenate([frame, np.zeros(int(gap_s * rate_hz))])
    n = int(seconds * rate_hz)
    keyed = np.tile(frame, n // len(frame) + 1)[:n]
    # an oscillator needs some microseconds to start; a hard edge would be unreal
    ramp = max(1, int(rate_hz * min(0.1 / symbol_rate, 3e-5)))
    keyed = np.convolve(keyed, np.ones(ramp) / ramp, mode="same")
    wander = np.cumsum(rng.standard_normal(n)) * 0.5
    return _unit(keyed * _fm(wander, rate_hz))


def _gaussian(
    levels: NDArray[np.float64], symbol_rate: float, rate_hz: float, bt: float
) -> NDArray[np.float64]:
    square = _square(levels, symbol_rate, rate_hz)
    sigma = np.sqrt(np.log(2)) / (2 * np.pi * bt) * rate_hz / symbol_rate
    half = int(4 * sigma) + 1
    taps = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return np.convolve(square, taps / taps.sum(), mode="same")


def fsk2(
    rng: Rng,
    rate_hz: float,
    seconds: float,
    symbol_rate: float = 2400.0,
    deviation_hz: float = 2400.0,
    bt: float | None = None,
    coding: str = "nrz",
    n_preamble: int = 32,
) -> Samples:
    """A preamble of ones and zeros, then random bits; `bt` filters as in GFSK."""
    n_symbols = max(4, int(seconds * symbol_rate))
    bits = rng.integers(0, 2, n_symbols)
    if coding == "manchester":
        bits = np.repeat(bits, 2)[:n_symbols]
        bits[1::2] = 1 - bits[::2][: len(bits[1::2])]
    n_preamble = min(n_preamble, n_symbols // 3)
    bits[:n_preamble] = np.arange(n_preamble) % 2
    levels = 2.0 * bits - 1.0
    shaped = (
        _square(levels, symbol_rate, rate_hz) if bt is None else _gaussian(levels, symbol_rate, rate_hz, bt)
    )
    return _fm(deviation_hz * shaped, rate_hz)


def rrc_taps(alpha: float, per_symbol: float, span: int = 8) -> NDArray[np.float64]:
    half = int(span * per_symbol / 2)
    t = np.arange(-half, half + 1) / per_symbol
    with np.errstate(divide="ignore", invalid="ignore"):
        taps = (np.sin(np.pi * t * (1 - alpha)) + 4 * alpha * t * np.cos(np.pi * t * (1 + alpha))) / (
            np.pi * t * (1 - (4 * alpha * t) ** 2)
        )
    taps[t == 0] = 1 - alpha + 4 * alpha / np.pi
    edge = np.isclose(np.abs(t), 1 / (4 * alpha))
    taps[edge] = (
        alpha
        / np.sqrt(2)
        * ((1 + 2 / np.pi) * np.sin(np.pi / (4 * alpha)) + (1 - 2 / np.pi) * np.cos(np.pi / (4 * alpha)))
    )
    return taps / taps.sum()


def fsk4(
    rng: Rng,
    rate_hz: float,
    seconds: float,
    symbol_rate: float = 4800.0,
    deviation_hz: float = 1944.0,
    alpha: float = 0.2,
    slot_s: float = 0.0,
) -> Samples:
    """DMR (4800, 1944), P25 (4800, 1800), NXDN (2400, 1050); `slot_s` sends every other slot."""
    per_symbol = rate_hz / symbol_rate
    n_symbols = int(seconds * symbol_rate) + 16
    levels = rng.choice([-1.0, -1 / 3, 1 / 3, 1.0], n_symbols)
    n = int(n_symbols * per_symbol)
    impulses = np.zeros(n)
    impulses[(np.arange(n_symbols) * per_symbol).astype(int)] = levels * per_symbol
    shaped = sp.oaconvolve(impulses, rrc_taps(alpha, per_symbol), mode="same")
    z = _fm(deviation_hz * shaped, rate_hz)[: int(seconds * rate_hz)]
    if slot_s:
        z = z * ((np.arange(len(z)) / rate_hz / slot_s).astype(int) % 2 == 0)
    return z.astype(np.complex64)


def psk(
    rng: Rng,
    rate_hz: float,
    seconds: float,
    symbol_rate: float = 10500.0,
    n_phases: int = 4,
    alpha: float = 0.35,
) -> Samples:
    per_symbol = rate_hz / symbol_rate
    n_symbols = int(seconds * symbol_rate) + 16
    symbols = np.exp(2j * np.pi * rng.integers(0, n_phases, n_symbols) / n_phases)
    impulses = np.zeros(int(n_symbols * per_symbol), dtype=complex)
    impulses[(np.arange(n_symbols) * per_symbol).astype(int)] = symbols
    return _unit(sp.oaconvolve(impulses, rrc_taps(alpha, per_symbol), mode="same")[: int(seconds * rate_hz)])


def noise_like(rng: Rng, rate_hz: float, seconds: float, bandwidth_hz: float) -> Samples:
    """Band-limited Gaussian noise: what a jammer or a far multiplex looks like."""
    n = int(rate_hz * seconds)
    white = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    if bandwidth_hz < 0.98 * rate_hz:
        taps = sp.firwin(255, bandwidth_hz / 2, fs=rate_hz)
        white = sp.oaconvolve(white, taps, mode="same")
    return _unit(white)


def ofdm(rng: Rng, rate_hz: float, seconds: float, bandwidth_hz: float, n_carriers: int = 128) -> Samples:
    size = int(n_carriers * rate_hz / bandwidth_hz)
    prefix = size // 8
    n_symbols = int(rate_hz * seconds / (size + prefix)) + 1
    spectrum = np.zeros((n_symbols, size), dtype=complex)
    data = rng.choice([1, 1j, -1, -1j], (n_symbols, n_carriers))
    spectrum[:, np.arange(-n_carriers // 2, n_carriers // 2) % size] = data
    time = np.fft.ifft(spectrum, axis=1)
    return _unit(np.concatenate([time[:, -prefix:], time], axis=1).ravel()[: int(rate_hz * seconds)])


@dataclass(frozen=True, slots=True)
class Received:
    iq: NDArray[Any]
    """Raw, shape (n, 2), in `format`."""
    format: SampleFormat
    rate_hz: float
    offset_hz: float
    noise_density: float
    """Noise power per hertz, full scale 1."""
    start_s: float
    end_s: float


def quantize(z: Samples, sample_format: SampleFormat) -> NDArray[Any]:
    pairs = np.stack([z.real, z.imag], axis=1).astype(np.float64)
    if sample_format is SampleFormat.CF32:
        return pairs.astype("<f4")
    scaled = np.round(pairs * sample_format.full_scale + sample_format.offset)
    info = np.iinfo(sample_format.dtype)
    return np.clip(scaled, info.min, info.max).astype(sample_format.dtype)


def receive(
    z: Samples,
    rng: Rng,
    rate_hz: float,
    *,
    snr_db: float,
    bandwidth_hz: float,
    offset_hz: float = 0.0,
    level_dbfs: float = -20.0,
    before_s: float = 0.1,
    after_s: float = 0.1,
    clock_ppm: float = 0.0,
    echo: complex = 0.0,
    echo_s: float = 0.0,
    sample_format: SampleFormat = SampleFormat.CF32,
) -> Received:
    """`snr_db` is the power while on over the noise in `bandwidth_hz`."""
    body = z.astype(np.complex128)
    if clock_ppm:
        at = np.arange(int(len(body) / (1 + clock_ppm * 1e-6)) - 1) * (1 + clock_ppm * 1e-6)
        low = at.astype(int)
        body = body[low] + (at - low) * (body[low + 1] - body[low])
    if echo:
        delayed = np.concatenate([np.zeros(int(echo_s * rate_hz)), body])[: len(body)]
        body = body + echo * delayed
        body /= np.sqrt(1 + abs(echo) ** 2)
    body = np.concatenate([np.zeros(int(before_s * rate_hz)), body, np.zeros(int(after_s * rate_hz))])
    body *= np.exp(2j * np.pi * offset_hz * np.arange(len(body)) / rate_hz) * 10 ** (level_dbfs / 20)
    density = 10 ** ((level_dbfs - snr_db) / 10) / bandwidth_hz
    sigma = np.sqrt(density * rate_hz / 2)
    body += sigma * (rng.standard_normal(len(body)) + 1j * rng.standard_normal(len(body)))
    return Received(
        quantize(body.astype(np.complex64), sample_format),
        sample_format,
        rate_hz,
        offset_hz,
        density,
        int(before_s * rate_hz) / rate_hz,
        (len(body) - int(after_s * rate_hz)) / rate_hz,
    )
