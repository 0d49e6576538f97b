"""Who holds which host: every key with one worker, spread evenly, moved as little as can be."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.config import parse_sources
from crawlers.lease import GRACE, LEASE_S, ROUND_S, Alone, Held, Plan, key_of, name_of, plan, shares

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
KEYS = [f"site{n}.example:443" for n in range(3000)]


def test_keys_spread_evenly():
    for keys in (KEYS, KEYS[:30]):
        counts = Counter(shares(keys, ["a/1", "b/1", "c/1"]).values())
        assert max(counts.values()) <= 1.1 * len(keys) / 3
        assert min(counts.values()) >= 0.8 * len(keys) / 3


@pytest.mark.parametrize("n_workers", [3, 10])
def test_a_worker_that_comes_or_goes_moves_its_share_and_few_others(n_workers):
    workers = [f"w{n}/1" for n in range(n_workers)]
    few, many = shares(KEYS, workers), shares(KEYS, [*workers, "new/1"])
    moved = [key for key in KEYS if few[key] != many[key]]
    taken = [key for key in moved if many[key] == "new/1"]
    assert len(taken) >= 0.8 * len(KEYS) / (n_workers + 1)
    assert len(moved) - len(taken) < 0.05 * len(KEYS)


def test_a_worker_started_anew_gets_its_keys_back():
    before, after = shares(KEYS, ["a/1", "b/1", "c/1"]), shares(KEYS, ["a/2", "b/1", "c/1"])
    assert {key: name_of(worker) for key, worker in before.items()} == {
        key: name_of(worker) for key, worker in after.items()
    }


def test_without_workers_nothing_belongs_to_anybody():
    assert shares(KEYS, []) == {}


def free(key, since=NOW, asked_by=None):
    return Held(key, None, 1, since, asked_by)


ME, OTHER = "a/1", "b/1"
LIVE = [ME, OTHER]
KEY = KEYS[0]


def test_a_free_key_is_claimed_by_its_owner_and_by_anybody_after_the_grace():
    rows = {KEY: free(KEY)}
    assert plan(ME, {KEY: ME}, rows, LIVE, NOW).claim == (KEY,)
    assert plan(ME, {KEY: OTHER}, rows, LIVE, NOW).claim == ()
    assert plan(ME, {KEY: OTHER}, rows, LIVE, NOW + GRACE).claim == ()
    assert plan(ME, {KEY: OTHER}, rows, LIVE, NOW + 1.01 * GRACE).claim == (KEY,)


def test_a_key_comes_to_its_owner_by_asking_and_letting_go():
    held, asked = Held(KEY, OTHER, 1, None), Held(KEY, OTHER, 1, None, ME)
    assert plan(ME, {KEY: ME}, {KEY: held}, LIVE, NOW) == Plan(ask=(KEY,))
    assert plan(OTHER, {KEY: ME}, {KEY: held}, LIVE, NOW) == Plan()
    assert plan(ME, {KEY: ME}, {KEY: asked}, LIVE, NOW) == Plan()
    assert plan(OTHER, {KEY: ME}, {KEY: asked}, LIVE, NOW) == Plan(leave=(KEY,))
    assert plan(ME, {KEY: OTHER}, {KEY: free(KEY, asked_by=ME)}, LIVE, NOW) == Plan(claim=(KEY,))


def test_who_asked_and_died_or_is_not_the_owner_is_given_nothing():
    asked = Held(KEY, OTHER, 1, None, ME)
    assert plan(OTHER, {KEY: ME}, {KEY: asked}, [OTHER], NOW) == Plan()
    assert plan(OTHER, {KEY: OTHER}, {KEY: asked}, LIVE, NOW) == Plan()


def test_a_key_that_is_not_in_the_table_yet_waits():
    assert plan(ME, {KEY: ME}, {}, LIVE, NOW) == Plan()


def test_within_thirty_seconds_a_dead_workers_key_is_claimed_whoever_is_first():
    assert LEASE_S + GRACE.total_seconds() + ROUND_S <= 30


@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=5, unique=True),
    st.data(),
)
def test_rounds_in_any_order_end_with_every_wanted_key_at_one_worker_that_wants_it(names, data):
    """Workers with lists of their own, in rounds of any order, on a table that does what the claims say."""
    live = [f"{name}/1" for name in names]
    keys = KEYS[:12]
    wants = {worker: data.draw(st.sets(st.sampled_from(keys)), label=worker) for worker in live}
    rows = {key: free(key) for key in keys}
    now = NOW
    moves = 0
    for _ in range(8):
        moves = 0
        for me in data.draw(st.permutations(live)):
            steps = plan(me, shares(wants[me], live), rows, live, now)
            moves += len(steps.claim) + len(steps.ask) + len(steps.leave)
            for key in steps.claim:
                assert rows[key].worker is None
                rows[key] = Held(key, me, rows[key].token + 1, None)
            for key in steps.ask:
                rows[key] = Held(key, rows[key].worker, rows[key].token, None, me)
            for key in steps.leave:
                rows[key] = Held(key, None, rows[key].token, now, rows[key].asked_by)
        now += timedelta(seconds=ROUND_S)
    for key in keys:
        wanting = [worker for worker in live if key in wants[worker]]
        assert rows[key].worker in (wanting or [None])
    assert moves == 0
    if all(wanted == set(keys) for wanted in wants.values()):
        assert {key: row.worker for key, row in rows.items()} == shares(keys, live)


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ({"kind": "feed", "url": "https://example.org/a.xml"}, "example.org:443"),
        ({"kind": "page", "url": "http://example.org:8080/", "preset": "telegram"}, "example.org:8080"),
        ({"kind": "folder", "path": "in"}, "source:s"),
    ],
)
def test_sources_of_one_host_share_a_key(source, key):
    (config,), faults = parse_sources([{"id": "s", **source}])
    assert not faults
    assert key_of(config) == key


async def test_alone_everything_is_ours():
    alone = Alone()
    lease = await alone.held("s")
    async with alone.using("s", lease):
        assert alone.is_ours("s")
