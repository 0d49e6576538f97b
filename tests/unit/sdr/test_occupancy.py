"""Occupancy of made channels, and what its intervals hold."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sdr.occupancy import OccupancyError, OccupancyMeter, channel_edges, fft_length_for
from sdr.occupancy_plot import plot
from sdr.occupancy_record import Station, as_csv, records, scan_header, scan_line
from sdr.shares import batch_means, effective_samples, wilson
from sdr.source.synth import SynthSource
from sdr.source.world import parse_world

WORLD = """
rate: 250k
center: 410M
seconds: 30
seed: {seed}
noise_dbfs: -40
emitters:
  - {{frequency: 409.95625M, modulation: nfm, snr_db: 15, burst: 0.1, period: 10, jitter: 5}}
  - {{frequency: 409.98125M, modulation: nfm, snr_db: 15, burst: 0.5, period: 5, jitter: 2}}
  - {{frequency: 410.03125M, modulation: nfm, snr_db: 15, burst: 1, period: 2}}
  - {{frequency: 410.05625M, modulation: nfm, snr_db: 15}}
"""
DUTY = {409_956_250: 0.01, 409_981_250: 0.1, 410_031_250: 0.5, 410_056_250: 1.0}


def meter(band=(409.9e6, 410.1e6), channel=12.5e3, seed=1, **options) -> OccupancyMeter:
    source = SynthSource("synth:test", parse_world(WORLD.format(seed=seed), "test"))
    return OccupancyMeter(source, band, channel, **options)


@pytest.fixture(scope="module")
def measured():
    one = meter()
    rows = list(one.run())
    return one.result(), rows


# --- figures ---


def test_duties_of_1_10_50_and_100_percent_lie_inside_their_intervals(measured) -> None:
    found, _ = measured
    for channel in found.channels:
        duty = DUTY.get(round(channel.center_hz), 0.0)
        assert channel.fco.low <= duty <= channel.fco.high, channel
        assert channel.fco.value == pytest.approx(duty, abs=0.003), channel


def test_the_band_is_as_busy_as_its_channels_together(measured) -> None:
    found, _ = measured
    assert found.sro == pytest.approx(sum(DUTY.values()) / 16, abs=0.001)
    # Narrowband FM fills a part of its channel only, so cells say less than channels.
    assert 0.2 * found.sro < found.fbo.value < found.sro
    assert found.fbo.low <= found.fbo.value <= found.fbo.high


def test_levels_are_those_of_the_world(measured) -> None:
    found, rows = measured
    steady = next(one for one in found.channels if round(one.center_hz) == 410_056_250)
    assert steady.noise_dbfs == pytest.approx(-40 + 10 * np.log10(12.5 / 250), abs=0.8)
    assert steady.mean_dbfs - steady.noise_dbfs == pytest.approx(12, abs=2)
    assert len(rows[0].dbfs) == len(found.channels)


def test_a_sweep_says_the_same_with_fewer_samples() -> None:
    one = meter(band=(409.85e6, 410.1e6), dwell_s=0.02, seconds=8.0)
    list(one.run())
    found = one.result()
    assert found.revisit_s > 0.03
    for channel in found.channels:
        duty = DUTY.get(round(channel.center_hz), 0.0)
        assert channel.fco.low <= duty <= channel.fco.high, channel


def test_a_channel_is_free_under_a_threshold_that_it_does_not_reach() -> None:
    one = meter(threshold_db=25.0, seconds=5.0)
    list(one.run())
    assert all(channel.fco.value == 0.0 for channel in one.result().channels)


def test_a_fifth_of_a_second_says_something_and_nothing_says_nothing() -> None:
    one = meter(seconds=0.2)
    list(one.run())
    assert one.result().seconds == pytest.approx(0.2, abs=0.01)
    with pytest.raises(OccupancyError, match="too short"):
        meter().result()


# --- intervals ---


@pytest.mark.parametrize("duty", [0.01, 0.1, 0.5])
def test_intervals_hold_the_truth_of_a_chain_95_times_in_100(duty: float) -> None:
    rng = np.random.default_rng(3)
    n, spell = 40_000, 60.0
    held = 0
    for _ in range(200):
        lengths = np.stack(
            [rng.geometric(1 / spell, 2000), rng.geometric(duty / (1 - duty) / spell, 2000)], axis=1
        ).ravel()
        states = np.repeat(np.tile([True, False], 2000), lengths)[:n]
        start = int(rng.integers(0, 2000))
        states = states[start:]
        occupied, changes = int(states.sum()), int(np.count_nonzero(np.diff(states)))
        low, high = wilson(occupied / states.size, effective_samples(states.size, occupied, changes, 0.01))
        held += low <= duty <= high
    assert held / 200 >= 0.90


def test_wilsons_interval_is_that_of_the_books() -> None:
    # Brown, Cai, DasGupta (2001): 1 of 10 gives 0.0179 to 0.4041.
    assert wilson(0.1, 10) == pytest.approx((0.0179, 0.4042), abs=1e-3)


@given(st.integers(2, 10**6), st.floats(0, 1), st.floats(0, 1), st.floats(1e-4, 10))
def test_correlated_samples_are_never_worth_more_than_they_are(n, share, change_share, sample_s) -> None:
    n_occupied = round(n * share)
    n_changes = round(change_share * 2 * min(n_occupied, n - n_occupied))
    worth = effective_samples(n, n_occupied, n_changes, sample_s)
    assert 1.0 <= worth <= n
    low, high = wilson(n_occupied / n, worth)
    assert 0.0 <= low <= n_occupied / n <= high <= 1.0


def test_few_batches_promise_nothing() -> None:
    assert batch_means([[0.5]], [1.0]).low == 0.0
    assert batch_means([[0.5]], [1.0]).high == 1.0


# --- questions that cannot be answered ---


@pytest.mark.parametrize(
    ("low", "high", "channel", "told"),
    [(1e6, 1.01e6, 12.5e3, "no channel"), (1e6, 1e9, 12.5e3, "more than")],
)
def test_a_band_that_makes_no_channels_is_refused(low, high, channel, told) -> None:
    with pytest.raises(OccupancyError, match=told):
        channel_edges(low, high, channel)


def test_channels_too_narrow_for_the_rate_are_refused() -> None:
    with pytest.raises(OccupancyError, match="too narrow"):
        fft_length_for(2.4e6, 100.0)


@given(st.floats(1e5, 1e9), st.floats(1e3, 1e6), st.integers(1, 200))
def test_channels_fill_their_band_from_its_lower_edge(low: float, channel: float, n: int) -> None:
    edges = channel_edges(low, low + n * channel, channel)
    assert edges.size == n + 1
    assert edges[0] == low
    assert np.diff(edges) == pytest.approx(channel)


# --- what is written ---


def test_csv_and_records_say_the_same(measured) -> None:
    found, _ = measured
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [row["type"] for row in rows] == ["channel"] * 16 + ["band"]
    for row, record in zip(rows, records(found), strict=True):
        for name in ("low_hz", "fco", "fco_low", "fbo", "n_samples"):
            assert row[name] == str(record.get(name, ""))


def test_the_exchange_file_has_a_head_and_a_level_for_every_channel(measured) -> None:
    found, rows = measured
    head = dict(
        line.split(" ", 1)
        for line in scan_header(found, Station("gate", latitude=-30.586)).splitlines()
        if line
    )
    assert head["FreqStart"] == "409906.250"
    assert head["DataPoints"] == "16"
    assert head["Latitude"] == "30.35.10S"
    assert head["Longitude"] == "unknown"
    time, *levels = scan_line(rows[0]).strip().split(",")
    assert len(time) == 8
    assert len(levels) == 16


def test_the_picture_shows_the_busiest_channel_tallest(measured) -> None:
    found, _ = measured
    image = np.asarray(Image.open(io.BytesIO(plot(found))))
    assert image.shape == (420, 1000, 3)
    bars = (image == (0x3F, 0x6F, 0xB5)).all(axis=2).sum(axis=0)[60:960].reshape(-1, 1)
    columns = np.array_split(bars, 16)
    assert int(np.argmax([column.max() for column in columns])) == 12
