import struct
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.source import SourceError, open_source
from sdr.types import SampleFormat


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def wav(data, *, kind=1, channels=2, rate=48000, bits=16, extra=b"", data_size=None):
    fmt = struct.pack(
        "<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits
    )
    body = chunk(b"fmt ", fmt) + extra
    body += b"data" + struct.pack("<I", len(data) if data_size is None else data_size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def opened(tmp_path, content, name="x.wav", **known):
    (tmp_path / name).write_bytes(content)
    return open_source(str(tmp_path / name), **known)


@pytest.mark.parametrize(
    ("kind", "bits", "dtype", "format"),
    [(1, 8, "u1", "cu8"), (1, 16, "<i2", "cs16"), (3, 32, "<f4", "cf32"), (3, 64, "<f8", "cf32")],
)
def test_two_channels_are_i_and_q(tmp_path, kind, bits, dtype, format):
    values = np.arange(100).astype(dtype)
    source = opened(tmp_path, wav(values.tobytes(), kind=kind, bits=bits))
    assert (source.info.format, source.info.rate_hz, source.info.rate_known) == (
        SampleFormat(format),
        48e3,
        True,
    )
    np.testing.assert_array_equal(source.read(1000).iq.ravel(), values)


@pytest.mark.parametrize(("bits", "n_bytes"), [(24, 3), (32, 4)])
@pytest.mark.parametrize("extensible", [False, True])
def test_wide_integers_become_floats_of_full_scale_1(tmp_path, bits, n_bytes, extensible):
    values = np.array([0, 1 << (bits - 2), -(1 << (bits - 1)), 3 << (bits - 3)], "<i8")
    data = b"".join(int(value).to_bytes(n_bytes, "little", signed=True) for value in values)
    content = wav(data, bits=bits)
    if extensible:
        tail = struct.pack("<HHIH14s", 22, bits, 3, 1, bytes(14))
        content = (
            content[:12] + chunk(b"fmt ", struct.pack("<H", 0xFFFE) + content[22:36] + tail) + content[36:]
        )
    source = opened(tmp_path, content)
    assert source.info.format is SampleFormat.CF32
    np.testing.assert_allclose(source.read(9).iq.ravel(), [0, 0.5, -1, 0.75])


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("said", [0xFFFFFFFF, 0])
def test_the_sizes_of_a_long_file_stand_in_ds64(tmp_path, magic, said):
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, 40, 10, 0))
    content = wav(b"\0" * 40 + b"LISTxxxx", data_size=said)
    content = magic + content[4:12] + chunk(b"JUNK", b"odd") + ds64 + content[12:]
    assert opened(tmp_path, content).info.n_samples == 10


def test_a_size_that_went_round_at_4_gib_is_told_and_all_is_read(tmp_path):
    head = wav(b"", data_size=1000)
    path = tmp_path / "x.wav"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + (1 << 32) + 1000)  # a hole: takes no room
    source = open_source(str(path))
    assert source.info.n_samples == ((1 << 32) + 1000) // 4
    assert "counts in 32 bits" in source.info.warnings[0]


def test_sdr_console_writes_centre_and_time_as_xml(tmp_path):
    text = (
        '<?xml version="1.0"?><SDR-XML-Root><Definition CurrentTimeUTC="07-06-2026 01:32:10" '
        'RadioCenterFreq="433920000" SampleRate="48000" UTCSeconds="1780795930"></Definition></SDR-XML-Root>'
    )
    info = opened(tmp_path, wav(b"\0" * 40, extra=chunk(b"auxi", text.encode("utf-16-le")))).info
    assert info.center_hz == 433.92e6
    assert info.started_at == datetime(2026, 6, 7, 1, 32, 10, tzinfo=UTC)


def test_a_low_centre_in_a_programs_name_is_no_rate(tmp_path):
    info = opened(tmp_path, wav(b"\0" * 40, rate=2_000_000), "SDRuno_20260607_013210Z_5340kHz.wav").info
    assert (info.rate_hz, info.center_hz, info.time_known) == (2e6, 5.34e6, True)


def test_auxi_gives_centre_and_time(tmp_path):
    times = struct.pack("<16H", 2015, 8, 2, 4, 20, 46, 2, 500, *([0] * 8))
    auxi = chunk(b"auxi", times + struct.pack("<9I", 433_920_000, 2_400_000, *([0] * 7)))
    info = opened(tmp_path, wav(b"\0" * 40, extra=chunk(b"LIST", b"odd") + auxi)).info
    assert info.center_hz == 433.92e6
    assert info.started_at == datetime(2015, 8, 4, 20, 46, 2, 500_000, tzinfo=UTC)


def test_the_name_outweighs_a_header_written_by_a_sound_program(tmp_path):
    info = opened(tmp_path, wav(b"\0" * 40, rate=44100), "vdl2_16b_1050kHz.wav").info
    assert info.rate_hz == 1.05e6


def test_data_after_the_samples_is_not_taken_for_samples(tmp_path):
    source = opened(tmp_path, wav(b"\1\0" * 20) + chunk(b"LIST", b"x" * 50))
    assert source.info.n_samples == 10


@pytest.mark.parametrize("said", [0, 0xFFFFFFFF])
def test_a_header_never_finished_is_read_to_the_end(tmp_path, said):
    assert opened(tmp_path, wav(b"\0" * 40, data_size=said)).info.n_samples == 10


def test_a_file_shorter_than_its_header_says_so_and_is_read(tmp_path):
    source = opened(tmp_path, wav(b"\0" * 41, data_size=400))
    assert source.info.n_samples == 10
    promises, cut = source.info.warnings
    assert "promises 400" in promises
    assert "middle of a sample" in cut


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not begin with a RIFF header"),
        (b"\x7f\x80" * 100, "does not begin with a RIFF header"),
        (b"RIFF\0\0\0\0WAVE", "without a data chunk"),
        (b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"1234"), "without a whole fmt"),
        (wav(b"\0" * 40, channels=1), "is audio"),
        (wav(b"\0" * 60, bits=12), "12 bits"),
        (wav(b""), "empty"),
    ],
)
def test_what_is_no_iq_wav_gets_one_line(tmp_path, content, why):
    with pytest.raises(SourceError, match=why) as fault:
        opened(tmp_path, content)
    assert "x.wav" in str(fault.value)
    assert "\n" not in str(fault.value)


@given(st.integers(0, 120), st.binary(max_size=8))
@settings(deadline=None)
def test_a_header_cut_or_overwritten_anywhere_never_crashes(tmp_path_factory, place, junk):
    content = bytearray(wav(b"\x11" * 64, extra=chunk(b"auxi", b"\7" * 68)))
    content[place : place + len(junk)] = junk
    for part in (bytes(content), bytes(content[:place])):
        fault = ""
        try:
            opened(tmp_path_factory.mktemp("w"), part).read(100)
        except SourceError as refused:
            fault = str(refused)
        assert "\n" not in fault
