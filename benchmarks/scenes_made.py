"""Scenes that mislead a scanner, with the truth about each: made signals, by seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdr.types import SampleFormat
from tests import signals as s

Rng = np.random.Generator
Complex = NDArray[np.complex64]
CENTER_HZ = 300e6
NOISE_DBFS = -38.0
NARROW = 250e3


@dataclass(frozen=True)
class Truth:
    offset_hz: float
    width_hz: float
    start_s: float
    end_s: float
    kinds: tuple[str, ...] = ()
    """Names that are right; none: whatever it is called."""
    drift_hz: float = 0.0
    """How far the centre has moved at the end."""


@dataclass
class Scene:
    rate_hz: float
    iq: Complex
    truths: list[Truth] = field(default_factory=list[Truth])
    format: SampleFormat = SampleFormat.CU8
    overloaded: bool = False

    @property
    def seconds(self) -> float:
        return len(self.iq) / self.rate_hz


def empty(rng: Rng, rate_hz: float, seconds: float, noise_dbfs: float = NOISE_DBFS) -> Scene:
    n = round(rate_hz * seconds)
    sigma = np.float32(10 ** (noise_dbfs / 20) / np.sqrt(2))
    noise = rng.standard_normal(2 * n, np.float32).view(np.complex64) * sigma
    return Scene(rate_hz, noise)


def add(
    scene: Scene,
    z: Complex,
    offset_hz: float,
    start_s: float,
    level_dbfs: float,
    *,
    width_hz: float,
    kinds: tuple[str, ...] = (),
    drift_hz_s: float = 0.0,
    is_sender: bool = True,
) -> None:
    first = round(start_s * scene.rate_hz)
    z = z[: len(scene.iq) - first]
    t = np.arange(len(z)) / scene.rate_hz
    turns = offset_hz * t + 0.5 * drift_hz_s * t**2
    amplitude = 10 ** (level_dbfs / 20)
    scene.iq[first : first + len(z)] += (amplitude * z * np.exp(2j * np.pi * turns)).astype(np.complex64)
    end_s = start_s + len(z) / scene.rate_hz
    if is_sender:
        moved = drift_hz_s * len(z) / scene.rate_hz
        scene.truths.append(Truth(offset_hz, width_hz, start_s, end_s, kinds, moved))


def level(snr_db: float, width_hz: float, rate_hz: float) -> float:
    """dBFS of a sender that is `snr_db` over the noise in `width_hz`."""
    return NOISE_DBFS + 10 * np.log10(width_hz / rate_hz) + snr_db


def _places(rng: Rng, n: int, rate_hz: float, apart_hz: float) -> list[float]:
    """Offsets within the middle 80 %, `apart_hz` from each other and from the centre."""
    raster = np.arange(-0.4 * rate_hz, 0.4 * rate_hz - apart_hz / 2, apart_hz) + rng.uniform(0, apart_hz / 2)
    free = raster[np.abs(raster) > apart_hz / 2]
    jitter = rng.uniform(0, min(3e3, 0.2 * apart_hz), n)
    return [float(at) for at in rng.choice(free, n, replace=False) + jitter]


# --- scenes ---


def drifting(rng: Rng) -> Scene:
    """Four bare carriers of cheap oscillators, 1 to 5 kHz a minute, one of them from cold."""
    scene = empty(rng, NARROW, 40.0)
    for at in _places(rng, 4, NARROW, 30e3):
        rate = float(rng.uniform(1, 5) * 1000 / 60 * rng.choice([-1, 1]))
        snr = float(rng.uniform(10, 35))
        z = np.ones(round(38 * NARROW), np.complex64)
        start = float(rng.uniform(0.6, 1.8))
        add(scene, z, at, start, level(snr, 1000, NARROW), width_hz=300, kinds=("carrier",), drift_hz_s=rate)
    return scene


def drifting_voice(rng: Rng) -> Scene:
    scene = empty(rng, NARROW, 25.0)
    for at in _places(rng, 2, NARROW, 45e3):
        rate = float(rng.uniform(1, 5) * 1000 / 60 * rng.choice([-1, 1]))
        z = s.nfm_voice(rng, NARROW, 22.0, float(rng.uniform(1500, 3500)))
        add(
            scene,
            z,
            at,
            1.0,
            level(rng.uniform(8, 25), 10e3, NARROW),
            width_hz=8e3,
            kinds=("nfm",),
            drift_hz_s=rate,
        )
    return scene


def clipped(rng: Rng) -> Scene:
    """One strong sender, 2 to 12 dB over full scale, two weak ones beside it."""
    scene = empty(rng, 1.024e6, 4.0)
    first, *others = _places(rng, 3, 1.024e6, 120e3)
    z = s.nfm_voice(rng, 1.024e6, 3.0) if rng.random() < 0.5 else s.fsk2(rng, 1.024e6, 3.0, 1200, 4500)
    add(scene, z, first, 0.6, float(rng.uniform(2, 12)), width_hz=12e3)
    for at in others:
        z = s.fsk2(rng, 1.024e6, 3.0, 2400, 2400)
        add(scene, z, at, float(rng.uniform(0.7, 1.5)), -20.0, width_hz=8e3)
    scene.overloaded = True
    return scene


def clipped_two(rng: Rng) -> Scene:
    """Two strong senders that clip together."""
    scene = empty(rng, 1.024e6, 4.0)
    for at in _places(rng, 2, 1.024e6, 60e3):
        z = s.nfm_voice(rng, 1.024e6, 3.0) if rng.random() < 0.5 else s.fsk2(rng, 1.024e6, 3.0, 1200, 4500)
        add(scene, z, at, float(rng.uniform(0.4, 0.8)), float(rng.uniform(-3, 6)), width_hz=12e3)
    scene.overloaded = True
    return scene


def clipped_keyed(rng: Rng) -> Scene:
    """A remote control held against the antenna."""
    scene = empty(rng, 1.024e6, 3.0)
    (at,) = _places(rng, 1, 1.024e6, 60e3)
    z = s.ook(rng, 1.024e6, 0.6, float(rng.uniform(1500, 4000)))
    add(scene, z, at, 1.0, float(rng.uniform(2, 15)), width_hz=12e3, kinds=("ook",))
    scene.overloaded = True
    return scene


def mirrored(rng: Rng) -> Scene:
    """Unequal I and Q (25 to 40 dB), five senders of up to 45 dB."""
    scene = empty(rng, 1.024e6, 4.0, -41.0)
    for at in _places(rng, 5, 1.024e6, 50e3):
        z = s.nfm_voice(rng, 1.024e6, 3.0) if rng.random() < 0.5 else s.fsk2(rng, 1.024e6, 3.0, 1200, 4500)
        add(scene, z, at, float(rng.uniform(0.4, 0.8)), float(rng.uniform(-45, -15)), width_hz=12e3)
    g = 10 ** (rng.uniform(-40, -25) / 20) * np.exp(1j * rng.uniform(0, 6.28))
    scene.iq += (g * np.conj(scene.iq)).astype(np.complex64)
    return scene


def dc_spike(rng: Rng) -> Scene:
    """A strong DC that wanders, and a weak sender beside it."""
    scene = empty(rng, NARROW, 6.0)
    n = len(scene.iq)
    wander = np.interp(np.arange(n), np.linspace(0, n, 7), 1 + 0.05 * rng.standard_normal(7))
    scene.iq += (10 ** (rng.uniform(-30, -15) / 20) * np.exp(1j * rng.uniform(0, 6.28)) * wander).astype(
        np.complex64
    )
    at = float(rng.uniform(9e3, 14e3) * rng.choice([-1, 1]))
    z = s.nfm_voice(rng, NARROW, 4.0)
    add(scene, z, at, 1.0, level(rng.uniform(10, 20), 10e3, NARROW), width_hz=8e3, kinds=("nfm",))
    return scene


def beside_strong(rng: Rng) -> Scene:
    """A sender 20 to 45 dB weaker than its neighbour 25 to 50 kHz away."""
    scene = empty(rng, NARROW, 5.0, -41.0)
    at = float(rng.uniform(-40e3, 40e3)) + 25e3
    z = s.nfm_voice(rng, NARROW, 4.0, 2500)
    add(scene, z, at, 0.5, -12.0, width_hz=12e3, kinds=("nfm",))
    z = s.fsk2(rng, NARROW, 2.0, 2400, 2400, 0.5)
    away = float(rng.uniform(25e3, 50e3) * -np.sign(at))
    add(scene, z, at + away, 1.5, -12.0 - float(rng.uniform(20, 40)), width_hz=8e3, kinds=("fsk2",))
    return scene


def wifi(rng: Rng) -> Scene:
    """OFDM bursts of 0.1 to 2 ms, wider than the passband, a fifth of the time; one narrow sender."""
    scene = empty(rng, 2.4e6, 4.0)
    at_s = 0.2
    while at_s < 3.9:
        length = float(rng.uniform(0.0001, 0.002))
        z = s.noise_like(rng, 2.4e6, length, 2.4e6)
        add(scene, z, 0.0, at_s, float(rng.uniform(-30, -10)), width_hz=2.4e6, is_sender=False)
        at_s += length + float(rng.exponential(4 * 0.001))
    z = s.nfm_voice(rng, 2.4e6, 2.0)
    at = float(rng.uniform(0.1, 0.4) * 2.4e6)
    add(scene, z, at, 1.0, level(25, 10e3, 2.4e6), width_hz=10e3, kinds=("nfm",))
    return scene


def ble(rng: Rng) -> Scene:
    """GFSK bursts of 1 Mbit/s, 0.2 to 0.4 ms, 120 a second in one place."""
    scene = empty(rng, 2.4e6, 4.0)
    at = float(rng.uniform(-0.25, 0.25) * 2.4e6)
    at_s = 0.2
    while at_s < 3.9:
        z = s.fsk2(rng, 2.4e6, float(rng.uniform(0.0002, 0.0004)), 1e6, 250e3, 0.5)
        add(scene, z, at, at_s, -20.0, width_hz=1e6, is_sender=False)
        at_s += float(rng.exponential(1 / 120))
    scene.truths.append(Truth(at, 1e6, 0.2, 3.9))
    return scene


def lte(rng: Rng) -> Scene:
    """A 1.4 MHz OFDM downlink with blanked symbols and a stronger control part, from first to last."""
    scene = empty(rng, 2.4e6, 4.0)
    z = s.ofdm(rng, 2.4e6, 4.0, 1.08e6, 72)
    slot = round(2.4e6 * 0.0005)
    load = rng.choice([0.3, 1.0], len(z) // slot + 1)
    z = z * np.repeat(load, slot)[: len(z)]
    at = float(rng.uniform(-0.15, 0.15) * 2.4e6)
    add(scene, z.astype(np.complex64), at, 0.0, -22.0, width_hz=1.1e6, kinds=("wideband",))
    return scene


def hopping(rng: Rng) -> Scene:
    """FSK that hops over 25 places, 60 ms in each."""
    scene = empty(rng, 1.024e6, 4.0)
    raster = (np.arange(25) - 12) * 30e3 + 7e3
    for k in range(50):
        z = s.fsk2(rng, 1.024e6, 0.058, 9600, 4800, 0.5)
        at = float(rng.choice(raster))
        add(scene, z, at, 0.5 + 0.06 * k, level(20, 15e3, 1.024e6), width_hz=15e3, kinds=("fsk2",))
    return scene


def lasting(rng: Rng) -> Scene:
    """A carrier and a voice channel from the first sample to the last."""
    scene = empty(rng, NARROW, 12.0)
    one, two = _places(rng, 2, NARROW, 50e3)
    z = np.ones(len(scene.iq), np.complex64)
    add(scene, z, one, 0.0, level(rng.uniform(5, 40), 1000, NARROW), width_hz=300, kinds=("carrier",))
    z = s.nfm_voice(rng, NARROW, 12.0)
    add(scene, z, two, 0.0, level(rng.uniform(8, 30), 10e3, NARROW), width_hz=8e3, kinds=("nfm",))
    return scene


def at_the_edge(rng: Rng) -> Scene:
    """A sender half in the passband's slope."""
    scene = empty(rng, NARROW, 4.0)
    at = float(rng.choice([-1, 1]) * rng.uniform(0.44, 0.49) * NARROW)
    z = s.fsk2(rng, NARROW, 2.0, 1200, 2500)
    add(scene, z, at, 1.0, level(20, 8e3, NARROW), width_hz=8e3)
    slope = np.abs(np.fft.fftfreq(len(scene.iq))) * 2
    fall = 10 ** (-(np.clip((slope - 0.8) / 0.2, 0, None) ** 2) * 12 / 20)
    scene.iq = np.fft.ifft(np.fft.fft(scene.iq) * fall).astype(np.complex64)
    return scene


