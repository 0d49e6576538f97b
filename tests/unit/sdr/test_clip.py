"""The clip: shifted, filtered, decimated, and nothing moved in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from sdr.clip import extract, narrow, rotate, to_complex
from sdr.types import SampleFormat
from tests import signals


def _pairs(z):
    return np.stack([z.real, z.imag], axis=1).astype("<f4")


def _slow_extract(z, rate_hz, offset_hz, decimation):
    """Mix, one long filter, take every M-th: the obvious way."""
    t = np.arange(len(z)) / rate_hz
    mixed = z * np.exp(-2j * np.pi * offset_hz * t)
    if decimation == 1:
        return mixed
    taps = signal.firwin(
        22 * decimation + 1, 0.5 / decimation, window=("kaiser", signal.kaiser_beta(70)), fs=1
    )
    return signal.oaconvolve(mixed, taps, mode="same")[::decimation]


@pytest.mark.parametrize(
    ("offset_hz", "bandwidth_hz"), [(31_234.5, 12_500), (-90_000, 2_000), (0, 3_000), (60_000, 30_000)]
)
def test_a_clip_is_what_mixing_filtering_and_decimating_give(offset_hz, bandwidth_hz):
    rng = np.random.default_rng(3)
    rate_hz = 250e3
    z = 0.1 * (rng.standard_normal(300_000) + 1j * rng.standard_normal(300_000))
    clip = extract(_pairs(z), SampleFormat.CF32, rate_hz, offset_hz, bandwidth_hz)
    slow = _slow_extract(z, rate_hz, offset_hz, round(rate_hz / clip.rate_hz))
    assert len(clip.iq) == len(slow)
    inner = slice(50, -50)
    assert np.max(np.abs(clip.iq[inner] - slow[inner])) < 2e-3 * np.std(slow)


@settings(max_examples=25, deadline=None)
@given(
    offset=st.floats(-0.45, 0.45),
    bandwidth=st.floats(1e-3, 0.4),
    place=st.floats(-0.45, 0.45),
    seed=st.integers(0, 100),
)
def test_a_tone_inside_keeps_level_frequency_and_phase(offset, bandwidth, place, seed):
    rate_hz = 200e3
    n = 60_000
    phase = np.random.default_rng(seed).uniform(0, 6)
    tone_hz = offset * rate_hz + place * bandwidth * rate_hz
    z = 0.5 * np.exp(2j * np.pi * tone_hz * np.arange(n) / rate_hz + 1j * phase)
    clip = extract(_pairs(z), SampleFormat.CF32, rate_hz, offset * rate_hz, bandwidth * rate_hz)
    m = np.arange(len(clip.iq)) / clip.rate_hz
    expected = 0.5 * np.exp(2j * np.pi * (tone_hz - offset * rate_hz) * m + 1j * phase)
    skip = 30
    assert np.max(np.abs(clip.iq[skip:-skip] - expected[skip:-skip])) < 2e-3


def test_a_strong_neighbour_is_taken_out():
    rate_hz = 240e3
    z = np.exp(2j * np.pi * 60_000 * np.arange(240_000) / rate_hz)
    clip = extract(_pairs(z), SampleFormat.CF32, rate_hz, 0.0, 12_500)
    assert 10 * np.log10(np.mean(np.abs(clip.iq[100:-100]) ** 2)) < -65


@pytest.mark.parametrize("bandwidth_hz", [200, 3_000, 12_500, 100_000, 1_000_000])
def test_the_rate_is_at_least_two_and_a_half_bandwidths_and_8_kilosamples(bandwidth_hz):
    clip = extract(np.zeros((50_000, 2), "u1"), SampleFormat.CU8, 2.4e6, 1e5, bandwidth_hz)
    assert clip.rate_hz >= min(2.4e6, max(8000, 2.5 * bandwidth_hz))
    assert clip.rate_hz <= max(16_000, 4 * bandwidth_hz)


def test_white_noise_has_the_power_that_the_noise_bandwidth_says():
    rng = np.random.default_rng(5)
    z = (rng.standard_normal(400_000) + 1j * rng.standard_normal(400_000)) * 0.1
    clip = extract(_pairs(z), SampleFormat.CF32, 400e3, 50e3, 10e3)
    density = 0.02 / 400e3
    assert np.mean(np.abs(clip.iq) ** 2) == pytest.approx(density * clip.noise_hz, rel=0.03)


@pytest.mark.parametrize("sample_format", list(SampleFormat))
def test_full_scale_is_one_in_every_format(sample_format):
    z = np.exp(2j * np.pi * np.arange(64) / 16).astype(np.complex64)
    assert np.max(np.abs(to_complex(signals.quantize(z, sample_format), sample_format) - z)) < 0.012


def test_an_empty_recording_gives_an_empty_clip():
    assert len(extract(np.zeros((0, 2), "u1"), SampleFormat.CU8, 1e6, 0, 1e4).iq) == 0


def test_narrowing_twice_is_narrowing_once():
    rng = np.random.default_rng(8)
    z = 0.1 * (rng.standard_normal(200_000) + 1j * rng.standard_normal(200_000))
    wide = extract(_pairs(z), SampleFormat.CF32, 256e3, 20e3, 25_600)
    twice = narrow(wide, 3e3, 6_400)
    once = extract(_pairs(z), SampleFormat.CF32, 256e3, 23e3, 6_400)
    assert twice.rate_hz == once.rate_hz
    assert np.max(np.abs((twice.iq - once.iq)[60:-60])) < 0.02 * np.std(once.iq)


def test_a_long_rotation_keeps_its_phase():
    iq = np.ones(1_000_000, np.complex64)
    rotate(iq, 1234.567, 48e3)
    expected = np.exp(2j * np.pi * ((1234.567 / 48e3 * 999_999) % 1))
    assert abs(iq[-1] - expected) < 1e-4
