"""The last samples, as they came: a clip is what was read, in order, and never across a gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.tape import Tape
from sdr.types import SampleFormat


def numbered(first, n):
    """Samples that say their own number."""
    return np.stack((np.arange(first, first + n) % 251, np.arange(first, first + n) % 241), 1).astype(
        np.uint8
    )


@given(st.integers(1, 60), st.lists(st.integers(1, 100), min_size=1, max_size=12), st.integers(0, 5000))
def test_a_cut_is_exactly_what_was_written(size, lengths, origin):
    tape, at = Tape(SampleFormat.CU8, size), origin
    for n in lengths:
        tape.append(numbered(at, n), at)
        at += n
    assert tape.end == at
    assert tape.begin == max(at - size, origin)
    iq, first = tape.cut(0, at + 100)
    assert first == tape.begin
    np.testing.assert_array_equal(iq, numbered(first, at - first))


@given(st.integers(0, 80), st.integers(0, 80))
def test_a_part_is_cut_to_what_is_kept(a, b):
    tape = Tape(SampleFormat.CU8, 32)
    tape.append(numbered(10, 50), 10)
    iq, first = tape.cut(a, b)
    assert tape.begin <= first or iq.shape[0] == 0
    np.testing.assert_array_equal(iq, numbered(first, max(0, min(b, 60) - max(a, 28))))


def test_what_lies_before_a_gap_is_given_up():
    tape = Tape(SampleFormat.CU8, 64)
    tape.append(numbered(0, 20), 0)
    tape.append(numbered(30, 10), 30)
    iq, first = tape.cut(0, 100)
    assert (first, tape.begin, tape.end) == (30, 30, 40)
    np.testing.assert_array_equal(iq, numbered(30, 10))


@pytest.mark.parametrize("sample_format", list(SampleFormat))
def test_a_cut_keeps_the_sources_own_format(sample_format):
    tape = Tape(sample_format, 16)
    tape.append(np.ones((4, 2), sample_format.dtype), 0)
    assert tape.cut(0, 4)[0].dtype == sample_format.dtype


def test_a_cut_does_not_change_with_what_comes_after():
    tape = Tape(SampleFormat.CU8, 8)
    tape.append(numbered(0, 8), 0)
    iq, _ = tape.cut(0, 8)
    tape.append(numbered(8, 8), 8)
    np.testing.assert_array_equal(iq, numbered(0, 8))
