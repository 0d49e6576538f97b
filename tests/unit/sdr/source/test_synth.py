from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.source import SourceError, open_source
from sdr.source.signals import make_pattern, occupied_bandwidth
from sdr.source.synth import SynthSource
from sdr.source.world import MODULATIONS, Emitter, World
from sdr.types import Hop

QUIET = World(rate=250e3, center=433.92e6, seconds=1.0, seed=5, noise_dbfs=-30)


class FixedClock:
    def now(self):
        return datetime(2026, 6, 7, 1, tzinfo=UTC)


def opened(world):
    return SynthSource("synth:test.yml", world, clock=FixedClock())


def heard(world, hop=None, n=None):
    source = opened(world)
    if hop is not None:
        source.tune(hop)
    return complex_of(source.read(n or round(world.seconds * world.rate)).iq)


def complex_of(iq):
    return ((iq[:, 0] - 127.5) + 1j * (iq[:, 1] - 127.5)) / 127.5


def band_power(iq, rate_hz, low_hz, high_hz):
    """Mean power between two offsets, by Parseval."""
    at = np.fft.fftfreq(len(iq), 1 / rate_hz)
    spectrum = np.abs(np.fft.fft(iq) / len(iq)) ** 2
    return spectrum[(at >= low_hz) & (at < high_hz)].sum()


def db(ratio):
    return 10 * np.log10(ratio)


BUSY = replace(
    QUIET,
    edge_db=8.0,
    dc_dbfs=-30.0,
    imbalance_gain_db=0.5,
    imbalance_phase_deg=3.0,
    ip3_dbfs=10.0,
    emitters=(
        Emitter(433.95e6, "nfm", snr_db=20, start=0.1, stop=0.8, drift=50.0),
        Emitter(433.90e6, "fsk2", level_dbfs=-25, burst=0.05, period=0.2, jitter=0.1),
        Emitter(433.88e6, "ook", snr_db=10),
    ),
)


@given(st.lists(st.integers(1, 90_000), min_size=1, max_size=6))
@settings(max_examples=10, deadline=None)
def test_block_sizes_change_no_sample(sizes):
    whole = opened(BUSY).read(250_000).iq.copy()
    source, parts, n = opened(BUSY), [], 0
    while (block := source.read(sizes[len(parts) % len(sizes)] + 2000)) is not None:
        assert block.first_sample == n
        n += len(block.iq)
        parts.append(block.iq.copy())
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_seed_alone_decides_the_samples():
    assert (heard(BUSY) == heard(BUSY)).all()
    assert (heard(BUSY) != heard(replace(BUSY, seed=6))).any()


def test_noise_has_the_power_that_the_world_says():
    power = np.mean(np.abs(heard(QUIET)) ** 2)
    assert db(power) == pytest.approx(-30, abs=0.1)


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_the_signal_stands_over_the_noise_in_its_band_as_the_truth_says(modulation):
    rate, seconds = (2.4e6, 0.5) if modulation in ("wfm", "wideband") else (250e3, 2.0)
    world = World(rate=rate, center=433.92e6, seconds=seconds, seed=2, noise_dbfs=-35)
    bandwidth = 300e3 if modulation == "wideband" else None
    emitter = Emitter(433.92e6 + rate / 8, modulation, snr_db=20, bandwidth=bandwidth, audio="voice")
    loud = replace(world, emitters=(emitter,))
    (truth,) = opened(loud).truth()
    low, high = truth.low_hz - world.center, truth.high_hz - world.center
    noise = band_power(heard(world), rate, low, high)
    signal = band_power(heard(loud), rate, low, high) - noise
    assert truth.snr_db == 20
    assert db(signal / noise) == pytest.approx(20, abs=0.6)


