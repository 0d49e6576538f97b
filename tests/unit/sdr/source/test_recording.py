import os
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.source import SourceError, open_source
from sdr.types import Hop, SampleFormat

RAMP = {
    "cu8": np.arange(2000, dtype="u1"),
    "cs8": np.arange(2000).astype("i1"),
    "cs16": np.arange(2000, dtype="<i2"),
    "cf32": np.linspace(-1, 1, 2000, dtype="<f4"),
}


def write(path, values):
    path.write_bytes(np.asarray(values).tobytes())
    return str(path)


def read_all(source, n=300):
    parts = []
    while (block := source.read(n)) is not None:
        parts.append(block.iq.copy())
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".cu8", "cu8"),
        (".complex16u", "cu8"),
        (".cs8", "cs8"),
        (".C8", "cs8"),
        (".complex16s", "cs8"),
        (".cs16", "cs16"),
        (".C16", "cs16"),
        (".complex32s", "cs16"),
        (".cf32", "cf32"),
        (".cfile", "cf32"),
        (".complex", "cf32"),
        (".fc32", "cf32"),
    ],
)
def test_every_ending_gives_the_samples_as_they_were_written(tmp_path, ending, kind):
    source = open_source(write(tmp_path / f"x{ending}", RAMP[kind]), rate_hz=1e6, center_hz=1e8)
    assert source.info.format == SampleFormat(kind)
    assert source.info.n_samples == 1000
    np.testing.assert_array_equal(read_all(source).ravel(), RAMP[kind])
    assert source.read(1) is None


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20))
@settings(deadline=None)
def test_block_sizes_change_nothing(tmp_path_factory, sizes):
    path = tmp_path_factory.mktemp("iq") / "x_433.92M_250k.cu8"
    source = open_source(write(path, RAMP["cu8"]))
    parts, n_told = [], 0
    while (block := source.read(sizes[len(parts) % len(sizes)])) is not None:
        assert block.first_sample == n_told
        assert (block.started_at - source.info.started_at).total_seconds() == pytest.approx(
            n_told / 250e3, abs=1e-6
        )
        n_told += len(block.iq)
        parts.append(block.iq)
    np.testing.assert_array_equal(np.concatenate(parts).ravel(), RAMP["cu8"])


def test_a_block_is_a_view_of_the_file_not_a_copy(tmp_path):
    block = open_source(write(tmp_path / "x.cu8", RAMP["cu8"])).read(10)
    assert not block.iq.flags.owndata
    assert not block.iq.flags.writeable


def test_a_name_gives_rate_and_centre_and_a_given_one_outweighs_it(tmp_path):
    path = write(tmp_path / "g001_433.92M_1M6.cu8", RAMP["cu8"])
    info = open_source(path).info
    assert (info.rate_hz, info.center_hz, info.rate_known, info.center_known) == (1.6e6, 433.92e6, True, True)
    source = open_source(path, rate_hz=2e6, center_hz=5e6)
    assert (source.info.rate_hz, source.info.center_hz) == (2e6, 5e6)
    assert source.read(1).hop == Hop(5e6, 2e6)


def test_silence_about_rate_and_centre_is_told(tmp_path):
    info = open_source(write(tmp_path / "x.cu8", RAMP["cu8"])).info
    assert (info.rate_hz, info.center_hz) == (250e3, 433.92e6)
    assert (info.rate_known, info.center_known, info.time_known) == (False, False, False)
    info = open_source(write(tmp_path / "x.cf32", RAMP["cf32"]), rate_hz=48e3).info
    assert (info.rate_hz, info.center_hz, info.rate_known, info.center_known) == (48e3, 0.0, True, False)


def test_portapack_notes_beside_a_capture_are_read(tmp_path):
    (tmp_path / "A.TXT").write_text("sample_rate=500000\ncenter_frequency=433920000\n")
    info = open_source(write(tmp_path / "A.C16", RAMP["cs16"])).info
    assert (info.rate_hz, info.center_hz) == (500e3, 433.92e6)


def test_gqrx_files_are_floats_with_their_time_in_the_name(tmp_path):
    path = write(tmp_path / "gqrx_20260607_013210_433920000_2400000_fc.raw", RAMP["cf32"])
    info = open_source(path).info
    assert (info.format, info.rate_hz, info.center_hz) == (SampleFormat.CF32, 2.4e6, 433.92e6)
    assert (info.started_at, info.time_known) == (datetime(2026, 6, 7, 1, 32, 10, tzinfo=UTC), True)


def test_a_format_before_the_name_reads_any_file(tmp_path):
    source = open_source(f"cs16:{write(tmp_path / 'horus_s16.raw', RAMP['cs16'])}", rate_hz=48e3)
    np.testing.assert_array_equal(read_all(source).ravel(), RAMP["cs16"])


