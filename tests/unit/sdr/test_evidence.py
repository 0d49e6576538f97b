"""Evidence: valid under sigmf-python, named by content, never overwritten, whole or not there."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import numpy as np
import pytest
import sigmf
import soundfile

from sdr.evidence import Audio, EvidenceError, Gap, Mark, Receiver, find, write_evidence
from sdr.types import SampleFormat
from tests import signals

AT = datetime(2026, 6, 7, 1, 32, 10, 123456, tzinfo=UTC)
RATE_HZ = 250e3
RECEIVER = Receiver("east gate", "RTL-SDR R820T2", 28.0, -1.5, True)
MARK = Mark(0.1, 0.2, 433.951e6, 433.969e6, "fsk2", "2400 Bd")


def _iq(sample_format=SampleFormat.CU8, seed=1):
    rng = np.random.default_rng(seed)
    return signals.receive(
        signals.fsk2(rng, RATE_HZ, 0.1),
        rng,
        RATE_HZ,
        snr_db=25,
        bandwidth_hz=8000,
        offset_hz=40e3,
        sample_format=sample_format,
    ).iq


def _write(directory, iq, sample_format=SampleFormat.CU8, marks=(MARK,), **more):
    return write_evidence(
        directory, iq, sample_format, RATE_HZ, 433.92e6, AT, marks=marks, receiver=RECEIVER, **more
    )


def _by_role(kept):
    return {item.role: item for item in kept.items}


@pytest.mark.parametrize("sample_format", list(SampleFormat))
def test_sigmf_python_accepts_it_and_reads_the_same_samples(tmp_path, sample_format):
    iq = _iq(sample_format)
    kept = _by_role(_write(tmp_path, iq, sample_format))
    meta = sigmf.fromfile(str(kept["metadata"].path))
    meta.validate()
    assert kept["samples"].path.read_bytes() == iq.tobytes()
    read = meta.read_samples()
    assert len(read) == len(iq)
    [note] = meta.get_annotations()
    assert note["core:sample_start"] == 25_000
    assert note["core:freq_lower_edge"] == 433.951e6


def test_the_description_says_under_what_conditions_it_was_heard(tmp_path):
    kept = _by_role(_write(tmp_path, _iq(), gaps=(Gap(30_000, 512),)))
    meta = json.loads(kept["metadata"].path.read_text())
    facts = meta["global"]
    assert facts["examwatch:gain_db"] == 28.0
    assert facts["examwatch:ppm"] == -1.5
    assert facts["examwatch:overload"] is True
    assert facts["examwatch:calibration"] == "uncalibrated dBFS"
    assert facts["examwatch:n_missing"] == 512
    first, second = meta["captures"]
    assert first["core:datetime"] == "2026-06-07T01:32:10.123456Z"
    assert (second["core:sample_start"], second["core:global_index"]) == (30_000, 30_512)
    assert second["core:datetime"] == "2026-06-07T01:32:10.245504Z"


def test_every_digest_is_that_of_its_file_and_finds_it_again(tmp_path):
    kept = _write(tmp_path, _iq(), audio=Audio(np.zeros(800, np.float32), 8000))
    assert {item.role for item in kept.items} == {"samples", "metadata", "spectrogram", "audio"}
    for item in kept.items:
        assert item.digest == "sha256:" + hashlib.sha256(item.path.read_bytes()).hexdigest()
        assert find(tmp_path, item.digest) == item.path
        assert kept.digest(item.role) == item.digest
    assert find(tmp_path, "sha256:" + "0" * 64) is None
    assert find(tmp_path, "sha256:../../etc/passwd") is None


def test_writing_the_same_again_changes_nothing(tmp_path):
    first = _write(tmp_path, _iq())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert _write(tmp_path, _iq()) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_the_same_samples_described_anew_do_not_overwrite_the_old_description(tmp_path):
    first = _by_role(_write(tmp_path, _iq()))
    text = first["metadata"].path.read_text()
    second = _by_role(_write(tmp_path, _iq(), marks=(Mark(0.1, 0.15, 433.95e6, 433.97e6, "unknown"),)))
    assert second["metadata"].path != first["metadata"].path
    assert first["metadata"].path.read_text() == text
    assert second["samples"].digest == first["samples"].digest
    sigmf.fromfile(str(second["metadata"].path)).validate()


def test_the_audio_is_flac_of_what_was_given(tmp_path):
    sound = (0.5 * np.sin(np.arange(8000) / 5)).astype(np.float32)
    kept = _by_role(_write(tmp_path, _iq(), audio=Audio(sound, 8000)))
    read, rate = soundfile.read(kept["audio"].path)
    assert rate == 8000
    assert np.max(np.abs(read - sound)) < 1e-4


def test_the_window_of_the_picture_holds_the_mark(tmp_path):
    window = _write(tmp_path, _iq()).spectrogram_window
    assert window["low_hz"] <= MARK.low_hz < MARK.high_hz <= window["high_hz"]
    assert window["t0_s"] <= MARK.start_s < MARK.end_s <= window["t1_s"]


def test_a_directory_that_cannot_be_written_to_is_one_clear_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    with pytest.raises(EvidenceError, match="evidence not kept"):
        _write(blocked, _iq())
    assert list(tmp_path.iterdir()) == [blocked]


def test_nothing_is_no_evidence(tmp_path):
    with pytest.raises(EvidenceError):
        _write(tmp_path, np.zeros((0, 2), "u1"))


def test_no_half_written_file_is_left_behind(tmp_path):
    _write(tmp_path, _iq())
    assert not list(tmp_path.glob(".part-*"))
