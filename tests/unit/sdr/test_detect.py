"""The search against a slow twin that adds up and tests every box in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.detect import Search, leakage_db
from sdr.noise import threshold
from sdr.pyramid import CODE_VALUES

N_BINS = 64
ALARM = 1e-6


def noise_rows(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1, 1, size=(n, N_BINS)).astype(np.float32)


def slow_first_hit(rows: np.ndarray, search: Search, max_level: int) -> int | None:
    """Row at which some box of some overlapping sum first exceeds its threshold."""
    lifted = 1 + np.asarray(search._edge_lift)
    for row in range(len(rows)):
        for level in range(max_level + 1):
            size = 1 << level
            step = max(1, size // 2)
            if (row + 1) % step or row + 1 < size:
                continue
            sums = (rows[row + 1 - size : row + 1] / lifted).sum(axis=0, dtype=np.float64)
            width = 1
            while width <= N_BINS // 4:
                limit = threshold(size, width, ALARM) * size * width
                boxes = np.convolve(sums, np.ones(width), mode="valid")
                if np.any(boxes > limit):
                    return row
                width *= 2
    return None


@given(
    st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 24), st.integers(0, 50), st.floats(0.5, 30.0)
)
@settings(max_examples=40, deadline=None)
def test_the_first_hit_is_where_the_slow_twin_has_it(
    seed: int, start: int, length: int, low: int, excess: float
) -> None:
    rows = np.clip(noise_rows(64, seed), 0, 4)  # noise alone must not decide where rounding matters
    rows[start : start + length, low : low + 6] += np.float32(excess)
    search = Search(N_BINS, false_alarm=ALARM, max_level=5)
    done = 0
    hit: int | None = None
    while done < len(rows):
        done = search.push(rows, done)
        if search.pending:
            hit = done - 1
            break
    expected = slow_first_hit(rows, search, 5)
    if hit != expected:
        # A row that stands above the others as a whole is levelled first, which the twin does not do.
        assert rows[: start + length].mean() > 1.03


def test_best_is_the_box_that_fits() -> None:
    search = Search(256, false_alarm=1e-9)
    rows = np.ones((1, 256), np.float32)
    rows[0, 100:116] += 40
    assert search.push(rows) == 1
    assert search.pending
    hit = search.best()
    assert hit is not None
    assert (hit.low_bin, hit.high_bin, hit.n_rows) == (100, 116, 1)
    search.clear(90, 126)
    assert search.best() is None


def test_an_emission_that_is_known_is_not_found_again_and_its_neighbour_is() -> None:
    search = Search(256, false_alarm=1e-9)
    rows = np.ones((64, 256), np.float32)
    rows[:, 100:104] += 50
    rows[40:, 120:124] += 50
    closed = np.zeros(256, np.bool_)
    closed[98:106] = True
    search.set_known([(100, 104)], closed, np.zeros(256, np.float32))
    done = search.push(rows)
    assert done == 41
    hit = search.best()
    assert hit is not None
    assert 118 <= hit.low_bin <= 120


def test_a_broadband_step_of_the_noise_is_levelled_out() -> None:
    rng = np.random.default_rng(9)
    rows = rng.gamma(1, 1, size=(400, 1024)).astype(np.float32)
    rows[150:250] *= 4
    rows[300] *= 8
    search = Search(1024, false_alarm=1e-11)
    assert search.push(rows) == 400
    assert not search.pending


def test_white_noise_raises_nothing_over_many_boxes() -> None:
    search = Search(512)
    rng = np.random.default_rng(4)
    for _ in range(40):
        rows = rng.gamma(1, 1, size=(500, 512)).astype(np.float32)
        assert search.push(rows) == 500
        assert not search.pending


def test_the_history_keeps_powers_within_half_a_step() -> None:
    search = Search(128, max_level=3)
    rows = np.geomspace(0.02, 5e7, 128, dtype=np.float32)[None, :]
    # with every bin closed, rows are kept as they are and not levelled
    search.set_known([], np.ones(128, np.bool_), np.zeros(128, np.float32))
    search.push(rows)
    kept = CODE_VALUES[search.history[0]]
    assert np.abs(kept / rows[0] - 1).max() < 0.07


def test_leakage_falls_with_distance_as_the_window_says() -> None:
    level = leakage_db(1024)
    assert level[0] == pytest.approx(0, abs=0.1)
    assert level[10] < -60
    assert np.all(np.diff(level) <= 0)
