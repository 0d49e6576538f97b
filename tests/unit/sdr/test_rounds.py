"""A plan driven: hits turn it, nothing starves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.plan import Band, make_plan
from sdr.rounds import HIT_SHARE, HIT_SPARE, MAX_VISITS, Rounds, VisitLog

PLAN = make_plan([Band(430e6, 440e6), Band(167e6, 174e6)], 2.4e6, 0.1)


def test_without_hits_the_cycle_is_driven_as_planned():
    rounds = Rounds(PLAN)
    assert [rounds.next() for _ in range(2 * len(PLAN.cycle))] == [*PLAN.cycle, *PLAN.cycle]


def test_a_hit_keeps_the_receiver_on_its_hop():
    rounds = Rounds(PLAN)
    rounds.next()
    rounds.note_hit(5)
    assert [rounds.next() for _ in range(HIT_SPARE)] == [5] * HIT_SPARE


def test_several_hits_take_turns():
    rounds = Rounds(PLAN)
    rounds.note_hit(2)
    rounds.note_hit(7)
    assert [rounds.next() for _ in range(4)] == [2, 7, 2, 7]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_however_many_hits_no_hop_waits_longer_than_stated(seed, hit_rate):
    rng = np.random.default_rng(seed)
    rounds = Rounds(PLAN)
    last = dict.fromkeys(range(len(PLAN.hops)), 0)
    limit = len(PLAN.cycle) / (1 - HIT_SHARE) + HIT_SPARE + 2
    for turn in range(400):
        if rng.random() < hit_rate:
            rounds.note_hit(int(rng.integers(len(PLAN.hops))))
        hop = rounds.next()
        last[hop] = turn
        assert turn - min(last.values()) <= limit


def test_an_old_hit_is_forgotten():
    rounds = Rounds(PLAN)
    rounds.note_hit(3)
    for _ in range(200):
        rounds.next()
    assert [rounds.next() for _ in range(len(PLAN.cycle))].count(3) == PLAN.cycle.count(3)


def test_the_log_gives_the_plans_own_odds_when_the_plan_was_kept():
    log, at = VisitLog(), 0.0
    for i in PLAN.cycle * 20:
        at += PLAN.retune_s
        log.note(i, at, at + 0.1)
        at += 0.1
    for planned, made in zip(PLAN.odds(), PLAN.odds(log.visits(len(PLAN.hops))), strict=True):
        for burst_s in (0.1, 1.0, 5.0):
            assert made.intercept(burst_s) == pytest.approx(planned.intercept(burst_s), abs=0.01)


def test_the_log_says_nothing_before_every_hop_had_two_visits():
    log = VisitLog()
    log.note(0, 0.0, 0.1)
    log.note(1, 0.2, 0.3)
    log.note(0, 0.4, 0.5)
    assert log.visits(2) is None
    log.note(1, 0.6, 0.7)
    assert [len(one.spans_s) for one in log.visits(2)] == [2, 2]


def test_visits_that_join_on_are_one():
    log = VisitLog()
    log.note(0, 0.0, 0.1)
    log.note(0, 0.1, 0.2)
    log.note(0, 0.5, 0.6)
    (only,) = log.visits(1)
    assert only.spans_s == ((0.0, 0.2), (0.5, 0.6))


def test_the_log_is_bounded():
    log = VisitLog()
    for i in range(MAX_VISITS + 100):
        log.note(i % 2, i * 0.2, i * 0.2 + 0.1)
    assert sum(len(one.spans_s) for one in log.visits(2)) == MAX_VISITS
