"""The measures against made signals whose truth is known, at 10 dB and above."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.clip import extract
from sdr.gate import gate
from sdr.measure import measure, occupied, rhythm
from tests import signals

RATE_HZ = 250e3


def _truth_hz(z):
    power = np.abs(np.fft.fftshift(np.fft.fft(z))) ** 2
    frequencies = np.fft.fftshift(np.fft.fftfreq(len(z), 1 / RATE_HZ))
    share = np.cumsum(power) / power.sum()
    return frequencies[np.searchsorted(share, 0.995)] - frequencies[np.searchsorted(share, 0.005)]


def _made(kind, rng):
    return {
        "nfm_voice": lambda: signals.nfm_voice(rng, RATE_HZ, 0.8),
        "nfm_tone": lambda: signals.nfm_tone(rng, RATE_HZ, 0.8),
        "fsk2": lambda: signals.fsk2(rng, RATE_HZ, 0.3),
        "fsk2_wide": lambda: signals.fsk2(rng, RATE_HZ, 0.8, 1200, 4500),
        "fsk4_dmr": lambda: signals.fsk4(rng, RATE_HZ, 0.5),
        "fsk4_nxdn": lambda: signals.fsk4(rng, RATE_HZ, 0.5, 2400, 1050),
        "psk": lambda: signals.psk(rng, RATE_HZ, 0.4),
        "noise": lambda: signals.noise_like(rng, RATE_HZ, 0.3, 25_000),
    }[kind]()


def _measured(z, rng, snr_db, **more):
    truth_hz = _truth_hz(z)
    offset_hz = rng.uniform(-80e3, 80e3)
    got = signals.receive(z, rng, RATE_HZ, snr_db=snr_db, bandwidth_hz=truth_hz, offset_hz=offset_hz, **more)
    # a detector's rough idea: a fifth of the bandwidth beside, a fifth too narrow or half too wide
    rough_hz = offset_hz + rng.uniform(-0.2, 0.2) * truth_hz
    clip = extract(got.iq, got.format, RATE_HZ, rough_hz, truth_hz * rng.uniform(0.8, 1.5))
    found = measure(clip, got.noise_density)
    assert found is not None
    return got, truth_hz, rough_hz + found.center_offset_hz - offset_hz, found


KINDS = ["nfm_voice", "nfm_tone", "fsk2", "fsk2_wide", "fsk4_dmr", "fsk4_nxdn", "psk", "noise"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_at_10_db_an_emission_is_measured_within_the_goals(kind, seed):
    rng = np.random.default_rng(seed)
    got, truth_hz, miss_hz, found = _measured(_made(kind, rng), rng, 10)
    assert abs(miss_hz) < 100
    assert found.bandwidth_hz == pytest.approx(truth_hz, rel=0.15 if kind.startswith("fsk2") else 0.1)
    assert found.level_dbfs == pytest.approx(-20, abs=1)
    assert found.snr_db == pytest.approx(10, abs=1)
    assert found.start_s == pytest.approx(got.start_s, abs=0.005)
    assert found.end_s == pytest.approx(got.end_s, abs=0.005)
    assert len(found.bursts) == 1
    assert found.duty_cycle == 1


@pytest.mark.parametrize("snr_db", [20, 40])
def test_on_off_keying_is_one_burst_and_its_level_is_that_of_the_on_time(snr_db):
    rng = np.random.default_rng(4)
    got, _, miss_hz, found = _measured(signals.ook(rng, RATE_HZ, 0.2), rng, snr_db)
    assert len(found.bursts) == 1
    assert abs(miss_hz) < 150
    assert found.level_dbfs == pytest.approx(-20, abs=1)
    assert found.start_s == pytest.approx(got.start_s, abs=0.005)


def test_a_carrier_keeps_its_place_in_a_clip_far_wider_than_itself():
    rng = np.random.default_rng(6)
    z = signals.carrier(rng, RATE_HZ, 0.5)
    got = signals.receive(z, rng, RATE_HZ, snr_db=10, bandwidth_hz=2000, offset_hz=12_345)
    found = measure(extract(got.iq, got.format, RATE_HZ, 12_800, 2000), got.noise_density)
    assert found is not None
    assert abs(12_800 + found.center_offset_hz - 12_345) < 30
    assert len(found.bursts) == 1


def test_noise_alone_is_no_emission():
    rng = np.random.default_rng(7)
    quiet = signals.receive(np.zeros(50_000, np.complex64), rng, RATE_HZ, snr_db=20, bandwidth_hz=12_500)
    false = sum(
        measure(extract(quiet.iq, quiet.format, RATE_HZ, at, 12_500), quiet.noise_density) is not None
        for at in np.linspace(-100e3, 100e3, 15)
    )
    assert false <= 1


def test_without_a_stated_noise_the_quiet_part_tells_it():
    rng = np.random.default_rng(8)
    got = signals.receive(signals.fsk2(rng, RATE_HZ, 0.1), rng, RATE_HZ, snr_db=20, bandwidth_hz=8000)
    clip = extract(got.iq, got.format, RATE_HZ, 0, 8000)
    told, guessed = measure(clip, got.noise_density), measure(clip, None)
    assert told is not None
    assert guessed is not None
    assert guessed.snr_db == pytest.approx(told.snr_db, abs=1)


def test_bursts_are_counted_timed_and_the_next_one_is_foretold():
    rng = np.random.default_rng(9)
    parts = []
    for _ in range(5):
        parts += [signals.fsk2(rng, RATE_HZ, 0.08), np.zeros(int(0.12 * RATE_HZ), np.complex64)]
    got = signals.receive(np.concatenate(parts), rng, RATE_HZ, snr_db=15, bandwidth_hz=8000)
    found = measure(extract(got.iq, got.format, RATE_HZ, 0, 8000), got.noise_density)
    assert found is not None
    assert len(found.bursts) == 5
    assert found.on_time_s == pytest.approx(0.4, abs=0.01)
    assert found.duty_cycle == pytest.approx(0.4 / 0.88, abs=0.02)
    assert found.burst_period_s == pytest.approx(0.2, abs=0.002)
    assert found.next_burst_s == pytest.approx(got.start_s + 1.0, abs=0.005)


def test_the_empty_slot_of_dmr_parts_its_bursts():
    rng = np.random.default_rng(10)
    got = signals.receive(
        signals.fsk4(rng, RATE_HZ, 0.6, slot_s=0.03), rng, RATE_HZ, snr_db=20, bandwidth_hz=7500
    )
    found = measure(extract(got.iq, got.format, RATE_HZ, 0, 7500), got.noise_density)
    assert found is not None
    assert len(found.bursts) == 10
    assert found.burst_period_s == pytest.approx(0.06, abs=0.001)


@settings(max_examples=60, deadline=None)
@given(
    period=st.floats(0.05, 600),
    first=st.floats(0, 1000),
    numbers=st.lists(st.integers(0, 12), min_size=6, max_size=13, unique=True),
)
def test_a_period_is_found_though_bursts_were_missed(period, first, numbers):
    numbers = sorted({0, 1, 2, 3, *numbers})
    beat = rhythm(tuple(first + period * n for n in numbers))
    assert beat is not None
    assert beat.period_s == pytest.approx(period, rel=1e-6)
    assert beat.next_s == pytest.approx(first + period * (numbers[-1] + 1), rel=1e-6)


def test_bursts_without_a_rhythm_get_no_prediction():
    assert rhythm((0.0, 1.0, 2.6, 3.1, 7.9, 9.3)) is None
    assert rhythm((0.0, 1.0)) is None


def test_the_99_percent_bandwidth_of_a_flat_spectrum_is_99_percent_of_it():
    frequencies = np.arange(-500, 500) * 10.0
    power = np.where(np.abs(frequencies) < 1000, 5.0, 0.0) + 1.0
    low, high = occupied(frequencies, power, 1.0, 1e6)
    assert high - low == pytest.approx(0.99 * 1990, rel=0.01)


def test_an_empty_clip_has_no_bursts():
    empty = extract(np.zeros((0, 2), "u1"), signals.SampleFormat.CU8, RATE_HZ, 0, 10_000)
    assert gate(empty, 1e-9).bursts == ()
    assert measure(empty, 1e-9) is None


def test_measures_are_plain_numbers_that_any_encoder_takes():
    rng = np.random.default_rng(11)
    got = signals.receive(signals.ook(rng, RATE_HZ, 0.2), rng, RATE_HZ, snr_db=25, bandwidth_hz=8000)
    found = measure(extract(got.iq, got.format, RATE_HZ, 500, 8000), got.noise_density)
    assert found is not None
    for name in found.__slots__:
        value = getattr(found, name)
        assert value is None or type(value) in (float, tuple), name
    assert all(type(edge) is float for burst in found.bursts for edge in burst)