@pytest.mark.parametrize("modulation", [name for name in MODULATIONS if name != "carrier"])
def test_the_bandwidth_in_the_truth_is_that_of_99_percent_of_what_is_on_the_air(modulation):
    emitter = Emitter(433.92e6, modulation, level_dbfs=-10, bandwidth=None)
    rate, seconds = (2.4e6, 0.5) if modulation in ("wfm", "wideband") else (250e3, 4.0)
    world = World(rate=rate, center=433.92e6, seconds=seconds, noise_dbfs=-90, emitters=(emitter,))
    (truth,) = opened(world).truth()
    assert occupied_bandwidth(heard(world), world.rate) == pytest.approx(
        truth.high_hz - truth.low_hz, rel=0.25
    )


def test_fsk_has_its_deviation_and_its_symbol_rate():
    emitter = Emitter(433.92e6, "fsk2", level_dbfs=-6, symbol_rate=1200.0, deviation=4500.0)
    iq = heard(replace(QUIET, noise_dbfs=-80, emitters=(emitter,)))
    turns = np.angle(iq[1:] * np.conj(iq[:-1])) / (2 * np.pi) * 250e3
    smooth = np.convolve(turns, np.ones(50) / 50, "valid")
    assert np.percentile(np.abs(smooth), 75) == pytest.approx(4500, rel=0.05)
    edges = np.flatnonzero(np.diff(np.sign(smooth)))
    steps = np.diff(edges) / 250e3 * 1200
    assert np.median(np.abs(steps - np.rint(steps))) < 0.1


def test_a_pattern_joins_its_own_end():
    for modulation in MODULATIONS:
        emitter = Emitter(1e8, modulation, snr_db=1, bandwidth=50e3 if modulation == "wideband" else None)
        pattern, _ = make_pattern(emitter, 250e3, np.random.default_rng(1))
        steps = np.abs(np.diff(np.concatenate((pattern.samples, pattern.samples[:1]))))
        assert steps[-1] <= steps[:-1].max() * 1.01, modulation
        assert np.mean(np.abs(pattern.samples) ** 2) == pytest.approx(1, abs=1e-3)


def test_bursts_are_where_the_truth_puts_them():
    emitter = Emitter(433.92e6, "carrier", level_dbfs=-6, start=0.1, burst=0.05, period=0.2, jitter=0.1)
    world = replace(QUIET, noise_dbfs=-60, emitters=(emitter,))
    loud = np.abs(heard(world)) > 0.25
    edges = np.flatnonzero(np.diff(loud.astype(int))) / 250e3
    truth = [(one.start_s, one.end_s) for one in opened(world).truth()]
    assert len(truth) == 5
    np.testing.assert_allclose(edges, np.ravel(truth)[: len(edges)], atol=0.001)
    assert len(edges) == sum(at < 1.0 for at in np.ravel(truth))
    assert len({round(start % 0.2, 4) for start, _ in truth}) > 3


def test_tuning_moves_every_sender_and_costs_what_the_world_says():
    emitter = Emitter(434.0e6, "carrier", level_dbfs=-6)
    source = opened(replace(QUIET, noise_dbfs=-60, retune=0.01, emitters=(emitter,)))
    for center in (433.92e6, 434.05e6):
        source.tune(Hop(center, 250e3))
        block = source.read(25_000)
        peak = np.argmax(np.abs(np.fft.fft(complex_of(block.iq))))
        assert np.fft.fftfreq(25_000, 1 / 250e3)[peak] == 434.0e6 - center
        assert block.hop.center_hz == center
    assert block.first_sample == 25_000 + 2500
    assert (block.started_at - source.info.started_at).total_seconds() == pytest.approx(0.11)


def test_a_sender_outside_the_passband_is_not_heard():
    emitter = Emitter(435.0e6, "carrier", level_dbfs=-6)
    world = replace(QUIET, noise_dbfs=-60)
    assert (heard(replace(world, emitters=(emitter,))) == heard(world)).all()