def short_file(rng: Rng) -> Scene:
    """All that there is are 30 to 150 ms, with a burst in the middle."""
    rate = float(rng.choice([250e3, 1.024e6, 2.4e6]))
    seconds = float(rng.uniform(0.03, 0.15))
    scene = empty(rng, rate, seconds)
    z = s.fsk2(rng, rate, 0.5 * seconds, 9600, 9600)
    add(scene, z, 0.13 * rate, 0.25 * seconds, level(20, 25e3, rate), width_hz=25e3, kinds=("fsk2",))
    return scene


def rates(rng: Rng) -> Scene:
    """Three plain senders at a rate drawn anew, in another format."""
    rate = float(rng.choice([96e3, 240e3, 250e3, 1.024e6, 2.048e6, 2.4e6, 3.2e6]))
    scene = empty(rng, rate, 4.0)
    one, two, three = _places(rng, 3, rate, 14e3)
    add(
        scene,
        s.fsk2(rng, rate, 1.0, 1200, 2500),
        one,
        0.8,
        level(18, 8e3, rate),
        width_hz=8e3,
        kinds=("fsk2",),
    )
    add(
        scene, s.nfm_voice(rng, rate, 2.5, 2000), two, 1.0, level(18, 9e3, rate), width_hz=8e3, kinds=("nfm",)
    )
    z = s.ook(rng, rate, 0.4, 2000.0)
    add(scene, z, three, 1.7, level(18, 6e3, rate), width_hz=6e3, kinds=("ook",))
    scene.format = SampleFormat(str(rng.choice(["cu8", "cs8", "cs16", "cf32"])))
    return scene


