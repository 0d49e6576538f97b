"""Sound comes out as it went in, and silence where nobody talks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from sdr.clip import extract
from sdr.demod import AUDIO_RATE_HZ, Mode, demodulate, demodulate_stream, discriminate
from sdr.types import SampleFormat
from tests import signals

RATE_HZ = 240e3


def _received(z, snr_db=25.0, offset_hz=30e3, seed=1, **more):
    rng = np.random.default_rng(seed)
    return signals.receive(
        z,
        rng,
        RATE_HZ,
        snr_db=snr_db,
        bandwidth_hz=10e3,
        offset_hz=offset_hz,
        sample_format=SampleFormat.CU8,
        **more,
    )


def _clip(got, offset_hz=30e3):
    return extract(got.iq, got.format, RATE_HZ, offset_hz, 15e3)


def _tone_share(audio, tone_hz):
    frequencies, power = signal.welch(audio, AUDIO_RATE_HZ, nperseg=4096)
    return power[np.abs(frequencies - tone_hz) < 15].sum() / power.sum()


@pytest.mark.parametrize("mode", list(Mode))
def test_a_tone_that_was_sent_is_the_tone_that_is_heard(mode):
    rng = np.random.default_rng(1)
    make = signals.nfm_tone if mode is Mode.NFM else signals.am_tone
    sound = demodulate(_clip(_received(make(rng, RATE_HZ, 1.0))), mode)
    heard = sound.samples[int(0.3 * AUDIO_RATE_HZ) : int(0.9 * AUDIO_RATE_HZ)]
    assert _tone_share(heard, 1000) > 0.95
    assert np.max(np.abs(heard)) > 0.2


@pytest.mark.parametrize("mode", list(Mode))
def test_the_squelch_is_closed_on_noise_and_open_on_the_emission(mode):
    rng = np.random.default_rng(2)
    make = signals.nfm_voice if mode is Mode.NFM else signals.am_voice
    got = _received(make(rng, RATE_HZ, 1.0), 15, before_s=1.5, after_s=1.5)
    sound = demodulate(_clip(got), mode).samples
    assert np.max(np.abs(sound[: int(1.0 * AUDIO_RATE_HZ)])) == 0
    assert np.max(np.abs(sound[int(3.2 * AUDIO_RATE_HZ) :])) == 0
    assert np.std(sound[int(1.6 * AUDIO_RATE_HZ) : int(2.4 * AUDIO_RATE_HZ)]) > 0.02


def test_without_squelch_noise_is_heard():
    got = _received(np.zeros(int(RATE_HZ), np.complex64))
    assert np.std(demodulate(_clip(got), Mode.NFM, squelched=False).samples) > 0.05
    assert demodulate(_clip(got), Mode.NFM).open_share < 0.1


def test_de_emphasis_takes_6_db_an_octave():
    rng = np.random.default_rng(3)
    levels = []
    for tone_hz in (1000.0, 2000.0):
        z = signals.nfm_tone(rng, RATE_HZ, 0.6, (tone_hz,), 1500)
        levels.append(np.std(demodulate(_clip(_received(z, 35)), Mode.NFM).samples[4000:8000]))
    assert 20 * np.log10(levels[0] / levels[1]) == pytest.approx(6, abs=1)


def test_flat_audio_keeps_the_deviation():
    rng = np.random.default_rng(4)
    got = _received(signals.nfm_tone(rng, RATE_HZ, 0.5, (500.0,), 2500), 35, before_s=0, after_s=0)
    flat = discriminate(_clip(got), 16e3, 22_050)
    assert np.percentile(np.abs(flat), 99) == pytest.approx(0.5, abs=0.05)


def test_a_long_recording_in_pieces_sounds_as_in_one():
    rng = np.random.default_rng(5)
    z = np.concatenate([signals.nfm_voice(rng, RATE_HZ, 6.0) for _ in range(4)])
    got = _received(z, 25)
    whole = demodulate(_clip(got), Mode.NFM).samples
    blocks = (got.iq[at : at + 100_003] for at in range(0, len(got.iq), 100_003))
    pieces = list(demodulate_stream(blocks, got.format, RATE_HZ, 30e3, Mode.NFM))
    assert len(pieces) > 1
    joined = np.concatenate([piece.samples for piece in pieces])
    assert abs(len(joined) - len(whole)) <= 2
    n = min(len(joined), len(whole))
    assert np.std(joined[:n] - whole[:n]) < 0.02 * np.std(whole)


def test_a_moment_too_short_for_sound_is_no_sound():
    clip = extract(np.full((50, 2), 128, "u1"), SampleFormat.CU8, RATE_HZ, 0, 15e3)
    assert len(demodulate(clip, Mode.NFM).samples) == 0
