"""Correlations: what completes them, in whatever order events come, across restarts, and bounded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import correlate
from rules.correlate import LATE_S, Correlator
from rules.load import load_text
from rules.rule import Rule
from rules.window import MAX_ENTRIES

EPOCH = datetime(2026, 6, 7, 1, tzinfo=UTC)
HEAD = """\
id: {id}
title: {{en: t, zh: 题}}
advice: {{en: a, zh: 先}}
kind: correlation
level: low
category: signal
owner: me
status: experimental
selections:
  strong: {{kind: radio, snr_db|gte: 10}}
  talk: {{kind: web}}
"""
BODIES = {
    "count": "correlation: {type: count, of: strong or talk, at_least: 3, by: [venue], within: 60s}",
    "values": (
        "correlation: {type: values, of: strong or talk, field: sensor, at_least: 3, by: [venue],"
        " near: {center_hz: 2}, within: 60s}"
    ),
    "sequence": "correlation: {type: sequence, steps: [strong, talk, strong], by: [venue], within: 60s}",
    "coincidence": "correlation: {type: coincidence, steps: [strong, talk, strong], by: [venue], within: 1m}",
    "period": (
        "correlation: {type: period, of: strong or talk, at_least: 4, period: [10s, 40s], by: [venue],"
        " within: 200s}"
    ),
}


def rule_of(body: str, rule_id: str = "c") -> Rule:
    rule, faults = load_text(HEAD.format(id=rule_id) + body, f"{rule_id}.yml")
    assert not faults, faults
    return rule


def event(seconds: float, number: int, **fields) -> dict:
    at = EPOCH + timedelta(seconds=seconds)
    return {"kind": "radio", "id": f"e{number}", "at": at, "venue": "no1", "snr_db": 20.0} | fields


def past(seed: int, n_events: int = 14) -> list[dict]:
    draw = Random(seed)
    return [
        event(
            draw.randint(0, 12) * 10,
            number,
            kind=draw.choice(["radio", "radio", "web"]),
            venue=draw.choice(["no1", "no1", "no2", None]),
            sensor=draw.choice("abc"),
            snr_db=draw.choice([5.0, 20.0]),
            center_hz=draw.choice([100.0, 101.0, 103.0]),
        )
        for number in range(n_events)
    ]


def told(rule: Rule, events: list[dict], late_s: float = LATE_S) -> list[str]:
    """Which events ended a complete window: rule, venue, id."""
    correlator = Correlator([rule], late_s=late_s)
    return [f"{found.event['venue']} {found.members[-1]}" for e in events for found in correlator.feed(e)]


def slowly(rule: Rule, events: list[dict]) -> set[str]:
    """The obvious way: for each event, try every set of events of its window that ends with it."""
    found = set()
    wanted = rule.correlation
    n_wanted = {"values": 3, "count": 3, "sequence": 3, "coincidence": 3}[wanted.type]
    for last in events:
        window = [
            e
            for e in events
            if e["venue"] == last["venue"] is not None
            and (e["at"], e["id"]) <= (last["at"], last["id"])
            and (last["at"] - e["at"]).total_seconds() <= wanted.within_s
            and (e["kind"] == "web" or e["snr_db"] >= 10)
            and (not wanted.near or abs(e["center_hz"] - last["center_hz"]) <= 2)
        ]
        for chosen in combinations(sorted(window, key=lambda e: (e["at"], e["id"])), n_wanted):
            if chosen[-1] is not last:
                continue
            kinds = [e["kind"] for e in chosen]
            strong = [e["kind"] == "radio" for e in chosen]
            if {
                "count": True,
                "values": len({e["sensor"] for e in chosen}) == n_wanted,
                "sequence": kinds == ["radio", "web", "radio"],
                "coincidence": sorted(kinds) == ["radio", "radio", "web"] and sum(strong) == 2,
            }[wanted.type]:
                found.add(f"{last['venue']} {last['id']}")
    return found


@pytest.mark.parametrize("kind", ["count", "values", "sequence", "coincidence"])
def test_what_is_complete_is_what_trying_every_set_of_events_gives(kind):
    rule = rule_of(BODIES[kind])
    n_found = 0

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32))
    def same(seed):
        nonlocal n_found
        events = sorted(past(seed), key=lambda e: (e["at"], e["id"]))
        found = slowly(rule, events)
        n_found += len(found)
        assert set(told(rule, events)) == found

    same()
    assert n_found > 20


@pytest.mark.parametrize("kind", ["count", "values", "sequence", "coincidence"])
def test_the_order_of_arrival_does_not_decide_what_is_complete(kind):
    rule = rule_of(BODIES[kind])

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32), st.randoms(use_true_random=False))
    def same(seed, random):
        events = past(seed)
        shuffled = random.sample(events, len(events))
        anchors = Correlator([rule])
        ends = [(found.event["venue"], found.event["id"]) for e in shuffled for found in anchors.feed(e)]
        anchors = Correlator([rule])
        expected = [
            (found.event["venue"], found.event["id"])
            for e in sorted(events, key=lambda e: (e["at"], e["id"]))
            for found in anchors.feed(e)
        ]
        assert sorted(ends) == sorted(expected)

    same()


@pytest.mark.parametrize("kind", BODIES)
def test_a_restart_at_any_place_changes_not_a_byte(kind):
    rule = rule_of(BODIES[kind])

    def told_bytes(correlator: Correlator, events: list[dict]) -> bytes:
        records = [found.to_record() for e in events for found in correlator.feed(e)]
        return json.dumps(records, ensure_ascii=False).encode()

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32), st.integers(0, 14))
    def same(seed, cut):
        events = past(seed)
        whole = Correlator([rule])
        first, second = Correlator([rule]), Correlator([rule])
        live = told_bytes(first, events[:cut])
        second.restore(json.loads(json.dumps(first.state())))
        again = told_bytes(second, events[cut:])
        assert told_bytes(whole, events[:cut]) == live
        assert told_bytes(whole, events[cut:]) == again
        assert json.dumps(whole.state()) == json.dumps(second.state())

    same()


def test_an_event_later_than_the_allowance_is_counted_and_left_out():
    rule = rule_of(BODIES["count"])
    correlator = Correlator([rule], late_s=30)
    correlator.feed(event(1000, 1))
    assert not correlator.feed(event(1000 - 91, 2))
    assert correlator.n_dropped["late"] == 1
    correlator.feed(event(1000 - 60, 3))
    assert [found.members for found in correlator.feed(event(990, 4))] == [("e3", "e4", "e1")]


def test_news_of_one_event_counts_once():
    correlator = Correlator([rule_of(BODIES["count"])])
    assert not any(correlator.feed(event(seconds, 7)) for seconds in range(10))


def test_news_that_meets_a_step_at_last_counts_then():
    correlator = Correlator([rule_of(BODIES["count"])])
    correlator.feed(event(0, 1))
    correlator.feed(event(1, 2))
    assert not correlator.feed(event(2, 3, snr_db=5.0))
    assert correlator.feed(event(2, 3, snr_db=15.0))


def test_an_event_without_time_or_label_counts_nowhere():
    correlator = Correlator([rule_of(BODIES["count"])])
    for number in range(5):
        assert not correlator.feed(event(0, number, at=None))
        assert not correlator.feed(event(0, 10 + number, venue=None))
    assert correlator.n_dropped["undated"] == 5


def test_memory_is_bounded_and_what_is_forgotten_is_counted():
    correlator = Correlator([rule_of(BODIES["sequence"])])
    for number in range(MAX_ENTRIES + 50):
        correlator.feed(event(number / 100, number))
    assert correlator.n_dropped["forgotten"] == 50
    many = Correlator([rule_of(BODIES["sequence"])])
    for number in range(correlate.MAX_REMEMBERED + 30):
        many.feed(event(0, number, venue=f"v{number}"))
    assert many.n_dropped["forgotten"] == 30
    assert len(many.state()["rules"]["c"]["groups"]) == correlate.MAX_REMEMBERED


def test_one_loud_source_does_not_push_the_others_out():
    correlator = Correlator([rule_of(BODIES["values"])])
    correlator.feed(event(0, 1, sensor="a", center_hz=1.0))
    correlator.feed(event(0, 2, sensor="b", center_hz=1.0))
    for number in range(MAX_ENTRIES * 2):
        correlator.feed(event(1, 10 + number, sensor="a", center_hz=1.0))
    assert correlator.feed(event(2, 3, sensor="c", center_hz=1.0))


def test_a_state_that_is_none_is_refused_and_a_changed_rule_begins_anew():
    rule = rule_of(BODIES["count"])
    old = Correlator([rule])
    old.feed(event(0, 1))
    old.feed(event(1, 2))
    for wrong in ({}, {"version": 1}, {"version": 1, "rules": {"c": 3}}, {"version": 1, "rules": {"c": {}}}):
        with pytest.raises(ValueError, match="state"):
            Correlator([rule]).restore(wrong)
    changed = Correlator([rule_of(BODIES["count"].replace("60s", "50s"))])
    changed.restore(old.state())
    assert not changed.feed(event(2, 3))
    same = Correlator([rule])
    same.restore(old.state())
    assert same.feed(event(2, 3))