@pytest.mark.parametrize(("kind", "n_cut"), [("cu8", 1), ("cs16", 3), ("cs16", 1), ("cf32", 5)])
def test_a_file_cut_in_the_middle_of_a_sample_is_read_to_the_last_whole_one(tmp_path, kind, n_cut):
    path = tmp_path / f"x.{kind}"
    path.write_bytes(RAMP[kind].tobytes()[:-n_cut])
    source = open_source(str(path))
    assert source.info.n_samples == 999
    assert len(read_all(source)) == 999
    (warning,) = source.info.warnings
    assert str(path) in warning
    assert "middle of a sample" in warning


@given(st.binary(max_size=400), st.sampled_from(["cu8", "cs8", "cs16", "cf32"]))
@settings(deadline=None)
def test_no_bytes_make_a_raw_file_fail_but_with_one_line(tmp_path_factory, content, kind):
    path = tmp_path_factory.mktemp("any") / f"x.{kind}"
    path.write_bytes(content)
    fault = ""
    try:
        n_read = len(read_all(open_source(str(path))))
    except SourceError as refused:
        fault = str(refused)
    if fault:
        assert str(path) in fault
        assert "\n" not in fault
    else:
        assert n_read == len(content) // (2 * SampleFormat(kind).dtype.itemsize)


def fault_of(path, **known):
    with pytest.raises(SourceError) as fault:
        open_source(str(path), **known)
    assert str(path.parent) in str(fault.value)
    assert "\n" not in str(fault.value)
    assert not fault.value.retry
    return str(fault.value)


def test_each_unreadable_file_gets_one_line_that_says_why(tmp_path):
    def make(name, content=b""):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    assert "empty" in fault_of(make("a.cu8"))
    assert "less than one sample" in fault_of(make("b.cf32", b"1234567"))
    assert "no such file" in fault_of(tmp_path / "missing.cu8")
    assert "read are cu8" in fault_of(make("c.bin", b"12"))
    assert "no ending" in fault_of(make("noending", b"12"))
    assert "WAV" in fault_of(make("d.cu8", b"RIFF0000WAVEfmt "))
    assert "ZIP" in fault_of(make("e.cs16", b"PK\x03\x04" * 10))
    assert "text" in fault_of(make("f.cu8", b"this is a note about a recording\n"))
    assert "floats" in fault_of(
        make("g.cf32", np.random.default_rng(1).integers(0, 256, 800, "u1").tobytes())
    )
    assert "folder" in fault_of(tmp_path)
    os.mkfifo(tmp_path / "h.cu8")
    assert "a pipe" in fault_of(tmp_path / "h.cu8")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = tmp_path / "x.cu8"
    path.write_bytes(b"\x7f\x80")
    path.chmod(0)
    assert "denied" in fault_of(path).lower()


def test_a_file_shortened_while_it_is_read_is_an_error_not_a_crash(tmp_path):
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(range(256)) * 4096)
    source = open_source(str(path))
    assert source.read(100) is not None
    os.truncate(path, 4096)
    with pytest.raises(SourceError, match="shortened"):
        source.read(500_000)
    assert source.read(1) is None


def test_a_read_after_close_ends_at_once_and_earlier_blocks_stay_valid(tmp_path):
    source = open_source(write(tmp_path / "x.cu8", RAMP["cu8"]))
    block = source.read(10)
    source.close()
    source.close()
    assert source.read(10) is None
    assert block.iq[3, 0] == 6


def test_a_recording_cannot_be_tuned(tmp_path):
    with pytest.raises(SourceError, match="cannot be tuned"):
        open_source(write(tmp_path / "x.cu8", RAMP["cu8"])).tune(Hop(1e8, 2.4e6))


def test_reading_a_long_recording_keeps_its_pages_out_of_memory(tmp_path):
    path = tmp_path / "long.cu8"
    with path.open("wb") as file:
        file.truncate(256 << 20)
    source = open_source(str(path))

    def resident_bytes():
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096

    before, most = resident_bytes(), 0
    while (block := source.read(1 << 20)) is not None:
        block.iq.max()
        most = max(most, resident_bytes() - before)
    assert most < 48 << 20


def test_samples_that_are_no_numbers_are_lost_ones_and_the_others_are_read(tmp_path):
    values = np.linspace(-1, 1, 40_000, dtype="<f4")
    values[18_000:19_001] = np.nan
    values[30_000] = np.inf
    values[39_998:] = np.nan
    source = open_source(write(tmp_path / "x_433.92M_250k.cf32", values))
    blocks = []
    while (block := source.read(6_000)) is not None:
        blocks.append(block)
    assert all(np.isfinite(block.iq).all() for block in blocks)
    places = [block.first_sample + n for block in blocks for n in range(len(block.iq))]
    assert places == [n for n in range(20_000) if not (9_000 <= n <= 9_500 or n in (15_000, 19_999))]
    assert [block.n_dropped_before for block in blocks if block.n_dropped_before] == [501, 1]


def test_a_mistyped_rate_is_refused_before_it_takes_all_memory(tmp_path):
    path = write(tmp_path / "x_433.92M.cu8", RAMP["cu8"])
    with pytest.raises(SourceError, match=r"x_433\.92M\.cu8: 1000000000000 samples a second are more than"):
        open_source(path, rate_hz=1e12)
