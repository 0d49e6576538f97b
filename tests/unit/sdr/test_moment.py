"""The spectrum of a moment: levels where they are, only the seconds and the band that were asked for."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sdr import moment
from sdr.moment import read_moment
from sdr.source.layout import Capture, Layout
from sdr.source.packing import PLAIN
from sdr.types import SampleFormat

RATE_HZ, CENTER_HZ = 250_000.0, 169e6
NOISE = 0.02
NOISE_DB = 10 * math.log10(2 * NOISE**2 / RATE_HZ)


def recording(folder: Path, tones: list[tuple[float, float, float, float]], seconds: float = 2.0) -> Layout:
    """Noise and ``(from_s, to_s, offset_hz, amplitude)`` tones, as cf32."""
    rng = np.random.default_rng(5)
    n = int(seconds * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    iq = NOISE * (rng.normal(size=n) + 1j * rng.normal(size=n))
    for start, end, offset, amplitude in tones:
        there = (t >= start) & (t < end)
        iq[there] += amplitude * np.exp(2j * np.pi * offset * t[there])
    file = folder / "a.cf32"
    np.stack([iq.real, iq.imag], axis=1).astype("<f4").tofile(file)
    return Layout(file, PLAIN[SampleFormat.CF32], 0, file.stat().st_size, RATE_HZ, (Capture(0, CENTER_HZ),))


def test_noise_reads_as_its_density_and_a_tone_as_its_power(tmp_path):
    layout = recording(tmp_path, [(0.0, 2.0, 30e3, 0.1)])
    seen = read_moment(layout, 0.5, 1.5, CENTER_HZ - 100e3, CENTER_HZ + 100e3)
    hz = seen.low_hz + (np.arange(len(seen.mean)) + 0.5) * seen.bin_hz
    quiet = seen.mean[np.abs(hz - CENTER_HZ - 30e3) > 10e3]
    assert float(np.median(quiet)) == pytest.approx(NOISE_DB, abs=0.3)
    near = np.abs(hz - CENTER_HZ - 30e3) < 3e3
    power = float(np.sum(10 ** (seen.mean[near] / 10) * seen.bin_hz))
    assert 10 * math.log10(power) == pytest.approx(-20.0, abs=0.3)
    assert abs(hz[int(np.argmax(seen.mean))] - CENTER_HZ - 30e3) <= seen.bin_hz
    assert bool((seen.max >= seen.mean - 1e-6).all())


def test_only_the_seconds_that_were_asked_for_count(tmp_path):
    layout = recording(tmp_path, [(0.0, 1.0, 30e3, 0.1)])
    band = (CENTER_HZ + 20e3, CENTER_HZ + 40e3)
    assert read_moment(layout, 0.2, 0.8, *band).mean.max() > NOISE_DB + 25
    assert read_moment(layout, 1.2, 1.8, *band).max.max() < NOISE_DB + 15


def test_of_few_bins_the_mean_keeps_the_power_and_the_maximum_the_strongest(tmp_path):
    layout = recording(tmp_path, [(0.0, 2.0, 30e3, 0.1)])
    fine = read_moment(layout, 0.0, 2.0, CENTER_HZ - 60e3, CENTER_HZ + 60e3)
    coarse = read_moment(layout, 0.0, 2.0, CENTER_HZ - 60e3, CENTER_HZ + 60e3, n_bins=10)
    assert len(coarse.mean) <= 10
    assert coarse.max.max() == pytest.approx(fine.max.max())
    group = round(coarse.bin_hz / fine.bin_hz)
    first = 10 ** (fine.mean[:group] / 10)
    assert coarse.mean[0] == pytest.approx(10 * math.log10(float(first.mean())))


def test_of_a_long_stretch_as_much_is_taken_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr(moment, "MAX_SAMPLES", 100_000)
    layout = recording(tmp_path, [(0.0, 2.0, 30e3, 0.1)])
    seen = read_moment(layout, 0.0, 2.0, CENTER_HZ - 60e3, CENTER_HZ + 60e3)
    assert float(np.median(seen.mean)) == pytest.approx(NOISE_DB, abs=0.6)


@pytest.mark.parametrize(
    ("t0", "t1", "low", "high"),
    [(5, 6, -1e3, 1e3), (1, 0.5, -1e3, 1e3), (0, 1, 300e3, 400e3), (0, 1, 5e3, 1e3)],
)
def test_what_was_not_recorded_is_refused(tmp_path, t0, t1, low, high):
    with pytest.raises(ValueError, match="holds nothing"):
        read_moment(recording(tmp_path, []), t0, t1, CENTER_HZ + low, CENTER_HZ + high)


def test_a_recording_that_does_not_say_where_it_is_is_refused(tmp_path):
    known = recording(tmp_path, [])
    unknown = Layout(known.path, known.packing, 0, known.n_bytes, RATE_HZ)
    with pytest.raises(ValueError, match="rate and frequency"):
        read_moment(unknown, 0, 1, 0, 1)
