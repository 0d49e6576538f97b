"""What a clipped converter invents is known by what clipped it, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.clipping import clipping
from sdr.ghost import capture
from sdr.types import SampleFormat
from tests import signals

RATE_HZ = 1.024e6
N = 51_200


def seen(rng, *senders):
    """`senders`: offset and level in dBFS; each is FSK of its own."""
    iq = (rng.standard_normal(N) + 1j * rng.standard_normal(N)) * 10 ** (-41 / 20)
    for offset_hz, level_dbfs in senders:
        z = signals.fsk2(rng, RATE_HZ, N / RATE_HZ, 1200, 3000)
        turn = np.exp(2j * np.pi * offset_hz / RATE_HZ * np.arange(len(z)))
        iq[: len(z)] += z * turn * 10 ** (level_dbfs / 20)
    return capture(
        signals.quantize(iq.astype(np.complex64), SampleFormat.CU8), SampleFormat.CU8, RATE_HZ, 0.0
    )


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    offset_hz=st.floats(50e3, 140e3),
    level_dbfs=st.floats(6, 12),
    order=st.sampled_from([-3, 5]),
)
def test_what_clipping_makes_of_one_sender_is_known(seed, offset_hz, level_dbfs, order):
    rng = np.random.default_rng(seed)
    at_hz = (order * offset_hz + RATE_HZ / 2) % RATE_HZ - RATE_HZ / 2
    if abs(at_hz - offset_hz) < 60e3:
        return
    found = clipping(seen(rng, (offset_hz, level_dbfs)), at_hz, 15e3)
    assert found is not None
    assert found.flag == "intermod"


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), offset_hz=st.floats(50e3, 140e3), other_hz=st.floats(-450e3, -60e3))
def test_a_sender_beside_what_clips_is_not_accused(seed, offset_hz, other_hz):
    harmonics = [(k * offset_hz + RATE_HZ / 2) % RATE_HZ - RATE_HZ / 2 for k in (-3, 5, -7, 9, -11, 13)]
    if min(abs(other_hz - at) for at in harmonics) < 60e3:
        return
    captured = seen(np.random.default_rng(seed), (offset_hz, 3.0), (other_hz, -12.0))
    assert clipping(captured, other_hz, 9e3) is None
    assert clipping(captured, offset_hz, 9e3) is None


@pytest.mark.parametrize("level_db", [-1.0, -4.0])
def test_of_two_senders_that_clip_together_neither_is_accused_and_their_product_is(level_db):
    captured = seen(np.random.default_rng(4), (80e3, 2.0), (130e3, 2.0 + level_db))
    assert clipping(captured, 80e3, 9e3) is None
    assert clipping(captured, 130e3, 9e3) is None
    assert clipping(captured, 180e3, 15e3) is not None


def test_nothing_strong_explains_nothing():
    assert clipping(seen(np.random.default_rng(5), (80e3, -20.0)), 80e3, 9e3) is None
