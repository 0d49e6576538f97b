"""The past spectrum: what was heard comes back, gaps stay gaps, the bounds cost only the oldest."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.codes import LOWEST_DB, STEP_DB, encode
from sdr.history import (
    CHUNK_ROWS,
    RATIOS,
    History,
    HistoryBounds,
    open_array,
    prune,
    sensor_dir,
)
from sdr.history_feed import Series
from sdr.history_view import view
from sdr.scanner import Scanner, ScanSettings
from sdr.source.synth import SynthSource
from sdr.source.world import Emitter, World

START = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
SERIES = Series(433_920_000, 2_400_000, 64, 1)
FLOOR = 1e-10


def row(level=FLOOR, bin=None, strong=1e-6):
    density = np.full(SERIES.n_bins, level, np.float32)
    if bin is not None:
        density[bin] = strong
    return density


def written(root, n_rows, make=lambda i: (row(), row(4 * FLOOR)), start=START, bounds=None):
    history = History(root, "north", bounds or HistoryBounds())
    for i in range(n_rows):
        while history.n_queued > 200:
            threading.Event().wait(0.001)
        history.add(SERIES, start + timedelta(seconds=i), *make(i))
    history.close()
    assert (history.n_dropped, history.n_failed) == (0, 0)
    return history


def seen(root, seconds, start=START, **sizes):
    low, high = SERIES.low_hz, SERIES.low_hz + SERIES.rate_hz
    return view(root, "north", low, high, start, start + timedelta(seconds=seconds), **sizes)


@given(st.floats(-148, -25))
def test_a_density_comes_back_within_half_a_step(db):
    code = encode(np.array([10 ** (db / 10)]))[0]
    assert abs(LOWEST_DB + STEP_DB * (int(code) - 1) - db) <= STEP_DB / 2 + 1e-6


def test_what_is_off_the_scale_is_kept_at_its_end_and_never_as_not_heard():
    assert list(encode(np.array([0.0, 1e-30, 1.0]))) == [1, 1, 255]


def test_what_was_heard_comes_back_in_its_place(tmp_path):
    written(tmp_path, 30, lambda i: (row(bin=20 if i == 7 else None), row(4 * FLOOR, 20 if i == 7 else None)))
    shown = seen(tmp_path, 30)
    assert shown.mean_db.shape == (30, 64)
    assert np.unravel_index(np.argmax(shown.mean_db), shown.mean_db.shape) == (7, 20)
    assert shown.max_db[7, 20] == pytest.approx(-60, abs=0.3)
    assert shown.mean_db[8, 20] == pytest.approx(-100, abs=0.3)


def test_seconds_without_a_receiver_stay_empty(tmp_path):
    written(tmp_path, 10)
    written(tmp_path, 10, start=START + timedelta(seconds=20))
    shown = seen(tmp_path, 30)
    assert np.isnan(shown.max_db[10:20]).all()
    assert not np.isnan(shown.max_db[:10]).any()
    assert not np.isnan(shown.mean_db[20:30]).any()


def test_every_resolution_keeps_the_maximum_and_the_mean(tmp_path):
    written(tmp_path, 1200, lambda i: (row(), row(4 * FLOOR, 9 if i == 1000 else None)))
    for ratio in RATIOS:
        codes = np.asarray(open_array(sensor_dir(tmp_path, "north"), START.date(), SERIES, ratio, "max")[:])
        assert codes.max() == encode(np.array([1e-6]))[0]
        at = np.unravel_index(np.argmax(codes), codes.shape)
        assert at == ((3600 + 1000) // ratio, 9)
        mean = np.asarray(open_array(sensor_dir(tmp_path, "north"), START.date(), SERIES, ratio, "mean")[:])
        assert set(np.unique(mean)) <= {0, int(encode(np.array([FLOOR]))[0])}


def test_a_long_view_shows_one_short_burst(tmp_path):
    written(tmp_path, 1500, lambda i: (row(), row(4 * FLOOR, 33 if i == 777 else None)))
    shown = seen(tmp_path, 1500, max_rows=50, max_bins=16)
    assert shown.max_db.shape == (50, 16)
    at = np.unravel_index(np.argmax(shown.max_db), shown.max_db.shape)
    assert at == (777 // 30, 33 // 4)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 250), st.floats(3, 300), st.floats(0, 0.9), st.integers(1, 400), st.integers(1, 100))
def test_any_view_is_what_a_slow_reader_finds(history_root, first, span, low, max_rows, max_bins):
    start = START + timedelta(seconds=first)
    low_hz = SERIES.low_hz + low * SERIES.rate_hz
    high_hz = SERIES.low_hz + SERIES.rate_hz
    shown = view(
        history_root, "north", low_hz, high_hz, start, start + timedelta(seconds=span),
        max_rows=max_rows, max_bins=max_bins,
    )  # fmt: skip
    n_rows, n_bins = shown.max_db.shape
    assert n_rows <= max_rows
    assert n_bins <= max_bins
    ratio = max(r for r in RATIOS if r <= max(shown.step_s, 1) + 1e-6)
    codes = np.asarray(open_array(sensor_dir(history_root, "north"), START.date(), SERIES, ratio, "max")[:])
    expected = np.full((n_rows, n_bins), np.nan)
    for r in range(codes.shape[0]):
        at_s = (r + 0.5) * ratio - 3600 - (start - START).total_seconds()
        i = int(np.floor(at_s / shown.step_s + 1e-9))
        if not 0 <= i < n_rows:
            continue
        for b in range(64):
            j = int(np.floor((SERIES.low_hz + (b + 0.5) * SERIES.bin_hz - low_hz) / shown.bin_hz + 1e-9))
            if 0 <= j < n_bins and codes[r, b]:
                expected[i, j] = np.fmax(expected[i, j], LOWEST_DB + STEP_DB * (int(codes[r, b]) - 1))
    np.testing.assert_allclose(shown.max_db, expected)


@pytest.fixture(scope="module")
def history_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("history")
    rng = np.random.default_rng(4)
    written(root, 600, lambda i: (row(), (FLOOR * rng.exponential(4, SERIES.n_bins)).astype(np.float32)))
    return root


def test_a_new_run_goes_on_where_the_last_one_stopped(tmp_path):
    written(tmp_path, 10)
    written(tmp_path, 10, start=START + timedelta(seconds=10))
    assert not np.isnan(seen(tmp_path, 20).max_db).any()


def test_a_crash_leaves_all_that_was_flushed_readable(tmp_path):
    history = History(tmp_path, "north")
    for i in range(100):
        history.add(SERIES, START + timedelta(seconds=i), row(), row())
    while history.n_queued:
        threading.Event().wait(0.01)
    # A half-written chunk, as a kill leaves it: beside the real ones, under a name nobody reads.
    array = sensor_dir(tmp_path, "north") / START.date().isoformat() / SERIES.name / "max_1"
    chunk = array / "c" / str(3600 // CHUNK_ROWS)
    (chunk / "0.deadbeef.partial").write_bytes(b"half")
    shown = seen(tmp_path, 100)
    assert not np.isnan(shown.max_db[:60]).any()
    history.close()


def test_readers_see_whole_rows_while_the_writer_writes(tmp_path):
    history = History(tmp_path, "north")
    done = threading.Event()
    bad = []

    def read():
        while not done.is_set():
            shown = seen(tmp_path, 300).max_db
            heard = ~np.isnan(shown)
            if (heard.any(axis=1) != heard.all(axis=1)).any():
                bad.append(shown)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(300):
        while history.n_queued > 200:
            threading.Event().wait(0.001)
        history.add(SERIES, START + timedelta(seconds=i), row(), row())
    history.close()
    done.set()
    reader.join()
    assert not bad


def test_the_oldest_goes_when_the_size_is_over_its_bound(tmp_path):
    rng = np.random.default_rng(1)
    written(tmp_path, 1200, lambda i: (row(), (FLOOR * rng.exponential(1, 64)).astype(np.float32)))
    folder = sensor_dir(tmp_path, "north")
    end = START + timedelta(seconds=1200)
    before = prune(folder, end, HistoryBounds(max_bytes=1 << 40))
    after = prune(folder, end, HistoryBounds(max_bytes=before // 2))
    assert 0 < after <= before // 2
    shown = seen(tmp_path, 1200, max_rows=1200)
    assert np.isnan(shown.max_db[:120]).all()
    assert not np.isnan(shown.max_db[-60:]).any()


def test_days_over_the_age_bound_are_gone_with_their_folders(tmp_path):
    written(tmp_path, 30)
    folder = sensor_dir(tmp_path, "north")
    prune(folder, START + timedelta(days=3), HistoryBounds(max_age_s=86_400))
    assert list(folder.iterdir()) == []


def test_a_view_of_nothing_is_empty_and_not_an_error(tmp_path):
    assert np.isnan(seen(tmp_path, 60).mean_db).all()


def test_a_view_backwards_in_time_is_refused(tmp_path):
    with pytest.raises(ValueError, match="end after its start"):
        seen(tmp_path, -5)


@pytest.mark.parametrize("name", ["../up", "a/b", "..", "北门 1"])
def test_any_sensors_name_makes_one_folder_below_the_root(tmp_path, name):
    assert sensor_dir(tmp_path, name).resolve().parent == tmp_path.resolve()


def test_a_scan_leaves_its_history(tmp_path):
    world = World(
        rate=250e3,
        center=433.92e6,
        seconds=4.0,
        noise_dbfs=-40,
        emitters=(Emitter(frequency=433.95e6, modulation="carrier", level_dbfs=-20, start=2.0),),
    )
    source = SynthSource("synth", world)
    started = source.info.started_at
    settings = ScanSettings(sensor="north", with_modulation=False, history_dir=tmp_path)
    Scanner(source, settings, lambda report: None).run()
    shown = view(
        tmp_path, "north", 433.80e6, 434.04e6, started.replace(microsecond=0), started + timedelta(seconds=5)
    )
    top = np.nanmax(shown.max_db, axis=0)
    assert abs(shown.low_hz + (np.argmax(top) + 0.5) * shown.bin_hz - 433.95e6) < 1000
    # Noise of -40 dBFS over 250 kHz.
    assert np.nanmedian(shown.mean_db) == pytest.approx(-94, abs=1)
