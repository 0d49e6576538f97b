import threading
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sdr.source import SourceError, open_source
from sdr.source.clock import SYSTEM_CLOCK
from sdr.source.paced import PacedSource
from sdr.types import Hop


class HandClock:
    """Time passes only by waiting, or when a test says so."""

    def __init__(self):
        self.seconds = 100.0
        self.waits = []

    def now(self):
        return datetime(2026, 6, 7, 1, tzinfo=UTC) + timedelta(seconds=self.seconds - 100)

    def monotonic(self):
        return self.seconds

    def wait(self, ended, timeout_s):
        self.waits.append(timeout_s)
        self.seconds += timeout_s
        return ended.is_set()


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "x_433.92M_1k.cu8"
    path.write_bytes((np.arange(2000) % 251).astype("u1").tobytes())
    return str(path)


def paced(recording, clock, **options):
    return PacedSource(lambda: open_source(recording), clock=clock, **options)


def test_samples_come_when_they_are_due_and_not_before(recording):
    clock = HandClock()
    source = paced(recording, clock)
    for _ in range(4):
        source.read(250)
    assert clock.seconds == pytest.approx(101.0)
    assert source.read(1) is None
    assert source.info.live
    assert source.info.started_at == datetime(2026, 6, 7, 1, tzinfo=UTC)


def test_numbers_and_times_go_on_across_the_turns_of_a_loop(recording):
    source = paced(recording, HandClock(), loop=True)
    assert source.info.n_samples is None
    n_next, parts = 0, []
    while n_next < 3500:
        block = source.read(300)
        assert (block.first_sample, block.n_dropped_before) == (n_next, 0)
        assert (block.started_at - source.info.started_at).total_seconds() == pytest.approx(n_next / 1000)
        n_next += len(block.iq)
        parts.append(block.iq)
    whole = np.fromfile(recording, "u1").reshape(-1, 2)
    np.testing.assert_array_equal(np.concatenate(parts)[:3000], np.concatenate([whole] * 3))


@pytest.mark.parametrize("away_s", [3.0, 0.9, 2.6])
def test_a_reader_that_stays_away_is_told_what_it_missed(recording, away_s):
    clock = HandClock()
    source = paced(recording, clock, loop=True, depth_s=0.5)
    source.read(100)
    clock.seconds += away_s
    block = source.read(100)
    assert block.n_dropped_before == round((away_s - 0.5) * 1000)
    assert block.first_sample == 100 + block.n_dropped_before
    whole = np.fromfile(recording, "u1").reshape(-1, 2)
    np.testing.assert_array_equal(block.iq[0], whole[block.first_sample % 1000])


def test_a_short_absence_loses_nothing(recording):
    clock = HandClock()
    source = paced(recording, clock, depth_s=0.5)
    source.read(100)
    clock.seconds += 0.4
    assert source.read(100).n_dropped_before == 0


def test_close_from_another_thread_ends_a_waiting_read_at_once(recording):
    source = paced(recording, SYSTEM_CLOCK)
    threading.Timer(0.1, source.close).start()
    began = time.monotonic()
    assert source.read(1000) is None
    assert time.monotonic() - began < 0.8
    assert source.read(10) is None


def test_a_world_can_be_paced_and_tuned(tmp_path):
    (tmp_path / "w.yml").write_text("rate: 250k\ncenter: 433M\nseconds: 0.1\n")
    source = PacedSource(lambda: open_source(f"synth:{tmp_path / 'w.yml'}"), clock=HandClock(), loop=True)
    source.tune(Hop(434e6, 250e3))
    blocks = [source.read(20_000) for _ in range(4)]
    assert [block.hop.center_hz for block in blocks] == [434e6] * 4
    assert [block.first_sample for block in blocks] == [0, 20_000, 25_000, 45_000]


def test_a_recording_exchanged_under_the_loop_is_refused(tmp_path):
    names = iter([tmp_path / "a_1k.cu8", tmp_path / "b_2k.cu8"])
    for name in ("a_1k.cu8", "b_2k.cu8"):
        (tmp_path / name).write_bytes(bytes(range(200)))
    source = PacedSource(lambda: open_source(str(next(names))), clock=HandClock(), loop=True)
    assert len(source.read(100).iq) == 100
    with pytest.raises(SourceError, match="another recording"):
        source.read(100)
