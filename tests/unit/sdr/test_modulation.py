"""The modulation is named right, with its symbol rate, or called unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.clip import Clip, extract
from sdr.modulation import identify, identify_in
from sdr.modulation.symbols import best_eyes, clock, crossings
from sdr.types import SampleFormat
from tests import signals

NARROW = 250e3
WIDE = 1.0e6

MADE = {
    "carrier": ("carrier", NARROW, 2000, lambda r: signals.carrier(r, NARROW, 0.4)),
    "am voice": ("am", NARROW, 6000, lambda r: signals.am_voice(r, NARROW, 0.8)),
    "am tone": ("am", NARROW, 4000, lambda r: signals.am_tone(r, NARROW, 0.4)),
    "nfm voice": ("nfm", NARROW, 9000, lambda r: signals.nfm_voice(r, NARROW, 0.8)),
    "nfm tone": ("nfm", NARROW, 7000, lambda r: signals.nfm_tone(r, NARROW, 0.4)),
    "dtmf": ("nfm", NARROW, 7000, lambda r: signals.nfm_tone(r, NARROW, 0.3, (697.0, 1209.0))),
    "ctcss": ("nfm", NARROW, 2000, lambda r: signals.nfm_tone(r, NARROW, 0.5, (123.0,), 600)),
    "wfm": ("wfm", WIDE, 170e3, lambda r: signals.wfm(r, WIDE, 0.2)),
    "ook pwm": ("ook", NARROW, 9000, lambda r: signals.ook(r, NARROW, 0.2)),
    "ook manchester": ("ook", NARROW, 12e3, lambda r: signals.ook(r, NARROW, 0.1, 4000, "manchester")),
    "ook ppm": ("ook", NARROW, 9000, lambda r: signals.ook(r, NARROW, 0.2, 2000, "ppm")),
    "fsk": ("fsk2", NARROW, 8000, lambda r: signals.fsk2(r, NARROW, 0.2)),
    "pocsag": ("fsk2", NARROW, 12e3, lambda r: signals.fsk2(r, NARROW, 0.6, 1200, 4500)),
    "gfsk": ("fsk2", NARROW, 9600, lambda r: signals.fsk2(r, NARROW, 0.1, 9600, 2400, 0.5)),
    "manchester fsk": (
        "fsk2",
        NARROW,
        38e3,
        lambda r: signals.fsk2(r, NARROW, 0.1, 9600, 9600, coding="manchester"),
    ),
    "dmr": ("fsk4", NARROW, 7600, lambda r: signals.fsk4(r, NARROW, 0.4)),
    "dmr slot": ("fsk4", NARROW, 7600, lambda r: signals.fsk4(r, NARROW, 0.4, slot_s=0.03)),
    "nxdn": ("fsk4", NARROW, 4000, lambda r: signals.fsk4(r, NARROW, 0.5, 2400, 1050)),
    "ofdm": ("wideband", WIDE, 300e3, lambda r: signals.ofdm(r, WIDE, 0.05, 300e3)),
    "noise-like": ("wideband", WIDE, 250e3, lambda r: signals.noise_like(r, WIDE, 0.05, 250e3)),
    "qpsk": ("unknown", NARROW, 13e3, lambda r: signals.psk(r, NARROW, 0.3)),
    "narrow noise": ("unknown", NARROW, 20e3, lambda r: signals.noise_like(r, NARROW, 0.2, 20e3)),
}
RATES = {"fsk": 2400, "pocsag": 1200, "gfsk": 9600, "dmr": 4800, "nxdn": 2400, "ook pwm": 2500}
DEVIATIONS = {"fsk": 2400, "pocsag": 4500, "dmr": 1944, "nxdn": 1050}
CONTENTS = {"nfm voice": "voice", "nfm tone": "tones", "dtmf": "tones", "ctcss": "tones"}


def _identified(name, snr_db, seed=1, sample_format=SampleFormat.CU8):
    truth, rate_hz, bandwidth_hz, make = MADE[name]
    rng = np.random.default_rng(seed)
    got = signals.receive(
        make(rng),
        rng,
        rate_hz,
        snr_db=snr_db,
        bandwidth_hz=bandwidth_hz,
        offset_hz=0.11 * rate_hz,
        clock_ppm=40,
        echo=0.2j,
        echo_s=4e-6,
        sample_format=sample_format,
    )
    clip = extract(got.iq, got.format, rate_hz, 0.11 * rate_hz + 0.1 * bandwidth_hz, bandwidth_hz)
    return truth, identify(clip, snr_db)


@pytest.mark.parametrize("name", MADE)
def test_at_15_db_with_offset_clock_error_and_echo_it_is_named_right(name):
    truth, said = _identified(name, 16)
    assert said.modulation == truth
    if name in RATES:
        assert said.symbol_rate == pytest.approx(RATES[name], rel=0.005)
    if name in DEVIATIONS:
        assert said.deviation_hz == pytest.approx(DEVIATIONS[name], rel=0.15)
    if name in CONTENTS:
        assert said.content == CONTENTS[name]
    if truth != "unknown":
        assert 0.45 <= said.confidence <= 1
    for value in (said.confidence, said.symbol_rate, said.deviation_hz, said.center_offset_hz):
        assert value is None or type(value) is float


@pytest.mark.parametrize("name", ["nfm voice", "fsk", "ook pwm", "dmr"])
def test_near_the_noise_it_is_unknown_rather_than_wrong(name):
    truth, said = _identified(name, 1)
    assert said.modulation in (truth, "unknown")


def test_noise_alone_is_unknown():
    rng = np.random.default_rng(3)
    z = (0.1 * (rng.standard_normal(30_000) + 1j * rng.standard_normal(30_000))).astype(np.complex64)
    assert identify(Clip(z, 32e3, 0, 12_500, 25_600, 30_700), 3).modulation == "unknown"


@pytest.mark.parametrize("n", [0, 1, 10, 100])
def test_a_clip_of_a_few_samples_is_unknown(n):
    clip = Clip(np.ones(n, np.complex64), 32e3, 0, 12_500, 25_600, 30_700)
    assert identify(clip, 20).modulation == "unknown"


def test_a_click_of_a_millisecond_is_unknown():
    rng = np.random.default_rng(4)
    z = signals.fsk2(rng, NARROW, 0.001, 9600, 4800)
    got = signals.receive(z, rng, NARROW, snr_db=20, bandwidth_hz=15e3)
    assert identify(extract(got.iq, got.format, NARROW, 0, 15e3), 20).modulation == "unknown"


def test_one_lobe_of_wide_fsk_is_seen_to_belong_to_two():
    rng = np.random.default_rng(5)
    z = signals.fsk2(rng, NARROW, 0.06, 4000, 22_000)
    got = signals.receive(z, rng, NARROW, snr_db=25, bandwidth_hz=50e3, offset_hz=10e3)
    # a detector that sees two separate humps reports the upper one
    one_lobe = identify(extract(got.iq, got.format, NARROW, 32e3, 12e3), 25)
    assert one_lobe.modulation == "ook"
    clip, said = identify_in(got.iq, got.format, NARROW, 32e3, 12e3, 25)
    assert said.modulation == "fsk2"
    assert said.symbol_rate == pytest.approx(4000, rel=0.01)
    assert clip.usable_hz > 80e3


def test_the_middle_of_the_symbols_is_a_better_centre_than_the_spectrum():
    rng = np.random.default_rng(6)
    z = signals.fsk2(rng, NARROW, 0.1, 9600, 2400, 0.5)
    got = signals.receive(z, rng, NARROW, snr_db=15, bandwidth_hz=9600)
    clip = extract(got.iq, got.format, NARROW, 900.0, 9600)
    said = identify(clip, 15)
    assert said.modulation == "fsk2"
    assert abs(900.0 + said.center_offset_hz) < 120


@settings(max_examples=30, deadline=None)
@given(
    per_symbol=st.floats(3.5, 40),
    seed=st.integers(0, 1000),
    levels=st.sampled_from([(-1.0, 1.0), (-1.0, -1 / 3, 1 / 3, 1.0)]),
)
def test_the_eye_opens_at_the_true_symbol_rate(per_symbol, seed, levels):
    rng = np.random.default_rng(seed)
    symbols = rng.choice(levels, 400)
    n = int(400 * per_symbol)
    series = symbols[np.minimum((np.arange(n) / per_symbol).astype(int), 399)]
    series = np.convolve(series, np.ones(3) / 3, mode="same") + 0.02 * rng.standard_normal(n)
    two, four = best_eyes(series, 1.0, 0.4 / per_symbol, min(1.6 / per_symbol, 0.5))
    eye = two if len(levels) == 2 else four
    assert eye is not None
    assert eye.spread < 0.15
    assert eye.symbol_rate == pytest.approx(1 / per_symbol, rel=0.01)


def test_random_values_have_no_open_eye():
    rng = np.random.default_rng(7)
    series = np.convolve(rng.standard_normal(8000), np.ones(5) / 5, mode="same")
    two, four = best_eyes(series, 1.0, 0.01, 0.2)
    assert two is None or two.spread > 0.22 or two.coherence < 0.2
    assert four is None or four.spread > 0.22 or four.coherence < 0.12


@settings(max_examples=40, deadline=None)
@given(period=st.floats(4, 60), seed=st.integers(0, 1000))
def test_the_clock_of_changes_is_found_from_whole_multiples(period, seed):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, 4, 120)) * period + rng.normal(0, 0.03 * period, 120)
    found = clock(times, 1.0, 0.6 / period, 3 / period, 3)
    assert found
    assert found[0] == pytest.approx(1 / period, rel=0.005)


def test_crossings_are_where_a_slow_search_finds_them():
    rng = np.random.default_rng(8)
    series = np.sin(np.arange(2000) / 23.0) + 0.02 * rng.standard_normal(2000)
    low, high = np.percentile(series, [8, 92])
    middle, margin = (low + high) / 2, 0.12 * (high - low)
    slow, state = [], 0
    for index, value in enumerate(series):
        new = 1 if value > middle + margin else -1 if value < middle - margin else state
        if state and new != state:
            slow.append(index)
        state = new
    fast = crossings(series)
    assert len(fast) == len(slow)
    assert np.max(np.abs(fast - np.array(slow))) < 8


def test_a_long_preamble_does_not_hide_the_data_after_it():
    rng = np.random.default_rng(9)
    z = signals.fsk2(rng, NARROW, 3.0, 512, 4500, n_preamble=512)
    got = signals.receive(z, rng, NARROW, snr_db=20, bandwidth_hz=12e3, sample_format=SampleFormat.CU8)
    said = identify(extract(got.iq, got.format, NARROW, 300, 12e3), 20)
    assert said.modulation == "fsk2"
    assert said.symbol_rate == pytest.approx(512, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 200),
    rate_hz=st.sampled_from([8_000.0, 9_877.0, 32_000.0, 250_000.0, 2.4e6]),
    bandwidth_share=st.floats(1e-3, 1.0),
    kind=st.sampled_from(["noise", "tone", "keyed", "zeros", "one sample"]),
    snr_db=st.floats(-10, 60),
)
def test_no_clip_is_too_short_or_too_strange_for_an_answer(n, rate_hz, bandwidth_share, kind, snr_db):
    rng = np.random.default_rng(n)
    tone = np.exp(2j * np.pi * 0.07 * np.arange(n))
    z = {
        "noise": rng.standard_normal(n) + 1j * rng.standard_normal(n),
        "tone": tone,
        "keyed": tone * (np.arange(n) // 7 % 2),
        "zeros": np.zeros(n),
        "one sample": np.arange(n) == n // 2,
    }[kind].astype(np.complex64)
    width_hz = bandwidth_share * rate_hz
    said = identify(Clip(z, rate_hz, 0.0, width_hz, 0.8 * rate_hz, 0.96 * rate_hz), snr_db)
    assert said.modulation in {"carrier", "am", "nfm", "wfm", "ook", "fsk2", "fsk4", "wideband", "unknown"}
    assert 0 <= said.confidence <= 1


def test_crossings_are_those_that_the_obvious_search_finds():
    rng = np.random.default_rng(12)
    series = np.repeat(rng.choice([-1.0, 1.0], 60), 17) + 0.3 * rng.standard_normal(60 * 17)
    low, high = np.quantile(series, [0.08, 0.92])
    middle, margin = (low + high) / 2, 0.12 * (high - low)
    found, side, since = [], 0, 0
    for i, value in enumerate(series):
        now = int(value > middle + margin) - int(value < middle - margin)
        if now and side and now != side:
            zeros = [k for k in range(since, i) if (series[k] > middle) != (series[k + 1] > middle)]
            found.append(zeros[len(zeros) // 2])
        if now:
            side, since = now, i
    assert np.abs(crossings(series) - np.array(found)).max() < 1.01
