"""Thresholds against counted noise, the floor against a passband whose floor is known."""

from __future__ import annotations

import numpy as np
import pytest

from sdr.noise import FloorKeeper, _solve_smooth, cell_means, estimate_floor, freedom, threshold
from sdr.psd import hann


def noise_rows(n_rows: int, n_bins: int, seed: int = 0) -> np.ndarray:
    """Power rows of white noise through the real window, mean 1."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n_rows, n_bins)) + 1j * rng.normal(size=(n_rows, n_bins))) * hann(n_bins)
    power = np.abs(np.fft.fft(x, axis=1)) ** 2
    return (power / power.mean()).astype(np.float32)


@pytest.mark.parametrize(("n_rows", "n_bins"), [(1, 1), (1, 2), (1, 16), (4, 4), (16, 32)])
def test_noise_passes_a_threshold_as_often_as_it_was_set_for(n_rows: int, n_bins: int) -> None:
    rows = noise_rows(800, 2048)
    sums = rows.reshape(-1, n_rows, 2048).mean(axis=1)
    total = np.cumsum(np.pad(sums, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    means = (total[:, n_bins:] - total[:, :-n_bins]) / n_bins
    wanted = 2e-3
    passed = float((means > threshold(n_rows, n_bins, wanted)).mean())
    assert passed == pytest.approx(wanted, rel=0.35)


def test_a_lower_false_alarm_rate_and_fewer_cells_both_raise_the_threshold() -> None:
    assert threshold(4, 4, 1e-9) > threshold(4, 4, 1e-3)
    assert threshold(4, 4, 1e-9) > threshold(64, 4, 1e-9) > threshold(64, 32, 1e-9) > 1


def test_freedom_is_what_the_variance_of_a_sum_says() -> None:
    rows = noise_rows(4000, 256)
    for n_bins in (1, 2, 8, 64):
        sums = rows[:, :n_bins].mean(axis=1)
        assert 1 / float(np.var(sums)) == pytest.approx(freedom(n_bins), rel=0.15)


def shaped(n_rows: int, n_bins: int = 4096) -> tuple[np.ndarray, np.ndarray]:
    """Noise under a passband that ripples by 2 dB and falls off at its ends, and the true floor."""
    place = np.linspace(-1, 1, n_bins)
    shape_db = np.sin(place * 4) - 5 * np.clip(np.abs(place) - 0.8, 0, 1) ** 2 / 0.04
    floor = 1e-7 * 10 ** (shape_db / 10)
    return np.random.default_rng(5).gamma(1, 1, size=(n_rows, n_bins)) * floor, floor


@pytest.mark.parametrize("with_signals", [False, True])
def test_the_floor_is_found_under_carriers_a_broadcaster_and_bursts(with_signals: bool) -> None:
    rows, floor = shaped(400)
    if with_signals:
        rows[:, 1000] *= 1e5
        rows[:, 1500:1840] *= 100
        rows[:, 3000:3021] *= 5
        rows[200:, 2000:2400] *= 30
    found = estimate_floor(*cell_means(rows.astype(np.float32)))
    error_db = 10 * np.log10(found.power / floor)
    assert float(np.abs(error_db[200:-200]).max()) < 0.4
    assert float(error_db[200:-200].std()) < 0.12
    assert found.uncertainty < 0.03


def test_a_recording_filled_by_its_sender_has_its_floor_beside_it() -> None:
    level_db = np.full(64, -60.0)
    level_db[18:46] = -15 - 0.1 * (np.arange(28) - 14) ** 2
    rows = np.random.default_rng(1).gamma(1, 1, size=(400, 64)) * 10 ** (level_db / 10)
    found = estimate_floor(*cell_means(rows.astype(np.float32)))
    assert float(10 * np.log10(found.power.max())) < -50


def test_a_longer_memory_makes_the_floor_surer_and_still_follows_the_gain() -> None:
    keeper = FloorKeeper()
    rows, _ = shaped(300)
    first = estimate_floor(*cell_means(rows.astype(np.float32)))
    keeper.add(first, 300)
    for _ in range(5):
        kept = keeper.add(first, 300)
    assert kept.chance < first.chance
    louder = estimate_floor(*cell_means((rows * 2).astype(np.float32)))
    for _ in range(30):
        kept = keeper.add(louder, 300)
    assert float(np.median(kept.power / louder.power)) == pytest.approx(1, rel=0.02)


def test_the_banded_solver_equals_the_full_matrix() -> None:
    rng = np.random.default_rng(2)
    n, stiffness = 40, 123.0
    weights, values = rng.uniform(0.01, 1, n), rng.normal(size=n)
    second = np.diff(np.eye(n), n=2, axis=0)
    expected = np.linalg.solve(np.diag(weights) + stiffness * second.T @ second, weights * values)
    np.testing.assert_allclose(_solve_smooth(weights, values, stiffness), expected, rtol=1e-6)
