"""The FFT core against arithmetic that needs no trust."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.psd import PowerSpectrum, fft_length, hann
from sdr.types import SampleFormat


def noise(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 196, size=(n, 2), dtype=np.uint8)


def slow_rows(raw: np.ndarray, n_fft: int, format: SampleFormat) -> np.ndarray:
    """The obvious twin: subtract, window, numpy's FFT, shift, square, scale."""
    x = (raw[:, 0].astype(float) - format.offset) + 1j * (raw[:, 1].astype(float) - format.offset)
    x = x[: len(x) // n_fft * n_fft].reshape(-1, n_fft) / format.full_scale
    window = hann(n_fft).astype(float)
    spectrum = np.fft.fftshift(np.fft.fft(x * window, axis=1), axes=1)
    return np.abs(spectrum) ** 2 / (n_fft * np.sum(window**2))


@pytest.mark.parametrize("n_fft", [64, 512, 1024, 4096])
def test_rows_equal_the_slow_twin(n_fft: int) -> None:
    psd = PowerSpectrum(SampleFormat.CU8, n_fft)
    raw = noise(psd.samples_per_block)
    np.testing.assert_allclose(
        psd.transform(raw), slow_rows(raw, n_fft, SampleFormat.CU8), rtol=2e-3, atol=1e-9
    )


@pytest.mark.parametrize("format", list(SampleFormat))
def test_a_full_scale_tone_is_0_dbfs_in_every_format(format: SampleFormat) -> None:
    n_fft = 256
    turns = np.exp(2j * np.pi * 32 / n_fft * np.arange(n_fft * 4))
    pairs = np.stack((turns.real, turns.imag), axis=1) * format.full_scale * 0.985 + format.offset
    raw = pairs.astype(format.dtype) if format is SampleFormat.CF32 else np.round(pairs).astype(format.dtype)
    power = PowerSpectrum(format, n_fft).transform(raw)
    assert 10 * np.log10(power.sum(axis=1)) == pytest.approx(-0.13, abs=0.1)
    assert int(power[0].argmax()) == n_fft // 2 + 32


@given(st.integers(min_value=-100, max_value=100), st.integers(min_value=0, max_value=2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_frequency_shift_moves_bins_and_nothing_else(shift: int, seed: int) -> None:
    n_fft = 256
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=n_fft * 2) + 1j * rng.normal(size=n_fft * 2)).astype(np.complex64)
    moved = x * np.exp(2j * np.pi * shift / n_fft * np.arange(x.size)).astype(np.complex64)
    psd = PowerSpectrum(SampleFormat.CF32, n_fft)
    before = psd.transform(x.view(np.float32).reshape(-1, 2)).copy()
    after = psd.transform(moved.astype(np.complex64).view(np.float32).reshape(-1, 2))
    np.testing.assert_allclose(np.roll(before, shift, axis=1), after, rtol=1e-2, atol=1e-6)


def test_a_row_adds_up_to_the_windowed_power_as_parseval_says() -> None:
    psd = PowerSpectrum(SampleFormat.CF32, 1024)
    x = np.random.default_rng(3).normal(size=(1024, 2)).astype(np.float32)
    window = hann(1024).astype(float)
    expected = np.sum((x.astype(float) ** 2).sum(axis=1) * window**2) / np.sum(window**2)
    assert float(psd.transform(x).sum()) == pytest.approx(expected, rel=1e-4)


@given(st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_block_borders_change_nothing(rows: list[int]) -> None:
    n_fft = 128
    raw = noise(sum(rows) * n_fft)
    psd = PowerSpectrum(SampleFormat.CU8, n_fft, rows_per_block=64)
    whole = psd.transform(raw).copy()
    parts, at = [], 0
    for n in rows:
        parts.append(psd.transform(raw[at : at + n * n_fft]).copy())
        at += n * n_fft
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_hold_keeps_mean_and_maximum_and_starts_anew() -> None:
    psd = PowerSpectrum(SampleFormat.CU8, 256)
    rows = psd.transform(noise(256 * 20)).copy()
    mean, peak, n = psd.take_hold()
    assert n == 20
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-4)
    np.testing.assert_array_equal(peak, rows.max(axis=0))
    assert psd.take_hold()[2] == 0


def test_the_receivers_dc_is_taken_out_and_the_rest_left() -> None:
    n_fft = 512
    psd = PowerSpectrum(SampleFormat.CU8, n_fft)
    raw = np.clip(noise(psd.samples_per_block).astype(int) + 20, 0, 255).astype(np.uint8)
    before = psd.transform(raw)[:, n_fft // 2].mean()
    psd.remove_dc(raw)
    after = psd.transform(raw)[:, n_fft // 2].mean()
    assert after < before / 100
    refined = PowerSpectrum(SampleFormat.CU8, n_fft)
    refined.transform(raw)
    refined.refine_dc()
    assert refined.transform(raw)[:, n_fft // 2].mean() < before / 100


def test_bins_stay_near_600_hz_at_every_rate() -> None:
    for rate_hz in (48e3, 250e3, 1e6, 2.4e6, 3.2e6):
        assert 400 < rate_hz / fft_length(rate_hz) < 850
