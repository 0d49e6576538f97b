"""Compiled loops against the obvious ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr import fourier
from sdr.smooth import boxes, boxes_response, low_pass, moving_mean, moving_sum, near_true, quantile


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 60), width=st.integers(1, 150), seed=st.integers(0, 99))
def test_a_moving_mean_takes_the_ends_to_go_on(n, width, seed):
    values = np.random.default_rng(seed).normal(size=n)
    padded = np.pad(values, (width // 2, width - width // 2 - 1), mode="edge")
    slow = [padded[i : i + width].mean() for i in range(n)]
    assert np.allclose(moving_mean(values, width), slow)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 60), width=st.integers(1, 150), seed=st.integers(0, 99))
def test_a_moving_sum_takes_zeros_beyond_the_ends(n, width, seed):
    values = np.random.default_rng(seed).normal(size=n)
    padded = np.pad(values, width)
    first = width - width // 2
    slow = [padded[first + i : first + i + width].sum() for i in range(n)]
    assert np.allclose(moving_sum(values, width), slow)


@settings(max_examples=60, deadline=None)
@given(mask=st.lists(st.booleans(), min_size=1, max_size=80), reach=st.integers(0, 90))
def test_near_true_is_true_within_reach_of_true(mask, reach):
    slow = [any(mask[max(0, i - reach) : i + reach + 1]) for i in range(len(mask))]
    assert near_true(np.array(mask), reach).tolist() == slow


@settings(max_examples=80, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200), share=st.floats(0, 1))
def test_a_quantile_is_the_sorted_one(values, share):
    given_values = np.array(values, np.float32)
    before = given_values.copy()
    assert quantile(given_values, share) == np.sort(given_values)[round(share * (len(values) - 1))]
    assert np.array_equal(given_values, before)


def test_boxes_answer_as_their_formula_says():
    taps = boxes(5)
    at = np.array([0.05, 0.1, 0.2])
    slow = [abs(np.sum(taps * np.exp(-2j * np.pi * f / 5 * np.arange(len(taps))))) for f in at]
    assert np.allclose(boxes_response(5, at), slow)


def test_a_low_pass_keeps_what_is_under_it_in_place_and_stops_what_is_over_it():
    t = np.arange(2000)
    slow, fast = np.exp(2j * np.pi * 0.02 * t), np.exp(2j * np.pi * 0.3 * t)
    inner = slice(30, -30)
    assert np.abs(low_pass(slow.astype(np.complex64), 1.0, 0.1) - slow)[inner].max() < 0.01
    assert np.abs(low_pass(fast.astype(np.complex64), 1.0, 0.1))[inner].max() < 0.01


def test_kept_plans_give_the_transform_of_the_latest_input():
    rng = np.random.default_rng(2)
    for n in (64, 128, 64):
        z = (rng.normal(size=n) + 1j * rng.normal(size=n)).astype(np.complex64)
        assert np.allclose(fourier.forward(z), np.fft.fft(z), atol=1e-4)
        assert np.allclose(fourier.inverse(z), np.fft.ifft(z), atol=1e-5)
        assert np.allclose(fourier.real_forward(z.real[:40], n), np.fft.rfft(z.real[:40], n), atol=1e-4)
