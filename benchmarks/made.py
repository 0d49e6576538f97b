"""Made emissions of every class, with parameters drawn anew each time, heard through a poor channel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests import signals as s

Rng = np.random.Generator
Maker = Callable[[Rng], s.Samples]

NARROW = 250e3
WIDE = 1.0e6


def _tones(rng: Rng) -> tuple[float, ...]:
    if rng.random() < 0.5:
        return (float(rng.uniform(350, 2500)),)
    return (float(rng.choice([697, 770, 852, 941])), float(rng.choice([1209, 1336, 1477])))


def _ook(coding: str) -> Maker:
    return lambda r: s.ook(
        r, NARROW, r.uniform(0.06, 0.5), r.uniform(1000, 6000), coding, r.uniform(0.004, 0.012)
    )


def _gfsk(r: Rng) -> s.Samples:
    rate = float(r.choice([1200, 2400, 4800, 9600, 19200]))
    index = r.uniform(0.5, 1.5)
    return s.fsk2(r, NARROW, max(0.04, 90 / rate), rate, index * rate / 2, float(r.choice([0.3, 0.5, 1.0])))


def _fsk(r: Rng) -> s.Samples:
    rate = float(r.choice([512, 1200, 2400, 4800, 10000]))
    deviation = rate * r.uniform(0.5, 3.0) if rate > 600 else 4500.0
    coding = "manchester" if r.random() < 0.3 else "nrz"
    return s.fsk2(r, NARROW, max(0.05, 90 / rate), rate, deviation, None, coding)


def _fsk4(r: Rng) -> s.Samples:
    rate, deviation = [(4800, 1944), (4800, 1800), (2400, 1050)][int(r.integers(3))]
    slot = 0.03 if rate == 4800 and r.random() < 0.3 else 0.0
    return s.fsk4(r, NARROW, r.uniform(0.15, 0.8), rate, deviation, 0.2, slot)


MAKERS: dict[str, tuple[str, float, Maker]] = {
    "carrier": ("carrier", NARROW, lambda r: s.carrier(r, NARROW, r.uniform(0.2, 1.0))),
    "am voice": ("am", NARROW, lambda r: s.am_voice(r, NARROW, r.uniform(0.6, 1.5), r.uniform(0.5, 0.95))),
    "am tone": (
        "am",
        NARROW,
        lambda r: s.am_tone(r, NARROW, r.uniform(0.3, 1.0), r.uniform(0.3, 0.95), r.uniform(400, 2500)),
    ),
    "nfm voice": (
        "nfm",
        NARROW,
        lambda r: s.nfm_voice(r, NARROW, r.uniform(0.6, 1.5), r.uniform(1500, 5000)),
    ),
    "nfm tones": (
        "nfm",
        NARROW,
        lambda r: s.nfm_tone(r, NARROW, r.uniform(0.15, 0.8), _tones(r), r.uniform(1500, 5000)),
    ),
    "wfm": ("wfm", WIDE, lambda r: s.wfm(r, WIDE, r.uniform(0.2, 0.5), r.uniform(40e3, 75e3))),
    "ook pwm": ("ook", NARROW, _ook("pwm")),
    "ook ppm": ("ook", NARROW, _ook("ppm")),
    "ook manchester": ("ook", NARROW, _ook("manchester")),
    "fsk": ("fsk2", NARROW, _fsk),
    "gfsk": ("fsk2", NARROW, _gfsk),
    "4fsk": ("fsk4", NARROW, _fsk4),
    "ofdm": ("wideband", WIDE, lambda r: s.ofdm(r, WIDE, r.uniform(0.05, 0.2), r.uniform(150e3, 400e3))),
    "noise-like, wide": (
        "wideband",
        WIDE,
        lambda r: s.noise_like(r, WIDE, r.uniform(0.05, 0.2), r.uniform(150e3, 400e3)),
    ),
    "psk, narrow": (
        "unknown",
        NARROW,
        lambda r: s.psk(r, NARROW, r.uniform(0.1, 0.5), r.uniform(3e3, 18e3), int(r.choice([2, 4, 8]))),
    ),
    "noise-like, narrow": (
        "unknown",
        NARROW,
        lambda r: s.noise_like(r, NARROW, r.uniform(0.1, 0.4), r.uniform(5e3, 40e3)),
    ),
    "too short": ("unknown", NARROW, lambda r: s.fsk2(r, NARROW, r.uniform(0.0008, 0.002), 2400, 2400)),
}


def occupied_hz(z: s.Samples, rate_hz: float) -> float:
    power = np.abs(np.fft.fftshift(np.fft.fft(z))) ** 2
    frequencies = np.fft.fftshift(np.fft.fftfreq(len(z), 1 / rate_hz))
    share = np.cumsum(power) / power.sum()
    return float(frequencies[np.searchsorted(share, 0.995)] - frequencies[np.searchsorted(share, 0.005)])


def heard(name: str, snr_db: float, rng: Rng) -> tuple[s.Received, float, float, float]:
    """The received samples and what a detector would say: offset, bandwidth (both rough), SNR.

    Up to 40 ppm at 446 MHz of offset, 60 ppm of clock error, an echo 6 to 20 dB down within 10 us, and
    an estimate that is off by a seventh of the bandwidth and 0.8 to 1.4 times as wide.
    """
    _, rate_hz, make = MAKERS[name]
    z = make(rng)
    bandwidth_hz = max(occupied_hz(z, rate_hz), 2000.0)
    offset_hz = float(rng.uniform(-0.25, 0.25) * rate_hz)
    got = s.receive(
        z,
        rng,
        rate_hz,
        snr_db=snr_db,
        bandwidth_hz=bandwidth_hz,
        offset_hz=offset_hz + float(rng.uniform(-18e3, 18e3)) * (rate_hz == NARROW),
        clock_ppm=float(rng.uniform(-60, 60)),
        echo=complex(10 ** (rng.uniform(-20, -6) / 20) * np.exp(1j * rng.uniform(0, 6.28))),
        echo_s=float(rng.uniform(1e-6, 10e-6)),
        sample_format=s.SampleFormat.CU8,
    )
    rough = got.offset_hz + float(rng.uniform(-1, 1)) * bandwidth_hz / 7
    return got, rough, bandwidth_hz * float(rng.uniform(0.8, 1.4)), snr_db
