import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.gaps import GapMeter

RATE = 2.4e6
BLOCK = 16384


def play(meter, deliveries):
    return [gap for n, at in deliveries if (gap := meter.note(n, at)) is not None]


def stream(seconds, *, rate=RATE, losses=(), delay=lambda at: 0.0, block=BLOCK):
    """Deliveries of a receiver that runs at `rate`, loses (after second, samples) and is late by `delay`."""
    deliveries, n_taken, last, pending = [], 0, 0.0, sorted(losses)
    while (at := (n_taken + block) / rate) < seconds:
        n_taken += block
        if pending and at >= pending[0][0]:
            n_taken += pending.pop(0)[1]
            continue
        last = max(last, at + delay(at))
        deliveries.append((block, last))
    return deliveries


def test_a_steady_stream_has_no_gap_and_is_settled_at_once():
    meter = GapMeter(RATE)
    assert play(meter, stream(30)) == []
    assert meter.n_settled == meter.n_delivered


@pytest.mark.parametrize("ppm", [-100, -50, 50, 100])
def test_a_receiver_whose_clock_is_off_has_no_gap(ppm):
    assert play(GapMeter(RATE), stream(600, rate=RATE * (1 + ppm * 1e-6), block=1 << 17)) == []


@pytest.mark.parametrize("lost_s", [0.010, 0.012, 0.03, 0.2, 1.0])
@pytest.mark.parametrize("block", [4096, BLOCK, 131072])
def test_every_loss_of_10_ms_or_more_is_counted_and_placed(lost_s, block):
    rng = np.random.default_rng(1)
    # Whole blocks are lost; the one that the loss begins in is lost too.
    losses = [(at, round(lost_s * RATE)) for at in (5.0, 12.0)]
    meter = GapMeter(RATE)
    gaps = play(meter, stream(20, losses=losses, delay=lambda at: rng.exponential(0.001), block=block))
    assert len(gaps) == 2
    truth = round(lost_s * RATE) + block
    n_before = 0
    for gap, (at, n_lost) in zip(gaps, losses, strict=True):
        assert gap.n_missing == pytest.approx(truth, abs=0.003 * RATE)
        assert gap.position == pytest.approx(at * RATE - n_before, abs=0.02 * RATE + 2 * block)
        n_before += n_lost + block
    assert meter.n_settled == meter.n_delivered


@given(st.integers(0, 2**32 - 1), st.floats(0.0005, 0.02), st.floats(0.0, 0.4))
@settings(max_examples=40, deadline=None)
def test_lateness_alone_is_never_a_gap(seed, mean_s, hold_s):
    """Chance delays of every delivery, and a machine that holds everything up now and then."""
    rng = np.random.default_rng(seed)
    holds = rng.uniform(1, 20, 6)

    def delay(at):
        held = max((begin + hold_s - at for begin in holds if begin <= at < begin + hold_s), default=0.0)
        return held + min(0.2, rng.exponential(mean_s)) * (rng.random() < 0.7)

    assert play(GapMeter(RATE), stream(20, delay=delay)) == []


def test_a_backlog_that_is_worked_off_slowly_is_not_a_gap():
    def delay(at):
        return max(0.0, 0.3 - 0.2 * (at - 3)) if at > 3 else 0.0

    assert play(GapMeter(RATE), stream(20, delay=delay)) == []


def test_nothing_after_a_suspicion_is_settled_until_it_is_decided():
    meter = GapMeter(RATE)
    deliveries = stream(5, losses=[(3.0, 240_000)])
    held = []
    for n, at in deliveries:
        before = meter.n_settled
        gap = meter.note(n, at)
        if meter.n_settled < meter.n_delivered:
            held.append(at)
            assert meter.n_settled <= 3.0 * RATE
        if gap is not None:
            assert before <= gap.position
    assert held[0] == pytest.approx(3.1, abs=0.02)
    assert held[-1] - held[0] == pytest.approx(0.5, abs=0.05)


def test_many_short_losses_are_found_by_their_sum():
    losses = [(2 + 0.5 * number, 2400) for number in range(12)]
    gaps = play(GapMeter(RATE), stream(12, losses=losses, block=4096))
    assert sum(gap.n_missing for gap in gaps) == pytest.approx(12 * (2400 + 4096), abs=0.011 * RATE)


def test_what_an_outage_cost_is_told_after_the_warm_up_however_late_its_first_deliveries():
    meter = GapMeter(RATE)
    play(meter, stream(2))
    n_before = meter.n_delivered
    meter.restart()
    meter.restart()

    def delay(at):
        return max(0.0, 0.15 - at)

    after = [(n, at + 7.5) for n, at in stream(3, delay=delay)]
    (gap,) = play(meter, after)
    assert gap.position == n_before
    assert gap.n_missing == pytest.approx(7.5 * RATE - n_before, abs=0.001 * RATE)
    assert meter.n_settled == meter.n_delivered


def test_nothing_is_settled_while_the_cost_of_an_outage_is_unknown():
    meter = GapMeter(RATE, warm_up_s=0.3)
    play(meter, stream(2))
    n_before = meter.n_delivered
    meter.restart()
    for n, at in stream(1):
        meter.note(n, at + 5)
        is_known = at - BLOCK / RATE > 0.299
        assert meter.n_settled == (meter.n_delivered if is_known else n_before)


def test_a_restart_before_any_delivery_costs_nothing():
    meter = GapMeter(RATE)
    meter.restart()
    assert play(meter, stream(2)) == []


def test_times_and_positions_turn_into_each_other():
    meter = GapMeter(RATE)
    assert meter.time_of(0) is None
    play(meter, [(n, at + 50) for n, at in stream(3)])
    assert meter.time_of(0) == pytest.approx(50, abs=0.001)
    assert meter.position_at(52) == pytest.approx(2 * RATE, abs=0.001 * RATE)
