"""The picture: what was on the air is where and when the window says."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sdr.clip import extract
from sdr.spectrogram import HEIGHT, WIDTH, palette, power_picture, render
from sdr.types import SampleFormat
from tests import signals

RATE_HZ = 250e3


def _received(offset_hz=40e3, before_s=0.3, seconds=0.2):
    rng = np.random.default_rng(1)
    return signals.receive(
        signals.fsk2(rng, RATE_HZ, seconds),
        rng,
        RATE_HZ,
        snr_db=25,
        bandwidth_hz=8000,
        offset_hz=offset_hz,
        before_s=before_s,
        after_s=0.5,
        sample_format=SampleFormat.CU8,
    )


def _brightest(png):
    image = Image.open(io.BytesIO(png))
    assert image.size == (WIDTH, HEIGHT)
    return np.asarray(image).astype(float)


@pytest.mark.parametrize("zoomed", [False, True])
def test_an_emission_lies_where_the_window_says(zoomed):
    got = _received()
    limits = {"low_hz": 433.92e6 + 10e3, "high_hz": 433.92e6 + 70e3} if zoomed else {}
    shown = render(got.iq, got.format, RATE_HZ, 433.92e6, **limits)
    picture = _brightest(shown.png)
    rows, columns = np.nonzero(picture > 150)
    low, high = np.percentile(rows, [2, 98])
    hertz = shown.high_hz - (np.array([low, high]) + 0.5) / HEIGHT * (shown.high_hz - shown.low_hz)
    assert hertz.mean() == pytest.approx(433.92e6 + 40e3, abs=1500)
    seconds = shown.t0_s + np.percentile(columns, [1, 99]) / WIDTH * (shown.t1_s - shown.t0_s)
    assert seconds == pytest.approx([0.3, 0.5], abs=0.02)
    if zoomed:
        assert shown.low_hz <= limits["low_hz"]
        assert shown.high_hz >= limits["high_hz"]


def test_a_burst_far_shorter_than_a_column_still_shows():
    rng = np.random.default_rng(2)
    z = np.zeros(int(20 * RATE_HZ), np.complex64)
    z[1_000_000:1_000_400] = 1.0
    z *= np.exp(2j * np.pi * 30e3 * np.arange(len(z)) / RATE_HZ).astype(np.complex64)
    noise = 0.01 * (rng.standard_normal(len(z)) + 1j * rng.standard_normal(len(z))).astype(np.complex64)
    picture = _brightest(
        render(signals.quantize(0.5 * z + noise, SampleFormat.CU8), SampleFormat.CU8, RATE_HZ, 0).png
    )
    column = int(1_000_200 / len(z) * WIDTH)
    assert picture[:, column - 1 : column + 2].max() > 200
    # one burst shows in a column and its neighbour, and nowhere else
    assert (picture.max(axis=0) > 200).sum() <= 3


def test_noise_alone_stays_dark():
    rng = np.random.default_rng(3)
    z = 0.05 * (rng.standard_normal(100_000) + 1j * rng.standard_normal(100_000))
    picture = _brightest(render(signals.quantize(z, SampleFormat.CU8), SampleFormat.CU8, RATE_HZ, 0).png)
    assert np.mean(picture > 128) < 0.03


def test_rows_and_columns_add_up_as_a_slow_spectrogram_does():
    rng = np.random.default_rng(4)
    z = (0.1 * (rng.standard_normal(5_000) + 1j * rng.standard_normal(5_000))).astype(np.complex64)
    clip = extract(signals.quantize(z, SampleFormat.CF32), SampleFormat.CF32, RATE_HZ, 0, RATE_HZ)
    fast = power_picture(clip, 40, 64)
    window = np.hanning(65)[:-1] / np.sqrt(np.sum(np.hanning(65)[:-1] ** 2))
    padded = np.concatenate([np.zeros(32), z, np.zeros(64)])
    slow = np.zeros((64, 40))
    for start in range(0, 5_000, 32):
        power = np.abs(np.fft.fftshift(np.fft.fft(padded[start : start + 64] * window))) ** 2
        slow[:, start * 40 // 5_000] = np.maximum(slow[:, start * 40 // 5_000], power)
    assert np.max(np.abs(fast - 10 * np.log10(slow))) < 0.01


@pytest.mark.parametrize("n", [1, 7, 500])
def test_a_recording_shorter_than_the_picture_is_still_a_picture(n):
    assert (
        _brightest(render(np.full((n, 2), 130, "u1"), SampleFormat.CU8, RATE_HZ, 0).png).size
        == WIDTH * HEIGHT
    )


def test_the_colours_grow_lighter_all_the_way():
    lightness = palette().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(lightness) > -0.5)
    assert lightness[0] < 2
    assert lightness[-1] > 235
