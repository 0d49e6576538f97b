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
from rules.backtest import Backtest
from rules.check import check_samples
from rules.correlate import LATE_S, Correlator
from rules.fault import RuleErrors
from rules.load import LIBRARY, load_rules, load_text
from rules.match import RuleSet
from rules.rule import Rule
from rules.sketch import likeness, sketch
from rules.window import MAX_ENTRIES, even_period
from rules.write import dump_rule

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


def test_a_correlation_may_wait_for_another_but_not_in_a_circle(tmp_path):
    first = rule_of(BODIES["count"], "first")
    second = HEAD.format(id="second").replace("kind: radio, snr_db|gte: 10", "rule: first") + (
        "correlation: {type: count, of: strong and talk or strong, at_least: 2, within: 1h}"
    )
    rule, faults = load_text(second, "second.yml")
    assert not faults
    correlator = Correlator([rule, first])
    fired = [found.rule.id for n in range(4) for found in correlator.feed(event(n, n))]
    assert fired == ["first", "first", "second"]
    (tmp_path / "a.yml").write_text(second, "utf-8")
    (tmp_path / "b.yml").write_text(
        second.replace("id: second", "id: first").replace("rule: first", "rule: second"), "utf-8"
    )
    with pytest.raises(RuleErrors) as error:
        load_rules(tmp_path)
    assert [str(fault).split("/")[-1] for fault in error.value.faults] == [
        "a.yml:10: waits for itself: second -> first -> second",
        "b.yml:10: waits for itself: first -> second -> first",
    ]
    (tmp_path / "b.yml").unlink()
    with pytest.raises(RuleErrors, match=r'a\.yml:10: waits for the rule "first", which there is not'):
        load_rules(tmp_path)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("correlation: {type: count, of: strong, at_least: 3}", "within is missing"),
        ("correlation: {type: counts, within: 1m}", 'type cannot be "counts"; did you mean "count"?'),
        (
            "correlation: {type: count, of: strong or talk, within: 1m, at_least: 1}",
            "at_least: a whole number from 2",
        ),
        (
            "correlation: {type: count, of: strong or tlk, within: 1m, at_least: 2}",
            'no selection "tlk"; did you',
        ),
        ("correlation: {type: count, of: strong, within: 1m, at_least: 2}", 'selection "talk" is not used'),
        (
            "correlation: {type: count, of: strong or talk, within: 1, at_least: 2}",
            "within: a time such as 90s",
        ),
        ("correlation: {type: count, of: strong or talk, within: 2d, at_least: 2}", "more than one day"),
        ("correlation: {type: count, steps: [strong, talk], within: 1m}", "count takes no steps"),
        ("correlation: {type: sequence, steps: [strong], within: 1m}", "a list of 2 to 6 conditions"),
        (
            "correlation: {type: count, of: strong or talk, within: 1m, at_least: 2, by: [venu]}",
            'by: "venu" is no label; did you mean "venue"?',
        ),
        (
            "correlation: {type: count, of: strong or talk, within: 1m, at_least: 2, near: {sensor: 2}}",
            'near: "sensor" is no number',
        ),
        (
            "correlation: {type: period, of: strong or talk, within: 1m, at_least: 3, period: [9s, 1s]}",
            "the shortest is not below",
        ),
        ("condition: strong or talk", "correlation is missing"),
    ],
)
def test_a_fault_in_a_correlation_is_told_with_its_line(body, fault):
    rule, faults = load_text(HEAD.format(id="c") + body, "c.yml")
    assert rule is None
    assert any(fault in str(each) for each in faults), faults
    assert all(each.line in (1, 10, 11, 12) for each in faults)


@pytest.mark.parametrize("kind", BODIES)
def test_printing_and_reading_a_correlation_gives_the_correlation(kind):
    rule = rule_of(BODIES[kind])
    again, faults = load_text(dump_rule(rule), "c.yml")
    assert not faults
    assert again == rule
    for shipped in load_rules(LIBRARY):
        if shipped.correlation:
            assert load_text(dump_rule(shipped), "c.yml")[0] == shipped


