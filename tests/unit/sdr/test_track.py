"""From rows to emissions, on rows whose truth is known bin by bin."""

from __future__ import annotations

import numpy as np
import pytest

from sdr.detect import Search
from sdr.follow import Followed
from sdr.kin import wandered
from sdr.runs import largest_run, stretch
from sdr.track import Tracker

N_BINS = 512
ROW_S = 0.002
BIN_HZ = 500.0


class Band:
    """A passband of white noise into which senders are put, and what the tracker makes of it."""

    def __init__(self, n_rows: int, seed: int = 0) -> None:
        self.rows = np.random.default_rng(seed).gamma(1, 1, size=(n_rows, N_BINS)).astype(np.float32)
        self.search = Search(N_BINS, false_alarm=1e-10)
        self.tracker = Tracker(N_BINS, ROW_S, BIN_HZ, search=self.search)

    def send(self, rows: slice, bins: slice, snr: float, seed: int = 1) -> None:
        shape = self.rows[rows, bins].shape
        self.rows[rows, bins] += np.random.default_rng(seed).gamma(1, snr, size=shape).astype(np.float32)

    def watch(self) -> tuple[list[Followed], list[Followed]]:
        """What is over, and what is still on at the end."""
        over: list[Followed] = []
        for at in range(0, len(self.rows), 16):
            part = self.rows[at : at + 16]
            done = 0
            while done < len(part):
                done = self.search.push(part, done)
                while self.search.pending and (hit := self.search.best()) is not None:
                    self.tracker.take(hit)
            over.extend(self.tracker.step())
        return over, self.tracker.finish()


def test_a_burst_is_one_emission_with_its_rows_and_its_bins() -> None:
    band = Band(800)
    band.send(slice(200, 260), slice(100, 120), 10)
    over, still = band.watch()
    assert len(over) == 1
    assert not still
    one = over[0]
    assert abs(one.first_row - 200) <= 1
    assert abs(one.last_row - 259) <= 1
    shape = band.tracker.shape(one)
    assert shape.center == pytest.approx(110, abs=1)
    assert shape.high - shape.low == pytest.approx(20, abs=3)
    assert 10 * np.log10(shape.snr) == pytest.approx(10, abs=0.7)


def test_a_carrier_on_before_the_start_is_found_and_never_absorbed() -> None:
    band = Band(6000)
    band.send(slice(0, 6000), slice(300, 302), 8)
    over, still = band.watch()
    assert not over
    assert len(still) == 1
    assert still[0].at_start
    assert still[0].n_rows_on > 5900


def test_a_weak_emission_is_found_by_its_length() -> None:
    band = Band(4000)
    band.send(slice(1000, 3000), slice(200, 220), 0.12)
    over, still = band.watch()
    (one,) = (*over, *still)  # whether it is over is known a few looks later
    assert abs(one.first_row - 1000) < 200
    assert abs(one.last_row - 3000) < one.look  # so weak a one is looked at in parts this long


def test_pauses_of_keying_do_not_split_and_longer_ones_count_as_bursts() -> None:
    band = Band(1500)
    for start in (200, 240, 280):
        band.send(slice(start, start + 20), slice(60, 70), 20, seed=start)
    over, _ = band.watch()
    assert [one.n_bursts for one in over] == [3]
    assert over[0].n_rows_on == pytest.approx(60, abs=6)


def test_two_transmissions_with_a_pause_between_are_two() -> None:
    band = Band(2000)
    band.send(slice(200, 300), slice(60, 80), 10)
    band.send(slice(900, 1000), slice(60, 80), 10, seed=3)
    over, _ = band.watch()
    assert len(over) == 2


def test_neighbours_stay_apart_and_a_growing_deviation_does_not_split() -> None:
    band = Band(1200)
    band.send(slice(200, 900), slice(100, 112), 20)
    band.send(slice(300, 900), slice(130, 142), 20, seed=2)
    band.send(slice(500, 900), slice(96, 116), 15, seed=4)
    over, _ = band.watch()
    centres = sorted(band.tracker.shape(one).center for one in over)
    assert centres == [pytest.approx(106, abs=3), pytest.approx(136, abs=3)]


def test_a_gap_resets_the_sums_and_does_not_end_an_emission() -> None:
    band = Band(800)
    band.send(slice(100, 700), slice(100, 120), 10)
    band.search.push(band.rows[:300])
    while band.search.pending and (hit := band.search.best()) is not None:
        band.tracker.take(hit)
    done = band.search.n_rows
    band.search.push(band.rows[done:300])
    band.tracker.step()
    assert len(band.tracker.followed) == 1
    band.search.reset()
    band.search.push(band.rows[300:600])
    assert not band.tracker.step()
    assert len(band.tracker.followed) == 1


def test_too_many_at_once_are_counted_not_followed() -> None:
    # narrow ones, far enough apart not to be one, more than can be followed
    rows = np.ones((300, 4096), np.float32)
    rows[100:, ::24] += 400
    search = Search(4096, false_alarm=1e-10)
    search.set_known([], np.zeros(4096, np.bool_), np.zeros(4096, np.float32))
    tracker = Tracker(4096, ROW_S, BIN_HZ, search=search)
    done = 0
    while done < 110:
        done = search.push(rows[:110], done)
        while search.pending and (hit := search.best()) is not None:
            tracker.take(hit)
    assert tracker.n_dropped > 0
    assert len(tracker.followed) <= 128


def test_the_largest_run_is_what_trying_every_run_gives() -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        gain = rng.normal(size=rng.integers(1, 25))
        first, last = largest_run(gain)
        best = max(gain[a : b + 1].sum() for a in range(len(gain)) for b in range(a, len(gain)))
        assert gain[first : last + 1].sum() == pytest.approx(best)


def test_stretch_bridges_gaps_up_to_their_limit_and_no_further() -> None:
    inside = np.zeros(50, np.bool_)
    inside[[10, 11, 14, 20, 30]] = True
    assert stretch(inside, 11, 2) == (10, 15)
    assert stretch(inside, 11, 5) == (10, 21)
    assert stretch(inside, 30, 1) == (30, 31)


def test_a_line_that_wanders_stays_one_emission() -> None:
    band = Band(12_000)
    for row in range(500, 11_500):
        at = 100 + (row - 500) // 900
        band.send(slice(row, row + 1), slice(at, at + 2), 6, seed=row)
    over, still = band.watch()
    (one,) = [*over, *still]
    assert one.first_row == pytest.approx(500, abs=4)
    assert one.last_row == pytest.approx(11_499, abs=2 * one.look)


@pytest.mark.parametrize(("place", "shift"), [(20, -1), (24, 0), (25, 0), (29, 1)])
def test_a_band_follows_its_line_a_bin_at_a_time(place: int, shift: int) -> None:
    excess = np.zeros(16)
    excess[place - 17] = 5.0
    assert wandered(excess, 17, 20, 30, 300) == shift
    assert wandered(np.zeros(16), 17, 20, 30, 300) == 0
