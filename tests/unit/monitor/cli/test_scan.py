"""``scan`` as a user calls it: records, warnings, and what is wrong in one line each."""

from __future__ import annotations

import json
import resource

import numpy as np
import pytest

from tests.unit.monitor.cli.test_survey_and_baseline import run, synth

PROMISED = {
    "type", "id", "sensor", "start_s", "end_s", "first_seen", "last_seen", "ended", "center_hz",
    "bandwidth_hz",
    "snr_db", "peak_dbfs", "modulation", "confidence", "symbol_rate", "bursts", "on_time_s", "duty_cycle",
    "burst_period_s", "new", "service", "flags", "decoded", "evidence",
}  # fmt: skip


@pytest.fixture
def recording(tmp_path):
    """A carrier in noise, half a second, and one byte of the next sample."""
    rng = np.random.default_rng(1)
    n = 125_000
    carrier = 40 * np.exp(2j * np.pi * 20e3 * np.arange(n) / 250e3)
    noise = rng.normal(0, 4, n) + 1j * rng.normal(0, 4, n)
    iq = np.stack([(carrier + noise).real, (carrier + noise).imag], axis=1)
    path = tmp_path / "cut_433.92M_250k.cu8"
    path.write_bytes(np.clip(iq + 127.5, 0, 255).astype(np.uint8).tobytes() + b"\x80")
    return path


def test_records_have_every_promised_field_and_the_summary_is_last(tmp_path, capsys):
    assert run("scan", synth(tmp_path, "w.yml"), "--seconds", 4) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records[-1]["type"] == "summary"
    assert all(record["type"] == "emission" and set(record) >= PROMISED for record in records[:-1])
    assert len(records) > 1
    assert {"low_hz", "high_hz", "revisit_s", "intercept_1s"} <= set(records[-1]["bands"][0])


def test_a_recording_cut_within_a_sample_is_read_and_told(recording, capsys):
    assert run("scan", recording) == 0
    out, err = capsys.readouterr()
    assert err == f"{recording}: cut in the middle of a sample: the last 1 byte(s) are left out\n"
    first = json.loads(out.splitlines()[0])
    assert first["center_hz"] == pytest.approx(433.94e6, abs=100)
    assert json.loads(out.splitlines()[-1])["n_samples"] == 125_000


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--band", "100M:101M"], "--band: 100M:101M lies outside"),
        (["--band", "435M:433M"], "--band: "),
        (["--freq", "abc"], "--freq: 'abc' is not a frequency"),
        (["--rate", "-1"], "--rate: "),
        (["--rate", "1e12"], "samples a second are more than"),
        (["--seconds", "nan"], "--seconds"),
        (["--seconds", "0"], "--seconds"),
        (["--dwell", "-1"], "--dwell"),
        (["--gain", "500"], "--gain"),
        (["--ppm", "100000000"], "--ppm"),
        (["--evidence", "/proc/none/here"], "/proc/none/here: cannot be written"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_2(recording, capsys, options, told):
    assert run("scan", recording, *options) == 2
    err = capsys.readouterr().err.removeprefix(f"{recording}: cut in the middle of a sample: ")
    assert told in err
    assert len(err.splitlines()) <= 2


def test_evidence_that_could_not_be_kept_is_told_and_exit_1(recording, tmp_path, capsys):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # as a disk that is full
    try:
        assert run("scan", recording, "--evidence", tmp_path / "kept") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["n_evidence_failed"] > 0
    assert "could not be kept" in err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty_433.92M_250k.cu8", b"", "empty"),
        ("words.txt", b"hello", "does not say how its samples are stored"),
        ("a.sigmf-meta", b"{", "not JSON"),
        ("audio.wav", b"RIFF", "audio.wav"),
    ],
)
def test_what_is_no_recording_is_one_line_that_names_it(tmp_path, capsys, name, content, told):
    (tmp_path / name).write_bytes(content)
    assert run("scan", tmp_path / name) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert name in err
    assert told in err
    assert err.count("\n") == 1