def remotes(rng: Rng) -> Scene:
    """Short on/off keyed bursts of 6 to 16 bits, 3 to 25 ms, one at a time."""
    scene = empty(rng, NARROW, 5.0)
    for k, at in enumerate(_places(rng, 5, NARROW, 25e3)):
        coding = str(rng.choice(["pwm", "ppm", "manchester"]))
        rate = float(rng.uniform(2000, 5000))
        levels = s._ook_levels(rng, int(rng.integers(6, 17)), coding)
        keyed = s._square(levels, rate, NARROW)
        ramp = max(1, round(NARROW * 2e-5))
        z = s._unit(np.convolve(keyed, np.ones(ramp) / ramp, mode="same"))
        snr = float(rng.uniform(12, 30))
        add(scene, z, at, 0.7 + 0.8 * k, level(snr, 2 * rate, NARROW), width_hz=2 * rate, kinds=("ook",))
    return scene


def weak_voice(rng: Rng) -> Scene:
    """Voice on FM at 6 to 9 dB: with pauses, a sub-audible tone, fading, or none of them."""
    scene = empty(rng, NARROW, 6.0)
    for at in _places(rng, 3, NARROW, 40e3):
        deviation = float(rng.uniform(1500, 4000))
        audio = s.voice_audio(rng, NARROW, 4.5)
        freq = deviation * np.clip(1.6 * audio, -1, 1)
        kind = str(rng.choice(["plain", "pauses", "ctcss", "fading"]))
        t = np.arange(len(freq)) / NARROW
        if kind == "pauses":
            freq = freq * (np.sin(2 * np.pi * rng.uniform(0.3, 0.8) * t + rng.uniform(0, 6)) > 0)
        if kind == "ctcss":
            freq = freq + 500 * np.sin(2 * np.pi * float(rng.choice([67.0, 88.5, 123.0, 203.5])) * t)
        z = s._fm(freq, NARROW)
        if kind == "fading":
            course = 1 + 0.6 * np.sin(2 * np.pi * rng.uniform(0.5, 3) * t) * np.exp(1j * rng.uniform(0, 6))
            z = s._unit(z * course)
        add(scene, z, at, 1.0, level(rng.uniform(6, 9), 10e3, NARROW), width_hz=8e3, kinds=("nfm",))
    return scene


SCENES: dict[str, Callable[[Rng], Scene]] = {
    make.__name__: make
    for make in (
        drifting,
        drifting_voice,
        clipped,
        clipped_two,
        clipped_keyed,
        mirrored,
        dc_spike,
        beside_strong,
        wifi,
        ble,
        lte,
        hopping,
        lasting,
        at_the_edge,
        short_file,
        rates,
        remotes,
        weak_voice,
    )
}
