"""Bands to hops to visits. Odds are checked by bursts thrown at the cycle, one by one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdr.plan import (
    LEAST_OVERLAP_S,
    MAX_STRETCH,
    RECEIVER_HZ,
    RETUNE_S,
    USABLE_SHARE,
    Band,
    hop_weights,
    hops_for,
    make_plan,
    split,
    unwatched,
)
from sdr.types import Hop

RATE = 2.4e6


@st.composite
def band_lists(draw, most=6):
    bands = []
    for _ in range(draw(st.integers(1, most))):
        low = draw(st.integers(30, 1500)) * 1e6
        width = draw(st.sampled_from([0.2e6, 1.9e6, 2e6, 7e6, 20e6]))
        bands.append(Band(low, low + width, draw(st.sampled_from([0.1, 0.5, 1.0, 3.0]))))
    return bands


@given(band_lists())
def test_every_hertz_of_every_band_lies_in_the_usable_part_of_a_hop(bands):
    hops = hops_for([(b.low_hz, b.high_hz) for b in bands], RATE, 0.1)
    for band in bands:
        for f in np.linspace(band.low_hz, band.high_hz, 37):
            assert any(abs(f - hop.center_hz) <= USABLE_SHARE * RATE / 2 + 1 for hop in hops)


@given(band_lists())
def test_hops_are_as_few_as_the_width_allows(bands):
    hops = hops_for([(b.low_hz, b.high_hz) for b in bands], RATE, 0.1)
    apart = sum(math.ceil((b.high_hz - b.low_hz) / (USABLE_SHARE * RATE)) for b in bands)
    assert len(hops) <= apart


def test_two_narrow_bands_in_one_passband_take_one_hop():
    hops = hops_for([(433.05e6, 433.3e6), (434.5e6, 434.79e6)], RATE, 0.1)
    assert len(hops) == 1
    assert hops[0].center_hz == pytest.approx(433.92e6)


def test_the_published_sum_of_hops_and_time_comes_out():
    hops = hops_for([(24e6, 1766e6)], RATE, 0.1)
    assert len(hops) == pytest.approx(907, abs=1)


@settings(max_examples=30, deadline=None)
@given(band_lists())
def test_every_hop_is_visited_within_a_bound_of_the_plain_round(bands):
    plan = make_plan(bands, RATE, 0.1)
    assert set(plan.cycle) == set(range(len(plan.hops)))
    if plan.is_sweep:
        plain_s = len(plan.hops) * (0.1 + RETUNE_S)
        assert all(one.revisit_s <= MAX_STRETCH * plain_s + 1e-6 for one in plan.visits())


@settings(max_examples=30, deadline=None)
@given(band_lists())
def test_the_visits_of_a_hop_lie_about_evenly(bands):
    plan = make_plan(bands, RATE, 0.1)
    if not plan.is_sweep:
        return
    for i, one in enumerate(plan.visits()):
        even_s = one.cycle_s / plan.cycle.count(i)
        assert one.revisit_s <= 2 * even_s + 3 * (0.1 + RETUNE_S)


def thrown(plan, band, burst_s, rng, n=3000):
    """Share of bursts, begun at chance moments anywhere in `band`, that some visit overlaps."""
    moments = []
    at, last = 0.0, plan.cycle[-1]
    for turn, i in enumerate(plan.cycle * 3):
        if i != last or turn == 0:
            at += plan.retune_s
        moments.append((i, at, at + plan.hops[i].dwell_s))
        at, last = at + plan.hops[i].dwell_s, i
    while at < 3 * 10:
        shift = at
        moments += [(i, a + shift, b + shift) for i, a, b in moments]
        at *= 2
    n_heard = 0
    for _ in range(n):
        f = rng.uniform(band.low_hz, band.high_hz)
        hop = min(range(len(plan.hops)), key=lambda i: abs(plan.hops[i].center_hz - f))
        begin = rng.uniform(0, at - 2 * burst_s)
        overlap = 0.0
        for i, a, b in moments:
            if i == hop:
                overlap = max(overlap, min(b, begin + burst_s) - max(a, begin))
        n_heard += overlap >= LEAST_OVERLAP_S
    return n_heard / n


@pytest.mark.parametrize("burst_s", [0.1, 1.0, 5.0])
@pytest.mark.parametrize(
    "bands",
    [
        [Band(430e6, 440e6), Band(167e6, 174e6, 2.0)],
        [Band(403e6, 423e6, 0.2), Band(210e6, 211e6, 5.0), Band(169e6, 170e6)],
    ],
)
def test_the_odds_are_those_of_bursts_thrown_at_the_plan(bands, burst_s):
    plan = make_plan(bands, RATE, 0.1)
    rng = np.random.default_rng(3)
    for band, odds in zip(bands, plan.odds(), strict=True):
        assert odds.intercept(burst_s) == pytest.approx(thrown(plan, band, burst_s, rng), abs=0.05)


@settings(max_examples=30, deadline=None)
@given(band_lists(), st.floats(0.02, 20))
def test_longer_bursts_are_never_less_likely_heard(bands, burst_s):
    for odds in make_plan(bands, RATE, 0.1).odds():
        assert 0 <= odds.intercept(burst_s) <= odds.intercept(1.5 * burst_s) + 1e-9 <= 1 + 1e-6


def test_a_receiver_that_stays_misses_nothing():
    (odds,) = make_plan([Band(433.05e6, 434.79e6)], RATE, 0.1).odds()
    assert (odds.revisit_s, odds.intercept(0.1)) == (0.0, 1.0)


def test_a_heavier_band_is_heard_more_surely_and_a_light_one_is_not_starved():
    bands = [Band(430e6, 431e6, 0.2), Band(169e6, 170e6, 5.0), Band(440e6, 441e6, 1.0)]
    light, heavy, _ = make_plan(bands, RATE, 0.1).odds()
    even_light, even_heavy, _ = make_plan([Band(b.low_hz, b.high_hz) for b in bands], RATE, 0.1).odds()
    assert heavy.intercept(0.1) > even_heavy.intercept(0.1)
    assert 0.3 * even_light.intercept(0.1) < light.intercept(0.1) < even_light.intercept(0.1)


@settings(max_examples=30, deadline=None)
@given(band_lists(4))
def test_weights_never_make_the_weighted_miss_worse_than_a_plain_round(bands):
    plan = make_plan(bands, RATE, 0.1)
    weights = hop_weights(bands, plan.hops)
    if not plan.is_sweep:
        return
    plain_s = len(plan.hops) * (0.1 + RETUNE_S)

    def missed(visits):
        return sum(
            w * np.mean([1 - one.intercept(b) for b in (0.1, 1.0, 5.0)])
            for w, one in zip(weights, visits, strict=True)
        )

    plain = sum(
        w * np.mean([1 - min(1, (0.1 + b - 2 * LEAST_OVERLAP_S) / plain_s) for b in (0.1, 1.0, 5.0)])
        for w in weights
    )
    # What uneven gaps cost against the even ones that were reckoned with.
    assert missed(plan.visits()) <= plain * 1.15 + 0.02 * weights.sum()


def test_of_two_receivers_one_stares_at_the_band_that_outweighs_all():
    bands = [Band(168.5e6, 170e6, 20.0), Band(403e6, 420e6), Band(440e6, 470e6)]
    plans = split(bands, 2, RATE, 0.1)
    staring = [plan for plan in plans if not plan.is_sweep]
    assert len(staring) == 1
    assert staring[0].bands == (bands[0],)
    assert sum(len(plan.hops) for plan in plans) == len(
        hops_for([(b.low_hz, b.high_hz) for b in bands], RATE, 0.1)
    )


@settings(max_examples=30, deadline=None)
@given(band_lists(4), st.integers(1, 5))
def test_receivers_share_the_hops_without_leaving_one_out(bands, n):
    plans = split(bands, n, RATE, 0.1)
    assert len(plans) == n
    dealt = sorted(hop.center_hz for plan in plans for hop in plan.hops)
    assert dealt == [h.center_hz for h in hops_for([(b.low_hz, b.high_hz) for b in bands], RATE, 0.1)]


def test_with_a_receiver_for_every_hop_all_stare():
    plans = split([Band(169e6, 170e6), Band(433e6, 434e6)], 3, RATE, 0.1)
    assert [len(plan.hops) for plan in plans].count(1) == 2
    assert all(odds.intercept(0.1) == 1 for plan in plans for odds in plan.odds())


def test_no_receiver_at_all_is_refused():
    with pytest.raises(ValueError, match="n_receivers"):
        split([Band(169e6, 170e6)], 0, RATE, 0.1)


@given(band_lists(), st.floats(24.1e6, 1765e6))
def test_a_frequency_is_either_watched_or_named_as_unwatched(bands, f):
    ranges = [(b.low_hz, b.high_hz) for b in bands]
    inside = any(a <= f <= b for a, b in ranges)
    named = any(a < f < b for a, b in unwatched(ranges))
    assert inside or named
    assert not (named and any(a < f < b for a, b in ranges))


def test_with_no_band_all_that_the_receiver_tunes_is_unwatched():
    assert unwatched([]) == [RECEIVER_HZ]


def test_a_hop_list_of_one_rate_and_gain_comes_out_as_asked():
    assert hops_for([(169e6, 170e6)], RATE, 0.2, 28.0) == [Hop(169.5e6, RATE, 0.2, 28.0)]
