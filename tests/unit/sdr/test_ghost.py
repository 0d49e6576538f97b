"""What a receiver invents is told from senders, and senders in the very same places are left alone."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ghosts import count, make
from sdr.ghost import (
    CRYSTAL_HZ,
    WORST_IP3_DBFS,
    by_gain,
    by_second_sensor,
    by_shift,
    capture,
    crystal_harmonic,
    intermod,
    is_back,
    mirror,
    shift_for,
)
from sdr.probe import probe
from sdr.source.synth import SynthSource
from sdr.source.world import Emitter, World
from sdr.types import Hop, SampleFormat

RATE = 1e6
CENTER = 450e6
N = 80_000


def noise(rng, n=N, db=-45.0):
    return 10 ** (db / 20) * (rng.standard_normal(n) + 1j * rng.standard_normal(n)) / math.sqrt(2)


def sender(rng, offset_hz, level_db, n=N):
    """A 2FSK sender of its own data: constant envelope, some 6 kHz wide."""
    symbols = rng.choice([-1.0, 1.0], n // 400 + 1)
    phase = 2 * np.pi * np.cumsum(np.repeat(symbols, 400)[:n] * 2400 + offset_hz) / RATE
    return 10 ** (level_db / 20) * np.exp(1j * (phase + rng.uniform(0, 6)))


def taken(x, center=CENTER):
    pairs = np.ascontiguousarray(x.astype(np.complex64)).view(np.float32).reshape(-1, 2)
    return capture(pairs, SampleFormat.CF32, RATE, center)


def bytes_of(x, center=CENTER):
    pairs = np.stack((x.real, x.imag), axis=1) * 127.5 + 127.5
    return capture(np.clip(np.rint(pairs), 0, 255).astype(np.uint8), SampleFormat.CU8, RATE, center)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(60e3, 400e3), st.floats(16, 34))
def test_a_mirror_is_known_by_its_partners_samples(seed, offset_hz, suppression_db):
    rng = np.random.default_rng(seed)
    x = sender(rng, offset_hz, -12)
    x = x + 10 ** (-suppression_db / 20) * np.conj(x) + noise(rng)
    found = mirror(bytes_of(x), CENTER - offset_hz, 7e3)
    assert found is not None
    assert found.flag == "mirror"
    assert mirror(bytes_of(x), CENTER + offset_hz, 7e3) is None


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(60e3, 400e3), st.floats(-60, -30))
def test_a_sender_where_a_mirror_would_be_is_no_mirror(seed, offset_hz, level_db):
    rng = np.random.default_rng(seed)
    x = sender(rng, offset_hz, -12) + sender(rng, -offset_hz, level_db) + noise(rng)
    assert mirror(bytes_of(x), CENTER - offset_hz, 7e3) is None


def cubed(x, ip3_dbfs):
    return x - 10 ** (-ip3_dbfs / 10) * np.abs(x) ** 2 * x


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(3, 9), st.sampled_from([1, 2]))
def test_third_order_products_are_known_by_their_causes_samples(seed, ip3_dbfs, which):
    rng = np.random.default_rng(seed)
    a, b = 110e3, 165e3
    x = cubed(sender(rng, a, -12) + sender(rng, b, -13), ip3_dbfs) + noise(rng)
    place = 2 * a - b if which == 1 else 2 * b - a
    found = intermod(bytes_of(x), CENTER + place, 9e3)
    assert found is not None
    assert found.flag == "intermod"
    assert intermod(bytes_of(x), CENTER + a, 9e3) is None


def test_the_product_of_three_senders_is_known():
    rng = np.random.default_rng(1)
    x = cubed(sum(sender(rng, f, -15) for f in (50e3, 110e3, 190e3)), 6) + noise(rng)
    found = intermod(bytes_of(x), CENTER + 50e3 + 190e3 - 110e3, 9e3)
    assert found is not None
    assert "450.05" in found.reason
    assert "- 450.1100" in found.reason


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(-62, -30))
def test_a_sender_where_a_product_would_be_is_no_product(seed, level_db):
    rng = np.random.default_rng(seed)
    x = sender(rng, 110e3, -12) + sender(rng, 165e3, -13) + sender(rng, 55e3, level_db) + noise(rng)
    assert intermod(bytes_of(x), CENTER + 55e3, 9e3) is None


def test_three_bare_carriers_on_one_raster_are_senders_if_no_receiver_is_that_bad():
    rng = np.random.default_rng(2)
    t = np.arange(N) / RATE
    level = 10 ** (-15 / 20)
    stronger_than_a_product = 10 ** ((3 * -15 - 2 * WORST_IP3_DBFS + 3) / 20)
    x = level * np.exp(2j * np.pi * 110e3 * t) + level * np.exp(2j * np.pi * 165e3 * t)
    x = x + stronger_than_a_product * np.exp(2j * np.pi * 55e3 * t) + noise(rng)
    assert intermod(taken(x), CENTER + 55e3, 600) is None


def test_dc_in_the_same_clip_hides_no_product():
    rng = np.random.default_rng(3)
    x = cubed(sender(rng, 60e3, -12) + sender(rng, 119e3, -12), 6) + noise(rng) + 10 ** (-25 / 20)
    assert intermod(bytes_of(x), CENTER + 1e3, 9e3) is not None


@given(st.integers(1, 60), st.floats(-500, 500))
def test_a_line_at_a_multiple_of_the_crystal_is_named(number, error_hz):
    found = crystal_harmonic(number * CRYSTAL_HZ + error_hz, 300.0)
    assert found is not None
    assert f"{number} x 28.8" in found.reason


@pytest.mark.parametrize(
    ("frequency_hz", "width_hz"), [(403.2e6, 8000.0), (403.21e6, 300.0), (14.4e6, 300.0), (0.0, 300.0)]
)
def test_what_is_modulated_or_elsewhere_is_not_the_crystal(frequency_hz, width_hz):
    assert crystal_harmonic(frequency_hz, width_hz) is None


def test_the_crystals_place_moves_with_the_correction_that_the_receiver_was_given():
    assert crystal_harmonic(403.2e6 * (1 + 40e-6), 300.0, 40.0) is not None
    assert crystal_harmonic(403.2e6, 300.0, 40.0) is None


# --- with the receiver at hand ---

HOP = Hop(CENTER, RATE, gain_db=30.0)
WORLD = World(rate=RATE, center=CENTER, seconds=3.0, noise_dbfs=-45, gain_db=30.0, retune=0.015)


def captured(world, hop=HOP):
    source = SynthSource("synth", world)
    source.tune(hop)
    block = source.read(60_000)
    return capture(block.iq, SampleFormat.CU8, RATE, hop.center_hz)


def emitting(**changes):
    return replace(WORLD, **changes)


FSK = {"modulation": "fsk2", "symbol_rate": 1200}


def test_a_sender_stays_where_it_is_when_the_lo_moves():
    world = emitting(emitters=(Emitter(frequency=450.1e6, level_dbfs=-40, **FSK),))
    before, after = captured(world), captured(world, replace(HOP, center_hz=CENTER + 70e3))
    assert by_shift(before, after, 450.1e6, 8e3) is None


@pytest.mark.parametrize(
    ("changes", "frequency_hz", "width_hz", "flag"),
    [
        ({"dc_dbfs": -25}, 450e6, 600.0, "dc"),
        (
            {
                "imbalance_phase_deg": 3.0,
                "emitters": (Emitter(frequency=450.1e6, level_dbfs=-15, **FSK),),
            },
            449.9e6,
            8e3,
            "mirror",
        ),
        (
            {
                "image_if": 1.815e6,
                "image_db": 30.0,
                "emitters": (Emitter(frequency=453.5e6, level_dbfs=-12, **FSK),),
            },
            450.13e6,
            8e3,
            "image",
        ),
    ],
)
def test_what_moves_with_the_lo_is_the_receivers_own(changes, frequency_hz, width_hz, flag):
    world = emitting(**changes)
    before, after = captured(world), captured(world, replace(HOP, center_hz=CENTER + 70e3))
    found = by_shift(before, after, frequency_hz, width_hz)
    assert found is not None
    assert found.flag == flag


def test_a_weak_sender_beside_the_dc_is_not_taken_for_it():
    sender_beside = Emitter(frequency=450.0035e6, level_dbfs=-62, **FSK)
    world = emitting(dc_dbfs=-40, emitters=(sender_beside,))
    before, after = captured(world), captured(world, replace(HOP, center_hz=CENTER + 70e3))
    assert by_shift(before, after, 450.0032e6, 8.7e3) is None


def test_what_has_ended_before_the_second_look_is_not_accused():
    rng = np.random.default_rng(5)
    before = taken(sender(rng, 100e3, -30) + noise(rng))
    after = taken(noise(rng), CENTER + 70e3)
    assert by_shift(before, after, CENTER + 100e3, 8e3) is None
    assert not is_back(before, after, CENTER + 100e3, 8e3)


def test_a_product_falls_three_times_as_much_as_the_gain_and_a_sender_once():
    two = tuple(Emitter(frequency=f, level_dbfs=-12, **FSK) for f in (450.1e6, 450.15e6))
    world = emitting(ip3_dbfs=4.0, emitters=two)
    before, less = captured(world), captured(world, replace(HOP, gain_db=24.0))
    found = by_gain(before, less, 6.0, 450.05e6, 9e3)
    assert found is not None
    assert found.flag == "intermod"
    assert by_gain(before, less, 6.0, 450.1e6, 9e3) is None


def test_a_weak_sender_that_sinks_into_the_noise_with_the_gain_is_not_accused():
    rng = np.random.default_rng(6)
    before = taken(sender(rng, 100e3, -60) + noise(rng))
    less = taken(noise(rng))
    assert by_gain(before, less, 6.0, CENTER + 100e3, 8e3) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100), st.floats(-380e3, 380e3))
def test_the_shift_leaves_sender_and_image_inside_the_usable_part(seed, offset_hz):
    rng = np.random.default_rng(seed)
    before = taken(sender(rng, offset_hz, -30, 20_000) + noise(rng, 20_000))
    shift_hz = shift_for(before, CENTER + offset_hz, 8e3, 0.8 * RATE)
    if shift_hz is not None:
        assert abs(offset_hz - shift_hz) <= 0.4 * RATE
        assert abs(offset_hz + shift_hz) <= 0.4 * RATE
    else:
        assert abs(offset_hz) > 0.3 * RATE


def test_the_shift_avoids_what_is_strong_already():
    rng = np.random.default_rng(7)
    lone = taken(sender(rng, 50e3, -40) + noise(rng))
    usual = shift_for(lone, CENTER + 50e3, 8e3, 0.8 * RATE)
    beside = taken(sender(rng, 50e3, -40) + sender(rng, 50e3 + 2 * usual, -20) + noise(rng))
    other = shift_for(beside, CENTER + 50e3, 8e3, 0.8 * RATE)
    assert other not in (None, usual)


def test_the_probe_finds_an_image_and_puts_the_receiver_back():
    world = emitting(
        image_if=1.815e6, image_db=30.0, emitters=(Emitter(frequency=453.5e6, level_dbfs=-12, **FSK),)
    )
    source = SynthSource("synth", world)
    source.tune(HOP)
    probed = probe(source, HOP, 450.13e6, 8e3)
    assert probed.ghost is not None
    assert probed.ghost.flag == "image"
    assert source.read(100).hop == HOP
    assert 0 < probed.n_samples <= 0.25 * RATE


def test_the_probe_leaves_a_sender_alone():
    source = SynthSource("synth", emitting(emitters=(Emitter(frequency=450.1e6, level_dbfs=-40, **FSK),)))
    source.tune(HOP)
    assert probe(source, HOP, 450.1e6, 8e3).ghost is None


def test_another_sensor_agrees_within_its_clocks_and_crystals_error():
    here = (10.0, 12.0, 433.92e6, 12e3)
    assert by_second_sensor(here, [(9.0, 11.0, 433.93e6, 12e3)])
    assert not by_second_sensor(here, [(9.0, 11.0, 434.5e6, 12e3), (14.0, 15.0, 433.92e6, 12e3)])


# --- from the world to the flag ---


@pytest.mark.parametrize("kind", ["mirror", "intermod", "crystal", "overload"])
def test_a_recording_flags_what_one_recording_can_tell(kind):
    counted = count(make(kind, 1), probing=False)
    assert counted["flagged"] >= 1
    assert counted["unflagged"] == counted["senders flagged"] == 0


def test_an_image_is_flagged_once_the_receiver_may_be_asked():
    counted = count(make("image", 0), probing=True)
    assert (counted["flagged"], counted["unflagged"], counted["senders flagged"]) == (1, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("probing", [False, True])
def test_senders_in_the_places_of_ghosts_are_not_flagged(seed, probing):
    counted = count(make("true", seed), probing=probing)
    assert counted["senders"] >= 4
    assert counted["senders flagged"] == 0
