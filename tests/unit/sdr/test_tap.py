"""Listening in: what is on the channel is heard, what is not is said, and the scan never waits."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from sdr.demod import Mode, Sound
from sdr.tap import MAX_WAITING, Away, Tap
from sdr.types import Block, Hop, SampleFormat
from tests import signals
from tests.unit.sdr.test_demod import RATE_HZ, _received, _tone_share

NOW = datetime(2026, 6, 7, tzinfo=UTC)
HERE = Hop(169e6, RATE_HZ)
CHANNEL_HZ = 169.03e6
BLOCK = 1 << 15


def blocks(iq, hop=HERE):
    return [
        Block(hop, first, NOW, iq[first : first + BLOCK]) for first in range(0, len(iq) - BLOCK + 1, BLOCK)
    ]


@pytest.fixture(scope="module")
def spoken():
    """Three seconds of a 1 kHz tone in NFM, 30 kHz above the centre."""
    return _received(signals.nfm_tone(np.random.default_rng(1), RATE_HZ, 3.0)).iq


def heard_by(tap: Tap, feed) -> list[Sound | Away]:
    """What comes out while `feed` puts blocks in, as fast as they are taken."""
    found: list[Sound | Away] = []
    listener = threading.Thread(target=lambda: found.extend(tap.sounds()))
    listener.start()
    for block in feed:
        while tap.is_full:
            threading.Event().wait(0.002)
        tap.take(block)
    while not tap.is_empty:
        threading.Event().wait(0.002)
    tap.close()
    listener.join(30)
    assert not listener.is_alive()
    return found


def test_the_channel_is_heard_as_it_was_sent(spoken):
    tap = Tap(SampleFormat.CU8, CHANNEL_HZ, Mode.NFM)
    found = heard_by(tap, blocks(spoken))
    sounds = [one for one in found if isinstance(one, Sound)]
    audio = np.concatenate([one.samples for one in sounds])
    assert len(audio) == pytest.approx(len(spoken) / RATE_HZ * 16_000, rel=0.08)
    assert len(sounds) > 2
    assert _tone_share(audio[8000:-8000], 1000) > 0.95
    assert tap.n_dropped == 0


def test_a_receiver_that_is_elsewhere_is_told_and_comes_back(spoken):
    away = Hop(433e6, RATE_HZ)
    feed = [*blocks(spoken), *blocks(spoken, away)[:2], *blocks(spoken)]
    found = heard_by(Tap(SampleFormat.CU8, CHANNEL_HZ, Mode.NFM), feed)
    kinds = ["sound" if isinstance(one, Sound) else one.center_hz for one in found]
    assert 433e6 in kinds
    first = kinds.index(433e6)
    assert "sound" in kinds[:first]
    assert "sound" in kinds[first:]


def test_a_channel_at_the_edge_of_the_band_is_not_heard(spoken):
    found = heard_by(Tap(SampleFormat.CU8, 169e6 + RATE_HZ / 2, Mode.NFM), blocks(spoken)[:3])
    assert {one.center_hz for one in found if isinstance(one, Away)} == {169e6}
    assert not [one for one in found if isinstance(one, Sound)]


def test_a_listener_who_is_too_slow_loses_blocks_and_the_scan_no_time(spoken):
    tap = Tap(SampleFormat.CU8, CHANNEL_HZ, Mode.NFM)
    for block in blocks(spoken):
        tap.take(block)
    assert tap.n_dropped == len(blocks(spoken)) - MAX_WAITING
    tap.close()
    assert [one for one in tap.sounds() if isinstance(one, Sound)] == []


def test_silence_of_the_receiver_is_told(monkeypatch):
    monkeypatch.setattr("sdr.tap.WAIT_S", 0.01)
    tap = Tap(SampleFormat.CU8, CHANNEL_HZ, Mode.NFM)
    assert next(iter(tap.sounds())) == Away(None)
