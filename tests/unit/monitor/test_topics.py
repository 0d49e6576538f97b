"""Counts of subjects: quiet under an even flow, loud when one of them breaks out."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.topics import BUCKET_S, MAX_TOPICS, N_BUCKETS, Topic, TopicAlarm, Topics, usual

START = datetime(2026, 6, 1, tzinfo=UTC)
SELL = Topic("sell", "gaokao", "")


def at(bucket: int, second: float = 0.0) -> datetime:
    return START + timedelta(seconds=bucket * BUCKET_S + second)


def feed(topics: Topics, counts: list[int], topic: Topic = SELL, first: int = 0) -> list[TopicAlarm]:
    told = (
        topics.add(topic, f"{topic}/{bucket}/{i}", at(bucket, i * 0.01))
        for bucket, n in enumerate(counts, first)
        for i in range(n)
    )
    return [alarm for alarm in told if alarm]


def z_the_slow_way(n: int, past: list[int]) -> float:
    even = 2 * np.sqrt(np.array(past) + 0.375)
    spread = 1.4826 * np.median(np.abs(even - np.median(even)))
    return (2 * np.sqrt(n + 0.375) - np.median(even)) / max(1.0, spread)


@given(st.integers(0, 500), st.lists(st.integers(0, 500), min_size=1, max_size=100))
def test_the_z_score_is_that_of_the_textbook(n, past):
    assert usual(past).z(n) == pytest.approx(z_the_slow_way(n, past))
    assert usual([]).z(n) == 0.0


@pytest.mark.parametrize("mean", [0.1, 1.0, 5.0, 30.0])
def test_an_even_flow_alarms_at_most_once_in_two_weeks(mean):
    rng = np.random.default_rng(4)
    counts = rng.poisson(mean, 2 * N_BUCKETS).tolist()
    assert len(feed(Topics(START), counts)) <= 1


@pytest.mark.parametrize(("mean", "burst"), [(0.0, 8), (1.0, 10), (5.0, 25), (30.0, 70)])
def test_a_burst_alarms_once_within_its_own_quarter_hour_and_ends_after_it(mean, burst):
    rng = np.random.default_rng(5)
    counts = rng.poisson(mean, 200).tolist()
    topics = Topics(START)
    assert feed(topics, counts) == []
    alarms = feed(topics, [burst, burst], first=200)
    assert [alarm.bucket_at for alarm in alarms] == [at(200)]
    assert alarms[0].n <= burst
    assert topics.hot(at(201)) == [SELL]
    feed(topics, [round(mean)] * 3, first=202)
    assert topics.hot(at(205)) == []
    assert len(feed(topics, [burst * 2], first=206)) == 1


def test_before_a_day_has_been_seen_there_is_no_alarm():
    assert feed(Topics(START), [0] * 50 + [500]) == []


def test_few_documents_are_no_topic():
    assert feed(Topics(START), [0] * 200 + [4]) == []


def test_a_document_told_again_counts_once():
    topics = Topics(START)
    feed(topics, [0] * 200)
    for _ in range(50):
        assert topics.add(SELL, "same", at(200)) is None
    assert topics.counts(SELL, at(200), 2) == [(at(199), 0), (at(200), 1)]


def test_topics_do_not_mix():
    topics = Topics(START)
    feed(topics, [3] * 200)
    other = Topic("sell", "gaokao", "三中")
    assert len(feed(topics, [20], other, first=200)) == 1
    assert topics.hot(at(200)) == [other]


def test_a_restart_forgets_nothing():
    counts = np.random.default_rng(6).poisson(2.0, 300).tolist()
    kept = Topics(START)
    feed(kept, counts)
    again = Topics.from_plain(json.loads(json.dumps(kept.to_plain())))
    assert again.to_plain() == kept.to_plain()
    assert feed(again, [30], first=300) == feed(kept, [30], first=300) != []
    for broken in ({}, {"first": "x", "topics": []}, {"first": 1, "topics": {}}, {"first": 1, "topics": [1]}):
        with pytest.raises((ValueError, KeyError, TypeError)):
            Topics.from_plain(broken)


def test_what_is_kept_is_bounded():
    topics = Topics(START)
    for n in range(MAX_TOPICS + 10):
        topics.add(Topic("help", "", f"p{n}"), "d", at(0))
    assert (len(topics.topics()), topics.n_forgotten) == (MAX_TOPICS, 10)
    week = Topics(START)
    feed(week, [1] * (N_BUCKETS + 100))
    assert len(week.to_plain()["topics"][0]["counts"]) == N_BUCKETS


def test_a_topic_knows_no_person():
    assert {part.name for part in fields(Topic)} == {"category", "exam", "place"}
    kept = Topics(START)
    kept.add(SELL, "document-of-somebody", at(0))
    assert "somebody" not in json.dumps(kept.to_plain())
