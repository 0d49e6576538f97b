"""``examwatch listen``: FLAC of what was said, or one clear line and no file."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import typer
from scipy import signal

from monitor.cli.listen import listen_command
from monitor.faults import InputError, WorldError
from sdr.types import SampleFormat
from tests import signals

RATE_HZ = 240e3


def _listen(*arguments):
    app = typer.Typer(add_completion=False)
    app.command()(listen_command)
    app([str(argument) for argument in arguments], standalone_mode=False)


def _record(path, z):
    rng = np.random.default_rng(6)
    signals.receive(
        z, rng, RATE_HZ, snr_db=25, bandwidth_hz=10e3, offset_hz=-30e3, sample_format=SampleFormat.CU8
    ).iq.tofile(path)
    return path


def test_the_command_writes_flac_of_what_was_said(tmp_path, capsys):
    rng = np.random.default_rng(6)
    recording = _record(tmp_path / "talk_433.92M_240k.cu8", signals.nfm_tone(rng, RATE_HZ, 1.0))
    out = tmp_path / "talk.flac"
    _listen(recording, "--mode", "nfm", "--offset", "-30k", "--out", out)
    audio, rate = soundfile.read(out)
    assert len(audio) / rate == pytest.approx(1.2, abs=0.01)
    frequencies, power = signal.welch(audio, rate, nperseg=4096)
    assert power[np.abs(frequencies - 1000) < 15].sum() / power.sum() > 0.9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.flac", "talk_433.92M_240k.cu8"]
    assert "squelch open" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("missing_433M_240k.cu8", [], "missing_433M_240k.cu8"),
        ("talk_433.92M_240k.cu8", ["--offset", "2M"], "outside"),
        ("talk_433.92M_240k.cu8", ["--offset", "soon"], "soon"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_no_file(tmp_path, name, options, told):
    np.full((240_000, 2), 128, "u1").tofile(tmp_path / "talk_433.92M_240k.cu8")
    out = tmp_path / "out.flac"
    with pytest.raises(InputError, match=told) as raised:
        _listen(tmp_path / name, "--mode", "am", *options, "--out", out)
    assert len(str(raised.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["talk_433.92M_240k.cu8"]


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path):
    recording = _record(tmp_path / "talk_433.92M_240k.cu8", np.ones(24_000, np.complex64))
    with pytest.raises(WorldError, match="nowhere"):
        _listen(recording, "--mode", "nfm", "--out", tmp_path / "nowhere" / "out.flac")


@pytest.mark.parametrize(
    ("ending", "format", "magic"),
    [
        ("flac", "FLAC", b"fLaC"),
        ("wav", "WAV", b"RIFF"),
        ("ogg", "OGG", b"OggS"),
        ("OPUS", "OGG", b"OggS"),
        ("mp3", "MP3", b"\xff"),
    ],
)
def test_the_ending_says_what_is_written(tmp_path, ending, format, magic):
    if format not in soundfile.available_formats():
        pytest.skip(f"the libsndfile here writes no {format}")
    rng = np.random.default_rng(6)
    recording = _record(tmp_path / "talk_433.92M_240k.cu8", signals.nfm_tone(rng, RATE_HZ, 0.5))
    out = tmp_path / f"talk.{ending}"
    _listen(recording, "--mode", "nfm", "--offset", "-30k", "--out", out)
    assert soundfile.info(out).format == format
    assert out.read_bytes().startswith(magic)


@pytest.mark.parametrize(("name", "told"), [("x.txt", "ending"), ("x", "ending"), ("folder.flac", "folder")])
def test_a_name_that_no_sound_fits_is_refused_before_any_work(tmp_path, name, told):
    (tmp_path / "folder.flac").mkdir()
    out = tmp_path / name
    with pytest.raises(InputError, match=told):
        _listen(tmp_path / "missing_433M_240k.cu8", "--mode", "am", "--out", out)
