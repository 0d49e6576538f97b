import threading
import time
import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sdr.ring import SampleRing


def pairs_from(position, n):
    """Pairs that tell their own position."""
    at = np.arange(position, position + n)
    return np.stack((at % 256, at // 256 % 256), axis=1).astype("u1")


def write(ring, n):
    ring.write(pairs_from(ring.n_written, n))
    ring.release(ring.n_written)


def read(ring, n):
    out = np.empty((n, 2), dtype="u1")
    got = ring.read(out, 0)
    return got, None if got is None else out[: got.n_samples]


@given(st.integers(1, 40), st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=40))
def test_every_sample_is_read_in_order_or_counted_as_overwritten(size, steps):
    ring, n_next, n_lost = SampleRing(size), 0, 0
    for is_write, n in steps:
        if is_write:
            write(ring, n)
            continue
        got, out = read(ring, n)
        if got is None:
            assert n_next == ring.n_written
            continue
        assert got.position == n_next + got.n_overwritten
        np.testing.assert_array_equal(out, pairs_from(got.position, got.n_samples))
        n_next = got.position + got.n_samples
        n_lost += got.n_overwritten
    assert ring.n_overwritten == n_lost


def test_what_is_not_released_cannot_be_read():
    ring = SampleRing(10)
    ring.write(pairs_from(0, 6))
    assert read(ring, 10)[0] is None
    ring.release(4)
    assert read(ring, 10)[0].n_samples == 4
    ring.release(100)
    assert read(ring, 10)[0].n_samples == 2


def test_what_the_reader_skips_is_not_lost():
    ring = SampleRing(10)
    write(ring, 8)
    ring.skip_to(5)
    got, _ = read(ring, 10)
    assert (got.position, got.n_samples, got.n_overwritten) == (5, 3, 0)
    ring.skip_to(12)
    write(ring, 3)
    assert read(ring, 10)[0] is None
    write(ring, 3)
    got, _ = read(ring, 10)
    assert (got.position, got.n_samples, got.n_overwritten) == (12, 2, 0)


def test_a_waiting_read_ends_with_the_first_samples_or_a_wake():
    ring, out = SampleRing(10), np.empty((10, 2), dtype="u1")
    threading.Timer(0.05, write, (ring, 3)).start()
    began = time.monotonic()
    assert ring.read(out, 5.0).n_samples == 3
    threading.Timer(0.05, ring.wake).start()
    assert ring.read(out, 5.0) is None
    assert time.monotonic() - began < 2.0
    assert ring.read(out, 0.01) is None


def test_two_threads_at_full_speed_never_tear_a_sample():
    ring, n_total = SampleRing(5000), 3_000_000
    blocks = {start: pairs_from(start, 1024) for start in range(0, 65536, 1024)}

    def deliver():
        while ring.n_written < n_total:
            ring.write(blocks[ring.n_written % 65536])
            ring.release(ring.n_written)

    writer = threading.Thread(target=deliver)
    writer.start()
    out, n_next, n_lost, n_read = np.empty((3000, 2), dtype="u1"), 0, 0, 0
    table = pairs_from(0, 2 * 65536)
    while True:
        is_over = not writer.is_alive()
        got = ring.read(out, 0.05)
        if got is None:
            if is_over:
                break
            continue
        assert got.position == n_next + got.n_overwritten
        place = got.position % 65536
        assert (out[: got.n_samples] == table[place : place + got.n_samples]).all()
        n_next = got.position + got.n_samples
        n_lost += got.n_overwritten
        n_read += got.n_samples
    writer.join()
    assert n_read + n_lost == n_next == ring.n_written
    assert ring.n_overwritten == n_lost


def test_no_block_takes_memory_of_its_own():
    ring, block, out = SampleRing(1 << 18), pairs_from(0, 1 << 16), np.empty((1 << 16, 2), dtype="u1")
    tracemalloc.start()
    try:
        for _ in range(50):
            ring.write(block)
            ring.release(ring.n_written)
            ring.read(out, 0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20_000