def test_a_failing_sample_says_which_events_count():
    body = BODIES["count"] + (
        "\nsamples:\n  fires:\n    - events:\n        - {at: 0s, kind: radio, venue: no1, snr_db: 12}\n"
        "        - {at: 5s, kind: radio, venue: no1, snr_db: 3}\n        - {at: 9s, kind: web}\n"
    )
    faults = [str(fault) for fault in check_samples([rule_of(body)])]
    assert len(faults) == 1
    assert "strong or talk is true of events 1, 3" in faults[0]
    assert "event 2 does not count (strong is false: snr_db is 3 dB" in faults[0]
    assert "event 3 does not count: it has no venue" in faults[0]


def test_the_period_is_found_though_bursts_are_missed_and_not_in_talk():
    assert even_period([0, 360, 1081, 1440], 10, 900, 0.05) == pytest.approx(360, abs=1)
    assert even_period([0, 30, 61, 90, 119], 10, 900, 0.05) == pytest.approx(29.75)
    assert even_period([0, 47, 190, 223, 580], 10, 900, 0.05) == 0
    assert even_period([0, 5, 10, 15], 10, 900, 0.05) == 0


def test_a_burst_between_the_others_spoils_a_train_unless_it_comes_after_the_telling():
    train = [event(seconds, seconds) for seconds in (0, 30, 60, 90)]
    between = event(71, 71)
    rule = rule_of(BODIES["period"])
    assert told(rule, [*train, between]) == ["no1 e90"]
    assert told(rule, [*train[:3], between, train[3]]) == []


def test_chance_makes_fewer_than_three_in_ten_thousand_random_trains_even():
    draw = Random(1)
    n_even = 0
    for _ in range(20_000):
        starts = [0.0]
        for _ in range(4):
            starts.append(starts[-1] + max(5.0, draw.expovariate(1 / draw.choice([30, 120, 600]))))
        n_even += even_period(starts, 10, 900, 0.03) > 0
    assert n_even <= 6


def test_the_likeness_of_sketches_is_near_the_share_of_common_grams():
    draw = Random(3)
    words = [chr(draw.randrange(0x4E00, 0x9000)) for _ in range(400)]
    one = "".join(words)
    for n_same in (400, 300, 200, 0):
        other = "".join(words[:n_same]) + "".join(
            chr(draw.randrange(0x4E00, 0x9000)) for _ in range(400 - n_same)
        )
        true = max(0, n_same - 3) / (2 * 397 - max(0, n_same - 3))
        assert likeness(sketch(one), sketch(other)) == pytest.approx(true, abs=0.15)
    assert sketch("太短") is None
    assert sketch("高考答案出售，考前一天发，加微信 gk001，非诚勿扰") == sketch(
        "高考答案*出售!考前一天发 加微信 gk002，非诚勿扰"
    )


def test_a_backtest_counts_correlations_on_the_side_that_has_them():
    rules = load_rules(LIBRARY)
    without = [rule for rule in rules if rule.id != "corr-same-signal-two-sensors"]
    shared = next(rule for rule in rules if rule.id == "corr-same-signal-two-sensors")
    test = Backtest(without, rules)
    for sample in shared.samples:
        if sample.fires:
            for each in sample.events:
                test.feed({**each, "on_time_s": 2.0})
    rows = {row.cell.rule: (row.n_before, row.n_after) for row in test.rows()}
    assert rows["corr-same-signal-two-sensors"] == (0, 1)
    assert rows["radio-unknown-narrowband"][0] == rows["radio-unknown-narrowband"][1]


def test_a_changed_rule_changes_the_correlation_that_waits_for_it():
    rules = load_rules(LIBRARY)
    cross = next(rule for rule in rules if rule.id == "corr-offer-and-emission")
    silent = [rule for rule in rules if rule.id != "web-answer-sale"]
    test = Backtest(rules, silent)
    sample = next(sample for sample in cross.samples if sample.fires)
    for each in sample.events:
        test.feed({name: value for name, value in each.items() if name != "rule"})
    rows = {row.cell.rule: (row.n_before, row.n_after) for row in test.rows()}
    assert rows[cross.id] == (1, 0)


def test_correlations_are_not_asked_about_single_events():
    rules = load_rules(LIBRARY)
    assert RuleSet(rules).match({"kind": "correlation", "venue": "no1"}) == []
