import hashlib
import json
import tarfile
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.source import SourceError, open_source
from sdr.types import SampleFormat

GLOBAL = {"core:datatype": "cu8", "core:sample_rate": 1e6, "core:version": "1.0.0"}
VALUES = np.arange(200, dtype="u1")
DATA = VALUES.tobytes()


def write(folder, *, top=GLOBAL, captures=(), data=DATA, meta=None):
    folder.mkdir(exist_ok=True)
    text = (
        json.dumps({"global": top, "captures": list(captures), "annotations": []}) if meta is None else meta
    )
    (folder / "x.sigmf-meta").write_text(text)
    if data is not None:
        (folder / "x.sigmf-data").write_bytes(data)
    return str(folder / "x.sigmf-meta")


@pytest.mark.parametrize(
    ("datatype", "format", "n_bytes"),
    [
        ("cu8", "cu8", 2),
        ("ci8", "cs8", 2),
        ("ci16_le", "cs16", 4),
        ("ci16_be", "cs16", 4),
        ("cu16_le", "cs16", 4),
        ("ci32_be", "cf32", 8),
        ("cu32_le", "cf32", 8),
        ("cf32_le", "cf32", 8),
        ("cf32_be", "cf32", 8),
        ("cf64_le", "cf32", 16),
    ],
)
def test_every_complex_datatype_is_read(tmp_path, datatype, format, n_bytes):
    path = write(tmp_path, top={**GLOBAL, "core:datatype": datatype}, data=bytes(800))
    source = open_source(path)
    info = source.info
    assert (info.format, info.rate_hz, info.n_samples) == (SampleFormat(format), 1e6, 800 // n_bytes)
    assert len(source.read(1000).iq) == 800 // n_bytes


@pytest.mark.parametrize("datatype", ["ru8", "ri8", "ri16_be", "rf32_le", "rf64_be"])
def test_a_real_recording_is_half_as_wide_and_lies_above_its_frequency(tmp_path, datatype):
    captures = [
        {"core:sample_start": 0, "core:frequency": 7e6},
        {"core:sample_start": 20, "core:frequency": 8e6},
    ]
    top = {**GLOBAL, "core:datatype": datatype}
    source = open_source(write(tmp_path, top=top, captures=captures, data=bytes(800)))
    n_samples = 800 * 8 // int(datatype[2:].partition("_")[0]) // 2
    assert (source.info.rate_hz, source.info.n_samples) == (0.5e6, n_samples)
    assert [source.read(1000).hop.center_hz for _ in range(2)] == [7.25e6, 8.25e6]
    assert source.read(1) is None


def test_big_endian_samples_are_the_same_samples(tmp_path):
    values = np.arange(-50, 50)
    for order in "be", "le":
        top = {**GLOBAL, "core:datatype": f"ci16_{order}"}
        data = values.astype(">i2" if order == "be" else "<i2").tobytes()
        np.testing.assert_array_equal(
            open_source(write(tmp_path, top=top, data=data)).read(99).iq.ravel(), values
        )


def test_a_hash_that_fits_says_nothing(tmp_path):
    top = {**GLOBAL, "core:sha512": hashlib.sha512(DATA).hexdigest().upper()}
    assert open_source(write(tmp_path, top=top), check=True).info.warnings == ()


@pytest.mark.parametrize("said", [hashlib.sha512(b"other").hexdigest(), "f4984", 7])
def test_samples_that_do_not_fit_their_hash_are_told_and_read(tmp_path, said):
    path = write(tmp_path, top={**GLOBAL, "core:sha512": said})
    source = open_source(path, check=True)
    (warning,) = source.info.warnings
    assert "x.sigmf-data" in warning
    assert "core:sha512" in warning
    np.testing.assert_array_equal(source.read(999).iq.ravel(), VALUES)
    assert open_source(path).info.warnings == ()


def test_the_hash_of_an_archive_is_that_of_the_samples_in_it(tmp_path):
    write(tmp_path, top={**GLOBAL, "core:sha512": hashlib.sha512(DATA).hexdigest()})
    with tarfile.open(tmp_path / "x.sigmf", "w") as tar:
        tar.add(tmp_path / "x.sigmf-meta", "x/x.sigmf-meta")
        tar.add(tmp_path / "x.sigmf-data", "x/x.sigmf-data")
    assert open_source(str(tmp_path / "x.sigmf"), check=True).info.warnings == ()


def test_centre_and_time_come_from_the_first_capture(tmp_path):
    captures = [
        {"core:sample_start": 0, "core:frequency": 433.92e6, "core:datetime": "2026-06-07T01:32:10.5Z"}
    ]
    info = open_source(write(tmp_path, captures=captures)).info
    assert (info.center_hz, info.center_known, info.time_known) == (433.92e6, True, True)
    assert info.started_at == datetime(2026, 6, 7, 1, 32, 10, 500_000, tzinfo=UTC)


def test_the_data_file_may_be_named_instead_of_the_metadata(tmp_path):
    write(tmp_path)
    np.testing.assert_array_equal(
        open_source(str(tmp_path / "x.sigmf-data")).read(99).iq.ravel(), VALUES[:198]
    )


def test_each_capture_has_its_own_centre_and_no_block_spans_two(tmp_path):
    captures = [
        {"core:sample_start": 0, "core:frequency": 1e8, "core:global_index": 500},
        {"core:sample_start": 30, "core:frequency": 2e8, "core:global_index": 530},
        {"core:sample_start": 60, "core:frequency": 2e8, "core:global_index": 600},
    ]
    source = open_source(write(tmp_path, captures=captures))
    blocks = []
    while (block := source.read(40)) is not None:
        blocks.append(
            (block.hop.center_hz, block.first_sample, len(block.iq), block.n_dropped_before, block.started_at)
        )
    start = source.info.started_at
    at = [start + timedelta(microseconds=n) for n in (0, 30, 100)]
    assert blocks == [(1e8, 0, 30, 0, at[0]), (2e8, 30, 30, 0, at[1]), (2e8, 100, 40, 40, at[2])]
    assert source.info.n_samples == 140


def test_an_archive_is_read_in_place(tmp_path):
    write(tmp_path / "x")
    with tarfile.open(tmp_path / "x.sigmf", "w") as tar:
        tar.add(tmp_path / "x", "x")
    source = open_source(str(tmp_path / "x.sigmf"))
    np.testing.assert_array_equal(source.read(100).iq.ravel(), VALUES)
    assert source.read(1) is None


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"data": None}, "SigMF without data: x.sigmf-data"),
        ({"data": b""}, "empty"),
        ({"meta": "{\n oops"}, r"x.sigmf-meta:2: not JSON"),
        ({"meta": "[]"}, "not SigMF metadata"),
        ({"meta": "{}"}, "global is missing"),
        ({"top": {**GLOBAL, "core:datatype": "ci16"}}, "core:datatype 'ci16' is not read"),
        ({"top": {}}, "core:datatype None"),
        ({"top": {**GLOBAL, "core:sample_rate": "fast"}}, "core:sample_rate must be a number"),
        ({"top": {**GLOBAL, "core:sample_rate": -1}}, "core:sample_rate must be above 0"),
        ({"top": {**GLOBAL, "core:num_channels": 2}}, "several channels"),
        ({"captures": [{}]}, r"captures\[0\]: core:sample_start"),
        ({"captures": ["x"]}, r"captures\[0\] must be an object"),
        ({"captures": [{"core:sample_start": 9}, {"core:sample_start": 3}]}, "goes backwards"),
        ({"captures": [{"core:sample_start": 0, "core:datetime": "noon"}]}, "no ISO 8601 time"),
        ({"captures": [{"core:sample_start": 0, "core:header_bytes": 4}]}, "header_bytes is not read"),
    ],
)
def test_each_fault_names_file_and_field(tmp_path, broken, why):
    with pytest.raises(SourceError, match=why) as fault:
        open_source(write(tmp_path, **broken))
    assert str(tmp_path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_data_without_metadata_and_a_broken_archive_get_one_line(tmp_path):
    (tmp_path / "lone.sigmf-data").write_bytes(b"12")
    with pytest.raises(SourceError, match="without metadata"):
        open_source(str(tmp_path / "lone.sigmf-data"))
    with pytest.raises(SourceError, match="without metadata"):
        open_source(str(tmp_path / "missing.sigmf-meta"))
    (tmp_path / "bad.sigmf").write_bytes(b"no tar" * 500)
    with pytest.raises(SourceError, match="not a SigMF archive"):
        open_source(str(tmp_path / "bad.sigmf"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "core:datatype",
        "core:sample_rate",
        "core:sample_start",
        "core:frequency",
        "core:datetime",
        "core:global_index",
    ]
)


@given(st.dictionaries(NAMES, JSON), st.lists(st.dictionaries(NAMES, JSON), max_size=3) | JSON)
@settings(deadline=None)
def test_no_metadata_fails_but_with_one_line(tmp_path_factory, top, captures):
    folder = tmp_path_factory.mktemp("s")
    meta = json.dumps({"global": {**GLOBAL, **top}, "captures": captures})
    fault = ""
    try:
        source = open_source(write(folder, meta=meta))
        while source.read(50) is not None:
            pass
    except SourceError as refused:
        fault = str(refused)
    assert "\n" not in fault
