import threading
import time

import numpy as np
import pytest

from sdr.source import SourceError
from sdr.source.clock import SYSTEM_CLOCK
from sdr.source.live import LiveSource
from sdr.types import Hop

RATE = 1e6
N = 5000
HOP = Hop(100e6, RATE)


class Script:
    """A receiver that does as the test says. Samples tell their number, and their setting."""

    start_s = settle_s = 0.01

    def __init__(self, air):
        self.air = air
        self.stopped = threading.Event()
        self.is_open = False

    def delivery_s(self, rate_hz):
        return N / rate_hz

    def open(self, hop):
        self.air.n_opened += 1
        if self.air.refusal is not None:
            raise SourceError(self.air.refusal, retry=True)
        self.is_open = True
        self.air.hop = hop

    def stream(self, deliver):
        air = self.air
        while not self.stopped.is_set() or air.is_deaf:
            if air.crash is not None:
                raise air.crash
            if air.is_unplugged:
                raise SourceError("gone", retry=True)
            n = int((time.monotonic() - air.began) * RATE) // N * N
            if air.n_lose:
                air.n_taken += air.n_lose
                air.n_lose = 0
            if air.is_stalled or n < air.n_taken + N:
                time.sleep(0.001)
                air.n_taken = max(air.n_taken, n) if air.is_stalled else air.n_taken
                continue
            at = np.arange(air.n_taken, air.n_taken + N)
            pairs = np.stack((at % 251, np.full(N, air.hop.center_hz // 1e6)), axis=1).astype("u1")
            air.n_taken += N
            deliver(pairs)

    def apply(self, hop, before):
        if self.air.refusal is not None:
            raise SourceError(self.air.refusal, retry=True)
        assert self.is_open
        self.air.hop = hop

    def stop(self):
        self.stopped.set()

    def close(self):
        assert self.is_open
        self.is_open = False
        self.air.n_closed += 1


class Air:
    def __init__(self):
        self.began = time.monotonic()
        self.n_taken = self.n_lose = self.n_opened = self.n_closed = 0
        self.is_stalled = self.is_unplugged = self.is_deaf = False
        self.refusal = self.crash = self.hop = None


@pytest.fixture
def air():
    return Air()


@pytest.fixture
def source(air):
    source = LiveSource("test:0", lambda: Script(air), HOP, SYSTEM_CLOCK)
    yield source
    air.is_deaf = False
    source.close()


def blocks(source, seconds, n=20_000):
    """Blocks and faults for some time."""
    end, found, refusals = time.monotonic() + seconds, [], []
    while time.monotonic() < end:
        try:
            block = source.read(n)
        except SourceError as fault:
            found.append(str(fault))
            refusals.append(fault.retry)
        else:
            found.append((block.first_sample, block.iq.copy(), block.n_dropped_before, block))
    assert all(refusals)
    return found


def read_on(source, found):
    """Until a fault is raised."""
    while True:
        block = source.read(20_000)
        found.append((block.first_sample, block.iq.copy(), block.n_dropped_before, block))


def check_numbers(found):
    """Every block begins where the last ended, but for what it says was dropped; the samples agree."""
    taken = [one for one in found if not isinstance(one, str)]
    end = None
    for first, iq, n_dropped, _ in taken:
        assert end is None or first == end + n_dropped
        steps = np.diff(iq[:, 0].astype(int)) % 251
        assert (steps == 1).all(), "a block spans a gap"
        end = first + len(iq)
    return taken


def test_a_stream_is_numbered_without_a_hole(source):
    taken = check_numbers(blocks(source, 0.7))
    assert sum(n_dropped for _, _, n_dropped, _ in taken) == 0
    assert source.info.live
    assert source.info.tunable
    block = taken[-1][3]
    age = (SYSTEM_CLOCK.now() - block.started_at).total_seconds()
    assert 0 < age < 0.5
    assert block.hop == HOP


def test_a_loss_is_placed_where_it_happened_and_counted(source, air):
    first = blocks(source, 0.5)
    air.n_lose = 100_000
    taken = check_numbers(first + blocks(source, 1.2))
    (lost,) = [n_dropped for _, _, n_dropped, _ in taken if n_dropped]
    assert lost == pytest.approx(100_000, abs=0.01 * RATE)
    assert source.n_gaps == 1
    bytes_before = [(iq[-1, 0], n) for _, iq, n, _ in taken]
    place = next(number for number, (_, n) in enumerate(bytes_before) if n)
    missing = (int(taken[place][1][0, 0]) - int(taken[place - 1][1][-1, 0]) - 1) % 251
    assert missing == 100_000 % 251


@pytest.mark.slow
def test_a_reader_that_sleeps_loses_the_oldest_and_is_told(source):
    found = blocks(source, 0.3)
    time.sleep(3.6)
    taken = check_numbers(found + blocks(source, 0.3))
    assert sum(n for _, _, n, _ in taken) == pytest.approx(0.6 * RATE, rel=0.25)
    assert source.n_gaps == 0


def test_a_stall_shows_within_one_and_a_half_seconds_and_the_outage_is_counted(source, air):
    found = blocks(source, 0.5)
    air.is_stalled = True
    began = time.monotonic()
    with pytest.raises(SourceError, match="no samples for") as fault:
        read_on(source, found)
    assert time.monotonic() - began < 1.5
    assert fault.value.retry
    air.is_stalled = False
    taken = check_numbers(found + blocks(source, 1.0))
    assert sum(n for _, _, n, _ in taken) == pytest.approx((time.monotonic() - began - 1.0) * RATE, rel=0.3)


def test_it_is_opened_again_after_it_came_back_at_its_last_setting(source, air):
    source.tune(Hop(120e6, RATE))
    blocks(source, 0.3)
    air.refusal, air.is_unplugged = "not plugged in", True
    found: list = []
    while "gone" not in found:
        found += blocks(source, 0.05)
    # A second that begins once the outage is known, however late a busy machine gets to know of it.
    assert "not plugged in" in blocks(source, 1.0)
    air.refusal, air.is_unplugged = None, False
    began = time.monotonic()
    while not (taken := [one for one in blocks(source, 0.2) if not isinstance(one, str)]):
        assert time.monotonic() - began < 10
    assert taken[0][3].hop.center_hz == 120e6
    assert taken[0][2] > 0.9 * RATE
    assert set(np.unique(taken[0][1][:, 1])) == {120}


def test_after_a_retune_no_sample_is_from_before(source, air):
    for number in range(12):
        center = (100 + number % 3 * 20) * 1e6
        source.tune(Hop(center, RATE))
        taken = check_numbers(blocks(source, 0.08, 7000))
        assert taken
        for _, iq, n_dropped, block in taken:
            assert (iq[:, 1] == center // 1e6).all()
            assert block.hop.center_hz == center
            assert n_dropped == 0


def test_a_retune_that_is_refused_says_so_and_leaves_the_old_setting(source, air):
    air.refusal = "out of range"
    with pytest.raises(SourceError, match="out of range"):
        source.tune(Hop(5e6, RATE))
    air.refusal = None
    assert blocks(source, 0.2)[-1][3].hop == HOP


def test_close_from_another_thread_ends_a_read_that_waits(air):
    source = LiveSource("test:0", lambda: Script(air), HOP, SYSTEM_CLOCK)
    air.is_stalled = True
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    assert source.read(10_000) is None
    assert time.monotonic() - began < 0.6
    assert source.read(10_000) is None
    source.close()
    assert air.n_opened == air.n_closed == 1
    with pytest.raises(SourceError, match="closed"):
        source.tune(Hop(1e8 + 1, RATE))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_a_mistake_raises_and_does_not_hang(source, air):
    blocks(source, 0.2)
    air.crash = RuntimeError("a mistake in the program")
    with pytest.raises(SourceError, match="has died") as fault:
        read_on(source, [])
    assert not fault.value.retry


@pytest.mark.slow
def test_a_driver_that_hangs_for_good_is_left_behind_and_another_is_opened(source, air):
    blocks(source, 0.2)
    air.is_deaf = air.is_stalled = True
    faults = [one for one in blocks(source, 3.6) if isinstance(one, str)]
    assert faults
    air.is_stalled = False
    taken = [one for one in blocks(source, 1.5) if not isinstance(one, str)]
    assert taken
    assert air.n_opened >= 2
    air.is_deaf = False


def test_a_receiver_that_cannot_be_opened_at_first_says_so_at_once(air):
    air.refusal = "no dongle"
    with pytest.raises(SourceError, match="no dongle"):
        LiveSource("test:0", lambda: Script(air), HOP, SYSTEM_CLOCK)
