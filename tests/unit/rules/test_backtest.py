"""A change of rules over past events, and a threshold's curve against trying each value."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.backtest import Backtest, Row
from rules.curve import Curve, CurveError, find_test
from rules.load import LIBRARY, load_rules, load_text
from rules.match import match_slowly
from rules.rule import Rule, Selection, Test

RULE_TEXT = """\
id: r
title: {en: t, zh: 题}
advice: {en: a, zh: 先}
kind: radio
level: low
category: signal
owner: me
status: experimental
selections:
  inside: {phase: in}
  strong: {snr_db|gte: 10, bandwidth_hz|lt: 20k}
  ghost: {flags: [dc], snr_db|lt: 30}
condition: inside and strong and not ghost
"""
BEIJING = ZoneInfo("Asia/Shanghai")


def rule_with(limit: float) -> Rule:
    rule, faults = load_text(RULE_TEXT.replace("gte: 10", f"gte: {limit}"), "r.yml")
    assert not faults
    return rule


def past(seed: int, n_events: int = 60) -> list[dict]:
    draw = Random(seed)
    return [
        {
            "kind": "radio",
            "id": str(number),
            "at": f"2026-06-0{draw.randint(6, 8)}T{draw.randint(0, 23):02}:00:00Z",
            "phase": draw.choice(["in", "in", "none"]),
            "venue": draw.choice(["A", "B"]),
            "channel": draw.choice(["1", "2", "3"]),
            "snr_db": draw.choice([5, 8, 9.5, 10, 12, 20, None]),
            "bandwidth_hz": draw.choice([12e3, 25e3]),
            "flags": draw.choice([[], ["dc"]]),
        }
        for number in range(n_events)
    ]


def alerts_of(rule: Rule, events: list[dict]) -> set[tuple]:
    """The obvious way: one rule, one event after the other."""
    return {
        (_day(event), event["venue"], event["channel"]) for event in events if match_slowly([rule], event)
    }


def _day(event: dict) -> str:
    at = event["at"]
    hour = int(at[11:13])
    day = int(at[8:10]) + (1 if hour >= 16 else 0)  # eight hours ahead
    return f"2026-06-{day:02}"


def test_gained_and_lost_are_what_the_obvious_way_gives():
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32), st.sampled_from([8.0, 9.0, 12.0, 25.0]))
    def same(seed, limit):
        events = past(seed)
        before, after = rule_with(10), rule_with(limit)
        test = Backtest([before], [after], BEIJING)
        for event in events:
            test.feed(event)
        old, new = alerts_of(before, events), alerts_of(after, events)
        rows = test.rows()
        assert sum(row.n_before for row in rows) == len(old)
        assert sum(row.n_after for row in rows) == len(new)
        assert sum(row.n_gained for row in rows) == len(new - old)
        assert sum(row.n_lost for row in rows) == len(old - new)
        assert {(row.cell.day, row.cell.venue) for row in rows} == {
            (day, venue) for day, venue, _ in old | new
        }

    same()


def test_the_same_rules_gain_and_lose_nothing_and_replay_gives_the_same_bytes():
    rules = load_rules(LIBRARY)
    events = [dict(sample.event) for rule in rules for sample in rule.samples]
    results: list[list[Row]] = []
    for _ in range(2):
        test = Backtest(rules, rules, BEIJING)
        for event in events:
            test.feed(event)
        results.append(test.rows())
    assert repr(results[0]) == repr(results[1])
    assert len(results[0]) >= len(rules)
    assert all(row.n_gained == row.n_lost == 0 for row in results[0])


def test_a_rule_that_goes_loses_its_alerts_and_a_new_one_gains_its_own():
    events = past(3)
    gone, come = replace(rule_with(8), id="gone"), replace(rule_with(8), id="come")
    test = Backtest([gone], [come], BEIJING)
    for event in events:
        test.feed(event)
    by_rule = {row.cell.rule: row for row in test.rows() if row.cell.venue == "A"}
    assert by_rule["gone"].n_lost == by_rule["gone"].n_before > 0
    assert by_rule["come"].n_gained == by_rule["come"].n_after > 0


def test_verdicts_count_what_each_side_found_and_raised_in_vain():
    strong = {"kind": "radio", "phase": "in", "bandwidth_hz": 12e3, "flags": []}
    events = [
        {**strong, "id": "1", "snr_db": 20},
        {**strong, "id": "2", "snr_db": 9},
        {**strong, "id": "3", "snr_db": 9},
        {**strong, "id": "4", "snr_db": 2},
    ]
    verdicts = {"1": "confirmed", "2": "suspected", "3": "benign-known", "4": "confirmed"}
    test = Backtest([rule_with(10)], [rule_with(8)], BEIJING, verdicts)
    for event in events:
        test.feed(event)
    before, after = test.judged("before"), test.judged("after")
    assert (before.n_found, before.n_positive, before.n_false, before.n_negative) == (1, 3, 0, 1)
    assert (after.n_found, after.n_false) == (2, 1)
    assert after.recall == pytest.approx(2 / 3)


def at_limit(rule: Rule, limit: float) -> Rule:
    def moved(test: Test) -> Test:
        return replace(test, values=(limit,)) if test.field == "snr_db" and test.modifier == "gte" else test

    selections = tuple(
        Selection(part.name, tuple(tuple(map(moved, tests)) for tests in part.alternatives))
        for part in rule.selections
    )
    return replace(rule, selections=selections)


def test_each_point_of_a_curve_is_what_a_rule_with_that_threshold_raises():
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 2**32))
    def same(seed):
        events = past(seed)
        rule = rule_with(10)
        draw = Random(seed)
        verdicts = {event["id"]: draw.choice(["confirmed", "benign"]) for event in events[::3]}
        curve = Curve(rule, "strong", "snr_db", BEIJING, verdicts)
        for event in events:
            curve.feed(event)
        n_real = sum(verdict == "confirmed" for verdict in verdicts.values())
        for point in curve.points():
            moved = at_limit(rule, point.threshold)
            fired = [event for event in events if match_slowly([moved], event)]
            assert point.n_alerts == len(alerts_of(moved, events))
            found = sum(verdicts.get(event["id"]) == "confirmed" for event in fired)
            assert point.recall == (pytest.approx(found / n_real) if n_real else None)
            assert point.n_false == sum(verdicts.get(event["id"]) == "benign" for event in fired)

    same()


def test_a_curve_falls_and_holds_the_threshold_in_force():
    curve = Curve(rule_with(10), "strong", "snr_db", BEIJING)
    for event in past(1, 300):
        curve.feed(event)
    points = curve.points()
    assert 10.0 in [point.threshold for point in points]
    assert [p.n_alerts for p in points] == sorted((p.n_alerts for p in points), reverse=True)
    assert points[0].n_alerts > points[-1].n_alerts


@pytest.mark.parametrize(
    ("selection", "name", "message"),
    [
        ("weak", "snr_db", 'has no selection "weak"'),
        ("strong", "center_hz", "has no limit on center_hz; limits there: snr_db, bandwidth_hz"),
        ("inside", "phase", "limits there: none"),
        ("ghost", "snr_db", "is denied by the condition"),
    ],
)
def test_a_threshold_that_is_not_there_is_named(selection, name, message):
    with pytest.raises(CurveError, match=message):
        find_test(rule_with(10), selection, name)
