import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.source.packing import Packing
from sdr.types import SampleFormat

PAIRS = np.array([[0.0, 0.5], [-0.5, 0.25], [-1.0, 0.125], [0.75, -0.75]])


def of_bytes(packing, content):
    stored = packing.map(content, 0, len(content) // packing.n_pair_bytes)
    return packing.unpack(stored, 0, len(stored))


def as_i24(values):
    wide = np.round(values * 2**23).astype("<i4")
    return wide.view("u1").reshape(*values.shape, 4)[..., :3].tobytes()


@pytest.mark.parametrize(
    ("packing", "content"),
    [
        (Packing("i", 16, big_endian=True), np.round(PAIRS * 2**15).astype(">i2").tobytes()),
        (Packing("u", 16), np.round(PAIRS * 2**15 + 2**15).astype("<u2").tobytes()),
        (Packing("u", 16, big_endian=True), np.round(PAIRS * 2**15 + 2**15).astype(">u2").tobytes()),
        (Packing("i", 24), as_i24(PAIRS)),
        (Packing("i", 32), np.round(PAIRS * 2**31).astype("<i4").tobytes()),
        (Packing("i", 32, big_endian=True), np.round(PAIRS * 2**31).astype(">i4").tobytes()),
        (Packing("u", 32), np.round(PAIRS * 2**31 + 2**31).astype("<u4").tobytes()),
        (Packing("f", 32, big_endian=True), PAIRS.astype(">f4").tobytes()),
        (Packing("f", 64), PAIRS.astype("<f8").tobytes()),
        (Packing("f", 64, big_endian=True), PAIRS.astype(">f8").tobytes()),
    ],
)
def test_the_same_samples_come_out_of_every_packing(packing, content):
    read = of_bytes(packing, content)
    assert read.dtype == packing.format.dtype
    np.testing.assert_allclose(read / packing.format.full_scale, PAIRS, atol=1e-6)


@pytest.mark.parametrize(
    ("packing", "format"),
    [
        (Packing("u", 8), "cu8"),
        (Packing("i", 8), "cs8"),
        (Packing("i", 16), "cs16"),
        (Packing("f", 32), "cf32"),
    ],
)
def test_what_lies_as_it_is_read_is_not_copied(packing, format):
    content = bytearray(8 * packing.n_pair_bytes)
    stored = packing.map(content, 0, 8)
    assert packing.format is SampleFormat(format)
    assert np.shares_memory(packing.unpack(stored, 2, 5), stored)


def tone_db(iq, cycles_a_sample):
    """Level of one frequency, by a window whose side lobes lie under -100 dB."""
    z = iq[:, 0] + 1j * iq[:, 1]
    window = np.kaiser(len(z), 14)
    turn = np.exp(-2j * np.pi * cycles_a_sample * np.arange(len(z)))
    return 20 * np.log10(abs(np.sum(window * z * turn)) / window.sum() + 1e-12)


@pytest.mark.parametrize("share", [0.02, 0.03, 0.1, 0.2, 0.3, 0.45, 0.48])
def test_a_real_tone_is_heard_once_with_its_level(share):
    """`share` of the real rate; the two halves of the spectrum lie apart but for 2 % at each edge."""
    real = (0.5 * np.cos(2 * np.pi * share * np.arange(20_000) + 0.3)).astype("<f4")
    packing = Packing("f", 32, is_real=True)
    iq = of_bytes(packing, real.tobytes())[1000:9000]
    rate, center = packing.spectrum(1.0, 0.0)
    assert tone_db(iq, (share - center) / rate) == pytest.approx(20 * np.log10(0.5), abs=0.05)
    assert tone_db(iq, (-share - center) / rate) < -80


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "<u4", ">f4"])
def test_a_real_tone_has_its_level_in_every_width(dtype):
    kind = np.dtype(dtype)
    tone = 0.5 * np.cos(2 * np.pi * 0.15 * np.arange(8000))
    if kind.kind == "f":
        stored = tone.astype(kind)
    else:
        half = 2.0 ** (8 * kind.itemsize - 1)
        stored = np.round(tone * half + (half if kind.kind == "u" else 0)).astype(kind)
    packing = Packing(kind.kind, 8 * kind.itemsize, big_endian=dtype[0] == ">", is_real=True)
    iq = of_bytes(packing, stored.tobytes())[500:3500]
    assert tone_db(iq, (0.15 - 0.25) * 2) == pytest.approx(20 * np.log10(0.5), abs=0.1)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
@settings(deadline=None)
def test_a_real_recording_is_the_same_in_pieces_of_any_size(sizes):
    real = np.random.default_rng(3).normal(size=2 * sum(sizes)).astype("<f4")
    packing = Packing("f", 32, is_real=True)
    stored = packing.map(real.tobytes(), 0, sum(sizes))
    stops = np.cumsum(sizes)
    pieces = [packing.unpack(stored, int(b - n), int(b)) for n, b in zip(sizes, stops, strict=True)]
    np.testing.assert_allclose(np.concatenate(pieces), packing.unpack(stored, 0, sum(sizes)), atol=1e-5)


def test_a_number_that_is_none_does_not_spread():
    real = np.ones(2000, "<f4")
    real[1000] = np.nan
    iq = of_bytes(Packing("f", 32, is_real=True), real.tobytes())
    assert np.isfinite(iq).all()
