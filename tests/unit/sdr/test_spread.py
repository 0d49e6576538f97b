"""Speech on FM leaves the carrier and comes back; a carrier, AM and symbols do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.clip import extract
from sdr.gate import quiet_power
from sdr.modulation import identify
from sdr.modulation.features import noise_density
from sdr.modulation.spread import spreads
from sdr.types import SampleFormat
from tests import signals

RATE_HZ = 250e3


def heard(z, snr_db, bandwidth_hz, seed, asked_hz=None):
    rng = np.random.default_rng(seed)
    got = signals.receive(
        z,
        rng,
        RATE_HZ,
        snr_db=snr_db,
        bandwidth_hz=bandwidth_hz,
        offset_hz=20e3,
        sample_format=SampleFormat.CU8,
    )
    return extract(got.iq, got.format, RATE_HZ, 20e3, asked_hz or bandwidth_hz), got.noise_density


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), snr_db=st.floats(6, 30))
def test_a_bare_carrier_keeps_its_power_in_the_line(seed, snr_db):
    z = signals.carrier(np.random.default_rng(seed), RATE_HZ, 0.6)
    clip, density = heard(z, snr_db, 2000, seed)
    found = spreads(clip, 0.0, 500.0, density)
    assert found
    assert all(one.high < 0.3 + 3 * one.error for one in found)
    assert identify(clip, snr_db).modulation == "carrier"


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), snr_db=st.floats(7, 12), deviation_hz=st.floats(1800, 4000))
def test_weak_speech_on_fm_leaves_the_line_and_comes_back(seed, snr_db, deviation_hz):
    z = signals.nfm_voice(np.random.default_rng(seed), RATE_HZ, 1.5, deviation_hz)
    clip, density = heard(z, snr_db, 10e3, seed)
    best = max(spreads(clip, 0.0, 8e3, density), key=lambda one: one.high - one.low)
    assert best.high - best.low > 0.3
    assert best.n_swings >= 2
    said = identify(clip, snr_db, density)
    assert said.modulation in ("nfm", "unknown")


@pytest.mark.parametrize("snr_db", [7, 9])
@pytest.mark.parametrize("seed", range(4))
def test_speech_on_fm_at_7_db_is_named_whatever_width_the_detector_saw(seed, snr_db):
    z = signals.nfm_voice(np.random.default_rng(seed), RATE_HZ, 1.5, 2500)
    for asked_hz in (2500.0, 10e3):
        clip, density = heard(z, snr_db, 10e3, seed, asked_hz)
        assert identify(clip, snr_db, density).modulation == "nfm"


@pytest.mark.parametrize("seed", range(4))
def test_speech_on_am_adds_to_the_carrier_and_is_no_fm(seed):
    z = signals.am_voice(np.random.default_rng(seed), RATE_HZ, 1.5, 0.9)
    clip, density = heard(z, 14, 6000, seed)
    assert all(one.high < 0.5 for one in spreads(clip, 0.0, 6000.0, density))
    assert identify(clip, 14, density).modulation in ("am", "carrier")


@pytest.mark.parametrize("symbol_rate", [512, 1200, 2400])
def test_symbols_never_come_back_to_the_line(symbol_rate):
    z = signals.fsk2(np.random.default_rng(3), RATE_HZ, 1.5, symbol_rate, 2400)
    clip, density = heard(z, 8, 8e3, 3)
    assert all(one.low > 0.25 for one in spreads(clip, 0.0, 8e3, density))
    assert identify(clip, 8, density).modulation in ("fsk2", "unknown")


def test_a_clip_that_is_short_or_narrow_tells_nothing():
    z = signals.carrier(np.random.default_rng(4), RATE_HZ, 0.6)
    clip, density = heard(z, 20, 2000, 4)
    assert spreads(clip, 0.5 * clip.usable_hz, 500.0, density) == ()
    short = extract(np.zeros((5000, 2), np.uint8), SampleFormat.CU8, RATE_HZ, 0.0, 2000.0)
    assert spreads(short, 0.0, 500.0, density) == ()


@pytest.mark.parametrize("silent_s", [0.15, 0.2, 0.5])
def test_a_clip_silent_in_part_does_not_overstate_its_noise(silent_s):
    rng = np.random.default_rng(5)
    z = signals.carrier(rng, RATE_HZ, 1.0)
    got = signals.receive(
        z, rng, RATE_HZ, snr_db=10, bandwidth_hz=5e3, before_s=silent_s / 2, after_s=silent_s / 2
    )
    clip = extract(got.iq, got.format, RATE_HZ, 0.0, 5e3)
    excess_db = 10 * np.log10(quiet_power(clip) / clip.noise_hz / got.noise_density)
    assert -0.5 < excess_db < 0.8


def test_the_noise_beside_a_burst_much_shorter_than_its_clip_is_not_understated():
    rng = np.random.default_rng(6)
    z = signals.ook(rng, RATE_HZ, 0.004, 3000.0)
    got = signals.receive(z, rng, RATE_HZ, snr_db=20, bandwidth_hz=8e3)
    clip = extract(got.iq, got.format, RATE_HZ, 0.0, 8e3)
    assert abs(10 * np.log10(noise_density(clip, 20) / got.noise_density)) < 1.0


def test_the_receivers_floor_is_taken_where_the_clip_agrees_with_it():
    rng = np.random.default_rng(7)
    got = signals.receive(signals.carrier(rng, RATE_HZ, 0.5), rng, RATE_HZ, snr_db=15, bandwidth_hz=5e3)
    clip = extract(got.iq, got.format, RATE_HZ, 0.0, 5e3)
    assert noise_density(clip, 15, got.noise_density) == got.noise_density
    assert noise_density(clip, 15, 10 * got.noise_density) < 2 * got.noise_density
