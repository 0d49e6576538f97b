"""Token buckets: never more than agreed, always again after the wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawlers.tips.rate import MAX_CLIENTS, Bucket, Senders, network_of


@given(st.integers(1, 10), st.floats(0.5, 100), st.lists(st.floats(0, 50), max_size=60))
def test_in_any_stretch_no_more_pass_than_the_burst_and_what_was_refilled(burst, refill_s, gaps_s):
    bucket, now_s, passed = Bucket(burst, refill_s, 0.0), 0.0, []
    for gap_s in gaps_s:
        now_s += gap_s
        wait_s = bucket.wait_s(now_s)
        assert 0 <= wait_s <= refill_s
        if wait_s == 0:
            passed.append(now_s)
    for first, start_s in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - start_s) / refill_s + 1e-6


@given(st.integers(1, 5), st.floats(0.5, 100))
def test_after_the_told_wait_one_more_passes(burst, refill_s):
    bucket = Bucket(burst, refill_s, 0.0)
    for _ in range(burst):
        assert bucket.wait_s(0.0) == 0.0
    wait_s = bucket.wait_s(0.0)
    assert wait_s > 0
    assert bucket.wait_s(wait_s * (1 + 1e-9)) == 0.0


def test_a_household_is_one_sender_and_the_table_does_not_grow_without_end():
    assert network_of("2001:db8::1:2:3:4") == network_of("2001:db8::ffff")
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8:0:2::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("no address") == "no address"
    senders = Senders(burst=1, refill_s=600, burst_all=10**9, refill_all_s=1, key=b"k")
    for n in range(MAX_CLIENTS + 50):
        assert senders.wait_s(f"client {n}", 0.0) == 0.0
    assert len(senders._clients) == MAX_CLIENTS


def test_all_senders_together_are_held_to_one_rate():
    senders = Senders(burst=5, refill_s=600, burst_all=3, refill_all_s=10, key=b"k")
    assert [senders.wait_s(f"192.0.2.{n}", 0.0) > 0 for n in range(5)] == [False, False, False, True, True]