def test_the_receiver_adds_dc_mirror_image_and_third_order():
    base = replace(QUIET, noise_dbfs=-45)  # dithers the 8 bits
    one = Emitter(433.97e6, "carrier", level_dbfs=-6)

    def level(world, offset):
        return db(band_power(heard(world), 250e3, offset - 200, offset + 200))

    assert level(replace(base, dc_dbfs=-20), 0) == pytest.approx(-20, abs=0.3)
    crooked = replace(base, emitters=(one,), imbalance_phase_deg=3.0)
    assert level(crooked, 50e3) - level(crooked, -50e3) == pytest.approx(
        db(1 / np.tan(np.radians(1.5)) ** 2), abs=0.5
    )
    two = (replace(one, level_dbfs=-12.0), replace(one, frequency=433.98e6, level_dbfs=-12.0))
    bent = replace(base, emitters=two, ip3_dbfs=10)
    assert level(bent, 70e3) == pytest.approx(3 * -12 - 2 * 10, abs=0.7)
    far = Emitter(433.92e6 + 3.63e6 - 40e3, "carrier", level_dbfs=0)
    assert level(replace(base, emitters=(far,), image_if=1.815e6, image_db=30.0), 40e3) == pytest.approx(
        -30, abs=0.3
    )


def test_too_loud_a_sender_is_clipped_to_full_scale():
    iq = opened(replace(QUIET, emitters=(Emitter(433.95e6, "carrier", level_dbfs=10),))).read(10_000).iq
    assert np.mean((iq == 0) | (iq == 255)) > 0.5


def test_another_gain_shifts_every_level():
    world = replace(QUIET, noise_dbfs=-20, gain_db=30.0)
    loud, soft = heard(world), heard(world, Hop(433.92e6, 250e3, gain_db=20.0))
    assert db(np.mean(np.abs(loud) ** 2) / np.mean(np.abs(soft) ** 2)) == pytest.approx(10, abs=0.2)


def test_the_passband_falls_at_its_edge_for_noise_and_sender_alike():
    world = replace(QUIET, flat=200e3, edge_db=12.0)
    iq = heard(world)
    middle, edge = band_power(iq, 250e3, -5e3, 5e3), band_power(iq, 250e3, 115e3, 125e3)
    assert 6 < db(middle / edge) < 13
    at_edge = replace(world, emitters=(Emitter(433.92e6 + 118e3, "carrier", snr_db=30),))
    snr = db(band_power(heard(at_edge), 250e3, 117.5e3, 118.5e3) / band_power(iq, 250e3, 117.5e3, 118.5e3))
    assert snr == pytest.approx(30, abs=1.5)


def test_a_world_can_be_opened_tuned_elsewhere_but_not_at_another_rate(tmp_path):
    (tmp_path / "w.yml").write_text("rate: 250k\ncenter: 433M\nseconds: 1\nretune: 0.1\n")
    source = open_source(f"synth:{tmp_path / 'w.yml'}", center_hz=434e6, gain_db=20.0)
    block = source.read(1000)
    assert (source.info.center_hz, block.hop, block.first_sample) == (
        434e6,
        Hop(434e6, 250e3, gain_db=20.0),
        0,
    )
    with pytest.raises(SourceError, match="runs at 250000"):
        open_source(f"synth:{tmp_path / 'w.yml'}", rate_hz=1e6)


def test_a_world_has_an_end_is_closable_and_keeps_to_its_rate():
    source = opened(QUIET)
    assert (source.info.n_samples, source.info.tunable, source.info.live) == (250_000, True, False)
    with pytest.raises(SourceError, match="runs at 250000"):
        source.tune(Hop(433.92e6, 2.4e6))
    assert len(source.read(10**6).iq) == 250_000
    assert source.read(1) is None
    source = opened(replace(QUIET, seconds=None))
    assert source.info.n_samples is None
    with pytest.raises(ValueError, match="no end"):
        source.truth()
    source.close()
    assert source.read(1) is None
