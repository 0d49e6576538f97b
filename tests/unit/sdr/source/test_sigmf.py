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
    ("datatype", "format"), [("cu8", "cu8"), ("ci8", "cs8"), ("ci16_le", "cs16"), ("cf32_le", "cf32")]
)
def test_every_datatype_that_is_read(tmp_path, datatype, format):
    path = write(tmp_path, top={**GLOBAL, "core:datatype": datatype}, data=bytes(800))
    info = open_source(path).info
    assert (info.format, info.rate_hz, info.n_samples) == (
        SampleFormat(format),
        1e6,
        400 // SampleFormat(format).dtype.itemsize,
    )


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
        ({"top": {**GLOBAL, "core:datatype": "ri16_le"}}, "core:datatype 'ri16_le' is not read"),
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
